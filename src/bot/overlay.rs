//! What the operator's overlay says to a question: its services, and what people call things here.

use std::{fmt::Write, sync::Arc};

use super::{
    Bot, Heeded,
    decision::decide,
    town::Town,
    turn::{Turn, understood},
};
use crate::{
    catalog::{Offer, Overlay, Service, offer::Availability, service::GeneralKind},
    ids::ServiceId,
    matching::{Matcher, Query, Ranking, overlay::OverlayIndex},
    places::Place,
    reply::Reply,
    text::Token,
};

/// An overlay and the index over what it says.
#[derive(Debug, Default)]
pub(super) struct Own {
    overlay: Arc<Overlay>,
    /// What people say here.
    pub index: OverlayIndex,
}

impl Own {
    /// Builds the index; the catalog's is leant on and not copied.
    pub fn build(overlay: Arc<Overlay>, matcher: &Matcher) -> Self {
        let index = OverlayIndex::build(overlay.said(), matcher);
        Self { overlay, index }
    }

    /// A service that the overlay describes.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.overlay.service(id)
    }

    /// All that it describes.
    pub fn services(&self) -> &[Service] {
        self.overlay.services()
    }

    /// Whether people call a service something here that the catalog does not know.
    pub fn leads_to(&self, id: &ServiceId) -> bool {
        self.overlay.said().binary_search_by(|(said, _)| said.cmp(id)).is_ok()
    }

    /// What the operator tells of a service counts before what was imported for the place.
    pub fn overrule(&self, service: &Service, offer: &mut Offer) {
        if self.service(&service.id).is_none() {
            return;
        }
        if service.online.kind != GeneralKind::DependsOnTown {
            offer.availability = Availability::Unknown;
            offer.reason = None;
        }
        offer.fee.take_if(|_| !service.fee.is_empty());
        offer.duration.take_if(|_| service.duration.is_some());
        if !service.paper.is_empty() {
            offer.papers.clear();
        }
        if !service.deadline.is_empty() {
            offer.deadlines.clear();
        }
        offer.links.retain(|link| service.link.iter().all(|own| own.kind != link.kind));
    }
}

impl Bot {
    /// The service that the overlay means by some words, if they are one of its expressions.
    pub(super) fn said_here(&self, typed: &[Token], query: &Query) -> Option<&Service> {
        self.own.index.called(typed, query).and_then(|id| self.service(id))
    }

    /// The services to put before the catalog's, by what the overlay says to a message.
    pub(super) fn own_choices(&self, heeded: &Heeded, ranking: &Ranking) -> Vec<ServiceId> {
        if self.own.index.is_empty() {
            return Vec::new();
        }
        match self.town(heeded, None, ranking, &decide(ranking, &heeded.query.facets)) {
            Town::Silent => Vec::new(),
            Town::Meant(id) => vec![id],
            Town::Perhaps(ids) => ids,
        }
    }

    /// Whether words with the name of a service of the overlay's own are like no other entry as much
    /// as like this one.
    pub(super) fn is_likest_here(&self, service: &Service, with_name: &Query) -> bool {
        let is_of_overlay_alone =
            self.own.service(&service.id).is_some() && self.catalog.service(&service.id).is_none();
        is_of_overlay_alone && {
            let likest = self.own.index.find(with_name, &self.matcher, 1);
            likest.first().is_some_and(|found| found.service == service.id)
        }
    }

    /// What the overlay says to a message, in a line for the operator; nothing without an overlay.
    pub(super) fn explain_overlay(&self, heeded: &Heeded, ranking: &Ranking, out: &mut String) {
        if self.own.index.is_empty() {
            return;
        }
        let said = self.said_here(&heeded.typed, &heeded.query).map(|service| &service.id);
        let decision = decide(ranking, &heeded.query.facets);
        let line = match (said, self.likest_of_town(heeded, None, ranking, &decision)) {
            (Some(id), _) => format!("{id} (wörtlich)"),
            (None, Some(best)) => format!(
                "{} (Ähnlichkeit {:.2}, Wahrscheinlichkeit {:.2})",
                best.entry.service,
                best.entry.likeness,
                best.probability()
            ),
            (None, None) => "nichts Ähnliches".to_owned(),
        };
        let _ = writeln!(out, "Überlagerung: {line}");
    }
}

impl Turn<'_> {
    /// The answer to a message that says what the overlay holds word for word. A message without a
    /// word of its own is about what was spoken of before, if there was anything.
    pub(super) fn said_in_overlay(
        &mut self,
        heeded: &Heeded,
        place: Option<&Place>,
        ranking: &Ranking,
    ) -> Option<Reply> {
        let bot = self.bot;
        let spoken_of = self.next.service.is_some() || self.next.pending.is_some();
        if spoken_of && !heeded.query.has_content() {
            return None;
        }
        let id = &bot.said_here(&heeded.typed, &heeded.query)?.id;
        let mut reply = self.of_town(id, heeded, place, ranking);
        self.ask_about_place(&mut reply, heeded, id);
        let outcome = &mut reply.outcome;
        outcome.facets = heeded.query.facets.clone();
        outcome.place = understood(heeded);
        Some(reply)
    }
}

#[cfg(test)]
mod tests;
