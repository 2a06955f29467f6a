//! Everything people say of all services, as vectors of features.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{
    cores,
    expressions::{Class, Expression, ExpressionKind, Expressions},
    features::{Extracted, Feature, Key, Kind, WordFeatures, extract_expression},
    hash::Fnv,
    vocabulary::Vocabulary,
};
use crate::text::{Spoken, tokens};

/// All expressions of a catalog as vectors of features.
#[derive(Debug)]
pub struct Index {
    /// The expressions, class by class.
    pub expressions: Vec<Expression>,
    /// How many classes are services.
    pub services: usize,
    /// How many are matters that are not ours.
    pub matters: usize,
    /// How many are life events; the rest are dangers.
    pub events: usize,
    /// Number of classes in all.
    pub classes: usize,
    /// Rarity given to a word that no expression holds.
    pub unknown_rarity: f32,
    /// Names and synonyms without filler, to the classes they stand for.
    named: FxHashMap<String, Vec<Class>>,
    /// Each word of the names and synonyms, to the classes that have it there.
    name_words: FxHashMap<String, Vec<Class>>,
    /// Short expressions of any kind without filler, hashed, to the classes they stand for.
    said: FxHashMap<u64, Vec<Class>>,
    features: FxHashMap<Key, u32>,
    rarity: Vec<f32>,
    /// Where each class's expressions are.
    ranges: Vec<Range<usize>>,
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

/// How much an unknown word weighs against a known one of the same rarity: it says little, and is
/// not to drown what the others say.
const UNKNOWN: f32 = 0.5;

impl Index {
    /// Takes expressions apart.
    pub fn build(expressions: Expressions, vocabulary: &Vocabulary) -> Self {
        let ranges = expressions.ranges();
        let mut counting = Counting::of_words(&expressions, vocabulary);
        let runs = counting.count(&expressions, vocabulary, &ranges);
        let counted = expressions.services + expressions.matters;
        let telling = Telling::choose(counting.features, counted);
        let (starts, values) = telling.weigh(&counting.words, &runs);
        let Telling { features, rarity, .. } = telling;
        let ((named, name_words), said) = cores::both(
            || names(&expressions.list),
            || short_ones(&expressions, &counting.analysed),
        );
        let Expressions { list, services, matters, events, classes, .. } = expressions;
        let unknown_rarity = self::rarity(counted as f32, 1.0);
        Self {
            expressions: list,
            services,
            matters,
            events,
            classes,
            unknown_rarity,
            named,
            name_words,
            said,
            features,
            rarity,
            ranges,
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

    /// Whether a word is in a name or synonym of this class and of no other.
    pub fn is_name_word_of(&self, word: &str, class: Class) -> bool {
        self.name_words.get(word).is_some_and(|classes| *classes == [class])
    }

    /// The classes that have just these words (folded, without filler) for an expression.
    pub fn said_by(&self, words: &[&str]) -> &[Class] {
        if words.len() > MAX_SHORT {
            return &[];
        }
        self.said.get(&hash_of(words.iter().copied())).map_or(&[], Vec::as_slice)
    }

    /// The expressions of a class.
    pub fn of_class(&self, class: Class) -> Range<usize> {
        self.ranges[usize::from(class)].clone()
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
                // An unknown word makes the whole less like anything, as far as its letters are
                // unknown too; unknown pairs are no news.
                None if feature.kind == Kind::Word => {
                    let strange = 1.0 - self.known_runs(question, feature.token);
                    known_words += weight * (1.0 - strange);
                    let rest = UNKNOWN * strange * weight;
                    unknown += rest * rest;
                }
                None => {}
            }
        }
        merge(&mut values);
        scale_to_one(&mut values, unknown);
        let coverage = if all_words > 0.0 { known_words / all_words } else { 0.0 };
        Vector { values, coverage }
    }

    /// The share of a word's runs of letters that any expression holds.
    fn known_runs(&self, question: &Extracted, token: u16) -> f32 {
        let of_word = |f: &&Feature| f.kind == Kind::Gram && f.token == token;
        let (mut known, mut all) = (0.0, 0.0);
        for run in question.features.iter().filter(of_word) {
            all += 1.0;
            known += f32::from(u8::from(self.features.contains_key(&run.key)));
        }
        if all > 0.0 { known / all } else { 0.0 }
    }

    /// The expression of a class that a question is nearest to, and the cosine between them.
    pub fn nearest(&self, question: &Vector, class: Class) -> (u32, f32) {
        let mut best = (0, -1.0);
        self.for_cosines(question, class, |expression, cosine| {
            if cosine > best.1 {
                best = (expression as u32, cosine);
            }
        });
        best
    }

