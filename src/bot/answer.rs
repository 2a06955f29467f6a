//! What is known of one service in one place, put into a reply.

use super::{Bot, wording::Wording};
use crate::{
    catalog::{
        Availability, Offer, Service,
        service::{Fee, GeneralKind, How, Level, LinkKind, Source, Step},
    },
    ids::ServiceId,
    message::{Action, Facet},
    places::{Place, PlaceLevel},
    reply::{AvailabilityKind, Block, Choice, Link},
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

    /// The card of a service: the facets asked for, first and alone; all of it if none was.
    pub(super) fn card(
        &self,
        service: &Service,
        place: Option<&Place>,
        facets: &[Facet],
        formerly: Option<&crate::catalog::service::Formerly>,
        public: bool,
    ) -> (Vec<Block>, Vec<Choice>) {
        let status = self.status(service, place);
        let mut card =
            Card { bot: self, service, place, status, blocks: Vec::new(), sources: Vec::new() };
        card.head(formerly);
        let only_online = facets.iter().all(|facet| *facet == Facet::Online);
        if facets.is_empty() {
            card.reason();
            card.steps();
            for facet in
                [Facet::Where, Facet::Documents, Facet::Cost, Facet::Deadline, Facet::Duration]
            {
                card.facet(facet, false);
            }
            card.links(None);
        } else if only_online {
            card.reason();
            card.steps();
            card.facet(Facet::Where, false);
            card.links(None);
        } else {
            for &facet in facets {
                card.facet(facet, true);
            }
        }
        card.source_line();
        // In public a channel shows little more than the status: the rest is behind buttons.
        let shown: &[Facet] = if facets.is_empty() && public {
            &[Facet::Online]
        } else if facets.is_empty() {
            &[
                Facet::Online,
                Facet::Where,
                Facet::Documents,
                Facet::Cost,
                Facet::Deadline,
                Facet::Duration,
            ]
        } else {
            facets
        };
        let choices = card.more(shown);
        (card.blocks, choices)
    }
}

struct Card<'a> {
    bot: &'a Bot,
    service: &'a Service,
    place: Option<&'a Place>,
    status: Status,
    blocks: Vec<Block>,
    sources: Vec<Source>,
}

