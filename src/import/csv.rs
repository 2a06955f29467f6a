//! The table that a clerk fills in: CSV, Excel or OpenDocument, one service a row.
//!
//! The first row names the columns. Their order does not matter, nor do case, umlauts ("ue"),
//! blanks, hyphens or what stands in brackets after a name; none but »Leistung« or »Name« must be there.
//!
//! | Column                | What goes in                                                            |
//! |-----------------------|-------------------------------------------------------------------------|
//! | Leistung              | our id (`hund-anmelden`) or what the service is called                  |
//! | Name                  | what citizens call it, if »Leistung« is an id or the office's name      |
//! | Amtlicher Name        | what the office calls it                                                |
//! | LeiKa                 | 14 digits; several are separated by commas                              |
//! | ARS                   | 12 digits; empty: the region that the import was started for            |
//! | Verfügbarkeit         | online, teilweise, vor Ort, nicht online, unbekannt; empty: judged from the links and the form, unknown without any |
//! | Grund                 | why                                                                     |
//! | Online-Link           | where the matter is done                                                |
//! | Formular-Link         | the form                                                                |
//! | Formular einsenden    | ja or nein: may it be sent in?                                          |
//! | Termin-Link           | where appointments are made                                             |
//! | Info-Link             | the page that describes the service                                     |
//! | Stelle                | the office in charge; needed if one of the next nine is filled in       |
//! | Straße, PLZ, Ort      | its address                                                             |
//! | Telefon, E-Mail       | how to reach it                                                         |
//! | Webseite der Stelle   | its page                                                                |
//! | Öffnungszeiten        | as [`OpeningHours::parse`] reads them                                   |
//! | Barrierefreiheit      | how to get in without steps                                             |
//! | Beschreibung          | one or two sentences                                                    |
//! | Gebühr                | what it costs                                                           |
//! | Unterlagen            | what to bring; separated by semicolons or line breaks                   |
//! | Frist                 | by when; likewise                                                       |
//! | Dauer                 | how long it takes                                                       |
//! | Suchwörter            | what people say; likewise, or separated by commas                       |
//! | Kennung               | an id of the row's own, to be kept when the name changes                |
//! | Stand                 | as of when: 22.11.2026, 2026-11-22 or a date cell                       |
//!
//! Several links in one cell are separated by blanks. Columns whose name begins with `#`, and rows
//! whose first filled cell does, are comments. A mistake in a row rejects this row, with its line and
//! its columns; a column of an unknown name rejects the table, since its content would be lost.
//!
//! [`row`] and [`header`] write the same table; read again it gives the same records, as far as they
//! came from a table. What a spreadsheet would take for a formula is written with a leading
//! apostrophe (OWASP ASVS 5.0, 1.2.10), which is taken off again when read.

use std::{collections::HashMap, path::Path, sync::LazyLock};

use time::{Date, Month};

use super::{
    by_hand::{self, MAX_NAME, SHOWN},
    plain,
    record::{Claim, Declared, Evidence, ImportError, Intake, Local, Record, SourceLink, Texts},
};
use crate::{
    catalog::{authority::Authority, hours::OpeningHours, load::did_you_mean},
    ids::{LeikaKey, RegionKey, ServiceId},
};

mod sheet;
#[cfg(test)]
mod tests;

/// The largest file, in bytes.
const MAX_FILE: u64 = 32 << 20;
/// The lists that may be separated by commas are those of single words.
const COMMA: bool = true;

/// The names of the columns, in the order of [`row`].
pub const COLUMNS: [&str; NAMES.len()] = {
    let mut names = [""; NAMES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = NAMES[at].0;
        at += 1;
    }
    names
};

/// A column, by its place in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Service,
    Name,
    Official,
    Leika,
    Region,
    Availability,
    Reason,
    OnlineLink,
    FormLink,
    FormMayBeSent,
    AppointmentLink,
    InfoLink,
    Authority,
    Street,
    Postcode,
    City,
    Phone,
    Email,
    Web,
    Hours,
    Accessibility,
    Summary,
    Fee,
    Papers,
    Deadlines,
    Duration,
    Says,
    Id,
    AsOf,
}

