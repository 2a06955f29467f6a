//! From likenesses to an order of services with a calibrated confidence.

use libm::{expf, logf};

use super::{Matcher, Query, expressions::Class, features::Kind, index::Vector};

/// How many services a ranking keeps.
pub const KEPT: usize = 8;

/// How many of them a citizen is asked about at most; more are not read.
pub const CHOICES: usize = 5;

/// One service (or matter that is not ours), scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Position of the service in the catalog; matters come after all services, then life events.
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
    /// Whether that matter is none at all, but nonsense.
    pub nonsense: bool,
    /// The best life event; its class counts from the first life event of the catalog.
    pub event: Option<Match>,
    /// The best kind of danger; its class is its place in
    /// [`TalkKind::DANGERS`](crate::catalog::lexicon::TalkKind::DANGERS).
    pub danger: Option<Match>,
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
    /// Whether the question is a single word that is in the names of the first match and in no
    /// other's ("WBS", but not "Personalausweis").
    pub named_alone: bool,
    /// Words of the question that are neither filler nor place nor facet.
    pub words: usize,
    /// How many words of the question speak for the first match by themselves, or all of them if
    /// its name or a synonym is among them. Counted for sensitive services alone.
    pub hints: Option<usize>,
}

/// A class so far behind the best has no share.
const FAR: f32 = 20.0;

/// What a service asked daily has ahead of a rare one, in score.
const PRIORITY_BONUS: f32 = 0.3;

/// What a service has ahead, in score, if the question is one of its expressions and nothing else:
/// whoever writes an expression into the catalog means it. Shared by all that hold it.
const SAID_BONUS: f32 = 1.0;