    /// The greatest and the mean cosine between a question and the expressions of a class.
    pub fn likeness(&self, question: &Vector, class: Class) -> (f32, f32) {
        let (mut greatest, mut sum) = (0.0f32, 0.0);
        self.for_cosines(question, class, |_, cosine| {
            greatest = greatest.max(cosine);
            sum += cosine;
        });
        (greatest, sum / self.of_class(class).len().max(1) as f32)
    }

    fn for_cosines(&self, question: &Vector, class: Class, mut each: impl FnMut(usize, f32)) {
        // Few features of an expression are in the question: one bit says whether to look.
        let mut asked = vec![0u64; self.rarity.len() / 64 + 1];
        for &(feature, _) in &question.values {
            asked[feature as usize / 64] |= 1 << (feature % 64);
        }
        for expression in self.of_class(class) {
            let mut cosine = 0.0;
            for &(feature, value) in self.values(expression) {
                if asked[feature as usize / 64] & 1 << (feature % 64) != 0
                    && let Ok(at) = question.values.binary_search_by_key(&feature, |(f, _)| *f)
                {
                    cosine += value * question.values[at].1;
                }
            }
            each(expression, cosine);
        }
    }
}

/// Longest expression that is looked up as a whole, in words without filler.
const MAX_SHORT: usize = 5;

fn short_ones(expressions: &Expressions, analysed: &[WordFeatures]) -> FxHashMap<u64, Vec<Class>> {
    let mut said: FxHashMap<u64, Vec<Class>> = FxHashMap::default();
    for (at, expression) in expressions.list.iter().enumerate() {
        let words = || {
            let words = expressions.said(at).iter().map(|said| said.word as usize);
            words.filter(|word| !analysed[*word].is_stop)
        };
        if (1..=MAX_SHORT).contains(&words().count()) {
            let hash = hash_of(words().map(|word| expressions.words[word].folded.as_str()));
            let classes = said.entry(hash).or_default();
            if classes.last() != Some(&expression.class) {
                classes.push(expression.class);
            }
        }
    }
    said
}

fn hash_of<'a>(words: impl Iterator<Item = &'a str>) -> u64 {
    let mut hash = Fnv::new(b'x');
    words.for_each(|word| {
        hash.write(word.as_bytes());
        hash.write(b" ");
    });
    hash.finish()
}

type ByWords = FxHashMap<String, Vec<Class>>;

/// The classes that have a name or synonym, by all of its words and by each of them.
fn names(expressions: &[Expression]) -> (ByWords, ByWords) {
    let (mut names, mut name_words) = (ByWords::default(), ByWords::default());
    for expression in expressions {
        if matches!(expression.kind, ExpressionKind::Name | ExpressionKind::Synonym) {
            let words: Vec<String> = tokens(&expression.text)
                .into_iter()
                .map(|token| token.folded)
                .filter(|word| !super::stopwords::is_stop(word))
                .collect();
            names.entry(words.join(" ")).or_default().push(expression.class);
            for word in words {
                let classes = name_words.entry(word).or_default();
                if classes.last() != Some(&expression.class) {
                    classes.push(expression.class);
                }
            }
        }
    }
    (names, name_words)
}

fn rarity(classes: f32, count: f32) -> f32 {
    libm::logf(1.0 + classes / count)
}

/// A feature while the index is made.
#[derive(Debug, Clone, Copy)]
struct Seen {
    key: Key,
    /// A run of letters or a pair of words.
    loose: bool,
    /// Which expressions and classes hold it.
    uses: Uses,
}

/// Which expressions and classes hold a feature, or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Uses {
    classes: u32,
    last_class: Class,
    first_expression: u32,
    /// Whether more than one expression holds it.
    several: bool,
}

impl Uses {
    const NONE: Self =
        Self { classes: 0, last_class: Class::MAX, first_expression: u32::MAX, several: false };

    /// Takes in an expression, once or repeatedly. Classes come one after the other.
    fn count(&mut self, expression: u32, class: Class) {
        if self.classes == 0 {
            self.first_expression = expression;
        }
        self.several |= self.first_expression != expression;
        if self.last_class != class {
            self.last_class = class;
            self.classes += 1;
        }
    }

    /// Takes in what was counted in other classes.
    fn add(&mut self, other: &Self) {
        self.several |= other.several || (self.classes > 0 && other.classes > 0);
        self.classes += other.classes;
    }
}

impl Seen {
    fn new(key: Key, kind: Kind) -> Self {
        Self { key, loose: matches!(kind, Kind::Gram | Kind::Pair), uses: Uses::NONE }
    }

    /// A run of letters or pair of words of a single expression teaches nothing about others, one
    /// of very many classes tells nothing apart.
    fn is_telling(&self, classes: usize) -> bool {
        let everywhere = self.uses.classes as usize > classes / COMMON;
        self.uses.classes > 0 && !(self.loose && (!self.uses.several || everywhere))
    }
}

