//! Everything people say of all services, as vectors of features.

use rustc_hash::FxHashMap;

use super::{
    features::{Extracted, Key, Kind, WordCache, extract_expression},
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

/// All expressions of a catalog as vectors of features.
#[derive(Debug)]
pub struct Index {
    /// The expressions, class by class.
    pub expressions: Vec<Expression>,
    /// How many classes are services; the rest are matters that are not ours.
    pub services: usize,
    /// Number of classes in all.
    pub classes: usize,
    /// Rarity given to a word that no expression holds.
    pub unknown_rarity: f32,
    /// Names and synonyms without filler, to the classes they stand for.
    named: FxHashMap<String, Vec<Class>>,
    features: FxHashMap<Key, u32>,
    rarity: Vec<f32>,
    /// Where each expression's features begin; one more at the end.
    starts: Vec<u32>,
    /// Feature and its share in the expression, sorted by feature; each expression has length 1.
    values: Vec<(u32, f32)>,
}

/// A question as a vector of features, of length 1.
#[derive(Debug, Clone, Default)]
pub struct Vector {
    /// Feature and its share, sorted by feature.
    pub values: Vec<(u32, f32)>,
    /// The share of the question's words, by rarity, that any expression knows.
    pub coverage: f32,
}

impl Index {
    /// Takes the expressions of a catalog apart.
    pub fn build(catalog: &Catalog, vocabulary: &Vocabulary) -> Self {
        let expressions = expressions(catalog);
        let services = catalog.services().len();
        let classes = services + catalog.lexicon.matters.len();
        let parts = extract_all(&expressions, vocabulary);
        let counted = count_features(&expressions, &parts, classes);
        let mut features = FxHashMap::default();
        let mut rarity = Vec::new();
        // From the number a feature was counted under to its number in the index.
        let numbers: Vec<Option<u32>> = counted
            .features
            .iter()
            .map(|seen| {
                seen.is_telling(classes).then(|| {
                    let id = rarity.len() as u32;
                    features.insert(seen.key, id);
                    rarity.push(self::rarity(classes as f32, seen.classes as f32));
                    id
                })
            })
            .collect();
        let vectors = |part: &Part, counted_as: &[u32]| -> Vec<Vec<(u32, f32)>> {
            let vector = |expression: &[(u32, f32)]| {
                let weighted = expression.iter().filter_map(|&(local, weight)| {
                    let id = numbers[counted_as[local as usize] as usize]?;
                    Some((id, weight * rarity[id as usize]))
                });
                let mut vector: Vec<(u32, f32)> = weighted.collect();
                vector.sort_unstable_by_key(|(id, _)| *id);
                scale_to_one(&mut vector, 0.0);
                vector
            };
            part.expressions().map(vector).collect()
        };
        let mut starts = vec![0];
        let mut values = Vec::new();
        std::thread::scope(|scope| {
            let parts: Vec<_> = parts
                .iter()
                .zip(&counted.numbers)
                .map(|(part, counted_as)| scope.spawn(|| vectors(part, counted_as)))
                .collect();
            for part in parts {
                for vector in part.join().expect("weighing does not panic") {
                    values.extend(vector);
                    starts.push(values.len() as u32);
                }
            }
        });
        let unknown_rarity = self::rarity(classes as f32, 1.0);
        let named = names(&expressions);
        Self {
            named,
            expressions,
            services,
            classes,
            unknown_rarity,
            features,
            rarity,
            starts,
            values,
        }
    }

    /// The number of a feature, if any expression holds it.
    pub fn feature(&self, key: Key) -> Option<u32> {
        self.features.get(&key).copied()
    }

    /// How many features there are.
    pub fn features(&self) -> usize {
        self.rarity.len()
    }

    /// How rare a feature is among the classes.
    pub fn rarity(&self, feature: u32) -> f32 {
        self.rarity[feature as usize]
    }

    /// The features of an expression.
    pub fn values(&self, expression: usize) -> &[(u32, f32)] {
        &self.values[self.starts[expression] as usize..self.starts[expression + 1] as usize]
    }

    /// Whether words (folded, without filler) are a name or synonym of a class.
    pub fn is_name(&self, words: &str, class: Class) -> bool {
        self.named.get(words).is_some_and(|classes| classes.contains(&class))
    }

    /// The expressions of a class.
    pub fn of_class(&self, class: Class) -> std::ops::Range<usize> {
        let start = self.expressions.partition_point(|e| e.class < class);
        let end = self.expressions.partition_point(|e| e.class <= class);
        start..end
    }

    /// A question as a vector.
    pub fn vector(&self, question: &Extracted) -> Vector {
        let mut values: Vec<(u32, f32)> = Vec::with_capacity(question.features.len());
        let (mut unknown, mut known_words, mut all_words) = (0.0f32, 0.0f32, 0.0f32);
        for feature in &question.features {
            let id = self.feature(feature.key);
            let rarity = id.map_or(self.unknown_rarity, |id| self.rarity(id));
            let weight = feature.weight * rarity;
            if feature.kind == Kind::Word {
                all_words += weight;
                known_words += id.map_or(0.0, |_| weight);
            }
            match id {
                Some(id) => values.push((id, weight)),
                // An unknown word makes the whole less like anything; unknown pairs are no news.
                None if feature.kind == Kind::Word => unknown += weight * weight,
                None => {}
            }
        }
        merge(&mut values);
        scale_to_one(&mut values, unknown);
        let coverage = if all_words > 0.0 { known_words / all_words } else { 0.0 };
        Vector { values, coverage }
    }

    /// The expression of a class that a question is nearest to, and the cosine between them.
    pub fn nearest(&self, question: &Vector, class: Class) -> (u32, f32) {
        let mut best = (0, -1.0);
        for expression in self.of_class(class) {
            let cosine = product(&question.values, self.values(expression));
            if cosine > best.1 {
                best = (expression as u32, cosine);
            }
        }
        best
    }
}

/// The product of two vectors, both sorted by feature.
fn product(mut a: &[(u32, f32)], mut b: &[(u32, f32)]) -> f32 {
    let mut sum = 0.0;
    while let ([(x, v), rest_a @ ..], [(y, w), rest_b @ ..]) = (a, b) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => a = rest_a,
            std::cmp::Ordering::Greater => b = rest_b,
            std::cmp::Ordering::Equal => {
                sum += v * w;
                (a, b) = (rest_a, rest_b);
            }
        }
    }
    sum
}

