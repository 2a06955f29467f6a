//! What is said that is no question for a service: small talk, insults, emergencies.

use crate::{
    catalog::{Lexicon, lexicon::TalkKind},
    matching::stopwords,
    text::{Token, fold, tokens},
};

/// The expressions of the lexicon, cut into words.
#[derive(Debug, Default)]
pub struct Talk {
    entries: Vec<Entry>,
    /// Expressions without a letter or digit ("👍"), as they are.
    symbols: Vec<(String, TalkKind)>,
}

#[derive(Debug)]
struct Entry {
    kind: TalkKind,
    whole: Vec<Vec<String>>,
    contains: Vec<Vec<String>>,
    except: Vec<Vec<String>>,
}

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What it is.
    pub kind: TalkKind,
    /// Whether the whole message is nothing else.
    pub whole: bool,
}

/// Stands for up to so many words in a pattern.
const GAP: usize = 5;

impl Talk {
    /// Prepares the lexicon's talk.
    pub fn build(lexicon: &Lexicon) -> Self {
        let words = |expressions: &[String]| {
            expressions.iter().map(|e| pattern(e)).filter(|p| !p.is_empty()).collect()
        };
        let mut talk = Self::default();
        for entry in &lexicon.talk {
            for expression in &entry.whole {
                if pattern(expression).is_empty() && !fold(expression).is_empty() {
                    talk.symbols.push((fold(expression), entry.kind));
                }
            }
            talk.entries.push(Entry {
                kind: entry.kind,
                whole: words(&entry.whole),
                contains: words(&entry.contains),
                except: words(&entry.except),
            });
        }
        talk
    }

    /// The most urgent danger spoken of.
    pub fn danger(&self, tokens: &[Token]) -> Option<TalkKind> {
        let urgent = self.entries.iter().filter(|entry| entry.kind.is_urgent());
        urgent.filter(|entry| entry.heard_in(tokens)).map(|entry| entry.kind).min()
    }

    /// Small talk, insults and the like.
    pub fn hear(&self, text: &str, tokens: &[Token]) -> Option<Heard> {
        if tokens.is_empty() {
            let folded = fold(text);
            let symbol = self.symbols.iter().find(|(symbol, _)| folded.contains(symbol.as_str()));
            return symbol.map(|&(_, kind)| Heard { kind, whole: true });
        }
        if let Some(kind) = self.whole(tokens) {
            return Some(Heard { kind, whole: true });
        }
        let calm = self.entries.iter().filter(|entry| !entry.kind.is_urgent());
        calm.filter(|entry| entry.contained_in(tokens))
            .map(|entry| entry.kind)
            .max_by_key(|kind| weight(*kind))
            .map(|kind| Heard { kind, whole: false })
    }

    /// The kind of a message that consists of whole expressions and filler only.
    fn whole(&self, tokens: &[Token]) -> Option<TalkKind> {
        // best[i]: the weightiest kind with which the first i words can be covered.
        let mut best: Vec<Option<Option<TalkKind>>> = vec![None; tokens.len() + 1];
        best[0] = Some(None);
        for at in 0..tokens.len() {
            let Some(so_far) = best[at] else { continue };
            let mut reach = |end: usize, kind: Option<TalkKind>| {
                let heavier = match (so_far, kind) {
                    (Some(a), Some(b)) if weight(a) >= weight(b) => Some(a),
                    (a, None) => a,
                    (_, b) => b,
                };
                let better = match best[end] {
                    None => true,
                    Some(old) => heavier.map(weight) > old.map(weight),
                };
                if better {
                    best[end] = Some(heavier);
                }
            };
            if stopwords::is_stop(&tokens[at].folded) {
                reach(at + 1, None);
            }
            for entry in &self.entries {
                for words in &entry.whole {
                    let run = tokens.get(at..at + words.len());
                    if run.is_some_and(|run| run.iter().map(|t| &t.folded).eq(words)) {
                        reach(at + words.len(), Some(entry.kind));
                    }
                }
            }
        }
        best[tokens.len()].flatten()
    }
}

/// Which kind names a message that holds several ("hallo, kann ich einen menschen sprechen").
fn weight(kind: TalkKind) -> u8 {
    match kind {
        TalkKind::Greeting => 0,
        TalkKind::Thanks => 1,
        TalkKind::Goodbye => 2,
        TalkKind::Meta => 3,
        TalkKind::Help => 4,
        TalkKind::Human => 5,
        TalkKind::Abuse => 6,
        TalkKind::Injection => 7,
        _ => 8,
    }
}

impl Entry {
    fn heard_in(&self, tokens: &[Token]) -> bool {
        let is_all = |words: &Vec<String>| tokens.iter().map(|t| &t.folded).eq(words);
        self.whole.iter().any(is_all) || self.contained_in(tokens)
    }

    fn contained_in(&self, tokens: &[Token]) -> bool {
        let holds = |words: &Vec<String>| (0..tokens.len()).any(|at| matches_at(tokens, at, words));
        self.contains.iter().any(holds) && !self.except.iter().any(holds)
    }
}

fn pattern(expression: &str) -> Vec<String> {
    let parts: Vec<&str> = expression.split("...").collect();
    let mut words = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            words.push("...".to_owned());
        }
        words.extend(tokens(part).into_iter().map(|token| token.folded));
    }
    if words.iter().all(|word| word == "...") { Vec::new() } else { words }
}

fn matches_at(tokens: &[Token], at: usize, pattern: &[String]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return true };
    if first == "..." {
        return (at..=tokens.len().min(at + GAP)).any(|at| matches_at(tokens, at, rest));
    }
    tokens.get(at).is_some_and(|token| token.folded == *first) && matches_at(tokens, at + 1, rest)
}
