//! The way to a person: whom to call, and what to tell them, so that it is said only once.

use super::{
    card::{facet_key, status_key},
    notice_reply,
    turn::Turn,
};
use crate::reply::{Block, NoticeKind, Reply};

impl Turn<'_> {
    pub(super) fn human(&mut self) -> Reply {
        let settings = &self.bot.settings;
        let place = self.known_place();
        // In danger the right person is not an office.
        let mut blocks = match self.next.danger {
            Some(kind) => self.urgent(kind, place.as_ref()),
            None => Vec::new(),
        };
        blocks.push(Block::Text(self.phone_line("human", "human-contact")));
        if !settings.hours.is_empty() {
            let hours = self.say_with("human-hours", &[("hours", &settings.hours)]);
            blocks.push(Block::Text(hours));
        }
        if settings.phone != "115" {
            blocks.push(Block::Text(self.say("human-115")));
        }
        blocks.push(Block::Text(self.say("hours-115")));
        let bot = self.bot;
        if let Some(service) = self.next.service.as_ref().and_then(|id| bot.service(id)) {
            let status = bot.status(service, place.as_ref());
            let (offer, in_charge) = (status.offer.as_ref(), status.in_charge);
            let authority = bot.authority(self.wording, service, place.as_ref(), offer, in_charge);
            let title = service.title(self.language());
            let values = [("service", title.as_str()), ("authority", authority.as_str())];
            blocks.push(Block::Text(self.say_with("human-office", &values)));
            if let Some(office) = offer.and_then(|offer| offer.authority.as_ref()) {
                let lines =
                    [self.wording.reach(office), self.wording.opening(&office.hours)].concat();
                blocks.extend(lines.into_iter().map(Block::Text));
            }
        }
        if let Some(summary) = self.summary() {
            blocks.push(Block::Text(self.say("summary-copy")));
            blocks.push(Block::Copy(summary));
        }
        notice_reply(Some(NoticeKind::Human), blocks)
    }

    /// What the conversation was about, in lines to copy; `None` if about nothing yet.
    fn summary(&self) -> Option<String> {
        let bot = self.bot;
        let place = self.known_place();
        let service = self.next.service.as_ref().and_then(|id| bot.service(id));
        let event = self.next.event.as_ref();
        let event = event.and_then(|open| Some((bot.catalog.life_event(&open.id)?, open.date)));
        let mut lines = Vec::new();
        let mut line = |key: &str, value: &str| {
            lines.push(self.say_with(key, &[("value", value)]));
        };
        if let Some(service) = service {
            // The office knows it by its official name, in German.
            line("summary-service", &service.names().official);
            if let Some(leika) = service.leika.first() {
                line("summary-leika", &leika.to_string());
            }
        } else if let Some((event, date)) = event {
            line("summary-event", event.plain(self.language()));
            if let Some(date) = date {
                line("summary-date", &self.day(date));
            }
        }
        if let Some(place) = &place {
            line("summary-place", &bot.places.label(place));
        }
        let asked: Vec<String> =
            self.next.facets.iter().map(|facet| self.say(facet_key(*facet))).collect();
        if !asked.is_empty() {
            line("summary-asked", &asked.join(", "));
        }
        if let Some(service) = service {
            let status = bot.status(service, place.as_ref());
            line("summary-told", &self.say(status_key(status.kind)));
        }
        let about = service.is_some() || event.is_some();
        about.then(|| lines.join("\n"))
    }
}
