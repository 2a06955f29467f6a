//! All rows here are synthetic, in the form of the interface's own description. What is shown:
//! 1. CSV with `,`, `;`, tab, byte order mark, snake_case, camelCase and Latin-1 says the same as
//!    JSON pages, Spring pages and lists.
//! 2. A service is one record; regions with the same offer are one `Local`.
//! 3. An address that answers is told from one that does not; no address is no evidence.
//! 4. What is not to be imported, or broken, is listed with file, line and reason.

use std::fs;

use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::import::record::Collected;

const HEADER: &str = "leika_key,leika_name,leika_bezeichnung,ars,ars_name,ozgid,ozg_bezeichnung,url,\
                      online_status,aktiv,art_flaechendeckung,begruendung_nicht_beruecksichtigt,\
                      datenstand_pvog_import\n";

/// What is read from one file of that name.
fn imported(name: &str, content: impl AsRef<[u8]>) -> Result<Collected, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, content).unwrap();
    let mut collected = Collected::default();
    read(&file, None, &mut collected).map(|()| collected)
}

/// What is read from these rows below [`HEADER`].
fn rows(rows: &[&str]) -> Collected {
    imported("x.csv", format!("{HEADER}{}\n", rows.join("\n"))).unwrap()
}

fn region(key: &str) -> RegionKey {
    key.parse().unwrap()
}

#[test]
fn one_service_in_three_towns_is_one_record() {
    let got = rows(&[
        "99102013104000,Hund anmelden,Hundesteuer Anmeldung,053150000000,Köln,,,https://a.example/hund,ok,ja,landesweit flächendeckend,,2026-09-29",
        "99102013104000,Hund anmelden,Hundesteuer Anmeldung,051110000000,Düsseldorf,,,https://a.example/hund,ok,ja,landesweit flächendeckend,,2026-09-29",
        "99102013104000,Hund anmelden,Hundesteuer Anmeldung,010010000000,Flensburg,,,https://b.example,nicht ok,,,,2026-09-29",
    ]);
    assert_eq!(got.rejected, []);
    let [record] = &got.records[..] else { panic!("{got:?}") };
    assert_eq!(record.id, "99102013104000");
    assert_eq!(record.leika, ["99102013104000".parse().unwrap()]);
    assert_eq!(record.name, "Hund anmelden");
    assert_eq!(record.official.as_deref(), Some("Hundesteuer Anmeldung"));
    assert_eq!(record.texts.as_of, Some(date!(2026 - 09 - 29)));
    let [nrw, flensburg] = &record.local[..] else { panic!("{record:?}") };
    assert_eq!(nrw.regions, [region("051110000000"), region("053150000000")]);
    assert_eq!(nrw.evidence.answers, Some(true));
    assert_eq!(nrw.evidence.links[0].url, "https://a.example/hund");
    assert_eq!(nrw.evidence.links[0].claim, Claim::OnlineService);
    assert!(!nrw.evidence.described, "a register of online services describes nothing");
    assert_eq!(flensburg.evidence.answers, Some(false));
    assert_eq!(nrw.texts, None);
}

#[test]
fn every_form_of_the_same_row_says_the_same() {
    let plain = "leika_key,leika_name,ars,ozgid,url,online_status,datenstand_pvog_import\n\
                 99041006017000,Elterngeld für Eltern,000000000000,10000,https://e.example/?a=1,ok,2026-09-29\n";
    let expected = imported("x.csv", plain).unwrap();
    assert_eq!(expected.records.len(), 1);
    assert_eq!(expected.records[0].local[0].regions, [RegionKey::GERMANY]);
    let row = r#"{"leika_key":"99041006017000","leika_name":"Elterngeld für Eltern","ars":"000000000000",
        "ars_name":null,"ozgid":10000,"url":"https://e.example/?a=1","online_status":"ok","datenstand_pvog_import":"2026-09-29"}"#;
    let camel = row.replace("leika_key", "leikaKey").replace("online_status", "onlineStatus");
    let latin: Vec<u8> = plain.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let forms: [(&str, Vec<u8>); 9] = [
        ("x.csv", plain.replace(',', ";").into()),
        ("x.csv", plain.replace(',', "\t").into()),
        ("x.csv", format!("\u{feff}{plain}").into()),
        (
            "x.csv",
            plain
                .replace("leika_key", "leikaKey")
                .replace("online_status", "onlineStatus")
                .replace('\n', "\r\n")
                .into(),
        ),
        ("x.csv", latin),
        ("x.json", format!("[{row}]").into()),
        ("x.json", format!("\u{feff}{{\"content\":[{row}],\"page\":{{\"totalPages\":1}}}}").into()),
        ("x.json", format!("{{\"totalPages\":1,\"content\":[{camel}],\"last\":true}}").into()),
        // Some tools name everything they load ".csv".
        ("x.csv", format!("\n [{row}]").into()),
    ];
    for (name, content) in forms {
        let shown = String::from_utf8_lossy(&content).into_owned();
        assert_eq!(imported(name, content).unwrap(), expected, "{shown}");
    }
}

