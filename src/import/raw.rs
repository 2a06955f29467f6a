//! Files as sources hand them out: found in a folder, read with a limit, freed of byte order
//! marks; and what foreign JSON needs on top of serde.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize as _, Deserializer, de::Error as _};
use serde_json::{error::Category, value::RawValue};
use time::{Date, macros::format_description};

use super::record::{ImportError, Intake};

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 8;

/// One file of a source.
pub(super) struct SourceFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// The same, as reports name it.
    pub name: String,
    /// Bytes of the files before this one.
    pub before: u64,
    /// Bytes of all files.
    pub total: u64,
}

/// Reads a file, or in the order of their names all files of a folder that end in one of the
/// `extensions`. In a folder, a file that cannot be read is rejected and the others go on.
pub(super) fn each_file(
    path: &Path,
    extensions: &[&str],
    intake: &mut dyn Intake,
    mut read: impl FnMut(&SourceFile<'_>, &mut dyn Intake) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let kind = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    let files = if kind.is_dir() { files_in(path, extensions)? } else { vec![path.to_owned()] };
    if files.is_empty() {
        let reason = format!("keine Datei mit der Endung {}", extensions.join(" oder "));
        return Err(malformed(path, reason));
    }
    let size = |file: &PathBuf| fs::metadata(file).map_or(0, |found| found.len());
    let total = files.iter().map(size).sum();
    let mut before = 0;
    for path in &files {
        let file = SourceFile { path, name: path.display().to_string(), before, total };
        match read(&file, intake) {
            Err(ImportError::Io { file, error }) if kind.is_dir() => {
                intake.reject(&file, "Datei", &error.to_string());
            }
            Err(ImportError::Malformed { file, reason }) if kind.is_dir() => {
                intake.reject(&file, "Datei", &reason);
            }
            outcome => outcome?,
        }
        before += size(path);
        intake.progress(before, Some(total));
    }
    Ok(())
}

/// Links are not followed, so that no folder is read twice.
fn files_in(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 1)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let (path, kind) = (entry.path(), entry.file_type());
            let kind = kind.map_err(|error| unreadable(&path, error))?;
            let wanted = path.extension().is_some_and(|extension| {
                extensions.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted))
            });
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((path, depth + 1));
            } else if kind.is_file() && wanted {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Opens a regular file; a pipe would never end.
pub(super) fn open(path: &Path) -> Result<File, ImportError> {
    let kind = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !kind.is_file() {
        return Err(malformed(path, "keine gewöhnliche Datei"));
    }
    File::open(path).map_err(|error| unreadable(path, error))
}

/// The text of a file of at most `limit` bytes, without byte order mark.
pub(super) fn text(path: &Path, limit: u64) -> Result<String, ImportError> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(malformed(path, format!("größer als {} MiB", limit / (1024 * 1024))));
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| malformed(path, "nicht in der Zeichenkodierung UTF-8"))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// That a file is not what it should be.
pub(super) fn malformed(path: &Path, reason: impl Into<String>) -> ImportError {
    ImportError::Malformed { file: path.display().to_string(), reason: reason.into() }
}

/// That a file cannot be read.
pub(super) fn unreadable(path: &Path, error: std::io::Error) -> ImportError {
    ImportError::Io { file: path.display().to_string(), error }
}

/// What is wrong with JSON, in German.
pub(super) fn json_fault(error: &serde_json::Error) -> String {
    let place = format!("Zeile {}, Spalte {}", error.line(), error.column());
    match error.classify() {
        Category::Eof => format!("bricht ab: unvollständiges JSON ({place})"),
        Category::Data => format!("nicht in der erwarteten Form: {error}"),
        Category::Syntax | Category::Io => format!("kein gültiges JSON ({place})"),
    }
}

/// The day of "2026-05-21", "2026-05-21T10:21:56.440Z" or "21.05.2026".
pub(super) fn day(text: &str) -> Option<Date> {
    let text = text.trim().get(..10)?;
    let iso = Date::parse(text, format_description!("[year]-[month]-[day]"));
    iso.or_else(|_| Date::parse(text, format_description!("[day].[month].[year]"))).ok()
}

/// A text, or a number as text; anything else is as good as absent.
pub(super) fn scalar_of(raw: &RawValue) -> Result<Option<String>, serde_json::Error> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()),
        Some(b'-' | b'0'..=b'9') => Ok(Some(raw.get().to_owned())),
        _ => Ok(None),
    }
}

/// [`scalar_of`] for fields of a struct.
pub(super) fn scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    scalar_of(<&RawValue>::deserialize(from)?).map_err(D::Error::custom)
}

/// What may be `null` instead of empty.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::import::record::Collected;

    #[test]
    fn days_are_read_as_sources_write_them() {
        assert_eq!(day("2026-05-13"), Some(date!(2026 - 05 - 13)));
        assert_eq!(day(" 2026-05-21T10:21:56.440Z"), Some(date!(2026 - 05 - 21)));
        assert_eq!(day("29.09.2026 03:00"), Some(date!(2026 - 09 - 29)));
        for bad in ["", "2026", "2026-02-30", "gestern früh", "ääääää"] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_folder_is_read_in_order_and_a_bad_file_does_not_stop_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for (name, text) in [("b/z.json", "1"), ("a.JSON", "\u{feff}2"), ("c.txt", "3")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::write(folder.path().join("d.json"), b"\xff\xfe").unwrap();
        let (mut read, mut intake) = (Vec::new(), Collected::default());
        each_file(folder.path(), &["json"], &mut intake, |file, _| {
            read.push(text(file.path, 5)?);
            Ok(())
        })
        .unwrap();
        assert_eq!(read, ["2", "1"]);
        assert_eq!(intake.rejected.len(), 1);
        assert!(intake.rejected[0].reason.contains("UTF-8"), "{:?}", intake.rejected);
    }

    #[test]
    fn what_is_no_file_or_too_large_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.json");
        fs::write(&file, vec![b' '; 2 * 1024 * 1024]).unwrap();
        let said = |error: ImportError| error.to_string();
        assert!(said(text(&file, 1024 * 1024).unwrap_err()).ends_with("größer als 1 MiB"));
        assert!(said(text(folder.path(), 1).unwrap_err()).ends_with("keine gewöhnliche Datei"));
        let mut intake = Collected::default();
        let empty = each_file(folder.path(), &["csv"], &mut intake, |_, _| Ok(()));
        assert!(said(empty.unwrap_err()).ends_with("keine Datei mit der Endung csv"));
        let absent = each_file(Path::new("/nirgends"), &["csv"], &mut intake, |_, _| Ok(()));
        assert!(matches!(absent, Err(ImportError::Io { .. })));
    }
}
