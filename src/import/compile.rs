//! Records of all sources, joined with our catalog: one offer for each service and region.
//!
//! Where several entries speak of the same service and region, the best source's best entry tells
//! whether it is online; what it leaves out (office, fee, papers ...) comes from the next one, with
//! its source named. Entries of the same source that are special cases, or simply more, become
//! "auch: ...", and can be found as entries of their own.

use std::collections::{BTreeMap, btree_map};

use time::Date;

use super::{
    availability::{Derived, derive},
    mapping::{By, Mapped},
    record::{Local, Record, Texts},
    source::Kind,
};
use crate::{
    catalog::{
        Availability, Catalog, LocalEntry, Offer, OfferLink, OfferSource, Variant,
        service::{GeneralKind, LinkKind},
    },
    ids::{RegionKey, ServiceId},
};

/// The records of one source, joined.
#[derive(Debug)]
pub struct Joined {
    /// What kind of source it is; the kinds stand in order of precedence.
    pub kind: Kind,
    /// Whom to name.
    pub title: String,
    /// Its licence, as far as it is known.
    pub licence: Option<String>,
    /// As of when all of it is, if the operator said so.
    pub as_of: Option<Date>,
    /// When it was read.
    pub read: Date,
    /// Its records, each with the services of ours that it is.
    pub records: Vec<(Record, Vec<Mapped>)>,
}

/// Something in the data that a person should look at: the service, the foreign entry
/// (`berlin:120686`), and what is remarkable, in German.
pub type Remark = (ServiceId, String, String);

/// The regions that a remark is true of: the first one, and how many.
pub type Where = (RegionKey, usize);

/// One entry that speaks of a service.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    joined: &'a Joined,
    record: &'a Record,
    /// How it was joined; none for an entry of its own.
    by: Option<By>,
    part: bool,
    likeness: f64,
}

impl Candidate<'_> {
    /// The better, the smaller: source, then the order of the contracts (by hand, key, key above,
    /// name), then likeness of the names, then the id.
    fn before(&self, other: &Self) -> std::cmp::Ordering {
        let by = self.by.partial_cmp(&other.by).unwrap_or(std::cmp::Ordering::Equal);
        (self.joined.kind.cmp(&other.joined.kind))
            .then(self.part.cmp(&other.part))
            .then(by)
            .then(other.likeness.total_cmp(&self.likeness))
            .then(self.record.id.len().cmp(&other.record.id.len()))
            .then(self.record.id.cmp(&other.record.id))
    }

    fn id(&self) -> String {
        format!("{}:{}", self.joined.kind.name(), self.record.id)
    }
}

/// All offers, service by service. Holds no more than one service's offers at a time.
pub struct Compiler<'a> {
    catalog: &'a Catalog,
    services: btree_map::IntoIter<ServiceId, Vec<Candidate<'a>>>,
    ready: std::vec::IntoIter<(ServiceId, RegionKey, Offer)>,
    /// What was remarkable so far.
    pub remarks: BTreeMap<Remark, Where>,
}

/// The entries of all sources, for finding them.
pub fn entries(sources: &[Joined]) -> Vec<LocalEntry> {
    let mut entries = Vec::new();
    for joined in sources {
        for (record, mapped) in &joined.records {
            let Ok(id) = format!("{}:{}", joined.kind.name(), record.id).parse() else { continue };
            let mut regions: Vec<RegionKey> =
                record.local.iter().flat_map(|local| local.regions.iter().copied()).collect();
            regions.sort_unstable();
            regions.dedup();
            let whole = mapped.iter().find(|mapped| !mapped.part);
            let ours = whole.or(mapped.first());
            entries.push(LocalEntry {
                id,
                ours: ours.map(|mapped| mapped.service.clone()),
                part: ours.is_some_and(|mapped| mapped.part),
                name: record.name.clone(),
                official: record.official.clone(),
                says: record.says.clone(),
                summary: record.texts.summary.clone(),
                leika: record.leika.clone(),
                regions,
            });
        }
    }
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    entries.dedup_by(|a, b| a.id == b.id);
    entries
}

impl<'a> Compiler<'a> {
    /// Puts the entries of all sources in order of what they speak of.
    pub fn new(sources: &'a [Joined], catalog: &'a Catalog) -> Self {
        let mut services: BTreeMap<ServiceId, Vec<Candidate<'a>>> = BTreeMap::new();
        for joined in sources {
            for (record, mapped) in &joined.records {
                for Mapped { service, by, part } in mapped {
                    let name = catalog.service(service).map_or("", |service| service.plain());
                    let likeness = strsim::normalized_damerau_levenshtein(
                        &record.name.to_lowercase(),
                        &name.to_lowercase(),
                    );
                    let candidate =
                        Candidate { joined, record, by: Some(*by), part: *part, likeness };
                    services.entry(service.clone()).or_default().push(candidate);
                }
                // What is ours and nothing else needs no offer under its foreign name.
                let is_ours = mapped.iter().any(|mapped| !mapped.part);
                let id = format!("{}:{}", joined.kind.name(), record.id).parse();
                if let (false, Ok(id)) = (is_ours, id) {
                    let own = Candidate { joined, record, by: None, part: false, likeness: 1.0 };
                    services.entry(id).or_default().push(own);
                }
            }
        }
        for candidates in services.values_mut() {
            candidates.sort_by(Candidate::before);
        }
        let ready = Vec::new().into_iter();
        Self { catalog, services: services.into_iter(), ready, remarks: BTreeMap::new() }
    }

