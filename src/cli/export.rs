//! `export`: everything that was imported comes out again.

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Common, DONE, FAILED, USAGE, load_config, offers::key_of};
use crate::{
    ids::RegionKey,
    import::{
        csv::{self, COLUMNS},
        record::Record,
        run::{read_records, read_sources},
        source::Source,
    },
    places::Places,
};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// csv: a row for each service and region, as `import csv` reads it; json: a line for each entry
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
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let region = args.region.as_deref().map(|text| {
        let files = crate::serve::catalog_files(&config).map_err(|error| error.to_string())?;
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
    let data = config.data_dir();
    let sources = match read_sources(&data) {
        Ok(sources) => sources,
        Err(failure) => {
            eprintln!("Fehler: {failure}");
            return FAILED;
        }
    };
    let mut out = Out::new(args.format);
    for source in &sources.list {
        let records = match read_records(&data.records(&source.name)) {
            Ok(records) => records,
            Err(failure) => {
                eprintln!("Fehler: {failure}");
                return FAILED;
            }
        };
        for record in records.into_iter().filter_map(|record| within(record, region)) {
            match out.record(source, &record) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return FAILED,
                Err(error) => {
                    eprintln!("Fehler: die Ausgabe kann nicht geschrieben werden: {error}");
                    return FAILED;
                }
            }
        }
    }
    match out.finish() {
        Ok(()) => DONE,
        Err(error) => {
            eprintln!("Fehler: die Ausgabe kann nicht geschrieben werden: {error}");
            FAILED
        }
    }
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

enum Out {
    Csv(Box<::csv::Writer<io::StdoutLock<'static>>>),
    Json(BufWriter<io::StdoutLock<'static>>),
}

impl Out {
    fn new(format: Format) -> Self {
        let out = io::stdout().lock();
        match format {
            Format::Csv => {
                let mut writer = ::csv::WriterBuilder::new().delimiter(b';').from_writer(out);
                // A closed pipe is told with the first record.
                let _ = writer.write_record(COLUMNS);
                Self::Csv(Box::new(writer))
            }
            Format::Json => Self::Json(BufWriter::new(out)),
        }
    }

    fn record(&mut self, source: &Source, record: &Record) -> io::Result<()> {
        match self {
            Self::Csv(writer) => {
                for local in &record.local {
                    for region in &local.regions {
                        writer.write_record(csv::row(record, local, *region))?;
                    }
                }
            }
            Self::Json(out) => {
                let kind = source.kind.name();
                let licence = source.licence.as_deref();
                let (source, title) = (source.name.as_str(), source.title.as_str());
                serde_json::to_writer(&mut *out, &Line { source, kind, title, licence, record })?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            Self::Json(out) => out.flush(),
        }
    }
}
