//! What to say: one message and the conversation so far give one reply.
//!
//! [`Bot::respond`] is pure: the same message, conversation, catalog and offers give the same
//! reply. The order is fixed (`turn`): danger first, then commands, a pending question, small talk,
//! a follow-up on what was last spoken of, a life event, and last a new need.

mod card;
mod clarify;
pub mod command;
mod contact;
pub mod decision;
mod event;
mod explain;
mod feedback;
mod follow_up;
mod local;
mod needs;
mod notice;
mod overlay;
mod overview;
mod pick;
mod safety;
mod talk;
mod town;
mod turn;
pub mod wording;

use std::sync::Arc;

pub use self::{
    local::{Status, availability_at},
    town::{SIGNALS as TOWN_SIGNALS, TownMatch},
};
use self::{
    overlay::Own,
    talk::Talk,
    turn::Turn,
    wording::{Wording, Wordings},
};
use crate::{
    catalog::{Catalog, Offers, Overlay, Service},
    conversation::Conversation,
    ids::{RegionKey, ServiceId},
    language::Language,
    matching::{Matcher, Query, Ranking, Respaced, cores, features::Role, local::LocalIndex},
    message::{Input, Message},
    offers::outage::Outages,
    places::{Places, Spotted},
    reply::{Block, DecisionKind, NoticeKind, Outcome, Reply},
    text::{Token, fold, personal, tokens},
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
    /// When a person answers there.
    pub hours: String,
    /// The place that is meant if none is named.
    pub default_place: Option<RegionKey>,
    /// Longest message that is read whole, in characters.
    pub max_text: usize,
    /// How long a conversation is remembered, in minutes; said in the privacy notice.
    pub remembered_minutes: u64,
    /// Whether citizens are addressed with "Sie", or else with "du".
    pub formal: bool,
    /// The language of who has not said a word yet.
    pub language: Language,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            operator: String::new(),
            imprint_url: String::new(),
            privacy_url: String::new(),
            contact: String::new(),
            phone: "115".to_owned(),
            hours: String::new(),
            default_place: None,
            max_text: MAX_TEXT,
            remembered_minutes: 30,
            formal: true,
            language: Language::German,
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

/// One tenant's bot: a catalog and how to talk about it. Immutable and shared; bots made of another
/// one share with it all that they have in common.
#[derive(Clone)]
pub struct Bot {
    catalog: Arc<Catalog>,
    places: Arc<Places>,
    matcher: Arc<Matcher>,
    talk: Arc<Talk>,
    offers: Arc<dyn Offers>,
    towns: Arc<LocalIndex>,
    own: Arc<Own>,
    outages: Arc<Outages>,
    wordings: Arc<Wordings>,
    settings: Settings,
}

/// What a name is taken for.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenFor {
    /// The service.
    pub service: ServiceId,
    /// How sure that is, 0 to 1.
    pub sure: f32,
    /// Whether it is a name or synonym of it and, but for filler, nothing else.
    pub named: bool,
}

/// What a message says, as far as the bot reads it.
struct Heeded {
    query: Query,
    /// Its words before spaces were put right: what speaks of danger may be no word of the catalog.
    typed: Vec<Token>,
    spotted: Option<Spotted>,
    shortened: bool,
    /// Whether it held personal data, which were left out.
    personal: bool,
}

impl Bot {
    /// Puts a bot together; builds the index over the catalog.
    pub fn new(
        catalog: Arc<Catalog>,
        places: Arc<Places>,
        offers: Arc<dyn Offers>,
        settings: Settings,
    ) -> Self {
        let beside = || {
            personal::prepare();
            Talk::build(&catalog.lexicon)
        };
        let (talk, matcher) = cores::both(beside, || Matcher::build(&catalog));
        let (talk, matcher) = (Arc::new(talk), Arc::new(matcher));
        let towns = Arc::new(LocalIndex::build(offers.entries(), &catalog, &matcher));
        let wordings = Arc::default();
        let (own, outages) = (Arc::default(), Arc::default());
        Self { catalog, places, matcher, talk, offers, towns, own, outages, wordings, settings }
    }

    /// The same bot with other offers: the index over the catalog is kept.
    #[must_use]
    pub fn with_offers(&self, offers: Arc<dyn Offers>) -> Self {
        let towns = Arc::new(LocalIndex::build(offers.entries(), &self.catalog, &self.matcher));
        Self { offers, towns, ..self.clone() }
    }

