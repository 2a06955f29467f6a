//! Everything people say of all services, inverted: from a feature to the expressions that hold it.

use rustc_hash::FxHashMap;

use super::{
    features::{Extracted, Key, Kind, extract},
    vocabulary::Vocabulary,
};
use crate::{
    catalog::{Catalog, Service},
    text::{Token, tokens},
};

/// What a question is compared with: one service, or one matter that is not ours.
pub type Class = u16;

/// One expression that stands for a class.
#[derive(Debug)]
pub struct Expression {
    /// The class it stands for.
    pub class: Class,
    /// As the catalog writes it.
    pub text: String,
    /// What it is.
    pub kind: ExpressionKind,
}

/// What an expression is to its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    /// A name.
    Name,
    /// A noun or short expression.
    Synonym,
    /// A whole expression.
    Phrase,
    /// The name of an abolished service.
    Formerly,
    /// The office in charge: all its services share it.
    Authority,
}

impl ExpressionKind {
    /// How much a likeness to such an expression counts.
    fn trust(self) -> f32 {
        match self {
            Self::Name | Self::Formerly => 1.0,
            Self::Synonym => 1.0,
            Self::Phrase => 1.0,
            // "Standesamt" alone should find its services, but only if nothing else does.
            Self::Authority => 0.5,
        }
    }
}

/// All expressions, inverted.
#[derive(Debug)]
pub struct Index {
    /// The expressions, class by class.
    pub expressions: Vec<Expression>,
    /// How many classes are services; the rest are matters that are not ours.
    pub services: usize,
    /// Number of classes in all.
    pub classes: usize,
    features: FxHashMap<Key, u32>,
    rarity: Vec<f32>,
    /// Where each feature's postings begin; one more at the end.
    starts: Vec<u32>,
    postings: Vec<(u32, f32)>,
    /// Rarity given to a word that no expression holds.
    pub unknown_rarity: f32,
}

/// How like a question is to the expressions.
#[derive(Debug, Default)]
pub struct Likeness {
    /// Cosine by expression.
    pub by_expression: Vec<f32>,
    /// The share of the question's words, by rarity, that any expression knows.
    pub coverage: f32,
}

impl Index {
    /// Inverts the expressions of a catalog.
    pub fn build(catalog: &Catalog, vocabulary: &Vocabulary) -> Self {
        let expressions = expressions(catalog);
        let services = catalog.services().len();
        let classes = services + catalog.lexicon.matters.len();
        let vectors: Vec<Extracted> = expressions
            .iter()
            .map(|expression| extract(&tokens(&expression.text), &[], vocabulary, false))
            .collect();

        let mut features: FxHashMap<Key, u32> = FxHashMap::default();
        let mut last_class: Vec<Option<Class>> = Vec::new();
        let mut class_counts: Vec<u32> = Vec::new();
        for (expression, vector) in expressions.iter().zip(&vectors) {
            for feature in &vector.features {
                let next = features.len() as u32;
                let id = *features.entry(feature.key).or_insert(next) as usize;
                if id == last_class.len() {
                    last_class.push(None);
                    class_counts.push(0);
                }
                if last_class[id] != Some(expression.class) {
                    last_class[id] = Some(expression.class);
                    class_counts[id] += 1;
                }
            }
        }
        let rarity: Vec<f32> =
            class_counts.iter().map(|&count| rarity(classes as f32, count as f32)).collect();
        let (starts, postings) = invert(&expressions, &vectors, &features, &rarity);
        let unknown_rarity = self::rarity(classes as f32, 1.0);
        Self { expressions, services, classes, features, rarity, starts, postings, unknown_rarity }
    }

    /// The number of a feature, if any expression holds it.
    pub fn feature(&self, key: Key) -> Option<u32> {
        self.features.get(&key).copied()
    }

    /// How rare a feature is among the classes.
    pub fn rarity(&self, feature: u32) -> f32 {
        self.rarity[feature as usize]
    }

