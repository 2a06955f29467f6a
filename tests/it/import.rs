//! `import`, `offers`, `export`, `outage` and `catalog coverage` as an operator uses them: the real
//! program, its files, its words and its exit codes.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

const TUEBINGEN: &str = "084160041041";

struct Town {
    dir: TempDir,
}

/// Few services, so that the program starts at once.
const SERVICES: [&str; 6] = [
    "tiere/hund-anmelden",
    "auto-fuehrerschein/fahrzeug-abmelden",
    "auto-fuehrerschein/fahrzeug-zulassen",
    "umzug/wohnsitz-ummelden",
    "kultur-freizeit/fischereischein-beantragen",
    "gewerbe/gewerbe-anmelden",
];

impl Town {
    fn new() -> Self {
        let town = Self { dir: tempfile::tempdir().unwrap() };
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/services");
        for service in SERVICES {
            let text = fs::read_to_string(shipped.join(format!("{service}.toml"))).unwrap();
            let without_others = text.split("[[not]]").next().unwrap().to_owned();
            let rest = text.find("[online]").map_or("", |at| &text[at..]);
            town.write(&format!("catalog/services/{service}.toml"), &(without_others + rest));
        }
        town.write("catalog/lexicon/concepts.toml", "format = 1\n");
        town
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.path(name)
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amtslotse"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AMTSLOTSE_")) {
            command.env_remove(name);
        }
        let output = command
            .args(["--data", &self.path("data"), "--catalog", &self.path("catalog")])
            .args(args)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    /// What a command prints that must succeed.
    fn done(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    /// What a citizen reads, in one line.
    fn card(&self, place: &str, question: &str) -> String {
        let card = self.done(&["ask", "--place", place, question]);
        card.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What a command complains of.
    fn refused(&self, args: &[&str], expected: i32) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!(code, expected, "{args:?}: {out}{err}");
        err
    }
}

fn table(rows: usize) -> String {
    let mut text = String::from(
        "Leistung;Verfügbarkeit;Online-Link;Stelle;Telefon;Öffnungszeiten;Gebühr;Stand\n",
    );
    let services = [
        "hund-anmelden",
        "wohnsitz-ummelden",
        "fischereischein-beantragen",
        "Hundewiese mieten",
        "gewerbe-anmelden",
    ];
    for service in services.iter().take(rows) {
        text.push_str(service);
        text.push_str(";online;https://www.tuebingen.de/antrag;Bürgeramt;07071 204-1;Mo-Fr 8-12 Uhr;12 Euro;01.11.2026\n");
    }
    text
}

