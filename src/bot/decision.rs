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
pub const ANSWER: f32 = 0.60;
/// Each part of a message that names several services must be this clear by itself: a card too many
/// is a wrong answer.
pub const ANSWER_PART: f32 = 0.85;
/// The whole message speaks for each of them too: at most so much less than for the best.
pub const PART_BEHIND: f32 = 6.0;
/// Whoever was asked back twice gets the best answer, with its doubt, from this confidence on.
pub const ANSWER_IN_DOUBT: f32 = 0.25;
/// ... or if one of the first is meant with this probability: a vague word.
pub const AMONG_IN_DOUBT: f32 = 0.6;
/// Beside an emergency number, a service is named only from this confidence on: a person in danger
/// is not to be distracted.
pub const ANSWER_IN_DANGER: f32 = 0.95;
/// A single word may always mean something else ("ummelden").
const ANSWER_WORD: f32 = 0.65;
/// In a story most words are about something else, and the likenesses say less: asserted from this
/// confidence on ...
const ANSWER_STORY: f32 = 0.97;
/// ... if it has more content words than this.
const STORY_WORDS: usize = 25;
/// From this probability on that a choice is the right one, it is worth asking back.
pub const CLARIFY: f32 = 0.08;
/// A service called by its name needs this share of the likelihood.
const NAMED_SHARE: f32 = 0.3;
/// Below this coverage, a question is nonsense or foreign.
const UNKNOWN_WORDS: f32 = 0.3;
/// The choices carry this part of what the first ones share ...
const CHOICES_SHARE: f32 = 0.9;
/// ... but each has this part of the share of the best one: asking the bereaved whether they mean a
/// dog is worse than a choice too few.
const CHOICE_SHARE: f32 = 0.1;
/// A sensitive service is asserted only if so many words speak for it by themselves.
const HINTS: usize = 2;

/// Decides on a ranking for a question that asks for some facets.
pub fn decide(ranking: &Ranking, facets: &[Facet]) -> Decision {
    let Some(best) = ranking.matches.first() else {
        return Decision::Abstain(Abstention::NothingNear);
    };
    // "Was kostet ein Reisepass?" and "Kindergeld beantragen" call a service by its name and say
    // what is wanted: no question back. A bare "Reisepass" may mean several.
    let wanted = !facets.is_empty() || ranking.words > 1 || ranking.named_alone;
    let named = ranking.named && wanted && best.share >= NAMED_SHARE;
    let enough = match ranking.words {
        ..=1 if facets.is_empty() => ANSWER_WORD,
        words if words > STORY_WORDS => ANSWER_STORY,
        _ => ANSWER,
    };
    if (ranking.confidence >= enough || named) && is_hinted(ranking) {
        return Decision::Answer;
    }
    if ranking.among_first >= CLARIFY {
        return Decision::Clarify(choices(&ranking.matches));
    }
    let elsewhere = ranking.elsewhere.as_ref().is_some_and(|other| other.score > best.score);
    // Of words that nobody knows, not even that can be said.
    let known = ranking.coverage >= UNKNOWN_WORDS && !ranking.nonsense;
    let why = if elsewhere && known { Abstention::Elsewhere } else { Abstention::NothingNear };
    Decision::Abstain(why)
}

/// Whether the first service may be asserted as far as it is a sensitive one.
pub fn is_hinted(ranking: &Ranking) -> bool {
    ranking.hints.is_none_or(|hints| hints >= HINTS)
}

/// How many of the first matches to ask about: those that carry the likelihood, two at least.
fn choices(matches: &[Match]) -> usize {
    let first = matches.iter().take(CHOICES);
    let enough = CHOICES_SHARE * first.clone().map(|m| m.share).sum::<f32>();
    let least = matches.first().map_or(0.0, |best| CHOICE_SHARE * best.share);
    let mut sum = 0.0;
    let near = first.take_while(|m| {
        let more = sum < enough && m.share >= least;
        sum += m.share;
        more
    });
    near.count().max(2).min(matches.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(shares: &[f32], confidence: f32) -> Ranking {
        let found = |(class, &share): (u16, &f32)| Match { class, score: 10.0 * share, share };
        Ranking {
            matches: (0..).zip(shares).map(found).collect(),
            elsewhere: Some(Match { class: 99, score: 0.0, share: 0.0 }),
            nonsense: false,
            event: None,
            danger: None,
            confidence,
            among_first: 0.9,
            coverage: 1.0,
            nearest: 0.5,
            named: false,
            named_alone: false,
            words: 4,
            hints: None,
        }
    }

    #[test]
    fn a_sensitive_service_needs_two_hints_however_sure_we_are() {
        let mut sure = ranking(&[0.9, 0.1], 0.99);
        assert_eq!(decide(&sure, &[]), Decision::Answer);
        sure.hints = Some(1);
        assert_eq!(decide(&sure, &[]), Decision::Clarify(2));
        sure.hints = Some(2);
        assert_eq!(decide(&sure, &[]), Decision::Answer);
    }

    #[test]
    fn single_words_and_stories_need_more() {
        let mut fairly = ranking(&[0.8, 0.2], 0.62);
        assert_eq!(decide(&fairly, &[]), Decision::Answer);
        fairly.words = 1;
        assert_eq!(decide(&fairly, &[]), Decision::Clarify(2));
        assert_eq!(decide(&fairly, &[Facet::Cost]), Decision::Answer);
        let mut story = ranking(&[0.8, 0.2], 0.96);
        story.words = 40;
        assert_eq!(decide(&story, &[]), Decision::Clarify(2));
    }

    #[test]
    fn choices_carry_nine_tenths_but_none_is_far_behind() {
        assert_eq!(choices(&ranking(&[0.3, 0.3, 0.3, 0.05, 0.05], 0.3).matches), 3);
        assert_eq!(choices(&ranking(&[0.95, 0.03, 0.02], 0.3).matches), 2);
        assert_eq!(choices(&ranking(&[0.2, 0.2, 0.2, 0.2, 0.2], 0.3).matches), 5);
        assert_eq!(choices(&ranking(&[1.0], 0.3).matches), 1);
    }

    #[test]
    fn nonsense_is_asked_to_be_said_again_and_not_called_a_private_matter() {
        let mut other = ranking(&[0.1], 0.0);
        other.among_first = 0.0;
        other.elsewhere = Some(Match { class: 99, score: 50.0, share: 0.9 });
        assert_eq!(decide(&other, &[]), Decision::Abstain(Abstention::Elsewhere));
        other.nonsense = true;
        assert_eq!(decide(&other, &[]), Decision::Abstain(Abstention::NothingNear));
    }
}
