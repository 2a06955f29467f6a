//! How a service is done at a place: whether online, and who is in charge.

use super::{Bot, wording::Wording};
use crate::{
    catalog::{
        Availability, Offer, Service,
        service::{GeneralKind, Level},
    },
    ids::ServiceId,
    places::{Place, PlaceLevel},
    reply::AvailabilityKind,
};

/// Whether a service can be done online at a place, and how we know.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// In one word.
    pub kind: AvailabilityKind,
    /// The offer it rests on, if it is a local one.
    pub offer: Option<Offer>,
    /// Whether a local "online" was capped, because a law asks to come in person.
    pub capped: bool,
}

impl Bot {
    /// Availability by the order of precedence in the contracts: the most specific offer that is
    /// not unknown, else the general rule; a law that asks to come in person caps "online" at
    /// "partly"; no offer where it depends on the town is unknown.
    pub fn status(&self, service: &Service, place: Option<&Place>) -> Status {
        let offer = place.and_then(|place| {
            place.key.chain().find_map(|region| {
                let offer = self.offers.offer(&service.id, region)?;
                let known = offer.availability != Availability::Unknown || offer.outage.is_some();
                known.then_some(offer)
            })
        });
        let general = match service.online.kind {
            GeneralKind::NationwideOnline => AvailabilityKind::Online,
            GeneralKind::NationwidePartly => AvailabilityKind::Partly,
            GeneralKind::InPersonByLaw => AvailabilityKind::InPerson,
            GeneralKind::DependsOnTown => AvailabilityKind::Unknown,
        };
        let local = offer.as_ref().map(|offer| offer.availability.kind());
        let by_law = service.online.kind == GeneralKind::InPersonByLaw;
        match local {
            Some(AvailabilityKind::Online) if by_law => {
                Status { kind: AvailabilityKind::Partly, offer, capped: true }
            }
            Some(AvailabilityKind::Unknown) | None => {
                Status { kind: general, offer, capped: false }
            }
            Some(kind) => Status { kind, offer, capped: false },
        }
    }
}

impl Bot {
    /// The office in charge of a service at a place, with its level.
    pub(super) fn authority(
        &self,
        wording: &Wording,
        service: &Service,
        place: Option<&Place>,
        offer: Option<&Offer>,
    ) -> String {
        if let Some(authority) = offer.and_then(|offer| offer.authority.clone()) {
            return authority;
        }
        let authority = [("authority", service.authority.as_str())];
        let say = |key: &str, more: &[(&str, &str)]| {
            wording.say_with(key, &[&authority[..], more].concat())
        };
        let municipality = place.filter(|place| place.level == PlaceLevel::Gemeinde);
        match (service.level, place) {
            (Level::Bund, _) => say("authority-bund", &[]),
            (Level::Land, None) => say("authority-land", &[]),
            (Level::Land, Some(place)) => match self.places.land_of(place.key) {
                Some(land) => say("authority-land-place", &[("land", &land.name)]),
                None => say("authority-land", &[]),
            },
            (Level::Kreis, Some(place)) => match self.places.kreis_of(place.key) {
                Some(kreis) => {
                    let feminine = ["region", "Region", "Städteregion"];
                    let key = if feminine.iter().any(|word| kreis.name.contains(word)) {
                        "authority-kreis-place-feminine"
                    } else {
                        "authority-kreis-place"
                    };
                    say(key, &[("kreis", &kreis.name)])
                }
                None if place.level != PlaceLevel::Land => {
                    say("authority-city-place", &[("place", &place.name)])
                }
                None => say("authority-kreis", &[]),
            },
            (Level::Kreis, None) => say("authority-kreis", &[]),
            (Level::Gemeinde, _) => match municipality {
                Some(place) => say("authority-city-place", &[("place", &place.name)]),
                None => say("authority-gemeinde", &[]),
            },
        }
    }

    /// What tells a choice apart from the other choices, if the catalog says so.
    pub(super) fn difference(&self, id: &ServiceId, others: &[ServiceId]) -> Option<String> {
        others
            .iter()
            .filter(|other| *other != id)
            .find_map(|other| self.catalog.service(other)?.contrast_to(id).map(str::to_owned))
    }
}
