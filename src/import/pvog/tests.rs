//! One file is the shortened real record of the real data; all others are synthetic, in its
//! form. What is shown:
//! 1. A description becomes a record: texts by code, placeholders and internal links left out.
//! 2. All recorded forms of an answer say the same.
//! 3. The same description in several regions is one record; equal regions are one `Local`.
//! 4. "Described" is what is written for the place, or has an office in charge there.
//! 5. Dirty data comes through or is listed with file, id and reason.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::date;

use super::*;
use crate::import::record::{Claim, Collected};

const COLOGNE: &str = "053150000000";
const AACHEN: &str = "053340002002";
const BERLIN: &str = "110000000000";

fn region(key: &str) -> RegionKey {
    key.parse().unwrap()
}

/// What is read from a folder of these files.
fn imported(files: &[(&str, &str)], region: Option<&str>) -> Collected {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let mut collected = Collected::default();
    read(folder.path(), region.map(self::region), &mut collected).unwrap();
    collected
}

/// The only record of one file.
fn record(content: &Value, region: Option<&str>) -> Record {
    let got = imported(&[("x.json", &content.to_string())], region);
    assert_eq!(got.rejected, []);
    let [record] = &got.records[..] else { panic!("{got:?}") };
    record.clone()
}

/// A description written for these regions, with one online service.
fn description(id: &str, ars: &[&str], url: &str) -> Value {
    json!({
        "id": id, "name": "Hund anmelden", "ars": ars, "leikakeys": ["99102013104000"],
        "onlineServiceLinks": [{"title": "Zum Antrag", "uri": url}],
    })
}

/// As it is stored for a region.
fn stored(ars: &str, descriptions: &[Value]) -> String {
    json!({"ars": ars, "leika": ["99102013104000"], "fetched": "2026-11-22T12:00:00Z",
        "answer": [{"content": descriptions, "last": true}]})
    .to_string()
}

#[test]
fn the_real_record_is_read() {
    let name = "pvog/servicedescription_reisepass_koeln_shortened.json";
    let Some(path) = crate::real::real(name) else { return };
    let mut got = Collected::default();
    read(&path, Some(region(COLOGNE)), &mut got).unwrap();
    assert_eq!(got.rejected, []);
    let [record] = &got.records[..] else { panic!("{got:?}") };
    assert_eq!(record.id, "L100002.LB.121370768");
    assert_eq!(record.name, "Reisepass beantragen");
    assert_eq!(record.leika, ["99085001012000".parse().unwrap()]);
    let texts = &record.texts;
    assert_eq!(texts.papers, ["Personalausweis", "Passfoto"]);
    let fee = texts.fee.as_deref().unwrap();
    assert!(fee.contains("37,50 Euro") && fee.contains("70,00 Euro – ab 24 Jahren"), "{fee}");
    assert!(texts.deadlines.is_empty(), "a placeholder is no deadline");
    assert_eq!(texts.as_of, Some(date!(2026 - 05 - 13)), "the approval, not the last change");
    assert_eq!(texts.page, None, "an internal address is no page");
    let [local] = &record.local[..] else { panic!("{record:?}") };
    assert_eq!(local.regions, [region(COLOGNE)]);
    assert!(!local.evidence.described, "a text for the Land says nothing of Köln");
    let [link] = &local.evidence.links[..] else { panic!("{local:?}") };
    assert_eq!((link.claim, link.url.contains("stadt-koeln.de")), (Claim::OnlineService, true));

    let mut got = Collected::default();
    read(&path, None, &mut got).unwrap();
    assert_eq!(got.records[0].local[0].regions, [region("050000000000")]);
}

#[test]
fn every_form_of_an_answer_says_the_same() {
    let one = description("L1.LB.1", &[COLOGNE], "https://a.example");
    let expected = record(&one, None);
    assert!(expected.local[0].evidence.described);
    for form in [
        json!([one]),
        json!({"content": [one], "totalPages": 1}),
        json!({"serviceDescriptions": {"content": [one]}}),
        json!([{"content": [one]}, {"content": [one]}]),
        serde_json::from_str(&stored(COLOGNE, &[one])).unwrap(),
    ] {
        assert_eq!(record(&form, None), expected, "{form}");
    }
    let with_mark = format!("\u{feff}{}", description("L1.LB.1", &[COLOGNE], "https://a.example"));
    assert_eq!(imported(&[("x.json", &with_mark)], None).records, [expected]);
}

