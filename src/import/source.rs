//! Which sources are imported: remembered, so that one command reads them all anew.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::{catalog::load::in_german, ids::RegionKey};

/// The kinds of sources, in order of precedence: what a town's own people wrote counts before its
/// catalog, that before the registers of a Land and of all Germany, and a calendar of appointments
/// tells least.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Our own overlays of towns: a directory of `<ars>-<name>.toml`
    Towns,
    /// A table filled in by a clerk: CSV or XLSX
    Csv,
    /// The catalog of the Land Berlin: JSON
    Berlin,
    /// The catalog of München: JSON
    Muenchen,
    /// A Zuständigkeitsfinder's XZuFi 2.1 to 2.3: XML file or directory
    Xzufi,
    /// The Portalverbund's search service: its address, or a directory of its answers
    Pvog,
    /// The Dashboard Digitale Verwaltung: CSV or JSON
    Dashboard,
    /// Offices of the ZMS appointment system: JSON
    Zms,
}

impl Kind {
    /// As on the command line and in ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Towns => "towns",
            Self::Csv => "csv",
            Self::Berlin => "berlin",
            Self::Muenchen => "muenchen",
            Self::Xzufi => "xzufi",
            Self::Pvog => "pvog",
            Self::Dashboard => "dashboard",
            Self::Zms => "zms",
        }
    }

    /// Whether its entries do not say themselves where they hold.
    pub fn needs_region(self) -> bool {
        matches!(self, Self::Berlin | Self::Muenchen | Self::Zms | Self::Csv)
    }

    /// Whom to name if nothing else is known.
    pub fn title(self) -> &'static str {
        match self {
            Self::Towns => "Angaben der Gemeinde",
            Self::Csv => "Angaben der Verwaltung",
            Self::Berlin => "Land Berlin, service.berlin.de",
            Self::Muenchen => "Landeshauptstadt München",
            Self::Xzufi => "Zuständigkeitsfinder des Landes",
            Self::Pvog => "Portalverbund (PVOG)",
            Self::Dashboard => "Dashboard Digitale Verwaltung",
            Self::Zms => "Terminverwaltung der Stadt (ZMS)",
        }
    }
}

/// One source and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name in the data directory: the kind, and the region if one was given.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The files, directory or address it is read from, in order.
    pub from: Vec<PathBuf>,
    /// Where it holds, or what of it is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionKey>,
    /// Whom to name.
    pub title: String,
    /// Its licence, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// As of when it is, if the operator said so.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "iso_date")]
    pub as_of: Option<Date>,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "iso_date")]
    pub read: Option<Date>,
    /// How many services it held.
    #[serde(default)]
    pub services: usize,
}

impl Source {
    /// The address it is fetched from, if it is on the net.
    pub fn address(&self) -> Option<&str> {
        let from = self.from.first()?.to_str()?;
        (from.starts_with("https://") || from.starts_with("http://")).then_some(from)
    }
}

/// The file `sources.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Layout of the file; this program reads 1.
    pub format: u32,
    /// The sources, in the order of their first import.
    #[serde(default, rename = "source")]
    pub list: Vec<Source>,
}

impl Sources {
    /// Reads the list.
    ///
    /// # Errors
    /// What is wrong, in German, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sources: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("Zeile {line}: {}", in_german(error.message()))
        })?;
        match sources.format {
            1 => Ok(sources),
            other => Err(format!("format = {other} kennt dieses Programm nicht (erwartet: 1)")),
        }
    }

    /// Puts a source in, in place of the one with its name.
    pub fn put(&mut self, source: Source) {
        match self.list.iter_mut().find(|old| old.name == source.name) {
            Some(old) => *old = source,
            None => self.list.push(source),
        }
    }

    /// One source.
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.list.iter().find(|source| source.name == name)
    }
}

/// A date as text, "2026-11-22".
mod iso_date {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use time::{Date, format_description::well_known::Iso8601};

    pub fn serialize<S: Serializer>(date: &Option<Date>, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&date.map(|date| date.to_string()).unwrap_or_default())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
        let text = String::deserialize(from)?;
        Date::parse(&text, &Iso8601::DATE)
            .map(Some)
            .map_err(|_| D::Error::custom(format!("»{text}« ist kein Datum (JJJJ-MM-TT)")))
    }
}
