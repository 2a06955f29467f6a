//! What is said that is no question for a service: small talk, insults, emergencies.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::{
    catalog::{Lexicon, lexicon::TalkKind},
    matching::stopwords,
    text::{Token, fold, tokens},
};

/// The expressions of the lexicon, cut into words and found by their first one.
#[derive(Debug, Default)]
pub struct Talk {
    /// What each entry of the lexicon is.
    kinds: Vec<TalkKind>,
    whole: ByFirstWord,
    contains: ByFirstWord,
    except: ByFirstWord,
    /// Expressions without a letter or digit ("👍"), as they are.
    symbols: Vec<(String, TalkKind)>,
}

/// Patterns (entry they belong to, words) by the word they begin with.
#[derive(Debug, Default)]
struct ByFirstWord(FxHashMap<String, Vec<(usize, Vec<String>)>>);

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What it is.
    pub kind: TalkKind,
    /// Whether the whole message is nothing else.
    pub whole: bool,
}

/// `...` stands for up to so many words in a pattern.
const GAP: usize = 5;

impl Talk {
    /// Prepares the lexicon's talk.
    pub fn build(lexicon: &Lexicon) -> Self {
        let mut talk = Self::default();
        for (at, entry) in lexicon.talk.iter().enumerate() {
            for expression in &entry.whole {
                if tokens(expression).is_empty() && !fold(expression).is_empty() {
                    talk.symbols.push((fold(expression), entry.kind));
                }
            }
            talk.kinds.push(entry.kind);
            talk.whole.add(at, &entry.whole);
            talk.contains.add(at, &entry.contains);
            talk.except.add(at, &entry.except);
        }
        talk
    }

    /// The most urgent danger spoken of.
    pub fn danger(&self, tokens: &[Token]) -> Option<TalkKind> {
        let whole = self.whole.starting_at(tokens, 0).filter(|&(_, end)| end == tokens.len());
        let whole = whole.map(|(entry, _)| entry);
        let contained = self.contained(tokens);
        whole
            .chain(contained)
            .map(|entry| self.kinds[entry])
            .filter(|kind| kind.is_urgent())
            .min_by_key(|kind| urgency(*kind))
    }

    /// Small talk, insults and the like.
    pub fn hear(&self, text: &str, tokens: &[Token]) -> Option<Heard> {
        if tokens.is_empty() {
            let folded = fold(text);
            let symbol = self.symbols.iter().find(|(symbol, _)| folded.contains(symbol.as_str()));
            return symbol.map(|&(_, kind)| Heard { kind, whole: true });
        }
        if let Some(kind) = self.whole_message(tokens) {
            return Some(Heard { kind, whole: true });
        }
        self.contained(tokens)
            .map(|entry| self.kinds[entry])
            .filter(|kind| !kind.is_urgent())
            .max_by_key(|kind| weight(*kind))
            .map(|kind| Heard { kind, whole: false })
    }

    /// The entries of which an expression stands somewhere in the message, and no exception.
    fn contained(&self, tokens: &[Token]) -> impl Iterator<Item = usize> {
        let all = |patterns: &ByFirstWord| -> BTreeSet<usize> {
            let at = 0..tokens.len();
            at.flat_map(|at| patterns.starting_at(tokens, at)).map(|(entry, _)| entry).collect()
        };
        let mut found = all(&self.contains);
        if !found.is_empty() {
            let excepted = all(&self.except);
            found.retain(|entry| !excepted.contains(entry));
        }
        found.into_iter()
    }

    /// The kind of a message that consists of whole expressions and filler only.
    fn whole_message(&self, tokens: &[Token]) -> Option<TalkKind> {
        // best[i]: the weightiest kind with which the first i words can be covered.
        let mut best: Vec<Option<Option<TalkKind>>> = vec![None; tokens.len() + 1];
        best[0] = Some(None);
        for at in 0..tokens.len() {
            let Some(so_far) = best[at] else { continue };
            let filler = stopwords::is_stop(&tokens[at].folded).then_some((at + 1, None));
            let expressions = self
                .whole
                .starting_at(tokens, at)
                .map(|(entry, end)| (end, Some(self.kinds[entry])));
            for (end, kind) in filler.into_iter().chain(expressions) {
                let heavier = so_far.into_iter().chain(kind).max_by_key(|kind| weight(*kind));
                let reached = &mut best[end];
                if reached.is_none_or(|old| heavier.map(weight) > old.map(weight)) {
                    *reached = Some(heavier);
                }
            }
        }
        best[tokens.len()].flatten()
    }
}

impl ByFirstWord {
    fn add(&mut self, entry: usize, expressions: &[String]) {
        for expression in expressions {
            let words = pattern(expression);
            if let Some(first) = words.first() {
                self.0.entry(first.clone()).or_default().push((entry, words));
            }
        }
    }

    /// The patterns that fit at a word: (entry, where it ends).
    fn starting_at<'a>(
        &'a self,
        tokens: &'a [Token],
        at: usize,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let patterns = tokens.get(at).and_then(|token| self.0.get(&token.folded));
        patterns
            .into_iter()
            .flatten()
            .filter_map(move |(entry, words)| Some((*entry, end_of(tokens, at, words)?)))
    }
}

/// Which danger comes first in a message that speaks of several: the one in which minutes count, and
/// before the police those whose notice names them too.
fn urgency(kind: TalkKind) -> u8 {
    match kind {
        TalkKind::Fire => 0,
        TalkKind::Poison => 1,
        TalkKind::Suicide => 2,
        TalkKind::Violence => 3,
        TalkKind::Child => 4,
        TalkKind::Police => 5,
        _ => 6,
    }
}

/// Which kind names a message that holds several ("hallo, kann ich einen menschen sprechen").
fn weight(kind: TalkKind) -> u8 {
    match kind {
        // "Nein danke" and "ja super, danke" are thanks.
        TalkKind::No => 0,
        TalkKind::Greeting => 1,
        TalkKind::Ready => 2,
        TalkKind::Thanks => 3,
        TalkKind::Goodbye => 4,
        TalkKind::Meta => 5,
        TalkKind::Help => 7,
        TalkKind::List => 8,
        TalkKind::Human => 8,
        TalkKind::Abuse => 9,
        TalkKind::Injection => 10,
        _ if kind.is_urgent() => 11,
        // Short wishes about what was spoken of.
        _ => 6,
    }
}

/// The words of an expression; `...` stays as it is.
fn pattern(expression: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (at, part) in expression.split("...").enumerate() {
        if at > 0 && !words.is_empty() {
            words.push("...".to_owned());
        }
        words.extend(tokens(part).into_iter().map(|token| token.folded));
    }
    words
}

/// Where a pattern that begins at a word ends.
fn end_of(tokens: &[Token], at: usize, pattern: &[String]) -> Option<usize> {
    let Some((first, rest)) = pattern.split_first() else { return Some(at) };
    if first == "..." {
        return (at..=tokens.len().min(at + GAP)).find_map(|at| end_of(tokens, at, rest));
    }
    if tokens.get(at)?.folded == *first { end_of(tokens, at + 1, rest) } else { None }
}
