//! Replies as plain text: for the terminal, for `--json`, and as the common ground of all channels.

use std::fmt::Write;

use crate::message::Action;
use crate::reply::{AvailabilityKind, Block, Choice, ChoiceKind, Reply};

/// Columns of a line.
const WIDTH: usize = 80;

/// A reply as plain text, at most 80 columns wide; with colour if a terminal shows it.
pub fn render(reply: &Reply, colour: bool) -> String {
    let paint = Paint(colour);
    let mut out = String::new();
    for block in &reply.blocks {
        match block {
            Block::Notice(text) => wrapped(&mut out, "! ", "  ", text, |t| paint.bold_red(t)),
            Block::Status { availability, text } => {
                let line = format!("{} {text}", mark(*availability));
                wrapped(&mut out, "", "  ", &line, |t| paint.status(*availability, t));
            }
            Block::Heading(text) => {
                if !out.is_empty() {
                    out.push('\n');
                }
                wrapped(&mut out, "", "", text, |t| paint.bold(t));
            }
            Block::Text(text) => wrapped(&mut out, "", "", text, str::to_owned),
            Block::Facts { label, items } => match &items[..] {
                [item] => {
                    wrapped(&mut out, "", "  ", &format!("{label}: {item}"), str::to_owned);
                }
                items => {
                    wrapped(&mut out, "", "", &format!("{label}:"), str::to_owned);
                    for item in items {
                        wrapped(&mut out, "  - ", "    ", item, str::to_owned);
                    }
                }
            },
            Block::Steps { label, items } => {
                let heading =
                    if label.ends_with('?') { label.clone() } else { format!("{label}:") };
                wrapped(&mut out, "", "", &heading, str::to_owned);
                for (at, item) in items.iter().enumerate() {
                    wrapped(&mut out, &format!("  {}. ", at + 1), "     ", item, str::to_owned);
                }
            }
            Block::Links(links) => {
                for link in links {
                    // An address is never broken: it must stay one word to be clicked.
                    let _ = writeln!(out, "{}: {}", link.label, link.url);
                }
            }
            Block::Copy(text) => {
                for line in text.lines() {
                    let _ = writeln!(out, "    {line}");
                }
            }
            Block::Aside(text) | Block::Source(text) => {
                wrapped(&mut out, "", "  ", text, |t| paint.dim(t))
            }
        }
    }
    for file in &reply.files {
        let _ = writeln!(out, "[{}]", file.name);
    }
    if reply.choice_kind == ChoiceKind::More {
        let offered: Vec<&str> =
            reply.choices.iter().filter(leads_on).map(|c| c.label.as_str()).collect();
        if !offered.is_empty() {
            wrapped(&mut out, "→ ", "  ", &offered.join(" · "), |t| paint.dim(t));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether a choice is worth a word where nothing can be pressed: numbered ones are listed already.
fn leads_on(choice: &&Choice) -> bool {
    !matches!(choice.action, Action::Rate { .. })
        && !choice.label.starts_with(|c: char| c.is_ascii_digit())
}

/// Seen without colour, and by readers of braille and speech.
fn mark(availability: AvailabilityKind) -> char {
    match availability {
        AvailabilityKind::Online => '✓',
        AvailabilityKind::Partly => '◐',
        AvailabilityKind::InPerson => '✗',
        AvailabilityKind::Unknown => '?',
    }
}

/// Breaks a text at spaces; the first line begins with one indent, the others with another.
fn wrapped(out: &mut String, first: &str, rest: &str, text: &str, paint: impl Fn(&str) -> String) {
    let mut line = String::new();
    let mut indent = first;
    for word in text.split_whitespace() {
        let width = indent.chars().count() + line.chars().count() + word.chars().count() + 1;
        if !line.is_empty() && width > WIDTH {
            let _ = writeln!(out, "{indent}{}", paint(&line));
            line.clear();
            indent = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{indent}{}", paint(&line));
    }
}

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn bold_red(&self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn status(&self, availability: AvailabilityKind, text: &str) -> String {
        let code = match availability {
            AvailabilityKind::Online => "1;32",
            AvailabilityKind::Partly => "1;33",
            AvailabilityKind::InPerson => "1;35",
            AvailabilityKind::Unknown => "1;36",
        };
        self.with(code, text)
    }
}