/// What each column is called, and how else.
const NAMES: [(&str, &[&str]); 29] = [
    ("Leistung", &["Dienstleistung", "Anliegen", "Leistungs-ID", "Leistungskennung"]),
    ("Name", &["Bezeichnung", "Titel", "Leistungsname", "Leistungsbezeichnung"]),
    ("Amtlicher Name", &["Amtliche Bezeichnung", "Offizieller Name"]),
    ("LeiKa", &["LeiKa-Schlüssel", "LeiKa-ID", "LeiKa-Nr", "Leistungsschlüssel"]),
    ("ARS", &["Regionalschlüssel", "Amtlicher Regionalschlüssel"]),
    ("Verfügbarkeit", &["Online", "Online verfügbar", "Online möglich", "Digital"]),
    ("Grund", &["Begründung"]),
    ("Online-Link", &["Onlinedienst", "Link zum Onlinedienst", "Online-Antrag"]),
    ("Formular-Link", &["Formular", "Formulare", "Link zum Formular"]),
    ("Formular einsenden", &["Formular zusenden", "Einsenden", "Formular einsendbar"]),
    ("Termin-Link", &["Termin", "Terminvereinbarung", "Terminbuchung"]),
    ("Info-Link", &["Informationen", "Infoseite", "Internet", "Webseite", "URL"]),
    ("Stelle", &["Zuständige Stelle", "Amt", "Behörde", "Dienststelle"]),
    ("Straße", &["Straße und Hausnummer", "Straße Nr"]),
    ("PLZ", &["Postleitzahl"]),
    ("Ort", &["Stadt", "Gemeinde"]),
    ("Telefon", &["Tel", "Telefonnummer", "Rufnummer"]),
    ("E-Mail", &["Mail", "E-Mail-Adresse"]),
    ("Webseite der Stelle", &["Internetseite der Stelle"]),
    ("Öffnungszeiten", &["Sprechzeiten", "Servicezeiten"]),
    ("Barrierefreiheit", &["Barrierefrei", "Barrierefreier Zugang"]),
    ("Beschreibung", &["Kurzbeschreibung", "Kurztext"]),
    ("Gebühr", &["Gebühren", "Kosten"]),
    ("Unterlagen", &["Erforderliche Unterlagen", "Nachweise", "Dokumente"]),
    ("Frist", &["Fristen"]),
    ("Dauer", &["Bearbeitungsdauer", "Bearbeitungszeit"]),
    ("Suchwörter", &["Stichwörter", "Suchbegriffe", "Schlagwörter", "Synonyme"]),
    ("Kennung", &["ID", "Nr", "Nummer"]),
    ("Stand", &["Datum", "Geprüft am", "Letzte Prüfung"]),
];

impl Column {
    /// The name that [`header`] writes.
    fn name(self) -> &'static str {
        COLUMNS[self as usize]
    }
}

/// What clerks write for each kind of availability, our own word first.
const DECLARED: [(Declared, &[&str]); 5] = [
    (
        Declared::Online,
        &["online", "ja", "ja, online", "voll", "vollständig", "vollständig online", "digital"],
    ),
    (
        Declared::Partly,
        &["teilweise", "teils", "teils, teils", "teilweise online", "zum Teil", "tlw", "bedingt"],
    ),
    (
        Declared::InPerson,
        &[
            "vor Ort",
            "nur vor Ort",
            "persönlich",
            "nur persönlich",
            "nein, nur vor Ort",
            "in Präsenz",
        ],
    ),
    (Declared::NotOnline, &["nicht online", "nein", "offline", "nein, nicht online"]),
    (Declared::Unknown, &["unbekannt", "nicht bekannt", "unklar", "weiß nicht"]),
];

const YES: [&str; 5] = ["ja", "j", "x", "wahr", "true"];
const NO: [&str; 4] = ["nein", "n", "falsch", "false"];