#[test]
fn texts_are_taken_by_their_codes() {
    let got = record(
        &json!({
            "id": "L1.LB.1", "name": "Name", "ars": [COLOGNE], "lastUpdate": "2026-01-02T03:04:05Z",
            "leikakeys": ["99102013104000 99102013070000", "nicht im LeiKa", "99102013104000"],
            "details": [
                {"code": "02", "text": "Hundesteuer Anmeldung"},
                {"code": "03", "text": "<p>Hund&nbsp;an&shy;melden</p>"},
                {"code": "05", "text": "Kurztext"},
                {"code": "06", "text": "Volltext"},
                {"code": "08", "text": "<ul><li>Ausweis</li></ul>", "details": [{"title": "Bei Vertretung", "text": "Vollmacht"}]},
                {"code": "08", "text": "Impfpass"},
                {"code": "95", "text": "Keine Angabe.", "details": [{"text": "2 Wochen"}]},
                {"code": "97", "text": "<p>nicht angegeben</p>"},
                {"code": "98", "text": "1 Euro", "placeholder": true},
                {"code": "93", "text": "Amt", "date": null},
                {"code": "94", "links": [{"uri": "http://portal/x"}, {"uri": "javascript:alert(1)"}, {"uri": " https://amt.example/hund "}]},
                {"code": "14", "links": [{"title": "Formular", "uri": "https://amt.example/f.pdf"}]},
                {"code": "15", "links": [{"uri": "https://amt.example/f.pdf"}, {"uri": "https://amt.example/info"}, {"uri": ""}]},
            ],
        }),
        None,
    );
    assert_eq!(got.name, "Hund anmelden");
    assert_eq!(got.official.as_deref(), Some("Hundesteuer Anmeldung"));
    assert_eq!(got.leika.len(), 2, "{:?}", got.leika);
    assert_eq!(
        got.texts,
        Texts {
            summary: Some("Kurztext".into()),
            fee: None,
            papers: vec!["Ausweis".into(), "Bei Vertretung – Vollmacht".into(), "Impfpass".into()],
            deadlines: Vec::new(),
            duration: Some("2 Wochen".into()),
            page: Some("https://amt.example/hund".into()),
            as_of: Some(date!(2026 - 01 - 02)),
        }
    );
    let links: Vec<_> =
        got.local[0].evidence.links.iter().map(|l| (l.claim, l.url.as_str())).collect();
    assert_eq!(
        links,
        [
            (Claim::Form, "https://amt.example/f.pdf"),
            (Claim::Information, "https://amt.example/info")
        ]
    );
}

#[test]
fn equal_regions_are_one_local_and_different_ones_are_not() {
    let file =
        |ars: &str, url: &str| stored(ars, &[description("L1.LB.1", &["050000000000"], url)]);
    let got = imported(
        &[
            ("053150000000/a.json", &file(COLOGNE, "https://land.example")),
            // The same once more, found by another key.
            ("053150000000/b.json", &file(COLOGNE, "https://land.example")),
            ("053340002002/a.json", &file(AACHEN, "https://land.example")),
            ("051110000000/a.json", &file("051110000000", "https://stadt.example")),
            ("051110000000/b.json", ""),
        ],
        None,
    );
    assert_eq!(got.rejected, []);
    let [record] = &got.records[..] else { panic!("{got:?}") };
    let regions: Vec<&[RegionKey]> = record.local.iter().map(|local| &local.regions[..]).collect();
    assert_eq!(regions, [&[region("051110000000")][..], &[region(COLOGNE), region(AACHEN)][..]]);
    assert!(record.local.iter().all(|local| !local.evidence.described && local.texts.is_none()));
}

