//! What people call things in one municipality, found beside the catalog's model.
//!
//! An operator's overlay holds a few dozen entries with some phrases each: too little to train on, and
//! each municipality has its own. So they form a small index of their own, searched by plain likeness.
//! What the operator wrote down word for word is meant.

use rustc_hash::FxHashMap;

use super::{
    Matcher, Query,
    features::Role,
    likeness::{self, Likeness, telling},
    local::LocalMatch,
    vocabulary::Vocabulary,
};
use crate::{
    ids::ServiceId,
    text::{Token, tokens},
};

/// Longest expression that is looked for among other words, in words.
const MAX_MENTIONED: usize = 4;

/// The expressions of an overlay.
#[derive(Debug, Default)]
pub struct OverlayIndex {
    likeness: Likeness,
    /// The service that each entry leads to.
    ids: Vec<ServiceId>,
    /// Expressions without filler, to the entry that has them; to none if several have.
    called: FxHashMap<String, Option<u32>>,
}

impl OverlayIndex {
    /// Takes the expressions of each service apart. What the catalog's index holds (its words, how
    /// rare they are, the shared ideas) is used and not copied.
    pub fn build(said: &[(ServiceId, Vec<String>)], matcher: &Matcher) -> Self {
        let words = likeness::words(said.iter().flat_map(|(_, expressions)| expressions));
        let vocabulary = Vocabulary::beside(words, &matcher.vocabulary);
        let mut index = Self { likeness: Likeness::new(vocabulary), ..Self::default() };
        for (at, (id, expressions)) in (0u32..).zip(said) {
            index.likeness.add(at, expressions, None, matcher);
            for expression in expressions {
                index.add_called(at, &tokens(expression), matcher);
            }
            index.ids.push(id.clone());
        }
        index
    }

    /// Keeps an expression as it is written and as the matcher would put its spaces.
    fn add_called(&mut self, at: u32, words: &[Token], matcher: &Matcher) {
        let roles = vec![Role::default(); words.len()];
        let respaced = matcher.respace(words, &roles).map(|respaced| respaced.tokens);
        for words in [Some(words), respaced.as_deref()].into_iter().flatten() {
            let called = line(words);
            if !called.is_empty() {
                let known = self.called.entry(called).or_insert(Some(at));
                *known = known.filter(|entry| *entry == at);
            }
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether a folded word, in just this form, is in an expression.
    pub fn knows(&self, folded: &str) -> bool {
        self.likeness.knows(folded)
    }

    /// The service of which a message says an expression and, but for filler, place and facets,
    /// nothing else. `typed` are its words before spaces were put right.
    pub fn called(&self, typed: &[Token], query: &Query) -> Option<&ServiceId> {
        if self.is_empty() {
            return None;
        }
        let said = |is_left_out: fn(&Role) -> bool| {
            let words = query.tokens.iter().zip(&query.roles);
            let words = words.filter(|(_, role)| !is_left_out(role));
            telling(words.map(|(token, _)| token.folded.as_str()))
        };
        let ways = [
            line(typed),
            said(|role| *role == Role::Place),
            said(|role| *role == Role::Facet),
            said(|role| *role != Role::Content),
        ];
        let entry = ways.iter().find_map(|said| self.called.get(said))?;
        entry.and_then(|at| self.ids.get(at as usize))
    }

    /// The service of which a message says an expression among other words.
    pub fn mentioned(&self, query: &Query) -> Option<&ServiceId> {
        let words: Vec<&str> = query.content_words().map(|token| token.folded.as_str()).collect();
        let runs =
            (1..=MAX_MENTIONED.min(words.len())).rev().flat_map(|length| words.windows(length));
        let at = runs.filter_map(|run| *self.called.get(&run.join(" "))?).next()?;
        self.ids.get(at as usize)
    }

    /// The services whose expressions are like a question, most like first.
    pub fn find(&self, query: &Query, matcher: &Matcher, at_most: usize) -> Vec<LocalMatch> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut found = self.likeness.find(query, matcher, |_| true);
        found.sort_by(|a, b| b.likeness().total_cmp(&a.likeness()).then(a.entry.cmp(&b.entry)));
        found.truncate(at_most);
        found
            .iter()
            .filter_map(|like| {
                Some(LocalMatch::of(like, self.ids.get(like.entry as usize)?.clone(), None))
            })
            .collect()
    }
}

fn line(words: &[Token]) -> String {
    telling(words.iter().map(|token| token.folded.as_str()))
}