/// What a spreadsheet may take for the beginning of a formula, and what begins a comment of ours.
const SPECIAL: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\0', '#'];

/// Reads a table; `region` is where its rows hold that name no other.
///
/// # Errors
/// If the file cannot be read, is no table, or if its header does not say what its columns hold.
pub fn read(path: &Path, region: RegionKey, intake: &mut dyn Intake) -> Result<(), ImportError> {
    let file = path.display().to_string();
    let bytes = by_hand::read_file(path, MAX_FILE)
        .map_err(|error| ImportError::Io { file: file.clone(), error })?;
    let malformed = |reason| ImportError::Malformed { file: file.clone(), reason };
    let mut rows =
        sheet::rows(&bytes, |name| column(name).is_some()).map_err(malformed)?.into_iter();
    let header = rows.next().ok_or_else(|| malformed("die Tabelle ist leer".to_owned()))?;
    let header = Header::read(&header.cells)
        .map_err(|reason| malformed(format!("Zeile {}: {reason}", header.line)))?;

    let mut lines = HashMap::<String, u64>::new();
    for sheet::Row { line, cells, fault } in rows {
        if is_comment(cells.iter().find(|cell| !cell.trim().is_empty()).map_or("", |cell| cell)) {
            continue;
        }
        let mut row = Row { header: &header, cells: &cells, faults: fault.into_iter().collect() };
        let called = row.called();
        let record = if row.faults.is_empty() { row.record(region) } else { None };
        let known = record.as_ref().and_then(|record| lines.get(&record.id));
        if let Some(known) = known {
            row.fault(Column::Id, format!(
                "doppelt, wie schon in Zeile {known}; steht sie zu Recht zweimal da, braucht jede eine eigene Kennung"
            ));
        }
        match record.filter(|_| row.faults.is_empty()) {
            Some(record) => {
                lines.insert(record.id.clone(), line);
                intake.record(record);
            }
            None => {
                let called = called.unwrap_or_else(|| format!("Zeile {line}"));
                intake.reject(&format!("{file}, Zeile {line}"), &called, &row.faults.join("; "));
            }
        }
    }
    Ok(())
}

/// The column of each name, as [`name_word`] makes it comparable.
static WORDS: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    let all = NAMES.iter().enumerate();
    let all = all.flat_map(|(at, (name, others))| {
        [name].into_iter().chain(*others).map(move |name| (name_word(name), at))
    });
    all.collect()
});

/// The column of a name.
fn column(name: &str) -> Option<usize> {
    WORDS.get(&name_word(name)).copied()
}

/// The name of a column for comparison, without what stands in brackets.
fn name_word(name: &str) -> String {
    by_hand::word(name.split('(').next().unwrap_or_default())
}

/// Where each column stands.
#[derive(Debug, Default)]
struct Header {
    places: [Option<usize>; NAMES.len()],
    /// Whether each place has a name, be it that of a comment.
    named: Vec<bool>,
}

impl Header {
    fn read(cells: &[String]) -> Result<Self, String> {
        let mut header = Self::default();
        let mut faults = Vec::new();
        for (place, cell) in cells.iter().enumerate() {
            let name = by_hand::text(cell).unwrap_or_default();
            header.named.push(!name.is_empty());
            match column(&name) {
                Some(column) if header.places[column].is_some() => {
                    faults.push(format!("die Spalte »{}« steht zweimal da", COLUMNS[column]));
                }
                Some(column) => header.places[column] = Some(place),
                None if name.is_empty() || is_comment(&name) => {}
                None => faults.push(unknown_column(&name)),
            }
        }
        let has = |column: Column| header.places[column as usize].is_some();
        if !has(Column::Service) && !has(Column::Name) {
            faults.push("es fehlt eine Spalte »Leistung« oder »Name«".to_owned());
        }
        match faults.len() {
            0 => Ok(header),
            // Of what is no table at all, the beginning says enough.
            all @ 6.. => Err(format!("{} und {} weitere Fehler", faults[..5].join("; "), all - 5)),
            _ => Err(faults.join("; ")),
        }
    }
}

