//! The ground floor: how text is made comparable, whoever typed it on whatever keyboard.
//!
//! [`normalize`] removes what cannot be seen, [`fold`] what does not matter (case, umlaut
//! spelling, accents), [`tokens`] cuts into words. German grammar is in [`german`], likeness of whole texts in [`similarity`].

pub mod dates;
pub mod german;
pub mod personal;
pub mod similarity;

use unicode_normalization::{UnicodeNormalization, char::decompose_canonical};

/// Composes characters (NFKC) and removes what cannot be seen: zero-width characters, soft
/// hyphens, bidirectional controls, control characters. White space becomes single spaces; line
/// breaks are kept as `\n`, since they end a clause.
pub fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.chars().all(is_composed) {
        text.chars().for_each(|c| normalize_char(c, &mut out));
    } else {
        text.nfkc().for_each(|c| normalize_char(c, &mut out));
    }
    out.truncate(out.trim_end().len());
    out
}

/// What German is mostly written with: composition leaves it as it is.
fn is_composed(c: char) -> bool {
    c.is_ascii() || matches!(c, 'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' | 'ß' | 'é')
}

fn normalize_char(c: char, out: &mut String) {
    if c.is_ascii_graphic() {
        out.push(c);
    } else if c == '\n' || c == '\r' {
        while out.ends_with(' ') {
            out.pop();
        }
        if !out.ends_with('\n') && !out.is_empty() {
            out.push('\n');
        }
    } else if c.is_whitespace() || (c.is_control() && c != '\0') {
        if !out.ends_with([' ', '\n']) && !out.is_empty() {
            out.push(' ');
        }
    } else if !is_invisible(c) {
        out.push(c);
    }
}

/// Characters that have no picture and no meaning for matching.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Lower case, `ä` as `ae`, `ß` as `ss`, accents dropped, invisible characters removed: two
/// spellings of one word become the same text. Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in normalize(text).chars() {
        // A lone accent decomposes into a space and a mark: no second space, none at an end.
        if c != ' ' || !(out.is_empty() || out.ends_with([' ', '\n'])) {
            fold_char(c, &mut out);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn fold_char(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase() {
        if !fold_letter(c, out) {
            // Without its marks a letter may be one of those above: "ǽ" is "æ" with an accent.
            decompose_canonical(c, |part| {
                if !unicode_normalization::char::is_combining_mark(part) && !fold_letter(part, out)
                {
                    out.push(part);
                }
            });
        }
    }
}

/// Letters that are spelt with others; whether the letter is one of them.
fn fold_letter(c: char, out: &mut String) -> bool {
    let spelt = match c {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ı' => "i",
        'þ' => "th",
        '’' | '‘' | '´' => "'",
        _ => return false,
    };
    out.push_str(spelt);
    true
}

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The word, folded.
    pub folded: String,
    /// The word as typed, normalized.
    pub typed: String,
    /// Whether it was written with a capital first letter.
    pub capital: bool,
    /// Whether a clause ends after it (`.`, `,`, `?`, a line break ...).
    pub ends_clause: bool,
}

/// A word of a text, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Spoken<'a> {
    /// The word, folded.
    pub folded: &'a str,
    /// The word as typed, normalized.
    pub typed: &'a str,
    /// Whether a clause ends after it.
    pub ends_clause: bool,
}

impl<'a> From<&'a Token> for Spoken<'a> {
    fn from(token: &'a Token) -> Self {
        Self { folded: &token.folded, typed: &token.typed, ends_clause: token.ends_clause }
    }
}

/// Cuts a text into words: runs of letters and digits. A hyphen, dot or apostrophe separates.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for_each_word(text, |cut| match cut {
        Cut::Word(typed) => {
            let mut folded = String::with_capacity(typed.len() + 2);
            typed.chars().for_each(|c| fold_char(c, &mut folded));
            let capital = typed.chars().next().is_some_and(char::is_uppercase);
            if !folded.is_empty() {
                tokens.push(Token { folded, typed: typed.to_owned(), capital, ends_clause: false });
            }
        }
        Cut::ClauseEnd => {
            if let Some(last) = tokens.last_mut() {
                last.ends_clause = true;
            }
        }
    });
    tokens
}

