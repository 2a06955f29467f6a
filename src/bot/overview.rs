//! What is online in a town, and what is remembered of a conversation.

use std::collections::BTreeMap;

use super::{card::facet_key, notice::language_key, notice_reply, turn::Turn};
use crate::{
    catalog::{LifeEvent, service::Level},
    conversation::Pending,
    ids::{EventId, ServiceId},
    message::Facet,
    places::Place,
    reply::{AvailabilityKind, Block, Choice, NoticeKind, Reply},
};

/// Levels, from the town up.
const LEVELS: [(Level, &str); 4] = [
    (Level::Gemeinde, "level-gemeinde"),
    (Level::Kreis, "level-kreis"),
    (Level::Land, "level-land"),
    (Level::Bund, "level-bund"),
];

impl Turn<'_> {
    /// How many services are online at the place, by the level in charge and by life event.
    pub(super) fn overview(&mut self) -> Reply {
        let place = self.known_place();
        let kind = |id: &ServiceId| {
            let service = self.bot.service(id)?;
            Some(self.bot.status(service, place.as_ref()).kind)
        };
        let mut counts: BTreeMap<Level, [usize; 4]> = BTreeMap::new();
        for service in self.bot.services() {
            let status = self.bot.status(service, place.as_ref()).kind;
            counts.entry(service.level).or_default()[column(status)] += 1;
        }
        let items = LEVELS
            .iter()
            .filter_map(|(level, key)| Some((counts.get(level)?, key)))
            .map(|(counts, key)| self.counted(key, counts))
            .collect();
        let heading = match &place {
            Some(place) => self.say_with("overview-place", &[("place", &place.name)]),
            None => self.say("overview"),
        };
        let online = |event: &LifeEvent| {
            let kinds = event.step.iter().filter_map(|step| kind(&step.service));
            kinds.filter(|kind| *kind == AvailabilityKind::Online).count()
        };
        let events = &self.bot.catalog.life_events;
        let choices: Vec<Choice> = events
            .iter()
            .map(|event| {
                let choice = self.choice_of_event(event);
                let (online, all) = (online(event).to_string(), event.step.len().to_string());
                let values = [("event", choice.label.as_str()), ("online", &online), ("all", &all)];
                Choice { label: self.say_with("overview-event", &values), ..choice }
            })
            .collect();
        let mut blocks = vec![
            Block::Heading(heading),
            Block::Facts { label: self.say("overview-levels"), items },
        ];
        if !choices.is_empty() {
            let items = choices.iter().map(|choice| choice.label.clone()).collect();
            blocks.push(Block::Steps { label: self.say("overview-events"), items });
        }
        blocks.push(Block::Text(self.overview_note(place.as_ref())));
        self.next.pending =
            Some(Pending::Event { choices: events.iter().map(|event| event.id.clone()).collect() });
        let mut reply = notice_reply(Some(NoticeKind::Command), blocks);
        reply.choices = choices;
        reply
    }

    fn counted(&self, level: &str, counts: &[usize; 4]) -> String {
        let [online, partly, in_person, unknown] = counts.map(|count| count.to_string());
        let level = self.say(level);
        let values = [
            ("level", level.as_str()),
            ("online", &online),
            ("partly", &partly),
            ("in_person", &in_person),
            ("unknown", &unknown),
        ];
        self.say_with("overview-level", &values)
    }

    fn overview_note(&self, place: Option<&Place>) -> String {
        match place {
            Some(place) => self.say_with("overview-unknown", &[("place", &place.name)]),
            None => self.say("overview-ask-place"),
        }
    }

    /// Everything that is remembered of this conversation.
    pub(super) fn stored(&mut self) -> Reply {
        let bot = self.bot;
        let mut items = Vec::new();
        let mut item = |key: &str, value: String| {
            items.push(self.say_with(key, &[("value", &value)]));
        };
        let title =
            |id: &ServiceId| bot.service(id).map_or(id.to_string(), |s| s.title(self.language()));
        let titles = |ids: &[ServiceId]| ids.iter().map(title).collect::<Vec<_>>().join(", ");
        if let Some(place) = self.next.place.and_then(|key| bot.places.place(key)) {
            item("stored-place", bot.places.label(place));
        }
        if let Some(service) = &self.next.service {
            item("stored-service", title(service));
        }
        if !self.next.facets.is_empty() {
            let facet = |facet: &Facet| self.say(facet_key(*facet));
            let facets: Vec<String> = self.next.facets.iter().map(facet).collect();
            item("stored-facets", facets.join(", "));
        }
        if !self.next.others.is_empty() {
            item("stored-others", titles(&self.next.others));
        }
        if let Some(open) = &self.next.event {
            let event = bot.catalog.life_event(&open.id);
            let name = event.map_or(open.id.as_str(), |event| event.plain(self.language()));
            let date = open.date.map(|date| format!(", {}", self.day(date))).unwrap_or_default();
            item("stored-event", format!("{name}{date}"));
        }
        if let Some(kind) = self.next.danger {
            item("stored-danger", self.urgent(kind, None).first().map(said).unwrap_or_default());
        }
        match &self.next.pending {
            Some(Pending::Service { choices, .. }) => item("stored-question", titles(choices)),
            Some(Pending::Step { choices }) if self.next.event.is_none() => {
                item("stored-question", titles(choices));
            }
            Some(Pending::Place { choices, .. }) => {
                let places = choices.iter().filter_map(|key| bot.places.place(*key));
                let names: Vec<&str> = places.map(|place| place.name.as_str()).collect();
                item("stored-question", names.join(", "));
            }
            Some(Pending::Event { choices }) => {
                let event = |id: &EventId| bot.catalog.life_event(id);
                let name = |id| event(id).map_or("", |event| event.plain(self.language()));
                let names: Vec<&str> = choices.iter().map(name).collect();
                item("stored-question", names.join(", "));
            }
            Some(Pending::PoisonCentre) => item("stored-question", self.say("urgent-poison-lands")),
            Some(Pending::Step { .. }) | None => {}
        }
        if let Some(language) = self.next.language {
            item("stored-language", self.say(language_key(language)));
        }
        if !self.next.rated.is_empty() {
            item("stored-rated", titles(&self.next.rated));
        }
        let minutes = bot.settings.remembered_minutes.to_string();
        let mut blocks = if items.is_empty() {
            vec![Block::Text(self.say("stored-nothing"))]
        } else {
            vec![Block::Facts { label: self.say("stored"), items }]
        };
        blocks.push(Block::Text(self.say_with("stored-until", &[("minutes", &minutes)])));
        notice_reply(Some(NoticeKind::Command), blocks)
    }
}

fn said(block: &Block) -> String {
    match block {
        Block::Notice(text) => text.clone(),
        _ => String::new(),
    }
}

fn column(kind: AvailabilityKind) -> usize {
    match kind {
        AvailabilityKind::Online => 0,
        AvailabilityKind::Partly => 1,
        AvailabilityKind::InPerson => 2,
        AvailabilityKind::Unknown => 3,
    }
}