fn unknown_column(name: &str) -> String {
    let name = plain::at_most(name, SHOWN);
    let hint = did_you_mean(&name, COLUMNS.into_iter());
    format!("unbekannte Spalte »{name}«{hint}; eigene Spalten beginnen mit #")
}

/// Whether a cell begins a comment; `#REF!` does not.
fn is_comment(cell: &str) -> bool {
    cell.trim_start().starts_with('#') && !is_error_value(cell)
}

/// Whether a cell holds what a spreadsheet shows in place of a value that it cannot compute.
fn is_error_value(cell: &str) -> bool {
    let value = cell.trim();
    let upper = value.chars().skip(1).all(|c| c.is_ascii_uppercase() || "/0!?".contains(c));
    let named = value.ends_with(['!', '?']) || matches!(value, "#N/A" | "#NV");
    value.starts_with('#') && upper && named
}

/// Reads one row, and collects what is wrong with it.
struct Row<'t> {
    header: &'t Header,
    cells: &'t [String],
    faults: Vec<String>,
}

impl<'t> Row<'t> {
    /// A cell as written, without the apostrophe of an export.
    fn written(&self, column: Column) -> &'t str {
        let place = self.header.places[column as usize];
        let cell = place.and_then(|place| self.cells.get(place)).map_or("", String::as_str);
        match cell.strip_prefix('\'') {
            Some(rest) if rest.trim_start_matches('\'').starts_with(SPECIAL) => rest,
            _ => cell,
        }
    }

    fn fault(&mut self, column: Column, reason: impl std::fmt::Display) {
        self.faults.push(format!("Spalte »{}«: {reason}", column.name()));
    }

    /// A cell that holds something.
    fn filled(&mut self, column: Column) -> Option<&'t str> {
        let cell = self.written(column);
        if is_error_value(cell) {
            self.fault(column, format!("der Fehlerwert {} statt eines Textes", cell.trim()));
            return None;
        }
        by_hand::text(cell).is_some().then_some(cell)
    }

    fn text(&mut self, column: Column) -> Option<String> {
        by_hand::text(self.filled(column)?)
    }

    /// A text that is cut where it is too long.
    fn short(&mut self, column: Column) -> Option<String> {
        by_hand::short(self.filled(column)?)
    }

    /// A name, which nobody can cut for the clerk.
    fn name(&mut self, column: Column) -> Option<String> {
        let name = self.text(column)?;
        if name.chars().count() <= MAX_NAME {
            return Some(name);
        }
        self.fault(column, format!("länger als {MAX_NAME} Zeichen"));
        None
    }

    /// A cell of a certain form; `check` says what is wrong with the value.
    fn checked<T>(
        &mut self,
        column: Column,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(column)?;
        check(&text).map_err(|reason| self.fault(column, reason)).ok()
    }

    /// One entry for each line, or part between semicolons (or commas).
    fn list(&mut self, column: Column, comma: bool) -> Vec<String> {
        let Some(cell) = self.filled(column) else { return Vec::new() };
        let lines = by_hand::lines(cell);
        if lines.len() > 1 || cell.contains(['\n', '\r']) {
            return lines;
        }
        let line = lines.concat();
        let separator = if comma && !line.contains(';') { ',' } else { ';' };
        line.split(separator).filter_map(by_hand::text).collect()
    }

    /// A list of texts that are cut where they are too long.
    fn short_list(&mut self, column: Column, comma: bool) -> Vec<String> {
        let entries = self.list(column, comma).into_iter();
        entries.filter_map(|entry| by_hand::short(&entry)).collect()
    }

    fn addresses(&mut self, column: Column) -> Vec<String> {
        let mut addresses = Vec::new();
        for address in self.filled(column).unwrap_or_default().split_whitespace() {
            let address = address.trim_end_matches([',', ';']);
            match by_hand::link(address) {
                Ok(address) => addresses.push(address),
                Err(reason) => {
                    self.fault(column, by_hand::shown(address, reason));
                    // A sentence in place of a link is one mistake.
                    break;
                }
            }
        }
        addresses
    }

    fn links(&mut self, column: Column, claim: Claim) -> Vec<SourceLink> {
        let addresses = self.addresses(column).into_iter();
        addresses.map(|url| SourceLink { claim, url, title: None }).collect()
    }

    /// What to call the row in a report.
    fn called(&self) -> Option<String> {
        let columns = [Column::Id, Column::Service, Column::Name];
        let called = columns.into_iter().find_map(|column| by_hand::text(self.written(column)))?;
        Some(plain::at_most(&called, SHOWN))
    }

    /// The row as a record; what is wrong is among the faults then.
    fn record(&mut self, region: RegionKey) -> Option<Record> {
        let is_named = |place: &usize| self.header.named.get(*place).is_some_and(|named| *named);
        let mut filled = (0..self.cells.len()).filter(|at| !self.cells[*at].trim().is_empty());
        if let Some(place) = filled.find(|place| !is_named(place)) {
            self.faults.push(format!("die Spalte {} hat keine Überschrift", place + 1));
        }
        let region = self.checked(Column::Region, region_key).unwrap_or(region);
        let mut says = self.short_list(Column::Says, COMMA);
        let (service, name, official) = self.names(&mut says);
        let leika = self.checked(Column::Leika, leika_keys).unwrap_or_default();
        let pages = self.addresses(Column::InfoLink);
        let mut pages = pages.into_iter();
        let texts = self.texts(pages.next());
        let evidence = self.evidence(pages);
        let authority = self.authority();
        let called = service.as_deref().or(name.as_deref()).unwrap_or_default();
        let derived = by_hand::id(region, called);
        let id = self.checked(Column::Id, own_id).unwrap_or(derived);
        Some(Record {
            id,
            name: name?,
            service,
            official,
            leika,
            says,
            texts,
            local: vec![Local { regions: vec![region], evidence, authority, texts: None }],
            source: None,
        })
    }

    /// Our id, what citizens call it, what the office calls it. »Leistung« may hold any of them;
    /// if the others are told, too, it is one more thing that people may say.
    fn names(
        &mut self,
        says: &mut Vec<String>,
    ) -> (Option<String>, Option<String>, Option<String>) {
        let [called, mut name, mut official] =
            [Column::Service, Column::Name, Column::Official].map(|column| self.name(column));
        let is_id = |text: &String| !text.contains(':') && text.parse::<ServiceId>().is_ok();
        let service = called.clone().filter(is_id);
        if name.is_none() {
            name = called;
        } else if let Some(called) = called.filter(|_| service.is_none()) {
            match official {
                None => official = Some(called),
                Some(_) => says.push(called),
            }
        }
        if name.is_none() && self.faults.is_empty() {
            self.faults.push("weder »Leistung« noch »Name« ist ausgefüllt".to_owned());
        }
        official = official.filter(|official| Some(official) != name.as_ref());
        (service, name, official)
    }

    fn texts(&mut self, page: Option<String>) -> Texts {
        Texts {
            summary: self.short(Column::Summary),
            fee: self.short(Column::Fee),
            papers: self.short_list(Column::Papers, !COMMA),
            deadlines: self.short_list(Column::Deadlines, !COMMA),
            duration: self.short(Column::Duration),
            page,
            as_of: self.checked(Column::AsOf, date),
        }
    }

    /// What the row says of how it is done. A clerk who declares something speaks of just this
    /// place; an empty cell declares nothing: links are judged, and without any it is not known.
    fn evidence(&mut self, more_pages: impl Iterator<Item = String>) -> Evidence {
        let declared = self.checked(Column::Availability, declared);
        let form_may_be_sent = self.checked(Column::FormMayBeSent, yes_or_no);
        let mut links = self.links(Column::OnlineLink, Claim::OnlineService);
        links.extend(self.links(Column::FormLink, Claim::Form));
        let to_judge = !links.is_empty() || form_may_be_sent.is_some();
        links.extend(self.links(Column::AppointmentLink, Claim::Appointment));
        links.extend(more_pages.map(|url| SourceLink {
            claim: Claim::Information,
            url,
            title: None,
        }));
        Evidence {
            described: match declared {
                Some(declared) => declared != Declared::Unknown,
                None => form_may_be_sent.is_some(),
            },
            declared: declared.or_else(|| (!to_judge).then_some(Declared::Unknown)),
            links,
            form_may_be_sent,
            reason: self.short(Column::Reason),
            ..Evidence::default()
        }
    }

    fn authority(&mut self) -> Option<Authority> {
        let name = self.name(Column::Authority);
        let mut web = self.addresses(Column::Web);
        if web.len() > 1 {
            self.fault(Column::Web, "mehr als eine Adresse");
        }
        let hours = self.filled(Column::Hours).unwrap_or_default();
        let authority = Authority {
            name: name.clone().unwrap_or_default(),
            street: self.short(Column::Street),
            postcode: self.checked(Column::Postcode, |text| {
                by_hand::postcode(text).map_err(|reason| by_hand::shown(text, reason))
            }),
            city: self.short(Column::City),
            phone: self.short(Column::Phone),
            email: self.checked(Column::Email, |text| {
                by_hand::email(text).map_err(|reason| by_hand::shown(text, reason))
            }),
            web: web.pop(),
            hours: OpeningHours::parse(&by_hand::lines(hours).join("\n")),
            accessibility: self.short(Column::Accessibility),
        };
        if name.is_none() && authority != Authority::default() && self.faults.is_empty() {
            self.fault(Column::Authority, "leer, aber Angaben zur Stelle sind ausgefüllt");
        }
        (authority != Authority::default()).then_some(authority)
    }
}