/// A run of letters that more than one in so many classes hold tells nothing apart.
const COMMON: usize = 5;

/// The features met so far, in the order in which they appear.
#[derive(Default)]
struct Counting<'a> {
    /// What each word of the catalog gives by itself: number of the feature, weight.
    words: Vec<Vec<(u32, f32)>>,
    features: Vec<Seen>,
    numbers: FxHashMap<Key, u32>,
    analysed: Vec<WordFeatures>,
    by_word: FxHashMap<&'a str, u32>,
}

/// Some neighbouring expressions: their words, and the features that several words give together.
struct Run {
    /// For each expression: where its words and features end.
    ends: Vec<(u32, u32)>,
    words: Vec<u32>,
    together: Vec<(u32, f32)>,
    /// Features that no word gives by itself, numbered on from those of the words.
    new: Vec<Seen>,
    uses: Vec<Uses>,
}

impl<'a> Counting<'a> {
    fn of_words(expressions: &'a Expressions, vocabulary: &Vocabulary) -> Self {
        let runs = cores::in_runs(&expressions.words, |words| {
            let analysed = words.iter().map(|word| WordFeatures::of(&word.folded, vocabulary));
            analysed.collect::<Vec<_>>()
        });
        let analysed: Vec<WordFeatures> = runs.into_iter().flatten().collect();
        let by_word =
            expressions.words.iter().zip(0..).map(|(word, at)| (word.folded.as_str(), at));
        let by_word = by_word.collect();
        let mut counting = Self { by_word, ..Self::default() };
        for word in &analysed {
            let mut own: Vec<(u32, f32)> = word
                .features
                .iter()
                .map(|feature| (counting.number(feature.key, feature.kind), feature.weight))
                .collect();
            merge(&mut own);
            counting.words.push(own);
        }
        counting.analysed = analysed;
        counting
    }

    fn number(&mut self, key: Key, kind: Kind) -> u32 {
        *self.numbers.entry(key).or_insert_with(|| {
            self.features.push(Seen::new(key, kind));
            self.features.len() as u32 - 1
        })
    }

    /// Counts in which expressions and classes each feature is.
    fn count(
        &mut self,
        expressions: &Expressions,
        vocabulary: &Vocabulary,
        classes: &[Range<usize>],
    ) -> Vec<Run> {
        let shares = cores::even_runs(classes.iter().map(ExactSizeIterator::len));
        let mut runs = cores::over(shares, |share| {
            let expressions_of = classes[share.start].start..classes[share.end - 1].end;
            self.run(expressions, expressions_of, vocabulary)
        });
        let of_words = self.features.len();
        for run in &mut runs {
            let numbers: Vec<u32> = run
                .new
                .iter()
                .map(|seen| {
                    *self.numbers.entry(seen.key).or_insert_with(|| {
                        self.features.push(*seen);
                        self.features.len() as u32 - 1
                    })
                })
                .collect();
            let number = |at: usize| match at.checked_sub(of_words) {
                None => at,
                Some(new) => numbers[new] as usize,
            };
            for (at, uses) in run.uses.iter().enumerate() {
                // No class is in two runs.
                self.features[number(at)].uses.add(uses);
            }
            run.together.iter_mut().for_each(|(at, _)| *at = number(*at as usize) as u32);
        }
        runs
    }

    fn run(&self, expressions: &Expressions, range: Range<usize>, vocabulary: &Vocabulary) -> Run {
        let mut run = Run {
            ends: Vec::with_capacity(range.len()),
            words: Vec::new(),
            together: Vec::new(),
            new: Vec::new(),
            uses: vec![Uses::NONE; self.features.len()],
        };
        let mut new: FxHashMap<Key, u32> = FxHashMap::default();
        let mut of_words = vec![Uses::NONE; self.words.len()];
        let mut spoken: Vec<Spoken<'_>> = Vec::new();
        for at in range {
            let (words_start, together_start) = (run.words.len(), run.together.len());
            let said = expressions.said(at);
            spoken.clear();
            spoken.extend(said.iter().map(|said| {
                let folded = expressions.words[said.word as usize].folded.as_str();
                Spoken { folded, typed: folded, ends_clause: said.ends_clause }
            }));
            let extracted = extract_expression(&spoken, vocabulary, |word, at| {
                let word = match at {
                    Some(at) => said[at].word,
                    None => *self.by_word.get(word)?,
                };
                run.words.push(word);
                Some(&self.analysed[word as usize])
            });
            for feature in &extracted.features {
                let number = self.numbers.get(&feature.key).copied().unwrap_or_else(|| {
                    *new.entry(feature.key).or_insert_with(|| {
                        run.new.push(Seen::new(feature.key, feature.kind));
                        run.uses.push(Uses::NONE);
                        run.uses.len() as u32 - 1
                    })
                });
                run.together.push((number, feature.weight));
            }
            run.ends.push((run.words.len() as u32, run.together.len() as u32));
            let class = expressions.list[at].class;
            // Life events are told apart by what services and matters are made of: the likeness of
            // those does not hang on which life events there are.
            if usize::from(class) >= expressions.services + expressions.matters {
                continue;
            }
            let mut count = |number: u32| run.uses[number as usize].count(at as u32, class);
            run.together[together_start..].iter().for_each(|(number, _)| count(*number));
            for &word in &run.words[words_start..] {
                let word = word as usize;
                let before = of_words[word];
                of_words[word].count(at as u32, class);
                // Else its features were counted with it before.
                if of_words[word] != before {
                    self.words[word].iter().for_each(|(number, _)| count(*number));
                }
            }
        }
        run
    }
}