#[test]
fn texts_that_differ_stay_with_their_region() {
    let file = |ars: &str, page: &str| {
        let mut one = description("L1.LB.1", &["050000000000"], "https://land.example");
        one["sourcePortals"] = json!([{"uri": page}]);
        stored(ars, &[one])
    };
    let got = imported(
        &[
            ("a.json", &file(COLOGNE, "https://land.example/koeln")),
            ("b.json", &file(AACHEN, "https://land.example/aachen")),
        ],
        None,
    );
    let [record] = &got.records[..] else { panic!("{got:?}") };
    assert_eq!(record.texts.page.as_deref(), Some("https://land.example/koeln"));
    let page = |local: &Local| local.texts.as_ref().and_then(|texts| texts.page.clone());
    assert_eq!(page(&record.local[0]), None);
    assert_eq!(page(&record.local[1]).as_deref(), Some("https://land.example/aachen"));
}

#[test]
fn described_is_what_is_written_for_the_place() {
    for (written_for, asked_for, described) in [
        (COLOGNE, COLOGNE, true),
        ("05315", COLOGNE, true),
        ("053340000000", AACHEN, true),
        ("050000000000", COLOGNE, false),
        ("000000000000", COLOGNE, false),
        (AACHEN, COLOGNE, false),
        (AACHEN, "053340000000", false),
        // Berlin and Hamburg are Land and town in one; Bremen is a Land of two towns.
        (BERLIN, BERLIN, true),
        (BERLIN, "110010001001", true),
        ("020000000000", "020000000000", true),
        ("040000000000", "040110000000", false),
        ("060000000000", "060000000000", false),
    ] {
        let one = description("L1.LB.1", &[written_for], "https://a.example");
        let got = record(&one, Some(asked_for));
        assert_eq!(got.local[0].evidence.described, described, "{written_for} for {asked_for}");
    }
}

#[test]
fn the_office_in_charge_comes_with_its_address() {
    let titles = |titles: Value| {
        json!({"ars": COLOGNE, "service": "L1.LB.1", "fetched": "", "answer": titles}).to_string()
    };
    let office = json!({"ars": COLOGNE, "office": "L1.OE.7", "fetched": "", "answer": {
        "id": "L1.OE.7", "title": "Steueramt &ndash; Hunde", "openingHours": {"unbekannt": []},
        "location": {
            "addresses": [
                {"type": "Postfach", "street": "Postfach 1", "zip": "50001", "city": "Köln"},
                {"type": "Hausanschrift", "street": "Musterweg 1", "zip": 50667, "city": "Köln"},
            ],
            "communications": [
                {"code": "04", "value": "0221 9"}, {"code": "02", "value": "0221 1"},
                {"code": "01", "value": "amt@stadt.example"},
            ],
        },
        "internetAddresses": [{"uri": null}, {"uri": "https://stadt.example/amt"}],
    }})
    .to_string();
    let services =
        stored(COLOGNE, &[description("L1.LB.1", &["050000000000"], "https://a.example")]);
    let local = |list: Value, office: &str| {
        let files = [
            ("053150000000/a.json", services.as_str()),
            ("053150000000/stellen/L1.LB.1.json", &titles(list)),
            ("stellen/L1.OE.7.json", office),
        ];
        let got = imported(&files, None);
        assert_eq!(got.rejected, []);
        got.records[0].local[0].clone()
    };
    let list = |role: Value| {
        json!([
            {"id": "B1.OE.1", "title": "Service-Center des Bundes", "role": {"code": "01"}},
            {"id": "B1.OE.2", "title": "Hotline 115", "role": {"code": "01"}},
            {"id": "L1.OE.3", "title": "Ansprechpunkt", "role": {"code": "03"}},
            {"id": "../boese", "title": "Böse", "role": {"code": "01"}},
            {"id": "L1.OE.7", "title": "Steueramt", "role": role},
        ])
    };
    let found = local(list(json!({"code": "01", "name": "Zuständige Stelle"})), &office);
    assert!(found.evidence.described, "an office in charge was named for Köln");
    let authority = found.authority.unwrap();
    assert_eq!(authority.name, "Steueramt – Hunde");
    assert_eq!(authority.address().as_deref(), Some("Musterweg 1, 50667 Köln"));
    assert_eq!(authority.phone.as_deref(), Some("0221 1"));
    assert_eq!(authority.email.as_deref(), Some("amt@stadt.example"));
    assert_eq!(authority.web.as_deref(), Some("https://stadt.example/amt"));
    assert_eq!(authority.hours.note, None);

    // No address came: the name is still known.
    let found = local(list(json!({"code": "01"})), "");
    assert_eq!(found.authority, Some(Authority::named("Steueramt")));
    // None is in charge: the first to ask is named, and nothing is described.
    let found = local(list(json!("Zuständige Stelle")), "");
    assert_eq!(found.authority, Some(Authority::named("Ansprechpunkt")));
    assert!(!found.evidence.described);
}

