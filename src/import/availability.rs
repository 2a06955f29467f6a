//! Whether a service can be done online in a region, judged from what a source gives.
//!
//! "Online" is hardly ever a plain yes or no at the source, so that it is derived, and derived in
//! this one place. The rules, the first that applies:
//!
//! 1. What the source declares in so many words. "Not online" is *partly* where a form may be sent
//!    in, else *in person*; "unknown" leaves it to the other rules.
//! 2. A register found that the online service does not answer: *unknown*.
//! 3. A link to an online service that passes the tests of `links`: *online*, or *partly* if somebody must
//!    come or sign on paper all the same.
//! 4. The service is described for the place, and has a form that may be sent in: *partly*.
//! 5. The service is described, and no online service is claimed: *in person*. An appointment page
//!    alone changes nothing: the appointment is not the matter.
//! 6. *Unknown*. What nobody describes for a place is never called offline there, nor is a service
//!    whose source claims an online service but has no good link to it.
//!
//! A step of the matter itself is what counts: *partly* means that one can be done from home and
//! another cannot.

mod links;
mod sending;

pub use sending::may_be_sent;

use super::record::{Claim, Declared, Evidence};
use crate::{
    catalog::{
        offer::{Availability, OfferLink},
        service::LinkKind,
    },
    ids::RegionKey,
};

const FORM_TO_SEND: &str = "Das Formular können Sie ausfüllen und einsenden.";
const NO_ANSWER: &str = "Laut Quelle antwortet der Online-Dienst zurzeit nicht.";
const COME_ALL_THE_SAME: &str =
    "Ganz ohne Termin oder Unterschrift auf Papier geht es laut Quelle nicht.";
const NO_GOOD_LINK: &str = "Die Quelle nennt keinen Link, der sicher zu einem Online-Dienst führt.";

/// What follows from the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Whether it can be done online.
    pub availability: Availability,
    /// Why, in a short German sentence: the source's own, or ours where the rule needs explaining.
    pub reason: Option<String>,
    /// The links that are fit to be shown, each once: online services first, then forms,
    /// appointments, information.
    pub links: Vec<OfferLink>,
}

/// Judges the evidence that a source gives for a service in a region; `page` is the page that
/// describes the service.
pub fn derive(evidence: &Evidence, page: Option<&str>, region: RegionKey) -> Derived {
    let links = links::judge(&evidence.links, page, region);
    let (availability, ours) = judge(evidence, &links);
    let theirs = evidence.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    Derived { availability, reason: theirs.or(ours).map(str::to_owned), links }
}

fn judge(evidence: &Evidence, links: &[OfferLink]) -> (Availability, Option<&'static str>) {
    let has = |kind| links.iter().any(|link| link.kind == kind);
    let partly = || Availability::Partly { steps: evidence.steps.clone() };
    let form_to_send = has(LinkKind::Form) && evidence.form_may_be_sent == Some(true);
    let claimed = evidence.links.iter().any(|link| link.claim == Claim::OnlineService);

    match evidence.declared {
        Some(Declared::Online) => return (Availability::Online, None),
        Some(Declared::Partly) => return (partly(), None),
        Some(Declared::NotOnline) if form_to_send => return (partly(), Some(FORM_TO_SEND)),
        Some(Declared::NotOnline | Declared::InPerson) => return (Availability::InPerson, None),
        Some(Declared::Unknown) | None => {}
    }
    if evidence.answers == Some(false) {
        (Availability::Unknown, Some(NO_ANSWER))
    } else if has(LinkKind::Online) && evidence.in_person_needed {
        (partly(), Some(COME_ALL_THE_SAME))
    } else if has(LinkKind::Online) {
        (Availability::Online, None)
    } else if evidence.described && form_to_send {
        (partly(), Some(FORM_TO_SEND))
    } else if claimed {
        (Availability::Unknown, Some(NO_GOOD_LINK))
    } else if evidence.described {
        (Availability::InPerson, None)
    } else {
        (Availability::Unknown, None)
    }
}

#[cfg(test)]
mod tests;
