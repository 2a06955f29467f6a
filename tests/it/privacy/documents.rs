//! What operators and data protection officers read names nothing that is not there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use amtslotse::config::EXAMPLE;

use super::process::program;

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages of both handbooks.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dirs =
        ["docs/betrieb", "docs/datenschutz"].map(|dir| fs::read_dir(root.join(dir)).unwrap());
    let files = dirs.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The words of a text that begin so, of the characters that names are made of.
fn words<'a>(text: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !is_name(c)).filter(move |word| word.starts_with(beginning))
}

#[test]
fn every_figure_is_documented_and_every_documented_one_is_there() {
    let code = read("src/metrics.rs");
    let page = read("docs/betrieb/ueberwachung.md");
    let known: BTreeSet<&str> =
        words(&code, "amtslotse_").filter(|name| !name.ends_with('_')).collect();
    let told: BTreeSet<&str> = words(&page, "amtslotse_").collect();
    assert_eq!(told, known);
    for file in ["docs/betrieb/alarme.yml", "docs/betrieb/grafana.json"] {
        for name in read(file).lines().flat_map(|line| words(line, "amtslotse_")) {
            let name = name.trim_end_matches("_bucket");
            assert!(known.contains(name), "{file}: {name}");
        }
    }
}

#[test]
fn every_setting_is_documented_with_its_default() {
    let page = read("docs/betrieb/README.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let key = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        let is_key = key.contains('.') && !key.contains(' ');
        is_key.then(|| (key.to_owned(), cells[2].trim_matches('`').to_owned()))
    });
    let told: BTreeSet<(String, String)> = rows.collect();
    let example: toml::Table = EXAMPLE.parse().unwrap();
    let settings = example.iter().flat_map(|(section, keys)| {
        let keys = keys.as_table().unwrap().iter();
        keys.map(move |(key, value)| (format!("{section}.{key}"), value.to_string()))
    });
    assert_eq!(told, settings.collect());
}

#[test]
fn every_command_is_there() {
    let mut commands = BTreeSet::new();
    for path in pages() {
        for line in read(path).lines() {
            let called = line.split("amtslotse ").skip(1).map(str::trim_start);
            let is_shell = line.trim_start().starts_with("amtslotse")
                || line.contains("`amtslotse ")
                || line.contains("sudo amtslotse");
            commands.extend(called.filter(|_| is_shell).filter_map(|rest| {
                let rest = rest
                    .strip_prefix("--config ")
                    .map_or(rest, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
                let word = rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
                (!word.is_empty()).then(|| word.to_owned())
            }));
        }
    }
    assert!(commands.contains("serve") && commands.contains("privacy"), "{commands:?}");
    for command in commands {
        let output = program().args([&*command, "--help"]).output().unwrap();
        assert!(output.status.success(), "amtslotse {command}: {output:?}");
    }
}

#[test]
fn every_table_is_documented() {
    let told = read("docs/datenschutz/README.md");
    let schema = read("migrations/0001_start.sql");
    let tables = schema.split("CREATE TABLE ").skip(1).map(|rest| rest.split(' ').next().unwrap());
    // Which programs may work with the tables: nobody's data.
    for table in tables.filter(|table| *table != "compatibility") {
        assert!(told.contains(&format!("`{table}`")), "{table}");
    }
}

/// As the forges make it: small letters, hyphens for spaces, and nothing else but letters.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for path in pages() {
        let text = read(&path);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", path.display());
            let is_there = || {
                let text = read(&target);
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                headings.any(|line| anchor(line.trim_start_matches('#')) == heading)
            };
            assert!(heading.is_empty() || is_there(), "{}: {link}", path.display());
        }
    }
}
