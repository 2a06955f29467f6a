//! What is known of one service in one place, put into a reply.
//!
//! A card is made of sections. Its head (name and status) always comes; of the rest, what matters
//! most comes as long as the answer stays short. What is left out is one step away: "mehr".

use super::{Bot, local::Status, turn::Turn, wording::Wording};
use crate::{
    catalog::{
        Authority, Availability, Offer, OfferLink, OfferSource, Service,
        hours::OpeningHours,
        service::{Fee, Formerly, GeneralKind, How, Level, LinkKind, Source, Step},
    },
    language::Language,
    message::{Action, Facet},
    places::Place,
    reply::{AvailabilityKind, Block, Choice, Link},
};

/// Characters of a card before "mehr", its sources among them.
const SHORT: usize = 500;
/// Links of a kind in a card, and where that kind is asked for.
const SOME_LINKS: usize = 2;
const MANY_LINKS: usize = 6;
/// Special cases named in a card.
const SOME_VARIANTS: usize = 3;
/// What of these the name and the status take, about.
const HEAD: usize = 60;
/// What its deadlines take of it at most.
const DEADLINES: usize = 160;

/// A part of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What it is, for a service that only a town has.
    Summary,
    Reason,
    Steps,
    /// Links to apply.
    Apply,
    /// Links to read on.
    ReadOn,
    /// Special cases that the town has entries of their own for.
    Variants,
    Facet(Facet),
}

impl Part {
    /// In the order shown.
    const SHOWN: [Self; 11] = [
        Self::Summary,
        Self::Reason,
        Self::Apply,
        Self::Steps,
        Self::Facet(Facet::Where),
        Self::Facet(Facet::Documents),
        Self::Facet(Facet::Cost),
        Self::Facet(Facet::Deadline),
        Self::Facet(Facet::Duration),
        Self::Variants,
        Self::ReadOn,
    ];
    /// The most important first: why, where to click, whom to ask, by when, what it costs, what to
    /// bring, what to do.
    const BY_WEIGHT: [Self; 11] = [
        Self::Reason,
        Self::Apply,
        Self::Facet(Facet::Where),
        Self::Facet(Facet::Deadline),
        Self::Facet(Facet::Cost),
        Self::Facet(Facet::Documents),
        Self::Summary,
        Self::Steps,
        Self::Facet(Facet::Duration),
        Self::Variants,
        Self::ReadOn,
    ];
}

/// What a part says, and on whose word.
#[derive(Debug, Clone, Default)]
struct Section {
    blocks: Vec<Block>,
    sources: Vec<String>,
    /// Whether some of it was left out.
    cut: bool,
}

impl Section {
    fn of(block: Block) -> Self {
        Self { blocks: vec![block], ..Self::default() }
    }

    fn length(&self, before: &[String]) -> usize {
        let new = self.sources.iter().filter(|source| !before.contains(source));
        let sources: usize = new.map(|source| source.chars().count() + 2).sum();
        self.blocks.iter().map(length).sum::<usize>() + sources
    }
}

/// The characters of a block as a citizen reads it.
pub(super) fn length(block: &Block) -> usize {
    let count = |text: &String| text.chars().count() + 1;
    match block {
        Block::Notice(text)
        | Block::Heading(text)
        | Block::Text(text)
        | Block::Copy(text)
        | Block::Aside(text)
        | Block::Source(text)
        | Block::Status { text, .. } => count(text),
        Block::Facts { label, items } | Block::Steps { label, items } => {
            count(label) + items.iter().map(|item| count(item) + 4).sum::<usize>()
        }
        Block::Links(links) => links.iter().map(|l| count(&l.label) + count(&l.url)).sum(),
    }
}

