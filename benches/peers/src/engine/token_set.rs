//! The token-set ratio of RapidFuzz: how alike two texts are whatever the order and number of
//! their words.
//!
//! The Rust crate has no such function, so it is written here on top of the crate's `ratio`, as
//! RapidFuzz for Python defines it: of the words that both have and of those that only one has,
//! the best ratio among *common*, *common and first's own*, *common and second's own*.

use anyhow::Result;
use rapidfuzz::fuzz::ratio;

use super::{Engine, best_services, words};
use crate::texts::Text;

/// Token-set ratio over all texts.
pub struct TokenSet {
    texts: Vec<(usize, Vec<String>)>,
}

impl TokenSet {
    /// Keeps the sorted words of the texts.
    pub fn new(texts: &[Text]) -> Self {
        Self { texts: texts.iter().map(|text| (text.service, word_set(&text.text))).collect() }
    }
}

impl Engine for TokenSet {
    fn name(&self) -> String {
        "token-set ratio on rapidfuzz".to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let question = word_set(question);
        let scored = self.texts.iter().map(|(service, words)| {
            // A text whose words are all in the question is as alike as can be, however short: of
            // those the longest is the best.
            (*service, token_set_ratio(&question, words), words.len() as f64)
        });
        Ok(best_services(scored, k))
    }
}

fn word_set(text: &str) -> Vec<String> {
    let mut words = words(text);
    words.sort_unstable();
    words.dedup();
    words
}

/// Likeness of two sorted sets of words, 0 to 1.
fn token_set_ratio(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let is_in = |set: &[String], word: &String| set.binary_search(word).is_ok();
    let common: Vec<&str> = a.iter().filter(|word| is_in(b, word)).map(String::as_str).collect();
    let own = |set: &[String], other: &[String]| {
        let own: Vec<&str> =
            set.iter().filter(|word| !is_in(other, word)).map(String::as_str).collect();
        own.join(" ")
    };
    let (own_a, own_b) = (own(a, b), own(b, a));
    if common.is_empty() {
        return ratio(own_a.chars(), own_b.chars());
    }
    if own_a.is_empty() || own_b.is_empty() {
        return 1.0;
    }
    let common = common.join(" ");
    let with = |own: &str| format!("{common} {own}");
    let whole = ratio(with(&own_a).chars(), with(&own_b).chars());
    // Of two texts of which one begins with the other, the ratio follows from their lengths.
    let prefix = |own: &str| {
        let short = common.chars().count() as f64;
        let long = short + 1.0 + own.chars().count() as f64;
        2.0 * short / (short + long)
    };
    whole.max(prefix(&own_a)).max(prefix(&own_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_rapidfuzz() {
        // Examples from RapidFuzz's documentation and tests.
        for (a, b, expected) in [
            ("fuzzy was a bear but not a dog", "fuzzy was a bear", 1.0),
            ("new york mets", "new york mets", 1.0),
            ("fuzzy was a bear", "fuzzy fuzzy was a bear", 1.0),
            ("abc", "xyz", 0.0),
        ] {
            let found = token_set_ratio(&word_set(a), &word_set(b));
            assert!((found - expected).abs() < 1e-9, "{a} / {b}: {found}");
        }
        let lengths = token_set_ratio(&word_set("ab cd"), &word_set("ab xy"));
        assert!((lengths - 0.6).abs() < 1e-9, "{lengths}");
    }
}