fn names(expressions: &[Expression]) -> FxHashMap<String, Vec<Class>> {
    let mut names: FxHashMap<String, Vec<Class>> = FxHashMap::default();
    for expression in expressions {
        if matches!(expression.kind, ExpressionKind::Name | ExpressionKind::Synonym) {
            let words: Vec<String> = tokens(&expression.text)
                .into_iter()
                .map(|token| token.folded)
                .filter(|word| !super::stopwords::is_stop(word))
                .collect();
            names.entry(words.join(" ")).or_default().push(expression.class);
        }
    }
    names
}

fn rarity(classes: f32, count: f32) -> f32 {
    (1.0 + classes / count).ln()
}

/// The features of some neighbouring expressions, numbered in the order in which they appear.
struct Part {
    keys: Vec<Key>,
    /// Whether each is a run of letters or a pair of words.
    loose: Vec<bool>,
    starts: Vec<usize>,
    values: Vec<(u32, f32)>,
}

impl Part {
    fn extract(expressions: &[Expression], vocabulary: &Vocabulary) -> Self {
        let mut part =
            Self { keys: Vec::new(), loose: Vec::new(), starts: vec![0], values: Vec::new() };
        let mut numbers: FxHashMap<Key, u32> = FxHashMap::default();
        let mut cache = WordCache::default();
        let mut vector: Vec<(u32, f32)> = Vec::new();
        for expression in expressions {
            let extracted = extract_expression(&tokens(&expression.text), vocabulary, &mut cache);
            vector.clear();
            for feature in &extracted.features {
                let number = *numbers.entry(feature.key).or_insert_with(|| {
                    part.keys.push(feature.key);
                    part.loose.push(matches!(feature.kind, Kind::Gram | Kind::Pair));
                    part.keys.len() as u32 - 1
                });
                vector.push((number, feature.weight));
            }
            merge(&mut vector);
            part.values.extend_from_slice(&vector);
            part.starts.push(part.values.len());
        }
        part
    }

