//! The linear model: how much each feature speaks for each class.
//!
//! It begins as a multinomial naive Bayes model, whose weights are counted in one pass, and is then
//! corrected on the catalog's own expressions: wherever another class scores near the right one,
//! what speaks for the right one is strengthened and what speaks for the other is weakened (steps
//! of gradient descent on the softmax loss, over the classes that are near). A feature has a weight
//! only for classes that use it, so the model stays small. Steps are worked out for a batch of
//! expressions at a time, on all cores, and made in a fixed order: the same catalog gives the same
//! model, however many cores there are.

use std::ops::Range;

use libm::{expf, logf};

use super::{
    cores,
    expressions::Class,
    index::{Index, Vector},
};

/// Added to every count of naive Bayes: what a class might say too.
const SMOOTHING: f32 = 0.08;
/// Size of the steps in each pass over all expressions. The second pass makes wrong answers rarer;
/// a third gains nothing on unseen questions.
const STEPS: [f32; 2] = [2.0, 1.0];
/// Classes this far below the best score take no part in a step.
const NEAR: f32 = 5.0;
/// Expressions whose steps are worked out from the same weights.
const BATCH: usize = 512;
/// Life events and dangers learn against one of so many of the other expressions.
const AGAINST: usize = 4;
/// A feature that more than one in so many classes uses has a weight for every class in a row: to
/// add up a whole row is faster than to look up a few of it one by one.
const DENSE: usize = 5;

/// Weights of features for classes.
#[derive(Debug)]
pub struct Model {
    /// Where each feature's weights begin; one more at the end.
    starts: Vec<u32>,
    /// The class of each weight; rows of common features hold every class, in order.
    classes: Vec<Class>,
    weights: Vec<f32>,
    /// For each class: what each unit of a question's length costs, since a class of many words
    /// explains any single one less.
    lengths: Vec<f32>,
    /// For each class: added once.
    offsets: Vec<f32>,
}

/// What a model learns from.
struct Training<'a> {
    index: &'a Index,
    /// Features of which each core moves the weights.
    parts: &'a [Range<usize>],
    /// For each expression: what it speaks for its own class by having been counted itself.
    own_parts: Vec<f32>,
}

/// How far each class that is near the best is to be moved, for one expression.
type Pulls = Vec<(Class, f32)>;

impl Model {
    /// Counts and corrects a model of an index.
    pub fn train(index: &Index) -> Self {
        let parts = even_parts(index);
        let mut model = Self::count(index, &parts);
        model.correct(index, &parts);
        model
    }

    /// Naive Bayes: the logarithm of how much more often a class uses a feature than it would
    /// by [`SMOOTHING`] alone.
    fn count(index: &Index, parts: &[Range<usize>]) -> Self {
        let mut totals = vec![0.0f32; index.classes];
        for (at, expression) in index.expressions.iter().enumerate() {
            let total = &mut totals[usize::from(expression.class)];
            index.values(at).iter().for_each(|(_, value)| *total += value);
        }
        let vocabulary = SMOOTHING * index.features() as f32;
        let lengths = totals.iter().map(|total| -logf(total + vocabulary)).collect();
        let offsets = vec![0.0; index.classes];
        let mut model =
            Self { starts: vec![0], classes: Vec::new(), weights: Vec::new(), lengths, offsets };
        for rows in cores::over(parts.to_vec(), |part| Rows::count(index, part)) {
            let before = model.weights.len() as u32;
            model.starts.extend(rows.ends.iter().map(|end| before + end));
            model.classes.extend(rows.classes);
            model.weights.extend(rows.weights);
        }
        model
    }