impl Turn<'_> {
    /// The card of a service: the facets asked for, first and alone; what matters most if none was.
    /// `head` says the status first; `whole` leaves nothing out.
    pub(super) fn card(
        &self,
        service: &Service,
        place: Option<&Place>,
        facets: &[Facet],
        formerly: Option<&Formerly>,
        head: bool,
        whole: bool,
    ) -> (Vec<Block>, Vec<Choice>) {
        let status = self.bot.status(service, place);
        let card = Card { bot: self.bot, wording: self.wording, service, place, status };
        let mut blocks = card.head(formerly, head);
        if let Some(outage) = self.bot.outage(self.wording, service, place, self.message.at) {
            blocks.insert(0, Block::Notice(outage));
        }
        let (sections, left_out) = if facets.is_empty() {
            card.most_important(blocks.iter().map(length).sum(), whole)
        } else {
            card.asked(facets, whole)
        };
        let mut sources: Vec<String> = Vec::new();
        let mut shown: Vec<Facet> = facets.to_vec();
        for (part, section) in sections {
            if let Part::Facet(facet) = part {
                shown.push(facet);
            }
            if matches!(part, Part::Reason | Part::Steps) {
                shown.push(Facet::Online);
            }
            for source in section.sources {
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            blocks.extend(section.blocks);
        }
        let from_catalog = |block: &Block| {
            matches!(block, Block::Facts { .. } | Block::Steps { .. } | Block::Text(_))
        };
        if self.language() != Language::German && blocks.iter().any(from_catalog) {
            blocks.push(Block::Aside(self.say("facts-in-german")));
        }
        // In public a channel shows little more than the status: the rest is behind buttons.
        if self.message.public && facets.is_empty() {
            shown = vec![Facet::Online];
        }
        let mut choices = card.more(&shown);
        if left_out {
            let action = Action::More {
                service: service.id.clone(),
                place: place.map(|place| place.key),
                facet: facets.first().copied().filter(|_| facets.len() == 1),
            };
            choices.push(Choice { id: "more".to_owned(), label: self.say("more"), action });
        }
        blocks.extend(card.source_line(&sources));
        (blocks, choices)
    }

    /// The facts of a service that mention children, for "und für meine tochter?".
    pub(super) fn facts_about_children(
        &self,
        service: &Service,
        place: Option<&Place>,
    ) -> Vec<String> {
        let status = self.bot.status(service, place);
        let card = Card { bot: self.bot, wording: self.wording, service, place, status };
        let is_about = |text: &String| {
            let words = crate::text::tokens(text);
            words.iter().any(|word| {
                word.folded.starts_with("kind") && !word.folded.starts_with("kindergeld")
                    || word.folded.starts_with("minderjaehrig")
                    || matches!(word.folded.as_str(), "eltern" | "sorgeberechtigte" | "sorgerecht")
            }) || words.windows(2).any(|pair| {
                pair[0].folded == "unter"
                    && matches!(pair[1].folded.parse::<u32>(), Ok(age) if age <= 24)
            })
        };
        let deadlines = service.deadline.iter().map(|deadline| deadline.text.clone());
        card.papers().into_iter().chain(card.fees()).chain(deadlines).filter(is_about).collect()
    }
}

struct Card<'a> {
    bot: &'a Bot,
    wording: &'a Wording,
    service: &'a Service,
    place: Option<&'a Place>,
    status: Status,
}

