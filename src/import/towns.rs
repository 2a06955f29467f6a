//! What towns know better than any catalog: overlays, written by hand by their own editors.
//!
//! An overlay is a TOML file whose name begins with the twelve digits of its region
//! (`053150000000-koeln.toml`):
//!
//! ```toml
//! format = 1
//! source = { title = "Stadt Musterstadt", url = "https://www.musterstadt.example/", licence = "CC BY 4.0" }
//!
//! [authority.buergerbuero]        # offices, named once
//! name = "Bürgerbüro"
//! street = "Rathausplatz 1"
//! postcode = "12345"
//! city = "Musterstadt"
//! phone = "01234 5678"
//! email = "buergerbuero@musterstadt.example"
//! web = "https://www.musterstadt.example/buergerbuero"
//! hours = "Mo-Fr 8-12 Uhr"
//! accessibility = "Rampe am Seiteneingang"
//!
//! [[offer]]
//! service = "hund-anmelden"       # our id; or name = "..." for a service of the town's own
//! availability = "partly"         # online | partly | not_online | in_person | unknown
//! checked = 2026-11-22
//! authority = "buergerbuero"
//! reason = "Die Steuermarke holen Sie ab."
//! steps = [{ do = "Anmeldung", how = "online" }, { do = "Marke abholen", how = "in_person" }]
//! links = [{ kind = "online", url = "https://www.musterstadt.example/hund", title = "Zur Anmeldung" }]
//! fee = "120 Euro im Jahr"        # also: papers, deadlines, says = ["..."], duration, summary
//! ```
//!
//! Only `availability`, `checked` and one of `service` and `name` must be there. A mistake in an
//! offer rejects that offer, one in an office the office and the offers that name it; if a file is no
//! TOML, or its head is wrong, it is rejected as a whole. Nothing is ever passed over silently.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use serde::{Deserialize, Deserializer};
use time::{Date, Month};
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error, ValueDeserializer},
};

use super::{
    by_hand::{self, MAX_NAME, SHOWN},
    plain,
    record::{Claim, Declared, Evidence, ImportError, Intake, Local, Record, SourceLink},
    record::{SourceNote, Texts},
};
use crate::{
    catalog::{
        authority::Authority,
        hours::OpeningHours,
        load::{did_you_mean, in_german},
        service::{How, LinkKind, Step},
    },
    ids::{RegionKey, ServiceId},
};

/// The largest overlay, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// A longer message of the parser repeats a value that is no sensible one, in bytes.
const MAX_MESSAGE: usize = 1_000;
/// The only version of the format.
const FORMAT: u32 = 1;

/// Reads all overlays of a directory, in order of their names. Hidden files and such as do not end
/// with `.toml` are no overlays.
///
/// # Errors
/// If the directory cannot be read. A file that cannot is rejected, and the others are read.
pub fn read(dir: &Path, intake: &mut dyn Intake) -> Result<(), ImportError> {
    let io = |error| ImportError::Io { file: dir.display().to_string(), error };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.retain(|path| is_overlay(path));
    paths.sort();
    let mut known = HashMap::new();
    for path in paths {
        let file = path.display().to_string();
        if let Err(rejected) = read_file(&path, &file, &mut known, intake) {
            intake.reject(&rejected.place, WHOLE, &rejected.reason);
        }
    }
    Ok(())
}

/// What is rejected if it is no single entry.
const WHOLE: &str = "ganze Datei";

fn is_overlay(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"))
}

/// Why a file is rejected as a whole, and where that shows.
struct Rejection {
    place: String,
    reason: String,
}

/// What is wrong, and how far into the file.
struct Fault {
    at: usize,
    reason: String,
}

impl Fault {
    fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }
}

/// Names places in a file.
struct Places<'f> {
    file: &'f str,
    /// Where each line but the first begins.
    lines: Vec<usize>,
}

