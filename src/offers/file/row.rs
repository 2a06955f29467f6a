//! How an offer stands in the file: a row of parts, in postcard.
//!
//! The two directions stand side by side, and both name every field, so that none is forgotten.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use time::Date;

use super::{
    read::{ReadError, Tables},
    write::{Parts, WriteError},
};
use crate::{
    catalog::{
        offer::{Availability, Offer, OfferLink, OfferSource},
        service::LinkKind,
    },
    ids::RegionKey,
    reply::AvailabilityKind,
};

/// A value in postcard: itself, or the number it has in [`PARTS`](super::PARTS).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Part<'a> {
    Own(#[serde(borrow)] Cow<'a, [u8]>),
    Shared(u32),
}

/// An [`Offer`] in parts. Empty lists are left out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row<'a> {
    /// First, so that a scan need not read on.
    #[serde(borrow)]
    availability: State<'a>,
    id: Part<'a>,
    reason: Option<Part<'a>>,
    summary: Option<Part<'a>>,
    links: Vec<Link<'a>>,
    authority: Option<Part<'a>>,
    fee: Option<Part<'a>>,
    papers: Option<Part<'a>>,
    deadlines: Option<Part<'a>>,
    duration: Option<Part<'a>>,
    variants: Option<Part<'a>>,
    sources: Vec<Source<'a>>,
}

/// An [`Availability`] in parts.
#[derive(Debug, Serialize, Deserialize)]
enum State<'a> {
    Online,
    Partly(#[serde(borrow)] Option<Part<'a>>),
    InPerson,
    Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
struct Link<'a> {
    kind: LinkKind,
    #[serde(borrow)]
    url: Part<'a>,
    title: Option<Part<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Source<'a> {
    /// [`SourceHead`]: the same for many offers, whereas the address is each one's own.
    #[serde(borrow)]
    head: Part<'a>,
    url: Option<Part<'a>>,
}

/// Title, licence, as of when, when it was read.
type SourceHead = (String, Option<String>, Option<Date>, Date);

impl Row<'static> {
    /// Takes an offer apart.
    pub(super) fn pack(offer: Offer, parts: &mut Parts) -> Result<Self, WriteError> {
        Ok(Self {
            availability: match offer.availability {
                Availability::Online => State::Online,
                Availability::Partly { steps } => State::Partly(parts.list(&steps)?),
                Availability::InPerson => State::InPerson,
                Availability::Unknown => State::Unknown,
            },
            id: parts.put(&offer.id)?,
            reason: parts.maybe(offer.reason.as_ref())?,
            summary: parts.maybe(offer.summary.as_ref())?,
            links: offer
                .links
                .iter()
                .map(|link| Link::pack(link, parts))
                .collect::<Result<_, _>>()?,
            authority: parts.maybe(offer.authority.as_ref())?,
            fee: parts.maybe(offer.fee.as_ref())?,
            papers: parts.list(&offer.papers)?,
            deadlines: parts.list(&offer.deadlines)?,
            duration: parts.maybe(offer.duration.as_ref())?,
            variants: parts.list(&offer.variants)?,
            sources: offer
                .sources
                .into_iter()
                .map(|source| Source::pack(source, parts))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Row<'_> {
    /// Puts the offer together again.
    pub(super) fn unpack(&self, tables: &Tables) -> Result<Offer, ReadError> {
        Ok(Offer {
            id: tables.part(&self.id)?,
            availability: match &self.availability {
                State::Online => Availability::Online,
                State::Partly(steps) => Availability::Partly { steps: tables.list(steps)? },
                State::InPerson => Availability::InPerson,
                State::Unknown => Availability::Unknown,
            },
            reason: tables.maybe(&self.reason)?,
            summary: tables.maybe(&self.summary)?,
            links: self.links.iter().map(|link| link.unpack(tables)).collect::<Result<_, _>>()?,
            authority: tables.maybe(&self.authority)?,
            fee: tables.maybe(&self.fee)?,
            papers: tables.list(&self.papers)?,
            deadlines: tables.list(&self.deadlines)?,
            duration: tables.maybe(&self.duration)?,
            variants: tables.list(&self.variants)?,
            sources: self
                .sources
                .iter()
                .map(|source| source.unpack(tables))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Link<'static> {
    fn pack(link: &OfferLink, parts: &mut Parts) -> Result<Self, WriteError> {
        let OfferLink { kind, url, title } = link;
        Ok(Self { kind: *kind, url: parts.put(url)?, title: parts.maybe(title.as_ref())? })
    }
}

impl Link<'_> {
    fn unpack(&self, tables: &Tables) -> Result<OfferLink, ReadError> {
        let (url, title) = (tables.part(&self.url)?, tables.maybe(&self.title)?);
        Ok(OfferLink { kind: self.kind, url, title })
    }
}

impl Source<'static> {
    fn pack(source: OfferSource, parts: &mut Parts) -> Result<Self, WriteError> {
        let OfferSource { title, licence, url, as_of, read } = source;
        let head: SourceHead = (title, licence, as_of, read);
        Ok(Self { head: parts.put(&head)?, url: parts.maybe(url.as_ref())? })
    }
}

impl Source<'_> {
    fn unpack(&self, tables: &Tables) -> Result<OfferSource, ReadError> {
        let (title, licence, as_of, read): SourceHead = tables.part(&self.head)?;
        Ok(OfferSource { title, licence, url: tables.maybe(&self.url)?, as_of, read })
    }
}

/// The availability of a row, without the rest of it.
pub(super) fn kind(row: &[u8]) -> Result<AvailabilityKind, ReadError> {
    let (state, _) = postcard::take_from_bytes(row)?;
    Ok(match state {
        State::Online => AvailabilityKind::Online,
        State::Partly(_) => AvailabilityKind::Partly,
        State::InPerson => AvailabilityKind::InPerson,
        State::Unknown => AvailabilityKind::Unknown,
    })
}

/// The number a region has in keys: its twelve digits.
pub(super) fn number(region: RegionKey) -> u64 {
    region.to_string().bytes().fold(0, |number, digit| 10 * number + u64::from(digit - b'0'))
}

/// The region with a number.
pub(super) fn region(number: u64) -> Result<RegionKey, ReadError> {
    format!("{number:012}").parse().map_err(|_| ReadError::Malformed)
}
