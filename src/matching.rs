//! What is meant: from a citizen's words to a ranking of services.
//!
//! Pure and deterministic. A text is cut into words ([`crate::text`]); words that name a place are
//! masked, words that ask for a facet are weakened ([`facets`]); what remains becomes features
//! ([`features`]: stems, word pairs, letter runs of a spelling skeleton, parts of compounds, shared
//! ideas) and is scored by a linear model ([`model`]) over everything people say of each service ([`index`]). The scores
//! become a [`Ranking`] with a calibrated confidence ([`ranking`]).

pub(crate) mod cores;
pub mod expressions;
pub mod facets;
pub mod features;
pub mod hash;
pub mod index;
mod likeness;
pub mod local;
pub mod model;
pub mod overlay;
pub mod ranking;
mod spacing;
pub mod stopwords;
pub mod vocabulary;

use std::sync::Arc;

use self::{
    expressions::Expressions,
    facets::Facets,
    features::{Correction, Extracted, Role, extract},
    index::Index,
    model::Model,
    vocabulary::Vocabulary,
};
pub use self::{
    ranking::{Match, Ranking},
    spacing::Respaced,
};
use crate::{catalog::Catalog, message::Facet, text::Token};

/// A question, understood as far as words go.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its words.
    pub tokens: Vec<Token>,
    /// How each word is read.
    pub roles: Vec<Role>,
    /// What is asked of the service.
    pub facets: Vec<Facet>,
    /// Misspelt words and how they were read.
    pub corrections: Vec<Correction>,
    extracted: Extracted,
}

/// A part of a message.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Its words.
    pub tokens: Vec<Token>,
    /// Which of them name a place.
    pub roles: Vec<Role>,
}

/// "Außerdem", "dann noch".
fn is_more(token: &Token) -> bool {
    matches!(
        token.folded.as_str(),
        "ausserdem"
            | "dann"
            | "danach"
            | "noch"
            | "auch"
            | "zusaetzlich"
            | "zweitens"
            | "weiterhin"
            | "gleichzeitig"
            | "ebenfalls"
            | "nebenbei"
            | "gleich"
            | "anderen"
            | "drittens"
    )
}

/// What is done already, or a reason: no need of its own.
fn is_background(token: &Token) -> bool {
    matches!(
        token.folded.as_str(),
        "schon" | "bereits" | "erledigt" | "gemacht" | "obwohl" | "weil" | "laut" | "inzwischen"
    )
}

/// Words of a clause in which it says that it adds something.
const NEAR_BEGINNING: usize = 4;

/// A longer message is a story, whose clauses mostly tell why.
const MAX_SPLIT: usize = 40;
/// Joints of a message at which it is cut in two.
const MAX_JOINTS: usize = 4;

fn is_and(token: &Token) -> bool {
    matches!(token.folded.as_str(), "und" | "sowie" | "ausserdem" | "plus")
}

impl Query {
    /// Whether any word is left to find a service by.
    pub fn has_content(&self) -> bool {
        self.tokens
            .iter()
            .zip(&self.roles)
            .any(|(token, role)| *role == Role::Content && !stopwords::is_stop(&token.folded))
    }

    /// The ways to cut a message into parts that may each want something: at all of "und", "sowie"
    /// and ends of clauses, at one of them ("auto abmelden und wohnsitz ummelden"), and into the
    /// whole with each one of two things that share a verb ("Ausweis und Führerschein gestohlen").
    pub fn splits(&self) -> Vec<Vec<Part>> {
        if self.tokens.len() > MAX_SPLIT {
            return Vec::new();
        }
        let joints: Vec<usize> = (1..self.tokens.len()).filter(|at| self.is_joint(*at)).collect();
        let mut splits = Vec::new();
        if joints.len() > 1 {
            splits.push(self.cut(&joints));
        }
        splits.extend(joints.iter().take(MAX_JOINTS).map(|joint| self.cut(&[*joint])));
        splits.extend(self.conjuncts());
        let has_content = |part: &Part| {
            let mut words = part.tokens.iter().zip(&part.roles);
            words.any(|(token, role)| *role == Role::Content && !stopwords::is_stop(&token.folded))
        };
        let is_need = |part: &Part| has_content(part) && !part.tokens.iter().any(is_background);
        splits.retain(|parts| parts.len() > 1 && parts.iter().all(is_need));
        splits
    }

    /// Whether something more may be wanted from a word on: after "und", or where a clause begins
    /// that says so ("... . Dann brauche ich noch ..."). Other clauses mostly tell why.
    fn is_joint(&self, at: usize) -> bool {
        let more = || {
            let end = self.tokens.len().min(at + NEAR_BEGINNING);
            self.tokens[at..end].iter().any(is_more)
        };
        is_and(&self.tokens[at]) || self.tokens[at - 1].ends_clause && more()
    }

    fn cut(&self, joints: &[usize]) -> Vec<Part> {
        let mut parts = vec![Part::default()];
        for (at, token) in self.tokens.iter().enumerate() {
            if joints.contains(&at) {
                parts.push(Part::default());
                if is_and(token) {
                    continue;
                }
            }
            if let Some(part) = parts.last_mut() {
                self.copy(at, part);
            }
        }
        parts
    }

