//! One import from beginning to end: read, check, join with the catalog, compile, put in place.
//!
//! Nothing is replaced before everything new is complete: who answers meanwhile answers from the
//! old file, and a failed import leaves it as it was.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
    fs,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use time::Date;

use super::{
    berlin,
    compile::{Compiler, Joined, Remark, Where, entries},
    csv, dashboard,
    mapping::{By, Mapped, Mapping},
    muenchen, pvog,
    record::{ImportError, Intake, Record, Rejected},
    source::{Kind, Source, Sources},
    towns, xzufi, zms,
};
use crate::{
    bot::{Bot, TakenFor},
    catalog::{CatalogFiles, Finding, load::did_you_mean},
    ids::{RegionKey, ServiceId},
    offers::{
        data::DataDir,
        file::{self, Manifest, ManifestSource},
    },
    reply::AvailabilityKind,
};

/// A new state of a source with fewer services than this part of the old one is refused.
const LEAST_KEPT: f64 = 0.8;

/// What an import needs of the rest of the program.
pub struct Context<'a> {
    /// Where the data are.
    pub data: &'a DataDir,
    /// The catalog's files, for the tables that map foreign entries.
    pub files: &'a CatalogFiles,
    /// The bot over the catalog: its matcher reads foreign names.
    pub bot: &'a Bot,
    /// Today.
    pub today: Date,
}

/// Why an import did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The source could not be read.
    #[error("{0}")]
    Source(#[from] ImportError),
    /// Too little is left of what was there.
    #[error(
        "»{name}« hätte nur noch {now} statt {before} Leistungen, mehr als 20 % weniger. Bitte die \
         Quelle prüfen. Ist das so gewollt: noch einmal mit --force"
    )]
    Shrunk {
        /// The source.
        name: String,
        /// Services before.
        before: usize,
        /// Services now.
        now: usize,
    },
    /// Nothing in it could be used.
    #[error("»{name}« enthält keine Leistung, die eingelesen werden kann{}", told(rejected))]
    Empty {
        /// The source.
        name: String,
        /// What was not imported, and why.
        rejected: Vec<Rejected>,
    },
    /// The data directory, a table of the catalog or the compiled file.
    #[error("{0}")]
    Data(String),
}

/// Rejected entries shown on the screen; the rest is in the report.
const SHOWN: usize = 20;

/// What was not imported and why, a line each, the first ones.
pub fn told(rejected: &[Rejected]) -> String {
    let mut out = String::new();
    for Rejected { file, record, reason } in rejected.iter().take(SHOWN) {
        let _ = write!(out, "\n  {file}: {record}: {reason}");
    }
    if rejected.len() > SHOWN {
        let _ = write!(out, "\n  … und {} weitere", rejected.len() - SHOWN);
    }
    out
}

/// What became of the records of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// Entries in the source.
    pub records: usize,
    /// Of those, imported.
    pub imported: usize,
    /// By what they were joined with ours, and how many.
    pub joined: BTreeMap<&'static str, usize>,
    /// Special cases of ours among them.
    pub parts: usize,
    /// Services of their own.
    pub own: usize,
    /// Not imported, by reason.
    pub rejected: BTreeMap<String, usize>,
}

/// An entry that was joined by its name, or by a key on a level above.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubtful {
    /// Name of the source.
    pub source: String,
    /// The entry (`berlin:120686`).
    pub entry: String,
    /// What it is called.
    pub name: String,
    /// What it was taken for.
    pub mapped: Mapped,
}

/// What an import did.
#[derive(Debug, Default)]
pub struct Done {
    /// By source.
    pub counts: BTreeMap<String, Counts>,
    /// What was not imported, by source.
    pub rejected: Vec<(String, Rejected)>,
    /// What was joined without certainty.
    pub doubtful: Vec<Doubtful>,
    /// What became a service of its own: source, foreign id, its name.
    pub own: Vec<(String, String, String)>,
    /// What a person should look at.
    pub remarks: BTreeMap<Remark, Where>,
    /// Offers in the compiled file, by availability.
    pub offers: BTreeMap<AvailabilityKind, usize>,
}

impl Done {
    /// What a person should look at, a line each: doubtful joins, then contradictions.
    pub fn to_review(&self) -> String {
        let cell = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        let mut out = String::new();
        for Doubtful { source, entry, name, mapped } in &self.doubtful {
            let (name, Mapped { service, by, part }) = (cell(name), mapped);
            let what = if *part { "Sonderfall von" } else { "zugeordnet zu" };
            let _ = writeln!(out, "{source}\t{entry}\t{name}\t{what} {service}: {}", by.word());
        }
        for ((service, offer, what), (region, count)) in &self.remarks {
            let place = match count {
                1 => region.to_string(),
                more => format!("{region} und {} weitere", more - 1),
            };
            let _ = writeln!(out, "{place}\t{offer}\t{service}\t{}", cell(what));
        }
        out
    }
}

