//! Opening hours, structured per weekday, read from what clerks write.
//!
//! A wrong time sends a citizen to a closed door, so a text is read as a whole or not at all:
//! [`OpeningHours::parse`] knows a small language of weekdays, times and remarks, and whatever lies
//! outside it ("jeden dritten Samstag", "Fr bis 12 Uhr", a date) makes the whole text a note.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

/// When an office is open, by weekday.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct OpeningHours {
    /// In order of day and time.
    pub spans: Vec<Opening>,
    /// What the spans cannot say ("nur mit Termin"), or the whole text if it could not be read.
    pub note: Option<String>,
}

/// Open from a time to a time on a weekday.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opening {
    /// 1 Monday to 7 Sunday.
    pub day: u8,
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight, after `from`.
    pub to: u16,
}

/// From and to, in minutes after midnight; in order.
pub type Times = Vec<(u16, u16)>;

/// The longest note, in characters; a longer one is cut at a word.
const MAX_NOTE: usize = 500;
/// A text longer than this, in bytes, is no list of opening hours and is not looked into.
const MAX_TEXT: usize = 4_000;
/// More spans in a week are no opening hours.
const MAX_SPANS: usize = 42;
/// The last minute of a day, as the end of a span.
const MIDNIGHT: u16 = 24 * 60;
/// No office opens earlier; "Do 2-6 Uhr" means something else. Times with a colon are taken as
/// they are.
const EARLIEST: u16 = 6 * 60;

/// Abbreviation and name of each weekday, Monday first.
const DAYS: [(&str, &str); 7] = [
    ("Mo", "Montag"),
    ("Di", "Dienstag"),
    ("Mi", "Mittwoch"),
    ("Do", "Donnerstag"),
    ("Fr", "Freitag"),
    ("Sa", "Samstag"),
    ("So", "Sonntag"),
];

/// What stands over opening hours and says nothing.
const HEADINGS: [&str; 5] =
    ["öffnungszeiten", "sprechzeiten", "sprechstunden", "servicezeiten", "geschäftszeiten"];

/// Texts, in small letters without full stops, that say that nothing is known.
const NOTHING: [&str; 7] = [
    "",
    "keine angabe",
    "keine angaben",
    "k a",
    "unbekannt",
    "nicht bekannt",
    "keine informationen verfügbar",
];

/// Words without which a time means the same.
const FILLERS: [&str; 4] = ["von", "am", "jeweils", "geöffnet"];

/// Words that join days, times or remarks.
const JOINTS: [&str; 6] = ["und", "u", "sowie", "zusätzlich", "außerdem", "oder"];

/// A remark outside brackets has at least one of these words, and no other ones than these,
/// [`REMARK_WORDS`] and [`JOINTS`].
const REMARK_NOUNS: [&str; 13] = [
    "termin",
    "termine",
    "terminen",
    "terminabsprache",
    "terminbuchung",
    "terminkunden",
    "terminreservierung",
    "terminvereinbarung",
    "terminvergabe",
    "vereinbarung",
    "absprache",
    "anmeldung",
    "voranmeldung",
];

/// See [`REMARK_NOUNS`].
const REMARK_WORDS: [&str; 26] = [
    "auch",
    "nur",
    "mit",
    "ohne",
    "nach",
    "bei",
    "für",
    "auf",
    "vorherige",
    "vorheriger",
    "vorher",
    "vereinbarte",
    "vereinbarten",
    "vereinbartem",
    "gebuchtem",
    "telefonische",
    "telefonischer",
    "telefonisch",
    "tel",
    "online",
    "individuelle",
    "individueller",
    "weitere",
    "sonst",
    "ansonsten",
    "möglich",
];

/// Beginnings of words by which a remark in brackets would change when the office is open.
const CHANGES: [&str; 20] = [
    "geschlossen",
    "außer",
    "ausser",
    "ausgenommen",
    "ausgewählt",
    "gerade",
    "ungerade",
    "jede",
    "erste",
    "zweite",
    "dritte",
    "vierte",
    "letzte",
    "monat",
    "woche",
    "sommer",
    "winter",
    "ferien",
    "feiertag",
    "zeitweise",
];

/// The same, as whole words.
const CHANGES_WHOLE: [&str; 7] = ["ab", "bis", "seit", "vom", "nicht", "derzeit", "im"];

