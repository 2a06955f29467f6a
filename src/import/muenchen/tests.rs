use std::{collections::BTreeMap, fs};

use serde_json::json;

use super::*;
use crate::import::record::{Collected, Declared};

const REGION: &str = "091620000000";

fn import(path: &Path) -> Collected {
    let mut collected = Collected::default();
    read(path, REGION.parse().unwrap(), &mut collected).unwrap();
    collected
}

/// Writes synthetic files into a directory of their own and reads the first.
fn import_files(files: &[(&str, Value)]) -> Result<Collected, ImportError> {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(directory.path().join(name), content.to_string()).unwrap();
    }
    let mut collected = Collected::default();
    read(&directory.path().join(files[0].0), REGION.parse().unwrap(), &mut collected)?;
    Ok(collected)
}

fn real() -> Option<Collected> {
    crate::real::real("muenchen-zms-2026").map(|path| import(&path))
}

fn local(record: &Record) -> &Local {
    &record.local[0]
}

fn count(records: &[Record], is_it: impl Fn(&Record) -> bool) -> usize {
    records.iter().filter(|record| is_it(record)).count()
}

#[test]
fn every_real_entry_is_imported_or_listed_with_its_reason() {
    let Some(Collected { records, rejected }) = real() else { return };
    let mut reasons = BTreeMap::new();
    for entry in &rejected {
        *reasons.entry(entry.reason.as_str()).or_insert(0) += 1;
    }
    assert_eq!(records.len() + rejected.len(), 287);
    assert_eq!(
        reasons.into_iter().collect::<Vec<_>>(),
        [
            ("an keiner Stelle öffentlich", 10),
            ("nicht öffentlich", 125),
            ("weder Beschreibung noch Stelle", 2)
        ]
    );
    assert_eq!(records.iter().map(|record| record.leika.len()).sum::<usize>(), 89);
    assert_eq!(count(&records, |r| r.texts.fee.is_some()), 126);
    assert_eq!(count(&records, |r| r.texts.page.is_some()), 14);
    assert_eq!(count(&records, |r| local(r).authority.is_some()), 150);
    assert_eq!(count(&records, |r| local(r).evidence.in_person_needed), 8);
    let with =
        |claim| count(&records, |r| local(r).evidence.links.iter().any(|l| l.claim == claim));
    assert_eq!(with(Claim::Appointment), 150);
    assert_eq!(with(Claim::Form), 81);
    for record in &records {
        let text = format!("{record:?}");
        let markup = ["<p", "</", "&nbsp;", "&amp;", "{serviceId}", "\u{200b}", "\u{a0}"];
        assert!(markup.iter().all(|junk| !text.contains(junk)), "{text}");
        assert_eq!(local(record).regions, [REGION.parse().unwrap()]);
    }
}

/// Each of these was read: the matter itself is done, or begins, at the address.
#[test]
fn the_online_services_of_the_real_export_are_these() {
    let Some(Collected { records, .. }) = real() else { return };
    let online: Vec<(&str, &str)> = records
        .iter()
        .flat_map(|record| local(record).evidence.links.iter().map(|link| (&*record.id, link)))
        .filter(|(_, link)| link.claim == Claim::OnlineService)
        .map(|(id, link)| (id, link.url.split('/').nth(2).unwrap_or_default()))
        .collect();
    assert_eq!(
        online,
        [
            ("1063425", "www.buergerserviceportal.de"),
            ("1063565", "www.bundesjustizamt.de"),
            ("1064033", "www.fuehrungszeugnis.bund.de"),
            ("1064121", "www.buergerservice-portal.de"),
            ("1064305", "stadt.muenchen.de"),
            ("1071944", "service.muenchen.de"),
            ("1074970", "www.bafoeg-digital.de"),
            ("10225129", "www.fuehrungszeugnis.bund.de"),
            ("10338650", "service.muenchen.de"),
        ]
    );
    let declared =
        |declared| count(&records, |record| local(record).evidence.declared == Some(declared));
    assert_eq!(declared(Declared::Online), 14);
    assert_eq!(declared(Declared::Partly), 5);
    assert_eq!(declared(Declared::NotOnline), 1);
}

