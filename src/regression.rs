//! Conversations that must go on as they did: an operator's own regression list.
//!
//! A file holds conversations, each ended by an empty line:
//!
//! ```text
//! # what it is about
//! > hund anmelden in Köln
//! @ hund-anmelden
//! = Köln
//! ! Tübingen
//! > und was kostet das?
//! = Gebühr
//! ```
//!
//! `>` is what a citizen writes (`>` alone: an empty message). After it, any of: `=` text that the
//! reply must hold, `!` text it must not, `@` a service it must assert, `?` choices it must offer (ids
//! or labels, separated by commas). Capitals and line breaks do not matter. `#` is a comment;
//! `# today: 2026-05-01` sets the day of the following messages (`# heute:` too), `# place: Köln`
//! (`# ort:`) the place that the channel knows.

use std::{fmt, fs, io, path::Path};

use time::{Date, Month};

use crate::{
    bot::Bot, channel::terminal, conversation::Conversation, ids::ServiceId, message::Message,
    reply::Reply,
};

/// One conversation of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The file, as shown to the operator.
    pub file: String,
    /// What is said, in order.
    pub turns: Vec<ScriptTurn>,
}

/// A citizen's line, and what its reply must be like.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptTurn {
    /// What the citizen writes.
    pub said: String,
    /// When, if the file says so.
    today: Option<Date>,
    /// Where, if the file says so.
    place: Option<String>,
    expected: Vec<(usize, Expected)>,
}

/// What a reply must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Text(String),
    NotText(String),
    Service(ServiceId),
    Choices(Vec<String>),
}

/// A reply that is not as it must be, or a line that cannot be read; in German.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// File.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Reads all conversation files (`.txt`) of a directory, in order of their names.
///
/// # Errors
/// If the directory or a file cannot be read.
pub fn read_dir(dir: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            files.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads the conversations of a file.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(file: &str, text: &str) -> Result<Vec<Script>, Failure> {
    let mut scripts = Vec::new();
    let mut turns: Vec<ScriptTurn> = Vec::new();
    let (mut today, mut place) = (None, None);
    let mut end = |turns: &mut Vec<ScriptTurn>| {
        if !turns.is_empty() {
            scripts.push(Script { file: file.to_owned(), turns: std::mem::take(turns) });
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let failure = |message: String| Failure { file: file.to_owned(), line: at + 1, message };
        let Some(mark) = line.chars().next() else {
            end(&mut turns);
            (today, place) = (None, None);
            continue;
        };
        let rest = line[mark.len_utf8()..].trim();
        if mark == '#' {
            match rest.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
                Some(("today" | "heute", day)) => {
                    let wrong = || failure(format!("»{day}« ist kein Tag (Form: 2026-05-01)"));
                    today = Some(parse_day(day).ok_or_else(wrong)?);
                }
                Some(("place" | "ort", name)) => place = Some(name.to_owned()),
                _ => {}
            }
            continue;
        }
        if mark == '>' {
            let (said, place) = (rest.to_owned(), place.clone());
            turns.push(ScriptTurn { said, today, place, expected: Vec::new() });
            continue;
        }
        let expected = match mark {
            '=' => Expected::Text(rest.to_owned()),
            '!' => Expected::NotText(rest.to_owned()),
            '@' => Expected::Service(rest.parse().map_err(|error| failure(format!("{error}")))?),
            '?' => {
                Expected::Choices(rest.split(',').map(|choice| choice.trim().to_owned()).collect())
            }
            _ => return Err(failure(format!("»{mark}« (erwartet: > = ! @ ? #)"))),
        };
        let turn = turns.last_mut();
        let turn = turn.ok_or_else(|| failure("vor der ersten Zeile mit »>«".to_owned()))?;
        turn.expected.push((at + 1, expected));
    }
    end(&mut turns);
    Ok(scripts)
}

fn parse_day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

/// Has the conversations of some files with a bot; what was not as it must be.
pub fn run(bot: &Bot, files: &[(String, String)]) -> Report {
    let mut report = Report::default();
    for (file, text) in files {
        match parse(file, text) {
            Ok(scripts) => scripts.iter().for_each(|script| report.play(bot, script)),
            Err(failure) => report.failures.push(failure),
        }
    }
    report
}

/// How conversations went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many there were.
    pub conversations: usize,
    /// How many messages they held.
    pub messages: usize,
    /// What was not as it must be.
    pub failures: Vec<Failure>,
}

