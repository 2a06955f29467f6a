//! From likenesses to an order of services with a calibrated confidence.

use super::{Matcher, Query, expressions::Class, features::Kind};

/// How many services a ranking keeps.
pub const KEPT: usize = 8;

/// How many of them a citizen is asked about at most; more are not read.
pub const CHOICES: usize = 5;

/// One service (or matter that is not ours), scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Position of the service in the catalog; matters come after all services.
    pub class: Class,
    /// What the question's features speak for it, in natural logarithms of odds.
    pub score: f32,
    /// Its share among all classes, 0 to 1.
    pub share: f32,
}

/// Services in order, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The best services.
    pub matches: Vec<Match>,
    /// The best matter that is not ours.
    pub elsewhere: Option<Match>,
    /// Calibrated probability that the first match is what is meant, 0 to 1.
    pub confidence: f32,
    /// Calibrated probability that one of the first [`CHOICES`] matches is what is meant, 0 to 1.
    pub among_first: f32,
    /// The share of the question's words, by rarity, that the catalog knows at all.
    pub coverage: f32,
    /// Likeness of the first match's nearest expression, 0 to 1.
    pub nearest: f32,
    /// Whether the question is a name or synonym of the first match and, but for filler and
    /// facets, nothing else.
    pub named: bool,
    /// Words of the question that are neither filler nor place nor facet.
    pub words: usize,
}

/// What a service asked daily has ahead of a rare one, in score.
const PRIORITY_BONUS: f32 = 0.15;

pub(super) fn rank(matcher: &Matcher, query: &Query) -> Ranking {
    let index = &matcher.index;
    let vector = index.vector(&query.extracted);
    let mut scores = matcher.model.scores(&vector);
    for (score, priority) in scores.iter_mut().zip(&matcher.priorities) {
        *score += PRIORITY_BONUS * f32::from(3u8.saturating_sub(*priority));
    }
    let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (score - best).exp()).sum();
    let matched = |class: usize| Match {
        class: class as Class,
        score: scores[class],
        share: (scores[class] - best).exp() / sum,
    };
    let mut order: Vec<usize> = (0..index.services).collect();
    let by_score = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    if order.len() > KEPT {
        order.select_nth_unstable_by(KEPT, by_score);
        order.truncate(KEPT);
    }
    order.sort_by(by_score);
    // Nothing known in the question: every service would be as likely.
    let matches: Vec<Match> = if vector.values.is_empty() {
        Vec::new()
    } else {
        order.into_iter().map(matched).collect()
    };
    let elsewhere = (index.services..index.classes).max_by(|a, b| by_score(b, a)).map(matched);
    let nearest = matches.first().map_or(0.0, |best| index.nearest(&vector, best.class).1);
    let words: Vec<&str> = query.content_words().map(|token| token.folded.as_str()).collect();
    let named = matches.first().is_some_and(|best| index.is_name(&words.join(" "), best.class));
    let coverage = vector.coverage;
    let mut ranking = Ranking {
        matches,
        elsewhere,
        confidence: 0.0,
        among_first: 0.0,
        coverage,
        nearest,
        named,
        words: words.len(),
    };
    let signals = signals(&ranking, query);
    ranking.confidence = probability(&signals, &FIRST_IS_RIGHT);
    ranking.among_first = probability(&signals, &AMONG_FIRST);
    ranking
}

/// Logistic regression on readable signals.
fn probability(signals: &[f32; SIGNALS.len()], fitted: &([f32; SIGNALS.len()], f32)) -> f32 {
    let (weights, bias) = fitted;
    let sum: f32 = signals.iter().zip(weights).map(|(signal, weight)| signal * weight).sum();
    1.0 / (1.0 + (-sum - bias).exp())
}

/// Names of the signals, in order.
pub const SIGNALS: [&str; 7] =
    ["share", "margin", "nearest", "coverage", "elsewhere", "words", "first five"];
/// Weights and bias, fitted on questions set apart for tuning and on expressions that the model had
/// not seen (`examples/measure.rs`, `docs/matching.md`).
const FIRST_IS_RIGHT: ([f32; SIGNALS.len()], f32) =
    ([5.19, 1.50, 0.54, -0.26, -12.98, 3.08, 0.02], -4.03);
const AMONG_FIRST: ([f32; SIGNALS.len()], f32) =
    ([2.34, 0.89, 1.00, -0.73, -14.91, 4.76, 2.90], -4.31);

/// What the probabilities are made of.
pub fn signals(ranking: &Ranking, query: &Query) -> [f32; SIGNALS.len()] {
    let best = ranking.matches.first();
    let share = best.map_or(0.0, |m| m.share);
    let score = best.map_or(0.0, |m| m.score);
    // Without a second service there is nothing to confuse the first with.
    let margin = ranking.matches.get(1).map_or(1.0, |m| (score - m.score).min(10.0) / 10.0);
    let elsewhere = ranking.elsewhere.as_ref().map_or(0.0, |m| m.share);
    let words = query.content_words().count().min(8) as f32 / 8.0;
    let first_five = ranking.matches.iter().take(CHOICES).map(|m| m.share).sum();
    [share, margin, ranking.nearest, ranking.coverage, elsewhere, words, first_five]
}

/// Which words spoke for a match, strongest first: (word as typed, its part of the likeness).
pub fn evidence(matcher: &Matcher, query: &Query, found: &Match) -> Vec<(String, f32)> {
    let index = &matcher.index;
    let mut by_token: Vec<f32> = vec![0.0; query.tokens.len()];
    let mut ideas: Vec<(String, f32)> = Vec::new();
    for feature in &query.extracted.features {
        let Some(id) = index.feature(feature.key) else { continue };
        let share = matcher.model.weight(id, found.class) * feature.weight * index.rarity(id);
        if share <= 0.0 {
            continue;
        }
        if feature.kind == Kind::Concept {
            let concept = query
                .extracted
                .concepts
                .iter()
                .find(|(token, _)| *token == feature.token)
                .and_then(|(_, concept)| matcher.concept_names.get(usize::from(*concept)));
            if let Some(concept) = concept {
                ideas.push((format!("Begriff »{concept}«"), share));
            }
        } else if let Some(sum) = by_token.get_mut(usize::from(feature.token)) {
            *sum += share;
        }
    }
    let words = query.tokens.iter().zip(by_token).filter(|(_, share)| *share > 0.0);
    let mut out: Vec<(String, f32)> =
        words.map(|(token, share)| (token.typed.clone(), share)).chain(ideas).collect();
    let sum: f32 = out.iter().map(|(_, share)| share).sum();
    out.iter_mut().for_each(|(_, share)| *share /= sum.max(f32::MIN_POSITIVE));
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    out.truncate(6);
    out
}

impl Matcher {
    /// The expression of a match that a question is nearest to, and how near it is, 0 to 1.
    pub fn nearest_expression(&self, query: &Query, found: &Match) -> (&str, f32) {
        let vector = self.index.vector(&query.extracted);
        let (expression, likeness) = self.index.nearest(&vector, found.class);
        (&self.index.expressions[expression as usize].text, likeness)
    }

    /// The number of expressions compared with.
    pub fn expressions(&self) -> usize {
        self.index.expressions.len()
    }
}
