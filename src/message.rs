//! What comes in: one [`Message`], the same from every channel.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ids::{RegionKey, ServiceId};

/// One message of a citizen, as a channel hands it to the bot.
#[derive(Debug, Clone)]
pub struct Message {
    /// What was typed or pressed.
    pub input: Input,
    /// When the channel received it: the only clock the core sees.
    pub at: OffsetDateTime,
    /// Where the citizen is, if the channel knows (a town's own channel, a command-line option).
    pub place: Option<RegionKey>,
    /// Whether others read along (a group, a guild channel): answers are then kept short.
    pub public: bool,
}

impl Message {
    /// A typed message in private, received now.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Input::Text(UserText::new(text)))
    }

    /// A pressed button in private, received now.
    pub fn pressed(action: Action) -> Self {
        Self::new(Input::Pressed(action))
    }

    /// Any input in private, received now.
    pub fn new(input: Input) -> Self {
        Self { input, at: OffsetDateTime::now_utc(), place: None, public: false }
    }

    /// The same message, said in public.
    #[must_use]
    pub fn in_public(mut self) -> Self {
        self.public = true;
        self
    }
}

/// What a citizen can do to a bot.
#[derive(Debug, Clone)]
pub enum Input {
    /// Typed text, commands (`/hilfe`) included.
    Text(UserText),
    /// A pressed button or a chosen menu entry.
    Pressed(Action),
    /// A button whose data could not be read: an old version, or forged.
    Stale,
    /// A voice message, photo, sticker or anything else that holds no text.
    Media,
}

/// A citizen's own words. `Debug` never shows them, so that they cannot slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct UserText(String);

impl UserText {
    /// Wraps the words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words themselves: for matching only, never for logs or storage.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<redacted, {} characters>", self.0.chars().count())
    }
}

/// What a citizen wants to know of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// Whether it can be done online.
    Online,
    /// The fee.
    Cost,
    /// The papers to bring, and what must be fulfilled.
    Documents,
    /// The office.
    Where,
    /// Opening hours.
    Hours,
    /// By when it must be done.
    Deadline,
    /// How long it takes.
    Duration,
    /// A form to fill in.
    Form,
    /// An appointment.
    Appointment,
}

impl Facet {
    /// All facets, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Online,
        Self::Documents,
        Self::Cost,
        Self::Where,
        Self::Deadline,
        Self::Duration,
        Self::Hours,
        Self::Appointment,
        Self::Form,
    ];

    /// Its name in results, files and wording keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Cost => "cost",
            Self::Documents => "documents",
            Self::Where => "where",
            Self::Hours => "hours",
            Self::Deadline => "deadline",
            Self::Duration => "duration",
            Self::Form => "form",
            Self::Appointment => "appointment",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Online => 'o',
            Self::Cost => 'c',
            Self::Documents => 'd',
            Self::Where => 'w',
            Self::Hours => 'h',
            Self::Deadline => 'l',
            Self::Duration => 't',
            Self::Form => 'f',
            Self::Appointment => 'a',
        }
    }
}

/// What a button does. It travels through the platform as [`Action::encode`]d text of at most
/// 64 bytes, may come back forged or years old, and so is strictly parsed and never privileged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Show a service, perhaps in a place, perhaps one facet of it.
    Show {
        /// Which service.
        service: ServiceId,
        /// Where; `None` keeps the conversation's place.
        place: Option<RegionKey>,
        /// Only this of it.
        facet: Option<Facet>,
    },
    /// From now on, talk about this place.
    Place(RegionKey),
    /// "Nichts davon": none of the offered choices.
    NoneOfThese,
    /// Show the help.
    Help,
}

impl Action {
    /// The longest encoding, in bytes (Telegram's limit for callback data).
    pub const MAX_LEN: usize = 64;
    const VERSION: &str = "1";

    /// As button data: version, kind and fields, separated by `|`.
    pub fn encode(&self) -> String {
        let version = Self::VERSION;
        match self {
            Self::Show { service, place, facet } => {
                let place = place.map(|key| key.to_string()).unwrap_or_default();
                let facet = facet.map(|f| f.letter().to_string()).unwrap_or_default();
                format!("{version}|s|{service}|{place}|{facet}")
            }
            Self::Place(place) => format!("{version}|p|{place}"),
            Self::NoneOfThese => format!("{version}|n"),
            Self::Help => format!("{version}|h"),
        }
    }

    /// Reads button data; `None` if it is not exactly what [`Action::encode`] writes.
    pub fn parse(data: &str) -> Option<Self> {
        if data.len() > Self::MAX_LEN {
            return None;
        }
        let fields: Vec<&str> = data.split('|').collect();
        let action = match fields[..] {
            [Self::VERSION, "s", service, place, facet] => Self::Show {
                service: service.parse().ok()?,
                place: if place.is_empty() { None } else { Some(place.parse().ok()?) },
                facet: match facet {
                    "" => None,
                    letter => {
                        Some(Facet::ALL.into_iter().find(|f| letter == f.letter().to_string())?)
                    }
                },
            },
            [Self::VERSION, "p", place] => Self::Place(place.parse().ok()?),
            [Self::VERSION, "n"] => Self::NoneOfThese,
            [Self::VERSION, "h"] => Self::Help,
            _ => return None,
        };
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_action_fits_a_telegram_button() {
        let action = Action::Show {
            service: "x".repeat(ServiceId::MAX_LEN).parse().unwrap(),
            place: Some("084160041041".parse().unwrap()),
            facet: Some(Facet::Documents),
        };
        let data = action.encode();
        assert!(data.len() <= Action::MAX_LEN, "{} bytes", data.len());
        assert_eq!(Action::parse(&data), Some(action));
    }

    #[test]
    fn every_action_survives_the_way_through_a_button() {
        let place = "110000000000".parse().unwrap();
        for action in [
            Action::Place(place),
            Action::NoneOfThese,
            Action::Help,
            Action::Show { service: "hund-anmelden".parse().unwrap(), place: None, facet: None },
        ] {
            assert_eq!(Action::parse(&action.encode()), Some(action));
        }
        for facet in Facet::ALL {
            let service = "hund-anmelden".parse().unwrap();
            let action = Action::Show { service, place: Some(place), facet: Some(facet) };
            assert_eq!(Action::parse(&action.encode()), Some(action));
        }
    }

    #[test]
    fn fault_32_forged_button_data_is_refused() {
        for data in [
            "",
            "1",
            "1|s",
            "0|n",
            "2|n",
            "1|n|",
            "1|s|HUND||",
            "1|p|12",
            "1|s|hund|||",
            "1|s|hund||z",
        ] {
            assert_eq!(Action::parse(data), None, "{data}");
        }
        assert_eq!(Action::parse(&format!("1|s|{}||", "a".repeat(60))), None);
    }

    #[test]
    fn a_citizens_words_never_show_in_debug_output() {
        let message = Message::text("mein geheimnis");
        assert!(!format!("{message:?}").contains("geheimnis"));
    }
}
