//! Answer, ask back, or say that we do not know.
//!
//! Wrong is worse than not knowing: the thresholds come from the error measured among asserted
//! answers on questions set apart for tuning (`docs/matching.md`), not from taste.

use crate::{
    matching::{Match, Ranking, ranking::CHOICES},
    message::Facet,
};

/// What to do with a ranking.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Assert the first service.
    Answer,
    /// Ask which of the first so many is meant.
    Clarify(usize),
    /// Say that we do not know.
    Abstain(Abstention),
}

/// Why we do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abstention {
    /// Nothing is near enough.
    NothingNear,
    /// It is like a matter that is no service.
    Elsewhere,
}

/// From this confidence on, an answer is asserted.
pub const ANSWER: f32 = 0.40;
/// Each part of a message that names several services must be this clear by itself: a card too many
/// is a wrong answer.
pub const ANSWER_PART: f32 = 0.70;
/// Beside an emergency number, a service is named only from this confidence on: a person in danger
/// is not to be distracted.
pub const ANSWER_IN_DANGER: f32 = 0.95;
/// From this probability on that a choice is the right one, it is worth asking back.
pub const CLARIFY: f32 = 0.08;
/// A service called by its name needs this share of the likelihood.
const NAMED_SHARE: f32 = 0.3;
/// A vague word is known to the catalog ...
const KNOWN_WORDS: f32 = 0.9;
/// ... and is about an expression of the best service by itself.
const VAGUE_LIKENESS: f32 = 0.6;
/// Below this coverage, a question is nonsense or foreign.
const UNKNOWN_WORDS: f32 = 0.3;
/// A choice must have this share of the likelihood of the best one: asking the bereaved whether they
/// mean a dog is worse than a choice too few.
const CHOICE_SHARE: f32 = 0.22;

/// Decides on a ranking for a question that asks for some facets.
pub fn decide(ranking: &Ranking, facets: &[Facet]) -> Decision {
    let Some(best) = ranking.matches.first() else {
        return Decision::Abstain(Abstention::NothingNear);
    };
    if let Some(elsewhere) = &ranking.elsewhere
        && elsewhere.score > best.score
    {
        // Of words that nobody knows, not even that can be said.
        let known = ranking.coverage >= UNKNOWN_WORDS;
        let why = if known { Abstention::Elsewhere } else { Abstention::NothingNear };
        return Decision::Abstain(why);
    }
    // "Was kostet ein Reisepass?" and "Kindergeld beantragen" call a service by its name and say
    // what is wanted: no question back. A bare "Reisepass" may mean several.
    let wanted = !facets.is_empty() || ranking.words > 1;
    let named = ranking.named && wanted && best.share >= NAMED_SHARE;
    if ranking.confidence >= ANSWER || named {
        return Decision::Answer;
    }
    // "Hund" is known well, and may mean many things: ask.
    let vague =
        ranking.words <= 2 && ranking.coverage > KNOWN_WORDS && ranking.nearest >= VAGUE_LIKENESS;
    if ranking.among_first < CLARIFY && !vague {
        return Decision::Abstain(Abstention::NothingNear);
    }
    match choices(&ranking.matches) {
        0 | 1 => Decision::Clarify(ranking.matches.len().min(3)),
        count => Decision::Clarify(count),
    }
}

/// How many of the first matches are near enough to the best to be meant.
fn choices(matches: &[Match]) -> usize {
    let Some(best) = matches.first() else { return 0 };
    let near = |m: &&Match| m.share >= CHOICE_SHARE * best.share;
    matches.iter().take(CHOICES).filter(near).count()
}