impl OpeningHours {
    /// Reads what clerks write: "Mo–Fr 8–12 Uhr", "montags bis donnerstags von 8 bis 16 Uhr,
    /// freitags 8 bis 12 Uhr", a weekday per line. The text is plain; its lines may end with `\n`.
    ///
    /// Remarks ("nur mit Termin", or in brackets) become the [`note`](Self::note), with the days
    /// they are about unless that is all of them; whatever follows "Hinweis:" is taken over as it
    /// is. What cannot be read as a whole leaves the spans empty and becomes the note as a whole.
    /// The [`Display`](fmt::Display) of the result is read back as the same.
    pub fn parse(text: &str) -> Self {
        let text = one_line(text);
        let bare = text.to_lowercase().replace('.', " ");
        let bare = bare.split_whitespace().collect::<Vec<_>>().join(" ");
        if NOTHING.contains(&bare.as_str()) {
            return Self::default();
        }
        let read = (text.len() <= MAX_TEXT).then(|| Reader::new(&text)?.read()).flatten();
        read.unwrap_or_else(|| Self { spans: Vec::new(), note: note(&text) })
    }

    /// The weekdays (1 Monday to 7 Sunday) with equal times, in order of the first day of each
    /// group.
    pub fn groups(&self) -> Vec<(Vec<u8>, Times)> {
        let mut by_day = BTreeMap::<u8, Times>::new();
        for span in &self.spans {
            by_day.entry(span.day).or_default().push((span.from, span.to));
        }
        let mut groups: Vec<(Vec<u8>, Times)> = Vec::new();
        for (day, mut times) in by_day {
            times.sort_unstable();
            match groups.iter_mut().find(|(_, known)| *known == times) {
                Some((days, _)) => days.push(day),
                None => groups.push((vec![day], times)),
            }
        }
        groups
    }

    /// Whether the office is open on a weekday (1 Monday to 7 Sunday) at a minute after midnight;
    /// `None` if its hours are not known.
    pub fn is_open(&self, day: u8, minute: u16) -> Option<bool> {
        let covers = |span: &Opening| span.day == day && (span.from..span.to).contains(&minute);
        (!self.spans.is_empty()).then(|| self.spans.iter().any(covers))
    }
}

/// As a clerk would write it: "Mo-Do 08:00-12:00, 13:00-16:00; Fr 08:00-12:00; Hinweis: nur mit
/// Termin". [`OpeningHours::parse`] reads it back.
impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .groups()
            .iter()
            .map(|(days, times)| {
                let times: Vec<_> = times.iter().map(|&(from, to)| clock(from, to)).collect();
                format!("{} {}", short_days(days), times.join(", "))
            })
            .collect();
        if let Some(note) = &self.note {
            let introduction = if parts.is_empty() { "" } else { "Hinweis: " };
            parts.push(format!("{introduction}{note}"));
        }
        f.write_str(&parts.join("; "))
    }
}

/// "08:00-12:00".
fn clock(from: u16, to: u16) -> String {
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}

