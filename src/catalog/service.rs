//! One public service (Leistung) as a catalog file describes it.
//!
//! The types mirror the file `catalog/services/<topic>/<id>.toml`; `catalog/README.md` explains
//! each key to the people who edit them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use time::Date;

use crate::{
    ids::{LeikaKey, ServiceId},
    language::Language,
};

/// One public service.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// The file's name without `.toml`.
    #[serde(skip, default = "unnamed")]
    pub id: ServiceId,
    /// Layout of the file; this program reads 1.
    pub format: u32,
    /// Keys of the federal catalog of services, if certain.
    #[serde(default)]
    pub leika: Vec<LeikaKey>,
    /// The folder it is filed in.
    pub topic: Topic,
    /// Who does it in most Länder.
    pub level: Level,
    /// Generic name of the office in charge ("Bürgeramt").
    pub authority: String,
    /// Who asks for it.
    #[serde(default)]
    pub audience: Audience,
    /// 1 asked daily in every town hall, 2 common, 3 rarer.
    #[serde(default = "rare")]
    pub priority: u8,
    /// Violence, addiction, insolvency, death: an answer that was not asked for hurts. It is given
    /// only to whoever names the service or gives two hints.
    #[serde(default)]
    pub sensitive: bool,
    /// Who looks at the entry again, and by when.
    pub review: Option<Review>,
    /// Names by language (`de`, `en` ...); `de` is required.
    pub name: BTreeMap<String, Name>,
    /// What people say, by language.
    #[serde(default)]
    pub says: BTreeMap<String, Says>,
    /// What it is not: the services it is confused with.
    #[serde(default)]
    pub not: Vec<Contrast>,
    /// Whether it can be done online, as far as that is the same everywhere.
    #[serde(default)]
    pub online: GeneralAvailability,
    /// Fees that are the same everywhere.
    #[serde(default)]
    pub fee: Vec<Fee>,
    /// Papers to bring.
    #[serde(default)]
    pub paper: Vec<Paper>,
    /// By when.
    #[serde(default)]
    pub deadline: Vec<Deadline>,
    /// How long it takes.
    pub duration: Option<Fact>,
    /// The law it rests on.
    #[serde(default)]
    pub legal: Vec<Legal>,
    /// Official pages.
    #[serde(default)]
    pub link: Vec<CatalogLink>,
    /// The large collection of what people say, from `phrases/<language>/<id>.txt`.
    #[serde(skip)]
    pub collected: Vec<(String, Vec<String>)>,
}

fn unnamed() -> ServiceId {
    "unnamed".parse().expect("a valid id")
}

fn rare() -> u8 {
    3
}

impl Service {
    /// Its names in German, the language every entry has.
    pub fn names(&self) -> &Name {
        &self.name["de"]
    }

    /// What people call it, in German.
    pub fn plain(&self) -> &str {
        &self.names().plain
    }

    /// What to call it in a language: its name there, with the German one, which is on every sign
    /// and form.
    pub fn title(&self, language: Language) -> String {
        match self.name.get(language.code()) {
            Some(name) if language != Language::German && name.plain != self.plain() => {
                format!("{} ({})", name.plain, self.plain())
            }
            _ => self.plain().to_owned(),
        }
    }

    /// What tells this service apart when a citizen must choose between it and `other`.
    pub fn contrast_to(&self, other: &ServiceId) -> Option<&str> {
        self.not
            .iter()
            .find(|contrast| contrast.id == *other)
            .map(|contrast| contrast.differs.as_str())
    }

    /// Whether it is confused with another, by its own entry.
    pub fn contrasts_with(&self, other: &ServiceId) -> bool {
        self.not.iter().any(|contrast| contrast.id == *other)
    }

    /// The latest date on which any of its facts was checked.
    pub fn checked(&self) -> Option<Date> {
        self.sources().map(|source| source.checked).max()
    }

    /// The sources of all its facts, in the order of the file.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.online
            .source
            .iter()
            .chain(self.fee.iter().map(|fee| &fee.source))
            .chain(self.paper.iter().map(|paper| &paper.source))
            .chain(self.deadline.iter().map(|deadline| &deadline.source))
            .chain(self.duration.iter().map(|duration| &duration.source))
            .chain(self.link.iter().filter_map(|link| link.source.as_ref()))
    }
}

/// Official and everyday name in one language.
#[derive(Debug, Clone, Deserialize)]
pub struct Name {
    /// What the office calls it.
    pub official: String,
    /// What people call it, at most six words.
    pub plain: String,
}

/// What people say in one language.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Says {
    /// Nouns and short expressions.
    #[serde(default)]
    pub synonyms: Vec<String>,
    /// Whole expressions as people type them.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Abolished names that lead here.
    #[serde(default)]
    pub formerly: Vec<Formerly>,
}

/// An abolished or renamed service of which this one is the successor.
#[derive(Debug, Clone, Deserialize)]
pub struct Formerly {
    /// The old name.
    pub name: String,
    /// The last day it existed.
    #[serde(default, deserialize_with = "optional_date")]
    pub until: Option<Date>,
    /// What to tell whoever asks for it.
    pub note: Option<String>,
}

