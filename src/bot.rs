//! What to say: one message and the conversation so far give one reply.
//!
//! [`Bot::respond`] is pure: the same message, conversation, catalog and offers give the same
//! reply. The order is fixed: danger first, then commands, a pending question, small talk, a
//! follow-up on the last service, and last a new question.

mod answer;
pub mod command;
pub mod decision;
mod talk;
pub mod wording;

use std::sync::Arc;

pub use self::answer::Status;
use self::{
    command::{Command, Parsed},
    decision::{Abstention, Decision, decide},
    talk::{Heard, Talk},
    wording::Wording,
};
use crate::{
    catalog::{Catalog, Offers, Service, lexicon::TalkKind, service::Formerly},
    conversation::{Conversation, Pending},
    ids::{RegionKey, ServiceId},
    matching::{Matcher, Query, Ranking, features::Role},
    message::{Action, Facet, Input, Message},
    places::{Mention, Place, Places, Spotted},
    reply::{
        AvailabilityKind, Block, Choice, ChoiceKind, DecisionKind, Link, NoticeKind, Outcome, Reply,
    },
    text::{Token, fold, tokens},
};

/// What an operator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who runs this bot, for the greeting and the imprint.
    pub operator: String,
    /// Page with the imprint.
    pub imprint_url: String,
    /// Page with the privacy statement.
    pub privacy_url: String,
    /// Where a person can be reached.
    pub contact: String,
    /// The number to call.
    pub phone: String,
    /// The place that is meant if none is named.
    pub default_place: Option<RegionKey>,
    /// Longest message that is read whole, in characters.
    pub max_text: usize,
    /// How long a conversation is remembered, in minutes; said in the privacy notice.
    pub remembered_minutes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            operator: String::new(),
            imprint_url: String::new(),
            privacy_url: String::new(),
            contact: String::new(),
            phone: "115".to_owned(),
            default_place: None,
            max_text: MAX_TEXT,
            remembered_minutes: 30,
        }
    }
}

/// Longest message that is read whole, in characters.
pub const MAX_TEXT: usize = 1_000;
/// Of a longer one, so many characters of its beginning and end are read: the question often comes
/// last.
const LONG_HEAD: usize = 600;
const LONG_TAIL: usize = 400;
/// Words of a message that are read, and how many of them are its first.
const MAX_WORDS: usize = 120;
const HEAD_WORDS: usize = 72;
/// Characters of a word that are read.
const MAX_WORD: usize = 60;
/// Services of one message that are answered at once.
const MAX_NEEDS: usize = 3;
/// Questions we ask back in a row before we give the best answer or give up.
const MAX_ASKED: u8 = 2;

/// One tenant's bot: a catalog and how to talk about it. Immutable and shared.
#[derive(Clone)]
pub struct Bot {
    catalog: Arc<Catalog>,
    places: Arc<Places>,
    matcher: Arc<Matcher>,
    talk: Arc<Talk>,
    offers: Arc<dyn Offers>,
    wording: Arc<Wording>,
    settings: Settings,
}

/// What a message says, as far as the bot reads it.
struct Heeded {
    query: Query,
    spotted: Option<Spotted>,
    shortened: bool,
}

impl Bot {
    /// Puts a bot together; builds the index over the catalog.
    pub fn new(
        catalog: Arc<Catalog>,
        places: Arc<Places>,
        offers: Arc<dyn Offers>,
        settings: Settings,
    ) -> Self {
        let matcher = Arc::new(Matcher::build(&catalog));
        let talk = Arc::new(Talk::build(&catalog.lexicon));
        let wording = Arc::new(Wording::german());
        Self { catalog, places, matcher, talk, offers, wording, settings }
    }

    /// Its catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Its places.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Its sentences, for what only a channel can notice (a photo, a stale button).
    pub fn wording(&self) -> &Wording {
        &self.wording
    }

    /// The reply to a message, and the conversation after it.
    pub fn respond(&self, message: &Message, conversation: &Conversation) -> (Reply, Conversation) {
        let before = if conversation.version == Conversation::VERSION {
            conversation.clone()
        } else {
            Conversation::default()
        };
        let mut turn = Turn { bot: self, message, next: before };
        let reply = match &message.input {
            Input::Text(text) => turn.text(text.expose()),
            Input::Pressed(action) => turn.pressed(action),
            Input::Stale => turn.notice(NoticeKind::Command, vec![self.wording.say("stale")]),
            Input::Media => turn.notice(NoticeKind::Empty, vec![self.wording.say("media")]),
        };
        (reply, turn.next)
    }

    /// What to say when answering went wrong inside.
    pub fn apology(&self) -> Reply {
        let text = self.wording.say_with("apology", &[("phone", &self.settings.phone)]);
        notice_reply(None, vec![Block::Text(text)])
    }

    /// What to say, once, to somebody who writes too fast.
    pub fn slow_down(&self) -> Reply {
        notice_reply(None, vec![Block::Text(self.wording.say("slow-down"))])
    }