impl Card<'_> {
    fn wording(&self) -> &Wording {
        &self.bot.wording
    }

    fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    fn head(&mut self, formerly: Option<&crate::catalog::service::Formerly>) {
        let plain = self.service.plain();
        if let Some(note) = self.status.offer.as_ref().and_then(|offer| offer.outage.as_deref()) {
            let text = self.wording().say_with("outage", &[("note", note)]);
            self.push(Block::Notice(text));
        }
        let title = match self.place {
            Some(place) => self
                .wording()
                .say_with("card-title-place", &[("service", plain), ("place", &place.name)]),
            None => self.wording().say_with("card-title", &[("service", plain)]),
        };
        self.push(Block::Heading(title));
        let key = match self.status.kind {
            AvailabilityKind::Online => "status-online",
            AvailabilityKind::Partly => "status-partly",
            AvailabilityKind::InPerson => "status-in_person",
            AvailabilityKind::Unknown => "status-unknown",
        };
        let text = self.wording().say(key);
        self.push(Block::Status { availability: self.status.kind, text });
        if let Some(old) = formerly {
            let text =
                self.wording().say_with("formerly", &[("name", &old.name), ("service", plain)]);
            self.push(Block::Text(old.note.clone().unwrap_or(text)));
        }
    }

    /// Why the status is what it is, and how sure that is for this place.
    fn reason(&mut self) {
        let mut sentences = Vec::new();
        let offer_reason = self.status.offer.as_ref().and_then(|offer| offer.reason.clone());
        let is_local = self.status.offer.is_some();
        if self.status.capped {
            sentences.push(self.wording().say("status-capped"));
        }
        if self.status.kind == AvailabilityKind::Unknown
            && let Some(place) = self.place
        {
            sentences
                .push(self.wording().say_with("status-unknown-place", &[("place", &place.name)]));
        }
        if let Some(reason) = offer_reason {
            sentences.push(reason);
        }
        if let Some(reason) = self.service.online.reason.clone() {
            sentences.push(reason);
            self.sources.extend(self.service.online.source.clone());
        } else if self.status.kind == AvailabilityKind::Unknown {
            sentences.push(self.wording().say("status-unknown-general"));
        }
        if !is_local
            && self.status.kind != AvailabilityKind::Unknown
            && self.service.level != Level::Bund
            && let Some(place) = self.place
        {
            sentences.push(self.wording().say_with("status-general", &[("place", &place.name)]));
        }
        if !sentences.is_empty() {
            self.push(Block::Text(sentences.join(" ")));
        }
    }

    fn steps(&mut self) {
        let local = match self.status.offer.as_ref().map(|offer| &offer.availability) {
            Some(Availability::Partly { steps }) if !steps.is_empty() => Some(steps.clone()),
            _ => None,
        };
        let steps = local.unwrap_or_else(|| self.service.online.steps.clone());
        if steps.is_empty() {
            return;
        }
        let items = steps.iter().map(|step| self.step(step)).collect();
        let label = self.wording().say("label-steps");
        self.push(Block::Steps { label, items });
    }

    fn step(&self, step: &Step) -> String {
        let (key, said) = match step.how {
            How::Online => ("step-online", "online"),
            How::Form => ("step-form", "formular"),
            How::Post => ("step-post", "post"),
            How::Phone => ("step-phone", "telefon"),
            How::InPerson => ("step-in_person", "vor ort"),
        };
        // "Bescheid kommt per Post" says how by itself; waiting is done nowhere.
        let what = step.what.to_lowercase();
        if what.contains(said) || what.contains("warten") {
            return step.what.clone();
        }
        self.wording().say_with(key, &[("what", &step.what)])
    }

    /// One facet; if nothing is known, nothing is said, unless it was asked for.
    fn facet(&mut self, facet: Facet, asked: bool) {
        let items = match facet {
            Facet::Online => {
                self.reason();
                self.steps();
                return;
            }
            Facet::Where => vec![self.authority()],
            Facet::Cost => self.fees(),
            Facet::Documents => self.papers(),
            Facet::Deadline => {
                self.sources.extend(self.service.deadline.iter().map(|d| d.source.clone()));
                self.service.deadline.iter().map(|d| d.text.clone()).collect()
            }
            Facet::Duration => {
                self.sources.extend(self.service.duration.iter().map(|d| d.source.clone()));
                self.service.duration.iter().map(|d| d.text.clone()).collect()
            }
            Facet::Form | Facet::Appointment => {
                if asked {
                    self.by_link(facet);
                }
                return;
            }
            Facet::Hours => Vec::new(),
        };
        if !items.is_empty() {
            let label = self.wording().say(label_key(facet));
            self.push(Block::Facts { label, items });
        } else if asked {
            self.unknown(facet);
        }
    }

    /// "That I do not know", and whom to ask.
    fn unknown(&mut self, facet: Facet) {
        let unknown = self.wording().say(unknown_key(facet));
        let authority = self.authority();
        let phone = &self.bot.settings.phone;
        let ask =
            self.wording().say_with("ask-office", &[("authority", &authority), ("phone", phone)]);
        self.push(Block::Text(format!("{unknown} {ask}")));
    }

    fn by_link(&mut self, facet: Facet) {
        let kind = if facet == Facet::Form { LinkKind::Form } else { LinkKind::Appointment };
        let before = self.blocks.len();
        self.links(Some(kind));
        if self.blocks.len() == before {
            self.unknown(facet);
        }
    }

    fn fees(&mut self) -> Vec<String> {
        if let Some(fee) = self.status.offer.as_ref().and_then(|offer| offer.fee.clone()) {
            return vec![fee];
        }
        self.sources.extend(self.service.fee.iter().map(|fee| fee.source.clone()));
        self.service.fee.iter().map(|fee| self.fee(fee)).collect()
    }

    fn fee(&self, fee: &Fee) -> String {
        match fee.euro {
            None => fee.text.clone(),
            Some(0.0) => self.wording().say_with("amount-free", &[("text", &fee.text)]),
            Some(euro) => {
                let amount = amount(euro);
                self.wording().say_with("amount", &[("text", &fee.text), ("amount", &amount)])
            }
        }
    }

    fn papers(&mut self) -> Vec<String> {
        if let Some(offer) = &self.status.offer
            && !offer.papers.is_empty()
        {
            return offer.papers.clone();
        }
        self.sources.extend(self.service.paper.iter().map(|paper| paper.source.clone()));
        let paper = |paper: &crate::catalog::service::Paper| match &paper.needed_if {
            None => paper.text.clone(),
            Some(condition) => {
                let values = [("paper", paper.text.as_str()), ("condition", condition.as_str())];
                self.wording().say_with("paper-if", &values)
            }
        };
        self.service.paper.iter().map(paper).collect()
    }

    /// Who is in charge, and at which level.
    fn authority(&self) -> String {
        self.bot.authority(self.service, self.place, self.status.offer.as_ref())
    }

    fn links(&mut self, only: Option<LinkKind>) {
        let local = self.status.offer.iter().flat_map(|offer| offer.links.iter().cloned());
        let own = self.service.link.iter().map(|link| (link.kind, link.url.clone()));
        let links: Vec<Link> = local
            .chain(own)
            .filter(|(kind, _)| only.is_none_or(|only| only == *kind))
            .map(|(kind, url)| Link { label: self.link_label(kind, &url), url })
            .collect();
        if !links.is_empty() {
            self.push(Block::Links(links));
        }
    }

    fn link_label(&self, kind: LinkKind, url: &str) -> String {
        let host = url.trim_start_matches("https://").split('/').next().unwrap_or_default();
        match kind {
            LinkKind::Online => self.wording().say("link-online"),
            LinkKind::Form => self.wording().say("link-form"),
            LinkKind::Appointment => self.wording().say("link-appointment"),
            LinkKind::Information if host == "verwaltung.bund.de" => {
                self.wording().say("link-information")
            }
            LinkKind::Information => {
                self.wording().say_with("link-information-other", &[("host", host)])
            }
        }
    }

    /// Source and date of everything said.
    fn source_line(&mut self) {
        let mut shown: Vec<String> = Vec::new();
        if let Some(offer) = &self.status.offer {
            shown.push(self.dated(&offer.source, offer.checked));
        }
        for source in &self.sources {
            let text = self.dated(&source.title, source.checked);
            if !shown.contains(&text) {
                shown.push(text);
            }
        }
        if !shown.is_empty() {
            let sources = shown.join("; ");
            let text = self.wording().say_with("source", &[("sources", &sources)]);
            self.push(Block::Source(text));
        }
    }

    fn dated(&self, title: &str, date: time::Date) -> String {
        let date = format!("{:02}.{:02}.{}", date.day(), u8::from(date.month()), date.year());
        self.wording().say_with("source-dated", &[("title", title), ("date", &date)])
    }

    /// Buttons for the facets that are known and not shown yet.
    fn more(&self, shown: &[Facet]) -> Vec<Choice> {
        let known = |facet: Facet| match facet {
            Facet::Online | Facet::Where => true,
            Facet::Cost => {
                !self.service.fee.is_empty() || self.offered(|offer| offer.fee.is_some())
            }
            Facet::Documents => {
                !self.service.paper.is_empty() || self.offered(|offer| !offer.papers.is_empty())
            }
            Facet::Deadline => !self.service.deadline.is_empty(),
            Facet::Duration => self.service.duration.is_some(),
            Facet::Hours | Facet::Form | Facet::Appointment => false,
        };
        Facet::ALL
            .into_iter()
            .filter(|facet| known(*facet) && !shown.contains(facet))
            .map(|facet| Choice {
                id: format!("facet:{}", facet.name()),
                label: self.wording().say(button_key(facet)),
                action: Action::Show {
                    service: self.service.id.clone(),
                    place: self.place.map(|place| place.key),
                    facet: Some(facet),
                },
            })
            .collect()
    }

    fn offered(&self, has: impl Fn(&Offer) -> bool) -> bool {
        self.status.offer.as_ref().is_some_and(has)
    }
}

