//! Lines of styled text, packed into messages that Telegram accepts.
//!
//! Text is cut first and marked up afterwards, so that no message can hold half a tag.

use std::mem;

use teloxide::utils::html::escape;
use unicode_segmentation::UnicodeSegmentation;

/// Most UTF-16 units of a message. Telegram counts without markup; we count with it and so stay
/// below.
const MAX_UNITS: usize = 4096;
/// An address longer than this is not linked: it would leave no room for its text.
const MAX_URL: usize = 2048;

/// Lines that belong together.
pub(super) type Paragraph = Vec<Line>;

/// A line of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<Span>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    text: String,
    style: Style,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Style {
    Plain,
    Bold,
    Italic,
    /// As it is, and copied by a tap.
    Preformatted,
    Link(String),
}

/// A message's text, with and without markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed {
    pub html: String,
    pub plain: String,
}

impl Line {
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(text, Style::Plain)
    }

    pub fn bold(text: impl Into<String>) -> Self {
        Self::of(text, Style::Bold)
    }

    pub fn italic(text: impl Into<String>) -> Self {
        Self::of(text, Style::Italic)
    }

    pub fn preformatted(text: impl Into<String>) -> Self {
        Self::of(text, Style::Preformatted)
    }

    pub fn link(label: impl Into<String>, url: &str) -> Self {
        let style = if url.len() <= MAX_URL { Style::Link(url.to_owned()) } else { Style::Plain };
        Self::of(label, style)
    }

    /// The same line, and more text after it.
    pub fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span { text: text.into(), style: Style::Plain });
        self
    }

    pub fn is_bold(&self) -> bool {
        self.0.iter().all(|span| span.style == Style::Bold)
    }

    fn of(text: impl Into<String>, style: Style) -> Self {
        Self(vec![Span { text: text.into(), style }])
    }

    fn packed(&self) -> Packed {
        let mut packed = Packed::default();
        for span in &self.0 {
            packed.html.push_str(&span.html());
            packed.plain.push_str(&span.text);
            if let Style::Link(url) = &span.style
                && url.starts_with("http")
            {
                packed.plain.push_str(": ");
                packed.plain.push_str(url);
            }
        }
        packed
    }

    /// The line in pieces that each fit a message; cut between words if possible, never inside
    /// what a reader sees as one character if that fits at all.
    fn pieces(self) -> Vec<Packed> {
        let whole = self.packed();
        if whole.fits() {
            return vec![whole];
        }
        let mut pieces = Vec::new();
        let mut piece = Self::default();
        let mut room = MAX_UNITS;
        for Span { text, style } in self.0 {
            let frame = Span { text: String::new(), style: style.clone() }.units();
            for unit in breakable(&text, MAX_UNITS - frame) {
                let size = units(&escape(unit));
                let opens = piece.0.last().is_none_or(|span| span.style != style);
                let needed = size + if opens { frame } else { 0 };
                if needed > room && !piece.0.is_empty() {
                    pieces.push(mem::take(&mut piece).packed());
                    room = MAX_UNITS;
                }
                room -= piece.add(unit, &style, frame) + size;
            }
        }
        pieces.push(piece.packed());
        pieces
    }

    /// Adds text; how many units opening a new span took.
    fn add(&mut self, text: &str, style: &Style, frame: usize) -> usize {
        match self.0.last_mut() {
            Some(span) if span.style == *style => {
                span.text.push_str(text);
                0
            }
            _ => {
                self.0.push(Span { text: text.to_owned(), style: style.clone() });
                frame
            }
        }
    }
}

impl Span {
    fn html(&self) -> String {
        let text = escape(&self.text);
        match &self.style {
            Style::Plain => text,
            Style::Bold => format!("<b>{text}</b>"),
            Style::Italic => format!("<i>{text}</i>"),
            Style::Preformatted => format!("<pre>{text}</pre>"),
            // `escape` leaves quotes alone: they would end the attribute.
            Style::Link(url) => {
                format!("<a href=\"{}\">{text}</a>", escape(url).replace('"', "&quot;"))
            }
        }
    }

    fn units(&self) -> usize {
        units(&self.html())
    }
}

impl Packed {
    fn fits(&self) -> bool {
        units(&self.html) <= MAX_UNITS && units(&self.plain) <= MAX_UNITS
    }

    /// Adds a text below, if there is room for it.
    fn add(&mut self, between: &str, more: &Self) -> bool {
        let between = if self.html.is_empty() { "" } else { between };
        let joined = Self {
            html: format!("{}{between}{}", self.html, more.html),
            plain: format!("{}{between}{}", self.plain, more.plain),
        };
        let fits = joined.fits();
        if fits {
            *self = joined;
        }
        fits
    }
}

