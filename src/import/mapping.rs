//! Which of our services a foreign entry is.
//!
//! In this order: what the source itself says, the table `catalog/mapping/<source>.toml` made by
//! hand, the key of the federal catalog of services (exact, then climbing), and last the name, read
//! by the matcher as if a citizen had typed it. What is found by name is listed for review.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::record::Record;
use crate::{
    bot::TakenFor,
    catalog::{Catalog, CatalogFiles, Finding, load::in_german},
    ids::{LeikaKey, ServiceId},
};

/// How a foreign entry was joined with one of our services; the better, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum By {
    /// The source names our id itself.
    Source,
    /// A person joined them; the number is the place in the table.
    Hand(u32),
    /// Both have the same key.
    Key,
    /// Their keys meet on a level above.
    KeyAbove,
    /// The matcher took the name for it, with this confidence.
    Name(f32),
}

impl By {
    /// In German, for reports.
    pub fn word(self) -> String {
        match self {
            Self::Source => "in der Quelle genannt".to_owned(),
            Self::Hand(_) => "von Hand".to_owned(),
            Self::Key => "Schlüssel".to_owned(),
            Self::KeyAbove => "Schlüssel darüber".to_owned(),
            Self::Name(sure) => format!("Name ({:.0} %)", 100.0 * sure),
        }
    }
}

/// One of our services that a foreign entry is.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// Ours.
    pub service: ServiceId,
    /// How we know.
    pub by: By,
    /// Whether the foreign entry is only a special case of it.
    pub part: bool,
}

/// What the matcher takes a name for.
pub type Guess<'a> = dyn Fn(&str) -> Option<TakenFor> + 'a;

/// A name that is one of ours word for word is taken for it from this confidence on ...
const SURE: f32 = 0.9;
/// ... and any other for a special case of it from this one on: it does not speak for the whole.
/// Measured against the tables made by hand (`docs/offers.md`).
const SURE_OF_PART: f32 = 0.99;

/// The tables of one source, and the keys of our services.
#[derive(Debug, Default)]
pub struct Mapping {
    by_hand: HashMap<String, Vec<Mapped>>,
    own: HashSet<String>,
    by_key: BTreeMap<LeikaKey, Vec<ServiceId>>,
    known: HashSet<ServiceId>,
    says: HashMap<String, Vec<String>>,
}

/// The file `catalog/mapping/<source>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    format: u32,
    source: String,
    /// Our id to theirs; the first one is the main entry.
    #[serde(default)]
    services: BTreeMap<ServiceId, Vec<String>>,
    /// Our id to those of theirs that are special cases.
    #[serde(default)]
    parts: BTreeMap<ServiceId, Vec<String>>,
    #[serde(default)]
    own: Own,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    /// Looked at, and none of ours.
    ids: Vec<String>,
}