/// How far a long work has come: what is done, and of how much.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, Option<u64>);

/// Reads one source anew and compiles all of them.
///
/// # Errors
/// See [`Failure`]; the data are then as before.
pub fn import(
    context: &Context<'_>,
    mut source: Source,
    force: bool,
    progress: Progress<'_>,
) -> Result<Done, Failure> {
    let _lock = context.data.lock().map_err(Failure::Data)?;
    let mut sources = read_sources(context.data)?;
    let mut done = Done::default();
    let mut intake = Checked::new(context.bot, &source, progress);
    read(context, &source, &mut intake)?;
    let (records, rejected) = intake.finish();
    let now = records.len();
    let before = sources.get(&source.name).map_or(0, |old| old.services);
    if now == 0 {
        return Err(Failure::Empty { name: source.name, rejected });
    }
    if !force && (now as f64) < LEAST_KEPT * before as f64 {
        return Err(Failure::Shrunk { name: source.name, before, now });
    }
    let counts = done.counts.entry(source.name.clone()).or_default();
    counts.records = now + rejected.len();
    counts.imported = now;
    for rejected in &rejected {
        *counts.rejected.entry(rejected.reason.clone()).or_default() += 1;
    }
    let name = source.name.clone();
    done.rejected.extend(rejected.into_iter().map(|rejected| (name.clone(), rejected)));
    source.read = Some(context.today);
    source.services = now;
    let new = write_records(context.data, &source.name, &records)?;
    sources.put(source);
    compile(context, &sources, Some((&name, records)), &mut done, progress)?;
    let told =
        |error: io::Error| Failure::Data(format!("{}: {error}", context.data.path().display()));
    fs::rename(new, context.data.records(&name)).map_err(told)?;
    write_sources(context.data, &sources)?;
    Ok(done)
}

/// Joins and compiles what was imported before, for a changed catalog.
///
/// # Errors
/// See [`Failure`].
pub fn rebuild(context: &Context<'_>, progress: Progress<'_>) -> Result<Done, Failure> {
    let _lock = context.data.lock().map_err(Failure::Data)?;
    let sources = read_sources(context.data)?;
    let mut done = Done::default();
    compile(context, &sources, None, &mut done, progress)?;
    Ok(done)
}

/// The sources that were imported; none if there is no list.
///
/// # Errors
/// If the list cannot be read.
pub fn read_sources(data: &DataDir) -> Result<Sources, Failure> {
    let path = data.sources();
    let told = |why: String| Failure::Data(format!("{}: {why}", path.display()));
    match fs::read_to_string(&path) {
        Ok(text) => Sources::parse(&text).map_err(told),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Sources { format: 1, list: Vec::new() })
        }
        Err(error) => Err(told(error.to_string())),
    }
}

fn write_sources(data: &DataDir, sources: &Sources) -> Result<(), Failure> {
    let path = data.sources();
    let text = toml::to_string(sources).map_err(|error| Failure::Data(error.to_string()))?;
    data.replace(&path, &text)
        .map_err(|error| Failure::Data(format!("{}: {error}", path.display())))
}

fn read(context: &Context<'_>, source: &Source, intake: &mut Checked<'_>) -> Result<(), Failure> {
    let [first, ..] = source.from.as_slice() else {
        return Err(Failure::Data(format!("sources.toml: »{}« hat kein from", source.name)));
    };
    let region = source.region;
    let needed = || {
        region.ok_or_else(|| Failure::Data(format!("»{}« braucht --region", source.kind.name())))
    };
    match source.kind {
        Kind::Towns => towns::read(first, intake)?,
        Kind::Csv => csv::read(first, needed()?, intake)?,
        Kind::Berlin => berlin::read(first, needed()?, intake)?,
        Kind::Muenchen => muenchen::read(first, needed()?, intake)?,
        Kind::Zms => zms::read(first, needed()?, intake)?,
        Kind::Xzufi => xzufi::read(&source.from, region, context.today, intake)?,
        Kind::Pvog => {
            let answers = source.address().map(|_| context.data.answers(&source.name));
            // Answers fetched from the net know themselves which town they are for.
            let region = region.filter(|_| answers.is_none());
            pvog::read(answers.as_ref().unwrap_or(first), region, intake)?;
        }
        Kind::Dashboard => dashboard::read(first, region, intake)?,
    }
    Ok(())
}

