//! What to say: one message and the conversation so far give one reply.
//!
//! [`Bot::respond`] is pure: the same message, conversation, catalog and offers give the same
//! reply. The order is fixed: danger first, then commands, a pending question, small talk, a
//! follow-up on the last service, and last a new question.

mod answer;
mod clarify;
pub mod command;
pub mod decision;
mod explain;
mod notice;
mod pick;
mod talk;
pub mod wording;

use std::sync::Arc;

pub use self::answer::Status;
use self::{
    decision::{Abstention, Decision, decide},
    talk::{Heard, Talk},
    wording::Wording,
};
use crate::{
    catalog::{Catalog, Offers, Service, lexicon::TalkKind, service::Formerly},
    conversation::{Conversation, Pending},
    ids::{RegionKey, ServiceId},
    matching::{Matcher, Part, Query, Ranking, Respaced, features::Role},
    message::{Action, Facet, Input, Message},
    places::{Mention, Place, Places, Spotted},
    reply::{
        AvailabilityKind, Block, Choice, ChoiceKind, DecisionKind, NoticeKind, Outcome, Reply,
    },
    text::{fold, tokens},
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

    /// The services that a text may mean, whatever is made of them.
    pub fn rank(&self, text: &str) -> Ranking {
        self.matcher.rank(&self.heed(text).query)
    }

    /// How many expressions it compares with.
    pub fn expressions(&self) -> usize {
        self.matcher.expressions()
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
        let mut spotted = self.places.spot(&tokens, &mut roles);
        let mut corrections = Vec::new();
        if let Some(respaced) = self.matcher.respace(&tokens, &roles) {
            Respaced { tokens, corrections } = respaced;
            roles = vec![Role::default(); tokens.len()];
            spotted = self.places.spot(&tokens, &mut roles);
        }
        let mut query = self.matcher.understand(tokens, roles);
        query.corrections.splice(0..0, corrections);
        Heeded { query, spotted, shortened }
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
        let heeded = self.bot.heed(text);
        let danger = self.bot.talk.danger(&heeded.query.tokens);
        let mut reply = match (danger, command::parse(text)) {
            (Some(kind), _) => self.danger(kind, &heeded),
            (None, Some(parsed)) => return self.command(&parsed),
            (None, None) => self.calm(text, &heeded),
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
        match self.several_needs(&heeded.query, &ranking) {
            Some(needs) => self.answer_all(heeded, place.as_ref(), &needs),
            None => self.question(heeded, place, &ranking),
        }
    }

    /// The services of a message that names several, if each of its parts is clear by itself, no two
    /// mean the same, and the whole speaks for them too: for one of them most of all.
    fn several_needs(&self, query: &Query, whole: &Ranking) -> Option<Vec<(ServiceId, f32)>> {
        let bot = self.bot;
        let of_whole = bot.ids(whole);
        let best = whole.matches.first()?.score;
        let of_whole: Vec<ServiceId> = of_whole
            .into_iter()
            .zip(&whole.matches)
            .filter(|(_, found)| found.score > best - decision::PART_BEHIND)
            .map(|(id, _)| id)
            .collect();
        let needs_of = |parts: Vec<Part>| -> Option<Vec<(ServiceId, f32)>> {
            if parts.len() > MAX_NEEDS {
                return None;
            }
            let mut needs: Vec<(ServiceId, f32)> = Vec::new();
            for part in parts {
                let ranking = bot.matcher.rank(&bot.matcher.understand(part.tokens, part.roles));
                let id = bot.ids(&ranking).into_iter().next()?;
                let clear = ranking.confidence >= decision::ANSWER_PART
                    && decision::is_hinted(&ranking)
                    && of_whole.contains(&id);
                if !clear || needs.iter().any(|(other, _)| *other == id) {
                    return None;
                }
                needs.push((id, ranking.confidence));
            }
            needs.iter().any(|(id, _)| of_whole.first() == Some(id)).then_some(needs)
        };
        query.splits().into_iter().find_map(needs_of)
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