impl Mapping {
    /// The keys of a catalog, and its table for a source if there is one.
    ///
    /// # Errors
    /// What is wrong with the table, with file, and line where known.
    pub fn load(files: &CatalogFiles, catalog: &Catalog, source: &str) -> Result<Self, Finding> {
        let mut mapping = Self::default();
        for service in catalog.services() {
            mapping.known.insert(service.id.clone());
            for key in &service.leika {
                mapping.by_key.entry(*key).or_default().push(service.id.clone());
            }
        }
        let path = format!("mapping/{source}.toml");
        let Some(bytes) = files.file(&path) else { return Ok(mapping) };
        let shown = files.display(&path);
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Finding::error(&shown, "kein gültiges UTF-8"))?;
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            Finding::error(&shown, in_german(error.message())).at_line(line)
        })?;
        if table.format != 1 || table.source != source {
            let message = format!("format = 1 und source = \"{source}\" erwartet");
            return Err(Finding::error(shown, message));
        }
        mapping.take(table).map_err(|message| Finding::error(shown, message))?;
        mapping.load_says(files, source)?;
        Ok(mapping)
    }

    /// What people say when they need an entry of the source: `mapping/<source>.tsv`, a line each of
    /// the entry's id and an expression; `#` begins a comment.
    fn load_says(&mut self, files: &CatalogFiles, source: &str) -> Result<(), Finding> {
        let path = format!("mapping/{source}.tsv");
        let Some(bytes) = files.file(&path) else { return Ok(()) };
        let shown = files.display(&path);
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Finding::error(&shown, "kein gültiges UTF-8"))?;
        for (at, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')) {
            let Some((id, said)) = line.split_once('\t') else {
                let message = "erwartet: Kennung, Tabulator, Ausdruck";
                return Err(Finding::error(shown, message).at_line(Some(at)));
            };
            self.says.entry(id.to_owned()).or_default().push(said.to_owned());
        }
        Ok(())
    }

    /// What people say when they need an entry, beside what its source says of it.
    pub fn says(&self, id: &str) -> &[String] {
        self.says.get(id).map_or(&[], Vec::as_slice)
    }

    fn take(&mut self, table: Table) -> Result<(), String> {
        for (part, ours) in [(false, table.services), (true, table.parts)] {
            // An own catalog need not have all services that a shipped table names.
            for (service, ids) in ours.into_iter().filter(|(id, _)| self.known.contains(id)) {
                for (at, id) in (0..).zip(ids) {
                    let mapped = Mapped { service: service.clone(), by: By::Hand(at), part };
                    self.by_hand.entry(id).or_default().push(mapped);
                }
            }
        }
        self.own.extend(table.own.ids);
        match self.own.iter().find(|id| self.by_hand.contains_key(*id)) {
            Some(id) => Err(format!("own.ids: »{id}« ist weiter oben zugeordnet")),
            None => Ok(()),
        }
    }

    /// Which of our services a record is; none if it is a service of its own.
    pub fn map(&self, record: &Record, guess: &Guess<'_>) -> Vec<Mapped> {
        let named = record.service.as_deref().and_then(|id| id.parse::<ServiceId>().ok());
        if let Some(service) = named.filter(|id| self.known.contains(id)) {
            return vec![Mapped { service, by: By::Source, part: false }];
        }
        if let Some(mapped) = self.by_hand.get(&record.id) {
            return mapped.clone();
        }
        if self.own.contains(&record.id) {
            return Vec::new();
        }
        let exact = record.leika.iter().filter_map(|key| self.by_key.get(key)).flatten();
        let exact = unique(exact.map(|id| (id, By::Key, false)));
        if !exact.is_empty() {
            return exact;
        }
        let guessed = guess(&record.name);
        let above = self.above(&record.leika, guessed.as_ref().map(|taken| &taken.service));
        if !above.is_empty() {
            return above;
        }
        // A key that is none of ours tells that the service is none, whatever its name is like.
        if record.leika.iter().any(|key| !key.is_object()) {
            return Vec::new();
        }
        let enough = |taken: &TakenFor| taken.sure >= if taken.named { SURE } else { SURE_OF_PART };
        let taken = guessed.filter(enough);
        taken
            .map(|TakenFor { service, sure, named }| Mapped {
                service,
                by: By::Name(sure),
                part: !named,
            })
            .into_iter()
            .collect()
    }

    /// Ours whose keys meet the foreign ones on a level above: the same action with another detail,
    /// or, where one of both stands for all actions, the same object. Of several ours, and wherever
    /// only the object is the same, the name must tell which.
    fn above(&self, keys: &[LeikaKey], guessed: Option<&ServiceId>) -> Vec<Mapped> {
        let ours = |key: LeikaKey| {
            let object = key.object();
            self.by_key.range(object..).take_while(move |(own, _)| own.object() == object)
        };
        for &key in keys {
            let whole = key.action();
            let same_action: Vec<&ServiceId> = ours(key)
                .filter(|(own, _)| !key.is_object() && (**own == whole || own.action() == key))
                .flat_map(|(_, ids)| ids)
                .collect();
            // Their detail of our whole action is a special case of ours.
            let is_detail = key != whole;
            match same_action.as_slice() {
                [] => {}
                [only] => return unique([(*only, By::KeyAbove, is_detail)]),
                several => {
                    let told = several.iter().find(|id| Some(**id) == guessed);
                    return unique(told.map(|id| (*id, By::KeyAbove, is_detail)));
                }
            }
            let same_object: Vec<&ServiceId> = ours(key)
                .filter(|(own, _)| key.is_object() || own.is_object())
                .flat_map(|(_, ids)| ids)
                .collect();
            if let Some(told) = same_object.iter().find(|id| Some(**id) == guessed) {
                return unique([(*told, By::KeyAbove, false)]);
            }
        }
        Vec::new()
    }
}

/// What is wrong with the tables of a catalog.
pub fn check(files: &CatalogFiles, catalog: &Catalog) -> Vec<Finding> {
    let mut sources: Vec<&str> = files
        .below("mapping/", "")
        .filter_map(|(path, _)| path.strip_prefix("mapping/")?.rsplit_once('.'))
        .map(|(source, _)| source)
        .collect();
    sources.dedup();
    sources.into_iter().filter_map(|source| Mapping::load(files, catalog, source).err()).collect()
}