    /// Services whose name or expressions fit what has been typed so far, best first, with their
    /// everyday name: for a channel that completes as one types.
    pub fn suggest(&self, typed: &str, at_most: usize) -> Vec<(ServiceId, String)> {
        let folded = fold(typed);
        let mut found: Vec<&Service> = Vec::new();
        if folded.chars().count() >= 2 {
            // A beginning of a name counts before a likeness.
            let starts = |service: &&Service| {
                fold(service.plain()).starts_with(&folded)
                    || service.says.get("de").is_some_and(|says| {
                        says.synonyms.iter().any(|synonym| fold(synonym).starts_with(&folded))
                    })
            };
            found.extend(self.catalog.services().iter().filter(starts));
            found.sort_by_key(|service| service.priority);
        }
        let heeded = self.heed(typed);
        let ranking = self.matcher.rank(&heeded.query);
        for id in self.ids(&ranking) {
            if let Some(service) = self.catalog.service(&id)
                && !found.iter().any(|f| f.id == id)
            {
                found.push(service);
            }
        }
        found.into_iter().take(at_most).map(|s| (s.id.clone(), s.plain().to_owned())).collect()
    }

    /// How the ranking for a text came about, readable by a clerk.
    pub fn explain(&self, text: &str) -> String {
        crate::bot::explain(self, text)
    }

    fn heed(&self, text: &str) -> Heeded {
        let (text, shortened) = shorten(text, self.settings.max_text);
        let mut tokens = tokens(&text);
        if tokens.len() > MAX_WORDS {
            tokens.drain(HEAD_WORDS..tokens.len() - (MAX_WORDS - HEAD_WORDS));
        }
        for token in &mut tokens {
            cut(&mut token.folded, MAX_WORD);
            cut(&mut token.typed, MAX_WORD);
        }
        let mut roles = vec![Role::default(); tokens.len()];
        let spotted = self.places.spot(&tokens, &mut roles);
        Heeded { query: self.matcher.understand(tokens, roles), spotted, shortened }
    }

    fn ids(&self, ranking: &Ranking) -> Vec<ServiceId> {
        let services = self.catalog.services();
        ranking.matches.iter().map(|m| services[usize::from(m.class)].id.clone()).collect()
    }
}

/// A long text keeps its beginning and its end.
fn shorten(text: &str, max: usize) -> (String, bool) {
    // Composed form first, so that the limit counts what a person sees.
    let text = crate::text::normalize(text);
    let count = text.chars().count();
    if count <= max {
        return (text, false);
    }
    let head: String = text.chars().take(LONG_HEAD).collect();
    let tail: String = text.chars().skip(count - LONG_TAIL).collect();
    (format!("{head}\n{tail}"), true)
}

fn cut(word: &mut String, max: usize) {
    if let Some((at, _)) = word.char_indices().nth(max) {
        word.truncate(at);
    }
}

fn notice_reply(kind: Option<NoticeKind>, blocks: Vec<Block>) -> Reply {
    Reply {
        blocks,
        choices: Vec::new(),
        choice_kind: ChoiceKind::default(),
        outcome: Outcome::new(DecisionKind::Notice, kind),
    }
}

/// One message being answered.
struct Turn<'a> {
    bot: &'a Bot,
    message: &'a Message,
    next: Conversation,
}