    /// The expressions that hold a feature, with its share in each.
    pub fn postings(&self, feature: u32) -> &[(u32, f32)] {
        let at = feature as usize;
        &self.postings[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Compares a question with all expressions.
    pub fn likeness(&self, question: &Extracted) -> Likeness {
        let mut by_expression = vec![0.0f32; self.expressions.len()];
        let mut weights: Vec<(u32, f32)> = Vec::with_capacity(question.features.len());
        let mut norm = 0.0f32;
        let mut known = 0.0f32;
        let mut all = 0.0f32;
        for feature in &question.features {
            let id = self.feature(feature.key);
            let rarity = id.map_or(self.unknown_rarity, |id| self.rarity(id));
            if feature.kind == Kind::Word {
                all += feature.weight * rarity;
                known += id.map_or(0.0, |_| feature.weight * rarity);
            }
            match id {
                Some(id) => weights.push((id, feature.weight * rarity)),
                // An unknown word makes the whole less like anything; unknown pairs are no news.
                None if matches!(feature.kind, Kind::Word | Kind::Gram) => {
                    norm += (feature.weight * rarity).powi(2) * UNKNOWN_SHARE;
                }
                None => {}
            }
        }
        merge(&mut weights);
        norm += weights.iter().map(|(_, weight)| weight * weight).sum::<f32>();
        let norm = norm.sqrt().max(f32::MIN_POSITIVE);
        for (id, weight) in weights {
            let share = weight / norm;
            for &(expression, value) in self.postings(id) {
                by_expression[expression as usize] += share * value;
            }
        }
        let coverage = if all > 0.0 { known / all } else { 0.0 };
        Likeness { by_expression, coverage }
    }
}

/// How much an unknown word or letter run dampens the likeness.
const UNKNOWN_SHARE: f32 = 0.4;

fn rarity(classes: f32, count: f32) -> f32 {
    (1.0 + classes / count).ln()
}

/// Adds up equal features; sorted by number, so that sums come out the same on every machine.
fn merge(weights: &mut Vec<(u32, f32)>) {
    weights.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    weights.dedup_by(|b, a| {
        let same = a.0 == b.0;
        if same {
            a.1 = a.1.max(b.1);
        }
        same
    });
}

fn invert(
    expressions: &[Expression],
    vectors: &[Extracted],
    features: &FxHashMap<Key, u32>,
    rarity: &[f32],
) -> (Vec<u32>, Vec<(u32, f32)>) {
    let mut by_feature: Vec<Vec<(u32, f32)>> = vec![Vec::new(); features.len()];
    for (at, (expression, vector)) in expressions.iter().zip(vectors).enumerate() {
        let mut weights: Vec<(u32, f32)> = vector
            .features
            .iter()
            .map(|feature| {
                let id = features[&feature.key];
                (id, feature.weight * rarity[id as usize])
            })
            .collect();
        merge(&mut weights);
        let norm = weights.iter().map(|(_, w)| w * w).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let trust = expression.kind.trust();
        for (id, weight) in weights {
            by_feature[id as usize].push((at as u32, trust * weight / norm));
        }
    }
    let mut starts = Vec::with_capacity(by_feature.len() + 1);
    let mut postings = Vec::new();
    for list in by_feature {
        starts.push(postings.len() as u32);
        postings.extend(list);
    }
    starts.push(postings.len() as u32);
    (starts, postings)
}

/// All expressions of a catalog, class by class: services in order of their ids, then matters.
fn expressions(catalog: &Catalog) -> Vec<Expression> {
    let mut out = Vec::new();
    for (class, service) in catalog.services().iter().enumerate() {
        let mut seen = std::collections::HashSet::new();
        for (kind, text) in said_of(service) {
            if seen.insert(crate::text::fold(text)) {
                out.push(Expression { class: class as Class, text: text.to_owned(), kind });
            }
        }
    }
    let services = catalog.services().len();
    for (at, matter) in catalog.lexicon.matters.iter().enumerate() {
        for phrase in &matter.phrases {
            let class = (services + at) as Class;
            out.push(Expression { class, text: phrase.clone(), kind: ExpressionKind::Phrase });
        }
    }
    out
}

/// Everything that is said of one service, in all languages.
pub fn said_of(service: &Service) -> impl Iterator<Item = (ExpressionKind, &str)> {
    let names = service.name.values().flat_map(|name| {
        [
            (ExpressionKind::Name, name.plain.as_str()),
            (ExpressionKind::Name, name.official.as_str()),
        ]
    });
    let says = service.says.values().flat_map(|says| {
        let synonyms = says.synonyms.iter().map(|s| (ExpressionKind::Synonym, s.as_str()));
        let phrases = says.phrases.iter().map(|p| (ExpressionKind::Phrase, p.as_str()));
        let formerly = says.formerly.iter().map(|f| (ExpressionKind::Formerly, f.name.as_str()));
        synonyms.chain(phrases).chain(formerly)
    });
    let collected = service
        .collected
        .iter()
        .flat_map(|(_, phrases)| phrases.iter().map(|p| (ExpressionKind::Phrase, p.as_str())));
    let authority = [(ExpressionKind::Authority, service.authority.as_str())];
    names.chain(says).chain(collected).chain(authority)
}

/// The folded words of everything said, with the number of services that use each.
pub fn words(catalog: &Catalog) -> Vec<(String, u32)> {
    let mut uses: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for service in catalog.services() {
        let mut words: Vec<String> = said_of(service)
            .flat_map(|(_, text)| tokens(text))
            .map(|token: Token| token.folded)
            .collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            *uses.entry(word).or_default() += 1;
        }
    }
    uses.into_iter().collect()
}