/// A key of digits without blanks; spreadsheets show long ones as "5,315E+10".
fn digits(text: &str) -> Result<String, String> {
    let digits: String = text.split_whitespace().collect();
    let scientific = digits.contains(['E', 'e']) && digits.contains('+');
    if scientific {
        let reason = "ist gerundet; bitte die Spalte als Text formatieren und neu eingeben";
        return Err(by_hand::shown(text, reason));
    }
    Ok(digits)
}

/// A region; the zero that spreadsheets drop from the keys of the first nine Länder is put back.
fn region_key(text: &str) -> Result<RegionKey, String> {
    let mut digits = digits(text)?;
    if digits.len() == 11 && !digits.starts_with('0') {
        digits.insert(0, '0');
    }
    digits.parse().map_err(|_| by_hand::shown(text, "ist kein Regionalschlüssel (12 Ziffern)"))
}

fn leika_keys(text: &str) -> Result<Vec<LeikaKey>, String> {
    let whole = digits(text)?;
    if let Ok(key) = whole.parse() {
        return Ok(vec![key]);
    }
    let parts = text.split([' ', ',', ';', '/']).filter(|part| !part.is_empty());
    let key = |part: &str| {
        part.parse().map_err(|_| by_hand::shown(part, "ist kein LeiKa-Schlüssel (14 Ziffern)"))
    };
    parts.map(key).collect()
}