/// A service this one is confused with.
#[derive(Debug, Clone, Deserialize)]
pub struct Contrast {
    /// The other service.
    pub id: ServiceId,
    /// When it is the other one, told to the citizen.
    pub differs: String,
}

/// Who looks at an entry again.
#[derive(Debug, Clone, Deserialize)]
pub struct Review {
    /// Who.
    pub by: String,
    /// By when.
    #[serde(deserialize_with = "date")]
    pub due: Date,
}

/// Where a fact comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// The document or register.
    pub title: String,
    /// When it was compared with it.
    #[serde(deserialize_with = "date")]
    pub checked: Date,
    /// Where it can be read.
    pub url: Option<String>,
}

/// Whether a service can be done online, as far as that is the same everywhere.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GeneralAvailability {
    /// The general rule.
    #[serde(default)]
    pub kind: GeneralKind,
    /// Why, or what it hangs on.
    pub reason: Option<String>,
    /// What to do, in order, and how each step is done.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Where that is said.
    pub source: Option<Source>,
}

/// The general rule of availability.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum GeneralKind {
    /// Everybody in Germany can do all of it online.
    NationwideOnline,
    /// Everybody can do a part of it online.
    NationwidePartly,
    /// A law asks to come in person, at least once.
    InPersonByLaw,
    /// Each town (or Kreis, or Land) has its own way.
    #[default]
    DependsOnTown,
}

/// One step of a matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Step {
    /// What is done.
    #[serde(rename = "do")]
    pub what: String,
    /// How it is done.
    pub how: How,
}

/// How a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// With an online service.
    Online,
    /// With a form that may be sent in.
    Form,
    /// By post.
    Post,
    /// By telephone.
    Phone,
    /// At the counter.
    InPerson,
}

/// A fee.
#[derive(Debug, Clone, Deserialize)]
pub struct Fee {
    /// For what, or the rule.
    pub text: String,
    /// The amount in Euro, if it is fixed.
    pub euro: Option<f64>,
    /// Where it is said.
    pub source: Source,
}

/// A paper to bring.
#[derive(Debug, Clone, Deserialize)]
pub struct Paper {
    /// What.
    pub text: String,
    /// When it is needed; always, if left out.
    pub needed_if: Option<String>,
    /// Where it is said.
    pub source: Source,
}

/// A deadline.
#[derive(Debug, Clone, Deserialize)]
pub struct Deadline {
    /// The rule in words.
    pub text: String,
    /// Days from the event.
    pub days: Option<u32>,
    /// Where it is said.
    pub source: Source,
}

/// A plain statement with its source.
#[derive(Debug, Clone, Deserialize)]
pub struct Fact {
    /// The statement.
    pub text: String,
    /// Where it is said.
    pub source: Source,
}

/// A law.
#[derive(Debug, Clone, Deserialize)]
pub struct Legal {
    /// "§ 9 PAuswG".
    pub citation: String,
}

/// A link in the catalog.
#[derive(Debug, Clone, Deserialize)]
pub struct CatalogLink {
    /// What is behind it.
    pub kind: LinkKind,
    /// An `https` address.
    pub url: String,
    /// Language of the page.
    #[serde(default = "german")]
    pub language: String,
    /// Who vouches for it.
    pub source: Option<Source>,
}

fn german() -> String {
    "de".to_owned()
}

/// What is behind a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The matter is done there.
    Online,
    /// A form to fill in.
    Form,
    /// Appointments are made there.
    Appointment,
    /// Something to read.
    Information,
}

/// The level of administration that does a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A federal authority or body.
    Bund,
    /// The Land.
    Land,
    /// The Kreis, or a kreisfreie Stadt in its stead.
    Kreis,
    /// The municipality.
    Gemeinde,
}

/// Who asks for a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Citizens.
    #[default]
    Person,
    /// Traders and companies.
    Business,
    /// Both.
    Both,
}

/// The 24 folders of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Topic {
    Umzug,
    Geburt,
    HeiratPartnerschaft,
    Todesfall,
    Ausweis,
    AutoFuehrerschein,
    Familie,
    KitaSchule,
    StudiumAusbildung,
    ArbeitSoziales,
    Wohnen,
    Bauen,
    SteuernAbgaben,
    Gewerbe,
    Migration,
    GesundheitPflege,
    UmweltAbfall,
    Tiere,
    OrdnungSicherheit,
    BeteiligungWahlen,
    Verkehr,
    KulturFreizeit,
    RechtRegister,
    RenteVersicherung,
}

/// A date as TOML writes it, without time.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    use serde::de::Error;
    let value = toml::value::Datetime::deserialize(deserializer)?;
    let (Some(date), None) = (value.date, value.time) else {
        return Err(D::Error::custom("expected a date such as 2026-11-22"));
    };
    let month = time::Month::try_from(date.month).map_err(D::Error::custom)?;
    Date::from_calendar_date(i32::from(date.year), month, date.day).map_err(D::Error::custom)
}

fn optional_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    date(deserializer).map(Some)
}