impl<'f> Places<'f> {
    fn new(file: &'f str, text: &str) -> Self {
        Self { file, lines: text.match_indices('\n').map(|(at, _)| at + 1).collect() }
    }

    /// "koeln.toml, Zeile 12".
    fn place(&self, at: usize) -> String {
        let line = 1 + self.lines.partition_point(|start| *start <= at);
        format!("{}, Zeile {line}", self.file)
    }
}

/// Reads one overlay; `known` has the place of each record read before.
fn read_file(
    path: &Path,
    file: &str,
    known: &mut HashMap<String, String>,
    intake: &mut dyn Intake,
) -> Result<(), Rejection> {
    let rejected = |reason: String| Rejection { place: file.to_owned(), reason };
    let region = region(path).map_err(rejected)?;
    let bytes = by_hand::read_file(path, MAX_FILE).map_err(|error| rejected(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        rejected(format!("Zeile {line}: kein gültiges UTF-8 (bitte als UTF-8 speichern)"))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);

    let places = Places::new(file, text);
    let parsed = Overlay::parse(text);
    let mut overlay = parsed
        .map_err(|fault| Rejection { place: places.place(fault.at), reason: fault.reason })?;
    for (name, fault) in &overlay.wrong_authorities {
        intake.reject(&places.place(fault.at), &format!("authority.{name}"), &fault.reason);
    }
    for (number, offer) in (1..).zip(std::mem::take(&mut overlay.offers)) {
        let called = called(&offer).unwrap_or_else(|| format!("Angebot {number}"));
        let start = offer.span().start;
        let record =
            overlay.record(offer, text, region).and_then(|record| match known.get(&record.id) {
                Some(place) => Err(Fault::new(start, format!("steht schon in {place}"))),
                None => Ok(record),
            });
        match record {
            Ok(record) => {
                known.insert(record.id.clone(), places.place(start));
                intake.record(record);
            }
            Err(fault) => intake.reject(&places.place(fault.at), &called, &fault.reason),
        }
    }
    Ok(())
}

/// The region that a file's name begins with.
fn region(path: &Path) -> Result<RegionKey, String> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let key = stem.split(['-', '_', ' ']).next().unwrap_or_default();
    key.parse().map_err(|_| {
        "der Dateiname beginnt nicht mit dem Regionalschlüssel (12 Ziffern, dann ein Bindestrich)"
            .to_owned()
    })
}

/// What an offer says it is about.
fn called(offer: &Spanned<DeValue<'_>>) -> Option<String> {
    let table = offer.get_ref().as_table()?;
    let name = table.get("service").or_else(|| table.get("name"))?;
    by_hand::text(name.get_ref().as_str()?)
}

