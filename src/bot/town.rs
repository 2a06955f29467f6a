//! What only the town's own catalog knows: services that no other place has, and special cases of
//! those that all have.

use libm::{expf, logf};

use super::{Bot, Heeded, decision::Decision, turn::Turn};
use crate::{
    ids::ServiceId,
    matching::{Ranking, local::LocalMatch},
    places::Place,
    reply::Reply,
};

/// From this probability on, an entry of the town's own is meant although the catalog has an answer
/// of its own ...
const MEANT: f32 = 0.5;
/// ... or that it knows nothing like it ...
const MEANT_ALONE: f32 = 0.6;
/// ... or that it leaves open which of its own is meant: then it is one more that may be.
const MEANT_IN_DOUBT: f32 = 0.85;
/// From this one on, it is worth a question or a hint.
const PERHAPS: f32 = 0.15;
/// Entries that are looked at.
const LOOKED_AT: usize = 12;
/// Entries of its own that are asked about.
const MOST: usize = 2;
/// Of the choices, so many are the catalog's where the town has some too.
const MOST_OTHERS: usize = 4;

/// What the town's own catalog says to a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Town {
    /// Nothing.
    Silent,
    /// This entry of its own is meant.
    Meant(ServiceId),
    /// One of these may be meant.
    Perhaps(Vec<ServiceId>),
}

impl Town {
    /// The services to ask about, with those of the town.
    pub fn beside(&self, mut choices: Vec<ServiceId>) -> Vec<ServiceId> {
        if let Self::Perhaps(own) = self {
            choices.truncate(MOST_OTHERS);
            choices.extend(own.iter().cloned());
        }
        choices
    }
}

/// Logistic regression: the probability that the likest entry of the town's own is what is meant.
/// Fitted on half of the questions of `eval/cities/` and on questions that mean services of the
/// catalog (`docs/offers.md`).
const WEIGHTS: [f32; 13] =
    [0.782, 3.795, -4.906, 5.754, 1.897, -1.764, 4.392, 1.081, -1.286, 1.519, 1.065, -0.364, 0.615];
const BIAS: f32 = -6.010;

/// What the probability is made of.
struct Signals<'a> {
    best: &'a LocalMatch,
    /// How far behind the next entry of the town's own is.
    ahead: f32,
    /// How far behind what the town calls a service of ours is.
    ahead_of_ours: f32,
    /// Whether it is a special case of what the catalog answers.
    of_the_first: bool,
    /// Likeness of the nearest expression of what the catalog answers.
    nearest: f32,
    answered: bool,
    abstained: bool,
    words: usize,
}

impl Signals<'_> {
    fn probability(&self) -> f32 {
        let one = |is: bool| if is { 1.0 } else { 0.0 };
        let words = logf(1.0 + self.words as f32);
        let LocalMatch { cosine, cover, .. } = *self.best;
        let signals = [
            cosine,
            cover,
            self.nearest,
            self.ahead,
            one(self.of_the_first),
            one(self.answered),
            one(self.abstained),
            words,
            one(self.of_the_first) * cosine,
            cosine * words,
            one(self.best.ours.is_none()),
            one(self.of_the_first) * self.nearest,
            self.ahead_of_ours,
        ];
        let sum: f32 = signals.iter().zip(WEIGHTS).map(|(signal, weight)| signal * weight).sum();
        1.0 / (1.0 + expf(-sum - BIAS))
    }
}

impl Bot {
    /// Looks a question up in the catalog of a place.
    pub(super) fn town(
        &self,
        heeded: &Heeded,
        place: Option<&Place>,
        ranking: &Ranking,
        decision: &Decision,
    ) -> Town {
        let (Some(place), false) = (place, self.towns.is_empty()) else { return Town::Silent };
        let found = self.towns.find(&heeded.query, &self.matcher, place.key, LOOKED_AT);
        let own: Vec<&LocalMatch> = found.iter().filter(|found| !found.is_ours()).collect();
        let Some(best) = own.first() else { return Town::Silent };
        let ours = found.iter().find(|found| found.is_ours());
        let of_ours = ours.map_or(0.0, |ours| ours.likeness);
        let first = self.ids(ranking).into_iter().next();
        let answered = *decision == Decision::Answer;
        let probability = Signals {
            best,
            ahead: best.likeness - own.get(1).map_or(0.0, |next| next.likeness),
            ahead_of_ours: best.likeness - of_ours,
            of_the_first: best.ours.is_some() && best.ours == first,
            nearest: ranking.nearest,
            answered,
            abstained: matches!(decision, Decision::Abstain(_)),
            words: heeded.query.tokens.len(),
        }
        .probability();
        let enough = match decision {
            Decision::Answer => MEANT,
            Decision::Clarify(_) => MEANT_IN_DOUBT,
            Decision::Abstain(_) => MEANT_ALONE,
        };
        if probability >= enough {
            return Town::Meant(best.service.clone());
        }
        if probability < PERHAPS {
            return Town::Silent;
        }
        // Beside an answer, only its own special case is worth a hint.
        let is_near = |found: &&&LocalMatch| match answered {
            true => found.ours.is_some() && found.ours == first,
            false => 2.0 * found.likeness >= best.likeness,
        };
        let near: Vec<ServiceId> = own
            .iter()
            .filter(is_near)
            .take(if answered { 1 } else { MOST })
            .map(|found| found.service.clone())
            .collect();
        if near.is_empty() { Town::Silent } else { Town::Perhaps(near) }
    }
}

impl Turn<'_> {
    /// The card of an entry of the town's own.
    pub(super) fn of_town(
        &mut self,
        id: &ServiceId,
        heeded: &Heeded,
        place: Option<&Place>,
        ranking: &Ranking,
    ) -> Reply {
        let bot = self.bot;
        let Some(service) = bot.service(id) else { return self.none_of_these() };
        let reply = self.show(service, place, &heeded.query.facets, None);
        // "Das andere": the general service, or what else the catalog would have said.
        let mut others: Vec<ServiceId> = bot.towns.ours(id).cloned().into_iter().collect();
        others.extend(bot.ids(ranking).into_iter().take(2));
        others.dedup();
        self.next.others = others;
        reply
    }
}
