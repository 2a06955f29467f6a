//! Life events: a checklist with deadlines, each step leading to its service.

use time::{Date, Duration};

use super::{
    Heeded, notice_reply,
    turn::{Turn, understood},
};
use crate::{
    calendar,
    catalog::{LifeEvent, life_event::LifeStep},
    conversation::{OpenEvent, Pending},
    ids::EventId,
    language::Language,
    matching::{Query, Ranking, stopwords},
    message::{Action, EventForm, Facet},
    reply::{
        AvailabilityKind, Block, Choice, ChoiceKind, DecisionKind, File, NoticeKind, Outcome, Reply,
    },
    text::dates::{self, Lean},
};

/// A checklist is given if the life event has this share beside the services, ...
pub(super) const EVENT_SHARE: f32 = 0.7;
/// ... is so far ahead of the best of them, in score, ...
pub(super) const AHEAD: f32 = 2.5;
/// (so far, if we would have to ask which of them is meant) ...
pub(super) const AHEAD_OF_ASKING: f32 = 1.0;
/// ... and so far ahead of what is no matter for an office ("soll ich mich trennen?"), ...
const AHEAD_OF_NOTHING: f32 = 4.5;
/// ... and the message is no longer than this, in content words: stories mostly end in one wish.
const MAX_WORDS: usize = 20;
/// Words of what has happened already.
const OVER: [&str; 17] = [
    "umgezogen",
    "eingezogen",
    "gezogen",
    "hergezogen",
    "geboren",
    "gestorben",
    "verstorben",
    "geheiratet",
    "gekauft",
    "verloren",
    "gekuendigt",
    "eroeffnet",
    "moved",
    "born",
    "died",
    "married",
    "lost",
];
/// "Am 3. Mai" is not said of a May so long ago.
const LONG_AGO: Duration = Duration::days(90);
/// Characters of a checklist before "mehr".
const SHORT: usize = 420;
/// Fewest steps of it.
const LEAST_STEPS: usize = 2;
/// What stands beside a source, in characters: its date.
const DATED: usize = 20;
/// Steps of a checklist that have a button; one message holds no more.
const MAX_BUTTONS: usize = 15;

