//! How a service is done in one region.

use time::Date;

use super::service::{LinkKind, Step};
use crate::{
    ids::{RegionKey, ServiceId},
    reply::AvailabilityKind,
};

/// Where offers come from. Synchronous and read-only, so that the bot stays pure: a map in tests,
/// a keyed file in production.
pub trait Offers: Send + Sync {
    /// The offer of exactly this service in exactly this region; climbing is the caller's task.
    fn offer(&self, service: &ServiceId, region: RegionKey) -> Option<Offer>;
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
    /// Where to apply or read on.
    pub links: Vec<(LinkKind, String)>,
    /// The office in charge there.
    pub authority: Option<String>,
    /// The fee there.
    pub fee: Option<String>,
    /// Papers asked for there.
    pub papers: Vec<String>,
    /// Where this is said.
    pub source: String,
    /// As of when.
    pub checked: Date,
    /// What is out of order today, and what to do instead.
    pub outage: Option<String>,
}

/// Whether a service can be done online in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
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