/// Checks what every source must keep: ids that are unique and well formed, regions that exist.
struct Checked<'a> {
    source: &'a str,
    kind: Kind,
    known: HashSet<RegionKey>,
    services: Vec<&'a str>,
    seen: HashSet<String>,
    records: Vec<Record>,
    rejected: Vec<Rejected>,
    progress: Progress<'a>,
}

impl<'a> Checked<'a> {
    fn new(bot: &'a Bot, source: &'a Source, progress: Progress<'a>) -> Self {
        let services = bot.catalog().services().iter().map(|service| service.id.as_str());
        let known = bot.places().all().iter().flat_map(|place| place.key.chain()).collect();
        Self {
            source: &source.name,
            kind: source.kind,
            known,
            services: services.collect(),
            seen: HashSet::new(),
            records: Vec::new(),
            rejected: Vec::new(),
            progress,
        }
    }

    /// What was meant by an id that the catalog does not have: what people write by hand has typing
    /// errors, and a new service beside the real one would be found in its stead. A table may name
    /// a service of its own in the same column.
    fn misspelt(&self, record: &Record) -> Option<String> {
        let id = record.service.as_deref().filter(|id| !self.services.contains(id))?;
        let near = did_you_mean(id, self.services.iter().copied());
        (self.kind == Kind::Towns || !near.is_empty()).then_some(near)
    }

    fn finish(self) -> (Vec<Record>, Vec<Rejected>) {
        (self.records, self.rejected)
    }
}

impl Intake for Checked<'_> {
    fn record(&mut self, mut record: Record) {
        let id = format!("{}:{}", self.kind.name(), record.id);
        if id.parse::<ServiceId>().is_err() {
            return self.reject(
                self.source,
                &record.id,
                "die Kennung ist leer, zu lang oder hat fremde Zeichen",
            );
        }
        if record.name.trim().is_empty() && record.service.is_none() {
            return self.reject(self.source, &record.id, "ohne Namen");
        }
        if let Some(meant) = self.misspelt(&record) {
            let id = record.service.unwrap_or_default();
            let reason = format!("die Leistung »{id}« gibt es nicht{meant}");
            return self.reject(self.source, &record.id, &reason);
        }
        if record.name.to_lowercase().contains("lorem ipsum") {
            return self.reject(self.source, &record.id, "Blindtext");
        }
        if !self.seen.insert(record.id.clone()) {
            return self.reject(self.source, &record.id, "die Kennung kommt mehrmals vor");
        }
        for local in &mut record.local {
            local.regions.retain(|region| self.known.contains(region));
        }
        record.local.retain(|local| !local.regions.is_empty());
        if record.local.is_empty() {
            return self.reject(self.source, &record.id, "gilt in keiner bekannten Region");
        }
        self.records.push(record);
    }

    fn reject(&mut self, file: &str, record: &str, reason: &str) {
        let [file, record, reason] = [file, record, reason].map(str::to_owned);
        self.rejected.push(Rejected { file, record, reason });
    }

    fn progress(&mut self, done: u64, total: Option<u64>) {
        (self.progress)("einlesen", done, total);
    }
}

fn write_records(data: &DataDir, name: &str, records: &[Record]) -> Result<PathBuf, Failure> {
    let path = data.records(name).with_extension("neu");
    let told = |error: io::Error| Failure::Data(format!("{}: {error}", path.display()));
    fs::create_dir_all(path.parent().unwrap_or(data.path())).map_err(told)?;
    let mut out = BufWriter::new(fs::File::create(&path).map_err(told)?);
    for record in records {
        serde_json::to_writer(&mut out, record).map_err(|error| told(error.into()))?;
        out.write_all(b"\n").map_err(told)?;
    }
    let file = out.into_inner().map_err(|error| told(error.into_error()))?;
    file.sync_all().map_err(told)?;
    Ok(path)
}

/// The records of a source as last read.
///
/// # Errors
/// If they cannot be read.
pub fn read_records(path: &Path) -> Result<Vec<Record>, Failure> {
    let told = |why: String| Failure::Data(format!("{}: {why}", path.display()));
    let file = fs::File::open(path).map_err(|error| told(error.to_string()))?;
    let mut records = Vec::new();
    for (at, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| told(error.to_string()))?;
        let record = serde_json::from_str(&line)
            .map_err(|error| told(format!("Zeile {at}: {error}; bitte neu einlesen")))?;
        records.push(record);
    }
    Ok(records)
}

