//! Words that many services share (`lexicon/*.toml`): colloquial, regional and foreign words for
//! one concept, what people say to a bot that is no question ([`Talk`]), and matters that sound
//! official but are not ours ([`Matter`]).

use serde::{Deserialize, Serialize};

use super::{
    CatalogFiles,
    load::{Finding, parse_toml},
};
use crate::reply::NoticeKind;

/// All of `lexicon/`.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// One idea, many words.
    pub concepts: Vec<Concept>,
    /// What is said that is no question.
    pub talk: Vec<Talk>,
    /// What is asked that no public service answers.
    pub matters: Vec<Matter>,
}

/// One idea and the words for it.
#[derive(Debug, Clone, Deserialize)]
pub struct Concept {
    /// A short name for explanations.
    pub id: String,
    /// Words and short expressions, of any language and register.
    pub words: Vec<String>,
}

/// One kind of small talk, command or emergency.
#[derive(Debug, Clone, Deserialize)]
pub struct Talk {
    /// What it is.
    pub kind: TalkKind,
    /// Expressions that, alone in a message but for filler, mean it.
    #[serde(default)]
    pub whole: Vec<String>,
    /// Expressions that mean it wherever they stand; `...` stands for up to five words between.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Expressions that show that something else is meant.
    #[serde(default)]
    pub except: Vec<String>,
}

/// What a piece of talk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TalkKind {
    /// "Moin".
    Greeting,
    /// "Danke".
    Thanks,
    /// "Tschüss".
    Goodbye,
    /// "Was kannst du?"
    Help,
    /// "Bist du ein Mensch?"
    Meta,
    /// "Ich will mit jemandem reden."
    Human,
    /// Insults and threats.
    Abuse,
    /// Attempts to change what the bot is.
    Injection,
    /// "Noch eine Frage".
    Ready,
    /// "Von vorn".
    Restart,
    /// "Vergiss es".
    Drop,
    /// "Mehr": all of what was answered.
    More,
    /// "Das andere".
    Other,
    /// "Noch einmal bitte".
    Repeat,
    /// "Warum?"
    Why,
    /// "Nein": not what was answered.
    No,
    /// "Beide": more than one of the choices.
    Both,
    /// "Weiß nicht": none of the choices is clear.
    Unsure,
    /// The open checklist as a calendar file.
    Calendar,
    /// The open checklist to print.
    Print,
    /// Back to the open checklist.
    List,
    /// Which life events there are.
    Events,
    /// What is online in the town.
    Overview,
    /// To speak German.
    German,
    /// To speak English.
    English,
    /// The answer fits.
    Fits,
    /// The answer is about another service.
    WrongService,
    /// What the answer says is not true.
    WrongFacts,
    /// Fire, accident, danger to life: 112.
    Fire,
    /// Crime, violence going on: 110.
    Police,
    /// Sick, but no danger to life: 116 117.
    Doctor,
    /// Poisoning: the poison centre of the Land.
    Poison,
    /// Thoughts of suicide: Telefonseelsorge.
    Suicide,
    /// Violence at home or by a partner: Hilfetelefon.
    Violence,
    /// A child in danger: 110, Jugendamt.
    Child,
}

impl TalkKind {
    /// The kind of notice it is answered with.
    pub fn notice(self) -> NoticeKind {
        match self {
            Self::Greeting => NoticeKind::Greeting,
            Self::Thanks => NoticeKind::Thanks,
            Self::Goodbye => NoticeKind::Goodbye,
            Self::Help => NoticeKind::Help,
            Self::Meta => NoticeKind::Meta,
            Self::Human => NoticeKind::Human,
            Self::Abuse => NoticeKind::Abuse,
            Self::Injection => NoticeKind::Injection,
            Self::Fire | Self::Police | Self::Doctor | Self::Poison => NoticeKind::Emergency,
            Self::Suicide | Self::Violence | Self::Child => NoticeKind::Crisis,
            Self::Ready
            | Self::Restart
            | Self::Drop
            | Self::More
            | Self::Other
            | Self::Repeat
            | Self::Why
            | Self::No
            | Self::Both
            | Self::Unsure
            | Self::Calendar
            | Self::Print
            | Self::List
            | Self::Events
            | Self::Overview
            | Self::German
            | Self::English
            | Self::Fits
            | Self::WrongService
            | Self::WrongFacts => NoticeKind::Command,
        }
    }

    /// The kinds of danger, in the order of the model's classes.
    pub const DANGERS: [Self; 7] = [
        Self::Fire,
        Self::Police,
        Self::Doctor,
        Self::Poison,
        Self::Suicide,
        Self::Violence,
        Self::Child,
    ];

    /// Whether it is a word of politeness.
    pub fn is_politeness(self) -> bool {
        matches!(self, Self::Greeting | Self::Thanks | Self::Goodbye)
    }

    /// Whether it is a short word about an answer, which with a question beside it is none.
    pub fn is_judgement(self) -> bool {
        matches!(
            self,
            Self::Fits
                | Self::WrongService
                | Self::WrongFacts
                | Self::No
                | Self::More
                | Self::Ready
                | Self::Drop
        )
    }

    /// Whether it comes before everything else.
    pub fn is_urgent(self) -> bool {
        matches!(self.notice(), NoticeKind::Emergency | NoticeKind::Crisis)
    }
}

/// Something that sounds like a public service, or like nothing at all, and is not ours.
#[derive(Debug, Clone, Deserialize)]
pub struct Matter {
    /// A short name for explanations.
    pub id: String,
    /// Whether it is no matter at all: keys hit at random, words without sense.
    #[serde(default)]
    pub nonsense: bool,
    /// What people say.
    pub phrases: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct LexiconFile {
    format: u32,
    #[serde(default)]
    concept: Vec<Concept>,
    #[serde(default)]
    talk: Vec<Talk>,
    #[serde(default)]
    matter: Vec<Matter>,
}

impl Lexicon {
    /// The expressions of a kind of talk.
    pub fn said_of(&self, kind: TalkKind) -> impl Iterator<Item = &str> {
        let of_kind = self.talk.iter().filter(move |talk| talk.kind == kind);
        of_kind.flat_map(|talk| talk.whole.iter().chain(&talk.contains)).map(String::as_str)
    }

    /// Reads all files of `lexicon/`.
    pub(super) fn load(files: &CatalogFiles, findings: &mut Vec<Finding>) -> Self {
        let mut lexicon = Self::default();
        for (path, bytes) in files.below("lexicon/", ".toml") {
            let shown = files.display(path);
            let Some((_, file)) = parse_toml::<LexiconFile>(&shown, bytes, findings) else {
                continue;
            };
            if file.format != 1 {
                let message = format!("format: {} ist unbekannt (erwartet: 1)", file.format);
                findings.push(Finding::error(&shown, message));
            }
            lexicon.concepts.extend(file.concept);
            lexicon.talk.extend(file.talk);
            lexicon.matters.extend(file.matter);
        }
        lexicon
    }
}