impl Bot {
    /// The office in charge of a service at a place, with its level.
    pub(super) fn authority(
        &self,
        service: &Service,
        place: Option<&Place>,
        offer: Option<&Offer>,
    ) -> String {
        if let Some(authority) = offer.and_then(|offer| offer.authority.clone()) {
            return authority;
        }
        let authority = [("authority", service.authority.as_str())];
        let say = |key: &str, more: &[(&str, &str)]| {
            self.wording.say_with(key, &[&authority[..], more].concat())
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

fn label_key(facet: Facet) -> &'static str {
    match facet {
        Facet::Cost => "label-cost",
        Facet::Documents => "label-documents",
        Facet::Where | Facet::Hours | Facet::Appointment => "label-where",
        Facet::Deadline => "label-deadline",
        Facet::Duration => "label-duration",
        Facet::Online | Facet::Form => "label-steps",
    }
}

fn unknown_key(facet: Facet) -> &'static str {
    match facet {
        Facet::Cost => "unknown-cost",
        Facet::Documents => "unknown-documents",
        Facet::Deadline => "unknown-deadline",
        Facet::Duration => "unknown-duration",
        Facet::Form => "unknown-form",
        Facet::Appointment => "unknown-appointment",
        Facet::Hours | Facet::Where | Facet::Online => "unknown-hours",
    }
}

fn button_key(facet: Facet) -> &'static str {
    match facet {
        Facet::Online => "facet-online",
        Facet::Cost => "facet-cost",
        Facet::Documents => "facet-documents",
        Facet::Where => "facet-where",
        Facet::Hours => "facet-hours",
        Facet::Deadline => "facet-deadline",
        Facet::Duration => "facet-duration",
        Facet::Form => "facet-form",
        Facet::Appointment => "facet-appointment",
    }
}

/// "46" or "27,60".
fn amount(euro: f64) -> String {
    let cents = (euro * 100.0).round() as i64;
    if cents % 100 == 0 {
        format!("{}", cents / 100)
    } else {
        format!("{},{:02}", cents / 100, cents % 100)
    }
}