impl Run {
    /// Words and features of each expression.
    fn expressions(&self) -> impl Iterator<Item = (&[u32], &[(u32, f32)])> {
        let mut start = (0, 0);
        self.ends.iter().map(move |&(words, together)| {
            let (words, together) = (words as usize, together as usize);
            let expression = (&self.words[start.0..words], &self.together[start.1..together]);
            start = (words, together);
            expression
        })
    }
}

/// Adds up the features of an expression; of one that is given twice the strongest counts.
struct Sum {
    values: Vec<(u32, f32)>,
    /// For each feature: where it is among the values, if it is there.
    places: Vec<u32>,
}

impl Sum {
    fn over(features: usize) -> Self {
        Self { values: Vec::new(), places: vec![0; features] }
    }

    fn of(&mut self, features: impl Iterator<Item = (u32, f32)>) -> &[(u32, f32)] {
        self.values.clear();
        for (number, weight) in features {
            let at = number as usize;
            match self.values.get_mut(self.places[at] as usize) {
                Some((other, strongest)) if *other == number => *strongest = strongest.max(weight),
                _ => {
                    self.places[at] = self.values.len() as u32;
                    self.values.push((number, weight));
                }
            }
        }
        &self.values
    }
}

/// The features that tell classes apart, numbered anew.
struct Telling {
    features: FxHashMap<Key, u32>,
    rarity: Vec<f32>,
    /// From the number a feature was counted under to its number in the index.
    numbers: Vec<Option<u32>>,
}

impl Telling {
    fn choose(counted: Vec<Seen>, classes: usize) -> Self {
        let mut features = FxHashMap::default();
        let mut rarity = Vec::new();
        let numbers = counted
            .iter()
            .map(|seen| {
                seen.is_telling(classes).then(|| {
                    let id = rarity.len() as u32;
                    features.insert(seen.key, id);
                    rarity.push(self::rarity(classes as f32, seen.uses.classes as f32));
                    id
                })
            })
            .collect();
        Self { features, rarity, numbers }
    }

    /// Those of some features that tell, by their numbers in the index, weighed by their rarity.
    fn of(&self, counted: &[(u32, f32)]) -> impl Iterator<Item = (u32, f32)> {
        counted.iter().filter_map(|&(at, weight)| {
            let id = self.numbers[at as usize]?;
            Some((id, weight * self.rarity[id as usize]))
        })
    }

    /// Each expression as a vector of length 1, sorted by feature: where each begins, and all of
    /// their values.
    fn weigh(&self, own: &[Vec<(u32, f32)>], runs: &[Run]) -> (Vec<u32>, Vec<(u32, f32)>) {
        let own: Vec<Vec<(u32, f32)>> =
            own.iter().map(|features| self.of(features).collect()).collect();
        let weighed = cores::in_runs(runs, |runs| {
            let (mut ends, mut values) = (Vec::new(), Vec::new());
            let mut sum = Sum::over(self.rarity.len());
            for (words, together) in runs.iter().flat_map(Run::expressions) {
                let start = values.len();
                let of_words = words.iter().flat_map(|&word| &own[word as usize]).copied();
                values.extend(sum.of(of_words.chain(self.of(together))));
                let vector = &mut values[start..];
                vector.sort_unstable_by_key(|(id, _)| *id);
                scale_to_one(vector, 0.0);
                ends.push(values.len() as u32);
            }
            (ends, values)
        });
        let (mut starts, mut values) = (vec![0], Vec::new());
        for (ends, part) in weighed {
            let before = values.len() as u32;
            starts.extend(ends.iter().map(|end| before + end));
            values.extend(part);
        }
        (starts, values)
    }
}

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