/// Calls back with each folded word of a text and whether a clause ends after it: what [`tokens`]
/// gives, for texts of which nothing else is needed.
pub fn for_each_folded(text: &str, mut each: impl FnMut(&str, bool)) {
    // A word is known to be the last of its clause only at the next cut.
    let (mut last, mut next) = (String::new(), String::new());
    for_each_word(text, |cut| match cut {
        Cut::Word(typed) => {
            next.clear();
            typed.chars().for_each(|c| fold_char(c, &mut next));
            if !next.is_empty() {
                if !last.is_empty() {
                    each(&last, false);
                }
                std::mem::swap(&mut last, &mut next);
            }
        }
        Cut::ClauseEnd => {
            if !last.is_empty() {
                each(&last, true);
                last.clear();
            }
        }
    });
    if !last.is_empty() {
        each(&last, false);
    }
}

/// Where a text is cut.
enum Cut<'a> {
    /// A word, normalized.
    Word(&'a str),
    /// A clause ends.
    ClauseEnd,
}

fn for_each_word(text: &str, mut each: impl FnMut(Cut<'_>)) {
    let text = normalize(text);
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() || !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
        {
            start = start.or(Some(at));
            continue;
        }
        if let Some(start) = start.take() {
            each(Cut::Word(&text[start..at]));
        }
        if matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\n' | '–' | '—') {
            each(Cut::ClauseEnd);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fault_13_and_14_spellings_of_one_word_fold_alike() {
        for text in ["Führerschein", "FÜHRERSCHEIN", "fuehrerschein", "Fu\u{308}hrerschein"] {
            assert_eq!(fold(text), "fuehrerschein");
        }
        assert_eq!(fold("STRAẞE"), "strasse");
        assert_eq!(fold("ＫＦＺ"), "kfz");
        assert_eq!(fold("Geneﬁt"), "genefit");
        assert_eq!(fold("Ǽ"), "ae", "found by chance by the property below");
        assert_eq!(fold("İstanbul ıslak"), "istanbul islak");
    }

    #[test]
    fn fault_4_5_6_10_invisible_characters_do_not_matter() {
        assert_eq!(fold("Personal\u{200b}aus\u{ad}weis"), "personalausweis");
        assert_eq!(fold("\u{202e}Reise\u{2060}pass\u{feff}"), "reisepass");
        assert_eq!(fold("Hund\u{a0}anmelden"), "hund anmelden");
        assert_eq!(fold("a\0b\u{7}c"), "ab c");
        assert_eq!(fold("\u{200b}\u{feff}  \u{2060}"), "");
    }

    #[test]
    fn words_keep_their_capital_and_the_end_of_their_clause() {
        let tokens = tokens("Ich melde mich ab, wegen Essen-West.");
        let words: Vec<_> = tokens.iter().map(|t| t.folded.as_str()).collect();
        assert_eq!(words, ["ich", "melde", "mich", "ab", "wegen", "essen", "west"]);
        assert!(tokens[3].ends_clause && tokens[6].ends_clause && !tokens[1].ends_clause);
        assert!(tokens[5].capital && !tokens[1].capital);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn folded_words_are_those_of_the_tokens(text in any::<String>()) {
            let mut folded = Vec::new();
            for_each_folded(&text, |word, ends| folded.push((word.to_owned(), ends)));
            let tokens: Vec<_> =
                tokens(&text).into_iter().map(|token| (token.folded, token.ends_clause)).collect();
            prop_assert_eq!(folded, tokens);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            for token in tokens(&text) {
                let _ = german::stem(&german::skeleton(&token.folded));
            }
        }
    }
}
