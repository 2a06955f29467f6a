//! Text for Discord's Markdown: escaped, measured and cut.

use unicode_segmentation::UnicodeSegmentation;

/// Where a text goes on.
const ELLIPSIS: char = '…';
/// So far back a cut text may end earlier, to end between words.
const WORD: usize = 60;

/// How long Discord may count a text, at worst: in UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Text as itself: no Markdown, no mention, no address that could be pressed.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut chars = text.chars().filter(|c| !is_hidden(*c)).peekable();
    while let Some(c) = chars.next() {
        if is_special(c) || c == ':' && chars.peek() == Some(&'/') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text where Discord reads no Markdown (footers, buttons).
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

fn is_special(c: char) -> bool {
    matches!(
        c,
        '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '-' | '[' | ']' | '(' | ')' | '<' | '@'
    )
}

/// Control characters, and those that turn the direction of the text after them.
fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text, written with `write`, if that fits; else as much of its beginning as does, and an
/// ellipsis. It is cut before it is written: no half escape, and no half character as read.
pub(super) fn cut(text: &str, max: usize, write: impl Fn(&str) -> String) -> String {
    let whole = write(text);
    if units(&whole) <= max {
        return whole;
    }
    let room = max.saturating_sub(1);
    let (mut end, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        used += units(&write(grapheme));
        if used > room {
            break;
        }
        end = at + grapheme.len();
    }
    let kept = &text[..end];
    let word = kept.rfind(char::is_whitespace).filter(|at| end - at <= WORD);
    let mut out = write(kept[..word.unwrap_or(end)].trim_end());
    if max > 0 {
        out.push(ELLIPSIS);
    }
    out
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Span {
    Plain(String),
    Bold(String),
    /// Markdown that is whole or not there.
    Ready(String),
}

/// A line of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<Span>);

impl Line {
    pub fn plain(text: &str) -> Self {
        Self::default().and(text)
    }

    pub fn bold(text: &str) -> Self {
        // Discord does not close bold text after a space.
        Self(vec![Span::Bold(text.trim().to_owned())])
    }

    /// Lines as they are, with a button to copy them.
    pub fn code(text: &str) -> Self {
        // Three of these would end the block.
        let text = plain(text).replace('`', " ");
        Self(vec![Span::Ready(format!("```\n{text}\n```"))])
    }

    /// A link, if the address is one that can be pressed without harm; else its label alone.
    pub fn link(label: &str, url: &str) -> Self {
        match address(url) {
            Some(url) => Self(vec![Span::Ready(format!("[{}]({url})", escape(&one_line(label))))]),
            None => Self::plain(label),
        }
    }

    /// After a mark of ours, such as a number.
    pub fn marked(mark: String, text: &str) -> Self {
        Self(vec![Span::Ready(mark), Span::Plain(text.to_owned())])
    }

    /// The same line, and more text after it.
    pub fn and(mut self, text: &str) -> Self {
        self.0.push(Span::Plain(text.to_owned()));
        self
    }

    /// The line in Markdown, and whether all of it was room for.
    pub fn write(&self, max: usize) -> (String, bool) {
        let mut out = String::new();
        for span in &self.0 {
            let room = max - units(&out);
            let written = span.write(room);
            out.push_str(&written);
            if units(&span.write(usize::MAX)) > room {
                return (out, false);
            }
        }
        (out, true)
    }
}

impl Span {
    fn write(&self, max: usize) -> String {
        const STARS: usize = 4;
        match self {
            Self::Plain(text) => cut(text, max, escape),
            Self::Bold(text) if text.is_empty() || max <= STARS => String::new(),
            Self::Bold(text) => format!("**{}**", cut(text, max - STARS, escape)),
            Self::Ready(text) if units(text) > max => String::new(),
            Self::Ready(text) => text.clone(),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An https address in the form that a Markdown link holds.
fn address(url: &str) -> Option<String> {
    const MAX: usize = 512;
    let harmless = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"\\`|".contains(c);
    let usable = url.starts_with("https://") && url.chars().all(harmless) && units(url) <= MAX;
    usable.then(|| url.replace('(', "%28").replace(')', "%29"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_22_catalog_values_are_never_markup() {
        assert_eq!(escape("*a* _b_ ~c~ `d` ||e||"), r"\*a\* \_b\_ \~c\~ \`d\` \|\|e\|\|");
        assert_eq!(escape("> # - [x](y)"), r"\> \# \- \[x\]\(y\)");
        assert_eq!(escape(r"\*"), r"\\\*");
        assert_eq!(escape("Gebühr: 28,80 Euro"), "Gebühr: 28,80 Euro");
    }

    #[test]
    fn fault_23_nobody_can_be_mentioned() {
        assert_eq!(escape("@everyone <@1> <@&2>"), r"\@everyone \<\@1\> \<\@&2\>");
    }

    #[test]
    fn fault_24_an_echoed_address_cannot_be_pressed() {
        assert_eq!(escape("http://boese.example"), r"http\://boese.example");
    }

    #[test]
    fn fault_6_the_direction_of_text_cannot_be_turned() {
        assert_eq!(escape("a\u{202e}b\u{2066}c\u{7}"), "abc");
    }

    #[test]
    fn only_https_addresses_are_links() {
        let link = |url: &str| Line::link("Zum [Amt]", url).write(500).0;
        assert_eq!(link("https://amt.de/a(b)"), r"[Zum \[Amt\]](https://amt.de/a%28b%29)");
        for url in ["http://amt.de", "javascript:alert(1)", "https://amt.de/ x", "https://a<b>"] {
            assert_eq!(link(url), r"Zum \[Amt\]", "{url}");
        }
    }

    #[test]
    fn text_is_cut_between_words_else_between_characters() {
        assert_eq!(cut("eins zwei drei", 12, plain), "eins zwei…");
        assert_eq!(cut("👩‍👩‍👧👩‍👩‍👧", 10, plain), "👩‍👩‍👧…");
        assert_eq!(cut("((((", 5, escape), r"\(\(…");
        assert_eq!(cut("passt", 5, plain), "passt");
        assert_eq!(cut("passt nicht", 0, plain), "");
    }

    #[test]
    fn a_line_that_is_too_long_stays_balanced() {
        let (written, whole) = Line::bold(&"lang ".repeat(50)).and(" und mehr").write(40);
        assert!(!whole);
        assert!(units(&written) <= 40, "{written}");
        assert_eq!(written.matches("**").count(), 2, "{written}");
    }
}
