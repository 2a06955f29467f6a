//! How a service is done in one region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;

use super::{
    authority::Authority,
    service::{Audience, GeneralAvailability, Level, LinkKind, Name, Service, Step, Topic},
};
use crate::{
    ids::{LeikaKey, RegionKey, ServiceId},
    reply::AvailabilityKind,
};

/// Where offers come from. Synchronous and read-only, so that the bot stays pure: a map in tests,
/// a keyed file in production.
pub trait Offers: Send + Sync {
    /// The offer of exactly this service in exactly this region; climbing is the caller's task.
    fn offer(&self, service: &ServiceId, region: RegionKey) -> Option<Offer>;

    /// What foreign catalogs hold: services that only their region has, and what they call ours.
    fn entries(&self) -> Vec<LocalEntry> {
        Vec::new()
    }
}

/// No local offers: every answer is the general one.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOffers;

impl Offers for NoOffers {
    fn offer(&self, _: &ServiceId, _: RegionKey) -> Option<Offer> {
        None
    }
}

impl Offers for std::collections::HashMap<(ServiceId, RegionKey), Offer> {
    fn offer(&self, service: &ServiceId, region: RegionKey) -> Option<Offer> {
        self.get(&(service.clone(), region)).cloned()
    }
}

/// How one service is done in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Source-qualified id (`berlin:120686`).
    pub id: String,
    /// Whether it can be done online there.
    pub availability: Availability,
    /// Why, or what the source said.
    pub reason: Option<String>,
    /// What it is, in the words of the source; for a service that only the source knows.
    pub summary: Option<String>,
    /// Where to apply or read on.
    pub links: Vec<OfferLink>,
    /// The office in charge there.
    pub authority: Option<Authority>,
    /// The fee there.
    pub fee: Option<String>,
    /// Papers asked for there.
    pub papers: Vec<String>,
    /// By when, there.
    pub deadlines: Vec<String>,
    /// How long it takes there.
    pub duration: Option<String>,
    /// Further entries of the same service in the same source: "auch: ...".
    pub variants: Vec<Variant>,
    /// Who says so; the first one says whether it can be done online.
    pub sources: Vec<OfferSource>,
}

/// A link of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfferLink {
    /// What is behind it.
    pub kind: LinkKind,
    /// An `https` (or, told as it is, `http`) address.
    pub url: String,
    /// What the source calls it.
    pub title: Option<String>,
}

/// An entry of a foreign catalog that is a special case of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// Source-qualified id.
    pub id: String,
    /// What its source calls it.
    pub name: String,
    /// Its page.
    pub url: Option<String>,
}

/// Who vouches for an offer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfferSource {
    /// Whom to name ("Land Berlin, service.berlin.de").
    pub title: String,
    /// Under which licence it may be passed on, as the source states it.
    pub licence: Option<String>,
    /// The page of the entry.
    pub url: Option<String>,
    /// As of when, if the source says so.
    pub as_of: Option<Date>,
    /// When it was read.
    pub read: Date,
}

/// An entry of a foreign catalog, by which it can be found in its region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalEntry {
    /// Source-qualified id (`berlin:120686`).
    pub id: ServiceId,
    /// Which of our services it is; none if only its region has it.
    pub ours: Option<ServiceId>,
    /// Whether it is only a special case of ours.
    pub part: bool,
    /// What it is called there.
    pub name: String,
    /// What the office calls it, if that is another name.
    pub official: Option<String>,
    /// Synonyms and search words.
    pub says: Vec<String>,
    /// What it is, in a sentence or two.
    pub summary: Option<String>,
    /// Its keys in the federal catalog of services.
    pub leika: Vec<LeikaKey>,
    /// Where it holds.
    pub regions: Vec<RegionKey>,
}

impl LocalEntry {
    /// Whether it is one of our services and nothing else.
    pub fn is_ours(&self) -> bool {
        self.ours.is_some() && !self.part
    }

    /// It as a service that the bot can speak of; `of` is the one it is a special case of.
    pub fn service(&self, of: Option<&Service>) -> Service {
        let official = self.official.clone().unwrap_or_else(|| self.name.clone());
        let name = Name { official, plain: self.name.clone() };
        Service {
            id: self.id.clone(),
            format: 1,
            leika: self.leika.clone(),
            topic: of.map_or(Topic::RechtRegister, |of| of.topic),
            level: of.map_or(Level::Gemeinde, |of| of.level),
            authority: of.map_or_else(String::new, |of| of.authority.clone()),
            audience: of.map_or(Audience::Both, |of| of.audience),
            priority: 3,
            sensitive: of.is_some_and(|of| of.sensitive),
            review: None,
            name: BTreeMap::from([("de".to_owned(), name)]),
            says: BTreeMap::new(),
            not: Vec::new(),
            online: GeneralAvailability::default(),
            fee: Vec::new(),
            paper: Vec::new(),
            deadline: Vec::new(),
            duration: None,
            legal: Vec::new(),
            link: Vec::new(),
            collected: Vec::new(),
        }
    }
}

/// Whether a service can be done online in one region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Availability {
    /// All of it.
    Online,
    /// At least one step of the matter itself, but not all.
    Partly {
        /// The steps, if the source tells them apart.
        steps: Vec<Step>,
    },
    /// Nothing but perhaps an appointment.
    InPerson,
    /// The source does not say.
    Unknown,
}

impl Availability {
    /// In German, for operators.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Partly { .. } => "teilweise",
            Self::InPerson => "vor Ort",
            Self::Unknown => "unbekannt",
        }
    }

    /// In one word.
    pub fn kind(&self) -> AvailabilityKind {
        match self {
            Self::Online => AvailabilityKind::Online,
            Self::Partly { .. } => AvailabilityKind::Partly,
            Self::InPerson => AvailabilityKind::InPerson,
            Self::Unknown => AvailabilityKind::Unknown,
        }
    }
}