    fn offers_of(
        &mut self,
        service: &ServiceId,
        candidates: &[Candidate<'a>],
    ) -> Vec<(ServiceId, RegionKey, Offer)> {
        let mut by_region: BTreeMap<RegionKey, Vec<(Candidate<'a>, &'a Local)>> = BTreeMap::new();
        for candidate in candidates {
            for local in &candidate.record.local {
                for region in &local.regions {
                    by_region.entry(*region).or_default().push((*candidate, local));
                }
            }
        }
        by_region
            .into_iter()
            .map(|(region, spoken)| {
                (service.clone(), region, self.joined(service, region, &spoken))
            })
            .collect()
    }

    /// One offer out of all that is said of a service in a region, best first.
    fn joined(
        &mut self,
        service: &ServiceId,
        region: RegionKey,
        spoken: &[(Candidate<'a>, &'a Local)],
    ) -> Offer {
        let offers: Vec<Offer> =
            spoken.iter().map(|(candidate, local)| offer(candidate, local, region)).collect();
        // A special case does not speak for the whole.
        let is_whole = |at: &usize| !spoken[*at].0.part;
        let whole: Vec<usize> = (0..spoken.len()).filter(is_whole).collect();
        let known = |at: &&usize| offers[**at].availability != Availability::Unknown;
        // Who only says nothing of an online service gives way to who names one.
        let is_silent = |at: usize| {
            let evidence = &spoken[at].1.evidence;
            evidence.declared.is_none() && offers[at].availability == Availability::InPerson
        };
        let outspoken = |at: &&usize| known(at) && !is_silent(**at);
        let telling = whole.iter().find(outspoken).or_else(|| whole.iter().find(known));
        let telling = telling.or(whole.first()).copied();
        let mut joined = match telling {
            Some(at) => offers[at].clone(),
            None => nothing_but_parts(&spoken[0].0),
        };
        for &at in whole.iter().filter(|at| Some(**at) != telling) {
            let other = &offers[at];
            self.compare(service, region, &joined, other);
            if fill(&mut joined, other) {
                joined.sources.extend(other.sources.iter().cloned());
            }
        }
        let main = telling.map(|at| spoken[at].0.record.id.as_str());
        for (candidate, _) in spoken {
            let more = candidate.part || Some(candidate.record.id.as_str()) != main;
            let same_source =
                telling.is_none_or(|at| spoken[at].0.joined.kind == candidate.joined.kind);
            if more && same_source {
                let url = candidate.record.texts.page.clone();
                let name = candidate.record.name.clone();
                joined.variants.push(Variant { id: candidate.id(), name, url });
            }
        }
        joined.variants.dedup_by(|a, b| a.id == b.id);
        self.mind_the_nation(service, region, &mut joined);
        self.mind_the_law(service, region, &joined);
        joined
    }

    fn compare(&mut self, service: &ServiceId, region: RegionKey, main: &Offer, other: &Offer) {
        let (says, denies) = (main.availability.kind(), other.availability.kind());
        let unknown = crate::reply::AvailabilityKind::Unknown;
        if says != denies && says != unknown && denies != unknown {
            let what = format!(
                "{} sagt »{}«, {} sagt »{}«; es gilt das erste",
                main.id,
                main.availability.word(),
                other.id,
                other.availability.word()
            );
            self.remark(service, region, &other.id, what);
        }
    }

    /// What everybody in Germany can do online is online in every town: a town's catalog that says
    /// "no" speaks of its own portal. Then the general rule holds, and a person looks at it.
    fn mind_the_nation(&mut self, service: &ServiceId, region: RegionKey, offer: &mut Offer) {
        let nationwide = self.catalog.service(service).is_some_and(|service| {
            use GeneralKind::{NationwideOnline, NationwidePartly};
            matches!(service.online.kind, NationwideOnline | NationwidePartly)
        });
        if nationwide && offer.availability == Availability::InPerson {
            offer.availability = Availability::Unknown;
            offer.reason = None;
            let what = "die Quelle sagt »nicht online«, bundesweit geht es online; gezeigt wird die \
                        allgemeine Regel";
            self.remark(service, region, &offer.id, what.to_owned());
        }
    }

    /// "Online" where a law asks to come in person is told as "partly", and looked at by a person.
    fn mind_the_law(&mut self, service: &ServiceId, region: RegionKey, offer: &Offer) {
        let by_law = self
            .catalog
            .service(service)
            .is_some_and(|service| service.online.kind == GeneralKind::InPersonByLaw);
        if by_law && offer.availability == Availability::Online {
            let what = "die Quelle sagt »online«, das Gesetz verlangt persönliches Erscheinen; \
                        gezeigt wird »teilweise«"
                .to_owned();
            self.remark(service, region, &offer.id, what);
        }
    }

    fn remark(&mut self, service: &ServiceId, region: RegionKey, offer: &str, what: String) {
        let remark = (service.clone(), offer.to_owned(), what);
        self.remarks.entry(remark).or_insert((region, 0)).1 += 1;
    }
}

impl Iterator for Compiler<'_> {
    type Item = (ServiceId, RegionKey, Offer);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(offer) = self.ready.next() {
                return Some(offer);
            }
            let (service, candidates) = self.services.next()?;
            self.ready = self.offers_of(&service, &candidates).into_iter();
        }
    }
}

