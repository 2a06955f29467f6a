//! The catalog: what is shipped is sound, and what is wrong in a clerk's file is said with file,
//! line, key and a suggestion.

use amtslotse::catalog::{Catalog, CatalogFiles, Finding, Severity};

const DOG: &str = r#"format = 1
topic = "tiere"
level = "gemeinde"
authority = "Steueramt"
[name.de]
official = "Hund anmelden"
plain = "Hund anmelden"
[says.de]
synonyms = ["Hundesteuer", "Hundemarke", "Hund"]
phrases = ["neuer hund", "welpe gekauft", "hund aus dem tierheim"]
"#;

fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    Catalog::load_with_findings(&CatalogFiles::from_texts(files.iter().copied())).1
}

/// The one error in a file: its line and message.
fn error(text: &str) -> (Option<usize>, String) {
    let found = findings(&[("services/tiere/hund-anmelden.toml", text)]);
    let errors: Vec<_> = found.iter().filter(|f| f.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{found:?}");
    assert_eq!(errors[0].file, "catalog/services/tiere/hund-anmelden.toml");
    (errors[0].line, errors[0].message.clone())
}

#[test]
fn the_shipped_catalog_has_no_errors() {
    let (catalog, findings) = Catalog::load_with_findings(&CatalogFiles::embedded());
    let errors: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(catalog.services().len(), 401);
    let by_priority = |p| catalog.services().iter().filter(move |s| s.priority == p);
    assert_eq!(by_priority(1).count(), 80);
    for service in by_priority(1) {
        let says = &service.says["de"];
        assert!(says.synonyms.len() + says.phrases.len() >= 15, "{}", service.id);
        assert!(service.online.reason.is_some(), "{}", service.id);
    }
    for service in catalog.services() {
        let says = &service.says["de"];
        assert!(says.synonyms.len() + says.phrases.len() >= 6, "{}", service.id);
    }
}

#[test]
fn a_sound_file_has_no_findings() {
    assert_eq!(findings(&[("services/tiere/hund-anmelden.toml", DOG)]), []);
}

#[test]
fn mistakes_are_named_with_line_key_and_suggestion() {
    for (wrong, right, line, expected) in [
        ("sinonyms", "synonyms", 9, "»says.de.sinonyms« (meinten Sie »synonyms«?)"),
        (
            "\"gemeinda\"",
            "\"gemeinde\"",
            3,
            "»gemeinda« ist hier nicht erlaubt; erlaubt sind: bund, land, kreis, gemeinde (meinten Sie »gemeinde«?)",
        ),
        ("format = 2", "format = 1", 1, "format: 2 ist unbekannt (erwartet: 1)"),
        ("topic = \"umzug\"", "topic = \"tiere\"", 2, "passt nicht zum Ordner »tiere«"),
        ("plain = \"\"", "plain = \"Hund anmelden\"", 7, "name.de.plain: der Name ist leer"),
        (
            "plain = \"Hund bei der Stadt oder Gemeinde anmelden\"",
            "plain = \"Hund anmelden\"",
            7,
            "7 Wörter",
        ),
    ] {
        assert!(DOG.contains(right));
        let (at, message) = error(&DOG.replace(right, wrong));
        assert!(message.contains(expected), "{message}");
        assert_eq!(at, Some(line), "{message}");
    }
    let (_, message) = error(&DOG.replace("authority = \"Steueramt\"\n", ""));
    assert!(message.contains("der Schlüssel »authority« fehlt"), "{message}");
    let (_, message) = error(&DOG.replace("name.de", "name.en"));
    assert!(message.contains("[name.de] fehlt"), "{message}");
    let (line, message) = error(&format!("{DOG}topic = \"tiere\"\n[name.de]\n"));
    assert!(message.contains("steht zweimal da") || message.contains("TOML"), "{line:?} {message}");
}

#[test]
fn dangling_references_and_bad_links_are_named() {
    let (line, message) =
        error(&format!("{DOG}[[not]]\nid = \"hund-anmeldem\"\ndiffers = \"Er ist tot\"\n"));
    assert!(
        message.contains("»hund-anmeldem« gibt es nicht (meinten Sie »hund-anmelden«?)"),
        "{message}"
    );
    assert_eq!(line, Some(12));
    let link = |url: &str| format!("{DOG}[[link]]\nkind = \"online\"\nurl = \"{url}\"\n");
    let (line, message) = error(&link("http://stadt.de"));
    assert!(message.contains("link.url") && message.contains("https://"), "{message}");
    assert_eq!(line, Some(13));
    let hosts = ("hosts.txt", "www.stadt.de\n");
    let text = link("https://www.stadd.de/hund");
    let found = findings(&[("services/tiere/hund-anmelden.toml", text.as_str()), hosts]);
    assert!(found[0].message.contains("(meinten Sie »www.stadt.de«?)"), "{found:?}");
}

#[test]
fn duplicates_and_misplaced_files_are_named() {
    let found = findings(&[
        ("services/tiere/hund-anmelden.toml", DOG),
        ("services/umzug/hund-anmelden.toml", &DOG.replace("\"tiere\"", "\"umzug\"")),
        ("services/Hund.toml", DOG),
        ("services/tiere/Hund.toml", DOG),
        ("phrases/de/hund-anmeldn.txt", "neuer hund\n"),
    ]);
    let all: String = found.iter().map(|f| format!("{f}\n")).collect();
    assert!(
        all.contains("»hund-anmelden« gibt es schon in catalog/services/tiere/hund-anmelden.toml"),
        "{all}"
    );
    assert!(all.contains("services/Hund.toml: die Datei muss unter"), "{all}");
    assert!(all.contains("services/tiere/Hund.toml: Dateiname"), "{all}");
    assert!(all.contains("(meinten Sie »hund-anmelden«?)"), "{all}");
}

#[test]
fn life_events_lead_to_services_there_are() {
    let event = "format = 1\ntopic = \"tiere\"\n[name.de]\nofficial = \"Hund\"\nplain = \"Hund\"\n\
                 [[step]]\nservice = \"hund-anmeldn\"\nwhy = \"Die Stadt will Steuer.\"\ndeadline = \"Bald\"\n";
    let found =
        findings(&[("services/tiere/hund-anmelden.toml", DOG), ("life-events/hund.toml", event)]);
    let all: String = found.iter().map(|f| format!("{f}\n")).collect();
    assert!(all.contains("life-events/hund.toml:7"), "{all}");
    assert!(all.contains("(meinten Sie »hund-anmelden«?)") && all.contains("step.source"), "{all}");
}

#[test]
fn editors_are_told_of_gaps_clashes_and_stale_facts() {
    use amtslotse::catalog::lint::lint;
    let dog = format!(
        "{DOG}[[fee]]\ntext = \"Hundesteuer\"\nsource = {{ title = \"Satzung\", checked = 2020-01-01 }}\n"
    )
    .replace("authority", "priority = 1\nreview = { by = \"Redaktion\", due = 2025-01-01 }\nauthority");
    let cat = DOG.replace("Hund anmelden", "Katze anmelden");
    let files = CatalogFiles::from_texts([
        ("services/tiere/hund-anmelden.toml", dog.as_str()),
        ("services/tiere/katze-anmelden.toml", cat.as_str()),
        ("phrases/de/hund-anmelden.txt", "neuer dackel da\nneuer dackel da ja\n"),
    ]);
    let (catalog, errors) = Catalog::load_with_findings(&files);
    assert_eq!(errors, []);
    let today = time::Date::from_calendar_date(2026, time::Month::November, 22).unwrap();
    let all: String = lint(&catalog, &files, today).iter().map(|f| format!("{f}\n")).collect();
    for expected in [
        "es fehlt: online.reason, online.steps, paper, name.en",
        "älter als zwei Jahre: »Satzung« (2020-01-01)",
        "review.due: war am 2025-01-01 fällig (Redaktion)",
        "2 Ausdrücke (gewünscht: 60)",
        "phrases/de/hund-anmelden.txt:2: fast gleich: »neuer dackel da« und »neuer dackel da ja«",
        "»hundesteuer« steht bei mehreren Leistungen, ohne dass [[not]] den Unterschied nennt: \
         hund-anmelden, katze-anmelden",
    ] {
        assert!(all.contains(expected), "{expected}\n{all}");
    }
}

#[test]
fn fault_49_hostile_toml_is_refused_without_a_crash() {
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        "\u{0}".to_owned(),
        "format = 99999999999999999999".to_owned(),
        "[name.de]\nofficial = 3".to_owned(),
        String::new(),
    ] {
        assert!(
            findings(&[("services/tiere/x.toml", &text)])
                .iter()
                .any(|f| f.severity == Severity::Error)
        );
    }
}

#[test]
fn the_order_of_files_does_not_matter() {
    let cat = DOG.replace("Hund", "Katze").replace("hund", "katze");
    let files =
        [("services/tiere/hund-anmelden.toml", DOG), ("services/tiere/katze.toml", cat.as_str())];
    let ids = |files: Vec<(&str, &str)>| {
        let catalog = Catalog::load(&CatalogFiles::from_texts(files)).unwrap();
        catalog.services().iter().map(|s| s.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(files.to_vec()), ids(files.iter().rev().copied().collect()));
}
