//! What every importer turns its source into: one [`Record`] for each entry of the source, in our
//! form but not yet joined with our catalog.

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{
    catalog::{authority::Authority, service::Step},
    ids::{LeikaKey, RegionKey},
};

/// One service as one foreign catalog describes it.
///
/// Texts are plain: no markup, no entities, no invisible characters, white space folded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Its id in the source, unique there: `[A-Za-z0-9._-]`, at most 30 characters.
    pub id: String,
    /// Our id, if the source itself names it (a clerk's table, an overlay).
    pub service: Option<String>,
    /// What it is called, in citizens' words if the source has them.
    pub name: String,
    /// What the office calls it, if that is another name.
    pub official: Option<String>,
    /// Its keys in the federal catalog of services.
    pub leika: Vec<LeikaKey>,
    /// Synonyms and search words.
    pub says: Vec<String>,
    /// What holds everywhere the source speaks of.
    pub texts: Texts,
    /// How it is done, region by region.
    pub local: Vec<Local>,
    /// Who says so, if that is not the same for all records of the source.
    pub source: Option<SourceNote>,
}

/// Who vouches for a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceNote {
    /// Whom to name ("Stadt Musterstadt").
    pub title: String,
    /// Its page.
    pub url: Option<String>,
    /// Under which licence it may be passed on, as the source states it.
    pub licence: Option<String>,
}

/// What a source says of a service, in plain text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texts {
    /// What it is, in one or two sentences, at most 300 characters.
    pub summary: Option<String>,
    /// What it costs, at most 300 characters.
    pub fee: Option<String>,
    /// What to bring; one entry a paper.
    pub papers: Vec<String>,
    /// By when; one entry a deadline.
    pub deadlines: Vec<String>,
    /// How long it takes.
    pub duration: Option<String>,
    /// The page that describes it.
    pub page: Option<String>,
    /// As of when, by the source.
    pub as_of: Option<Date>,
}

/// How a service is done in some regions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Local {
    /// Where.
    pub regions: Vec<RegionKey>,
    /// What the source gives to tell by whether it can be done online there.
    pub evidence: Evidence,
    /// The office in charge there.
    pub authority: Option<Authority>,
    /// Where these regions differ from [`Record::texts`].
    pub texts: Option<Texts>,
}

/// What a source gives to tell by whether a service can be done online; judged by
/// [`availability::derive`](super::availability::derive).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Whether the source describes the service for just this place (or is its only catalog), so
    /// that what it does not mention is not there. A text for a whole Land says nothing about a town.
    pub described: bool,
    /// What the source says itself, in so many words.
    pub declared: Option<Declared>,
    /// Its links, and what the source takes them for.
    pub links: Vec<SourceLink>,
    /// Whether a register found that the online service answers.
    pub answers: Option<bool>,
    /// Whether a form may be sent in (by post, e-mail or upload): only if the source says so.
    pub form_may_be_sent: Option<bool>,
    /// Whether somebody must come, or sign on paper, whatever is online.
    pub in_person_needed: bool,
    /// The steps, if the source tells them apart.
    pub steps: Vec<Step>,
    /// Why, in the words of the source.
    pub reason: Option<String>,
}

/// What a source declares about a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// All of it goes online.
    Online,
    /// A part of it goes online.
    Partly,
    /// It does not go online; there may be forms to send in.
    NotOnline,
    /// Only in person.
    InPerson,
    /// Not known.
    Unknown,
}

/// A link as the source has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLink {
    /// What the source takes it for.
    pub claim: Claim,
    /// The address.
    pub url: String,
    /// What it is called there.
    pub title: Option<String>,
}

/// What a source takes a link for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// The matter is done there (an Onlinedienst, `onlineprocessing`).
    OnlineService,
    /// A form.
    Form,
    /// Appointments are made there.
    Appointment,
    /// Something to read.
    Information,
}

/// What could not be imported, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The file, or the address, it stands in; with line or path where that helps.
    pub file: String,
    /// Its id or name in the source, or its position ("Datensatz 12").
    pub record: String,
    /// Why, in German: clerks read it.
    pub reason: String,
}

/// Takes what an importer reads.
///
/// Every entry of the source ends in exactly one call of [`Intake::record`] or [`Intake::reject`].
pub trait Intake {
    /// A record.
    fn record(&mut self, record: Record);
    /// What could not be, or is not to be, imported ("nicht öffentlich").
    fn reject(&mut self, file: &str, record: &str, reason: &str);
    /// How far a long work has come, in units of the importer's own (bytes, pages).
    fn progress(&mut self, _done: u64, _total: Option<u64>) {}
}

/// Keeps everything in memory: for tests and for sources of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collected {
    /// The records.
    pub records: Vec<Record>,
    /// What was not imported.
    pub rejected: Vec<Rejected>,
}

impl Intake for Collected {
    fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    fn reject(&mut self, file: &str, record: &str, reason: &str) {
        let [file, record, reason] = [file, record, reason].map(str::to_owned);
        self.rejected.push(Rejected { file, record, reason });
    }
}

/// Why a source could not be read at all. What is wrong with one record is no such error.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or directory could not be read.
    #[error("{file}: {error}")]
    Io {
        /// Which.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is not what it should be; in German, with file, and line where known.
    #[error("{file}: {reason}")]
    Malformed {
        /// Which.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A service on the net did not answer as it should.
    #[error("{url}: {reason}")]
    Net {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },
}
