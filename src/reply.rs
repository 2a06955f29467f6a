//! What goes out: one [`Reply`], a small tree of plain text that every channel renders its own way.

use serde::Serialize;

use crate::{
    ids::{RegionKey, ServiceId},
    language::Language,
    message::{Action, Facet, Verdict},
};

/// The answer to one message. All text in it is plain: channels escape it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What is said, in order.
    pub blocks: Vec<Block>,
    /// What can be pressed (or typed by number), in order.
    pub choices: Vec<Choice>,
    /// How the choices are meant.
    pub choice_kind: ChoiceKind,
    /// Files to go with it.
    pub files: Vec<File>,
    /// The language it is in.
    pub language: Language,
    /// What was understood and decided, for evaluation, logs and machines.
    pub outcome: Outcome,
}

impl Reply {
    /// A reply that says something and offers nothing to press.
    pub fn new(blocks: Vec<Block>, outcome: Outcome) -> Self {
        Self {
            blocks,
            choices: Vec::new(),
            choice_kind: ChoiceKind::default(),
            files: Vec::new(),
            language: Language::default(),
            outcome,
        }
    }
}

/// A file that goes with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name: lower-case letters, digits, hyphens and an extension.
    pub name: String,
    /// Its media type (`text/calendar`).
    pub media_type: &'static str,
    /// What it holds.
    pub text: String,
}

/// A part of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Something that must be seen first: an emergency number, an outage.
    Notice(String),
    /// The first line of an answer: whether it can be done online.
    Status {
        /// The answer in one word.
        availability: AvailabilityKind,
        /// The answer as a sentence.
        text: String,
    },
    /// The name of what follows.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A labelled list: papers, fees.
    Facts {
        /// What the list holds ("Unterlagen").
        label: String,
        /// The entries; one entry is shown on the label's line.
        items: Vec<String>,
    },
    /// What to do, in order.
    Steps {
        /// Heading of the list.
        label: String,
        /// The steps, each a sentence with how it is done.
        items: Vec<String>,
    },
    /// Where to read on or to apply.
    Links(Vec<Link>),
    /// Something to copy and send elsewhere, line by line.
    Copy(String),
    /// Something beside the matter, shown small.
    Aside(String),
    /// Where the facts come from and as of when; shown small.
    Source(String),
}

/// A link to an official page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is behind it.
    pub label: String,
    /// An `https` address.
    pub url: String,
}

/// Something to press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Shown to machines only: a service's id, a place's key, `facet:cost`, `event:umzug`, `more`,
    /// `feedback:fits`, `none` ...
    pub id: String,
    /// What the button says.
    pub label: String,
    /// What it does.
    pub action: Action,
}

/// How a reply's choices are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChoiceKind {
    /// We asked a question: one of these is expected as an answer, and they can be picked by number.
    Clarification,
    /// What else there is to know of what was just answered.
    #[default]
    More,
}

/// Whether something can be done online, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityKind {
    /// All of it.
    Online,
    /// At least one step of the matter itself, but not all.
    Partly,
    /// Nothing but perhaps an appointment.
    InPerson,
    /// Nobody has said.
    Unknown,
}

/// What was done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// At least one service was asserted.
    Answer,
    /// We asked back.
    Clarify,
    /// We said that we do not know.
    Abstain,
    /// A reply of its own: greeting, help, emergency ...
    Notice,
}

/// The kinds of reply that are no service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum NoticeKind {
    Greeting,
    Thanks,
    Goodbye,
    Help,
    Meta,
    Human,
    Emergency,
    Crisis,
    Abuse,
    Injection,
    PersonalData,
    TooLong,
    Empty,
    Command,
}

/// What a citizen can want done about what is stored of them. The bot knows what a conversation
/// holds; only whoever keeps it knows whether it is there, and gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataRequest {
    /// To be told.
    Access,
    /// To have it erased.
    Forget,
}

/// What was understood and decided: one line of `ask --json`, without the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// What was done.
    pub decision: DecisionKind,
    /// At most five services, best first: what was asserted, then the next best; the choices of a
    /// clarification in their order.
    pub services: Vec<ServiceId>,
    /// How many of the leading `services` were asserted.
    pub asserted: usize,
    /// Calibrated probability that the first service is meant, 0 to 1.
    pub confidence: f32,
    /// The place understood from the message.
    pub place: Option<RegionKey>,
    /// What was asked of the service.
    pub facets: Vec<Facet>,
    /// The kind of notice, if one was given.
    pub notice: Option<NoticeKind>,
    /// The life event whose checklist was given.
    pub life_event: Option<String>,
    /// What the citizen thinks of the answer before, to be counted; not part of the results.
    #[serde(skip)]
    pub verdict: Option<(ServiceId, Verdict)>,
    /// What the citizen wants done about what is stored of them; not part of the results.
    #[serde(skip)]
    pub request: Option<DataRequest>,
    /// Parallel to `services`: whether each can be done online at the place.
    pub availability: Vec<AvailabilityKind>,
    /// Parallel to `services`: the source-qualified id of the local offer used.
    pub offers: Vec<Option<String>>,
}

impl Outcome {
    /// An outcome without services.
    pub fn new(decision: DecisionKind, notice: Option<NoticeKind>) -> Self {
        Self {
            decision,
            services: Vec::new(),
            asserted: 0,
            confidence: 0.0,
            place: None,
            facets: Vec::new(),
            notice,
            life_event: None,
            verdict: None,
            request: None,
            availability: Vec::new(),
            offers: Vec::new(),
        }
    }
}