/// An overlay whose head is right, its offers not looked into yet.
struct Overlay<'t> {
    source: SourceNote,
    authorities: BTreeMap<String, Authority>,
    wrong_authorities: BTreeMap<String, Fault>,
    offers: Vec<Spanned<DeValue<'t>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEntry {
    title: String,
    url: Option<Spanned<String>>,
    licence: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityEntry {
    name: Spanned<String>,
    street: Option<String>,
    postcode: Option<Spanned<String>>,
    city: Option<String>,
    phone: Option<String>,
    email: Option<Spanned<String>>,
    web: Option<Spanned<String>>,
    hours: Option<String>,
    accessibility: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferEntry {
    service: Option<Spanned<String>>,
    name: Option<Spanned<String>>,
    availability: Declared,
    #[serde(deserialize_with = "date")]
    checked: Date,
    reason: Option<String>,
    authority: Option<Spanned<String>>,
    fee: Option<String>,
    #[serde(default)]
    papers: Vec<String>,
    #[serde(default)]
    deadlines: Vec<String>,
    duration: Option<String>,
    #[serde(default)]
    steps: Vec<StepEntry>,
    #[serde(default)]
    says: Vec<String>,
    summary: Option<String>,
    #[serde(default)]
    links: Vec<LinkEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepEntry {
    #[serde(rename = "do")]
    what: String,
    how: How,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkEntry {
    kind: LinkKind,
    url: Spanned<String>,
    title: Option<String>,
}

/// A date as TOML writes it, without time.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = toml::value::Datetime::deserialize(deserializer)?;
    let date = value.date.filter(|_| value.time.is_none()).and_then(|date| {
        let month = Month::try_from(date.month).ok()?;
        Date::from_calendar_date(i32::from(date.year), month, date.day).ok()
    });
    date.ok_or_else(|| serde::de::Error::custom(format!("»{value}« ist kein Tag wie 2026-11-22")))
}

impl<'t> Overlay<'t> {
    fn parse(text: &'t str) -> Result<Self, Fault> {
        let mut table = DeTable::parse(text).map_err(|error| fault(&error, text))?.into_inner();
        let mut section = |key: &str| table.remove(key);
        let (format, source) = (section("format"), section("source"));
        let (authorities, offers) = (section("authority"), section("offer"));
        if let Some(key) = table.keys().next() {
            let reason = unknown_key(key.get_ref(), SECTIONS.into_iter());
            return Err(Fault::new(key.span().start, reason));
        }
        let missing = |key: &str| Fault::new(0, format!("der Schlüssel »{key}« fehlt"));
        let format = format.ok_or_else(|| missing("format"))?;
        let at = format.span().start;
        if typed::<u32>(format, text)? != FORMAT {
            let reason = format!("dieses »format« ist nicht bekannt; bekannt ist {FORMAT}");
            return Err(Fault::new(at, reason));
        }
        let source = source_note(source.ok_or_else(|| missing("source"))?, text)?;
        let (authorities, wrong_authorities) = all_authorities(authorities, text)?;
        let offers = match offers.map(|offers| (offers.span().start, offers.into_inner())) {
            None => Vec::new(),
            Some((_, DeValue::Array(offers))) => offers.into_iter().collect(),
            Some((at, _)) => {
                return Err(Fault::new(at, "»offer« ist keine Liste; richtig ist [[offer]]"));
            }
        };
        Ok(Self { source, authorities, wrong_authorities, offers })
    }

    /// One offer as a record.
    fn record(
        &self,
        offer: Spanned<DeValue<'t>>,
        text: &str,
        region: RegionKey,
    ) -> Result<Record, Fault> {
        let start = offer.span().start;
        let offer: OfferEntry = typed(offer, text)?;
        let service = offer.service.map(|service| {
            let id = by_hand::text(service.get_ref()).unwrap_or_default();
            let ours = !id.contains(':') && id.parse::<ServiceId>().is_ok();
            let reason = "»service«: nicht unsere Kennung (a-z, 0-9, Bindestrich); eine eigene Leistung hat stattdessen »name«";
            if ours { Ok(id) } else { Err(Fault::new(service.span().start, reason)) }
        });
        let service = service.transpose()?;
        let name = offer.name.as_ref().map(|name| own_name("name", name)).transpose()?;
        let neither = || Fault::new(start, "es fehlt »service« oder »name«");
        let name = name.or_else(|| service.clone()).ok_or_else(neither)?;
        let authority = offer.authority.map(|name| self.authority(&name)).transpose()?;
        let texts = Texts {
            summary: short(offer.summary),
            fee: short(offer.fee),
            papers: short_list(offer.papers),
            deadlines: short_list(offer.deadlines),
            duration: short(offer.duration),
            page: None,
            as_of: Some(offer.checked),
        };
        let evidence = Evidence {
            described: offer.availability != Declared::Unknown,
            declared: Some(offer.availability),
            links: offer.links.into_iter().map(link).collect::<Result<_, _>>()?,
            steps: offer.steps.into_iter().filter_map(step).collect(),
            reason: short(offer.reason),
            ..Evidence::default()
        };
        Ok(Record {
            id: by_hand::id(region, service.as_deref().unwrap_or(&name)),
            service,
            name,
            says: short_list(offer.says),
            texts,
            local: vec![Local { regions: vec![region], evidence, authority, texts: None }],
            source: Some(self.source.clone()),
            ..Record::default()
        })
    }

    /// An office by the name it has in the overlay.
    fn authority(&self, name: &Spanned<String>) -> Result<Authority, Fault> {
        let key = plain::at_most(name.get_ref(), SHOWN);
        let key = key.as_str();
        self.authorities.get(name.get_ref()).cloned().ok_or_else(|| {
            let reason = if self.wrong_authorities.contains_key(key) {
                format!("»authority«: in [authority.{key}] steht ein Fehler")
            } else {
                let hint = did_you_mean(key, self.authorities.keys().map(String::as_str));
                format!("»authority«: es gibt kein [authority.{key}]{hint}")
            };
            Fault::new(name.span().start, reason)
        })
    }
}

/// The keys of an overlay's head.
const SECTIONS: [&str; 4] = ["format", "source", "authority", "offer"];

fn source_note(source: Spanned<DeValue<'_>>, text: &str) -> Result<SourceNote, Fault> {
    let at = source.span().start;
    let source: SourceEntry = typed(source, text)?;
    let no_title = || Fault::new(at, "»source«: »title« ist leer");
    Ok(SourceNote {
        title: by_hand::text(&source.title).ok_or_else(no_title)?,
        url: source.url.map(|url| checked("url", &url, by_hand::link)).transpose()?,
        licence: short(source.licence),
    })
}

type Authorities = (BTreeMap<String, Authority>, BTreeMap<String, Fault>);

/// The offices that are right, and what is wrong with the others.
fn all_authorities(
    section: Option<Spanned<DeValue<'_>>>,
    text: &str,
) -> Result<Authorities, Fault> {
    let (mut right, mut wrong) = Authorities::default();
    let Some(section) = section else { return Ok((right, wrong)) };
    let at = section.span().start;
    let DeValue::Table(section) = section.into_inner() else {
        return Err(Fault::new(at, "»authority« ist kein Abschnitt; richtig ist [authority.name]"));
    };
    for (name, entry) in section {
        let name = name.into_inner().into_owned();
        match typed(entry, text).and_then(authority) {
            Ok(authority) => {
                right.insert(name, authority);
            }
            Err(fault) => {
                wrong.insert(name, fault);
            }
        }
    }
    Ok((right, wrong))
}

fn authority(entry: AuthorityEntry) -> Result<Authority, Fault> {
    let check = |key, value: Option<Spanned<String>>, check: Check| {
        value.map(|value| checked(key, &value, check)).transpose()
    };
    Ok(Authority {
        name: own_name("name", &entry.name)?,
        street: short(entry.street),
        postcode: check("postcode", entry.postcode, by_hand::postcode)?,
        city: short(entry.city),
        phone: short(entry.phone),
        email: check("email", entry.email, by_hand::email)?,
        web: check("web", entry.web, by_hand::link)?,
        hours: OpeningHours::parse(&by_hand::lines(&entry.hours.unwrap_or_default()).join("\n")),
        accessibility: short(entry.accessibility),
    })
}

fn link(entry: LinkEntry) -> Result<SourceLink, Fault> {
    let claim = match entry.kind {
        LinkKind::Online => Claim::OnlineService,
        LinkKind::Form => Claim::Form,
        LinkKind::Appointment => Claim::Appointment,
        LinkKind::Information => Claim::Information,
    };
    let url = checked("url", &entry.url, by_hand::link)?;
    Ok(SourceLink { claim, url, title: short(entry.title) })
}

fn step(entry: StepEntry) -> Option<Step> {
    Some(Step { what: by_hand::short(&entry.what)?, how: entry.how })
}

fn short(text: Option<String>) -> Option<String> {
    by_hand::short(&text?)
}

fn short_list(entries: Vec<String>) -> Vec<String> {
    entries.iter().filter_map(|entry| by_hand::short(entry)).collect()
}

/// A name, which nobody can cut for the editor.
fn own_name(key: &str, name: &Spanned<String>) -> Result<String, Fault> {
    let wrong = |reason: String| Fault::new(name.span().start, format!("»{key}«: {reason}"));
    let text = by_hand::text(name.get_ref()).ok_or_else(|| wrong("leer".to_owned()))?;
    let fits = text.chars().count() <= MAX_NAME;
    if fits { Ok(text) } else { Err(wrong(format!("länger als {MAX_NAME} Zeichen"))) }
}

/// What [`by_hand`] checks values with.
type Check = fn(&str) -> Result<String, &'static str>;

fn checked(key: &str, value: &Spanned<String>, check: Check) -> Result<String, Fault> {
    check(value.get_ref()).map_err(|reason| {
        let reason = by_hand::shown(value.get_ref(), reason);
        Fault::new(value.span().start, format!("»{key}«: {reason}"))
    })
}

fn typed<'t, T: Deserialize<'t>>(value: Spanned<DeValue<'t>>, text: &str) -> Result<T, Fault> {
    let start = value.span().start;
    T::deserialize(ValueDeserializer::from(value)).map_err(|error| {
        let mut fault = fault(&error, text);
        fault.at = fault.at.max(start);
        fault
    })
}

/// An error of the parser or of serde, in German and with the key it is about.
fn fault(error: &Error, text: &str) -> Fault {
    let at = error.span().map_or(0, |span| span.start);
    let message = error.message();
    let reason = match message.strip_prefix("unknown field ") {
        Some(rest) => {
            let mut keys = rest.split('`').skip(1).step_by(2);
            let key = keys.next().unwrap_or_default();
            unknown_key(key, keys)
        }
        None if message == "wanted string or table" => {
            "falsche Art von Wert; erwartet: ein Text".to_owned()
        }
        None if message.len() > MAX_MESSAGE => "der Wert ist hier falsch".to_owned(),
        None => in_german(message),
    };
    match key_before(text, at) {
        Some(key) => Fault::new(at, format!("»{key}«: {reason}")),
        None => Fault::new(at, reason),
    }
}

fn unknown_key<'k>(key: &str, known: impl Iterator<Item = &'k str>) -> String {
    let key = plain::at_most(key, SHOWN);
    format!("unbekannter Schlüssel »{key}«{}", did_you_mean(&key, known))
}

/// The key whose value begins at an offset.
fn key_before(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at)?.trim_end_matches([' ', '\t']).strip_suffix('=')?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let before = before.trim_end_matches([' ', '\t']);
    let start = before.rfind(|c| !is_key(c)).map_or(0, |at| at + 1);
    before.get(start..).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;
    use crate::import::record::Collected;

    /// A synthetic overlay.
    const TOWN: &str = r#"format = 1
source = { title = "Stadt Musterstadt", url = "https://www.musterstadt.example/", licence = "CC BY 4.0" }

[authority.buergerbuero]
name = "Bürgerbüro"
street = "Rathausplatz 1"
postcode = "12345"
city = "Musterstadt"
hours = """
Mo-Do 8-12 Uhr
Fr 9-13 Uhr (nur mit Termin)
"""

[[offer]]
service = "hund-anmelden"
availability = "partly"
reason = "Die Marke holen Sie ab."
checked = 2026-11-22
authority = "buergerbuero"
fee = "120 <b>Euro</b> im Jahr"
papers = ["Ausweis", "Police"]
steps = [{ do = "Anmeldung", how = "online" }, { do = "Marke abholen", how = "in_person" }]
says = ["Hundesteuer"]
links = [{ kind = "online", url = "https://www.musterstadt.example/hund", title = "Anmeldung" }]

[[offer]]
name = "Brennholz kaufen"
availability = "unknown"
checked = 2026-11-01
"#;

    fn read_all(files: &[(&str, &[u8])]) -> Collected {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(dir.path().join(name), content).unwrap();
        }
        let mut collected = Collected::default();
        read(dir.path(), &mut collected).unwrap();
        let root = format!("{}/", dir.path().display());
        for rejected in &mut collected.rejected {
            rejected.file = rejected.file.replace(&root, "");
            rejected.reason = rejected.reason.replace(&root, "");
        }
        collected
    }

    fn town(text: &str) -> Collected {
        read_all(&[("053150000000-koeln.toml", text.as_bytes())])
    }

    /// The only rejection: its line, what was rejected, and why.
    fn rejection(text: &str) -> (String, String, String) {
        let rejected = town(text).rejected;
        assert_eq!(rejected.len(), 1, "{rejected:?}");
        let line = rejected[0].file.rsplit(", ").next().unwrap_or_default().to_owned();
        (line, rejected[0].record.clone(), rejected[0].reason.clone())
    }

    #[test]
    fn a_town_says_how_it_is_done_there() {
        let Collected { mut records, rejected } = town(TOWN);
        assert_eq!(rejected, []);
        let own = records.pop().unwrap();
        assert_eq!((own.service, own.name.as_str()), (None, "Brennholz kaufen"));
        assert!(!own.local[0].evidence.described);

        let record = records.pop().unwrap();
        assert_eq!(record.id, "05315-hund-anmelden");
        assert_eq!(record.service.as_deref(), Some("hund-anmelden"));
        assert_eq!(record.says, ["Hundesteuer"]);
        assert_eq!(record.texts.as_of, Some(date!(2026 - 11 - 22)));
        assert_eq!(record.texts.fee.as_deref(), Some("120 Euro im Jahr"));
        let source = record.source.unwrap();
        assert_eq!(source.title, "Stadt Musterstadt");
        assert_eq!(source.url.as_deref(), Some("https://www.musterstadt.example/"));
        assert_eq!(source.licence.as_deref(), Some("CC BY 4.0"));
        let local = &record.local[0];
        assert_eq!(local.regions, ["053150000000".parse().unwrap()]);
        assert_eq!(local.evidence.declared, Some(Declared::Partly));
        assert!(local.evidence.described);
        assert_eq!(local.evidence.steps[1].how, How::InPerson);
        assert_eq!(local.evidence.links[0].claim, Claim::OnlineService);
        let authority = local.authority.as_ref().unwrap();
        assert_eq!(authority.address().as_deref(), Some("Rathausplatz 1, 12345 Musterstadt"));
        let hours = authority.hours.to_string();
        assert_eq!(hours, "Mo-Do 08:00-12:00; Fr 09:00-13:00; Hinweis: Fr: nur mit Termin");
    }

    #[test]
    fn a_mistake_in_an_offer_rejects_this_offer_with_line_and_key() {
        for (right, wrong, line, reason) in [
            ("fee =", "fe =", 20, "unbekannter Schlüssel »fe« (meinten Sie »fee«?)"),
            (
                "\"120 <b>Euro</b> im Jahr\"",
                "120",
                20,
                "»fee«: falsche Art von Wert: eine ganze Zahl (120); erwartet: ein Text",
            ),
            (
                "\"partly\"",
                "\"partially\"",
                16,
                "»partially« ist hier nicht erlaubt; erlaubt sind: online, partly, not_online, in_person, unknown",
            ),
            ("\"partly\"", "true", 16, "»availability«: falsche Art von Wert; erwartet: ein Text"),
            ("checked = 2026-11-22\n", "\n", 14, "der Schlüssel »checked« fehlt"),
            ("2026-11-22", "\"2026-11-22\"", 18, "erwartet: ein Datum wie 2026-11-22"),
            ("2026-11-22", "2026-11-22T10:00:00", 18, "ist kein Tag wie 2026-11-22"),
            (
                "\"buergerbuero\"\n",
                "\"buergerburo\"\n",
                19,
                "es gibt kein [authority.buergerburo] (meinten Sie »buergerbuero«?)",
            ),
            (
                "https://www.musterstadt.example/hund",
                "javascript:alert(1)",
                24,
                "»url«: »javascript:alert(1)« beginnt nicht mit https://",
            ),
            ("kind = \"online\"", "kind = \"app\"", 24, "»app« ist hier nicht erlaubt"),
            (
                "how = \"in_person\"",
                "how = \"in_person\", wo = \"Amt\"",
                22,
                "unbekannter Schlüssel »wo«",
            ),
            ("\"hund-anmelden\"", "\"Hund anmelden\"", 15, "»service«: nicht unsere Kennung"),
            ("service = \"hund-anmelden\"\n", "\n", 14, "es fehlt »service« oder »name«"),
        ] {
            let text = TOWN.replacen(right, wrong, 1);
            let (place, _, told) = rejection(&text);
            assert!(told.contains(reason), "{wrong}: {told}");
            assert_eq!(place, format!("Zeile {line}"), "{wrong}: {told}");
            let kept = town(&text).records;
            assert_eq!((kept.len(), kept[0].name.as_str()), (1, "Brennholz kaufen"), "{wrong}");
        }
        assert_eq!(rejection(&TOWN.replace("fee =", "fe =")).1, "hund-anmelden");
    }

    #[test]
    fn a_mistake_in_an_office_rejects_it_and_the_offers_that_name_it() {
        let told = |right: &str, wrong: &str| {
            let rejected = town(&TOWN.replace(right, wrong)).rejected;
            assert_eq!(rejected.len(), 2, "{rejected:?}");
            assert_eq!(rejected[0].record, "authority.buergerbuero");
            assert!(rejected[1].reason.contains("in [authority.buergerbuero] steht ein Fehler"));
            format!("{} {}", rejected[0].file, rejected[0].reason)
        };
        let postcode = told("\"12345\"", "\"1234\\u0035x\"");
        assert!(
            postcode.contains("Zeile 7 »postcode«: »12345x« ist keine Postleitzahl"),
            "{postcode}"
        );
        let typo = told("street =", "steet =");
        assert!(
            typo.contains("Zeile 6 unbekannter Schlüssel »steet« (meinten Sie »street«?)"),
            "{typo}"
        );
    }

    #[test]
    fn fault_49_a_file_that_is_no_overlay_is_rejected_as_a_whole() {
        for (text, line, reason) in [
            ("format = 1\nformat = 1\n", "Zeile 2", "steht zweimal da"),
            ("format = \n", "Zeile 1", "kein gültiges TOML"),
            ("", "Zeile 1", "der Schlüssel »format« fehlt"),
            (
                "format = 2\nsource = { title = \"x\" }",
                "Zeile 1",
                "dieses »format« ist nicht bekannt",
            ),
            ("format = 1\n", "Zeile 1", "der Schlüssel »source« fehlt"),
            ("format = 1\nsource = { title = \" \" }", "Zeile 2", "»title« ist leer"),
            (
                "format = 1\nsource = { title = \"x\", url = \"x\" }",
                "Zeile 2",
                "»url«: »x« beginnt nicht",
            ),
            (
                "format = 1\nsource = { title = \"x\" }\n[[offers]]\n",
                "Zeile 3",
                "unbekannter Schlüssel »offers« (meinten Sie »offer«?)",
            ),
            (
                "format = 1\nsource = { title = \"x\" }\n[offer]\n",
                "Zeile 3",
                "richtig ist [[offer]]",
            ),
            (
                "format = 1\nsource = { title = \"x\" }\nauthority = 1\n",
                "Zeile 3",
                "richtig ist [authority.name]",
            ),
            (&format!("format = {}", "[".repeat(100_000)), "Zeile 1", "kein gültiges TOML"),
            (
                &format!("format = '{}'", "x".repeat(3 << 20)),
                "Zeile 1",
                "»format«: der Wert ist hier falsch",
            ),
            (&format!("{} = 1", "x".repeat(3 << 20)), "Zeile 1", "unbekannter Schlüssel »xxx"),
        ] {
            let start: String = text.chars().take(80).collect();
            let (place, record, told) = rejection(text);
            assert!(told.contains(reason), "{start}: {told}");
            assert_eq!((place.as_str(), record.as_str()), (line, WHOLE), "{start}: {told}");
            assert_eq!(town(text).records, []);
        }
    }

    #[test]
    fn what_is_no_readable_file_is_rejected_and_the_others_are_read() {
        let large = " ".repeat(MAX_FILE as usize + 1);
        let collected = read_all(&[
            ("053150000000-koeln.toml", TOWN.as_bytes()),
            ("053150000000-koeln-2.toml", TOWN.replace("hund-anmelden", "Brennholz").as_bytes()),
            ("koeln.toml", TOWN.as_bytes()),
            ("05315-koeln.toml", TOWN.as_bytes()),
            ("091620000000-latin.toml", b"format = 1\nsource = { title = \"M\xfcnchen\" }"),
            ("091620000000-gross.toml", large.as_bytes()),
            (".053150000000-koeln.toml", b"hidden"),
            ("README.md", b"no overlay"),
        ]);
        assert_eq!(collected.records.len(), 2);
        let told = |file: &str| {
            let rejected =
                collected.rejected.iter().filter(|rejected| rejected.file.starts_with(file));
            rejected.map(|rejected| rejected.reason.clone()).collect::<Vec<_>>().join("|")
        };
        assert!(told("koeln.toml").contains("beginnt nicht mit dem Regionalschlüssel"));
        assert!(told("05315-koeln").contains("beginnt nicht mit dem Regionalschlüssel"));
        assert!(told("091620000000-latin").contains("Zeile 2: kein gültiges UTF-8"));
        assert!(told("091620000000-gross").contains("größer als 4 MB"));
        // "koeln-2" comes first; what it has already is a double in the second.
        assert!(
            told("053150000000-koeln.toml")
                .contains("steht schon in 053150000000-koeln-2.toml, Zeile")
        );
        assert_eq!(collected.rejected.len(), 6, "{:?}", collected.rejected);
    }

    #[test]
    fn fault_53_a_directory_is_no_overlay() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("053150000000.toml")).unwrap();
        let mut collected = Collected::default();
        read(dir.path(), &mut collected).unwrap();
        assert_eq!(collected.rejected[0].reason, "keine gewöhnliche Datei");
        assert!(read(&dir.path().join("fehlt"), &mut collected).is_err());
    }

    /// The example in the documentation of this module.
    #[test]
    fn the_documented_example_is_right() {
        let source = include_str!("towns.rs");
        let lines = source.lines().skip_while(|line| *line != "//! ```toml").skip(1);
        let lines = lines.take_while(|line| *line != "//! ```");
        let example: Vec<&str> = lines.map(|line| line.trim_start_matches("//!").trim()).collect();
        let collected = town(&example.join("\n"));
        assert_eq!((collected.records.len(), collected.rejected.len()), (1, 0), "{collected:?}");
    }

    proptest! {
        #[test]
        fn nothing_panics(at in 0..TOWN.len(), with in "\\PC{0,4}|[\\[\\]{}=\"\n,.#0-9-]{0,3}", drop in 0_usize..20) {
            let mut text = TOWN.as_bytes()[..at].to_vec();
            text.extend(with.as_bytes());
            text.extend(&TOWN.as_bytes()[(at + drop).min(TOWN.len())..]);
            let collected = read_all(&[("053150000000-koeln.toml", &text)]);
            prop_assert!(collected.records.len() + collected.rejected.len() > 0);
        }
    }
}