    fn expressions(&self) -> impl Iterator<Item = &[(u32, f32)]> {
        self.starts.windows(2).map(|bounds| &self.values[bounds[0]..bounds[1]])
    }
}

/// The features of all expressions, on all cores; the parts are in the order of the expressions.
fn extract_all(expressions: &[Expression], vocabulary: &Vocabulary) -> Vec<Part> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = expressions.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = expressions
            .chunks(share)
            .map(|part| scope.spawn(move || Part::extract(part, vocabulary)))
            .collect();
        parts.into_iter().map(|part| part.join().expect("extraction does not panic")).collect()
    })
}

/// How often a feature was seen.
struct Seen {
    key: Key,
    loose: bool,
    expressions: u32,
    classes: u32,
    last_class: Class,
}

impl Seen {
    /// A run of letters or pair of words of a single expression teaches nothing about others, one
    /// of very many classes tells nothing apart.
    fn is_telling(&self, classes: usize) -> bool {
        let everywhere = self.classes as usize > classes / COMMON;
        !(self.loose && (self.expressions == 1 || everywhere))
    }
}

/// All features in the order in which they appear, whatever the parts, and for each part under
/// which number each of its features was counted.
struct Counted {
    features: Vec<Seen>,
    numbers: Vec<Vec<u32>>,
}

fn count_features(expressions: &[Expression], parts: &[Part], classes: usize) -> Counted {
    const NEW: u32 = u32::MAX;
    let mut counted = Counted { features: Vec::new(), numbers: Vec::new() };
    let mut by_key: FxHashMap<Key, u32> = FxHashMap::default();
    let mut expressions = expressions.iter();
    for part in parts {
        let mut numbers = vec![NEW; part.keys.len()];
        for values in part.expressions() {
            let class = expressions.next().map_or(classes as Class, |e| e.class);
            for &(local, _) in values {
                let number = &mut numbers[local as usize];
                if *number == NEW {
                    let (key, loose) = (part.keys[local as usize], part.loose[local as usize]);
                    *number = *by_key.entry(key).or_insert_with(|| {
                        let last_class = Class::MAX;
                        let seen = Seen { key, loose, expressions: 0, classes: 0, last_class };
                        counted.features.push(seen);
                        counted.features.len() as u32 - 1
                    });
                }
                let seen = &mut counted.features[*number as usize];
                seen.expressions += 1;
                if seen.last_class != class {
                    seen.last_class = class;
                    seen.classes += 1;
                }
            }
        }
        counted.numbers.push(numbers);
    }
    counted
}

/// A run of letters that more than one in so many classes hold tells nothing apart.
const COMMON: usize = 3;

/// Makes features unique (the strongest counts) and sorts them by number, so that sums come out
/// the same on every machine.
fn merge(weights: &mut Vec<(u32, f32)>) {
    weights.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    weights.dedup_by_key(|(id, _)| *id);
}

/// Scales a vector to length 1; `more` is the squared length of what it does not show.
fn scale_to_one(vector: &mut [(u32, f32)], more: f32) {
    let norm = vector.iter().map(|(_, w)| w * w).sum::<f32>() + more;
    let norm = norm.sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|(_, weight)| *weight /= norm);
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