    /// What each expression speaks for its own class by having been counted itself: a question
    /// never has that advantage, and steps that rely on it teach nothing.
    fn own_parts(&self, index: &Index) -> Vec<f32> {
        let all: Vec<u32> = (0..index.expressions.len() as u32).collect();
        let sum_of = |weights: &[f32]| -> Vec<f32> {
            weights.iter().map(|weight| SMOOTHING * (expf(*weight) - 1.0)).collect()
        };
        let sums = cores::in_runs(&self.weights, sum_of).concat();
        let own_part = |at: &u32| -> f32 {
            let class = index.expressions[*at as usize].class;
            let of_feature = |&(feature, value): &(u32, f32)| {
                let Some(at) = self.place(feature, class) else { return 0.0 };
                value * (self.weights[at] - weight_of((sums[at] - value).max(0.0)))
            };
            index.values(*at as usize).iter().map(of_feature).sum()
        };
        let work = |part: &[u32]| part.iter().map(own_part).collect::<Vec<f32>>();
        cores::in_runs(&all, work).into_iter().flatten().collect()
    }

    fn correct(&mut self, index: &Index, parts: &[Range<usize>]) {
        let training = Training { index, parts, own_parts: self.own_parts(index) };
        let events = (index.services + index.matters) as Class;
        let is_event = |at: &u32| index.expressions[*at as usize].class >= events;
        let all = 0..index.expressions.len() as u32;
        let mut random = Lcg(0x5eed);
        // Services first, as if there were no life events or dangers; then these against them, so that
        // what is told beside a service never takes an answer from it.
        let (told, others): (Vec<u32>, Vec<u32>) = all.partition(is_event);
        self.learn(&training, others.clone(), &mut random, 0..events, 0..events);
        if !told.is_empty() {
            let against = others.into_iter().step_by(AGAINST);
            let every = 0..index.classes as Class;
            let order = told.into_iter().chain(against).collect();
            self.learn(&training, order, &mut random, every, events..Class::MAX);
        }
    }

    /// Passes over expressions: each pulls the weights of the classes among which it is to be told
    /// apart, as far as they may move.
    fn learn(
        &mut self,
        Training { index, parts, own_parts }: &Training<'_>,
        mut order: Vec<u32>,
        random: &mut Lcg,
        among: Range<Class>,
        movable: Range<Class>,
    ) {
        for step in STEPS {
            random.shuffle(&mut order);
            let mut unsettled = Vec::new();
            for batch in order.chunks(BATCH) {
                let pulls = self.pulls(index, batch, own_parts, &among);
                let moves: Vec<(u32, Pulls)> = batch
                    .iter()
                    .copied()
                    .zip(pulls)
                    .map(|(at, mut pulls)| {
                        pulls.retain(|(class, _)| movable.contains(class));
                        (at, pulls)
                    })
                    .filter(|(_, pulls)| !pulls.is_empty())
                    .collect();
                self.step(index, &moves, step, parts);
                unsettled.extend(moves.iter().map(|(at, _)| *at));
            }
            // What is right by far will not become wrong in the next pass.
            order = unsettled;
        }
    }

    /// What each expression of a batch is to move, by the present weights.
    fn pulls(
        &self,
        index: &Index,
        batch: &[u32],
        own_parts: &[f32],
        among: &Range<Class>,
    ) -> Vec<Pulls> {
        let work = |part: &[u32]| -> Vec<Pulls> {
            let mut scores = vec![0.0f32; index.classes];
            let mut near = Near::default();
            part.iter()
                .map(|&at| {
                    self.score_into(index.values(at as usize), &mut scores);
                    let class = index.expressions[at as usize].class;
                    scores[usize::from(class)] -= own_parts[at as usize];
                    near.pulls(&scores[..usize::from(among.end)], class)
                })
                .collect()
        };
        cores::in_runs(batch, work).into_iter().flatten().collect()
    }

