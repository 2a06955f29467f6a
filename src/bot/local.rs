//! How a service is done at a place: whether online, and who is in charge.

use super::{Bot, wording::Wording};
use crate::{
    catalog::{
        Authority, Availability, Offer, Service,
        service::{GeneralKind, Level},
    },
    ids::{RegionKey, ServiceId},
    places::{Place, PlaceLevel},
    reply::AvailabilityKind,
};
use time::OffsetDateTime;

/// Whether a service can be done online at a place, and how we know.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// In one word.
    pub kind: AvailabilityKind,
    /// What is known locally, put together along the region chain.
    pub offer: Option<Offer>,
    /// Where the office of that offer is in charge.
    pub in_charge: Option<RegionKey>,
    /// Whether a local "online" was capped, because a law asks to come in person.
    pub capped: bool,
}

impl Bot {
    /// Availability by the order of precedence in the contracts: the most specific offer that is
    /// not unknown, else the general rule; a law that asks to come in person caps "online" at
    /// "partly"; no offer where it depends on the town is unknown.
    pub fn status(&self, service: &Service, place: Option<&Place>) -> Status {
        let local = place.and_then(|place| self.local_offer(&service.id, place.key));
        let (mut offer, in_charge) = local.unzip();
        let in_charge = in_charge.flatten();
        if let Some(offer) = &mut offer {
            self.own.overrule(service, offer);
        }
        let local = offer.as_ref().map(|offer| offer.availability.kind());
        let by_law = service.online.kind == GeneralKind::InPersonByLaw;
        let capped = by_law && local == Some(AvailabilityKind::Online);
        let kind = availability_at(service, local);
        Status { kind, offer, in_charge, capped }
    }

    /// All that is known of a service along the region chain of a place: whether it is online from
    /// the most specific offer that says so, everything else from the most specific one that holds
    /// it; and where the office is in charge.
    fn local_offer(
        &self,
        service: &ServiceId,
        place: RegionKey,
    ) -> Option<(Offer, Option<RegionKey>)> {
        let offers: Vec<(RegionKey, Offer)> = place
            .chain()
            .filter_map(|region| Some((region, self.offers.offer(service, region)?)))
            .collect();
        let is_known =
            |(_, offer): &(RegionKey, Offer)| offer.availability != Availability::Unknown;
        let telling = offers.iter().position(is_known).unwrap_or(0);
        let (region, mut offer) = offers.get(telling)?.clone();
        let mut in_charge = offer.authority.is_some().then_some(region);
        for (at, (region, other)) in offers.into_iter().enumerate().filter(|(at, _)| *at != telling)
        {
            // What is nearer to the citizen counts before, what is farther fills gaps.
            let nearer = at < telling;
            let mut used = false;
            if other.authority.is_some() && (nearer || offer.authority.is_none()) {
                offer.authority = other.authority;
                in_charge = Some(region);
                used = true;
            }
            used |= take(&mut offer.fee, other.fee, nearer);
            used |= take(&mut offer.duration, other.duration, nearer);
            used |= take_all(&mut offer.papers, other.papers, nearer);
            used |= take_all(&mut offer.deadlines, other.deadlines, nearer);
            used |= take_all(&mut offer.variants, other.variants, nearer);
            if used {
                offer.sources.extend(other.sources);
            }
        }
        Some((offer, in_charge))
    }

    /// What is out of order for a service now, and what to do instead, in a sentence.
    pub(super) fn outage(
        &self,
        wording: &Wording,
        service: &Service,
        place: Option<&Place>,
        at: OffsetDateTime,
    ) -> Option<String> {
        let ours = self.towns.ours(&service.id);
        let place = place.map(|place| place.key);
        let of = |id: &ServiceId| self.outages.of(id, place, at);
        // A note may name the entry of the town's catalog that stands behind the answer.
        let entry = || {
            let offer = self.local_offer(&service.id, place?)?.0;
            of(&offer.id.parse().ok()?)
        };
        let outage = of(&service.id).or_else(|| ours.and_then(of)).or_else(entry)?;
        // Its id is nothing to a citizen.
        let is_id = outage.what.parse().is_ok_and(|id| self.service(&id).is_some());
        let name = if is_id { service.title(wording.language()) } else { outage.what.clone() };
        let mut text = match outage.until {
            None => wording.say_with("outage", &[("what", &name)]),
            Some(until) => {
                let until = wording.moment(crate::message::by_german_clocks(until));
                wording.say_with("outage-until", &[("what", &name), ("until", &until)])
            }
        };
        if let Some(instead) = &outage.instead {
            text.push(' ');
            text.push_str(&wording.say_with("outage-instead", &[("instead", instead)]));
        }
        Some(text)
    }
}

/// Whether a service can be done online where the best local source says so: by what it says, capped
/// by a law that asks to come in person; else by the general rule.
pub fn availability_at(service: &Service, local: Option<AvailabilityKind>) -> AvailabilityKind {
    match (local, service.online.kind) {
        (Some(AvailabilityKind::Online), GeneralKind::InPersonByLaw) => AvailabilityKind::Partly,
        (Some(known), _) if known != AvailabilityKind::Unknown => known,
        (_, GeneralKind::NationwideOnline) => AvailabilityKind::Online,
        (_, GeneralKind::NationwidePartly) => AvailabilityKind::Partly,
        (_, GeneralKind::InPersonByLaw) => AvailabilityKind::InPerson,
        (_, GeneralKind::DependsOnTown) => AvailabilityKind::Unknown,
    }
}

/// Takes what is not there yet, or what is nearer; whether anything was taken.
fn take(own: &mut Option<String>, other: Option<String>, nearer: bool) -> bool {
    let wanted = other.is_some() && (nearer || own.is_none());
    if wanted {
        *own = other;
    }
    wanted
}

fn take_all<T>(own: &mut Vec<T>, other: Vec<T>, nearer: bool) -> bool {
    let wanted = !other.is_empty() && (nearer || own.is_empty());
    if wanted {
        *own = other;
    }
    wanted
}

impl Bot {
    /// The office in charge of a service at a place, with its level.
    pub(super) fn authority(
        &self,
        wording: &Wording,
        service: &Service,
        place: Option<&Place>,
        offer: Option<&Offer>,
        in_charge: Option<RegionKey>,
    ) -> String {
        if let Some(office) = offer.and_then(|offer| offer.authority.as_ref()) {
            return self.office(wording, office, place, in_charge);
        }
        if service.authority.is_empty() {
            return match place {
                Some(place) => wording.say_with("authority-town", &[("place", &place.name)]),
                None => wording.say("authority-any-town"),
            };
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

    /// An office with its address; with its region, if that is a greater one than the place.
    fn office(
        &self,
        wording: &Wording,
        office: &Authority,
        place: Option<&Place>,
        in_charge: Option<RegionKey>,
    ) -> String {
        let mut name = office.name.clone();
        let above = in_charge.filter(|region| place.is_some_and(|place| place.key != *region));
        let region = above.and_then(|region| self.places.place(region));
        if let Some(region) = region.filter(|region| !name.contains(&region.name)) {
            let values = [("office", name.as_str()), ("region", region.name.as_str())];
            name = wording.say_with("office-of-region", &values);
        }
        match office.address() {
            Some(address) => format!("{name}, {address}"),
            None => name,
        }
    }

    /// What tells a choice apart from the other choices, if the catalog says so.
    pub(super) fn difference(&self, id: &ServiceId, others: &[ServiceId]) -> Option<String> {
        others
            .iter()
            .filter(|other| *other != id)
            .find_map(|other| self.service(other)?.contrast_to(id).map(str::to_owned))
    }
}