#[test]
fn what_cannot_be_read_is_listed() {
    let good = description("L1.LB.1", &[COLOGNE], "https://a.example").to_string();
    let files = [
        ("a.json", good.as_str()),
        ("b.json", r#"{"id":"L1.LB.1","ars":["053150000000"],"name":"Anderes"}"#),
        ("c.json", r#"{"id":"L1.LB.2","name":"A","name":"B","ars":["053150000000"]}"#),
        (
            "d.json",
            r#"[{"id":"L1.LB.3","ars":["053150000000"]}, {"id":"../x","name":"A"}, {"name":"A"}, 7]"#,
        ),
        ("e.json", r#"{"id":"L1.LB.4","name":"A","ars":[]}"#),
        ("f.json", r#"{"id":"L1.LB.5","name":"A","details":{}}"#),
        ("g.json", "{\"id\": \"L1"),
        ("h.json", r#"{"ars":"5315","fetched":"","answer":[]}"#),
        ("i.json", &format!("{}{}", "[".repeat(100), "]".repeat(100))),
        ("j.json", &format!("{}{}", "[".repeat(200_000), "]".repeat(200_000))),
        ("k.json", r#"{"ars":"053150000000","service":"L1.LB.1","answer":{"kein":"Verzeichnis"}}"#),
    ];
    let got = imported(&files, None);
    assert_eq!(got.records.len(), 1);
    let listed: Vec<String> = got
        .rejected
        .iter()
        .map(|entry| {
            let file = entry.file.rsplit('/').next().unwrap();
            format!("{file} {}: {}", entry.record, entry.reason)
        })
        .collect();
    let begins = [
        "b.json L1.LB.1: steht für 053150000000 schon da, mit anderem Inhalt",
        "c.json L1.LB.2: nicht in der erwarteten Form: duplicate field `name`",
        "d.json L1.LB.3: ohne Namen",
        "d.json ../x: »../x« ist keine Kennung",
        "d.json Datensatz 3: keine Leistungsbeschreibung: ohne »id«",
        "d.json Datei: nicht in der erwarteten Form",
        "e.json L1.LB.4: ohne Region",
        "f.json L1.LB.5: nicht in der erwarteten Form",
        "g.json Datei: bricht ab: unvollständiges JSON (Zeile 1, Spalte 10)",
        "h.json Datei: ohne gültigen Regionalschlüssel",
        "i.json Datei: zu tief verschachtelt",
        "j.json Datei: zu tief verschachtelt",
        "k.json Datei: nicht in der erwarteten Form",
    ];
    assert_eq!(listed.len(), begins.len(), "{listed:#?}");
    for (listed, begin) in listed.iter().zip(begins) {
        assert!(listed.starts_with(begin), "{listed}");
    }
}

#[test]
fn absent_and_null_and_numbers_come_through() {
    let got = record(
        &json!({
            "id": "L1.LB.1", "name": "A", "title": null, "ars": [COLOGNE, "kaputt"], "leikakeys": null,
            "onlineServiceLinks": null, "sourcePortals": null, "externalLastUpdate": 1779358916440_u64,
            "details": [{"code": 24, "text": "Text", "links": null, "details": null, "placeholder": null}],
            "organisations": [{"title": 7}], "unbekannt": {"a": 1},
        }),
        None,
    );
    assert_eq!(got.texts.summary.as_deref(), Some("Text"));
    assert_eq!(got.texts.as_of, None);
    assert_eq!(got.local[0].regions, [region(COLOGNE)]);
    assert_eq!(got.local[0].evidence.links, []);
}

proptest! {
    #[test]
    fn no_file_panics(cut in 0_usize..600, byte in any::<u8>(), at in 0_usize..600) {
        let one = description("L1.LB.1", &[COLOGNE], "https://a.example");
        let mut bytes = stored(COLOGNE, &[one]).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len().saturating_sub(cut % 3 * cut));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.json"), bytes).unwrap();
        read(folder.path(), None, &mut Collected::default()).unwrap();
    }
}
