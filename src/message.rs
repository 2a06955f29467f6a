//! What comes in: one [`Message`], the same from every channel.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, UtcOffset};

use crate::{
    ids::{EventId, RegionKey, ServiceId},
    language::Language,
};

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
    /// The language the citizen's program is set to, if the channel knows: used for what holds no
    /// words, such as a button in a new conversation.
    pub language: Option<Language>,
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
        Self { input, at: OffsetDateTime::now_utc(), place: None, public: false, language: None }
    }

    /// The day on which it was received, in Germany.
    pub fn day(&self) -> Date {
        by_german_clocks(self.at).date()
    }

    /// The same message, said in public.
    #[must_use]
    pub fn in_public(mut self) -> Self {
        self.public = true;
        self
    }
}

/// A moment by German clocks: central European time, in summer (from the last Sunday of March to
/// that of October, changing at 1 o'clock UTC; directive 2000/84/EC) an hour more.
pub fn by_german_clocks(at: OffsetDateTime) -> OffsetDateTime {
    let utc = at.to_offset(UtcOffset::UTC);
    let change = |month: time::Month| {
        let last = Date::from_calendar_date(utc.year(), month, 31).ok()?;
        let back = i64::from(last.weekday().number_days_from_sunday());
        let sunday = last.checked_sub(time::Duration::days(back))?;
        Some(sunday.with_hms(1, 0, 0).ok()?.assume_utc())
    };
    let summer = change(time::Month::March).is_some_and(|from| utc >= from)
        && change(time::Month::October).is_some_and(|until| utc < until);
    let hours = if summer { 2 } else { 1 };
    utc.checked_to_offset(UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC)).unwrap_or(utc)
}

/// The moment at which German clocks show a time; in the hour that an autumn night has twice, the
/// first one.
pub fn german_moment(local: time::PrimitiveDateTime) -> OffsetDateTime {
    let in_summer =
        UtcOffset::from_hms(2, 0, 0).map_or(local.assume_utc(), |o| local.assume_offset(o));
    let in_winter =
        UtcOffset::from_hms(1, 0, 0).map_or(local.assume_utc(), |o| local.assume_offset(o));
    let shows = |at: OffsetDateTime| {
        let shown = by_german_clocks(at);
        time::PrimitiveDateTime::new(shown.date(), shown.time()) == local
    };
    if shows(in_summer) { in_summer } else { in_winter }
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
    /// Show it whole, however long that is.
    More {
        /// Which service.
        service: ServiceId,
        /// Where; `None` keeps the conversation's place.
        place: Option<RegionKey>,
        /// All of this facet; of everything, if there is none.
        facet: Option<Facet>,
    },
    /// Show a checklist.
    Event {
        /// Which life event.
        event: EventId,
        /// When it is or was.
        date: Option<Date>,
        /// In which form.
        form: EventForm,
    },
    /// Which life events there are.
    Events,
    /// From now on, talk about this place.
    Place(RegionKey),
    /// From now on, speak this language.
    Speak(Language),
    /// What a citizen thinks of an answer.
    Rate {
        /// The service that was answered.
        service: ServiceId,
        /// What they think.
        verdict: Verdict,
    },
    /// "Nichts davon": none of the offered choices.
    NoneOfThese,
    /// Show the help.
    Help,
}

/// How a checklist is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventForm {
    /// Its first steps.
    Short,
    /// All steps.
    Whole,
    /// All steps with why, as a text to print.
    Print,
    /// As a file for a calendar.
    Calendar,
}

/// What a citizen thinks of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is what was meant.
    Fits,
    /// Another service was meant.
    WrongService,
    /// The service is right, what is said of it is not.
    WrongFacts,
}

impl Verdict {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Fits, Self::WrongService, Self::WrongFacts];

    /// Its name in results, logs and wording keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::WrongService => "wrong-service",
            Self::WrongFacts => "wrong-facts",
        }
    }
}

/// Letters that stand for the values of a field in button data.
trait Lettered: Sized + Copy + PartialEq + 'static {
    const LETTERS: &'static [(Self, &'static str)];

    fn letter(self) -> &'static str {
        Self::LETTERS.iter().find(|(value, _)| *value == self).map_or("", |(_, letter)| *letter)
    }

    fn from_letter(letter: &str) -> Option<Self> {
        Self::LETTERS.iter().find(|(_, known)| *known == letter).map(|(value, _)| *value)
    }
}

impl Lettered for Facet {
    const LETTERS: &'static [(Self, &'static str)] = &[
        (Self::Online, "o"),
        (Self::Cost, "c"),
        (Self::Documents, "d"),
        (Self::Where, "w"),
        (Self::Hours, "h"),
        (Self::Deadline, "l"),
        (Self::Duration, "t"),
        (Self::Form, "f"),
        (Self::Appointment, "a"),
    ];
}

impl Lettered for EventForm {
    const LETTERS: &'static [(Self, &'static str)] =
        &[(Self::Short, "s"), (Self::Whole, "w"), (Self::Print, "p"), (Self::Calendar, "c")];
}

