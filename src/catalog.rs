//! The catalog: which services there are, what people call them, and what is known of each.
//!
//! Plain TOML files that a clerk can edit ([`service`]) are read from the program itself or from a
//! directory ([`files`]), checked as they are loaded ([`load`], [`check`]; what an editor should look
//! at is in [`lint`]) and then never change:
//! a loaded [`Catalog`] is shared and swapped whole; what one municipality says otherwise is an
//! [`Overlay`]. How a service is done in one region is an
//! [`Offer`], looked up by key and not held here.

pub mod authority;
pub mod check;
pub mod files;
pub mod hours;
pub mod lexicon;
pub mod life_event;
pub mod lint;
pub mod load;
pub mod offer;
pub mod overlay;
pub mod service;
pub mod stats;

use std::collections::HashMap;

pub use self::{
    authority::Authority,
    files::CatalogFiles,
    lexicon::Lexicon,
    life_event::LifeEvent,
    load::{Finding, LoadError, Severity},
    offer::{Availability, LocalEntry, NoOffers, Offer, OfferLink, OfferSource, Offers, Variant},
    overlay::Overlay,
    service::Service,
};
use crate::ids::{EventId, ServiceId};

/// All services, in order of their ids, and the words they share.
#[derive(Debug, Clone)]
pub struct Catalog {
    services: Vec<Service>,
    by_id: HashMap<ServiceId, usize>,
    /// Words that many services share, and what is said that is no service.
    pub lexicon: Lexicon,
    /// Checklists, in order of their ids.
    pub life_events: Vec<LifeEvent>,
}

impl Catalog {
    /// Puts services in order.
    pub fn new(mut services: Vec<Service>, lexicon: Lexicon) -> Self {
        services.sort_by(|a, b| a.id.cmp(&b.id));
        let by_id = services.iter().enumerate().map(|(at, s)| (s.id.clone(), at)).collect();
        Self { services, by_id, lexicon, life_events: Vec::new() }
    }

    /// All services, in order of their ids.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// One service.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.by_id.get(id).map(|&at| &self.services[at])
    }

    /// One life event.
    pub fn life_event(&self, id: &EventId) -> Option<&LifeEvent> {
        self.life_events.iter().find(|event| event.id == *id)
    }

    /// Where a service stands in [`Catalog::services`].
    pub fn position(&self, id: &ServiceId) -> Option<usize> {
        self.by_id.get(id).copied()
    }
}
