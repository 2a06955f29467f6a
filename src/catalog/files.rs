//! Where catalog files come from: embedded in the program, or a directory of the operator's.

use std::{
    borrow::Cow,
    fs,
    hash::{Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

use include_dir::{Dir, include_dir};
use rustc_hash::FxHasher;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/catalog");

/// A catalog file larger than this is refused: no entry comes near it.
const MAX_FILE: u64 = 8 << 20;

/// The text files of a catalog, by path relative to the catalog's root with `/` between folders.
#[derive(Debug, Clone)]
pub struct CatalogFiles {
    files: Vec<File>,
    origin: Option<PathBuf>,
}

/// A path and what is there.
type File = (String, Cow<'static, [u8]>);

/// A catalog directory that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The directory, or something in it.
    #[error("{path}: {why}")]
    Io {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Not a regular file, or too large.
    #[error("{0}: keine gewöhnliche Datei oder größer als 8 MB")]
    NotRegular(PathBuf),
}

impl CatalogFiles {
    /// A number that is the same wherever all files are the same.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = FxHasher::default();
        self.files.hash(&mut hash);
        hash.finish()
    }

    /// The catalog shipped inside the program.
    pub fn embedded() -> Self {
        fn collect(dir: &'static Dir<'_>, files: &mut Vec<File>) {
            for file in dir.files() {
                if let Some(path) = file.path().to_str() {
                    files.push((path.replace('\\', "/"), file.contents().into()));
                }
            }
            for dir in dir.dirs() {
                collect(dir, files);
            }
        }
        let mut files = Vec::new();
        collect(&EMBEDDED, &mut files);
        files.sort_unstable();
        Self { files, origin: None }
    }

    /// The catalog in a directory. What the directory lacks as a whole - `places/`, `lexicon/`,
    /// `mapping/` -
    /// comes from the embedded catalog, so that a town can begin with a handful of entries.
    ///
    /// # Errors
    /// If the directory or a file in it cannot be read.
    pub fn from_dir(root: &Path) -> Result<Self, FilesError> {
        let mut files = Self::from_overlay_dir(root)?.files;
        files.retain(|(path, _)| is_catalog_file(Path::new(path)));
        for folder in ["places/", "lexicon/", "mapping/"] {
            if !files.iter().any(|(path, _)| path.starts_with(folder)) {
                let embedded = Self::embedded();
                files.extend(
                    embedded.files.into_iter().filter(|(path, _)| path.starts_with(folder)),
                );
            }
        }
        files.sort_unstable();
        Ok(Self { files, origin: Some(root.to_owned()) })
    }

    /// What lies in a directory and nothing else. Of files that can be no part of a catalog there is
    /// the path alone, so that they can be pointed out.
    ///
    /// # Errors
    /// If the directory or a file in it cannot be read.
    pub fn from_overlay_dir(root: &Path) -> Result<Self, FilesError> {
        let mut files = Vec::new();
        read_dir(root, root, 0, &mut files)?;
        files.sort_unstable();
        Ok(Self { files, origin: Some(root.to_owned()) })
    }

    /// A catalog from paths and texts, completed from the embedded one like a directory.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut files: Vec<_> = texts
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec().into()))
            .collect();
        files.sort_unstable();
        Self { files, origin: None }
    }

    /// The files below a folder whose name ends as given, in order of their paths.
    pub fn below<'a>(
        &'a self,
        folder: &'a str,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(folder) && path.ends_with(ending))
            .map(|(path, bytes)| (path.as_str(), bytes.as_ref()))
    }

    /// One file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        let at = self.files.binary_search_by(|(p, _)| p.as_str().cmp(path)).ok()?;
        Some(&self.files[at].1)
    }

    /// How to name a file to a person: with the directory it came from.
    pub fn display(&self, path: &str) -> String {
        match &self.origin {
            Some(root) => root.join(path).display().to_string(),
            None => format!("catalog/{path}"),
        }
    }
}

fn is_catalog_file(path: &Path) -> bool {
    matches!(path.extension().and_then(|e| e.to_str()), Some("toml" | "txt" | "tsv"))
}

/// Deeper nesting is a loop of links or a mistake.
const MAX_DEPTH: usize = 6;

fn read_dir(
    root: &Path,
    dir: &Path,
    depth: usize,
    files: &mut Vec<File>,
) -> Result<(), FilesError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |why| FilesError::Io { path, why }
    };
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let relative = relative.to_string_lossy().replace('\\', "/");
        let meta = fs::metadata(&path).map_err(io(&path))?;
        if meta.is_dir() {
            if depth < MAX_DEPTH {
                read_dir(root, &path, depth + 1, files)?;
            }
        } else if !is_catalog_file(&path) {
            files.push((relative, Cow::Borrowed(&[])));
        } else if meta.is_file() && meta.len() <= MAX_FILE {
            files.push((relative, fs::read(&path).map_err(io(&path))?.into()));
        } else {
            return Err(FilesError::NotRegular(path));
        }
    }
    Ok(())
}