/// "Mo-Mi, Fr"; days in ascending order.
fn short_days(days: &[u8]) -> String {
    let name = |day: u8| DAYS.get(usize::from(day).wrapping_sub(1)).map_or("?", |(short, _)| short);
    let runs = days.chunk_by(|a, b| a.checked_add(1) == Some(*b)).map(|run| match run {
        [first, _, .., last] => format!("{}-{}", name(*first), name(*last)),
        run => run.iter().map(|day| name(*day)).collect::<Vec<_>>().join(", "),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// A text as note: none if empty, cut at a word if too long.
fn note(text: &str) -> Option<String> {
    if text.chars().count() <= MAX_NOTE {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    let head: String = text.chars().take(MAX_NOTE - 1).collect();
    let end = head.rfind(' ').unwrap_or(head.len());
    Some(format!("{}…", head[..end].trim_end_matches([' ', ',', ';', ':', '…'])))
}

/// The lines of a text as one, joined so that it reads and parses the same: "Montag" and
/// "8-12 Uhr" become "Montag: 8-12 Uhr", other lines are parted by semicolons.
fn one_line(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut after_day = false;
    for line in text.split(['\n', '\r']) {
        let words = line.split(|c: char| c.is_whitespace() || c.is_control());
        let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let line = without_bullet(&line);
        if line.is_empty() {
            continue;
        }
        if !joined.is_empty() {
            let parted = joined.ends_with([':', ';', ',', '.', '!', '?']);
            joined.push_str(if parted {
                " "
            } else if after_day {
                ": "
            } else {
                "; "
            });
        }
        joined.push_str(line);
        after_day = weekday(&line.to_lowercase()).is_some();
    }
    let mut rest = joined.as_str();
    while let Some(without) = without_heading(rest) {
        rest = without_bullet(without);
    }
    rest.trim_end().to_owned()
}

fn without_bullet(line: &str) -> &str {
    line.trim_start_matches(['-', '–', '—', '•', '·', '*', ' '])
}

/// What follows "Öffnungszeiten:", if the text begins so.
fn without_heading(text: &str) -> Option<&str> {
    let (word, rest) = text.split_at(word_len(text));
    if !HEADINGS.contains(&word.to_lowercase().as_str()) {
        return None;
    }
    let rest = rest.trim_start();
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix([':', ';']) }
}

/// Bytes of the word that a text begins with.
fn word_len(text: &str) -> usize {
    text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len())
}

/// 1 Monday to 7 Sunday, from "mo", "montag" or "montags" in small letters.
fn weekday(word: &str) -> Option<u8> {
    let name = word.strip_suffix('s').unwrap_or(word);
    let is =
        |(short, long): &(&str, &str)| short.to_lowercase() == word || long.to_lowercase() == name;
    let at = DAYS.iter().position(is).or_else(|| (name == "sonnabend").then_some(5))?;
    u8::try_from(at + 1).ok()
}

/// What a text of opening hours is made of. Colons say nothing and are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Day(u8),
    /// Minutes after midnight, and whether written with a colon.
    Time(u16, bool),
    /// "-" or "bis".
    Dash,
    /// "," or "/".
    Comma,
    /// "und", "sowie".
    And,
    /// ";", the end of a line or of a sentence.
    Stop,
    /// "Uhr".
    Uhr,
    /// "vormittags": only before times.
    HalfDay,
    /// "geschlossen".
    Closed,
    Remark(Words<'t>),
}

/// The words of a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Words<'t> {
    text: &'t str,
    /// Begun by a joint ("und nach Vereinbarung"), so that it holds besides all times.
    general: bool,
}

/// Takes a text apart; `None` if anything in it is not known.
struct Lexer<'t> {
    rest: &'t str,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lexer<'t> {
    fn tokens(text: &'t str) -> Option<Vec<Token<'t>>> {
        let mut lexer = Self { rest: text, tokens: Vec::new() };
        while let Some(next) = lexer.rest.chars().next() {
            match next {
                ' ' | '*' | ':' => lexer.skip(next),
                ',' | '/' => lexer.push(next, Token::Comma),
                '&' | '+' => lexer.push(next, Token::And),
                ';' | '.' => lexer.push(next, Token::Stop),
                '-' | '‐' | '‑' | '–' | '—' | '−' => lexer.push(next, Token::Dash),
                '(' => lexer.bracket()?,
                '0'..='9' => lexer.time()?,
                next if next.is_alphabetic() => lexer.word()?,
                _ => return None,
            }
        }
        Some(lexer.tokens)
    }

    fn skip(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
    }

    fn push(&mut self, c: char, token: Token<'t>) {
        self.skip(c);
        self.tokens.push(token);
    }

    /// "8", "08", "8.30", "08:30".
    fn time(&mut self) -> Option<()> {
        let hour = self.digits()?;
        let separator = self.rest.chars().next().filter(|c| ".:".contains(*c));
        let minutes =
            separator.filter(|_| self.rest[1..].starts_with(|c: char| c.is_ascii_digit()));
        let (minute, exact) = match minutes {
            Some(separator) => {
                self.skip(separator);
                let before = self.rest.len();
                let minute = self.digits()?;
                // "8.5" is no time, and "8.05" is.
                if before - self.rest.len() != 2 {
                    return None;
                }
                (minute, separator == ':')
            }
            None => (0, false),
        };
        // A day of a month ("6.12.") is easily taken for a time; minutes hardly end so.
        if minute > 59 || hour * 60 + minute > MIDNIGHT || (!exact && minute % 5 != 0) {
            return None;
        }
        self.tokens.push(Token::Time(hour * 60 + minute, exact));
        Some(())
    }

    /// One or two digits, not followed by a third.
    fn digits(&mut self) -> Option<u16> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        if digits.len() <= 2 { digits.parse().ok() } else { None }
    }

    /// A remark in brackets that does not change when the office is open.
    fn bracket(&mut self) -> Option<()> {
        let (inside, rest) = self.rest[1..].split_once(')')?;
        self.rest = rest;
        if inside.contains('(') {
            return None;
        }
        let lower = inside.to_lowercase();
        let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let changes = |word: &str| {
            weekday(word).is_some()
                || CHANGES.iter().any(|beginning| word.starts_with(beginning))
                || CHANGES_WHOLE.contains(&word)
        };
        let numbered = || words().any(|word| ["tel", "telefon", "zimmer", "raum"].contains(&word));
        if words().any(changes) || (lower.contains(|c: char| c.is_numeric()) && !numbered()) {
            return None;
        }
        if words().next().is_some() {
            let inside = bare(inside);
            self.tokens.push(Token::Remark(match remark(inside) {
                Some((words, "")) => words,
                _ => Words { text: inside, general: false },
            }));
        }
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let length = word_len(self.rest);
        let word = self.rest[..length].to_lowercase();
        if let Some(note) = self.introduced_note(&word, length) {
            self.tokens.push(Token::Remark(Words { text: note, general: true }));
            self.rest = "";
            return Some(());
        }
        if let Some((remark, rest)) = remark(self.rest) {
            self.tokens.push(Token::Remark(remark));
            self.rest = rest;
            return Some(());
        }
        let token = match word.as_str() {
            "bis" => Token::Dash,
            "uhr" | "h" => Token::Uhr,
            "geschlossen" => Token::Closed,
            "vormittags" | "nachmittags" => Token::HalfDay,
            "oder" => return None,
            "auch" => Token::And,
            word if JOINTS.contains(&word) => Token::And,
            word if FILLERS.contains(&word) => {
                self.rest = &self.rest[length..];
                return Some(());
            }
            word if HEADINGS.contains(&word) && self.tokens.is_empty() => {
                self.rest = &self.rest[length..];
                return Some(());
            }
            word => Token::Day(weekday(word)?),
        };
        self.tokens.push(token);
        // "Mo.", "u.", or the end of a sentence: the next day begins a new one anyway.
        self.rest = &self.rest[length..];
        self.rest = self.rest.strip_prefix('.').unwrap_or(self.rest);
        Some(())
    }

    /// What follows "Hinweis:".
    fn introduced_note(&self, word: &str, length: usize) -> Option<&'t str> {
        let introduces = ["hinweis", "hinweise"].contains(&word);
        let note = self.rest[length..].trim_start().strip_prefix(':').filter(|_| introduces)?;
        Some(note.trim()).filter(|note| !note.is_empty())
    }
}