#[test]
fn an_address_that_does_not_answer_gives_way_to_one_that_does() {
    let row = |url: &str, status: &str| {
        format!("99050012104000,Gewerbe anmelden,,053340002002,,,,{url},{status},ja,,,")
    };
    let evidence = |lines: &[String]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let got = rows(&lines);
        assert_eq!((got.records.len(), got.rejected.len()), (1, 0));
        assert_eq!(got.records[0].local.len(), 1, "one region, one offer");
        let evidence = &got.records[0].local[0].evidence;
        let urls: Vec<String> = evidence.links.iter().map(|link| link.url.clone()).collect();
        (evidence.answers, urls.join(" "))
    };
    let [good, bad, other] = ["https://gut.example", "https://tot.example", "https://neu.example"];
    assert_eq!(evidence(&[row(bad, "nicht ok"), row(good, "ok")]), (Some(true), good.into()));
    assert_eq!(evidence(&[row(good, "OK"), row(good, "ok")]), (Some(true), good.into()));
    assert_eq!(evidence(&[row(bad, "nicht ok"), row(other, "")]), (None, other.into()));
    assert_eq!(evidence(&[row(bad, "nicht ok")]), (Some(false), bad.into()));
    assert_eq!(evidence(&[row("", "nicht ok")]), (None, String::new()), "no address: not known");
    assert_eq!(evidence(&[row("", ""), row(good, "ok")]), (Some(true), good.into()));
}

#[test]
fn what_is_not_counted_or_broken_is_listed_with_its_line() {
    let got = rows(&[
        "99102013104000,A,,053150000000,,,,https://a.example,ok,nein,,Dienst abgeschaltet,",
        "99102013104000,A,,053150000000,,,,https://a.example,ok,nein,,,",
        "99102013104000,A,,053150000000,,,,https://a.example,ok,ja,nicht in Auswertung berücksichtigt,,",
        "9.9102E+13,A,,053150000000,,,,https://a.example,ok,ja,,,",
        "99102013104000,A,,5315000,,,,https://a.example,ok,ja,,,",
        "nicht im LeiKa,A,,053150000000,,,,https://a.example,ok,ja,,,",
        "nicht im LeiKa,A,,053150000000,,10484,,https://a.example,ok,ja,,,",
        "99102013104000,zu,kurz",
    ]);
    let listed: Vec<String> = got
        .rejected
        .iter()
        .map(|rejected| {
            assert!(rejected.file.ends_with("x.csv"));
            format!("{}: {}", rejected.record, rejected.reason)
        })
        .collect();
    assert_eq!(
        listed,
        [
            "Zeile 2: 99102013104000 053150000000: Dienst abgeschaltet",
            "Zeile 3: 99102013104000 053150000000: nicht aktiv",
            "Zeile 4: 99102013104000 053150000000: nicht in Auswertung berücksichtigt",
            "Zeile 5: 9.9102E+13 053150000000: »9.9102E+13« ist kein LeiKa-Schlüssel (14 Ziffern)",
            "Zeile 6: 99102013104000 5315000: »5315000« ist kein Regionalschlüssel (12 Ziffern)",
            "Zeile 7: nicht im LeiKa 053150000000: ohne LeiKa-Schlüssel und ohne OZG-Kennung",
            "Zeile 9: 3 statt 13 Spalten",
        ]
    );
    let [record] = &got.records[..] else { panic!("{got:?}") };
    assert_eq!((record.id.as_str(), record.leika.len()), ("10484", 0));
}

#[test]
fn a_line_break_in_a_name_does_not_shift_the_lines() {
    let got = rows(&[
        "99102013104000,\"Hund\nan&shy;melden; \"\"Welpen\"\"\",,053150000000,,,,https://a.example,ok,ja,,,",
        "kaputt",
    ]);
    assert_eq!(got.records[0].name, "Hund anmelden; \"Welpen\"");
    assert_eq!(got.rejected[0].record, "Zeile 4");
}