    /// Steps of gradient descent. Each core moves the weights of its own features, in the order of
    /// the batch: what comes out does not depend on the number of cores.
    fn step(&mut self, index: &Index, moves: &[(u32, Pulls)], size: f32, parts: &[Range<usize>]) {
        let (starts, classes, dense) = (&self.starts, &self.classes, self.lengths.len());
        let mut rest = self.weights.as_mut_slice();
        let mut work = Vec::with_capacity(parts.len());
        for part in parts {
            let first = starts[part.start];
            let count = (starts[part.end] - first) as usize;
            let (own, others) = std::mem::take(&mut rest).split_at_mut(count);
            rest = others;
            work.push(move || {
                let mut pull_of = vec![0.0f32; dense];
                for (at, pulls) in moves {
                    pulls.iter().for_each(|&(class, pull)| pull_of[usize::from(class)] = pull);
                    for &(feature, value) in within(index.values(*at as usize), part) {
                        let range = starts[feature as usize]..starts[feature as usize + 1];
                        let row = &mut own[(range.start - first) as usize..][..range.len()];
                        let size = size * value;
                        if row.len() == dense {
                            for &(class, pull) in pulls {
                                row[usize::from(class)] += size * pull;
                            }
                        } else {
                            // Most classes are not pulled; to add nothing is faster than to ask.
                            let of = &classes[range.start as usize..range.end as usize];
                            for (weight, class) in row.iter_mut().zip(of) {
                                *weight += size * pull_of[usize::from(*class)];
                            }
                        }
                    }
                    pulls.iter().for_each(|&(class, _)| pull_of[usize::from(class)] = 0.0);
                }
            });
        }
        cores::at_once(work);
        for (class, pull) in moves.iter().flat_map(|(_, pulls)| pulls) {
            self.offsets[usize::from(*class)] += 0.1 * size * pull;
        }
    }

    /// How much a question speaks for each class.
    pub fn scores(&self, question: &Vector) -> Vec<f32> {
        let mut scores = vec![0.0; self.lengths.len()];
        self.score_into(&question.values, &mut scores);
        scores
    }

    fn score_into(&self, values: &[(u32, f32)], scores: &mut [f32]) {
        let length: f32 = values.iter().map(|(_, value)| value).sum();
        for ((score, per_length), offset) in scores.iter_mut().zip(&self.lengths).zip(&self.offsets)
        {
            *score = offset + length * per_length;
        }
        let mut values = values.iter().peekable();
        while let Some(&(feature, value)) = values.next() {
            let range = self.range(feature);
            let weights = &self.weights[range.clone()];
            if weights.len() < scores.len() {
                for (class, weight) in self.classes[range].iter().zip(weights) {
                    scores[usize::from(*class)] += value * weight;
                }
            } else if let Some(&(next, more)) =
                values.next_if(|(next, _)| self.range(*next).len() == scores.len())
            {
                // Two rows at a time: each score is read and written once.
                let others = &self.weights[self.range(next)];
                for ((score, weight), other) in scores.iter_mut().zip(weights).zip(others) {
                    *score = (*score + value * weight) + more * other;
                }
            } else {
                for (score, weight) in scores.iter_mut().zip(weights) {
                    *score += value * weight;
                }
            }
        }
    }

    /// Where a feature's weights are.
    fn range(&self, feature: u32) -> Range<usize> {
        self.starts[feature as usize] as usize..self.starts[feature as usize + 1] as usize
    }

    /// What one feature speaks for one class.
    pub fn weight(&self, feature: u32, class: Class) -> f32 {
        self.place(feature, class).map_or(0.0, |at| self.weights[at])
    }

    /// Where the weight of a feature for a class is, if it has one.
    fn place(&self, feature: u32, class: Class) -> Option<usize> {
        let range = self.range(feature);
        if range.len() == self.lengths.len() {
            return Some(range.start + usize::from(class));
        }
        let at = self.classes[range.clone()].binary_search(&class).ok()?;
        Some(range.start + at)
    }
}

/// As many runs of features as there are cores, with about equally much to move.
fn even_parts(index: &Index) -> Vec<Range<usize>> {
    let mut uses = vec![0usize; index.features()];
    for at in 0..index.expressions.len() {
        index.values(at).iter().for_each(|(feature, _)| uses[*feature as usize] += 1);
    }
    cores::even_runs(uses)
}

/// Those of an expression's values whose features are in a part.
fn within<'a>(values: &'a [(u32, f32)], part: &Range<usize>) -> &'a [(u32, f32)] {
    let before = |end: usize| values.partition_point(|(feature, _)| (*feature as usize) < end);
    &values[before(part.start)..before(part.end)]
}

