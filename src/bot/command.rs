//! Commands (`/hilfe`): one table for all channels.

use crate::text::fold;

/// What can be commanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Greeting.
    Start,
    /// Help.
    Help,
    /// Set the place.
    Place,
    /// What is online at the place.
    Status,
    /// The life events.
    Events,
    /// What is stored of the conversation.
    Stored,
    /// The language.
    Language,
    /// Privacy.
    Privacy,
    /// Who runs this.
    Imprint,
    /// A person to talk to.
    Contact,
    /// Forget the conversation.
    Forget,
}

/// A command's names: the one shown, its wording key, and other spellings that are understood.
#[derive(Debug, Clone, Copy)]
pub struct CommandNames {
    /// What it is.
    pub command: Command,
    /// The name shown, without the slash.
    pub name: &'static str,
    /// The wording key of its description.
    pub description: &'static str,
    others: &'static [&'static str],
}

/// All commands, in the order shown.
pub const COMMANDS: [CommandNames; 11] = [
    names(Command::Start, "start", "command-start", &["anfang", "los", "neu", "reset", "neustart"]),
    names(Command::Help, "hilfe", "command-hilfe", &["help", "h", "menu", "menue", "hilfen"]),
    names(
        Command::Place,
        "ort",
        "command-ort",
        &["stadt", "gemeinde", "plz", "place", "city", "town", "wohnort", "postleitzahl"],
    ),
    names(Command::Status, "status", "command-status", &["online", "uebersicht", "overview"]),
    names(
        Command::Events,
        "lebenslagen",
        "command-lebenslagen",
        &["lebenslage", "checkliste", "checklisten", "events", "lifeevents", "checklist"],
    ),
    names(
        Command::Contact,
        "kontakt",
        "command-kontakt",
        &["contact", "mensch", "telefon", "mitarbeiter", "human", "anruf"],
    ),
    names(
        Command::Language,
        "sprache",
        "command-sprache",
        &["language", "lang", "english", "englisch", "deutsch", "german"],
    ),
    names(Command::Privacy, "datenschutz", "command-datenschutz", &["privacy", "dsgvo"]),
    names(
        Command::Stored,
        "auskunft",
        "command-auskunft",
        &["daten", "meinedaten", "data", "mydata", "gespeichert"],
    ),
    names(
        Command::Forget,
        "loeschen",
        "command-loeschen",
        &["vergessen", "delete", "forget", "loesche"],
    ),
    names(Command::Imprint, "impressum", "command-impressum", &["imprint", "betreiber"]),
];

const fn names(
    command: Command,
    name: &'static str,
    description: &'static str,
    others: &'static [&'static str],
) -> CommandNames {
    CommandNames { command, name, description, others }
}

/// A message that begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A known command and what follows it.
    Known(Command, &'a str),
    /// An unknown one, as typed, and the nearest known.
    Unknown(String, Option<&'static str>),
}

/// Reads a command; `None` if the message is none. The bot's own name after `@` is dropped:
/// whether a command is meant for this bot is the channel's question.
pub fn parse(text: &str) -> Option<Parsed<'_>> {
    let rest = text.trim_start().strip_prefix('/')?;
    let (word, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let word = word.split('@').next().unwrap_or_default();
    let folded = fold(word);
    if folded.is_empty() || !folded.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return None;
    }
    let known = COMMANDS.iter().find(|c| c.name == folded || c.others.contains(&folded.as_str()));
    Some(match known {
        // "/english" says by itself which language.
        Some(names) if names.command == Command::Language && argument.trim().is_empty() => {
            Parsed::Known(Command::Language, if folded == names.name { "" } else { word })
        }
        Some(names) => Parsed::Known(names.command, argument.trim()),
        None => Parsed::Unknown(folded.clone(), nearest(&folded)),
    })
}

fn nearest(word: &str) -> Option<&'static str> {
    let near = COMMANDS.iter().flat_map(|names| {
        let all = [names.name].into_iter().chain(names.others.iter().copied());
        all.map(|spelling| (strsim::damerau_levenshtein(word, spelling), names.name))
    });
    near.min().filter(|(distance, _)| *distance <= 2).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_every_spelling() {
        for (text, expected) in [
            ("/hilfe", Command::Help),
            ("/help", Command::Help),
            ("/HILFE@AmtslotseBot", Command::Help),
            ("/löschen", Command::Forget),
            ("/stadt Tübingen", Command::Place),
        ] {
            assert!(matches!(parse(text), Some(Parsed::Known(c, _)) if c == expected), "{text}");
        }
        assert_eq!(parse("/ort 72070"), Some(Parsed::Known(Command::Place, "72070")));
        assert_eq!(parse("/hilef"), Some(Parsed::Unknown("hilef".to_owned(), Some("hilfe"))));
        assert_eq!(parse("/xyzzy"), Some(Parsed::Unknown("xyzzy".to_owned(), None)));
        assert_eq!(parse("hilfe"), None);
        assert_eq!(parse("/ "), None);
    }
}