/// The remark that a text begins with, and what follows it.
fn remark(text: &str) -> Option<(Words<'_>, &str)> {
    let mut start = None;
    let mut end = 0;
    let mut general = false;
    let mut names_something = false;
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let length = word_len(rest);
        let word = rest[..length].to_lowercase();
        let word = word.as_str();
        let joint = JOINTS.contains(&word);
        let noun = REMARK_NOUNS.contains(&word);
        if !(joint || noun || REMARK_WORDS.contains(&word)) {
            break;
        }
        general |= joint && start.is_none();
        names_something |= noun;
        if !joint {
            start.get_or_insert(at);
            end = at + length;
        }
        at += length;
        if word == "tel" && text[at..].starts_with('.') {
            at += 1;
        }
        at += text[at..].len() - text[at..].trim_start_matches(' ').len();
    }
    let start = start.filter(|_| names_something)?;
    Some((Words { text: &text[start..end], general }, &text[end..]))
}

/// A remark without what surrounds it.
fn bare(remark: &str) -> &str {
    remark.trim_matches([' ', '-', '–', ':', ',', ';', '*'])
}

/// What a remark is about.
#[derive(Debug)]
struct Remark<'t> {
    text: &'t str,
    about: About,
}

#[derive(Debug)]
enum About {
    All,
    Days(Vec<u8>),
    Spans(Vec<Opening>),
}

