use std::io::Write;

use serde_json::json;
use time::macros::date;

use super::*;
use crate::real::real;
use crate::{
    catalog::offer::Availability,
    import::{availability::derive, record::Collected},
};

fn berlin() -> RegionKey {
    "110000000000".parse().unwrap()
}

fn read_real(file: &str) -> Option<Collected> {
    let mut collected = Collected::default();
    read(&real(file)?, berlin(), &mut collected).unwrap();
    Some(collected)
}

fn read_bytes(bytes: &[u8]) -> Result<Collected, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut collected = Collected::default();
    let read = read(file.path(), berlin(), &mut collected);
    let name = format!("{}: ", file.path().display());
    read.map(|()| collected).map_err(|error| error.to_string().replace(&name, ""))
}

/// Reads a synthetic export.
fn read_export(services: &Value) -> Collected {
    let export = json!({
        "created": "2026-11-20T04:00:00+01:00", "datacount": 1, "locale": "de_DE",
        "hash": "0", "error": false, "data": services,
    });
    read_bytes(export.to_string().as_bytes()).unwrap()
}

fn availability(record: &Record) -> Availability {
    let local = &record.local[0];
    derive(&local.evidence, record.texts.page.as_deref(), local.regions[0]).availability
}

fn links(record: &Record) -> Vec<(Claim, &str)> {
    let links = &record.local[0].evidence.links;
    links.iter().map(|link| (link.claim, link.url.as_str())).collect()
}

fn rejected(collected: &Collected) -> Vec<(&str, &str)> {
    collected.rejected.iter().map(|it| (it.record.as_str(), it.reason.as_str())).collect()
}

#[test]
fn the_flat_list_of_2024_agrees_with_the_other_copy_of_its_year() {
    let Some(read) = read_real("berlin-services-2024/services.json") else { return };
    assert_eq!((read.records.len(), read.rejected.len()), (1_059, 0));

    let kinds: Vec<Availability> = read.records.iter().map(availability).collect();
    let count = |wanted: &Availability| kinds.iter().filter(|kind| *kind == wanted).count();
    let partly = Availability::Partly { steps: Vec::new() };
    let counts = [&Availability::Online, &partly, &Availability::InPerson].map(count);
    assert_eq!(counts, [298, 16, 745]);

    let flags = real("berlin-services-2024/online_flag_104.csv").unwrap();
    let mut shared = 0;
    for row in csv::Reader::from_path(flags).unwrap().records().map(Result::unwrap) {
        let record = read.records.iter().position(|record| record.id == row[0]);
        let Some(at) = record else { continue };
        shared += 1;
        assert_eq!(kinds[at] == Availability::Online, &row[3] == "1", "{}", &row[1]);
    }
    assert_eq!(shared, 104);

    let of = |id: &str| read.records.iter().find(|record| record.id == id).unwrap();
    // Its text says where to send the form; the other one's does not.
    assert_eq!(availability(of("120671")), partly);
    assert_eq!(availability(of("120335")), Availability::InPerson);
    let office = |id| of(id).local[0].authority.as_ref().map(|office| office.name.as_str());
    assert_eq!(office("324355"), Some("Fischereiamt"));
    for (id, default) in
        [("120335", "Bezirksamt"), ("121494", "Finanzamt"), ("326908", "Amtsgericht")]
    {
        assert_eq!(office(id), None, "{default}");
    }
    let named = read.records.iter().filter_map(|record| record.local[0].authority.as_ref());
    assert_eq!(named.clone().count(), 572);
    let is_name = |office: &str| !office.contains(['\n', '<']) && office.len() < 120;
    assert!(named.clone().all(|office| is_name(&office.name)));
}

#[test]
fn the_export_of_2016_without_texts_says_nothing_of_online() {
    let Some(read) = read_real("berlin-dldb-2016/services_de.json") else { return };
    assert_eq!((read.records.len(), read.rejected.len()), (560, 0));
    assert!(read.records.iter().all(|record| availability(record) == Availability::Unknown));
    let record = read.records.iter().find(|record| record.id == "326399").unwrap();
    assert_eq!(
        record.texts.page.as_deref(),
        Some("https://service.berlin.de/dienstleistung/326399/")
    );
    assert_eq!(record.texts.as_of, Some(date!(2015 - 06 - 03)));
}