    /// The same bot for another operator: everything but the settings is shared.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        Self { settings, ..self.clone() }
    }

    /// The same bot with an overlay over its catalog in place of the one it had. The overlay was
    /// loaded over this catalog.
    #[must_use]
    pub fn with_overlay(&self, overlay: Arc<Overlay>) -> Self {
        Self { own: Arc::new(Own::build(overlay, &self.matcher)), ..self.clone() }
    }

    /// The same bot with other notes about outages.
    #[must_use]
    pub fn with_outages(&self, outages: Arc<Outages>) -> Self {
        Self { outages, ..self.clone() }
    }

    /// The id that a service answers by: its own, or that of our service which an entry of a town's
    /// catalog is; `None` if nobody knows it.
    pub fn known_as(&self, id: &ServiceId) -> Option<ServiceId> {
        match self.towns.ours(id) {
            Some(ours) if !self.towns.is_part(id) => Some(ours.clone()),
            _ => self.service(id).map(|service| service.id.clone()),
        }
    }

    /// A service of the overlay or of the catalog, or one that only a town has.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        let own = self.own.service(id);
        own.or_else(|| self.catalog.service(id)).or_else(|| self.towns.service(id))
    }

    /// The services of the catalog as the overlay tells them, then those that only the overlay has.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        let below = self.catalog.services().iter();
        let below = below.map(|service| self.own.service(&service.id).unwrap_or(service));
        let own = self.own.services().iter();
        below.chain(own.filter(|service| self.catalog.service(&service.id).is_none()))
    }

    /// Its catalog, without the overlay.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Its places.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Its sentences in a language, for what only a channel says (a menu, a placeholder).
    pub fn wording(&self, language: Language) -> &Wording {
        self.wordings.of(language, self.settings.formal)
    }

    /// The language of who has not said a word yet.
    pub fn language(&self) -> Language {
        self.settings.language
    }

    /// The reply to a message, and the conversation after it.
    pub fn respond(&self, message: &Message, conversation: &Conversation) -> (Reply, Conversation) {
        let before = if conversation.version == Conversation::VERSION {
            conversation.clone()
        } else {
            Conversation::default()
        };
        let heeded = match &message.input {
            Input::Text(text) => Some(self.heed(text.expose())),
            Input::Pressed(_) | Input::Stale | Input::Media => None,
        };
        Turn::new(self, message, heeded.as_ref(), before).take()
    }

    /// What to say when answering went wrong inside.
    pub fn apology(&self, language: Language) -> Reply {
        let phone = [("phone", self.settings.phone.as_str())];
        self.aside(language, self.wording(language).say_with("apology", &phone))
    }

    /// What to say, once, to somebody who writes too fast.
    pub fn slow_down(&self, language: Language) -> Reply {
        self.aside(language, self.wording(language).say("slow-down"))
    }

    fn aside(&self, language: Language, text: String) -> Reply {
        let mut reply = notice_reply(None, vec![Block::Text(text)]);
        reply.language = language;
        reply
    }

    /// The services that a text may mean, whatever is made of them.
    pub fn rank(&self, text: &str) -> Ranking {
        self.matcher.rank(&self.heed(text).query)
    }

    /// The service of the catalog that an official name is taken for; `None` if a citizen who typed
    /// it would be asked back.
    pub fn take_for(&self, name: &str) -> Option<TakenFor> {
        let ranking = self.rank(name);
        let answers = decision::decide(&ranking, &[]) == decision::Decision::Answer;
        let service = self.ids(&ranking).into_iter().next().filter(|_| answers)?;
        Some(TakenFor { service, sure: ranking.confidence, named: ranking.named })
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
            let starts = |service: &Service| {
                fold(service.plain()).starts_with(&folded)
                    || service.says.get("de").is_some_and(|says| {
                        says.synonyms.iter().any(|synonym| fold(synonym).starts_with(&folded))
                    })
            };
            let starts_below = |id| self.catalog.service(id).is_some_and(starts);
            found.extend(self.services().filter(|s| starts(s) || starts_below(&s.id)));
            found.sort_by_key(|service| service.priority);
        }
        let heeded = self.heed(typed);
        let ranking = self.matcher.rank(&heeded.query);
        for id in self.own_choices(&heeded, &ranking).into_iter().chain(self.ids(&ranking)) {
            if let Some(service) = self.service(&id)
                && !found.iter().any(|f| f.id == id)
            {
                found.push(service);
            }
        }
        found.into_iter().take(at_most).map(|s| (s.id.clone(), s.plain().to_owned())).collect()
    }

    fn heed(&self, text: &str) -> Heeded {
        let (text, shortened) = shorten(text, self.settings.max_text);
        let (text, personal) = without_personal_data(text);
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
        let typed = tokens.clone();
        if let Some(respaced) = self.matcher.respace(&tokens, &roles) {
            Respaced { tokens, corrections } = respaced;
            roles = vec![Role::default(); tokens.len()];
            spotted = self.places.spot(&tokens, &mut roles);
        }
        let mut query = self.matcher.understand(tokens, roles);
        query.corrections.splice(0..0, corrections);
        Heeded { query, typed, spotted, shortened, personal }
    }

    /// The words of a text and how they are read, without place or date.
    fn query(&self, tokens: Vec<Token>) -> Query {
        self.matcher.understand(tokens, Vec::new())
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
    Reply::new(blocks, Outcome::new(DecisionKind::Notice, kind))
}

/// A text without the personal data in it, which say nothing about the matter; and whether there
/// were any.
fn without_personal_data(text: String) -> (String, bool) {
    let found = personal::find(&text);
    if found.is_empty() {
        return (text, false);
    }
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for (_, range) in &found {
        left.push_str(text.get(at..range.start.max(at)).unwrap_or_default());
        left.push(' ');
        at = range.end.max(at);
    }
    left.push_str(text.get(at..).unwrap_or_default());
    (left, true)
}