#[test]
fn the_most_asked_services_are_told_as_the_city_tells_them() {
    let Some(Collected { records, .. }) = real() else { return };
    let find = |id: &str| records.iter().find(|record| record.id == id).unwrap();

    let identity_card = find("1063441");
    assert!(identity_card.texts.fee.as_ref().unwrap().contains("46 Euro"));
    assert!(identity_card.says.iter().any(|word| word == "Perso"));
    assert!(!identity_card.says.contains(&identity_card.name));
    assert_eq!(identity_card.leika, ["99008001000000".parse().unwrap()]);
    assert_eq!(identity_card.texts.as_of, Some(time::macros::date!(2026 - 06 - 08)));
    let Local { evidence, authority, .. } = local(identity_card);
    assert!(evidence.in_person_needed && evidence.described && evidence.declared.is_none());
    let authority = authority.as_ref().unwrap();
    assert_eq!(authority.name, "Bürgerbüro (6 Standorte)");
    assert_eq!(authority.phone.as_deref(), Some("089 233-96000"));
    assert_eq!(authority.address(), None);

    let residence = find("1063475");
    assert_eq!(local(residence).evidence.declared, Some(Declared::Partly));
    assert!(residence.texts.page.as_ref().unwrap().contains("/1063475/"));
    let appointments: Vec<&str> = local(residence)
        .evidence
        .links
        .iter()
        .filter(|link| link.claim == Claim::Appointment)
        .map(|link| link.url.as_str())
        .collect();
    assert_eq!(appointments.len(), 1);
    assert!(appointments[0].ends_with("/services/1063475"));

    // Its loss can be reported online elsewhere; that it can be had online nobody says.
    let parking = &local(find("1072040")).evidence;
    assert!(parking.links.iter().all(|link| link.claim != Claim::OnlineService));
    assert!(!parking.described);

    let trade = local(find("1063423")).authority.as_ref().unwrap();
    assert_eq!(trade.name, "Gewerbeamt");
    assert_eq!(trade.address().as_deref(), Some("Implerstraße 11, 81371 München"));
}

/// Synthetic, in the raw form.
#[test]
fn the_raw_form_is_read() {
    let fields = json!([
        { "name": "GEBUEHRENRAHMEN", "type": "TEXT", "value": "<p>5&nbsp;Euro</p><p>Kind: frei</p>" },
        { "name": "FORMULARE_INFORMATIONEN", "type": "LINK", "values": [
            { "label": "Antrag Boot", "uri": "https://stadt.muenchen.de/dms/Antrag_Boot" },
            { "label": "Böse", "uri": "javascript:alert(1)" },
        ] },
        { "name": "TERMINVEREINBARUNG", "type": "BOOLEAN", "value": true },
    ]);
    let raw = json!({
        "services": [
            { "id": 1, "name": "Boot", "leikaId": "99 001 001 001 000", "fields": fields,
              "description": "<p>Ein Boot anmelden.</p>", "synonyms": ["boot", "Kahn", "kahn"] },
            { "id": "2", "name": "Intern", "public": true,
              "fields": [{ "name": "ZMS_INTERN", "type": "BOOLEAN", "value": true }] },
            { "id": "3", "name": "Leer" },
            { "id": "4", "name": "Nur hausintern", "description": "x" },
        ],
        "locations": [{
            "id": "9", "altname1": "A-1", "altname2": "Bootsamt", "phone": "089 1", "fax": "089 2",
            "address": { "street": "Seestraße", "streetNumber": "1", "zip": "80331", "city": "München" },
            "extendedServiceReferences": [
                { "refId": 1, "public": true },
                { "refId": "4", "fields": [{ "name": "ZMS_INTERN", "value": true }] },
            ],
        }],
    });
    let Collected { records, rejected } = import_files(&[("raw.json", raw)]).unwrap();
    let [boat] = &records[..] else { panic!("{records:?}") };
    assert_eq!(boat.leika, ["99001001001000".parse().unwrap()]);
    assert_eq!(boat.says, ["Kahn"]);
    assert_eq!(boat.texts.summary.as_deref(), Some("Ein Boot anmelden."));
    assert_eq!(boat.texts.fee.as_deref(), Some("5 Euro; Kind: frei"));
    let Local { evidence, authority, .. } = local(boat);
    assert_eq!(evidence.links.iter().map(|link| link.claim).collect::<Vec<_>>(), [Claim::Form]);
    let authority = authority.as_ref().unwrap();
    assert_eq!(authority.name, "Bootsamt");
    assert_eq!(authority.address().as_deref(), Some("Seestraße 1, 80331 München"));
    assert_eq!(authority.phone.as_deref(), Some("089 1"));
    let reasons: Vec<_> = rejected.iter().map(|r| (&*r.record, &*r.reason)).collect();
    assert_eq!(
        reasons,
        [
            ("2", "nicht öffentlich"),
            ("3", "weder Beschreibung noch Stelle"),
            ("4", "an keiner Stelle öffentlich")
        ]
    );
}