#[test]
fn a_clerks_table_is_imported_answered_from_and_exported_again() {
    let town = Town::new();
    let file = town.write("leistungen.csv", &table(5));
    let report = town.path("bericht.tsv");
    let out = town.done(&["import", "csv", &file, "--region", "Tübingen", "--report", &report]);
    assert!(out.contains("5 Einträge gelesen, 5 eingelesen"), "{out}");
    assert!(out.contains("1 eigene Leistungen"), "{out}");
    let report = fs::read_to_string(report).unwrap();
    assert!(report.contains("eigene Leistung\tcsv-084160041041\t"), "{report}");

    let card = town.card("Tübingen", "hund anmelden");
    for said in [
        "✓ Online: ja",
        "https://www.tuebingen.de/antrag",
        "Bürgeramt",
        "Telefon 07071 204-1",
        "Stand 01.11.2026",
    ] {
        assert!(card.contains(said), "{said}: {card}");
    }
    let hours = town.card("Tübingen", "öffnungszeiten hund anmelden");
    assert!(hours.contains("Mo–Fr: 8–12 Uhr"), "{hours}");
    // A service of the town's own is found there and nowhere else.
    let own = town.card("Tübingen", "hundewiese mieten");
    assert!(own.contains("Hundewiese mieten – Tübingen"), "{own}");
    let other = town.card("Köln", "hundewiese mieten");
    assert!(!other.contains("Hundewiese"), "{other}");

    let list = town.done(&["offers", "list", "--region", TUEBINGEN]);
    assert!(list.contains("online     hund-anmelden"), "{list}");
    let shown = town.done(&["offers", "show", "hund-anmelden", "--region", "Tübingen"]);
    assert!(shown.contains("Gebühr        12 Euro"), "{shown}");

    let exported = town.done(&["export", "csv", "--region", "Tübingen"]);
    let again = Town::new();
    let file = again.write("export.csv", &exported);
    again.done(&["import", "csv", &file, "--region", "Tübingen"]);
    assert_eq!(again.done(&["export", "csv"]), exported);
    let json = town.done(&["export", "json"]);
    assert_eq!(json.lines().count(), 5);
    assert!(json.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn mistakes_of_a_clerk_are_told_with_their_line() {
    let town = Town::new();
    let rows = "Leistung;Verfügbarkeit;Online-Link\n\
                hund-anmeldn;online;https://www.tuebingen.de/hund\n\
                gewerbe-anmelden;online;www.tuebingen.de/gewerbe\n\
                wohnsitz-ummelden;vor Ort;\n";
    let file = town.write("leistungen.csv", rows);
    let (code, out, err) = town.run(&["import", "csv", &file, "--region", "Tübingen"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("3 Einträge gelesen, 1 eingelesen"), "{out}");
    assert!(err.contains("»hund-anmeldn« gibt es nicht (meinten Sie »hund-anmelden«?)"), "{err}");
    assert!(err.contains("Zeile 3") && err.contains("Online-Link"), "{err}");
    let card = town.card("Tübingen", "hund anmelden");
    assert!(card.contains("Online: nicht bekannt"), "{card}");
    // Nothing that can be used: the reasons all the same.
    let file = town.write("nichts.csv", "Leistung;LeiKa\nHund anmelden;9,91E+13\n");
    let error = town.refused(&["import", "csv", &file, "--region", "Köln"], 1);
    assert!(error.contains("keine Leistung") && error.contains("LeiKa"), "{error}");
}

#[test]
fn an_outage_of_a_towns_own_entry_is_told_by_its_name() {
    let town = Town::new();
    let file = town.write("leistungen.csv", &table(4));
    town.done(&["import", "csv", &file, "--region", "Tübingen"]);
    let list = town.done(&["offers", "list", "--region", "Tübingen"]);
    let entry = list.lines().find(|line| line.contains("hund-anmelden")).unwrap();
    let entry = entry.split(['[', ']']).nth(1).unwrap();
    town.done(&["outage", "set", entry, "--region", "Tübingen"]);
    let card = town.card("Tübingen", "hund anmelden");
    assert!(card.starts_with("! Zurzeit gestört: Hund anmelden."), "{card}");
    let error = town.refused(&["outage", "set", "i-Kfz", "--until", "01.01.2020"], 2);
    assert!(error.contains("Vergangenheit"), "{error}");
}

#[test]
fn what_would_lose_services_is_refused_and_the_old_data_stay() {
    let town = Town::new();
    let file = town.write("leistungen.csv", &table(5));
    town.done(&["import", "csv", &file, "--region", "Tübingen"]);
    let before = town.done(&["offers", "list", "--region", "Tübingen"]);
    town.write("leistungen.csv", &table(2));
    let error = town.refused(&["import", "--update"], 1);
    assert!(
        error.contains("nur noch 2 statt 5 Leistungen") && error.contains("--force"),
        "{error}"
    );
    town.write("leistungen.csv", "Leistung;Verfügbarkeit\n");
    let error = town.refused(&["import", "--update"], 1);
    assert!(error.contains("keine Leistung"), "{error}");
    fs::remove_file(&file).unwrap();
    let error = town.refused(&["import", "--update"], 1);
    assert!(error.contains("leistungen.csv"), "{error}");
    assert_eq!(town.done(&["offers", "list", "--region", "Tübingen"]), before);
    town.write("leistungen.csv", &table(2));
    town.done(&["import", "--update", "--force"]);
    let list = town.done(&["offers", "list", "--region", "Tübingen"]);
    assert!(list.contains("2 Angebote"), "{list}");
}

#[test]
fn several_sources_are_joined_and_updated_together() {
    let town = Town::new();
    let file = town.write("leistungen.csv", &table(1));
    town.done(&["import", "csv", &file, "--region", "Tübingen"]);
    town.write(
        "towns/084160041041-tuebingen.toml",
        "format = 1\n\
         source = { title = \"Universitätsstadt Tübingen\", licence = \"CC BY 4.0\" }\n\
         [[offer]]\nservice = \"hund-anmelden\"\navailability = \"in_person\"\nchecked = 2026-11-20\n",
    );
    town.done(&["import", "towns", &town.path("towns")]);
    town.write(
        "dashboard.csv",
        "leika_key;leika_name;ars;url;online_status;aktiv\n\
         99102013104000;Hundesteuer Anmeldung;080000000000;https://www.service-bw.de/hund;ok;ja\n",
    );
    town.done(&["import", "dashboard", &town.path("dashboard.csv")]);
    let card = town.card("Tübingen", "hund anmelden");
    // The town's own people count before its table, that before the register of the Land.
    for said in [
        "Online: nein",
        "Bürgeramt",
        "Universitätsstadt Tübingen (Stand 20.11.2026), CC BY 4.0; Angaben der Verwaltung",
    ] {
        assert!(card.contains(said), "{said}: {card}");
    }
    assert!(
        !card.contains("https://www.tuebingen.de/antrag"),
        "an online link beside »nein«: {card}"
    );
    let elsewhere = town.card("Stuttgart", "hund anmelden");
    assert!(elsewhere.contains("Online: ja") && elsewhere.contains("service-bw.de"), "{elsewhere}");
    let updated = town.done(&["import", "--update"]);
    assert_eq!(updated.matches("eingelesen,").count(), 3, "{updated}");
    let (code, findings, _) = town.run(&["offers", "check"]);
    assert_eq!(code, 1, "{findings}");
    assert!(
        findings.contains("sagt »vor Ort«") && findings.contains("sagt »online«"),
        "{findings}"
    );
    let coverage = town.done(&[
        "catalog",
        "coverage",
        "--region",
        "Tübingen",
        "--csv",
        &town.path("c.csv"),
        "--chart",
        &town.path("c.svg"),
    ]);
    assert!(coverage.contains("1 Gemeinden"), "{coverage}");
    assert!(fs::read_to_string(town.path("c.csv")).unwrap().contains("Tübingen"));
    assert!(fs::read_to_string(town.path("c.svg")).unwrap().contains("</svg>"));
}

#[test]
fn an_outage_is_noted_told_and_cleared() {
    let town = Town::new();
    let out = town.done(&[
        "outage",
        "set",
        "i-Kfz",
        "--until",
        "31.12.2199 18:00",
        "--instead",
        "Kommen Sie vorbei.",
    ]);
    assert!(out.contains("betrifft fahrzeug-zulassen"), "{out}");
    let card = town.card("Köln", "auto abmelden");
    assert!(
        card.starts_with("! Zurzeit gestört (voraussichtlich bis 31.12.2199, 18 Uhr): i-Kfz."),
        "{card}"
    );
    assert!(card.contains("Stattdessen: Kommen Sie vorbei."), "{card}");
    assert!(!town.done(&["ask", "hund anmelden"]).contains("gestört"));
    assert!(town.done(&["outage", "list"]).contains("»i-Kfz« bis 31.12.2199 18:00"));
    let error = town.refused(&["outage", "set", "gibt es nicht"], 1);
    assert!(error.contains("»gibt es nicht« kommt in keiner Leistung vor"), "{error}");
    let error = town.refused(&["outage", "set", "i-Kfz", "--until", "bald"], 2);
    assert!(error.contains("--until: »bald« ist kein Zeitpunkt"), "{error}");
    town.done(&["outage", "clear", "i-Kfz"]);
    assert!(!town.card("Köln", "auto abmelden").contains("gestört"));
    // A half-written or wrong file is told, and not guessed at.
    town.write("data/outages.toml", "format = 1\n[[outage]]\nwaht = \"i-Kfz\"\n");
    let error = town.refused(&["ask", "auto abmelden"], 2);
    assert!(error.contains("outages.toml: Zeile 3"), "{error}");
}

#[test]
fn wrong_usage_says_what_to_do() {
    let town = Town::new();
    let file = town.write("x.csv", &table(1));
    for (args, said) in [
        (vec!["import"], "es fehlt, was gelesen werden soll"),
        (vec!["import", "--update"], "noch keine Quelle eingelesen"),
        (vec!["import", "csv", &file], "braucht --region"),
        (vec!["import", "csv", &file, "--region", "Nirgendwo"], "Nirgendwo"),
        (vec!["import", "csv", &file, "--region", "Neustadt"], "Neustadt"),
        (
            vec!["import", "berlin", "https://example.org/x", "--region", "Berlin"],
            "aus einer Datei",
        ),
        (vec!["offers", "list"], "offers.redb"),
    ] {
        let error = town.refused(&args, 2);
        assert!(error.contains(said), "{args:?}: {error}");
    }
    assert!(!Path::new(&town.path("data/offers.redb")).exists());
    town.write("data/offers.redb", "keine Datenbank");
    let error = town.refused(&["ask", "hund anmelden"], 2);
    assert!(error.contains("offers.redb") && error.contains("neu bauen"), "{error}");
    assert_eq!(fs::read_to_string(town.path("data/offers.redb")).unwrap(), "keine Datenbank");
}