fn own_id(text: &str) -> Result<String, String> {
    if by_hand::is_id(text) {
        return Ok(text.to_owned());
    }
    let reason = "ist keine Kennung (bis 30 Zeichen: Buchstaben ohne Umlaute, Ziffern, . _ -)";
    Err(by_hand::shown(text, reason))
}

fn declared(text: &str) -> Result<Declared, String> {
    let word = by_hand::word(text);
    let means = |words: &[&str]| words.iter().any(|known| by_hand::word(known) == word);
    if text == "?" {
        return Ok(Declared::Unknown);
    }
    match DECLARED.iter().find(|(_, words)| means(words)) {
        Some((declared, _)) => Ok(*declared),
        None => {
            let ours = DECLARED.map(|(_, words)| words[0]);
            let hint = did_you_mean(&plain::at_most(text, SHOWN).to_lowercase(), ours.into_iter());
            Err(format!(
                "{}{hint}",
                by_hand::shown(text, &format!("heißt nichts hiervon: {}", ours.join(", ")))
            ))
        }
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    let word = by_hand::word(text);
    if YES.contains(&word.as_str()) {
        Ok(true)
    } else if NO.contains(&word.as_str()) {
        Ok(false)
    } else {
        Err(by_hand::shown(text, "ist weder ja noch nein"))
    }
}

/// "22.11.2026", "22.11.26", "2026-11-22", with a time after it or not.
fn date(text: &str) -> Result<Date, String> {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let numbers = |separator| {
        let numbers = day.split(separator).map(|part| part.parse::<u16>().ok());
        numbers.collect::<Option<Vec<u16>>>().unwrap_or_default()
    };
    let (year, month, day) = match (numbers('.').as_slice(), numbers('-').as_slice()) {
        (&[day, month, year @ 0..100], _) => (2_000 + year, month, day),
        (&[day, month, year], _) | (_, &[year, month, day]) => (year, month, day),
        _ => (0, 0, 0),
    };
    let date = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok()).zip(
        // A year with a slipped digit is no date, either.
        (1990..2100).contains(&year).then_some(year).zip(u8::try_from(day).ok()),
    );
    date.and_then(|(month, (year, day))| Date::from_calendar_date(i32::from(year), month, day).ok())
        .ok_or_else(|| by_hand::shown(text, "ist kein Datum (TT.MM.JJJJ)"))
}