/// What a source says of a region.
fn offer(candidate: &Candidate<'_>, local: &Local, region: RegionKey) -> Offer {
    let Candidate { joined, record, .. } = candidate;
    let texts = merged(&record.texts, local.texts.as_ref());
    let Derived { availability, reason, mut links } =
        derive(&local.evidence, texts.page.as_deref(), region);
    if let Some(page) = &texts.page
        && !links.iter().any(|link| link.url == *page)
    {
        // The page of the service comes before whatever else it links to.
        let at = links.iter().position(|link| link.kind == LinkKind::Information);
        let page = OfferLink { kind: LinkKind::Information, url: page.clone(), title: None };
        links.insert(at.unwrap_or(links.len()), page);
    }
    // The source's sentence may end where its list begins.
    let reason = reason.filter(|reason| !reason.trim_end().ends_with(':'));
    Offer {
        id: candidate.id(),
        availability,
        reason,
        summary: texts.summary,
        links,
        authority: local.authority.clone(),
        fee: texts.fee,
        papers: texts.papers,
        deadlines: texts.deadlines,
        duration: texts.duration,
        variants: Vec::new(),
        sources: vec![source(joined, record, texts.page, texts.as_of)],
    }
}

fn source(
    joined: &Joined,
    record: &Record,
    page: Option<String>,
    as_of: Option<Date>,
) -> OfferSource {
    let own = record.source.as_ref();
    OfferSource {
        title: own.map_or_else(|| joined.title.clone(), |own| own.title.clone()),
        licence: own.and_then(|own| own.licence.clone()).or_else(|| joined.licence.clone()),
        url: page.or_else(|| own.and_then(|own| own.url.clone())),
        as_of: as_of.or(joined.as_of),
        read: joined.read,
    }
}

/// Only special cases are known: whether the whole is online nobody says.
fn nothing_but_parts(first: &Candidate<'_>) -> Offer {
    Offer {
        id: first.id(),
        availability: Availability::Unknown,
        reason: None,
        summary: None,
        links: Vec::new(),
        authority: None,
        fee: None,
        papers: Vec::new(),
        deadlines: Vec::new(),
        duration: None,
        variants: Vec::new(),
        sources: vec![source(first.joined, first.record, None, first.record.texts.as_of)],
    }
}

fn merged(general: &Texts, local: Option<&Texts>) -> Texts {
    let Some(local) = local else { return general.clone() };
    let list = |own: &Vec<String>, other: &Vec<String>| {
        if own.is_empty() { other.clone() } else { own.clone() }
    };
    Texts {
        summary: local.summary.clone().or_else(|| general.summary.clone()),
        fee: local.fee.clone().or_else(|| general.fee.clone()),
        papers: list(&local.papers, &general.papers),
        deadlines: list(&local.deadlines, &general.deadlines),
        duration: local.duration.clone().or_else(|| general.duration.clone()),
        page: local.page.clone().or_else(|| general.page.clone()),
        as_of: local.as_of.or(general.as_of),
    }
}

/// Fills what an offer leaves out; whether anything came from the other.
fn fill(offer: &mut Offer, other: &Offer) -> bool {
    let mut used = false;
    if offer.authority.is_none() && other.authority.is_some() {
        offer.authority.clone_from(&other.authority);
        used = true;
    }
    for (own, more) in [(&mut offer.fee, &other.fee), (&mut offer.duration, &other.duration)] {
        if own.is_none() && more.is_some() {
            own.clone_from(more);
            used = true;
        }
    }
    for (own, more) in
        [(&mut offer.papers, &other.papers), (&mut offer.deadlines, &other.deadlines)]
    {
        if own.is_empty() && !more.is_empty() {
            own.clone_from(more);
            used = true;
        }
    }
    // A link to apply would contradict a main source that says there is none.
    let agree = offer.availability.kind() == other.availability.kind();
    let fits = |link: &&OfferLink| {
        agree || matches!(link.kind, LinkKind::Appointment | LinkKind::Information)
    };
    for link in other.links.iter().filter(fits) {
        if !offer.links.iter().any(|own| own.kind == link.kind) {
            offer.links.push(link.clone());
            used = true;
        }
    }
    used
}
