//! Berlin's services, as service.berlin.de exports them and as others have copied them.
//!
//! Three layouts are read, all JSON: the export itself (`{created, locale, error, data: [...]}`), a
//! flat list with a flag for "digital" (`[{id, title, is_digital, form_link ...}]`), and services
//! keyed by their id (`{"120335": {title, intro, documents ...}}`). They share most of their
//! fields, so that one type takes them all. A field of the wrong type counts as missing; but
//! where a service would be called offline for that, the entry is rejected.

use std::{collections::HashSet, fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Map, Value, error::Category, value::RawValue};
use time::{Date, macros::format_description};

use super::{
    availability::may_be_sent,
    plain::{at_most, plain},
    record::{Claim, Declared, Evidence, ImportError, Intake, Local, Record, SourceLink, Texts},
};
use crate::{
    catalog::authority::Authority,
    ids::{LeikaKey, RegionKey},
};

/// What relative addresses are relative to, and where every service has its page.
const PORTAL: &str = "https://service.berlin.de";

/// The longest text of a [`Record`], in characters.
const MAX_TEXT: usize = 300;

/// The longest search word, in characters; what is longer is none.
const MAX_KEYWORD: usize = 80;

/// The longest id, in characters.
const MAX_ID: usize = 30;

/// No service was edited before; older dates are the zero of some clock.
const FIRST_YEAR: i32 = 2000;

/// Offices of which Berlin has several, each for its district: the flat list names one of them, mostly
/// the first in the alphabet, for the whole city.
const ONE_OF_MANY: [&str; 4] = ["Amtsgericht ", "Bezirksamt ", "Finanzamt ", "Kammergericht"];

/// Reads a file of Berlin's services into records for `region`.
///
/// # Errors
///
/// If the file cannot be read, is not JSON in one of the three layouts, is not in German, or if the
/// export itself reports an error. What is wrong with one entry goes to [`Intake::reject`].
pub fn read(path: &Path, region: RegionKey, intake: &mut dyn Intake) -> Result<(), ImportError> {
    let file = path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(ImportError::Io { file, error }),
    };
    let entries = match utf8(&bytes).and_then(entries) {
        Ok(entries) => entries,
        Err(reason) => return Err(ImportError::Malformed { file, reason }),
    };
    let mut seen = HashSet::new();
    for (position, (key, json)) in (1..).zip(entries) {
        let entry = Entry::parse(json);
        let named = entry.as_ref().ok().and_then(Entry::label);
        let label =
            named.or_else(|| key.clone()).unwrap_or_else(|| format!("Datensatz {position}"));
        match entry.and_then(|entry| entry.record(key.as_deref(), region)) {
            Ok(record) if !seen.insert(record.id.clone()) => {
                let reason = "Die Kennung kommt mehrmals vor; der erste Eintrag gilt.";
                intake.reject(&file, &label, reason);
            }
            Ok(record) => intake.record(record),
            Err(reason) => intake.reject(&file, &label, &reason),
        }
    }
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        format!("Zeile {line}: kein UTF-8")
    })?;
    Ok(text.trim_start_matches('\u{feff}'))
}

/// An entry as it stands in the file, with its id where the file is keyed by ids.
type RawEntry<'a> = (Option<String>, &'a RawValue);

fn entries(json: &str) -> Result<Vec<RawEntry<'_>>, String> {
    let unkeyed = |list: Vec<_>| list.into_iter().map(|entry| (None, entry)).collect();
    if json.trim_start().starts_with('[') {
        return serde_json::from_str(json).map(unkeyed).map_err(|error| unreadable(&error));
    }
    let Fields(fields) = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
    let field = |name| fields.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let value = |name| field(name).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());

    if value("error").is_some_and(|error| is_true(&error)) {
        return Err("Die Quelle meldet einen Fehler statt der Dienstleistungen.".to_owned());
    }
    if let Some(Value::String(locale)) = value("locale")
        && !locale.starts_with("de")
    {
        return Err(format!("Der Export ist in der Sprache »{locale}«; gebraucht wird »de_DE«."));
    }
    let is_id = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
    match field("data") {
        Some(data) => {
            let list = serde_json::from_str(data.get()).map(unkeyed);
            list.map_err(|_| "»data« ist keine Liste.".to_owned())
        }
        None if fields.iter().any(|(key, _)| is_id(key)) => {
            Ok(fields.into_iter().map(|(key, entry)| (Some(key), entry)).collect())
        }
        None => Err("Die Datei enthält keine Liste von Dienstleistungen.".to_owned()),
    }
}

