//! From likenesses to an order of services with a calibrated confidence.

use super::{
    Matcher, Query,
    features::Kind,
    index::{Class, ExpressionKind},
};

/// How many services a ranking keeps.
pub const KEPT: usize = 8;

/// One service (or matter that is not ours), scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Position of the service in the catalog; matters come after all services.
    pub class: Class,
    /// Likeness of all its expressions taken together, about 0 to 1.
    pub score: f32,
    /// Its share among all classes, 0 to 1.
    pub share: f32,
    /// Likeness of its nearest expression, 0 to 1.
    pub nearest: f32,
    /// Which expression that is.
    pub expression: u32,
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
    /// The share of the question's words, by rarity, that the catalog knows at all.
    pub coverage: f32,
    /// Whether the question is just the name or a synonym of the first match.
    pub named: bool,
}

/// How sharply near expressions outweigh far ones.
const SHARPNESS: f32 = 22.0;
/// How much the number of expressions of a class is discounted: 0 not at all, 1 fully.
const SIZE_DISCOUNT: f32 = 0.35;
/// Sharpness of the shares.
const TEMPERATURE: f32 = 0.028;
/// What a service asked daily has ahead of a rare one, in likeness.
const PRIORITY_BONUS: f32 = 0.006;

pub(super) fn rank(matcher: &Matcher, query: &Query) -> Ranking {
    let index = &matcher.index;
    let likeness = index.likeness(&query.extracted);
    let mut classes: Vec<Match> = Vec::new();
    let mut at = 0;
    while at < index.expressions.len() {
        let class = index.expressions[at].class;
        let end = at + index.expressions[at..].partition_point(|e| e.class == class);
        if let Some(scored) = score_class(&likeness.by_expression[at..end], class, at) {
            classes.push(scored);
        }
        at = end;
    }
    for scored in &mut classes {
        if let Some(&priority) = matcher.priorities.get(scored.class as usize) {
            scored.score += PRIORITY_BONUS * f32::from(3u8.saturating_sub(priority));
        }
    }
    classes.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.class.cmp(&b.class)));
    give_shares(&mut classes);
    let services = index.services;
    let elsewhere = classes.iter().find(|m| usize::from(m.class) >= services).cloned();
    let matches: Vec<Match> =
        classes.into_iter().filter(|m| usize::from(m.class) < services).take(KEPT).collect();
    let named = matches.first().is_some_and(|best| {
        best.nearest > 0.97
            && index.expressions[best.expression as usize].kind == ExpressionKind::Name
    });
    let mut ranking =
        Ranking { matches, elsewhere, confidence: 0.0, coverage: likeness.coverage, named };
    ranking.confidence = confidence(&ranking, query);
    ranking
}

/// Soft maximum over the expressions of one class: the nearest counts most, more near ones add.
fn score_class(likeness: &[f32], class: Class, start: usize) -> Option<Match> {
    let (nearest_at, nearest) = likeness
        .iter()
        .copied()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    if nearest <= 0.0 {
        return None;
    }
    let sum: f32 = likeness.iter().map(|&value| ((value - nearest) * SHARPNESS).exp()).sum();
    let size = likeness.len() as f32;
    let score = nearest + (sum.ln() - SIZE_DISCOUNT * size.ln()) / SHARPNESS;
    let expression = (start + nearest_at) as u32;
    Some(Match { class, score, share: 0.0, nearest, expression })
}

fn give_shares(classes: &mut [Match]) {
    let Some(best) = classes.first().map(|m| m.score) else { return };
    let mut sum = 0.0;
    for scored in classes.iter_mut() {
        scored.share = ((scored.score - best) / TEMPERATURE).exp();
        sum += scored.share;
    }
    classes.iter_mut().for_each(|scored| scored.share /= sum);
}

/// Logistic regression on readable signals, fitted on questions set apart for tuning (see
/// `docs/matching.md`): the probability that the first match is right.
fn confidence(ranking: &Ranking, query: &Query) -> f32 {
    let signals = signals(ranking, query);
    let sum: f32 = CONFIDENCE_BIAS
        + signals
            .iter()
            .zip(CONFIDENCE_WEIGHTS)
            .map(|(signal, weight)| signal * weight)
            .sum::<f32>();
    1.0 / (1.0 + (-sum).exp())
}

/// Names of the signals, in order.
pub const SIGNALS: [&str; 6] = ["share", "margin", "nearest", "coverage", "elsewhere", "words"];
const CONFIDENCE_WEIGHTS: [f32; 6] = [3.0, 3.0, 4.0, 1.0, -3.0, 0.0];
const CONFIDENCE_BIAS: f32 = -4.0;

/// What the confidence is made of.
pub fn signals(ranking: &Ranking, query: &Query) -> [f32; 6] {
    let best = ranking.matches.first();
    let share = best.map_or(0.0, |m| m.share);
    let score = best.map_or(0.0, |m| m.score);
    let second = ranking.matches.get(1).map_or(0.0, |m| m.score);
    let nearest = best.map_or(0.0, |m| m.nearest);
    let elsewhere = ranking.elsewhere.as_ref().map_or(0.0, |m| m.share);
    let words = query.content_words().count().min(8) as f32 / 8.0;
    [share, (score - second) * 10.0, nearest, ranking.coverage, elsewhere, words]
}

/// Which words spoke for a match, strongest first: (word as typed, its part of the likeness).
pub fn evidence(matcher: &Matcher, query: &Query, found: &Match) -> Vec<(String, f32)> {
    let index = &matcher.index;
    let mut by_token: Vec<f32> = vec![0.0; query.tokens.len()];
    let mut ideas: Vec<(String, f32)> = Vec::new();
    for feature in &query.extracted.features {
        let Some(id) = index.feature(feature.key) else { continue };
        let share = index
            .postings(id)
            .binary_search_by_key(&found.expression, |&(expression, _)| expression)
            .map_or(0.0, |at| index.postings(id)[at].1 * feature.weight * index.rarity(id));
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
    /// The expression of the catalog that a match is nearest to.
    pub fn nearest_expression(&self, found: &Match) -> &str {
        &self.index.expressions[found.expression as usize].text
    }

    /// The number of expressions compared with.
    pub fn expressions(&self) -> usize {
        self.index.expressions.len()
    }
}