#[test]
fn the_keyed_file_of_2020_says_nothing_of_online() {
    let Some(read) = read_real("berlin-services-2020/services-output.json") else { return };
    assert_eq!((read.records.len(), read.rejected.len()), (18, 0));
    assert!(read.records.iter().all(|record| availability(record) == Availability::Unknown));
    let of = |id: &str| read.records.iter().find(|record| record.id == id).unwrap();
    let sent = |id| of(id).local[0].evidence.form_may_be_sent;
    // Abmeldung, Führungszeugnis; Reisepass, Personalausweis.
    assert_eq!(["120335", "120926"].map(sent), [Some(true); 2]);
    assert_eq!(["121151", "120703"].map(sent), [Some(false); 2]);
    // The list within a paper's description is not repeated.
    assert_eq!(of("121151").texts.papers.len(), 4);
    assert!(of("121151").texts.fee.as_ref().unwrap().contains("60,00 Euro"));
}

#[test]
fn an_entry_of_the_export_is_read_in_full() {
    let read = read_export(&json!([{
        "id": 326069,
        "name": "Unterhalts&shy;vorschuss ",
        "description": "<p>Hilfe f&uuml;r Kinder.</p><p>Den Antrag k&ouml;nnen Sie per Post stellen.</p>",
        "fees": "<b>geb&uuml;hrenfrei</b>",
        "process_time": "etwa 4&nbsp;Wochen",
        "leika": "99107021000000, 99107021017000 99107021000000",
        "requirements": [
            { "name": "Ausweis", "description": "oder Pass", "link": "" },
            { "name": "", "description": "leer", "link": "" },
            "Geburtsurkunde",
        ],
        "forms": [{ "name": "Antrag", "link": "/formulare/antrag.pdf", "description": false }],
        "links": [{ "name": "Mehr dazu", "link": "https://berlin.example/mehr" }],
        "authorities": [{ "id": "1", "name": "Jugendamt", "webinfo": "" }],
        "onlineprocessing": { "description": "", "link": "https://dienst.example/antrag" },
        "appointment": { "link": "/terminvereinbarung/termin/all/326069/" },
        "meta": {
            "lastupdate": "2026-11-02T11:12:04+01:00",
            "url": "https://service.berlin.de/dienstleistung/326069/uhv/",
            "locale": "de",
            "keywords": "Alimente, Kind , Alimente,, Unterhaltsvorschuss",
            "translated": true,
        },
        "legal": [], "publications": null, "responsibility": "x", "responsibility_all": true,
    }]));
    assert_eq!(read.rejected, []);
    let record = &read.records[0];
    assert_eq!(record.id, "326069");
    assert_eq!(record.name, "Unterhaltsvorschuss");
    assert_eq!(record.says, ["Alimente", "Kind"]);
    let keys = ["99107021000000", "99107021017000"].map(|key| key.parse().unwrap());
    assert_eq!(record.leika, keys);
    let texts = Texts {
        summary: Some("Hilfe für Kinder. Den Antrag können Sie per Post stellen.".to_owned()),
        fee: Some("gebührenfrei".to_owned()),
        papers: vec!["Ausweis".to_owned(), "Geburtsurkunde".to_owned()],
        deadlines: Vec::new(),
        duration: Some("etwa 4 Wochen".to_owned()),
        page: Some("https://service.berlin.de/dienstleistung/326069/uhv/".to_owned()),
        as_of: Some(date!(2026 - 11 - 02)),
    };
    assert_eq!(record.texts, texts);
    assert_eq!(
        links(record),
        [
            (Claim::OnlineService, "https://dienst.example/antrag"),
            (Claim::Form, "https://service.berlin.de/formulare/antrag.pdf"),
            (Claim::Appointment, "https://service.berlin.de/terminvereinbarung/termin/all/326069/"),
            (Claim::Information, "https://berlin.example/mehr"),
        ]
    );
    let local = &record.local[0];
    assert_eq!(local.regions, [berlin()]);
    assert_eq!(local.authority, Some(Authority::named("Jugendamt")));
    assert_eq!(local.evidence.form_may_be_sent, Some(true));
    assert_eq!(availability(record), Availability::Online);
}

