//! `export`: everything that was imported comes out again.

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Common, DONE, FAILED, USAGE, load_config, offers::key_of, show};
use crate::{
    catalog::Catalog,
    ids::RegionKey,
    import::{
        csv,
        mapping::Mapping,
        record::Record,
        run::{read_records, read_sources},
        source::Source,
    },
    places::Places,
};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// csv: a row for each service and region, as `import csv` reads it; json: a line for each entry;
    /// template: an empty table with an example, to be filled in for `import csv`
    #[arg(value_enum)]
    format: Format,
    /// Only what holds there or in a part of it: 12-digit key, name or postcode
    #[arg(long, value_name = "ARS")]
    region: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Json,
    Template,
}

/// A line of the JSON export.
#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    kind: &'a str,
    title: &'a str,
    licence: Option<&'a str>,
    record: &'a Record,
}

pub(super) fn run(common: &Common, args: &ExportArgs) -> u8 {
    if matches!(args.format, Format::Template) {
        return show(&csv::template());
    }
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let region = args.region.as_deref().map(|text| {
        let files = crate::setup::catalog_files(&config).map_err(|error| error.to_string())?;
        let places = Places::load(&files).map_err(|finding| finding.to_string())?;
        key_of(&places, text)
    });
    let region = match region.transpose() {
        Ok(region) => region,
        Err(why) => {
            eprintln!("Fehler: --region: {why}");
            return USAGE;
        }
    };
    // What was joined by hand or by key comes out with our id, so that it is joined again.
    let catalog = crate::setup::catalog_files(&config)
        .and_then(|files| Ok((Catalog::load(&files)?, files)))
        .map_err(|error| format!("{error:#}"));
    let (catalog, files) = match catalog {
        Ok(loaded) => loaded,
        Err(why) => {
            eprintln!("Fehler: {why}");
            return USAGE;
        }
    };
    let data = config.data_dir();
    let sources = match read_sources(&data) {
        Ok(sources) => sources,
        Err(failure) => {
            eprintln!("Fehler: {failure}");
            return FAILED;
        }
    };
    let mut out = match Out::new(args.format) {
        Ok(out) => out,
        Err(error) => return failed(&error),
    };
    for source in &sources.list {
        let records = match read_records(&data.records(&source.name)) {
            Ok(records) => records,
            Err(failure) => {
                eprintln!("Fehler: {failure}");
                return FAILED;
            }
        };
        let mapping = match Mapping::load(&files, &catalog, source.kind.name()) {
            Ok(mapping) => mapping,
            Err(finding) => {
                eprintln!("{finding}");
                return FAILED;
            }
        };
        for mut record in records.into_iter().filter_map(|record| within(record, region)) {
            if matches!(args.format, Format::Csv) {
                complete(&mut record, source, &mapping);
            }
            if let Err(error) = out.record(source, &record) {
                return failed(&error);
            }
        }
    }
    match out.out.flush() {
        Ok(()) => DONE,
        Err(error) => failed(&error),
    }
}

/// A reader who has gone away (`| head`) ends the command quietly.
fn failed(error: &io::Error) -> u8 {
    if error.kind() != io::ErrorKind::BrokenPipe {
        eprintln!("Fehler: die Ausgabe kann nicht geschrieben werden: {error}");
    }
    FAILED
}

/// What a table needs that the source says once for all of its records.
fn complete(record: &mut Record, source: &Source, mapping: &Mapping) {
    let mapped = mapping.map(record, &|_| None);
    if let Some(whole) = mapped.iter().find(|mapped| !mapped.part) {
        record.service = Some(whole.service.to_string());
    }
    record.texts.as_of = record.texts.as_of.or(source.as_of);
}

/// A record as far as it holds in a region or a part of it.
fn within(mut record: Record, region: Option<RegionKey>) -> Option<Record> {
    let Some(region) = region else { return Some(record) };
    for local in &mut record.local {
        local.regions.retain(|key| key.chain().any(|above| above == region));
    }
    record.local.retain(|local| !local.regions.is_empty());
    (!record.local.is_empty()).then_some(record)
}

struct Out {
    format: Format,
    out: BufWriter<io::StdoutLock<'static>>,
}

impl Out {
    fn new(format: Format) -> io::Result<Self> {
        let mut out = BufWriter::new(io::stdout().lock());
        if matches!(format, Format::Csv) {
            out.write_all(csv::header().as_bytes())?;
        }
        Ok(Self { format, out })
    }

    fn record(&mut self, source: &Source, record: &Record) -> io::Result<()> {
        if matches!(self.format, Format::Csv) {
            for local in &record.local {
                for region in &local.regions {
                    let row = csv::line(csv::row(record, local, *region));
                    self.out.write_all(row.as_bytes())?;
                }
            }
            return Ok(());
        }
        let line = Line {
            source: &source.name,
            kind: source.kind.name(),
            title: &source.title,
            licence: source.licence.as_deref(),
            record,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }
}