fn unreadable(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Eof => "die Datei bricht mittendrin ab",
        Category::Data => "keine Liste von Dienstleistungen",
        Category::Syntax | Category::Io => "kein gültiges JSON",
    };
    format!("Zeile {}: {what}", error.line())
}

/// The fields of an object in their order, none lost if a name occurs twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// One service, in any of the three layouts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: Text,
    name: Text,
    title: Text,
    description: Text,
    intro: Text,
    fees: Text,
    costs: Text,
    process_time: Text,
    time: Text,
    leika: Text,
    /// Papers; but prerequisites where the file is keyed by ids.
    requirements: List<Item>,
    /// Papers, where the file is keyed by ids.
    documents: List<Item>,
    prerequisites: List<Item>,
    forms: List<Item>,
    /// Address by title; checked when used.
    form_link: Value,
    links: List<Item>,
    authorities: List<Item>,
    responsible_office: Text,
    locations: List<Location>,
    #[serde(deserialize_with = "or_default")]
    appointment: Appointment,
    #[serde(deserialize_with = "or_default")]
    meta: Meta,
    /// Checked when used: being online hangs on it.
    onlineprocessing: Value,
    /// Checked when used: being online hangs on it.
    is_digital: Value,
}

/// A paper, a form, a link, an office.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    name: Text,
    label: Text,
    description: Text,
    content: Text,
    link: Text,
    url: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    #[serde(deserialize_with = "or_default")]
    appointment: Appointment,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Appointment {
    link: Text,
    allowed: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    url: Text,
    lastupdate: Text,
    keywords: Text,
}

impl Entry {
    fn parse(json: &RawValue) -> Result<Self, String> {
        if !json.get().starts_with('{') {
            return Err("Der Eintrag ist kein Objekt.".to_owned());
        }
        serde_json::from_str(json.get())
            .map_err(|error| format!("Der Eintrag ist nicht lesbar ({error})."))
    }

    /// What to call it in a list of rejected entries.
    fn label(&self) -> Option<String> {
        self.id.plain().or_else(|| self.name())
    }

    fn name(&self) -> Option<String> {
        self.name.plain().or_else(|| self.title.plain())
    }

    fn record(&self, key: Option<&str>, region: RegionKey) -> Result<Record, String> {
        let id = self.id(key)?;
        let name = self.name().ok_or("Der Name fehlt.")?;
        let evidence = Evidence {
            // A keyed file leaves out the section on what can be done online, though its texts
            // point to it: what it does not mention may well be there.
            described: key.is_none() && self.summary().is_some(),
            declared: self.declared()?,
            links: self.source_links()?,
            form_may_be_sent: may_be_sent(&self.procedure()),
            ..Evidence::default()
        };
        let texts = Texts {
            summary: self.summary(),
            fee: self.fees.plain().or_else(|| self.costs.plain()),
            papers: papers(if key.is_some() { &self.documents } else { &self.requirements }),
            deadlines: Vec::new(),
            duration: self.process_time.plain().or_else(|| self.time.plain()),
            page: Some(self.page(&id)),
            as_of: self.meta.last_update(),
        };
        let local =
            Local { regions: vec![region], evidence, authority: self.authority(), texts: None };
        Ok(Record {
            says: self.meta.keywords(&name),
            id,
            service: None,
            name,
            official: None,
            leika: self.leika(),
            texts,
            local: vec![local],
            source: None,
        })
    }