/// As few messages as possible, cut between paragraphs, else between lines, else inside one.
pub(super) fn pack(paragraphs: Vec<Paragraph>) -> Vec<Packed> {
    let mut full = Vec::new();
    let mut current = Packed::default();
    for paragraph in paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()) {
        let pieces: Vec<Packed> = paragraph.into_iter().flat_map(Line::pieces).collect();
        let mut whole = Packed::default();
        if pieces.iter().all(|piece| whole.add("\n", piece)) {
            if !current.add("\n\n", &whole) {
                full.push(mem::replace(&mut current, whole));
            }
            continue;
        }
        let mut between = "\n\n";
        for piece in pieces {
            if !current.add(between, &piece) {
                full.push(mem::replace(&mut current, piece));
            }
            between = "\n";
        }
    }
    full.push(current);
    // Telegram refuses a message without text.
    full.retain(|packed| !packed.plain.trim().is_empty());
    full
}

/// A text in parts between which it may be cut: words; of a word too long for a message its
/// characters as a reader sees them; of such a one (heaps of accents) its code points.
fn breakable(text: &str, max: usize) -> Vec<&str> {
    let fits = |part: &str| units(&escape(part)) <= max;
    let mut parts = Vec::new();
    for word in text.split_inclusive(' ') {
        if fits(word) {
            parts.push(word);
            continue;
        }
        for grapheme in word.graphemes(true) {
            if fits(grapheme) {
                parts.push(grapheme);
            } else {
                parts.extend(grapheme.split_inclusive(|_| true));
            }
        }
    }
    parts
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every message fits, is balanced, and together they hold all that was to be said.
    #[track_caller]
    fn check(paragraphs: Vec<Paragraph>) -> Vec<Packed> {
        let said: String = paragraphs
            .iter()
            .flatten()
            .flat_map(|line| &line.0)
            .flat_map(|span| span.text.split_whitespace())
            .collect();
        let packed = pack(paragraphs);
        let mut shown = String::new();
        for message in &packed {
            assert!(units(&message.html) <= MAX_UNITS);
            for tag in ["b", "i"] {
                let open = message.html.matches(&format!("<{tag}>")).count();
                let close = message.html.matches(&format!("</{tag}>")).count();
                assert_eq!(open, close, "<{tag}> is balanced");
            }
            shown.extend(message.plain.split_whitespace());
        }
        assert_eq!(shown, said);
        packed
    }

    #[test]
    fn fault_2_a_long_answer_is_cut_between_paragraphs() {
        let paragraph = |letter: &str| vec![Line::plain(letter.repeat(3000))];
        let packed = check(vec![paragraph("a"), paragraph("b"), paragraph("c")]);
        assert_eq!(packed.len(), 3);
        assert!(packed[1].plain.chars().all(|c| c == 'b'));
    }

    #[test]
    fn fault_2_a_long_paragraph_is_cut_between_lines() {
        let lines = (0..100).map(|_| Line::bold("x".repeat(99))).collect();
        let packed = check(vec![lines]);
        assert!(packed.iter().all(|message| message.html.ends_with("x</b>")));
    }

    #[test]
    fn fault_2_a_long_line_is_cut_between_words_and_stays_bold() {
        let packed = check(vec![vec![Line::bold("Wort & Tat ".repeat(1000))]]);
        assert!(packed.len() > 2);
        for message in &packed {
            assert!(message.html.starts_with("<b>") && message.html.ends_with("</b>"));
        }
    }

    #[test]
    fn fault_8_a_family_of_emoji_is_not_torn_apart() {
        let family = "👩‍👩‍👧‍👦";
        for message in check(vec![vec![Line::plain(family.repeat(900))]]) {
            assert!(message.plain.replace(family, "").is_empty());
        }
    }

    #[test]
    fn fault_7_a_heap_of_accents_is_cut_all_the_same() {
        check(vec![vec![Line::bold(format!("a{}", "\u{301}".repeat(20_000)))]]);
    }

    #[test]
    fn nothing_to_say_is_no_message() {
        assert_eq!(pack(vec![vec![Line::plain("  ")], Vec::new()]), Vec::new());
    }

    proptest! {
        #[test]
        fn whatever_is_said_fits_and_is_complete(
            texts in prop::collection::vec(("\\PC{0,3000}", 0..3_u8), 0..6),
        ) {
            let line = |(text, style)| match style {
                0 => Line::plain(text),
                1 => Line::bold(text),
                _ => Line::italic(text).and("."),
            };
            check(texts.into_iter().map(|styled| vec![line(styled)]).collect());
        }
    }
}