impl Turn<'_> {
    fn say(&self, key: &str) -> String {
        self.bot.wording.say(key)
    }

    fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.bot.wording.say_with(key, values)
    }

    fn text(&mut self, text: &str) -> Reply {
        if let Some(parsed) = command::parse(text) {
            return self.command(&parsed);
        }
        let heeded = self.bot.heed(text);
        let danger = self.bot.talk.danger(&heeded.query.tokens);
        let mut reply = match danger {
            Some(kind) => self.danger(kind, &heeded),
            None => self.calm(text, &heeded),
        };
        if heeded.shortened {
            reply.blocks.push(Block::Text(self.say("too-long")));
            reply.outcome.notice.get_or_insert(NoticeKind::TooLong);
        }
        reply
    }

    fn calm(&mut self, text: &str, heeded: &Heeded) -> Reply {
        if let Some(reply) = self.picked(&heeded.query.tokens) {
            return reply;
        }
        let heard = self.bot.talk.hear(text, &heeded.query.tokens);
        if let Some(Heard { kind, whole: true }) = heard {
            return self.talk(kind);
        }
        if heeded.query.tokens.is_empty() {
            return self.notice(NoticeKind::Empty, vec![self.say("empty")]);
        }
        let place = self.place(heeded);
        if !heeded.query.has_content() {
            return self.follow_up(heeded, place);
        }
        let ranking = self.bot.matcher.rank(&heeded.query);
        if let Some(Heard { kind, .. }) = heard {
            let firm = matches!(kind, TalkKind::Abuse | TalkKind::Injection);
            if firm || decide(&ranking, &heeded.query.facets) != Decision::Answer {
                return self.talk(kind);
            }
        }
        match self.several_needs(&heeded.query) {
            Some(needs) => self.answer_all(heeded, place.as_ref(), &needs),
            None => self.question(heeded, place, &ranking),
        }
    }

    /// The services of a message that names several ("auto abmelden und wohnsitz ummelden"), if
    /// each of its parts is clear by itself and they are not the same.
    fn several_needs(&self, query: &Query) -> Option<Vec<(ServiceId, f32)>> {
        let parts = query.parts();
        if !(2..=MAX_NEEDS).contains(&parts.len()) {
            return None;
        }
        let mut needs: Vec<(ServiceId, f32)> = Vec::new();
        for (tokens, roles) in parts {
            let part = self.bot.matcher.understand(tokens, roles);
            let ranking = self.bot.matcher.rank(&part);
            let id = self.bot.ids(&ranking).into_iter().next()?;
            let clear = ranking.confidence >= decision::ANSWER_PART;
            if !clear || needs.iter().any(|(other, _)| *other == id) {
                return None;
            }
            needs.push((id, ranking.confidence));
        }
        Some(needs)
    }

    fn answer_all(
        &mut self,
        heeded: &Heeded,
        place: Option<&Place>,
        needs: &[(ServiceId, f32)],
    ) -> Reply {
        let bot = self.bot;
        let facets = heeded.query.facets.clone();
        let mut blocks = Vec::new();
        let mut choices = Vec::new();
        for service in needs.iter().filter_map(|(id, _)| bot.catalog.service(id)) {
            // Each in short: its status, or what was asked; the button leads to the rest.
            let asked = if facets.is_empty() { &[Facet::Online][..] } else { &facets };
            let card = self.show(service, place, asked, None);
            let short = |block: &Block| match block {
                Block::Heading(_) | Block::Status { .. } | Block::Text(_) => true,
                Block::Notice(_) | Block::Source(_) => true,
                Block::Facts { .. } => !facets.is_empty(),
                Block::Steps { .. } | Block::Links(_) => false,
            };
            let ask_place = Block::Text(self.say("ask-place"));
            blocks.extend(card.blocks.into_iter().filter(|b| short(b) && *b != ask_place));
            choices.push(Choice {
                id: service.id.to_string(),
                label: service.plain().to_owned(),
                action: Action::Show {
                    service: service.id.clone(),
                    place: place.map(|place| place.key),
                    facet: None,
                },
            });
        }
        let mut outcome = Outcome::new(DecisionKind::Answer, None);
        outcome.services = needs.iter().map(|(id, _)| id.clone()).collect();
        outcome.asserted = outcome.services.len();
        outcome.confidence = needs.iter().map(|(_, sure)| *sure).fold(1.0, f32::min);
        outcome.facets = facets;
        outcome.place = understood(heeded);
        let mut reply = Reply { blocks, choices, choice_kind: ChoiceKind::More, outcome };
        self.complete(&mut reply, place);
        reply
    }

    /// The numbers to call, before anything else; then the service, if one was clearly asked for.
    fn danger(&mut self, kind: TalkKind, heeded: &Heeded) -> Reply {
        let key = match kind {
            TalkKind::Police => "urgent-police",
            TalkKind::Doctor => "urgent-doctor",
            TalkKind::Poison => "urgent-poison",
            TalkKind::Suicide => "urgent-suicide",
            TalkKind::Violence => "urgent-violence",
            TalkKind::Child => "urgent-child",
            _ => "urgent-fire",
        };
        let notice = Block::Notice(self.say(key));
        let ranking = self.bot.matcher.rank(&heeded.query);
        // Whoever asks for a women's refuge is to get it; whoever is in a fire, nothing but 112.
        let distracting = matches!(
            kind,
            TalkKind::Fire | TalkKind::Police | TalkKind::Poison | TalkKind::Suicide
        );
        let enough = if distracting { decision::ANSWER_IN_DANGER } else { decision::ANSWER };
        let mut reply = if ranking.confidence >= enough {
            let place = self.place(heeded);
            self.question(heeded, place, &ranking)
        } else {
            self.next.pending = None;
            notice_reply(None, vec![Block::Text(self.say("urgent-more"))])
        };
        reply.blocks.insert(0, notice);
        reply.outcome.notice = Some(kind.notice());
        reply
    }

    /// The place of this message; remembered if it is exactly one.
    fn place(&mut self, heeded: &Heeded) -> Option<Place> {
        if let Some(Spotted { mention: Mention::One(place), .. }) = &heeded.spotted {
            self.next.place = Some(place.key);
            return Some(place.clone());
        }
        self.known_place()
    }

    /// The place of the conversation, the channel or the operator, in this order.
    fn known_place(&self) -> Option<Place> {
        let key = self.next.place.or(self.message.place).or(self.bot.settings.default_place)?;
        self.bot.places.place(key).cloned()
    }

    fn question(&mut self, heeded: &Heeded, place: Option<Place>, ranking: &Ranking) -> Reply {
        let mut decision = decide(ranking, &heeded.query.facets);
        if self.next.asked >= MAX_ASKED && matches!(decision, Decision::Clarify(_)) {
            decision = Decision::Abstain(Abstention::NothingNear);
        }
        let facets = heeded.query.facets.clone();
        let mut reply = match decision {
            Decision::Answer => self.answer(heeded, place.as_ref(), ranking),
            Decision::Clarify(count) => {
                let choices = self.bot.ids(ranking).into_iter().take(count).collect();
                self.ask_service(choices, facets.clone(), place.as_ref())
            }
            Decision::Abstain(why) => {
                // A new need, though not understood: the service before is not meant.
                self.next.service = None;
                self.abstain(why)
            }
        };
        let outcome = &mut reply.outcome;
        outcome.confidence = ranking.confidence;
        outcome.facets = facets;
        outcome.place = understood(heeded);
        if outcome.decision != DecisionKind::Clarify {
            outcome.services = self.bot.ids(ranking).into_iter().take(5).collect();
        }
        self.complete(&mut reply, place.as_ref());
        reply
    }

    /// Availability and offers of all services named in the outcome.
    fn complete(&self, reply: &mut Reply, place: Option<&Place>) {
        let services = reply.outcome.services.iter().filter_map(|id| self.bot.catalog.service(id));
        let (kinds, offers) = services
            .map(|service| self.bot.status(service, place))
            .map(|status| (status.kind, status.offer.map(|offer| offer.id)))
            .unzip::<AvailabilityKind, Option<String>, Vec<_>, Vec<_>>();
        reply.outcome.availability = kinds;
        reply.outcome.offers = offers;
    }

    fn answer(&mut self, heeded: &Heeded, place: Option<&Place>, ranking: &Ranking) -> Reply {
        let bot = self.bot;
        let Some(service) =
            ranking.matches.first().and_then(|m| bot.catalog.services().get(usize::from(m.class)))
        else {
            return self.abstain(Abstention::NothingNear);
        };
        let formerly = formerly_named(service, &heeded.query);
        let mut reply = self.show(service, place, &heeded.query.facets, formerly);
        self.ask_about_place(&mut reply, heeded, &service.id);
        reply
    }

    fn show(
        &mut self,
        service: &Service,
        place: Option<&Place>,
        facets: &[Facet],
        formerly: Option<&Formerly>,
    ) -> Reply {
        let first = self.next.service.is_none();
        self.next.service = Some(service.id.clone());
        self.next.pending = None;
        self.next.asked = 0;
        let (mut blocks, choices) =
            self.bot.card(service, place, facets, formerly, self.message.public);
        let typed = matches!(self.message.input, Input::Text(_));
        if place.is_none()
            && first
            && typed
            && service.level != crate::catalog::service::Level::Bund
        {
            blocks.push(Block::Text(self.say("ask-place")));
        }
        let mut outcome = Outcome::new(DecisionKind::Answer, None);
        outcome.services = vec![service.id.clone()];
        outcome.asserted = 1;
        outcome.facets = facets.to_vec();
        outcome.confidence = 1.0;
        Reply { blocks, choices, choice_kind: ChoiceKind::More, outcome }
    }

    /// Adds the question which place is meant, if it was not clear.
    fn ask_about_place(&mut self, reply: &mut Reply, heeded: &Heeded, service: &ServiceId) {
        let Some(Spotted { mention, typed }) = &heeded.spotted else { return };
        match mention {
            Mention::One(_) => {}
            Mention::UnknownPostcode(code) => {
                let code = format!("{code:05}");
                let text = self.say_with("unknown-postcode", &[("postcode", &code)]);
                reply.blocks.push(Block::Text(text));
            }
            Mention::Several(places) => {
                // Asked instead of "name your place".
                let ask_place = Block::Text(self.say("ask-place"));
                reply.blocks.retain(|block| *block != ask_place);
                let (question, choices) = self.place_question(places, typed, Some(service));
                reply.blocks.push(question);
                if !choices.is_empty() {
                    reply.choices = choices;
                    reply.choice_kind = ChoiceKind::Clarification;
                    self.next.pending = Some(Pending::Place {
                        choices: places.iter().map(|place| place.key).collect(),
                        service: Some(service.clone()),
                        facets: heeded.query.facets.clone(),
                    });
                }
            }
        }
    }

    /// Up to five places are choices; of more, we ask for the postcode or district.
    fn place_question(
        &self,
        places: &[Place],
        typed: &str,
        service: Option<&ServiceId>,
    ) -> (Block, Vec<Choice>) {
        if places.len() > decision::MAX_CHOICES {
            let count = places.len().to_string();
            let values = [("typed", typed), ("count", count.as_str())];
            return (Block::Text(self.say_with("which-place-too-many", &values)), Vec::new());
        }
        let choice = |place: &Place| Choice {
            id: place.key.to_string(),
            label: self.bot.places.label(place),
            action: match service {
                Some(service) => {
                    Action::Show { service: service.clone(), place: Some(place.key), facet: None }
                }
                None => Action::Place(place.key),
            },
        };
        let choices: Vec<Choice> = places.iter().map(choice).collect();
        let label = self.say_with("which-place", &[("typed", typed)]);
        let items = choices.iter().map(|choice| choice.label.clone()).collect();
        (Block::Steps { label, items }, choices)
    }

    fn ask_service(
        &mut self,
        choices: Vec<ServiceId>,
        facets: Vec<Facet>,
        place: Option<&Place>,
    ) -> Reply {
        let mut lines = Vec::new();
        let mut buttons = Vec::new();
        for id in &choices {
            let Some(service) = self.bot.catalog.service(id) else { continue };
            let label = service.plain().to_owned();
            let line = match self.bot.difference(id, &choices) {
                Some(differs) => {
                    self.say_with("choice-line", &[("label", &label), ("differs", &differs)])
                }
                None => label.clone(),
            };
            lines.push(line);
            buttons.push(Choice {
                id: id.to_string(),
                label,
                action: Action::Show {
                    service: id.clone(),
                    place: place.map(|place| place.key),
                    facet: facets.first().copied(),
                },
            });
        }
        let none = self.say("none-of-these");
        lines.push(none.clone());
        buttons.push(Choice { id: "none".to_owned(), label: none, action: Action::NoneOfThese });
        let blocks = vec![Block::Steps { label: self.say("which-service"), items: lines }];
        let mut outcome = Outcome::new(DecisionKind::Clarify, None);
        outcome.services = choices.clone();
        // Whatever comes next is about one of these, not about the service before.
        self.next.service = None;
        self.next.pending = Some(Pending::Service { choices, facets });
        self.next.asked += 1;
        Reply { blocks, choices: buttons, choice_kind: ChoiceKind::Clarification, outcome }
    }

    fn abstain(&mut self, why: Abstention) -> Reply {
        self.next.pending = None;
        self.next.asked = 0;
        let first = match why {
            Abstention::NothingNear => self.say("abstain"),
            Abstention::Elsewhere => self.say("abstain-elsewhere"),
        };
        let blocks = match why {
            Abstention::NothingNear => vec![
                Block::Text(format!("{first} {}", self.say("abstain-rephrase"))),
                Block::Text(self.phone_line("abstain-phone", "abstain-phone-contact")),
            ],
            Abstention::Elsewhere => vec![
                Block::Text(format!("{first} {}", self.say("help"))),
                Block::Text(self.phone_line("abstain-phone", "abstain-phone-contact")),
            ],
        };
        Reply {
            blocks,
            choices: Vec::new(),
            choice_kind: ChoiceKind::More,
            outcome: Outcome::new(DecisionKind::Abstain, None),
        }
    }

    fn phone_line(&self, plain: &str, with_contact: &str) -> String {
        let settings = &self.bot.settings;
        let phone = ("phone", settings.phone.as_str());
        if settings.contact.is_empty() {
            self.say_with(plain, &[phone])
        } else {
            self.say_with(with_contact, &[phone, ("contact", &settings.contact)])
        }
    }

    /// A message without a service of its own: about the last one, or about a place.
    fn follow_up(&mut self, heeded: &Heeded, place: Option<Place>) -> Reply {
        let bot = self.bot;
        let facets = heeded.query.facets.clone();
        // "Und wo?" while we wait for a choice: the choice first, then that facet of it.
        if let Some(Pending::Service { choices, facets: before }) = self.next.pending.clone() {
            let facets = if facets.is_empty() { before } else { facets };
            let mut reply = self.pick_again(&Pending::Service { choices, facets: facets.clone() });
            reply.outcome.facets = facets;
            reply.outcome.place = understood(heeded);
            return reply;
        }
        let service = self.next.service.clone().and_then(|id| bot.catalog.service(&id));
        let mut reply = match service {
            Some(service) if !facets.is_empty() || heeded.spotted.is_some() => {
                let mut reply = self.show(service, place.as_ref(), &facets, None);
                self.ask_about_place(&mut reply, heeded, &service.id);
                reply
            }
            _ => self.without_service(heeded, place.as_ref()),
        };
        reply.outcome.facets = facets;
        reply.outcome.place = understood(heeded);
        self.complete(&mut reply, place.as_ref());
        reply
    }

    fn without_service(&mut self, heeded: &Heeded, place: Option<&Place>) -> Reply {
        let mut reply = self.abstain(Abstention::NothingNear);
        let what = self.say("what-about");
        match (&heeded.spotted, place) {
            (Some(Spotted { mention: Mention::One(_), .. }), Some(place)) => {
                let label = self.bot.places.label(place);
                let text = self.say_with("place-set", &[("place", &label)]);
                reply.blocks = vec![Block::Text(format!("{text} {what}"))];
            }
            (Some(Spotted { mention: Mention::Several(places), typed }), _) => {
                let (question, choices) = self.place_question(places, typed, None);
                reply.blocks = vec![question];
                if !choices.is_empty() {
                    reply.choice_kind = ChoiceKind::Clarification;
                    reply.outcome.decision = DecisionKind::Clarify;
                    self.next.pending = Some(Pending::Place {
                        choices: places.iter().map(|place| place.key).collect(),
                        service: None,
                        facets: Vec::new(),
                    });
                }
                reply.choices = choices;
            }
            (Some(Spotted { mention: Mention::UnknownPostcode(code), .. }), _) => {
                let code = format!("{code:05}");
                let text = self.say_with("unknown-postcode", &[("postcode", &code)]);
                reply.blocks = vec![Block::Text(format!("{text} {what}"))];
            }
            _ if !heeded.query.facets.is_empty() => {
                reply.blocks = vec![Block::Text(self.say("facet-without-service"))];
            }
            _ => {}
        }
        reply
    }

    // --- A pending question -------------------------------------------------------------------

    /// The answer to our question, if the message is one: a number, "das zweite", "nichts davon".
    fn picked(&mut self, tokens: &[Token]) -> Option<Reply> {
        let pending = self.next.pending.clone()?;
        let count = match &pending {
            Pending::Service { choices, .. } => choices.len() + 1,
            Pending::Place { choices, .. } => choices.len(),
        };
        match pick(tokens, count) {
            Pick::Nothing => None,
            Pick::None => Some(self.none_of_these()),
            Pick::OutOfRange => Some(self.pick_again(&pending)),
            Pick::Choice(at) => Some(match pending {
                Pending::Service { choices, facets } => match choices.get(at) {
                    Some(id) => self.show_chosen(id, self.known_place(), &facets),
                    None => self.none_of_these(),
                },
                Pending::Place { choices, service, facets } => {
                    self.next.place = choices.get(at).copied();
                    self.place_chosen(service.as_ref(), &facets)
                }
            }),
        }
    }

    fn pick_again(&mut self, pending: &Pending) -> Reply {
        let place = self.known_place();
        // Asking the same again is no further question.
        self.next.asked = self.next.asked.saturating_sub(1);
        let mut reply = match pending {
            Pending::Service { choices, facets } => {
                self.ask_service(choices.clone(), facets.clone(), place.as_ref())
            }
            Pending::Place { choices, service, .. } => {
                let bot = self.bot;
                let places: Vec<Place> =
                    choices.iter().filter_map(|key| bot.places.place(*key).cloned()).collect();
                let typed = places.first().map(|place| place.name.clone()).unwrap_or_default();
                let (question, choices) = self.place_question(&places, &typed, service.as_ref());
                let mut outcome = Outcome::new(DecisionKind::Clarify, None);
                outcome.services = service.iter().cloned().collect();
                let blocks = vec![question];
                Reply { blocks, choices, choice_kind: ChoiceKind::Clarification, outcome }
            }
        };
        let count = reply.choices.len().to_string();
        reply.blocks.insert(0, Block::Text(self.say_with("pick-again", &[("count", &count)])));
        self.complete(&mut reply, place.as_ref());
        reply
    }

    fn show_chosen(&mut self, id: &ServiceId, place: Option<Place>, facets: &[Facet]) -> Reply {
        let bot = self.bot;
        let Some(service) = bot.catalog.service(id) else {
            return self.notice(NoticeKind::Command, vec![self.say("stale")]);
        };
        let mut reply = self.show(service, place.as_ref(), facets, None);
        self.complete(&mut reply, place.as_ref());
        reply
    }

    fn place_chosen(&mut self, service: Option<&ServiceId>, facets: &[Facet]) -> Reply {
        let place = self.known_place();
        self.next.pending = None;
        match (service, place) {
            (Some(id), place) => self.show_chosen(id, place, facets),
            (None, Some(place)) => {
                let label = self.bot.places.label(&place);
                let text = self.say_with("place-set", &[("place", &label)]);
                self.notice(NoticeKind::Command, vec![format!("{text} {}", self.say("what-about"))])
            }
            (None, None) => self.notice(NoticeKind::Command, vec![self.say("stale")]),
        }
    }

    fn none_of_these(&mut self) -> Reply {
        let mut reply = self.abstain(Abstention::NothingNear);
        let sorry = self.say("none-fits");
        reply.blocks[0] = Block::Text(format!("{sorry} {}", self.say("abstain-rephrase")));
        reply
    }

    /// A button: from any message of ours, however old.
    fn pressed(&mut self, action: &Action) -> Reply {
        match action {
            Action::Show { service, place, facet } => {
                if let Some(key) = place {
                    if self.bot.places.place(*key).is_none() {
                        return self.notice(NoticeKind::Command, vec![self.say("stale")]);
                    }
                    self.next.place = Some(*key);
                }
                let facets: Vec<Facet> = facet.iter().copied().collect();
                self.show_chosen(service, self.known_place(), &facets)
            }
            Action::Place(key) => {
                if self.bot.places.place(*key).is_none() {
                    return self.notice(NoticeKind::Command, vec![self.say("stale")]);
                }
                self.next.place = Some(*key);
                let service = self.next.service.clone();
                self.place_chosen(service.as_ref(), &[])
            }
            Action::NoneOfThese => self.none_of_these(),
            Action::Help => self.help(),
        }
    }

    // --- Talk and commands --------------------------------------------------------------------

    fn notice(&mut self, kind: NoticeKind, texts: Vec<String>) -> Reply {
        notice_reply(Some(kind), texts.into_iter().map(Block::Text).collect())
    }

    fn talk(&mut self, kind: TalkKind) -> Reply {
        match kind {
            TalkKind::Greeting => self.greeting(NoticeKind::Greeting),
            TalkKind::Help => self.help(),
            TalkKind::Meta => {
                let services = self.bot.catalog.services().len().to_string();
                let meta = self.say_with("meta", &[("services", &services)]);
                let mut texts = vec![format!("{meta} {}", self.say("meta-no-model"))];
                if !self.bot.settings.operator.is_empty() {
                    let operator = self.bot.settings.operator.clone();
                    texts.push(self.say_with("greeting-operator", &[("operator", &operator)]));
                }
                self.notice(NoticeKind::Meta, texts)
            }
            TalkKind::Human => self.human(),
            TalkKind::Thanks => self.notice(NoticeKind::Thanks, vec![self.say("thanks")]),
            TalkKind::Goodbye => self.notice(NoticeKind::Goodbye, vec![self.say("goodbye")]),
            TalkKind::Abuse => self.notice(NoticeKind::Abuse, vec![self.say("abuse")]),
            TalkKind::Injection => self.notice(NoticeKind::Injection, vec![self.say("injection")]),
            TalkKind::Fire
            | TalkKind::Police
            | TalkKind::Doctor
            | TalkKind::Poison
            | TalkKind::Suicide
            | TalkKind::Violence
            | TalkKind::Child => self.notice(kind.notice(), vec![self.say("urgent-fire")]),
        }
    }

    fn greeting(&mut self, kind: NoticeKind) -> Reply {
        let operator = self.bot.settings.operator.clone();
        let mut first = self.say("greeting");
        if !operator.is_empty() {
            first.push(' ');
            first.push_str(&self.say_with("greeting-operator", &[("operator", &operator)]));
        }
        let mut reply =
            self.notice(kind, vec![first, self.say("greeting-ask"), self.say("greeting-privacy")]);
        let (url, label) = (self.bot.settings.privacy_url.clone(), self.say("privacy-link"));
        if !url.is_empty() {
            reply.blocks.push(Block::Links(vec![Link { label, url }]));
        }
        reply
    }

    fn help(&mut self) -> Reply {
        let examples = ["help-example-1", "help-example-2", "help-example-3"];
        let examples = examples.iter().map(|key| format!("„{}“", self.say(key))).collect();
        let blocks = vec![
            Block::Text(self.say("help")),
            Block::Facts { label: self.say("help-examples"), items: examples },
            Block::Text(self.say("help-facets")),
            Block::Text(self.phone_line("abstain-phone", "abstain-phone-contact")),
        ];
        notice_reply(Some(NoticeKind::Help), blocks)
    }

    fn human(&mut self) -> Reply {
        let mut texts = vec![self.phone_line("human", "human-contact")];
        let bot = self.bot;
        if let Some(service) = self.next.service.as_ref().and_then(|id| bot.catalog.service(id)) {
            let place = self.known_place();
            let authority = bot.authority(service, place.as_ref(), None);
            let values = [("service", service.plain()), ("authority", authority.as_str())];
            texts.push(self.say_with("human-office", &values));
        }
        self.notice(NoticeKind::Human, texts)
    }

    fn command(&mut self, parsed: &Parsed<'_>) -> Reply {
        match parsed {
            Parsed::Known(Command::Start, _) => {
                self.next = Conversation::default();
                self.greeting(NoticeKind::Command)
            }
            Parsed::Known(Command::Help, _) => self.help(),
            Parsed::Known(Command::Place, argument) => self.place_command(argument),
            Parsed::Known(Command::Privacy, _) => {
                let minutes = self.bot.settings.remembered_minutes.to_string();
                let text = self.say_with("privacy", &[("minutes", &minutes)]);
                let url = self.bot.settings.privacy_url.clone();
                self.linked(text, "privacy-link", url)
            }
            Parsed::Known(Command::Imprint, _) => {
                let operator = self.bot.settings.operator.clone();
                let url = self.bot.settings.imprint_url.clone();
                if operator.is_empty() && url.is_empty() {
                    return self.notice(NoticeKind::Command, vec![self.say("imprint-missing")]);
                }
                let text = self.say_with("imprint", &[("operator", &operator)]);
                self.linked(text, "imprint-link", url)
            }
            Parsed::Known(Command::Contact, _) => self.human(),
            Parsed::Known(Command::Forget, _) => {
                self.next = Conversation::default();
                self.notice(NoticeKind::Command, vec![self.say("forgotten")])
            }
            Parsed::Unknown(typed, near) => {
                let hint = near
                    .map(|near| self.say_with("command-hint", &[("command", &format!("/{near}"))]));
                let typed = format!("/{typed}");
                let values =
                    [("command", typed.as_str()), ("hint", hint.as_deref().unwrap_or_default())];
                let text = self.say_with("command-unknown", &values);
                let mut reply = self.help();
                reply.blocks.insert(0, Block::Text(text));
                reply.outcome.notice = Some(NoticeKind::Command);
                reply
            }
        }
    }

    fn linked(&mut self, text: String, label: &str, url: String) -> Reply {
        let mut reply = self.notice(NoticeKind::Command, vec![text]);
        if !url.is_empty() {
            let label = self.say(label);
            reply.blocks.push(Block::Links(vec![Link { label, url }]));
        }
        reply
    }

    fn place_command(&mut self, argument: &str) -> Reply {
        if argument.is_empty() {
            return self.notice(NoticeKind::Command, vec![self.say("ort-missing")]);
        }
        let heeded = self.bot.heed(argument);
        let resolved = self.bot.places.resolve(argument).ok().cloned();
        let place = resolved.or_else(|| match &heeded.spotted {
            Some(Spotted { mention: Mention::One(place), .. }) => Some(place.clone()),
            _ => None,
        });
        if let Some(place) = place {
            self.next.place = Some(place.key);
            self.next.pending = None;
            let label = self.bot.places.label(&place);
            let text = self.say_with("place-set", &[("place", &label)]);
            return self
                .notice(NoticeKind::Command, vec![format!("{text} {}", self.say("what-about"))]);
        }
        if heeded.spotted.is_some() {
            return self.without_service(&heeded, None);
        }
        let typed: String = argument.chars().take(60).collect();
        let text = self.say_with("ort-unknown", &[("typed", &typed)]);
        self.notice(NoticeKind::Command, vec![text])
    }
}