/// Makes hours of tokens; `None` wherever they could mean something else.
struct Reader<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    /// The days that the next times are for.
    days: Vec<u8>,
    /// Whether nothing was said of these days yet.
    bare_days: bool,
    /// The spans of these days since the last remark.
    fresh: Vec<Opening>,
    spans: BTreeSet<Opening>,
    closed: BTreeSet<u8>,
    remarks: Vec<Remark<'t>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Option<Self> {
        Some(Self {
            tokens: Lexer::tokens(text)?,
            at: 0,
            days: Vec::new(),
            bare_days: false,
            fresh: Vec::new(),
            spans: BTreeSet::new(),
            closed: BTreeSet::new(),
            remarks: Vec::new(),
        })
    }

    fn read(mut self) -> Option<OpeningHours> {
        let last_day = self.tokens.iter().rposition(|token| matches!(token, Token::Day(_)))?;
        let mut before = None;
        while let Some(token) = self.next() {
            match token {
                Token::Day(day) => self.begin_days(day)?,
                Token::Time(from, exact) => self.span(from, exact)?,
                Token::Closed => self.close()?,
                Token::Remark(words) => {
                    let last = before == Some(Token::Stop) && self.at > last_day;
                    self.remark(words, before, last)?;
                }
                Token::Dash => match self.peek()? {
                    Token::Remark(_) => {}
                    Token::Time(..) | Token::HalfDay if self.bare_days => {}
                    _ => return None,
                },
                Token::HalfDay if matches!(self.peek()?, Token::Time(..)) => {}
                Token::HalfDay | Token::Uhr => return None,
                Token::Comma | Token::And | Token::Stop => {}
            }
            before = Some(token);
        }
        let closed = std::mem::take(&mut self.closed);
        self.spans.retain(|span| !closed.contains(&span.day));
        let unsaid = self.bare_days || self.spans.is_empty() || self.spans.len() > MAX_SPANS;
        (!unsaid).then(|| OpeningHours {
            note: note(&self.notes().join("; ")),
            spans: self.spans.into_iter().collect(),
        })
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn take(&mut self, wanted: Token<'_>) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// "Mo", "Mo-Do", "Mo, Di und Do-Fr"; the first day is read already.
    fn begin_days(&mut self, mut first: u8) -> Option<()> {
        if std::mem::replace(&mut self.bare_days, true) {
            return None;
        }
        self.fresh.clear();
        let mut days = BTreeSet::new();
        loop {
            let mut last = first;
            if let (Some(Token::Dash), Some(Token::Day(day))) = (self.peek(), self.after_next()) {
                self.at += 2;
                last = day;
                if last <= first {
                    return None;
                }
            }
            days.extend(first..=last);
            match (self.peek(), self.after_next()) {
                (Some(Token::Comma | Token::And), Some(Token::Day(day))) => {
                    self.at += 2;
                    first = day;
                }
                _ => break,
            }
        }
        self.days = days.into_iter().collect();
        Some(())
    }

    fn after_next(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at + 1).copied()
    }

    /// "8-12 Uhr", "8 Uhr bis 12 Uhr"; the first time is read already.
    fn span(&mut self, from: u16, exact: bool) -> Option<()> {
        self.take(Token::Uhr);
        if !self.take(Token::Dash) {
            return None;
        }
        let Some(Token::Time(to, _)) = self.next() else { return None };
        self.take(Token::Uhr);
        let round_the_clock = (from, to) == (0, MIDNIGHT);
        let plausible = from < to && (exact || from >= EARLIEST || round_the_clock);
        if !plausible || self.days.is_empty() {
            return None;
        }
        for &day in &self.days {
            let span = Opening { day, from, to };
            let overlaps =
                |known: &&Opening| known.day == day && known.from < to && from < known.to;
            if self.spans.iter().filter(overlaps).any(|known| *known != span) {
                return None;
            }
            self.fresh.push(span.clone());
            self.spans.insert(span);
        }
        self.bare_days = false;
        Some(())
    }

    /// "Mi geschlossen", also as an exception to "Mo-Fr"; "8-12 Uhr, dann geschlossen" is not.
    fn close(&mut self) -> Option<()> {
        if !std::mem::replace(&mut self.bare_days, false) {
            return None;
        }
        self.closed.extend(&self.days);
        Some(())
    }

    /// A remark after the token `before`; `last` if on a line of its own after all days.
    fn remark(&mut self, words: Words<'t>, before: Option<Token<'_>>, last: bool) -> Option<()> {
        // "8-12 Uhr, nach Vereinbarung 14-16 Uhr" is about what follows, and how much of that?
        let parted = matches!(before, Some(Token::Comma | Token::And | Token::Stop));
        let leads = match self.peek() {
            Some(Token::Time(..) | Token::HalfDay) => true,
            Some(Token::Day(_)) => parted || words.general,
            _ => false,
        };
        if leads && !self.days.is_empty() {
            return None;
        }
        let fresh = std::mem::take(&mut self.fresh);
        let about = if words.general || last || self.days.is_empty() {
            About::All
        } else if fresh.is_empty() {
            self.bare_days = false;
            About::Days(self.days.clone())
        } else {
            About::Spans(fresh)
        };
        self.remarks.push(Remark { text: words.text, about });
        Some(())
    }

    /// The remarks, equal ones as one, each with the days it is about unless that is all of them.
    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<Note<'_>> = Vec::new();
        for remark in &self.remarks {
            let same = |note: &Note<'_>| note.text.to_lowercase() == remark.text.to_lowercase();
            let at = notes.iter().position(same).unwrap_or_else(|| {
                notes.push(Note { text: remark.text, ..Note::default() });
                notes.len() - 1
            });
            let note = &mut notes[at];
            match &remark.about {
                About::All => note.about_all = true,
                About::Spans(spans) => {
                    note.spans.extend(spans.iter().filter(|span| self.spans.contains(span)));
                }
                About::Days(days) => {
                    note.spans.extend(self.spans.iter().filter(|span| days.contains(&span.day)));
                    let open = |day: &&u8| self.spans.iter().any(|span| span.day == **day);
                    note.other_days.extend(days.iter().filter(|day| !open(day)));
                }
            }
        }
        notes.iter().filter_map(|note| note.text(&self.spans)).collect()
    }
}