    /// For the first "und" between two things: the message without the one, and without the other.
    fn conjuncts(&self) -> Option<Vec<Part>> {
        let is_thing = |at: &usize| {
            self.roles[*at] == Role::Content && !stopwords::is_stop(&self.tokens[*at].folded)
        };
        let and = self.tokens.iter().position(is_and)?;
        let before = (0..and).rev().find(is_thing)?;
        let after = (and + 1..self.tokens.len()).find(is_thing)?;
        let without = |left_out: std::ops::Range<usize>| {
            let mut part = Part::default();
            let kept = (0..self.tokens.len()).filter(|at| *at != and && !left_out.contains(at));
            kept.for_each(|at| self.copy(at, &mut part));
            part
        };
        Some(vec![without(and..after + 1), without(before..and + 1)])
    }

    fn copy(&self, at: usize, part: &mut Part) {
        part.tokens.push(self.tokens[at].clone());
        let role = self.roles[at];
        part.roles.push(if role.is_left_out() { role } else { Role::Content });
    }

    /// [`Self::content_words`] as they are read.
    pub fn read_words(&self) -> Vec<&str> {
        let read = |token: &Token| {
            let correction = self.corrections.iter().find(|c| c.typed == token.typed);
            correction.map(|correction| correction.read.as_str())
        };
        self.content_words()
            .map(|token| read(token).unwrap_or(&token.folded))
            .filter(|word| !stopwords::is_stop(word))
            .collect()
    }

    /// Words that are neither masked nor filler nor asking for a facet.
    pub fn content_words(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().zip(&self.roles).filter_map(|(token, role)| {
            (*role == Role::Content && !stopwords::is_stop(&token.folded)).then_some(token)
        })
    }
}

/// Finds services by what people say of them. Built from a catalog, then immutable.
#[derive(Debug)]
pub struct Matcher {
    facets: Facets,
    vocabulary: Arc<Vocabulary>,
    index: Index,
    model: Model,
    priorities: Vec<u8>,
    sensitive: Vec<bool>,
    nonsense: Vec<bool>,
    concept_names: Vec<String>,
}

impl Matcher {
    /// Builds the index over a catalog.
    pub fn build(catalog: &Catalog) -> Self {
        let expressions = Expressions::collect(catalog);
        let vocabulary = Vocabulary::build(expressions.words_of_services(), &catalog.lexicon);
        let vocabulary = Arc::new(vocabulary);
        let index = Index::build(expressions, &vocabulary);
        let model = Model::train(&index);
        let priorities = catalog.services().iter().map(|service| service.priority).collect();
        let sensitive = catalog.services().iter().map(|service| service.sensitive).collect();
        let nonsense = catalog.lexicon.matters.iter().map(|matter| matter.nonsense).collect();
        let concept_names = catalog.lexicon.concepts.iter().map(|c| c.id.clone()).collect();
        let facets = Facets::default();
        Self { facets, vocabulary, index, model, priorities, sensitive, nonsense, concept_names }
    }

    /// Puts missing and needless spaces right, in words that `roles` does not mask.
    pub fn respace(&self, tokens: &[Token], roles: &[Role]) -> Option<Respaced> {
        spacing::respace(tokens, roles, &self.vocabulary)
    }

    /// Reads a text whose words named places (or nothing) already.
    pub fn understand(&self, tokens: Vec<Token>, mut roles: Vec<Role>) -> Query {
        roles.resize(tokens.len(), Role::Content);
        for (token, role) in tokens.iter().zip(&mut roles) {
            // A bare number is a date, a postcode or an amount, and names no service.
            if *role == Role::Content && is_bare_number(&token.folded) {
                *role = Role::Masked;
            }
        }
        let facets = self.facets.recognize(&tokens, &mut roles);
        let extracted = extract(&tokens, &roles, &self.vocabulary);
        let corrections = extracted.corrections.clone();
        Query { tokens, roles, facets, corrections, extracted }
    }

    /// What a question speaks for each of some services, by their positions in the catalog.
    pub fn scores(&self, query: &Query, services: &[usize]) -> Vec<f32> {
        let scores = self.model.scores(&self.index.vector(&query.extracted));
        services.iter().map(|at| scores[*at]).collect()
    }

    /// Ranks the services.
    pub fn rank(&self, query: &Query) -> Ranking {
        ranking::rank(self, query)
    }
}

/// "2026", "19", but not "115" (a telephone number people ask for) or "16" in "unter 16".
fn is_bare_number(folded: &str) -> bool {
    folded.len() >= 4 && folded.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::CatalogFiles, text::tokens};

    #[test]
    fn the_number_of_cores_does_not_matter() {
        // Few services, but more expressions than a batch of steps holds.
        let whole = Catalog::load(&CatalogFiles::embedded()).expect("the shipped catalog loads");
        let services = whole.services().iter().take(12).cloned().collect();
        let catalog = Catalog::new(services, crate::catalog::Lexicon::default());
        let rankings = [1, 2, 3, 7].map(|cores| {
            cores::PRETENDED.set(Some(cores));
            let matcher = Matcher::build(&catalog);
            assert!(matcher.expressions() > 1_000);
            ["abschleppen", "wo ist mein auto", "adoption", "ich suche ein amt"]
                .map(|text| matcher.rank(&matcher.understand(tokens(text), Vec::new())))
        });
        cores::PRETENDED.set(None);
        for other in &rankings[1..] {
            assert_eq!(&rankings[0], other);
        }
    }
}
