//! Every sentence the bot says comes from `wording/*.ftl` ([Fluent](https://projectfluent.org)).

use std::fmt;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use crate::{
    catalog::{Authority, hours::OpeningHours},
    language::Language,
};

const GERMAN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wording/de.ftl"));
const INFORMAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wording/de-du.ftl"));
const ENGLISH: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wording/en.ftl"));

/// The files: name, language and text. A later file of a language replaces sentences of the first.
pub const FILES: [(&str, Language, &str); 3] = [
    ("wording/de.ftl", Language::German, GERMAN),
    ("wording/de-du.ftl", Language::German, INFORMAL),
    ("wording/en.ftl", Language::English, ENGLISH),
];

/// The sentences of all languages, for citizens addressed with "Sie" and with "du".
#[derive(Debug)]
pub struct Wordings {
    formal: Wording,
    informal: Wording,
    english: Wording,
}

impl Default for Wordings {
    fn default() -> Self {
        Self {
            formal: Wording::german(),
            informal: Wording::informal_german(),
            english: Wording::english(),
        }
    }
}

impl Wordings {
    /// The sentences of one language; German with "Sie" if `formal`, else with "du".
    pub fn of(&self, language: Language, formal: bool) -> &Wording {
        match language {
            Language::German if formal => &self.formal,
            Language::German => &self.informal,
            Language::English => &self.english,
        }
    }
}

/// The sentences of one language.
pub struct Wording {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wording({:?})", self.language)
    }
}

impl Wording {
    /// German, polite ("Sie").
    ///
    /// # Panics
    /// If the file inside the program is no valid Fluent; a test reads it.
    pub fn german() -> Self {
        Self::new(Language::German, &[GERMAN])
    }

    /// German, familiar ("du").
    ///
    /// # Panics
    /// Like [`Wording::german`].
    pub fn informal_german() -> Self {
        Self::new(Language::German, &[GERMAN, INFORMAL])
    }

    /// English.
    ///
    /// # Panics
    /// Like [`Wording::german`].
    pub fn english() -> Self {
        Self::new(Language::English, &[ENGLISH])
    }

    fn new(language: Language, files: &[&str]) -> Self {
        let id = language.code().parse::<LanguageIdentifier>().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // The marks would show in terminals and chats as boxes.
        bundle.set_use_isolating(false);
        for file in files {
            let resource = FluentResource::try_new((*file).to_owned())
                .unwrap_or_else(|(_, errors)| panic!("wording: {errors:?}"));
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// The language of these sentences.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A day: "03.05.2026", "3 May 2026".
    pub fn day(&self, date: time::Date) -> String {
        let (day, month, year) = (date.day(), date.month(), date.year());
        match self.language {
            Language::German => format!("{day:02}.{:02}.{year}", u8::from(month)),
            Language::English => format!("{day} {month} {year}"),
        }
    }

    /// A moment to the minute: "24.11.2026, 18 Uhr", "24 November 2026, 18:00".
    pub fn moment(&self, at: time::OffsetDateTime) -> String {
        let minutes = u16::from(at.hour()) * 60 + u16::from(at.minute());
        let time = self.say_with("clock", &[("time", &self.clock(minutes))]);
        format!("{}, {time}", self.day(at.date()))
    }

    /// A time of day from minutes after midnight: "8", "8:30"; in English "8:00".
    fn clock(&self, minutes: u16) -> String {
        match (self.language, minutes % 60) {
            (Language::German, 0) => (minutes / 60).to_string(),
            (_, rest) => format!("{}:{rest:02}", minutes / 60),
        }
    }

    /// Opening hours, a line for each group of days: "Mo–Mi, Fr: 8–12 und 13–16 Uhr".
    pub fn opening(&self, hours: &OpeningHours) -> Vec<String> {
        let names = self.say("weekdays");
        let names: Vec<&str> = names.split(' ').collect();
        let name = |day: u8| names.get(usize::from(day).wrapping_sub(1)).copied().unwrap_or("?");
        let mut lines: Vec<String> = hours
            .groups()
            .into_iter()
            .map(|(days, spans)| {
                let times: Vec<String> = spans
                    .iter()
                    .map(|(from, to)| format!("{}–{}", self.clock(*from), self.clock(*to)))
                    .collect();
                let times = times.join(&self.say("and-times"));
                let days = runs(&days)
                    .into_iter()
                    .map(|(first, last)| match last - first {
                        0 => name(first).to_owned(),
                        1 => format!("{}, {}", name(first), name(last)),
                        _ => format!("{}–{}", name(first), name(last)),
                    })
                    .collect::<Vec<_>>()
                    .join(", ");
                let clock = self.say_with("clock", &[("time", &times)]);
                format!("{days}: {clock}")
            })
            .collect();
        lines.extend(hours.note.clone());
        lines
    }

    /// How to reach an office: telephone, e-mail, page.
    pub fn reach(&self, office: &Authority) -> Vec<String> {
        let phone =
            office.phone.as_ref().map(|phone| self.say_with("office-phone", &[("phone", phone)]));
        let email =
            office.email.as_ref().map(|email| self.say_with("office-email", &[("email", email)]));
        phone.into_iter().chain(email).collect()
    }

    /// An amount in euros: "46" or "27,60", in English "27.60".
    pub fn amount(&self, euro: f64) -> String {
        let cents = (euro * 100.0).round() as i64;
        let point = match self.language {
            Language::German => ',',
            Language::English => '.',
        };
        match cents % 100 {
            0 => format!("{}", cents / 100),
            rest => format!("{}{point}{rest:02}", cents / 100),
        }
    }

    /// A sentence without values.
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A sentence with values. An unknown key is said as it is: a test finds it before a citizen.
    pub fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            debug_assert!(false, "the wording in {:?} has no »{key}«", self.language);
            return key.to_owned();
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, FluentValue::from(*value));
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "wording in {:?}, {key}: {errors:?}", self.language);
        text.into_owned()
    }
}

/// Neighbouring days together: first and last of each run.
fn runs(days: &[u8]) -> Vec<(u8, u8)> {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for &day in days {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            _ => runs.push((day, day)),
        }
    }
    runs
}

/// The keys of a file and their sentences, in order, for the tests that compare files with each
/// other and with the code.
pub fn entries(file: &str) -> impl Iterator<Item = (&str, &str)> {
    file.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(" = "))
}