/// The first line of a table: a mark by which spreadsheets know UTF-8, and [`COLUMNS`].
pub fn header() -> String {
    format!("\u{feff}{}", line(COLUMNS))
}

/// A table to fill in: the header and, as a comment, one row that shows what goes where.
pub fn template() -> String {
    let example = |column: &str| match column {
        "Leistung" => "#hund-anmelden",
        "Name" => "Beispielzeile: # am Anfang heißt, sie wird nicht gelesen",
        "ARS" => "053150000000",
        "Verfügbarkeit" => "teilweise",
        "Grund" => "Die Steuermarke holen Sie ab.",
        "Online-Link" => "https://www.musterstadt.example/hund-anmelden",
        "Formular einsenden" => "ja",
        "Stelle" => "Bürgerbüro",
        "Straße" => "Rathausplatz 1",
        "PLZ" => "12345",
        "Ort" => "Musterstadt",
        "Öffnungszeiten" => "Mo-Do 8-12 und 13-16 Uhr, Fr 8-12 Uhr",
        "Gebühr" => "120 Euro im Jahr",
        "Unterlagen" => "Personalausweis; Nachweis der Haftpflicht",
        "Suchwörter" => "Hund, Hundesteuer",
        "Stand" => "22.11.2026",
        _ => "",
    };
    format!("{}{}", header(), line(COLUMNS.map(example)))
}

/// A line of the table, with line break.
pub fn line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let quoted = |cell: &str| {
        let plain = !cell.contains([';', '"', '\n', '\r']);
        if plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    let cells = cells.into_iter().map(|cell| quoted(cell.as_ref()));
    cells.collect::<Vec<_>>().join(";") + "\r\n"
}