#[test]
fn different_dates_stay_with_their_regions() {
    let got = rows(&[
        "99102013104000,A,,053150000000,,,,https://a.example,ok,ja,,,2026-09-29",
        "99102013104000,A,,051110000000,,,,https://a.example,ok,ja,,,2026-01-01",
        "99102013104000,A,,010010000000,,,,https://a.example,ok,ja,,,",
    ]);
    let record = &got.records[0];
    assert_eq!(record.texts.as_of, None);
    let mut dates: Vec<_> = record
        .local
        .iter()
        .map(|local| (local.regions[0], local.texts.as_ref().and_then(|texts| texts.as_of)))
        .collect();
    dates.sort();
    assert_eq!(
        dates,
        [
            (region("010010000000"), None),
            (region("051110000000"), Some(date!(2026 - 01 - 01))),
            (region("053150000000"), Some(date!(2026 - 09 - 29))),
        ]
    );
}

#[test]
fn a_row_without_region_is_where_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.csv"), "leikaKey;url\n99102013104000;https://a.example\n")
        .unwrap();
    let mut got = Collected::default();
    read(folder.path(), Some(region("053150000000")), &mut got).unwrap();
    assert_eq!(got.records[0].local[0].regions, [region("053150000000")]);
    assert_eq!(got.records[0].name, "99102013104000", "no name is given: the key stands for it");
    let mut got = Collected::default();
    read(folder.path(), None, &mut got).unwrap();
    assert_eq!((got.records.len(), got.rejected.len()), (0, 1));
}

#[test]
fn pages_in_a_folder_are_one_source() {
    let folder = tempfile::tempdir().unwrap();
    let page = |region: &str| {
        format!(
            r#"{{"content":[{{"leika_key":"99102013104000","leika_name":"A","ars":"{region}","url":"https://a.example"}},
               {{"url":"https://x","url":"https://y"}}, 7],"page":{{"totalPages":2}}}}"#
        )
    };
    fs::write(folder.path().join("0.json"), page("053150000000")).unwrap();
    fs::write(folder.path().join("1.json"), page("051110000000")).unwrap();
    fs::write(folder.path().join("2.json"), "{\"content\":[").unwrap();
    let mut got = Collected::default();
    read(folder.path(), None, &mut got).unwrap();
    assert_eq!(got.records.len(), 1);
    assert_eq!(got.records[0].local[0].regions.len(), 2);
    let reasons: Vec<&str> = got.rejected.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert!(reasons[0].contains("»url« steht doppelt"), "{reasons:?}");
    assert!(reasons[4].contains("bricht ab"), "{reasons:?}");
}

#[test]
fn what_is_no_such_table_is_refused() {
    let refused = |name: &str, content: &[u8]| imported(name, content).unwrap_err().to_string();
    assert!(refused("x.csv", b"name;ort\na;b\n").ends_with("Spalte »leika_key« fehlt"));
    assert!(refused("x.csv", b"leika_key;ars\n").ends_with("Spalte »url« fehlt"));
    assert!(refused("x.csv", b"").ends_with("Spalte »leika_key« fehlt"));
    assert!(refused("x.csv", b"url;leika_key;leikaKey\n").contains("»leikaKey« steht doppelt"));
    assert!(refused("x.csv", b"\xff\xfel\0e\0").contains("UTF-16"));
    assert!(refused("x.json", b"{\"rows\":[]}").contains("nicht in der erwarteten Form"));
}

#[test]
fn a_forgotten_quotation_mark_is_said() {
    let lines = vec!["99102013104000,A,,053150000000,,,,https://a.example,ok,ja,,,"; 2_000];
    let text = format!("{HEADER}99102013104000,\"A,,053150000000\n{}", lines.join("\n"));
    let got = imported("x.csv", text).unwrap();
    assert_eq!(got.rejected.len(), 1);
    assert!(got.rejected[0].reason.contains("Anführungszeichen"), "{:?}", got.rejected);
}

proptest! {
    #[test]
    fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), header in any::<bool>()) {
        let mut content = if header { HEADER.as_bytes().to_vec() } else { Vec::new() };
        content.extend(bytes);
        let _ = imported("x.csv", content);
    }
}