impl Report {
    fn play(&mut self, bot: &Bot, script: &Script) {
        self.conversations += 1;
        // A citizen of the list has been greeted already.
        let mut conversation = Conversation::introduced();
        for turn in &script.turns {
            self.messages += 1;
            let mut message = Message::text(turn.said.as_str());
            if let Some(today) = turn.today {
                message.at = today.midnight().assume_utc() + time::Duration::hours(12);
            }
            match turn.place.as_deref().map(|name| bot.places().resolve(name)) {
                None => {}
                Some(Ok(place)) => message.place = Some(place.key),
                Some(Err(error)) => self.fail(script, turn, 0, error.to_string()),
            }
            let (reply, next) = bot.respond(&message, &conversation);
            conversation = next;
            let shown = terminal::render(&reply, false);
            for (line, expected) in &turn.expected {
                if let Some(wrong) = expected.missed_by(&reply, &shown) {
                    let said = &turn.said;
                    let message = format!("{wrong}\n  auf: {said}\n{}", indented(&shown));
                    self.fail(script, turn, *line, message);
                }
            }
        }
    }

    fn fail(&mut self, script: &Script, turn: &ScriptTurn, line: usize, message: String) {
        let line = if line == 0 { turn.expected.first().map_or(0, |(at, _)| *at) } else { line };
        self.failures.push(Failure { file: script.file.clone(), line, message });
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}

impl Expected {
    /// What is wrong with a reply; `None` if nothing is.
    fn missed_by(&self, reply: &Reply, shown: &str) -> Option<String> {
        let holds = |text: &str| plain(shown).contains(&plain(text));
        match self {
            Self::Text(text) => (!holds(text)).then(|| format!("es fehlt: {text}")),
            Self::NotText(text) => holds(text).then(|| format!("es steht da: {text}")),
            Self::Service(id) => {
                let outcome = &reply.outcome;
                let asserted = outcome.services.iter().take(outcome.asserted);
                let found = asserted.clone().any(|service| service == id);
                let given: Vec<&str> = asserted.map(|service| service.as_str()).collect();
                let given = if given.is_empty() { "keine".to_owned() } else { given.join(", ") };
                (!found).then(|| format!("erwartete Leistung: {id}; gegeben: {given}"))
            }
            Self::Choices(choices) => {
                let offered = |choice: &&String| {
                    let mut all = reply.choices.iter();
                    all.any(|c| c.id == **choice || plain(&c.label) == plain(choice))
                };
                let missing = choices.iter().find(|choice| !offered(choice))?;
                let given: Vec<&str> = reply.choices.iter().map(|c| c.label.as_str()).collect();
                Some(format!("es fehlt die Wahl: {missing}; angeboten: {}", given.join(", ")))
            }
        }
    }
}

/// A text without what does not matter: capitals and where lines break.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_are_read() {
        let text = "# zwei\n> hallo\n= Guten Tag\n> 2\n@ hund-anmelden\n? A, B\n\n\n> x\n! y\n";
        let scripts = parse("a.txt", text).unwrap();
        assert_eq!(scripts.len(), 2);
        assert_eq!(scripts[0].turns.len(), 2);
        assert_eq!(scripts[0].turns[1].expected.len(), 2);
        let dated = parse("a.txt", "# heute: 2026-05-01\n# ort: Köln\n> ja\n\n> nein").unwrap();
        assert_eq!(dated[0].turns[0].today, Some(time::macros::date!(2026 - 05 - 01)));
        assert_eq!(dated[0].turns[0].place.as_deref(), Some("Köln"));
        assert_eq!(dated[1].turns[0].today, None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, expected) in [
            ("= zu früh", "a.txt:1: vor der ersten Zeile mit »>«"),
            ("> hallo\nhallo", "a.txt:2: »h« (erwartet: > = ! @ ? #)"),
            ("> hallo\n@ Ü", "a.txt:2: »Ü« ist keine Leistungs-Kennung"),
            ("# heute: morgen\n> x", "a.txt:1: »morgen« ist kein Tag"),
        ] {
            let failure = parse("a.txt", text).unwrap_err().to_string();
            assert!(failure.starts_with(expected), "{failure}");
        }
    }
}
