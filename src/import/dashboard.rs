//! Reads the open data of the Dashboard Digitale Verwaltung (OZG Data Hub): for each service and
//! region the address of the online service, and whether the register found that it answers.
//!
//! Two forms are read: the export as CSV (`,`, `;` or tab; headers in snake_case or camelCase) and
//! the pages of the interface as JSON (`{content, page}`, Spring's form, or a plain list); a folder
//! holds any number of both. Columns by the interface's own description:
//! <https://github.com/bundesAPI/digitale-verwaltung-api>, `DvDataDto`.
//!
//! There are millions of rows (11,000 municipalities, hundreds of services), so what is kept of
//! each is 24 bytes: addresses are stored once.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    io::{Cursor, Read as _},
    path::Path,
    sync::Arc,
};

use csv::ByteRecord;
use rustc_hash::FxHashMap;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use time::Date;

use super::{
    plain::plain,
    raw::{self, SourceFile},
    record::{Claim, Evidence, ImportError, Intake, Local, Record, SourceLink, Texts},
};
use crate::ids::{LeikaKey, RegionKey};

/// Largest JSON file, in bytes; CSV is read as a stream and may be of any size.
const MAX_JSON: u64 = 512 * 1024 * 1024;
/// How much of a file is looked at to tell what it is.
const HEAD: u64 = 64 * 1024;
/// A longer row, in bytes, is one with a forgotten quotation mark.
const MAX_ROW: usize = 64 * 1024;
/// Rows between two reports of progress.
const REPORT_EVERY: u64 = 50_000;

/// Reads a file, or all `.csv` and `.json` files of a folder, as one source.
///
/// `region` is meant by rows that name none. One record comes out for each key of the federal
/// catalog of services (or, where a row has none, each OZG id). Where a region has addresses that
/// answer and others that do not, the latter are left out.
///
/// # Errors
///
/// If the path cannot be read, or a single file is not in one of the forms above; in a folder such
/// a file is rejected.
pub fn read(
    path: &Path,
    region: Option<RegionKey>,
    intake: &mut dyn Intake,
) -> Result<(), ImportError> {
    let mut table = Table { region, ..Table::default() };
    raw::each_file(path, &["csv", "json"], intake, |file, intake| {
        let mut head = Vec::new();
        let mut rest = raw::open(file.path)?;
        let read = rest.by_ref().take(HEAD).read_to_end(&mut head);
        read.map_err(|error| raw::unreadable(file.path, error))?;
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err(raw::malformed(file.path, "UTF-16; bitte als UTF-8 speichern"));
        }
        if head.starts_with(b"\xef\xbb\xbf") {
            head.drain(..3);
        }
        if let Some(b'{' | b'[') = head.trim_ascii_start().first() {
            return table.read_json(file, intake);
        }
        let delimiter = delimiter(&head);
        table.read_csv(file, Cursor::new(head).chain(rest), delimiter, intake)
    })?;
    table.finish(intake);
    Ok(())
}

/// What separates the columns: whatever the header has most of.
fn delimiter(head: &[u8]) -> u8 {
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    // Of equal ones the last is taken: a header of one column is read as plain CSV.
    [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

/// The columns that are read.
#[derive(Clone, Copy)]
enum Column {
    Leika,
    Name,
    Official,
    Region,
    Ozg,
    OzgName,
    Url,
    Status,
    Active,
    Coverage,
    LeftOut,
    AsOf,
}

/// Their names as [`folded`], in the order of [`Column`].
const COLUMNS: [&str; 12] = [
    "leikakey",
    "leikaname",
    "leikabezeichnung",
    "ars",
    "ozgid",
    "ozgbezeichnung",
    "url",
    "onlinestatus",
    "aktiv",
    "artflaechendeckung",
    "begruendungnichtberuecksichtigt",
    "datenstandpvogimport",
];

/// `online_status` and `onlineStatus` are one name.
fn folded(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The number of the column of that name.
fn column(header: &str) -> Option<usize> {
    let header = folded(header);
    COLUMNS.iter().position(|name| *name == header)
}

/// What a row says, by column.
#[derive(Default)]
struct Row<'a>([Option<Cow<'a, str>>; COLUMNS.len()]);

impl Row<'_> {
    /// Without white space around it; empty if absent.
    fn get(&self, column: Column) -> &str {
        self.0[column as usize].as_deref().unwrap_or_default().trim()
    }
}

impl<'de> Deserialize<'de> for Row<'static> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Row<'static>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("ein Objekt")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut row = Row::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match column(&key) {
                        // Which of the two is meant is not ours to guess.
                        Some(at) if row.0[at].is_some() => {
                            return Err(A::Error::custom(format!("»{key}« steht doppelt")));
                        }
                        Some(at) => {
                            let value = raw::scalar_of(map.next_value()?);
                            row.0[at] = value.map_err(A::Error::custom)?.map(Cow::Owned);
                        }
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(row)
            }
        }

        from.deserialize_map(Fields)
    }
}

/// A page of the interface.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
}