fn compile(
    context: &Context<'_>,
    sources: &Sources,
    fresh: Option<(&str, Vec<Record>)>,
    done: &mut Done,
    progress: Progress<'_>,
) -> Result<(), Failure> {
    let catalog = context.bot.catalog();
    let (fresh_name, mut fresh_records) = fresh.unzip();
    let mut joined = Vec::new();
    let mut manifest = Vec::new();
    for source in &sources.list {
        let records = match fresh_records.take_if(|_| fresh_name == Some(source.name.as_str())) {
            Some(records) => records,
            None => read_records(&context.data.records(&source.name))?,
        };
        let mapping = Mapping::load(context.files, catalog, source.kind.name())
            .map_err(|Finding { file, message, .. }| Failure::Data(format!("{file}: {message}")))?;
        let counts = done.counts.entry(source.name.clone()).or_default();
        counts.imported = records.len();
        let mut joining = Joining {
            source,
            mapping: &mapping,
            counts,
            doubtful: &mut done.doubtful,
            own: &mut done.own,
        };
        let joining = joining.join(context.bot, records, progress);
        let read = source.read.unwrap_or(context.today);
        manifest.push(ManifestSource {
            name: source.name.clone(),
            kind: source.kind.name().to_owned(),
            title: source.title.clone(),
            licence: source.licence.clone(),
            records: joining.len() as u64,
            as_of: source.as_of,
            read,
        });
        joined.push(Joined {
            kind: source.kind,
            title: source.title.clone(),
            licence: source.licence.clone(),
            as_of: source.as_of,
            read,
            records: joining,
        });
    }
    let entries = entries(&joined);
    let mut compiler = Compiler::new(&joined, catalog);
    let mut written = 0u64;
    let offers = compiler.by_ref().inspect(|(_, _, offer)| {
        *done.offers.entry(offer.availability.kind()).or_default() += 1;
        written += 1;
        if written.is_multiple_of(10_000) {
            progress("schreiben", written, None);
        }
    });
    let manifest = Manifest::of(manifest);
    file::write(&context.data.offers(), manifest, entries, offers)
        .map_err(|error| Failure::Data(error.to_string()))?;
    done.remarks = std::mem::take(&mut compiler.remarks);
    let path = context.data.remarks();
    context
        .data
        .replace(&path, &done.to_review())
        .map_err(|error| Failure::Data(format!("{}: {error}", path.display())))
}

/// Finds for each record of a source what of ours it is.
struct Joining<'a> {
    source: &'a Source,
    mapping: &'a Mapping,
    counts: &'a mut Counts,
    doubtful: &'a mut Vec<Doubtful>,
    own: &'a mut Vec<(String, String, String)>,
}

impl Joining<'_> {
    fn join(
        &mut self,
        bot: &Bot,
        records: Vec<Record>,
        progress: Progress<'_>,
    ) -> Vec<(Record, Vec<Mapped>)> {
        // The same name comes again and again, town by town.
        let guesses: RefCell<HashMap<String, Option<TakenFor>>> = RefCell::default();
        let guess = |name: &str| {
            let mut guesses = guesses.borrow_mut();
            guesses.entry(name.to_owned()).or_insert_with(|| bot.take_for(name)).clone()
        };
        let total = records.len() as u64;
        let mut joined = Vec::with_capacity(records.len());
        for (at, mut record) in (1u64..).zip(records) {
            record.says.extend_from_slice(self.mapping.says(&record.id));
            let mapped = self.mapping.map(&record, &guess);
            self.count(&record, &mapped);
            joined.push((record, mapped));
            if at.is_multiple_of(256) {
                progress("zuordnen", at, Some(total));
            }
        }
        joined
    }

    fn count(&mut self, record: &Record, mapped: &[Mapped]) {
        let source = self.source.name.clone();
        let id = format!("{}:{}", self.source.kind.name(), record.id);
        let Some(first) = mapped.first() else {
            self.counts.own += 1;
            self.own.push((source, id, record.name.clone()));
            return;
        };
        let how = match first.by {
            By::Source => "in der Quelle genannt",
            By::Hand(_) => "von Hand",
            By::Key => "Schlüssel",
            By::KeyAbove => "Schlüssel darüber",
            By::Name(_) => "Name",
        };
        *self.counts.joined.entry(how).or_default() += 1;
        self.counts.parts += usize::from(mapped.iter().all(|mapped| mapped.part));
        if matches!(first.by, By::Name(_) | By::KeyAbove) {
            let name = record.name.clone();
            self.doubtful.push(Doubtful { source, entry: id, name, mapped: first.clone() });
        }
    }
}