pub(super) fn rank(matcher: &Matcher, query: &Query) -> Ranking {
    let index = &matcher.index;
    let vector = index.vector(&query.extracted);
    let mut scores = matcher.model.scores(&vector);
    for (score, priority) in scores.iter_mut().zip(&matcher.priorities) {
        *score += PRIORITY_BONUS * f32::from(3u8.saturating_sub(*priority));
    }
    let words = query.read_words();
    let events = index.services + index.matters;
    let (said_by, told_by): (Vec<usize>, Vec<usize>) =
        index.said_by(&words).iter().map(|class| usize::from(*class)).partition(|at| *at < events);
    for said_by in [said_by, told_by] {
        for class in &said_by {
            scores[*class] += SAID_BONUS / said_by.len() as f32;
        }
    }
    let best = scores[..events].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // What is far behind has no share that could be seen.
    let share_of =
        |score: f32| if score > best - FAR { expf((score - best).min(FAR)) } else { 0.0 };
    let sum: f32 = scores[..events].iter().map(|score| share_of(*score)).sum();
    let matched = |class: usize| Match {
        class: class as Class,
        score: scores[class],
        share: share_of(scores[class]) / sum,
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
    let best_of = |classes: std::ops::Range<usize>| classes.max_by(|a, b| by_score(b, a));
    let elsewhere = best_of(index.services..events).map(matched);
    // Life events and dangers are told beside the services and do not take from their shares.
    let beside = |classes: std::ops::Range<usize>| {
        let first = classes.start;
        best_of(classes).map(|class| {
            let found = matched(class);
            let share = found.share / (1.0 + found.share);
            Match { class: (class - first) as Class, share, ..found }
        })
    };
    let event = beside(events..events + index.events);
    let danger = beside(events + index.events..index.classes);
    let nearest = matches.first().map_or(0.0, |best| index.nearest(&vector, best.class).1);
    let named = matches.first().is_some_and(|best| index.is_name(&words.join(" "), best.class));
    let named_alone = named
        && words.len() == 1
        && matches.first().is_some_and(|best| index.is_name_word_of(words[0], best.class));
    let hints = matches
        .first()
        .filter(|best| matcher.sensitive[usize::from(best.class)])
        .map(|best| hints(matcher, query, &vector, &words, best.class));
    let nonsense = elsewhere
        .as_ref()
        .is_some_and(|found| matcher.nonsense[usize::from(found.class) - index.services]);
    let mut ranking = Ranking {
        matches,
        elsewhere,
        nonsense,
        event,
        danger,
        confidence: 0.0,
        among_first: 0.0,
        coverage: vector.coverage,
        nearest,
        named,
        named_alone,
        words: words.len(),
        hints,
    };
    let signals = signals(&ranking);
    ranking.confidence = FIRST_IS_RIGHT.probability(&signals);
    ranking.among_first = AMONG_FIRST.probability(&signals);
    ranking
}

/// Longest name looked for in a question, in words.
const MAX_NAME: usize = 4;
/// A word is a hint of its own if it speaks for the service by so much of what the strongest does.
const HINT: f32 = 0.33;

fn hints(matcher: &Matcher, query: &Query, vector: &Vector, words: &[&str], class: Class) -> usize {
    let index = &matcher.index;
    let is_named = (1..=MAX_NAME.min(words.len()))
        .any(|length| words.windows(length).any(|name| index.is_name(&name.join(" "), class)));
    if is_named {
        return words.len().max(2);
    }
    let mut by_token: Vec<f32> = vec![0.0; query.tokens.len()];
    for feature in &query.extracted.features {
        if let Some(id) = index.feature(feature.key)
            && let Ok(at) = vector.values.binary_search_by_key(&id, |(id, _)| *id)
            && let Some(sum) = by_token.get_mut(usize::from(feature.token))
        {
            *sum += (matcher.model.weight(id, class) * vector.values[at].1).max(0.0);
        }
    }
    let strongest = by_token.iter().copied().fold(0.0, f32::max);
    by_token.iter().filter(|sum| **sum >= HINT * strongest && **sum > 0.0).count()
}

/// What a probability is made of: names, in order. Words count by the logarithm of one more than
/// their number: long messages are less like any expression, and no less certain for it.
pub const SIGNALS: [&str; 10] = [
    "Anteil",
    "Vorsprung",
    "vor »keine Leistung«",
    "Ähnlichkeit",
    "Wörter",
    "einziges Wort",
    "Anteil mal Wörter",
    "vor »keine Leistung« mal Wörter",
    "Ähnlichkeit mal Wörter",
    "Anteil der ersten fünf",
];

/// Logistic regression on the signals.
struct Fitted {
    weights: [f32; SIGNALS.len()],
    bias: f32,
}

impl Fitted {
    fn probability(&self, signals: &[f32; SIGNALS.len()]) -> f32 {
        let sum: f32 =
            signals.iter().zip(self.weights).map(|(signal, weight)| signal * weight).sum();
        1.0 / (1.0 + expf(-sum - self.bias))
    }
}

// Fitted by `measure fit` (`docs/matching.md`) on questions for tuning and on expressions that the
// model had not seen. Another state of the catalog gives slightly other numbers: fit again when the
// reliability chart leaves the diagonal.
const FIRST_IS_RIGHT: Fitted = Fitted {
    weights: [2.1477, 0.3735, 0.4797, 1.8991, 2.0375, -1.9023, -0.5112, -0.0798, -0.9109, -0.4233],
    bias: -4.4570,
};
const AMONG_FIRST: Fitted = Fitted {
    weights: [0.9776, -0.0711, -0.1322, 5.1294, 0.5595, 1.3884, -0.6296, 0.5484, -3.3725, 2.7519],
    bias: -4.3191,
};

/// A share too small to tell from none.
const LEAST_SHARE: f32 = 1e-4;
/// A lead beyond this says nothing more.
const MAX_LEAD: f32 = 10.0;
/// How far behind (and ahead of) what is no service is looked at.
const AHEAD: std::ops::RangeInclusive<f32> = -8.0..=12.0;
/// More words than this say nothing more.
const MAX_WORDS: usize = 20;

/// What the probabilities of a ranking are made of.
pub fn signals(ranking: &Ranking) -> [f32; SIGNALS.len()] {
    let best = ranking.matches.first();
    let score = best.map_or(0.0, |m| m.score);
    let share = logf(best.map_or(0.0, |m| m.share) + LEAST_SHARE);
    // Without a second service there is nothing to confuse the first with.
    let lead = ranking.matches.get(1).map_or(MAX_LEAD, |m| (score - m.score).min(MAX_LEAD));
    let ahead = ranking
        .elsewhere
        .as_ref()
        .map_or(*AHEAD.end(), |m| (score - m.score).clamp(*AHEAD.start(), *AHEAD.end()));
    let words = logf(1.0 + ranking.words.min(MAX_WORDS) as f32);
    let only_one = if ranking.words <= 1 { 1.0 } else { 0.0 };
    let nearest = ranking.nearest;
    let first_five = ranking.matches.iter().take(CHOICES).map(|m| m.share).sum();
    [
        share,
        lead,
        ahead,
        nearest,
        words,
        only_one,
        share * words,
        ahead * words,
        nearest * words,
        first_five,
    ]
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

/// Which words put one match before another, strongest first: (word as typed, how much more it
/// speaks for the first, in score).
pub fn contrast(
    matcher: &Matcher,
    query: &Query,
    first: &Match,
    other: &Match,
) -> Vec<(String, f32)> {
    let index = &matcher.index;
    let vector = index.vector(&query.extracted);
    let mut by_token: Vec<f32> = vec![0.0; query.tokens.len()];
    let mut seen: Vec<u32> = Vec::new();
    for feature in &query.extracted.features {
        let Some(id) = index.feature(feature.key) else { continue };
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let Ok(at) = vector.values.binary_search_by_key(&id, |(id, _)| *id) else { continue };
        let weight = |class| matcher.model.weight(id, class);
        if let Some(sum) = by_token.get_mut(usize::from(feature.token)) {
            *sum += (weight(first.class) - weight(other.class)) * vector.values[at].1;
        }
    }
    let words = query.tokens.iter().zip(by_token).filter(|(_, more)| *more > 0.0);
    let mut out: Vec<(String, f32)> =
        words.map(|(token, more)| (token.typed.clone(), more)).collect();
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    out.truncate(4);
    out
}

impl Matcher {
    /// The expression of a match that a question is nearest to, and how near it is, 0 to 1.
    pub fn nearest_expression(&self, query: &Query, found: &Match) -> (&str, f32) {
        let vector = self.index.vector(&query.extracted);
        let (expression, likeness) = self.index.nearest(&vector, found.class);
        (&self.index.expressions[expression as usize].text, likeness)
    }

    /// For each service: likeness of the nearest expression, mean likeness of all, and the linear
    /// model's score. Looks at every expression: for measuring, not for answering.
    pub fn likenesses(&self, query: &Query) -> Vec<(f32, f32, f32)> {
        let vector = self.index.vector(&query.extracted);
        let scores = self.model.scores(&vector);
        let of_class = |class: usize| {
            let (nearest, mean) = self.index.likeness(&vector, class as Class);
            (nearest, mean, scores[class])
        };
        (0..self.index.services).map(of_class).collect()
    }

    /// The number of expressions compared with.
    pub fn expressions(&self) -> usize {
        self.index.expressions.len()
    }
}