/// What a service is found by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Leika(LeikaKey),
    Ozg(u32),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leika(key) => key.fmt(f),
            Self::Ozg(id) => id.fmt(f),
        }
    }
}

/// What is kept of one row.
struct Entry {
    region: RegionKey,
    /// Index into [`Table::urls`].
    url: Option<u32>,
    as_of: Option<Date>,
    answers: Option<bool>,
}

/// What the rows of one service say.
#[derive(Default)]
struct Group {
    name: String,
    official: String,
    entries: Vec<Entry>,
}

/// All rows, by service.
#[derive(Default)]
struct Table {
    /// Where rows without a region are.
    region: Option<RegionKey>,
    groups: BTreeMap<Key, Group>,
    urls: Vec<Arc<str>>,
    url_ids: FxHashMap<Arc<str>, u32>,
}

impl Table {
    fn read_json(&mut self, file: &SourceFile, intake: &mut dyn Intake) -> Result<(), ImportError> {
        let text = raw::text(file.path, MAX_JSON)?;
        let rows = if text.trim_start().starts_with('[') {
            serde_json::from_str(&text)
        } else {
            serde_json::from_str(&text).map(|page: Page<'_>| page.content)
        };
        let rows = rows.map_err(|error| raw::malformed(file.path, raw::json_fault(&error)))?;
        for (at, row) in rows.into_iter().enumerate() {
            let place = || format!("Datensatz {}", at + 1);
            match serde_json::from_str::<Row<'_>>(row.get()) {
                Ok(row) => self.add(&row, &file.name, &place, intake),
                Err(error) => intake.reject(&file.name, &place(), &raw::json_fault(&error)),
            }
        }
        Ok(())
    }

    fn read_csv(
        &mut self,
        file: &SourceFile,
        from: impl std::io::Read,
        delimiter: u8,
        intake: &mut dyn Intake,
    ) -> Result<(), ImportError> {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(from);
        let header = reader.byte_headers().map_err(|error| csv_fault(file, error))?.clone();
        let columns = columns(file, &header)?;
        let mut record = ByteRecord::new();
        let mut count = 0;
        while reader.read_byte_record(&mut record).map_err(|error| csv_fault(file, error))? {
            let position = record.position();
            let place = || format!("Zeile {}", position.map_or(0, csv::Position::line));
            if record.as_slice().len() > MAX_ROW {
                let reason = "Zeile zu lang: vermutlich fehlt ein Anführungszeichen";
                intake.reject(&file.name, &place(), reason);
            } else if record.len() != header.len() {
                let reason = format!("{} statt {} Spalten", record.len(), header.len());
                intake.reject(&file.name, &place(), &reason);
            } else {
                let field = |at: Option<usize>| Some(decoded(record.get(at?)?));
                self.add(&Row(columns.map(field)), &file.name, &place, intake);
            }
            count += 1;
            if count % REPORT_EVERY == 0 {
                let done = position.map_or(0, csv::Position::byte);
                intake.progress(file.before + done, Some(file.total));
            }
        }
        Ok(())
    }

    /// Takes one row; `place` says where it stands.
    fn add(&mut self, row: &Row, file: &str, place: &dyn Fn() -> String, intake: &mut dyn Intake) {
        match self.entry(row) {
            Ok((key, entry)) => {
                let group = self.groups.entry(key).or_default();
                let names = [Column::Name, Column::Official, Column::OzgName].map(|at| row.get(at));
                let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
                for (kept, found) in [(&mut group.name, name), (&mut group.official, names[1])] {
                    if kept.is_empty() && !found.is_empty() {
                        *kept = plain(found);
                    }
                }
                group.entries.push(entry);
            }
            Err(reason) => {
                let (key, region) = (row.get(Column::Leika), row.get(Column::Region));
                let what = format!("{}: {key} {region}", place());
                intake.reject(file, what.trim_end_matches([' ', ':']), &reason);
            }
        }
    }

    /// What is kept of a row, or why it is not to be imported.
    fn entry(&mut self, row: &Row) -> Result<(Key, Entry), String> {
        let left_out = row.get(Column::LeftOut);
        let because = |otherwise: &str| match left_out {
            "" => otherwise.to_owned(),
            reason => plain(reason),
        };
        if row.get(Column::Active).eq_ignore_ascii_case("nein") {
            return Err(because("nicht aktiv"));
        }
        if folded(row.get(Column::Coverage)).starts_with("nichtinauswertung") {
            return Err(because("nicht in Auswertung berücksichtigt"));
        }
        let key = key(row)?;
        let region = match (row.get(Column::Region), self.region) {
            ("", Some(region)) => region,
            (text, _) => text.parse().map_err(|error| format!("{error}"))?,
        };
        let url = self.interned(row.get(Column::Url));
        let answers = match row.get(Column::Status).to_ascii_lowercase().as_str() {
            "ok" => Some(true),
            "nicht ok" => Some(false),
            _ => None,
        };
        Ok((key, Entry { region, url, as_of: raw::day(row.get(Column::AsOf)), answers }))
    }