/// Synthetic, in the form of full articles: they name their online services, so what they do not
/// name is not there.
#[test]
fn full_articles_are_read() {
    let article = json!({
        "id": 7, "name": "Boot", "description": "<p>Lang.</p>", "language": "de", "public": true,
        "publicUrl": "https://stadt.muenchen.de/service/info/boot/7/",
        "lastModification": 1_780_000_000_000_u64, "synonyms": ["Kahn"],
        "fields": [
            { "id": "sf1", "name": "SUMMARY", "type": "TEXT", "value": "<p>Kurz.</p>" },
            { "id": "sf6", "name": "X", "type": "TEXT", "value": "<ul><li>Ausweis</li><li>Bootsbrief</li></ul>" },
            { "id": "sf18", "name": "Y", "type": "TEXT", "value": "2 Wochen" },
            { "id": "sf99", "name": "ONLINE_SERVICE", "type": "LINK", "values": [
                { "label": "Los", "uri": "https://service.muenchen.de/x" },
                { "label": "Termin", "uri": "https://stadt.muenchen.de/terminvereinbarung" },
            ] },
        ],
    });
    let english = json!({ "id": 8, "name": "Boat", "description": "x", "language": "en" });
    let Collected { records, rejected } =
        import_files(&[("articles.json", json!([article, english]))]).unwrap();
    let boat = &records[0];
    assert_eq!(boat.texts.summary.as_deref(), Some("Kurz."));
    assert_eq!(boat.texts.papers, ["Ausweis", "Bootsbrief"]);
    assert_eq!(boat.texts.duration.as_deref(), Some("2 Wochen"));
    assert_eq!(boat.texts.page.as_deref(), Some("https://stadt.muenchen.de/service/info/boot/7/"));
    assert_eq!(boat.texts.as_of, Some(time::macros::date!(2026 - 05 - 28)));
    let evidence = &local(boat).evidence;
    assert!(evidence.described);
    let claims: Vec<Claim> = evidence.links.iter().map(|link| link.claim).collect();
    assert_eq!(claims, [Claim::OnlineService, Claim::Appointment]);
    assert_eq!(rejected[0].reason, "nicht auf Deutsch");
}

/// Synthetic. The offices stand in a file beside the services.
#[test]
fn broken_entries_are_listed_and_the_rest_comes_through() {
    let services = json!({ "data": [
        { "id": "1", "name": "A", "description": "a" },
        { "id": "1", "name": "A noch einmal", "description": "a" },
        { "name": "B" }, { "id": "2" }, { "id": "a b", "name": "C" }, null, 5, [],
        { "id": "3", "name": "D", "description": 5, "links": "x", "leika": [], "meta": null,
          "fields": {}, "fees": { "a": 1 }, "public": "ja", "forms": [null, { "link": 3 }] },
    ] });
    let offices = json!({ "data": [
        { "id": "9", "displayName": "Amt", "services": [{ "service": "3" }, null, {}] },
        null, { "services": 5 },
    ] });
    let files = [("services_de.json", services), (LOCATIONS, offices)];
    let Collected { records, rejected } = import_files(&files).unwrap();
    let ids: Vec<&str> = records.iter().map(|record| &*record.id).collect();
    assert_eq!(ids, ["1", "3"]);
    assert_eq!(local(&records[1]).authority.as_ref().unwrap().name, "Amt");
    let listed: Vec<_> = rejected.iter().map(|r| (&*r.record, &*r.reason)).collect();
    assert_eq!(listed[0], ("1", "Kennung kommt mehrfach vor"));
    assert_eq!(listed[1], ("Datensatz 3", "ohne Kennung"));
    assert_eq!(listed[2], ("2", "ohne Namen"));
    assert_eq!(listed[3].0, "a b");
    assert_eq!(listed.len(), 7);
}

#[test]
fn keys_are_found_in_what_clerks_write() {
    let keys = |text: &str| {
        let keys = leika(&json!({ "leika": text }));
        keys.into_iter().map(|key| key.to_string()).collect::<Vec<_>>()
    };
    let two = ["99036008007003", "99036008007000"];
    assert_eq!(keys("99036008007003, 99036008007000"), two);
    assert_eq!(keys(" 99036\u{ad}008007003;\u{a0}9903600\u{200b}8007000 "), two);
    assert_eq!(keys("99036008007003 99036008007000 99036008007003"), two);
    assert_eq!(keys("99 036 008 007 003 (LeiKa)\n"), two[..1]);
    assert_eq!(keys("9903600\u{200c}8007003"), two[..1]);
    assert!(keys("nicht im LeiKa, 990360080070030").is_empty());
    assert_eq!(leika(&json!({ "leika": 99_036_008_007_003_u64 }))[0].to_string(), two[0]);
}

#[test]
fn what_is_no_catalog_is_said_so() {
    let offices = json!({ "data": [{ "id": "9", "displayName": "Amt", "services": [] }] });
    let reason = |content| import_files(&[("x.json", content)]).unwrap_err().to_string();
    assert!(reason(offices).contains("enthält Stellen"));
    assert!(reason(json!({ "a": 1 })).contains("weder Leistungen"));
    assert!(reason(json!("x")).contains("weder Leistungen"));
}