fn understood(heeded: &Heeded) -> Option<RegionKey> {
    match &heeded.spotted {
        Some(Spotted { mention: Mention::One(place), .. }) => Some(place.key),
        _ => None,
    }
}

/// The abolished name that was used, if it was.
fn formerly_named<'a>(service: &'a Service, query: &Query) -> Option<&'a Formerly> {
    let said: Vec<&str> = query.tokens.iter().map(|token| token.folded.as_str()).collect();
    let said = format!(" {} ", said.join(" "));
    service.says.values().flat_map(|says| &says.formerly).find(|old| {
        let name: Vec<String> = tokens(&old.name).into_iter().map(|token| token.folded).collect();
        said.contains(&format!(" {} ", name.join(" ")))
    })
}

/// What a message picks of the choices offered.
enum Pick {
    /// It is no pick.
    Nothing,
    /// None of them.
    None,
    /// A number that was not offered.
    OutOfRange,
    /// This one, counted from 0.
    Choice(usize),
}

/// Reads "2", "nummer 2", "das zweite", "letzte", "nichts davon".
fn pick(tokens: &[Token], count: usize) -> Pick {
    const FILLER: [&str; 19] = [
        "nummer", "nr", "no", "das", "die", "der", "den", "dem", "bitte", "ich", "meine", "nehme",
        "moechte", "option", "antwort", "punkt", "ist", "wahl", "also",
    ];
    const NONE: [&str; 9] =
        ["nichts", "keins", "keines", "keine", "keiner", "davon", "nix", "nein", "nicht"];
    let words: Vec<&str> = tokens
        .iter()
        .map(|token| token.folded.as_str())
        .filter(|word| !FILLER.contains(word))
        .collect();
    if words.is_empty() || words.len() > 3 {
        return Pick::Nothing;
    }
    if words
        .iter()
        .all(|word| NONE.contains(word) || matches!(*word, "von" | "denen" | "passt" | "dabei"))
    {
        return Pick::None;
    }
    let [word] = words[..] else { return Pick::Nothing };
    let ordinals: [&[&str]; 6] = [
        &["1", "eins", "erste", "ersten", "erstes", "erster", "a"],
        &["2", "zwei", "zweite", "zweiten", "zweites", "zweiter", "b"],
        &["3", "drei", "dritte", "dritten", "drittes", "dritter", "c"],
        &["4", "vier", "vierte", "vierten", "viertes", "vierter", "d"],
        &["5", "fuenf", "fuenfte", "fuenften", "fuenftes", "fuenfter", "e"],
        &["6", "sechs", "sechste", "sechsten", "sechstes", "sechster", "f"],
    ];
    if let Some(at) = ordinals.iter().position(|names| names.contains(&word)) {
        return if at < count { Pick::Choice(at) } else { Pick::OutOfRange };
    }
    if matches!(word, "letzte" | "letzten" | "letztes" | "letzter") {
        return Pick::Choice(count - 1);
    }
    // Longer numbers are postcodes, years or amounts.
    if word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit()) {
        return Pick::OutOfRange;
    }
    Pick::Nothing
}