    fn interned(&mut self, url: &str) -> Option<u32> {
        if url.is_empty() {
            return None;
        }
        if let Some(&id) = self.url_ids.get(url) {
            return Some(id);
        }
        let id = u32::try_from(self.urls.len()).ok()?;
        let url: Arc<str> = url.into();
        self.urls.push(url.clone());
        self.url_ids.insert(url, id);
        Some(id)
    }

    fn finish(self, intake: &mut dyn Intake) {
        let Self { groups, urls, .. } = self;
        for (key, group) in groups {
            intake.record(record(key, group, &urls));
        }
    }
}

/// The column of the header for each of [`COLUMNS`].
fn columns(
    file: &SourceFile,
    header: &ByteRecord,
) -> Result<[Option<usize>; COLUMNS.len()], ImportError> {
    let mut columns = [None; COLUMNS.len()];
    for (at, name) in header.iter().enumerate() {
        if let Some(column) = column(&decoded(name))
            && columns[column].replace(at).is_some()
        {
            let reason = format!("Zeile 1: Spalte »{}« steht doppelt", decoded(name));
            return Err(raw::malformed(file.path, reason));
        }
    }
    let lacks = |column: Column| columns[column as usize].is_none();
    let missing = if lacks(Column::Leika) && lacks(Column::Ozg) {
        "leika_key"
    } else if lacks(Column::Url) {
        "url"
    } else {
        return Ok(columns);
    };
    Err(raw::malformed(file.path, format!("Zeile 1: Spalte »{missing}« fehlt")))
}

fn csv_fault(file: &SourceFile, error: csv::Error) -> ImportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => raw::unreadable(file.path, error),
        _ => raw::malformed(file.path, "keine lesbare CSV-Datei"),
    }
}

/// UTF-8, or else Latin-1, as spreadsheets write it.
fn decoded(field: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(field) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(field.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// The service a row is about. A key without any digit ("nicht im LeiKa") is none; a broken one is
/// an error, as it may have been any service.
fn key(row: &Row) -> Result<Key, String> {
    let leika = row.get(Column::Leika);
    if leika.contains(|c: char| c.is_ascii_digit()) {
        return leika.parse().map(Key::Leika).map_err(|error| format!("{error}"));
    }
    match row.get(Column::Ozg) {
        "" => Err("ohne LeiKa-Schlüssel und ohne OZG-Kennung".to_owned()),
        ozg => ozg.parse().map(Key::Ozg).map_err(|_| format!("»{ozg}« ist keine OZG-Kennung")),
    }
}

fn record(key: Key, group: Group, urls: &[Arc<str>]) -> Record {
    let Group { name, official, mut entries } = group;
    // Stable: addresses of one region stay in the order of the source.
    entries.sort_by_key(|entry| entry.region);
    let common = entries.first().and_then(|first| first.as_of);
    let common = common.filter(|_| entries.iter().all(|entry| entry.as_of == common));

    let mut offers: BTreeMap<Offer, Vec<RegionKey>> = BTreeMap::new();
    for entries in entries.chunk_by(|a, b| a.region == b.region) {
        offers.entry(offer(entries)).or_default().push(entries[0].region);
    }
    let link = |id: &u32| SourceLink {
        claim: Claim::OnlineService,
        url: urls[*id as usize].to_string(),
        title: None,
    };
    let local = offers.into_iter().map(|(offer, regions)| Local {
        regions,
        evidence: Evidence {
            links: offer.urls.iter().map(link).collect(),
            answers: offer.answers,
            ..Evidence::default()
        },
        authority: None,
        texts: (offer.as_of != common).then(|| Texts { as_of: offer.as_of, ..Texts::default() }),
    });
    Record {
        id: key.to_string(),
        official: Some(official).filter(|official| !official.is_empty() && *official != name),
        name: if name.is_empty() { key.to_string() } else { name },
        leika: match key {
            Key::Leika(key) => vec![key],
            Key::Ozg(_) => Vec::new(),
        },
        texts: Texts { as_of: common, ..Texts::default() },
        local: local.collect(),
        ..Record::default()
    }
}

/// What regions can have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Offer {
    urls: Vec<u32>,
    answers: Option<bool>,
    as_of: Option<Date>,
}

/// What the rows of one region say together: the addresses that answer; else those of which nothing
/// is known; else those that do not.
fn offer(entries: &[Entry]) -> Offer {
    // Of no address, nothing can be said.
    let linked = || entries.iter().filter(|entry| entry.url.is_some());
    let answers = [Some(true), None, Some(false)]
        .into_iter()
        .find(|answers| linked().any(|entry| entry.answers == *answers))
        .flatten();
    let chosen = linked().filter(|entry| entry.answers == answers);
    let mut urls = Vec::new();
    for url in chosen.filter_map(|entry| entry.url) {
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    // The oldest: nothing is said to be fresher than it is.
    Offer { urls, answers, as_of: entries.iter().filter_map(|entry| entry.as_of).min() }
}

#[cfg(test)]
mod tests;