#[test]
fn without_online_processing_the_texts_decide() {
    let entry = |id: u32, description: &str, processing: Value| {
        json!({
            "id": id, "name": "Hund", "description": description, "onlineprocessing": processing,
            "forms": [{ "name": "Antrag", "link": "https://berlin.example/antrag.pdf" }],
        })
    };
    let read = read_export(&json!([
        entry(1, "Senden Sie den Antrag an das Amt.", json!({ "description": "", "link": "" })),
        entry(2, "Kommen Sie vorbei.", json!([])),
        entry(3, "", Value::Null),
        // To the portal's own home page: said to be online, but no telling where.
        entry(4, "Kommen Sie vorbei.", json!({ "link": "https://service.berlin.de/" })),
    ]));
    let partly = Availability::Partly { steps: Vec::new() };
    let expected = [partly, Availability::InPerson, Availability::Unknown, Availability::Unknown];
    assert_eq!(read.records.iter().map(availability).collect::<Vec<_>>(), expected);
}

#[test]
fn appointments_for_all_of_berlin_come_before_those_of_the_offices() {
    let office = |allowed: Value, link: &str| json!({ "location": 1, "appointment": { "allowed": allowed, "link": link } });
    let offices = json!([
        office(json!(true), "https://service.berlin.de/termin/1"),
        office(json!(false), "https://service.berlin.de/termin/2"),
        office(json!("1"), "https://service.berlin.de/termin/3"),
        office(json!(true), ""),
        { "location": 2, "appointment": null },
        7,
    ]);
    let read = read_export(&json!([
        { "id": 1, "name": "A", "locations": offices, "appointment": { "link": "https://service.berlin.de/termin/" } },
        { "id": 2, "name": "B", "locations": offices, "appointment": [] },
    ]));
    let here = |number: &'static str| (Claim::Appointment, number);
    assert_eq!(links(&read.records[0]), [here("https://service.berlin.de/termin/")]);
    assert_eq!(
        links(&read.records[1]),
        [here("https://service.berlin.de/termin/1"), here("https://service.berlin.de/termin/3")]
    );
}

#[test]
fn one_faulty_entry_does_not_harm_the_others() {
    // Synthetic.
    let file = r#"[
        { "id": 1, "title": "Gut", "description": "x", "is_digital": true, "form_link": null },
        { "id": 1, "title": "Noch einmal", "is_digital": true },
        { "id": 2, "title": " <br> " },
        { "title": "Ohne Kennung" },
        { "id": "4 5/6", "title": "Schlechte Kennung" },
        { "id": 7, "title": "Vielleicht", "is_digital": "vielleicht" },
        { "id": 8, "title": "Anders", "onlineprocessing": 5 },
        { "id": 9, "id": 10, "title": "Doppelt" },
        { "id": 11, "title": "\ud800" },
        "kein Objekt",
        null,
        { "id": "12", "title": ["Auch", "gut"], "description": 7, "form_link": ["x"], "meta": "x",
          "responsible_office": {}, "requirements": "x", "leika": 99107021000000, "locations": {},
          "appointment": [], "authorities": [{"name": "A"}, {"name": "B"}], "links": [[], null] }
    ]"#;
    let read = read_bytes(file.as_bytes()).unwrap();
    let names: Vec<&str> = read.records.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["Gut", "Auch; gut"]);
    assert_eq!(read.records[1].leika, ["99107021000000".parse().unwrap()]);
    assert_eq!(read.records[1].local[0].authority, None, "two offices");

    let rejected = rejected(&read);
    assert_eq!(
        rejected[..6],
        [
            ("1", "Die Kennung kommt mehrmals vor; der erste Eintrag gilt."),
            ("2", "Der Name fehlt."),
            ("Ohne Kennung", "Die Kennung fehlt."),
            (
                "4 5/6",
                "Die Kennung ist unbrauchbar (erlaubt: Buchstaben, Ziffern, . _ -; höchstens 30 Zeichen)."
            ),
            ("7", "»is_digital« ist weder wahr noch falsch."),
            ("8", "»onlineprocessing« hat nicht die erwartete Form."),
        ]
    );
    let labels: Vec<&str> = rejected[6..].iter().map(|(label, _)| *label).collect();
    assert_eq!(labels, ["Datensatz 8", "Datensatz 9", "Datensatz 10", "Datensatz 11"]);
    assert!(rejected[6].1.contains("duplicate field `id`"), "{}", rejected[6].1);
    assert_eq!(rejected[8].1, "Der Eintrag ist kein Objekt.");
}