    fn id(&self, key: Option<&str>) -> Result<String, String> {
        let id = self.id.0.trim();
        let id = if id.is_empty() { key.unwrap_or_default() } else { id };
        let well_formed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match id {
            "" => Err("Die Kennung fehlt.".to_owned()),
            _ if id.len() <= MAX_ID && id.chars().all(well_formed) => Ok(id.to_owned()),
            _ => Err(format!(
                "Die Kennung ist unbrauchbar (erlaubt: Buchstaben, Ziffern, . _ -; höchstens {MAX_ID} Zeichen)."
            )),
        }
    }

    fn summary(&self) -> Option<String> {
        self.description.plain().or_else(|| self.intro.plain())
    }

    /// All that may tell how the matter is handed in, as markup.
    fn procedure(&self) -> String {
        let lists = [&self.requirements, &self.documents, &self.prerequisites];
        let items = lists.into_iter().flat_map(|list| &list.0);
        let parts =
            items.flat_map(|item| [&item.name, &item.label, &item.description, &item.content]);
        let parts = [&self.description, &self.intro].into_iter().chain(parts);
        parts.map(|text| text.0.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn declared(&self) -> Result<Option<Declared>, String> {
        match &self.is_digital {
            Value::Null => Ok(None),
            Value::Bool(true) => Ok(Some(Declared::Online)),
            Value::Bool(false) => Ok(Some(Declared::NotOnline)),
            _ => Err("»is_digital« ist weder wahr noch falsch.".to_owned()),
        }
    }

    fn source_links(&self) -> Result<Vec<SourceLink>, String> {
        let items = |claim, list: &List<Item>| {
            let link = move |item: &Item| source_link(claim, item.address(), Some(item.title()));
            list.0.iter().filter_map(link).collect::<Vec<_>>()
        };
        let mut links = Vec::new();
        links.extend(source_link(Claim::OnlineService, self.online_address()?, None));
        links.extend(items(Claim::Form, &self.forms));
        for (title, address) in self.form_link.as_object().into_iter().flatten() {
            links.extend(source_link(
                Claim::Form,
                address.as_str().unwrap_or_default(),
                Some(title),
            ));
        }
        links.extend(self.appointments());
        links.extend(items(Claim::Information, &self.links));
        Ok(links)
    }

    /// The address of the online service, empty if there is none.
    fn online_address(&self) -> Result<&str, String> {
        let processing = match &self.onlineprocessing {
            Value::Object(fields) => fields.get("link").unwrap_or(&Value::Null),
            // An empty object, as PHP writes it.
            Value::Array(fields) if fields.is_empty() => &Value::Null,
            other => other,
        };
        match processing {
            Value::String(address) => Ok(address),
            Value::Null | Value::Bool(false) => Ok(""),
            _ => Err("»onlineprocessing« hat nicht die erwartete Form.".to_owned()),
        }
    }

    /// Where appointments are made: for all of Berlin, or else at each office.
    fn appointments(&self) -> Vec<SourceLink> {
        let link = |address: &Text| source_link(Claim::Appointment, &address.0, None);
        if let Some(everywhere) = link(&self.appointment.link) {
            return vec![everywhere];
        }
        let offices = self.locations.0.iter().map(|location| &location.appointment);
        offices.filter(|at| is_true(&at.allowed)).filter_map(|at| link(&at.link)).collect()
    }

    /// The one office in charge.
    fn authority(&self) -> Option<Authority> {
        // With its address, or a whole sentence, it is not a name.
        let is_name =
            |office: &&str| !office.is_empty() && !office.contains('\n') && !office.ends_with('.');
        let name = match self.authorities.0.as_slice() {
            [] => {
                let office = Some(self.responsible_office.0.trim()).filter(is_name)?;
                let is_one_of_many =
                    |office: &String| ONE_OF_MANY.iter().any(|kind| office.starts_with(kind));
                Some(plain(office)).filter(|office| !is_one_of_many(office))
            }
            [only] => only.name.plain(),
            _ => None,
        };
        name.map(Authority::named)
    }

    fn page(&self, id: &str) -> String {
        let page = absolute(&self.meta.url.0);
        let filled = page.starts_with("http") && !page.contains(['{', ' ']);
        if filled { page } else { format!("{PORTAL}/dienstleistung/{id}/") }
    }

    fn leika(&self) -> Vec<LeikaKey> {
        let mut keys: Vec<LeikaKey> = Vec::new();
        let digits = self.leika.0.split(|c: char| !c.is_ascii_digit());
        for key in digits.filter_map(|key| key.parse().ok()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

impl Item {
    fn title(&self) -> &str {
        if self.name.0.is_empty() { &self.label.0 } else { &self.name.0 }
    }

    fn address(&self) -> &str {
        if self.link.0.is_empty() { &self.url.0 } else { &self.link.0 }
    }
}

impl Meta {
    fn last_update(&self) -> Option<Date> {
        let day = self.lastupdate.0.trim().get(..10)?;
        let day = Date::parse(day, format_description!("[year]-[month]-[day]")).ok()?;
        (day.year() >= FIRST_YEAR).then_some(day)
    }

    /// The search words beside the name.
    fn keywords(&self, name: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.keywords.0.split([',', ';']).map(plain) {
            let fit = !word.is_empty() && word != name && word.chars().count() <= MAX_KEYWORD;
            if fit && !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }
}

/// The names of the papers to bring.
fn papers(items: &List<Item>) -> Vec<String> {
    let mut papers = Vec::new();
    let mut listed = "";
    for item in &items.0 {
        let title = item.title();
        // Keyed files repeat the list within a paper's description as papers of their own.
        let repeated = !listed.is_empty() && item.content.0.is_empty() && listed.contains(title);
        if !item.content.0.is_empty() {
            listed = &item.content.0;
        }
        let paper = at_most(&plain(title), MAX_TEXT);
        if !repeated && !paper.is_empty() && !paper.eq_ignore_ascii_case("keine") {
            papers.push(paper);
        }
    }
    papers
}

fn source_link(claim: Claim, address: &str, title: Option<&str>) -> Option<SourceLink> {
    let url = absolute(address);
    let title = title.map(plain).filter(|title| !title.is_empty());
    (!url.is_empty()).then_some(SourceLink { claim, url, title })
}

fn absolute(address: &str) -> String {
    let address = address.trim();
    if address.starts_with("//") {
        format!("https:{address}")
    } else if address.starts_with('/') {
        format!("{PORTAL}{address}")
    } else {
        address.to_owned()
    }
}

/// Text, with markup; of a number its digits, of a list its parts, of anything else nothing.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Without markup and at most [`MAX_TEXT`] characters; `None` if nothing is left.
    fn plain(&self) -> Option<String> {
        Some(at_most(&plain(&self.0), MAX_TEXT)).filter(|text| !text.is_empty())
    }
}

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self(text),
            Value::Number(number) => Self(number.to_string()),
            Value::Array(parts) => {
                let parts = parts.into_iter().map(|part| Self::from(part).0);
                Self(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
            }
            Value::Null | Value::Bool(_) | Value::Object(_) => Self::default(),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

/// A list, without the parts that are of another type; empty if it is no list. A part that is only
/// a text is its name.
#[derive(Default)]
struct List<T>(Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Array(parts) = Value::deserialize(deserializer)? else {
            return Ok(Self(Vec::new()));
        };
        let named = |part| match part {
            Value::String(_) => Value::Object(Map::from_iter([("name".to_owned(), part)])),
            other => other,
        };
        Ok(Self(parts.into_iter().filter_map(|part| T::deserialize(named(part)).ok()).collect()))
    }
}

/// What it should be, or the default if it is something else (PHP writes `[]` for an empty object).
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(T::deserialize(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// True as PHP writes it.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim(), "" | "0" | "false"),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests;