/// The cells of a record for one of its regions, in the order of [`COLUMNS`], safe to open in a
/// spreadsheet. Steps, titles of links and what else a table has no column for are left out.
pub fn row(record: &Record, local: &Local, region: RegionKey) -> Vec<String> {
    let texts = merged(&record.texts, local.texts.as_ref());
    let none = Authority::default();
    let authority = local.authority.as_ref().unwrap_or(&none);
    let evidence = &local.evidence;
    let links = |claim: Claim| evidence.links.iter().filter(move |link| link.claim == claim);
    let addresses =
        |claim| links(claim).map(|link| link.url.as_str()).collect::<Vec<_>>().join(" ");
    let pages = texts.page.iter().map(String::as_str);
    let pages = pages.chain(links(Claim::Information).map(|link| link.url.as_str()));
    // An id stands for one row; one for each region is made when they are read.
    let regions: usize = record.local.iter().map(|local| local.regions.len()).sum();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();

    let mut cells = vec![String::new(); COLUMNS.len()];
    let mut put = |column: Column, cell: String| cells[column as usize] = safe(cell);
    put(Column::Service, text(&record.service));
    put(Column::Name, record.name.clone());
    put(Column::Official, text(&record.official));
    put(Column::Leika, joined(record.leika.iter().map(LeikaKey::to_string), &[',']));
    put(Column::Region, region.to_string());
    put(Column::Availability, evidence.declared.map_or("", our_word).to_owned());
    put(Column::Reason, text(&evidence.reason));
    put(Column::OnlineLink, addresses(Claim::OnlineService));
    put(Column::FormLink, addresses(Claim::Form));
    let may_be_sent = evidence.form_may_be_sent.map_or("", |yes| if yes { YES[0] } else { NO[0] });
    put(Column::FormMayBeSent, may_be_sent.to_owned());
    put(Column::AppointmentLink, addresses(Claim::Appointment));
    put(Column::InfoLink, pages.collect::<Vec<_>>().join(" "));
    put(Column::Authority, authority.name.clone());
    put(Column::Street, text(&authority.street));
    put(Column::Postcode, text(&authority.postcode));
    put(Column::City, text(&authority.city));
    put(Column::Phone, text(&authority.phone));
    put(Column::Email, text(&authority.email));
    put(Column::Web, text(&authority.web));
    put(Column::Hours, authority.hours.to_string());
    put(Column::Accessibility, text(&authority.accessibility));
    put(Column::Summary, text(&texts.summary));
    put(Column::Fee, text(&texts.fee));
    put(Column::Papers, joined(texts.papers.iter().cloned(), &[';']));
    put(Column::Deadlines, joined(texts.deadlines.iter().cloned(), &[';']));
    put(Column::Duration, text(&texts.duration));
    put(Column::Says, joined(record.says.iter().cloned(), &[';', ',']));
    put(Column::Id, if regions > 1 { String::new() } else { record.id.clone() });
    put(Column::AsOf, texts.as_of.map_or_else(String::new, german_date));
    cells
}

/// The texts that hold in a region.
fn merged(general: &Texts, local: Option<&Texts>) -> Texts {
    let mut texts = general.clone();
    if let Some(local) = local.cloned() {
        texts.summary = local.summary.or(texts.summary);
        texts.fee = local.fee.or(texts.fee);
        texts.duration = local.duration.or(texts.duration);
        texts.page = local.page.or(texts.page);
        texts.as_of = local.as_of.or(texts.as_of);
        let or = |local: Vec<String>, general| if local.is_empty() { general } else { local };
        texts.papers = or(local.papers, texts.papers);
        texts.deadlines = or(local.deadlines, texts.deadlines);
    }
    texts
}

/// A list in one cell; entries that hold a separator stand on lines of their own.
fn joined(entries: impl Iterator<Item = String>, separators: &[char]) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.iter().any(|entry| entry.contains(separators)) {
        // The last line break makes it a list even if it is only one.
        entries.join("\n") + "\n"
    } else {
        entries.join("; ")
    }
}

fn our_word(declared: Declared) -> &'static str {
    let words = DECLARED.iter().find(|(known, _)| *known == declared);
    words.and_then(|(_, words)| words.first()).copied().unwrap_or_default()
}

fn german_date(date: Date) -> String {
    format!("{:02}.{:02}.{:04}", date.day(), u8::from(date.month()), date.year())
}

/// A cell that no spreadsheet takes for a formula, and that is read back as it was.
fn safe(cell: String) -> String {
    if cell.trim_start_matches('\'').starts_with(SPECIAL) { format!("'{cell}") } else { cell }
}