/// How a ranking came about.
fn explain(bot: &Bot, text: &str) -> String {
    use std::fmt::Write;
    let heeded = bot.heed(text);
    let query = &heeded.query;
    let ranking = bot.matcher.rank(query);
    let mut out = String::new();
    let words: Vec<String> = query
        .tokens
        .iter()
        .zip(&query.roles)
        .map(|(token, role)| match role {
            Role::Content if crate::matching::stopwords::is_stop(&token.folded) => {
                format!("({})", token.typed)
            }
            Role::Content => token.typed.clone(),
            Role::Facet => format!("{}=Merkmal", token.typed),
            Role::Masked => format!("{}=Ort/Zahl", token.typed),
        })
        .collect();
    let _ = writeln!(out, "Gelesen:     {}", words.join(" "));
    for correction in &query.corrections {
        let _ = writeln!(
            out,
            "Berichtigt:  {} ~ {} ({} Buchstabe(n))",
            correction.typed, correction.read, correction.distance
        );
    }
    if let Some(spotted) = &heeded.spotted {
        let place = match &spotted.mention {
            Mention::One(place) => format!("{} [{}]", bot.places.label(place), place.key),
            Mention::Several(places) => format!("{} Orte dieses Namens", places.len()),
            Mention::UnknownPostcode(code) => format!("unbekannte Postleitzahl {code:05}"),
        };
        let _ = writeln!(out, "Ort:         {place}");
    }
    if !query.facets.is_empty() {
        let facets: Vec<&str> = query.facets.iter().map(|facet| facet.name()).collect();
        let _ = writeln!(out, "Merkmale:    {}", facets.join(", "));
    }
    for (at, found) in ranking.matches.iter().take(5).enumerate() {
        let service = &bot.catalog.services()[usize::from(found.class)];
        let (nearest, likeness) = bot.matcher.nearest_expression(query, found);
        let _ = writeln!(
            out,
            "{}. {:<38} Anteil {:>3.0} %, am nächsten: »{nearest}« ({likeness:.2})",
            at + 1,
            service.id.as_str(),
            found.share * 100.0,
        );
        if at < 2 {
            let evidence: Vec<String> =
                crate::matching::ranking::evidence(&bot.matcher, query, found)
                    .into_iter()
                    .map(|(word, share)| format!("{word} {:.0} %", share * 100.0))
                    .collect();
            let _ = writeln!(out, "   dafür spricht: {}", evidence.join(", "));
        }
    }
    if let Some(elsewhere) = &ranking.elsewhere {
        let (nearest, likeness) = bot.matcher.nearest_expression(query, elsewhere);
        let _ = writeln!(
            out,
            "-  {:<38} Anteil {:>3.0} %, am nächsten: »{nearest}« ({likeness:.2})",
            "keine Leistung der Verwaltung",
            elsewhere.share * 100.0,
        );
    }
    let signals = crate::matching::ranking::signals(&ranking, query);
    let named: Vec<String> = crate::matching::ranking::SIGNALS
        .iter()
        .zip(signals)
        .map(|(name, value)| format!("{name} {value:.2}"))
        .collect();
    let _ = writeln!(out, "Zuversicht:  {:.2} ({})", ranking.confidence, named.join(", "));
    let decision = match decide(&ranking, &query.facets) {
        Decision::Answer => format!("antworten (ab {:.2})", decision::ANSWER),
        Decision::Clarify(count) => format!("nachfragen, {count} Möglichkeiten"),
        Decision::Abstain(Abstention::NothingNear) => "nicht gewusst".to_owned(),
        Decision::Abstain(Abstention::Elsewhere) => "keine Leistung der Verwaltung".to_owned(),
    };
    let _ = writeln!(out, "Entscheidung: {decision}");
    out
}