/// A remark with all it is about.
#[derive(Debug, Default)]
struct Note<'t> {
    text: &'t str,
    about_all: bool,
    spans: BTreeSet<&'t Opening>,
    /// Days on which the office is not open as a rule.
    other_days: BTreeSet<u8>,
}

impl Note<'_> {
    /// "nur mit Termin", "Di, Do: nur mit Termin", "Mi 14:00-18:00: nur mit Termin"; none if it is
    /// about times that do not hold.
    fn text(&self, all: &BTreeSet<Opening>) -> Option<String> {
        if self.about_all || (self.spans.len() == all.len() && self.other_days.is_empty()) {
            return Some(self.text.to_owned());
        }
        let whole = |day: u8| {
            all.iter().filter(|span| span.day == day).all(|span| self.spans.contains(span))
        };
        let (whole, parts): (Vec<&Opening>, Vec<&Opening>) =
            self.spans.iter().partition(|span| whole(span.day));
        let mut days = self.other_days.clone();
        days.extend(whole.iter().map(|span| span.day));
        let mut about: Vec<String> = Vec::new();
        if !days.is_empty() {
            about.push(short_days(&days.into_iter().collect::<Vec<_>>()));
        }
        about.extend(
            parts
                .iter()
                .map(|span| format!("{} {}", short_days(&[span.day]), clock(span.from, span.to))),
        );
        (!about.is_empty()).then(|| format!("{}: {}", about.join(", "), self.text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The hours as [`OpeningHours::parse`] understood them, times and note apart.
    fn read(text: &str) -> (String, Option<String>) {
        let hours = OpeningHours::parse(text);
        let times = OpeningHours { spans: hours.spans, note: None };
        (times.to_string(), hours.note)
    }

    fn times(text: &str) -> String {
        let (times, note) = read(text);
        assert_eq!(note, None, "{text}");
        times
    }

    #[test]
    fn what_clerks_write_is_understood() {
        let workdays = "Mo-Fr 08:00-12:00";
        for text in [
            "Mo–Fr 8–12 Uhr",
            "Mo.-Fr. 8.00-12.00 Uhr",
            "Montag bis Freitag von 08:00 Uhr bis 12:00 Uhr",
            "montags - freitags: 8h - 12h",
            "Mo, Di, Mi, Do u. Fr. 08.00–12.00",
            "Öffnungszeiten:\nMo/Di/Mi/Do/Fr 8-12",
            "Mo-Mi + Do-Fr jeweils vormittags 8-12 Uhr.",
            "Montag - 8-12 Uhr\nDienstag\n8-12 Uhr\nMi-Fr\n8-12 Uhr\nSamstag geschlossen",
        ] {
            assert_eq!(times(text), workdays, "{text}");
        }
        assert_eq!(
            times("Mo, Di und Do 8:00-12:00 und 13.30-16 Uhr; Mi geschlossen"),
            "Mo, Di, Do 08:00-12:00, 13:30-16:00"
        );
        assert_eq!(
            times("montags bis donnerstags von 8 bis 16 Uhr, freitags 8 bis 12 Uhr"),
            "Mo-Do 08:00-16:00; Fr 08:00-12:00"
        );
        // The office opens a second time; and it makes an exception.
        assert_eq!(
            times("Mo-Fr 8-12 Uhr, Do auch nachmittags 14-18 Uhr"),
            "Mo-Mi, Fr 08:00-12:00; Do 08:00-12:00, 14:00-18:00"
        );
        assert_eq!(times("Mo-Fr 8-12 Uhr, Mi geschlossen"), "Mo, Di, Do, Fr 08:00-12:00");
        assert_eq!(times("Sonnabend 9-24 Uhr, So 0-24 Uhr"), "Sa 09:00-24:00; So 00:00-24:00");
    }

    #[test]
    fn remarks_become_the_note_with_the_days_they_are_about() {
        let note = |text: &str| read(text).1.unwrap_or_default();
        assert_eq!(
            note("Mo 8-12 Uhr - nur mit Termin*\nDi 8-12 Uhr (Nur mit Termin)"),
            "nur mit Termin"
        );
        assert_eq!(note("Mo-Mi 8-12 Uhr, Do 14-18 Uhr nur mit Termin"), "Do: nur mit Termin");
        assert_eq!(
            note("Mo 8-12 Uhr ohne Termin und 14-16 Uhr nur nach Vereinbarung"),
            "Mo 08:00-12:00: ohne Termin; Mo 14:00-16:00: nur nach Vereinbarung"
        );
        assert_eq!(note("Mo-Do 8-12 Uhr; Fr nach tel. Vereinbarung"), "Fr: nach tel. Vereinbarung");
        assert_eq!(note("Mo 8-12 Uhr, Do 14-18 Uhr und nach Vereinbarung"), "nach Vereinbarung");
        assert_eq!(note("Mo 8-12 Uhr\nDo 14-18 Uhr\nnur mit Termin"), "nur mit Termin");
        assert_eq!(note("Mo 8-12 Uhr (Zimmer 12)"), "Zimmer 12");
        assert_eq!(
            note("Mo 8-12 Uhr. Hinweis: Im August ist nur Do geöffnet."),
            "Im August ist nur Do geöffnet."
        );
        // Only a note.
        assert_eq!(read("nach Vereinbarung"), (String::new(), Some("nach Vereinbarung".into())));
        assert_eq!(OpeningHours::parse("Öffnungszeiten\nk. A."), OpeningHours::default());
    }

    #[test]
    fn what_could_mean_another_time_is_a_note_as_a_whole() {
        for text in [
            "Fr bis 12 Uhr",
            "Do ab 14 Uhr",
            "Sa: jeden dritten Samstag im Monat 9-13 Uhr",
            "1. und 3. Mi im Monat 9-12 Uhr",
            "Mi (ungerade Wochen) 9-12 Uhr",
            "Mo-Fr 8-12 Uhr (Do bis 18 Uhr)",
            "Mo-Fr 8-12 Uhr (ab 1.10.)",
            "Mo-Fr 8-16 Uhr, Do 8-18 Uhr",
            "Mo-Fr 8-12 Uhr; Mi nachmittags geschlossen",
            "Mo 8-12 Uhr, nachmittags geschlossen",
            "Mo 8-12 und 2-4 Uhr",
            "Mo 14-12 Uhr",
            "Mo 8-25 Uhr",
            "Mo 8.5-12 Uhr",
            "Mo 6.12-9.12 Uhr",
            "Mo 8-12-16 Uhr",
            "Mo-Mi-Fr 8-12 Uhr",
            "Fr-Mo 8-12 Uhr",
            "Mo, Di",
            "Mo-Do 8-12 Uhr, Fr",
            "8-12 Uhr",
            "Mo 8-12 Uhr oder Di 8-12 Uhr",
            "Mo 8-12 Uhr (Di",
            "täglich 8-12 Uhr",
            "Mo 8-12 Uhr, nach Vereinbarung 14-16 Uhr",
            "Mo 8-12 Uhr; nach Vereinbarung: Di 14-16 Uhr",
            "nur mit Termin: Mo 8-12 Uhr; ohne Termin: Di 8-12 Uhr",
            "Mo 24.12.2026 8-12 Uhr",
            "Mo 8-12 Uhr, Feiertage geschlossen",
        ] {
            assert_eq!(read(text), (String::new(), Some(text.to_owned())), "{text}");
        }
        let lines = "Montag\nDienstag\n8-12 Uhr";
        assert_eq!(read(lines).1.as_deref(), Some("Montag: Dienstag: 8-12 Uhr"));
    }

    #[test]
    fn days_with_equal_times_are_grouped_and_the_clock_is_asked() {
        let hours =
            OpeningHours::parse("Mo, Mi 8-12 Uhr, 13-16 Uhr; Di 9-12 Uhr; Fr 8-12, 13-16 Uhr");
        assert_eq!(
            hours.groups(),
            [(vec![1, 3, 5], vec![(480, 720), (780, 960)]), (vec![2], vec![(540, 720)])]
        );
        assert_eq!(hours.is_open(1, 480), Some(true));
        assert_eq!(hours.is_open(1, 720), Some(false), "closes at twelve");
        assert_eq!(hours.is_open(4, 600), Some(false));
        assert_eq!(OpeningHours::parse("nach Vereinbarung").is_open(1, 600), None);
    }

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        let note = OpeningHours::parse(&"Bitte klingeln Sie zweimal. ".repeat(1_000)).note.unwrap();
        assert!(note.chars().count() <= MAX_NOTE && note.ends_with("…"), "{note}");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(
            parts in prop::collection::vec(prop::sample::select(vec![
                "Mo", "Di-Do", "Mi", "freitags", "8-12", "08:00 - 16:30", "13.30–18", "Uhr", "bis",
                "und", ",", ";", ":", "\n", ".", "-", "geschlossen", "nur mit Termin", "(Anbau)",
                "(nur mit Termin)", "nach Vereinbarung", "nachmittags", "Hinweis:", "sowie", "auch",
                "Öffnungszeiten", "Öffnungszeiten:", "7", "*", "Tor", "…", "vom 1.2.",
            ]), 0..14)
        ) {
            let hours = OpeningHours::parse(&parts.join(" "));
            prop_assert_eq!(&OpeningHours::parse(&hours.to_string()), &hours, "{}", hours);
            for pair in hours.spans.windows(2) {
                let apart = pair[0].day < pair[1].day || pair[0].to <= pair[1].from;
                prop_assert!(apart, "{}", hours);
            }
        }

        #[test]
        fn true_hours_are_read_back(
            edges in prop::collection::vec(prop::collection::btree_set(0_u16..=1440, 0..7), 7),
            note in prop::option::of("[a-zäß0-9]([a-zA-Z0-9 ,;:.()-]{0,40}[a-z])?"),
        ) {
            let spans: Vec<Opening> = (1..).zip(edges).flat_map(|(day, edges)| {
                let edges: Vec<u16> = edges.into_iter().collect();
                let span = move |edge: &[u16]| Opening { day, from: edge[0], to: edge[1] };
                edges.chunks_exact(2).map(span).collect::<Vec<_>>()
            }).collect();
            prop_assume!(!spans.is_empty());
            let note = note.map(|note| note.split_whitespace().collect::<Vec<_>>().join(" "));
            let hours = OpeningHours { spans, note };
            prop_assert_eq!(OpeningHours::parse(&hours.to_string()), hours);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,80}", control in any::<String>()) {
            OpeningHours::parse(&text);
            let _ = OpeningHours::parse(&format!("Mo 8-12 {control}")).groups();
        }
    }
}