#[test]
fn dates_and_pages_that_cannot_be_are_left_out() {
    let entry = |id: u32, lastupdate: &str, url: &str| json!({ "id": id, "name": "A", "meta": { "lastupdate": lastupdate, "url": url } });
    let read = read_export(&json!([
        entry(1, "0000-00-00", "https://berlin.example/{serviceId}"),
        entry(2, "1970-01-01T01:00:00+01:00", "javascript:x"),
        entry(3, "ä".repeat(9).as_str(), "/dienstleistung/3/neu/"),
    ]));
    assert!(read.records.iter().all(|record| record.texts.as_of.is_none()));
    let pages: Vec<_> =
        read.records.iter().map(|record| record.texts.page.as_deref().unwrap()).collect();
    assert_eq!(
        pages,
        [
            "https://service.berlin.de/dienstleistung/1/",
            "https://service.berlin.de/dienstleistung/2/",
            "https://service.berlin.de/dienstleistung/3/neu/",
        ]
    );
}

#[test]
fn what_is_no_list_of_services_is_an_error_with_its_line() {
    for (file, reason) in [
        ("<html>\n</html>", "Zeile 1: kein gültiges JSON"),
        ("", "Zeile 1: die Datei bricht mittendrin ab"),
        ("[\n{\"id\": 1},\n{\"id\"", "Zeile 3: die Datei bricht mittendrin ab"),
        ("[{\"id\": 1},\n]", "Zeile 2: kein gültiges JSON"),
        ("5", "Zeile 1: keine Liste von Dienstleistungen"),
        ("{}", "Die Datei enthält keine Liste von Dienstleistungen."),
        ("{\"data\": null}", "»data« ist keine Liste."),
        (
            "{\"error\": true, \"data\": []}",
            "Die Quelle meldet einen Fehler statt der Dienstleistungen.",
        ),
        (
            "{\"locale\": \"en_US\", \"data\": []}",
            "Der Export ist in der Sprache »en_US«; gebraucht wird »de_DE«.",
        ),
    ] {
        assert_eq!(read_bytes(file.as_bytes()).unwrap_err(), reason, "{file}");
    }
    assert_eq!(read_bytes(b"[\n\"\xff\"]").unwrap_err(), "Zeile 2: kein UTF-8");
    assert_eq!(read_bytes("\u{feff}[]".as_bytes()), Ok(Collected::default()));
    let nowhere = read(Path::new("/nirgends.json"), berlin(), &mut Collected::default());
    assert!(matches!(nowhere, Err(ImportError::Io { .. })));
}

#[test]
fn deep_and_wide_files_end() {
    let deep = format!("[{{\"id\": 1, \"name\": \"A\", \"x\": {}1", "[".repeat(200_000));
    assert!(read_bytes(deep.as_bytes()).is_err());
    let nested = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let read =
        read_bytes(format!("[{{\"id\": 1, \"name\": \"A\", \"meta\": {nested}}}]").as_bytes());
    assert_eq!(read.unwrap().rejected.len(), 1);
}