/// The weights of neighbouring features.
#[derive(Default)]
struct Rows {
    /// Where each feature's weights end.
    ends: Vec<u32>,
    classes: Vec<Class>,
    weights: Vec<f32>,
}

impl Rows {
    /// Counts how much each class uses the features of a part.
    fn count(index: &Index, part: Range<usize>) -> Self {
        let mut entries: Vec<Vec<(Class, f32)>> = vec![Vec::new(); part.len()];
        for (at, expression) in index.expressions.iter().enumerate() {
            for &(feature, value) in within(index.values(at), &part) {
                let list = &mut entries[feature as usize - part.start];
                match list.last_mut() {
                    Some((class, sum)) if *class == expression.class => *sum += value,
                    _ => list.push((expression.class, value)),
                }
            }
        }
        let mut rows = Self::default();
        entries.into_iter().for_each(|list| rows.push(index, &list));
        rows
    }

    /// Adds the row of a feature: how much each class uses it.
    fn push(&mut self, index: &Index, list: &[(Class, f32)]) {
        // Which features are common does not hang on the life events.
        let counted = index.services + index.matters;
        let is_counted = |(class, _): &&(Class, f32)| usize::from(*class) < counted;
        if list.iter().filter(is_counted).count() > counted / DENSE {
            let start = self.weights.len();
            self.classes.extend(0..index.classes as Class);
            self.weights.resize(start + index.classes, 0.0);
            for &(class, sum) in list {
                self.weights[start + usize::from(class)] = weight_of(sum);
            }
        } else {
            self.classes.extend(list.iter().map(|(class, _)| class));
            self.weights.extend(list.iter().map(|(_, sum)| weight_of(*sum)));
        }
        self.ends.push(self.weights.len() as u32);
    }
}

fn weight_of(sum: f32) -> f32 {
    logf(1.0 + sum / SMOOTHING)
}

/// The classes near the best one, and their shares; kept between expressions for its room alone.
#[derive(Default)]
struct Near {
    classes: Vec<Class>,
    shares: Vec<f32>,
}

impl Near {
    /// The right class and those near the best, each with how far it is to be moved: by what its
    /// share (softmax) lacks of 1, or has above 0.
    fn pulls(&mut self, scores: &[f32], right: Class) -> Pulls {
        let best = greatest(scores);
        self.find(scores, best - NEAR);
        if let Err(at) = self.classes.binary_search(&right) {
            self.classes.insert(at, right);
        }
        self.shares.clear();
        let share = |class: &Class| expf(scores[usize::from(*class)] - best);
        self.shares.extend(self.classes.iter().map(share));
        let sum: f32 = self.shares.iter().sum();
        let pull = |(&class, share): (&Class, &f32)| {
            let target = if class == right { 1.0 } else { 0.0 };
            (class, target - share / sum)
        };
        // Hardly anything to move: not worth the time.
        let is_worth = |(_, pull): &(Class, f32)| pull.abs() > 0.01;
        self.classes.iter().zip(&self.shares).map(pull).filter(is_worth).collect()
    }

    /// Finds the classes that score more than a limit, in order. Each is written down, and counts if
    /// it does: no branch is there to be guessed wrongly.
    fn find(&mut self, scores: &[f32], limit: f32) {
        self.classes.resize(scores.len(), 0);
        let mut count = 0;
        for (class, &score) in (0..).zip(scores) {
            self.classes[count] = class;
            count += usize::from(score > limit);
        }
        self.classes.truncate(count);
    }
}

/// The greatest of many numbers, in lanes that the processor compares at once.
fn greatest(scores: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (rows, rest) = scores.as_chunks::<16>();
    for row in rows {
        for (lane, &score) in lanes.iter_mut().zip(row) {
            *lane = if score > *lane { score } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// A small generator of the same numbers everywhere (Knuth's MMIX constants).
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    fn shuffle(&mut self, list: &mut [u32]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}
