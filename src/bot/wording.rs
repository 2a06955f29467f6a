//! Every sentence the bot says comes from `wording/de.ftl` ([Fluent](https://projectfluent.org)).

use std::{fmt, path::Path};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

const GERMAN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wording/de.ftl"));

/// The sentences of one language.
pub struct Wording {
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wording")
    }
}

impl Wording {
    /// German, polite.
    ///
    /// # Panics
    /// If the file inside the program is no valid Fluent; a test reads it.
    pub fn german() -> Self {
        let resource = FluentResource::try_new(GERMAN.to_owned())
            .unwrap_or_else(|(_, errors)| panic!("wording/de.ftl: {errors:?}"));
        let mut bundle = FluentBundle::new_concurrent(vec![
            "de".parse::<LanguageIdentifier>().unwrap_or_default(),
        ]);
        // The marks would show in terminals and chats as boxes.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).expect("every key once");
        Self { bundle }
    }

    /// A sentence without values.
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A sentence with values. An unknown key is said as it is: a test finds it before a citizen.
    pub fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            debug_assert!(false, "wording/de.ftl has no »{key}«");
            return key.to_owned();
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, FluentValue::from(*value));
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "wording/de.ftl, {key}: {errors:?}");
        text.into_owned()
    }
}

/// The keys of the German file, for the test that compares them with the code.
pub fn german_keys() -> Vec<&'static str> {
    GERMAN
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
        .collect()
}

/// Where the file is, for messages to contributors.
pub fn german_path() -> &'static Path {
    Path::new("wording/de.ftl")
}