impl Turn<'_> {
    /// The life event that a message tells of, if it wants no single service: so far ahead of the
    /// services is it.
    pub(super) fn event_meant(
        &self,
        ranking: &Ranking,
        query: &Query,
        ahead: f32,
    ) -> Option<EventId> {
        let event = ranking.event.as_ref()?;
        let best = ranking.matches.first().map_or(f32::NEG_INFINITY, |found| found.score);
        let other = ranking.elsewhere.as_ref().map_or(f32::NEG_INFINITY, |found| found.score);
        let of_one = |facet: &Facet| {
            matches!(facet, Facet::Cost | Facet::Form | Facet::Appointment | Facet::Hours)
        };
        let meant = event.share >= EVENT_SHARE
            && event.score >= best + ahead
            && event.score >= other + AHEAD_OF_NOTHING
            && ranking.words <= MAX_WORDS
            && !ranking.named
            && !query.facets.iter().any(of_one);
        let found = self.bot.catalog.life_events.get(usize::from(event.class))?;
        meant.then(|| found.id.clone())
    }

    /// The life event that is meant if the words of a day are left out, which may stand between those
    /// that matter ("wir ziehen am 3. Mai um").
    pub(super) fn event_without_day(&self, heeded: &Heeded) -> Option<EventId> {
        let tokens = &heeded.query.tokens;
        let said = dates::find(tokens, self.message.day(), Lean::Nearest)?;
        let keep = |at: &usize| !said.words.contains(at);
        let kept = (0..tokens.len()).filter(keep);
        let (tokens, roles) = kept.map(|at| (tokens[at].clone(), heeded.query.roles[at])).unzip();
        let query = self.bot.matcher.understand(tokens, roles);
        self.event_meant(&self.bot.matcher.rank(&query), &query, AHEAD)
    }

    /// The open checklist with another day, if a message says nothing but a day.
    pub(super) fn dated(&mut self, heeded: &Heeded) -> Option<Reply> {
        let tokens = &heeded.query.tokens;
        let said = dates::find(tokens, self.message.day(), Lean::Nearest)?;
        let mut beside = tokens.iter().enumerate().filter(|(at, _)| !said.words.contains(at));
        let filler = ["doch", "erst", "schon", "eher", "nein", "sondern"];
        let is_filler = |word: &str| stopwords::is_stop(word) || filler.contains(&word);
        if !beside.all(|(_, word)| is_filler(&word.folded)) {
            return None;
        }
        match self.next.event.clone() {
            Some(open) => Some(self.told_event(open.id, heeded)),
            // A day, but of what?
            None => Some(self.notice(NoticeKind::Command, vec![self.say("what-about")])),
        }
    }

    /// The day that a message names. Without a year it is the last such day of what lies in the past
    /// when it is told, else the nearest one, unless that was long ago.
    fn day_said(&self, id: &EventId, heeded: &Heeded) -> Option<dates::Said> {
        let (tokens, today) = (&heeded.query.tokens, self.message.day());
        let says = |word: &str| tokens.iter().any(|token| token.folded == word);
        let got = says("bekommen") && ["haben", "habe", "hab"].into_iter().any(says);
        let past = self.bot.catalog.life_event(id).is_some_and(|event| event.past);
        if past || got || OVER.into_iter().any(says) {
            return dates::find(tokens, today, Lean::Past);
        }
        let nearest = dates::find(tokens, today, Lean::Nearest)?;
        let long_ago = today - nearest.date > LONG_AGO;
        if long_ago { dates::find(tokens, today, Lean::Future) } else { Some(nearest) }
    }

    /// The checklist of a life event that was told of, or is spoken of again.
    pub(super) fn told_event(&mut self, id: EventId, heeded: &Heeded) -> Reply {
        let before = self.next.event.as_ref().filter(|open| open.id == id).and_then(|o| o.date);
        let date = self.day_said(&id, heeded).map(|said| said.date).or(before);
        let mut reply = self.checklist(OpenEvent { id, date }, EventForm::Short);
        reply.outcome.facets = heeded.query.facets.clone();
        reply.outcome.place = understood(heeded);
        reply
    }

    /// A checklist in one of its forms.
    pub(super) fn checklist(&mut self, open: OpenEvent, form: EventForm) -> Reply {
        let bot = self.bot;
        let Some(event) = bot.catalog.life_event(&open.id) else {
            return self.notice(NoticeKind::Command, vec![self.say("stale")]);
        };
        self.next.event = Some(open.clone());
        self.next.service = None;
        self.next.facets.clear();
        self.next.others.clear();
        self.next.asked = 0;
        self.next.pending = None;
        let mut reply = match form {
            EventForm::Short => self.list(event, open.date, SHORT),
            EventForm::Whole => self.list(event, open.date, usize::MAX),
            EventForm::Print => self.printed(event, open.date),
            EventForm::Calendar => self.calendar(event, open.date),
        };
        let outcome = &mut reply.outcome;
        outcome.decision = DecisionKind::Answer;
        outcome.services = event.step.iter().take(5).map(|step| step.service.clone()).collect();
        outcome.asserted = outcome.services.len().min(1);
        outcome.confidence = 1.0;
        outcome.life_event = Some(event.id.to_string());
        reply
    }

    fn list(&mut self, event: &LifeEvent, date: Option<Date>, most: usize) -> Reply {
        let place = self.known_place();
        let mut blocks = vec![self.event_heading(event, date)];
        let mut items: Vec<String> = Vec::new();
        let mut used = 0;
        for (at, step) in event.step.iter().enumerate() {
            let item = self.line_of(step, date);
            used += item.chars().count() + 5;
            // What is said costs the room to say on whose word.
            if let Some(source) = &step.source
                && !event.step[..at].iter().any(|before| before.source.as_ref() == Some(source))
            {
                used += source.title.chars().count() + DATED;
            }
            if items.len() >= LEAST_STEPS && used > most {
                break;
            }
            items.push(item);
        }
        let shown = items.len();
        let left = event.step.len() - shown;
        blocks.push(Block::Steps { label: self.say("event-steps"), items });
        let mut hints = Vec::new();
        if left > 0 {
            let count = left.to_string();
            hints.push(self.say_with("event-left", &[("count", &count)]));
        }
        hints.push(self.say("event-pick"));
        if date.is_none() && event.step.iter().any(|step| step.days.is_some()) {
            hints.push(self.say("event-ask-date"));
        }
        blocks.push(Block::Text(hints.join(" ")));
        let sources = event.step.iter().take(shown).filter_map(|step| step.source.as_ref());
        blocks.extend(self.sources(sources));
        let mut choices: Vec<Choice> = Vec::new();
        for (at, step) in event.step.iter().enumerate().take(shown.min(MAX_BUTTONS)) {
            if let Some(service) = self.bot.service(&step.service) {
                let mut choice = self.choice_of(service, place.as_ref(), None);
                choice.label = format!("{}. {}", at + 1, choice.label);
                choices.push(choice);
            }
        }
        let form = |form: EventForm, id: &str, key: &str| Choice {
            id: id.to_owned(),
            label: self.say(key),
            action: Action::Event { event: event.id.clone(), date, form },
        };
        if left > 0 {
            choices.push(form(EventForm::Whole, "more", "event-all"));
        }
        if self.has_days(event, date) {
            choices.push(form(EventForm::Calendar, "calendar", "event-calendar"));
        }
        choices.push(form(EventForm::Print, "print", "event-print"));
        self.note_german(&mut blocks);
        let steps = event.step.iter().map(|step| step.service.clone()).collect();
        self.next.pending = Some(Pending::Step { choices: steps });
        Reply { choices, ..Reply::new(blocks, Outcome::new(DecisionKind::Answer, None)) }
    }

    fn event_heading(&self, event: &LifeEvent, date: Option<Date>) -> Block {
        let name = event.plain(self.language());
        let date = date.map(|date| self.day(date));
        let place = self.known_place().map(|place| place.name);
        let key = match (&date, &place) {
            (Some(_), Some(_)) => "event-title-date-place",
            (Some(_), None) => "event-title-date",
            (None, Some(_)) => "event-title-place",
            (None, None) => "event-title",
        };
        let mut values = vec![("event", name)];
        values.extend(date.iter().map(|date| ("date", date.as_str())));
        values.extend(place.iter().map(|place| ("place", place.as_str())));
        Block::Heading(self.say_with(key, &values))
    }

    /// "Wohnsitz anmelden (nur vor Ort), bis 17.05.2026".
    fn line_of(&self, step: &LifeStep, date: Option<Date>) -> String {
        let (title, status) = self.step_status(step);
        let mut line = self.say_with("event-step", &[("service", &title), ("status", &status)]);
        // What the catalog says of a step, it says in German: whom it concerns must be said all the
        // same.
        let german = self.speaks_german();
        if let Some(condition) = step.condition.as_deref() {
            line.push_str(&self.say_with("event-if", &[("condition", condition)]));
        }
        if let Some(due) = due(step, date) {
            line.push_str(&self.say_with("event-due", &[("date", &self.day(due))]));
        } else if let Some(deadline) = step.deadline.as_deref().filter(|_| german) {
            line.push_str(&self.say_with("event-deadline", &[("deadline", deadline)]));
        }
        line
    }

    /// Says in another language that what the catalog says is German.
    fn note_german(&self, blocks: &mut Vec<Block>) {
        if !self.speaks_german() {
            let at = blocks.len() - usize::from(matches!(blocks.last(), Some(Block::Source(_))));
            blocks.insert(at, Block::Aside(self.say("facts-in-german")));
        }
    }

    fn speaks_german(&self) -> bool {
        self.language() == Language::German
    }

    fn step_status(&self, step: &LifeStep) -> (String, String) {
        let Some(service) = self.bot.service(&step.service) else {
            return (step.service.to_string(), String::new());
        };
        let place = self.known_place();
        let status = self.bot.status(service, place.as_ref());
        let key = match status.kind {
            AvailabilityKind::Online => "short-online",
            AvailabilityKind::Partly => "short-partly",
            AvailabilityKind::InPerson => "short-in_person",
            AvailabilityKind::Unknown => "short-unknown",
        };
        (service.title(self.language()), self.say(key))
    }

    /// All steps with why and for whom, as lines to tick off.
    fn printed(&mut self, event: &LifeEvent, date: Option<Date>) -> Reply {
        let heading = self.event_heading(event, date);
        let mut lines: Vec<String> = Vec::new();
        for step in &event.step {
            let (title, status) = self.step_status(step);
            let values = [("service", title.as_str()), ("status", status.as_str())];
            lines.push(format!("[ ] {}", self.say_with("event-step", &values)));
            if let Some(condition) = &step.condition {
                lines.push(format!("    {condition}"));
            }
            lines.push(format!("    {}", step.why));
            if let Some(deadline) = &step.deadline {
                let due = due(step, date).map(|due| self.day(due));
                let counted = due.map(|due| self.say_with("event-due", &[("date", &due)]));
                lines.push(format!("    {deadline}{}", counted.unwrap_or_default()));
            }
        }
        let sources = event.step.iter().filter_map(|step| step.source.as_ref());
        let source = self.sources(sources);
        let mut text = String::new();
        if let Block::Heading(heading) = &heading {
            text.push_str(&format!("{heading}\n\n"));
        }
        text.push_str(&lines.join("\n"));
        if let Some(Block::Source(source)) = &source {
            text.push_str(&format!("\n\n{source}"));
        }
        text.push('\n');
        let name = format!("{}.txt", event.id);
        let mut reply = notice_reply(None, vec![heading, Block::Copy(lines.join("\n"))]);
        self.note_german(&mut reply.blocks);
        reply.blocks.extend(source);
        reply.files = vec![File { name, media_type: "text/plain; charset=utf-8", text }];
        reply
    }

    fn calendar(&mut self, event: &LifeEvent, date: Option<Date>) -> Reply {
        let heading = self.event_heading(event, date);
        let Some(date) = date else {
            return notice_reply(None, vec![heading, Block::Text(self.say("event-need-date"))]);
        };
        let title = event.plain(self.language()).to_owned();
        let entries: Vec<calendar::Entry> = event
            .step
            .iter()
            .enumerate()
            .filter_map(|(at, step)| Some((at, step, due(step, Some(date))?)))
            .map(|(at, step, due)| {
                let (service, status) = self.step_status(step);
                let text = [step.deadline.as_deref(), Some(&step.why), step.condition.as_deref()];
                let text: Vec<&str> = text.into_iter().flatten().chain([status.as_str()]).collect();
                let until = self.say_with("calendar-entry", &[("service", &service)]);
                calendar::Entry {
                    uid: format!("{}-{at}-{}-{date}@amtslotse", event.id, step.service),
                    day: due,
                    title: until,
                    text: text.join("\n"),
                    url: None,
                }
            })
            .collect();
        if entries.is_empty() {
            return notice_reply(None, vec![heading, Block::Text(self.say("event-no-days"))]);
        }
        let count = entries.len().to_string();
        let text = self.say_with("event-calendar-made", &[("count", &count)]);
        let mut reply = notice_reply(None, vec![heading, Block::Text(text)]);
        reply.files = vec![File {
            name: format!("{}.ics", event.id),
            media_type: "text/calendar; charset=utf-8",
            text: calendar::file(&title, &entries, self.message.at),
        }];
        reply
    }

    fn has_days(&self, event: &LifeEvent, date: Option<Date>) -> bool {
        event.step.iter().any(|step| due(step, date).is_some())
    }

    fn sources<'s>(
        &self,
        sources: impl Iterator<Item = &'s crate::catalog::service::Source>,
    ) -> Option<Block> {
        let mut shown: Vec<String> = Vec::new();
        for source in sources {
            let values = [("title", source.title.as_str()), ("date", &self.day(source.checked))];
            let text = self.say_with("source-dated", &values);
            if !shown.contains(&text) {
                shown.push(text);
            }
        }
        let all = shown.join("; ");
        (!all.is_empty()).then(|| Block::Source(self.say_with("source", &[("sources", &all)])))
    }

    /// Which life events there are.
    pub(super) fn events(&mut self) -> Reply {
        let events = &self.bot.catalog.life_events;
        if events.is_empty() {
            return self.notice(NoticeKind::Command, vec![self.say("no-events")]);
        }
        let choices: Vec<Choice> = events.iter().map(|event| self.choice_of_event(event)).collect();
        let items = choices.iter().map(|choice| choice.label.clone()).collect();
        let blocks = vec![Block::Steps { label: self.say("which-event"), items }];
        self.next.pending =
            Some(Pending::Event { choices: events.iter().map(|event| event.id.clone()).collect() });
        let mut reply = notice_reply(Some(NoticeKind::Command), blocks);
        reply.choices = choices;
        reply.choice_kind = ChoiceKind::Clarification;
        reply
    }

    pub(super) fn choice_of_event(&self, event: &LifeEvent) -> Choice {
        Choice {
            id: format!("event:{}", event.id),
            label: event.plain(self.language()).to_owned(),
            action: Action::Event { event: event.id.clone(), date: None, form: EventForm::Short },
        }
    }
}

/// By when a step must be done, counted from the day of the event.
fn due(step: &LifeStep, date: Option<Date>) -> Option<Date> {
    date?.checked_add(Duration::days(i64::from(step.days?)))
}