fn unique<'a>(found: impl IntoIterator<Item = (&'a ServiceId, By, bool)>) -> Vec<Mapped> {
    let mut out: Vec<Mapped> = Vec::new();
    for (service, by, part) in found {
        if !out.iter().any(|mapped| mapped.service == *service) {
            out.push(Mapped { service: service.clone(), by, part });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> Mapping {
        let mut mapping = Mapping::default();
        for (id, key) in [
            ("pass", "99085001012000"),
            ("pass-kind", "99085001012000"),
            ("wohnung-haupt", "99115005104001"),
            ("wohnung-neben", "99115005104002"),
            ("jagdschein", "99012001001000"),
        ] {
            let id: ServiceId = id.parse().unwrap();
            mapping.known.insert(id.clone());
            mapping.by_key.entry(key.parse().unwrap()).or_default().push(id);
        }
        let table = r#"
            format = 1
            source = "stadt"
            [services]
            jagdschein = ["7", "9"]
            [parts]
            pass = ["8"]
            [own]
            ids = ["10"]
        "#;
        mapping.take(toml::from_str(table).unwrap()).unwrap();
        mapping
    }

    fn map(id: &str, keys: &[&str], guess: Option<(&str, f32)>) -> Vec<(String, By, bool)> {
        let leika = keys.iter().map(|key| key.parse().unwrap()).collect();
        let record = Record { id: id.into(), leika, ..Record::default() };
        let guess = |_: &str| {
            guess.map(|(id, sure)| TakenFor {
                service: id.parse().unwrap(),
                sure,
                named: sure < 0.99,
            })
        };
        let mapped = mapping().map(&record, &guess);
        mapped.into_iter().map(|m| (m.service.to_string(), m.by, m.part)).collect()
    }

    #[test]
    fn the_table_made_by_hand_counts_before_keys_and_names() {
        assert_eq!(
            map("9", &["99085001012000"], None),
            [("jagdschein".into(), By::Hand(1), false)]
        );
        assert_eq!(map("8", &[], None), [("pass".into(), By::Hand(0), true)]);
        assert_eq!(map("10", &["99085001012000"], Some(("pass", 1.0))), []);
    }

    #[test]
    fn keys_climb_and_the_name_tells_where_they_leave_it_open() {
        let both = [("pass".into(), By::Key, false), ("pass-kind".into(), By::Key, false)];
        assert_eq!(map("1", &["99085001012000"], None), both);
        let detail = map("1", &["99012001001003"], None);
        assert_eq!(detail, [("jagdschein".into(), By::KeyAbove, true)]);
        let action = ["99115005104000"];
        assert_eq!(map("1", &action, None), []);
        let told = map("1", &action, Some(("wohnung-neben", 0.4)));
        assert_eq!(told, [("wohnung-neben".into(), By::KeyAbove, false)]);
        let object = ["99115005000000"];
        assert_eq!(map("1", &object, Some(("jagdschein", 0.5))), []);
        let told = map("1", &object, Some(("wohnung-haupt", 0.4)));
        assert_eq!(told, [("wohnung-haupt".into(), By::KeyAbove, false)]);
    }

    #[test]
    fn a_name_must_be_sure_and_no_key_may_speak_against_it() {
        let sure = Some(("jagdschein", 0.95));
        assert_eq!(map("1", &[], sure), [("jagdschein".into(), By::Name(0.95), false)]);
        assert_eq!(map("1", &[], Some(("jagdschein", 0.8))), []);
        let like = map("1", &[], Some(("jagdschein", 0.995)));
        assert_eq!(like, [("jagdschein".into(), By::Name(0.995), true)]);
        assert_eq!(map("1", &["99999999012000"], sure), []);
    }

    #[test]
    fn a_faulty_table_is_refused() {
        let table = "format = 1\nsource = \"x\"\n[services]\npass = [\"1\"]\n[own]\nids = [\"1\"]";
        let error = mapping().take(toml::from_str(table).unwrap()).unwrap_err();
        assert!(error.contains("weiter oben"), "{error}");
    }

    #[test]
    fn the_shipped_tables_name_services_of_the_catalog() {
        let files = CatalogFiles::embedded();
        let catalog = Catalog::load(&files).unwrap();
        assert_eq!(check(&files, &catalog), []);
        for (path, bytes) in files.below("mapping/", ".toml") {
            let table: Table = toml::from_str(std::str::from_utf8(bytes).unwrap()).unwrap();
            for id in table.services.keys().chain(table.parts.keys()) {
                assert!(catalog.service(id).is_some(), "{path}: {id}");
            }
        }
    }
}