impl Card<'_> {
    fn say(&self, key: &str) -> String {
        self.wording.say(key)
    }

    fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.wording.say_with(key, values)
    }

    fn head(&self, formerly: Option<&Formerly>, with_status: bool) -> Vec<Block> {
        let mut blocks = Vec::new();
        let title = self.service.title(self.wording.language());
        let heading = match self.place {
            Some(place) => {
                self.say_with("card-title-place", &[("service", &title), ("place", &place.name)])
            }
            None => self.say_with("card-title", &[("service", &title)]),
        };
        blocks.push(Block::Heading(heading));
        if with_status {
            let text = self.say(status_key(self.status.kind));
            blocks.push(Block::Status { availability: self.status.kind, text });
        }
        if let Some(old) = formerly {
            let text = self.say_with("formerly", &[("name", &old.name), ("service", &title)]);
            blocks.push(Block::Text(old.note.clone().unwrap_or(text)));
        }
        blocks
    }

    /// The most important parts that fit, in the order shown, and whether others are left out.
    fn most_important(&self, head: usize, whole: bool) -> (Vec<(Part, Section)>, bool) {
        let mut chosen: Vec<(Part, Section)> = Vec::new();
        let mut sources: Vec<String> = Vec::new();
        let mut used = head;
        let mut left_out = false;
        for part in Part::BY_WEIGHT {
            let mut section = self.section(part);
            if section.blocks.is_empty() {
                continue;
            }
            // Who misses a deadline loses a right: at least the first one is said.
            if part == Part::Facet(Facet::Deadline) && !whole {
                section.shorten(DEADLINES, self.wording);
                left_out |= section.cut;
            }
            let length = section.length(&sources);
            // Why, where to apply and whom to ask is never left out.
            let needed = matches!(
                part,
                Part::Reason | Part::Apply | Part::Facet(Facet::Where | Facet::Deadline)
            );
            if !(needed || whole || used + length <= SHORT) {
                left_out = true;
                continue;
            }
            used += length;
            sources.extend(section.sources.iter().cloned());
            chosen.push((part, section));
        }
        let order = |part: &Part| Part::SHOWN.iter().position(|shown| shown == part);
        chosen.sort_by_key(|(part, _)| order(part));
        (chosen, left_out)
    }

    /// The parts asked for, and whether some of them had to be cut.
    fn asked(&self, facets: &[Facet], whole: bool) -> (Vec<(Part, Section)>, bool) {
        let mut sections = Vec::new();
        let mut is_general = false;
        for &facet in facets {
            if facet == Facet::Online {
                sections.push((Part::Reason, self.section(Part::Reason)));
                sections.push((Part::Apply, self.section(Part::Apply)));
                if facets.len() == 1 {
                    sections.push((Part::Steps, self.section(Part::Steps)));
                    let office = Part::Facet(Facet::Where);
                    sections.push((office, self.section(office)));
                }
                continue;
            }
            let mut section = self.facet(facet);
            if section.blocks.is_empty() {
                section = self.unknown(facet);
            } else {
                is_general |= self.is_general(facet);
            }
            sections.push((Part::Facet(facet), section));
            // Where offices are many, the city's list of appointments names them.
            let appointment = self.facet(Facet::Appointment);
            if facet == Facet::Where && !facets.contains(&Facet::Appointment) {
                sections.push((Part::Apply, appointment));
            }
        }
        if !whole {
            self.shorten(&mut sections);
        }
        if is_general && let Some(place) = self.place {
            let text = self.say_with("status-general", &[("place", &place.name)]);
            let general = Section::of(Block::Text(text));
            sections.push((Part::ReadOn, general));
        }
        let cut = sections.iter().any(|(_, section)| section.cut);
        (sections, cut)
    }

    /// Shares the room among the parts: what the short ones leave is for the long ones.
    fn shorten(&self, sections: &mut [(Part, Section)]) {
        let mut order: Vec<usize> = (0..sections.len()).collect();
        order.sort_by_key(|at| sections[*at].1.length(&[]));
        let mut room = SHORT - HEAD;
        for (done, at) in order.into_iter().enumerate() {
            let left = sections.len() - done;
            sections[at].1.shorten(room / left, self.wording);
            room = room.saturating_sub(sections[at].1.length(&[]));
        }
    }

    fn section(&self, part: Part) -> Section {
        match part {
            Part::Summary => self.summary(),
            Part::Variants => self.variants(),
            Part::Reason => self.reason(),
            Part::Steps => self.steps(),
            Part::Apply => self.apply(),
            Part::ReadOn => self.read_on(),
            Part::Facet(facet) => self.facet(facet),
        }
    }

    /// Why the status is what it is, and how sure that is for this place.
    fn reason(&self) -> Section {
        let mut sentences = Vec::new();
        let mut section = Section::default();
        let offer = self.status.offer.as_ref();
        if self.status.capped {
            sentences.push(self.say("status-capped"));
        }
        let unknown = self.status.kind == AvailabilityKind::Unknown;
        if unknown && let Some(place) = self.place {
            sentences.push(self.say_with("status-unknown-place", &[("place", &place.name)]));
        }
        sentences.extend(offer.and_then(|offer| offer.reason.clone()));
        let general = self.service.online.reason.clone();
        if let Some(reason) = general.filter(|_| !self.is_told_locally()) {
            sentences.push(reason);
            section.sources.extend(self.service.online.source.iter().map(|s| self.dated(s)));
        } else if unknown {
            sentences.push(self.say("status-unknown-general"));
        }
        if offer.is_none()
            && !unknown
            && !self.is_of_overlay()
            && self.service.level != Level::Bund
            && let Some(place) = self.place
        {
            sentences.push(self.say_with("status-general", &[("place", &place.name)]));
        }
        let without_link = offer.is_some_and(|offer| {
            offer.availability == Availability::Online
                && !offer.links.iter().any(|link| link.kind != LinkKind::Appointment)
        });
        if without_link && self.service.link.iter().all(|link| link.kind != LinkKind::Online) {
            sentences.push(self.say("online-without-link"));
        }
        if !sentences.is_empty() {
            section.blocks.push(Block::Text(sentences.join(" ")));
        }
        section
    }

    /// What towns do in general says nothing more where it is known what this one does.
    fn is_told_locally(&self) -> bool {
        self.service.online.kind == GeneralKind::DependsOnTown
            && self.status.kind != AvailabilityKind::Unknown
    }

    fn steps(&self) -> Section {
        let local = match self.status.offer.as_ref().map(|offer| &offer.availability) {
            Some(Availability::Partly { steps }) if !steps.is_empty() => Some(steps),
            _ => None,
        };
        let general = &self.service.online.steps;
        let Some(steps) = local.or((!self.is_told_locally()).then_some(general)) else {
            return Section::default();
        };
        if steps.is_empty() {
            return Section::default();
        }
        let items = steps.iter().map(|step| self.step(step)).collect();
        Section::of(Block::Steps { label: self.say("label-steps"), items })
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
        self.say_with(key, &[("what", &step.what)])
    }

    /// What is known of a facet; nothing if nothing is.
    fn facet(&self, facet: Facet) -> Section {
        let local = |known: bool| self.status.offer.is_some() && known;
        let dated = |source: &Source| self.dated(source);
        let service = self.service;
        let (items, sources): (Vec<String>, Vec<String>) = match facet {
            Facet::Online => return self.reason(),
            Facet::Where => (self.whereabouts(), Vec::new()),
            Facet::Cost if local(self.offered(|offer| offer.fee.is_some())) => {
                (self.fees(), Vec::new())
            }
            Facet::Cost => (self.fees(), service.fee.iter().map(|f| dated(&f.source)).collect()),
            Facet::Documents if local(self.offered(|offer| !offer.papers.is_empty())) => {
                (self.papers(), Vec::new())
            }
            Facet::Documents => {
                (self.papers(), service.paper.iter().map(|p| dated(&p.source)).collect())
            }
            Facet::Deadline if local(self.offered(|offer| !offer.deadlines.is_empty())) => {
                let offer = self.status.offer.as_ref();
                (offer.map(|offer| offer.deadlines.clone()).unwrap_or_default(), Vec::new())
            }
            Facet::Duration if local(self.offered(|offer| offer.duration.is_some())) => {
                let offer = self.status.offer.as_ref();
                (offer.and_then(|offer| offer.duration.clone()).into_iter().collect(), Vec::new())
            }
            Facet::Deadline => (
                service.deadline.iter().map(|d| d.text.clone()).collect(),
                service.deadline.iter().map(|d| dated(&d.source)).collect(),
            ),
            Facet::Duration => (
                service.duration.iter().map(|d| d.text.clone()).collect(),
                service.duration.iter().map(|d| dated(&d.source)).collect(),
            ),
            Facet::Form => return self.links(|kind| kind == LinkKind::Form, MANY_LINKS),
            Facet::Appointment => {
                return self.links(|kind| kind == LinkKind::Appointment, SOME_LINKS);
            }
            Facet::Hours => {
                let office = self.office();
                let hours = office.map(|office| self.wording.opening(&office.hours));
                (hours.unwrap_or_default(), Vec::new())
            }
        };
        if items.is_empty() {
            return Section::default();
        }
        let label = self.say(label_key(facet));
        Section { blocks: vec![Block::Facts { label, items }], sources, cut: false }
    }

    /// Whether the municipality itself vouches for what is said: then it holds here.
    fn is_of_overlay(&self) -> bool {
        self.bot.own.service(&self.service.id).is_some()
    }

    /// Whether what is said of a facet is the general rule, and may be otherwise at the place.
    fn is_general(&self, facet: Facet) -> bool {
        self.service.level != Level::Bund
            && !self.is_of_overlay()
            && match facet {
                Facet::Cost => !self.offered(|offer| offer.fee.is_some()),
                Facet::Documents => !self.offered(|offer| !offer.papers.is_empty()),
                Facet::Deadline => !self.offered(|offer| !offer.deadlines.is_empty()),
                Facet::Duration => !self.offered(|offer| offer.duration.is_some()),
                _ => false,
            }
    }

    /// "That I do not know", and whom to ask.
    fn unknown(&self, facet: Facet) -> Section {
        let unknown = match self.place {
            Some(place) => {
                let label = self.say(label_key(facet));
                let values = [("label", label.as_str()), ("place", place.name.as_str())];
                self.say_with("unknown-place", &values)
            }
            None => self.say(unknown_key(facet)),
        };
        let authority = self.authority();
        let phone = &self.bot.settings.phone;
        let ask = self.say_with("ask-office", &[("authority", &authority), ("phone", phone)]);
        Section::of(Block::Text(format!("{unknown} {ask}")))
    }

    fn fees(&self) -> Vec<String> {
        match self.status.offer.as_ref().and_then(|offer| offer.fee.clone()) {
            Some(fee) => vec![fee],
            None => self.service.fee.iter().map(|fee| self.fee(fee)).collect(),
        }
    }

    fn fee(&self, fee: &Fee) -> String {
        match fee.euro {
            None => fee.text.clone(),
            Some(0.0) => self.say_with("amount-free", &[("text", &fee.text)]),
            Some(euro) => {
                let amount = self.wording.amount(euro);
                self.say_with("amount", &[("text", &fee.text), ("amount", &amount)])
            }
        }
    }

    fn papers(&self) -> Vec<String> {
        if let Some(offer) = &self.status.offer
            && !offer.papers.is_empty()
        {
            return offer.papers.clone();
        }
        let paper = |paper: &crate::catalog::service::Paper| match &paper.needed_if {
            None => paper.text.clone(),
            Some(condition) => {
                let values = [("paper", paper.text.as_str()), ("condition", condition.as_str())];
                self.say_with("paper-if", &values)
            }
        };
        self.service.paper.iter().map(paper).collect()
    }

    /// Who is in charge, and at which level.
    fn authority(&self) -> String {
        let Status { offer, in_charge, .. } = &self.status;
        self.bot.authority(self.wording, self.service, self.place, offer.as_ref(), *in_charge)
    }

    /// The office in charge as the town describes it.
    fn office(&self) -> Option<&Authority> {
        self.status.offer.as_ref()?.authority.as_ref()
    }

    /// Who is in charge, how to reach them, and whether there are steps.
    fn whereabouts(&self) -> Vec<String> {
        let mut lines = vec![self.authority()];
        if let Some(office) = self.office() {
            lines.extend(self.wording.reach(office));
            lines.extend(office.accessibility.clone());
        }
        lines
    }

    /// What it is, in the words of its town: a citizen cannot know it by its name alone.
    fn summary(&self) -> Section {
        let is_own = self.bot.catalog.service(&self.service.id).is_none();
        let summary = self.status.offer.as_ref().and_then(|offer| offer.summary.clone());
        summary.filter(|_| is_own).map(|text| Section::of(Block::Text(text))).unwrap_or_default()
    }

    fn variants(&self) -> Section {
        let Some(offer) = self.status.offer.as_ref().filter(|offer| !offer.variants.is_empty())
        else {
            return Section::default();
        };
        let mut names: Vec<String> =
            offer.variants.iter().take(SOME_VARIANTS).map(|variant| variant.name.clone()).collect();
        if offer.variants.len() > names.len() {
            let count = (offer.variants.len() - names.len()).to_string();
            names.push(self.say_with("and-more", &[("count", &count)]));
        }
        let text = self.say_with("variants", &[("names", &names.join("; "))]);
        Section::of(Block::Text(text))
    }

    /// What is not shown among the links to apply.
    fn read_on(&self) -> Section {
        let shown = self.apply();
        let is_shown = |link: &Link| {
            let same = |block: &Block| matches!(block, Block::Links(links) if links.contains(link));
            shown.blocks.iter().any(same)
        };
        let mut section = self.links(|kind| kind == LinkKind::Information, SOME_LINKS);
        for block in &mut section.blocks {
            if let Block::Links(links) = block {
                links.retain(|link| !is_shown(link));
            }
        }
        section.blocks.retain(|block| !matches!(block, Block::Links(links) if links.is_empty()));
        section
    }

    /// Where to apply; where it goes online and only the town's page tells how, that page.
    fn apply(&self) -> Section {
        let goes_online =
            matches!(self.status.kind, AvailabilityKind::Online | AvailabilityKind::Partly);
        let page = self.status.offer.as_ref().filter(|offer| {
            goes_online && !offer.links.iter().any(|link| link.kind == LinkKind::Online)
        });
        let page = page
            .and_then(|offer| offer.links.iter().find(|link| link.kind == LinkKind::Information));
        let mut section = self.links(|kind| kind != LinkKind::Information, SOME_LINKS);
        if let Some(page) = page {
            let link = Link { label: self.link_label(page), url: page.url.clone() };
            match section.blocks.first_mut() {
                Some(Block::Links(links)) => links.insert(0, link),
                _ => section.blocks.push(Block::Links(vec![link])),
            }
        }
        section
    }

    fn links(&self, wanted: impl Fn(LinkKind) -> bool, most: usize) -> Section {
        let local = self.status.offer.iter().flat_map(|offer| offer.links.iter().cloned());
        let own = self.service.link.iter();
        let own = own.map(|link| OfferLink { kind: link.kind, url: link.url.clone(), title: None });
        let mut links: Vec<OfferLink> = Vec::new();
        for link in local.chain(own).filter(|link| wanted(link.kind)) {
            let alike = links.iter().filter(|other| other.kind == link.kind).count();
            if alike < most && !links.iter().any(|other| other.url == link.url) {
                links.push(link);
            }
        }
        let links: Vec<Link> = links
            .into_iter()
            .map(|link| Link { label: self.link_label(&link), url: link.url })
            .collect();
        if links.is_empty() { Section::default() } else { Section::of(Block::Links(links)) }
    }

    fn link_label(&self, link: &OfferLink) -> String {
        let host = link.url.split("://").nth(1).unwrap_or(&link.url);
        let host = host.split('/').next().unwrap_or_default();
        match (link.kind, &link.title) {
            (LinkKind::Form, Some(title)) => self.say_with("link-form-titled", &[("title", title)]),
            (LinkKind::Online, _) => self.say("link-online"),
            (LinkKind::Form, None) => self.say("link-form"),
            (LinkKind::Appointment, _) => self.say("link-appointment"),
            (LinkKind::Information, _) if host == "verwaltung.bund.de" => {
                self.say("link-information")
            }
            (LinkKind::Information, _) => {
                self.say_with("link-information-other", &[("host", host)])
            }
        }
    }

    /// Source and date of everything said.
    fn source_line(&self, sources: &[String]) -> Option<Block> {
        let mut shown: Vec<String> = Vec::new();
        let local = self.status.offer.iter().flat_map(|offer| &offer.sources);
        let local = local.map(|source| self.local_source(source));
        for source in local.chain(sources.iter().cloned()) {
            if !shown.contains(&source) {
                shown.push(source);
            }
        }
        let (sources, values) = (&shown, shown.join("; "));
        let line = || Block::Source(self.say_with("source", &[("sources", &values)]));
        (!sources.is_empty()).then(line)
    }

    fn local_source(&self, source: &OfferSource) -> String {
        let dated = match source.as_of {
            Some(date) => self.dated_title(&source.title, date),
            None => {
                let read = self.wording.day(source.read);
                self.say_with("source-read", &[("title", &source.title), ("date", &read)])
            }
        };
        match &source.licence {
            Some(licence) => format!("{dated}, {licence}"),
            None => dated,
        }
    }

    fn dated(&self, source: &Source) -> String {
        self.dated_title(&source.title, source.checked)
    }

    fn dated_title(&self, title: &str, date: time::Date) -> String {
        self.say_with("source-dated", &[("title", title), ("date", &self.wording.day(date))])
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
            Facet::Deadline => {
                !self.service.deadline.is_empty()
                    || self.offered(|offer| !offer.deadlines.is_empty())
            }
            Facet::Duration => {
                self.service.duration.is_some() || self.offered(|offer| offer.duration.is_some())
            }
            Facet::Hours => {
                self.office().is_some_and(|office| office.hours != OpeningHours::default())
            }
            Facet::Form | Facet::Appointment => false,
        };
        Facet::ALL
            .into_iter()
            .filter(|facet| known(*facet) && !shown.contains(facet))
            .map(|facet| Choice {
                id: format!("facet:{}", facet.name()),
                label: self.say(facet_key(facet)),
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

impl Section {
    /// Leaves the last entries of a long list out, and their sources with them.
    fn shorten(&mut self, most: usize, wording: &Wording) {
        for block in &mut self.blocks {
            let Block::Facts { items, .. } = block else { continue };
            // One source an entry, or one for all.
            let own = items.len() == self.sources.len();
            let mut used = 0;
            let fit = items.iter().enumerate().take_while(|(at, item)| {
                used += item.chars().count() + 5;
                if own && !self.sources[..*at].contains(&self.sources[*at]) {
                    used += self.sources[*at].chars().count() + 2;
                }
                used <= most
            });
            let (kept, all) = (fit.count().max(1), items.len());
            // "And one more" is no shorter than the one.
            if kept + 1 < all {
                items.truncate(kept);
                if own {
                    self.sources.truncate(kept);
                }
                let count = (all - kept).to_string();
                items.push(wording.say_with("and-more", &[("count", &count)]));
                self.cut = true;
            }
        }
    }
}

/// The sentence for a status.
pub(super) fn status_key(kind: AvailabilityKind) -> &'static str {
    match kind {
        AvailabilityKind::Online => "status-online",
        AvailabilityKind::Partly => "status-partly",
        AvailabilityKind::InPerson => "status-in_person",
        AvailabilityKind::Unknown => "status-unknown",
    }
}

fn label_key(facet: Facet) -> &'static str {
    match facet {
        Facet::Cost => "label-cost",
        Facet::Documents => "label-documents",
        Facet::Where => "label-where",
        Facet::Hours => "facet-hours",
        Facet::Appointment => "facet-appointment",
        Facet::Deadline => "label-deadline",
        Facet::Duration => "label-duration",
        Facet::Form => "facet-form",
        Facet::Online => "label-steps",
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

/// The wording key of a facet's name, as buttons have it.
pub(super) fn facet_key(facet: Facet) -> &'static str {
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
