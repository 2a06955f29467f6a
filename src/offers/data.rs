//! The data directory: what the operator imported and noted, beside the catalog.
//!
//! ```text
//! data/
//!   sources.toml        which sources are imported, and from where
//!   imports/*.jsonl     their records as last read
//!   offers.redb         all of them, joined with the catalog and compiled
//!   pruefen.tsv         what a person should look at, found on the way
//!   outages.toml        what is out of order
//!   links.jsonl         what the last check of links found
//! ```

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::outage::{Outage, OutageFile};

/// The data directory. It need not exist until something is put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The directory of this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The compiled offers.
    pub fn offers(&self) -> PathBuf {
        self.0.join("offers.redb")
    }

    /// The notes about outages.
    pub fn outages(&self) -> PathBuf {
        self.0.join("outages.toml")
    }

    /// The list of sources.
    pub fn sources(&self) -> PathBuf {
        self.0.join("sources.toml")
    }

    /// The records of a source.
    pub fn records(&self, source: &str) -> PathBuf {
        self.0.join("imports").join(format!("{source}.jsonl"))
    }

    /// What a service on the net answered, file by file.
    pub fn answers(&self, source: &str) -> PathBuf {
        self.0.join("imports").join(format!("{source}.answers"))
    }

    /// What a person should look at, found when the offers were compiled.
    pub fn remarks(&self) -> PathBuf {
        self.0.join("pruefen.tsv")
    }

    /// What the last check of links found.
    pub fn links(&self) -> PathBuf {
        self.0.join("links.jsonl")
    }

    /// The notes about outages; none if there is no file.
    ///
    /// # Errors
    /// In German, with the file and what is wrong in it.
    pub fn read_outages(&self) -> Result<Vec<Outage>, String> {
        let path = self.outages();
        match fs::read_to_string(&path) {
            Ok(text) => OutageFile::parse(&text)
                .map(|file| file.outages)
                .map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Puts a text into a file, whole or not at all: whoever reads meanwhile sees the old one.
    ///
    /// # Errors
    /// If the directory cannot be made or written.
    pub fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let dir = path.parent().unwrap_or(&self.0);
        fs::create_dir_all(dir)?;
        let new = path.with_extension("neu");
        let mut file = fs::File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    }

    /// Keeps others from changing the directory until it is dropped.
    ///
    /// # Errors
    /// In German, if somebody else is at it, or the directory cannot be written.
    pub fn lock(&self) -> Result<fs::File, String> {
        let path = self.0.join("lock");
        let told = |error: io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(&self.0).map_err(told)?;
        let file = fs::File::create(&path).map_err(told)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(format!(
                "{}: ein anderer Befehl ändert gerade die Daten; bitte später noch einmal",
                self.0.display()
            )),
            Err(fs::TryLockError::Error(error)) => Err(told(error)),
        }
    }
}