impl Lettered for Verdict {
    const LETTERS: &'static [(Self, &'static str)] =
        &[(Self::Fits, "y"), (Self::WrongService, "s"), (Self::WrongFacts, "f")];
}

/// A field that may be empty; `None` if it is neither empty nor well formed.
fn optional<T>(field: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if field.is_empty() { Some(None) } else { parse(field).map(Some) }
}

fn shown<T: ToString>(field: Option<T>) -> String {
    field.map(|field| field.to_string()).unwrap_or_default()
}

/// Days in button data are written `20260503`.
fn encode_date(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}

fn parse_date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let month = time::Month::try_from(text[4..6].parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(text[..4].parse().ok()?, month, text[6..].parse().ok()?).ok()
}

impl Action {
    /// The longest encoding, in bytes (Telegram's limit for callback data).
    pub const MAX_LEN: usize = 64;
    const VERSION: &str = "1";

    /// As button data: version, kind and fields, separated by `|`.
    pub fn encode(&self) -> String {
        let version = Self::VERSION;
        let of_service = |kind, service: &ServiceId, place: &Option<RegionKey>, facet| {
            let facet = Option::map_or(facet, "", Facet::letter);
            format!("{version}|{kind}|{service}|{}|{facet}", shown(*place))
        };
        match self {
            Self::Show { service, place, facet } => of_service("s", service, place, *facet),
            Self::More { service, place, facet } => of_service("m", service, place, *facet),
            Self::Event { event, date, form } => {
                format!("{version}|e|{event}|{}|{}", shown(date.map(encode_date)), form.letter())
            }
            Self::Events => format!("{version}|v"),
            Self::Place(place) => format!("{version}|p|{place}"),
            Self::Speak(language) => format!("{version}|l|{}", language.code()),
            Self::Rate { service, verdict } => {
                format!("{version}|r|{service}|{}", verdict.letter())
            }
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
        let [Self::VERSION, kind, fields @ ..] = &fields[..] else { return None };
        let action = match (*kind, fields) {
            ("s" | "m", [service, place, facet]) => {
                let service = service.parse().ok()?;
                let place = optional(place, |key| key.parse().ok())?;
                let facet = optional(facet, Facet::from_letter)?;
                match *kind {
                    "s" => Self::Show { service, place, facet },
                    _ => Self::More { service, place, facet },
                }
            }
            ("e", [event, date, form]) => Self::Event {
                event: event.parse().ok()?,
                date: optional(date, parse_date)?,
                form: EventForm::from_letter(form)?,
            },
            ("v", []) => Self::Events,
            ("p", [place]) => Self::Place(place.parse().ok()?),
            ("l", [language]) => Self::Speak(Language::from_code(language)?),
            ("r", [service, verdict]) => {
                let verdict = Verdict::from_letter(verdict)?;
                Self::Rate { service: service.parse().ok()?, verdict }
            }
            ("n", []) => Self::NoneOfThese,
            ("h", []) => Self::Help,
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
        let service: ServiceId = "hund-anmelden".parse().unwrap();
        let event: EventId = "x".repeat(EventId::MAX_LEN).parse().unwrap();
        let date = Some(time::macros::date!(2026 - 05 - 03));
        for action in [
            Action::Place(place),
            Action::NoneOfThese,
            Action::Help,
            Action::Events,
            Action::Speak(Language::English),
            Action::Show { service: service.clone(), place: None, facet: None },
            Action::More { service: service.clone(), place: Some(place), facet: None },
            Action::Rate { service, verdict: Verdict::WrongFacts },
            Action::Event { event: event.clone(), date, form: EventForm::Calendar },
            Action::Event { event, date: None, form: EventForm::Short },
        ] {
            assert!(action.encode().len() <= Action::MAX_LEN, "{action:?}");
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
            "1|e|umzug|2026-5-3|s",
            "1|e|umzug|20260231|s",
            "1|e|umzug||",
            "1|l|xx",
            "1|r|hund|x",
        ] {
            assert_eq!(Action::parse(data), None, "{data}");
        }
        assert_eq!(Action::parse(&format!("1|s|{}||", "a".repeat(60))), None);
    }

    #[test]
    fn days_are_those_of_german_clocks() {
        use time::macros::{date, datetime};
        for (at, day) in [
            (datetime!(2026-01-01 22:59 UTC), date!(2026 - 01 - 01)),
            (datetime!(2026-01-01 23:00 UTC), date!(2026 - 01 - 02)),
            (datetime!(2026-07-01 21:59 UTC), date!(2026 - 07 - 01)),
            (datetime!(2026-07-01 22:00 UTC), date!(2026 - 07 - 02)),
            (datetime!(2026-03-28 22:30 UTC), date!(2026 - 03 - 28)),
            (datetime!(2026-03-29 22:30 UTC), date!(2026 - 03 - 30)),
            (datetime!(2026-10-25 22:30 UTC), date!(2026 - 10 - 25)),
        ] {
            let mut message = Message::text("");
            message.at = at;
            assert_eq!(message.day(), day, "{at}");
        }
    }

    #[test]
    fn a_citizens_words_never_show_in_debug_output() {
        let message = Message::text("mein geheimnis");
        assert!(!format!("{message:?}").contains("geheimnis"));
    }
}
