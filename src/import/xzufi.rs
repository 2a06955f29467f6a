//! Catalogs in XZuFi, the XÖV standard by which Länder and the federal online gateway exchange
//! descriptions of services: versions 2.1, 2.2 and 2.3.
//!
//! Read are transfer messages (`schreibe` and `loesche`), as full delivery and as later updates,
//! and the answers of 2.1 (`antwort` with `ergebnisLeistung` and `ergebnisOrganisationseinheit`).
//! A service is a Leistung; where it is done, by whom and whether online stands in other objects
//! that name it: Zuständigkeiten of offices, online services and forms, and Spezialisierungen of
//! its text.
//!
//! What is taken for true of a region: an office, an online service or a form whose Zuständigkeit
//! names the region or one above it. The nearest office in charge (role 01) is the authority.

mod ids;
mod inventory;
mod join;
mod objects;
#[cfg(test)]
mod tests;
mod words;
mod xml;

use std::{
    fs::{self, File},
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use time::Date;

use self::{
    inventory::Inventory,
    xml::{Objects, io_error},
};
use super::record::{ImportError, Intake};
use crate::ids::RegionKey;

/// The list of the files of a delivery, in order.
const INDEX: &str = "index.txt";
/// The longest list of files, in bytes.
const MAX_INDEX: u64 = 16 << 20;
/// How often progress is told, in bytes.
const STEP: u64 = 1 << 20;

/// Reads deliveries in XZuFi, one after the other: a later one replaces and deletes what an earlier
/// one has said.
///
/// Each path is an XML file or a directory. A directory is read in the order of its `index.txt`
/// (one name of a file a line), without one all its `*.xml` by name. With a `region` only what
/// holds there, in a region above it or in one it contains is read. `today` is the day on which
/// periods of validity are judged.
///
/// One record is given for each Leistung, after all files are read; one of which no region is told
/// has no [`local`](super::record::Record::local). Every object that cannot be used, and every one
/// that names an object that is nowhere, is rejected with its file and line; so is an area that
/// cannot be told, though its object is used. Progress is told in bytes.
///
/// # Errors
///
/// A file that cannot be read, is not well-formed, has a DTD, is not UTF-8 or is of an unknown
/// version of XZuFi ends the import: without it, the others could say what is no longer true.
pub fn read(
    paths: &[PathBuf],
    region: Option<RegionKey>,
    today: Date,
    intake: &mut dyn Intake,
) -> Result<(), ImportError> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(files_of(path)?);
    }
    let total = files.iter().map(|(_, size)| size).sum();
    let mut inventory = Inventory::new(region, today);
    let mut before = 0;
    for (path, size) in files {
        read_file(&path, &mut inventory, intake, |intake, bytes| {
            intake.progress(before + bytes, Some(total));
        })?;
        before += size;
    }
    inventory.finish(intake);
    Ok(())
}

fn read_file(
    path: &Path,
    inventory: &mut Inventory,
    intake: &mut dyn Intake,
    progress: impl Fn(&mut dyn Intake, u64),
) -> Result<(), ImportError> {
    let file = path.display().to_string();
    let source = File::open(path).map_err(|error| io_error(&file, error))?;
    let mut objects = Objects::new(BufReader::with_capacity(1 << 16, source), &file)?;
    inventory.begin(&file);
    let mut told = 0;
    while let Some(item) = objects.next()? {
        inventory.apply(&item, intake);
        if objects.bytes() >= told + STEP {
            told = objects.bytes();
            progress(intake, told);
        }
    }
    progress(intake, objects.bytes());
    Ok(())
}

/// The files of a path in the order they are to be read, with their sizes.
fn files_of(path: &Path) -> Result<Vec<(PathBuf, u64)>, ImportError> {
    let fail = |error| io_error(&path.display().to_string(), error);
    if !fs::metadata(path).map_err(fail)?.is_dir() {
        return Ok(vec![(path.to_owned(), size(path)?)]);
    }
    let names = match listed(&path.join(INDEX))? {
        Some(names) => names,
        None => {
            let entries = fs::read_dir(path).map_err(fail)?;
            let names = entries.map(|entry| entry.map(|entry| PathBuf::from(entry.file_name())));
            let mut names: Vec<_> = names.collect::<Result<_, _>>().map_err(fail)?;
            let is_xml =
                |name: &PathBuf| name.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"));
            names.retain(is_xml);
            names.sort();
            names
        }
    };
    if names.is_empty() {
        let reason = format!("das Verzeichnis enthält keine XML-Datei (auch nicht in {INDEX})");
        return Err(ImportError::Malformed { file: path.display().to_string(), reason });
    }
    let files = names.into_iter().map(|name| path.join(name));
    files.map(|file| size(&file).map(|size| (file, size))).collect()
}

/// The size of a regular file; anything else (a pipe would block) is an error.
fn size(path: &Path) -> Result<u64, ImportError> {
    let file = path.display().to_string();
    let metadata = fs::metadata(path).map_err(|error| io_error(&file, error))?;
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        Err(ImportError::Malformed { file, reason: "keine gewöhnliche Datei".to_owned() })
    }
}

/// The names in an `index.txt`, or `None` if there is none.
fn listed(index: &Path) -> Result<Option<Vec<PathBuf>>, ImportError> {
    let file = index.display().to_string();
    match fs::metadata(index) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ if size(index)? > MAX_INDEX => {
            let reason = format!("größer als {} MiB", MAX_INDEX >> 20);
            return Err(ImportError::Malformed { file, reason });
        }
        _ => {}
    }
    let text = fs::read_to_string(index).map_err(|error| io_error(&file, error))?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate();
    let mut names = Vec::new();
    for (n, name) in lines.filter(|(_, name)| !name.is_empty()) {
        // A name of a file beside the list, nothing that leads out of the directory.
        if name.contains(['/', '\\', '\0']) || name == ".." || name == "." {
            let reason = format!("Zeile {}: »{name}« ist kein Dateiname", n + 1);
            return Err(ImportError::Malformed { file, reason });
        }
        names.push(name.into());
    }
    Ok(Some(names))
}
