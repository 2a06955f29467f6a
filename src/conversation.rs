//! What is remembered between two messages: ids only, never a citizen's words.

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{
    catalog::lexicon::TalkKind,
    ids::{EventId, RegionKey, ServiceId},
    language::Language,
    message::Facet,
};

/// The state of one conversation. Plain data with a version; whoever meets an unknown version
/// starts a new conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Layout of this struct, see [`Conversation::VERSION`].
    pub version: u8,
    /// The service last answered, for "und was kostet das?".
    pub service: Option<ServiceId>,
    /// What was asked of it, for "und in Köln?".
    pub facets: Vec<Facet>,
    /// What else the last need may have meant, for "das andere"; likeliest first.
    pub others: Vec<ServiceId>,
    /// The place the citizen named.
    pub place: Option<RegionKey>,
    /// The checklist last shown.
    pub event: Option<OpenEvent>,
    /// The question we asked back and still wait for.
    pub pending: Option<Pending>,
    /// How many questions in a row we asked back.
    pub asked: u8,
    /// The language we speak: what the citizen chose, or wrote in.
    pub language: Option<Language>,
    /// Whether they chose it, so that a word in another language does not change it.
    pub language_chosen: bool,
    /// The danger last spoken of: whoever then asks for a person gets its number again.
    pub danger: Option<TalkKind>,
    /// Whether we have said who we are.
    pub introduced: bool,
    /// The services whose answers the citizen has judged: each is counted once.
    pub rated: Vec<ServiceId>,
}

/// A checklist in the course of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenEvent {
    /// Which.
    pub id: EventId,
    /// When the event is or was, if the citizen said so.
    pub date: Option<Date>,
}

impl Conversation {
    /// The layout that this build writes and reads.
    pub const VERSION: u8 = 2;

    /// A conversation in which nobody needs to be told who we are.
    pub fn introduced() -> Self {
        Self { introduced: true, ..Self::default() }
    }

    /// Whether it holds nothing but that we have met.
    pub fn is_blank(&self) -> bool {
        *self == Self { introduced: self.introduced, ..Self::default() }
    }

    /// The same person begins anew: nothing is left but the language, and that we have met.
    pub fn begin_anew(&mut self) {
        let Self { language, language_chosen, introduced, .. } = *self;
        *self = Self { language, language_chosen, introduced, ..Self::default() };
    }

    /// Forgets what it was about, but not where.
    pub fn drop_need(&mut self) {
        let place = self.place;
        self.begin_anew();
        self.place = place;
    }
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            service: None,
            facets: Vec::new(),
            others: Vec::new(),
            place: None,
            event: None,
            pending: None,
            asked: 0,
            language: None,
            language_chosen: false,
            danger: None,
            introduced: false,
            rated: Vec::new(),
        }
    }
}

/// What we asked, so that "2", "das zweite" or "der gebrauchte" can be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// Which of these services?
    Service {
        /// The services offered, in the order shown.
        choices: Vec<ServiceId>,
        /// What the citizen wanted to know of it.
        facets: Vec<Facet>,
    },
    /// Which of these places?
    Place {
        /// The places offered, in the order shown.
        choices: Vec<RegionKey>,
        /// The service that was asked about.
        service: Option<ServiceId>,
        /// What the citizen wanted to know of it.
        facets: Vec<Facet>,
    },
    /// Which of these life events?
    Event {
        /// The life events offered, in the order shown.
        choices: Vec<EventId>,
    },
    /// Which step of the open checklist, or which of several needs? Nobody need answer.
    Step {
        /// The services, in the order shown.
        choices: Vec<ServiceId>,
    },
    /// Where, for the number of the poison centre?
    PoisonCentre,
}

impl Pending {
    /// How many things were offered, "nothing of these" not counted.
    pub fn offered(&self) -> usize {
        match self {
            Self::Service { choices, .. } | Self::Step { choices } => choices.len(),
            Self::Place { choices, .. } => choices.len(),
            Self::Event { choices } => choices.len(),
            Self::PoisonCentre => 0,
        }
    }

    /// Whether it is an open list with this service on it.
    pub fn lists(&self, service: &ServiceId) -> bool {
        matches!(self, Self::Step { choices } if choices.contains(service))
    }
}
