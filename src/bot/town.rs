//! What only the town's own catalog knows: services that no other place has, and special cases of
//! those that all have.

use libm::{expf, logf};

use super::{
    Bot, Heeded,
    decision::{Decision, decide},
    turn::Turn,
};
use crate::{
    ids::{RegionKey, ServiceId},
    matching::{Ranking, features::Correction, local::LocalMatch},
    places::Place,
    reply::Reply,
    text::fold,
};

/// From this probability on, an entry of the town's own is meant although the catalog has an answer
/// of its own ...
const MEANT: f32 = 0.4;
/// ... or that it leaves open which of its own is meant ...
const MEANT_IN_DOUBT: f32 = 0.5;
/// ... or knows nothing like it.
const MEANT_ALONE: f32 = 0.6;
/// From this one on, it is worth a question or a hint.
const PERHAPS: f32 = 0.12;
/// A word that differs by so many letters from what it is read as, its first one among them, is a
/// guess: few people miss the first letter.
const GUESSED: usize = 2;
/// A single word asserts an entry of the overlay from this cosine on: it is misspelt, or inflected.
const SAID_ALONE: f32 = 0.9;
/// From this cosine on, an entry of the overlay is worth a hint beside an answer of the catalog.
const NEARLY_SAID: f32 = 0.75;
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
            choices.retain(|choice| !own.contains(choice));
            choices.extend(own.iter().cloned());
        }
        choices
    }
}

/// Logistic regression on [`SIGNALS`]: the probability that the likest entry of the town's own is what
/// is meant. Fitted on half of the questions of `eval/cities/`, on questions that mean services of
/// the catalog and on messages that mean none (`docs/offers.md`).
const WEIGHTS: [f32; SIGNALS.len()] = [
    1.783, 0.278, -3.164, 5.548, 1.953, -1.428, -1.532, 0.126, -1.933, 0.971, 1.005, -0.3, 0.299,
    -0.75, 2.136, 0.209,
];
const BIAS: f32 = -6.927;
/// How far ahead of (and behind) what is no service is looked at.
const ELSEWHERE: f32 = 8.0;

/// What the probability is made of, in order.
pub const SIGNALS: [&str; 16] = [
    "cosine",
    "cover",
    "nearest",
    "ahead of the next",
    "of the first",
    "answered",
    "abstained",
    "words",
    "of the first, cosine",
    "cosine, words",
    "own",
    "of the first, nearest",
    "ahead of ours",
    "no service ahead",
    "cover, words",
    "confidence",
];

/// The likest entry of a town's own for a message, and what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct TownMatch {
    /// The entry.
    pub entry: LocalMatch,
    /// What its probability is made of: [`SIGNALS`].
    pub signals: [f32; SIGNALS.len()],
    /// The service that the catalog alone would put first.
    pub first: Option<ServiceId>,
    /// Entries after it, likest first.
    others: Vec<LocalMatch>,
}

impl TownMatch {
    /// That it is what is meant.
    pub fn probability(&self) -> f32 {
        let sum: f32 = self.signals.iter().zip(WEIGHTS).map(|(signal, w)| signal * w).sum();
        1.0 / (1.0 + expf(-sum - BIAS))
    }
}

impl Bot {
    /// The entry of a place's own that a message is most like, for measuring.
    pub fn town_match(&self, text: &str, place: RegionKey) -> Option<TownMatch> {
        let heeded = self.heed(text);
        let ranking = self.matcher.rank(&heeded.query);
        let decision = decide(&ranking, &heeded.query.facets);
        self.likest_of_town(&heeded, Some(place), &ranking, &decision)
    }

    /// The likest entry of the overlay, or of a place's own.
    pub(super) fn likest_of_town(
        &self,
        heeded: &Heeded,
        place: Option<RegionKey>,
        ranking: &Ranking,
        decision: &Decision,
    ) -> Option<TownMatch> {
        let mut found = place.map_or_else(Vec::new, |place| {
            self.towns.find(&heeded.query, &self.matcher, place, LOOKED_AT)
        });
        if !self.own.index.is_empty() {
            found.extend(self.own.index.find(&heeded.query, &self.matcher, LOOKED_AT));
            found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        }
        let of_ours = found.iter().find(|found| found.is_ours()).map_or(0.0, |o| o.likeness);
        let mut own = found.into_iter().filter(|found| !found.is_ours());
        let entry = own.next()?;
        let others: Vec<LocalMatch> = own.collect();
        let first = self.ids(ranking).into_iter().next();
        let one = |is: bool| if is { 1.0 } else { 0.0 };
        let of_the_first = one(entry.ours.is_some() && entry.ours == first);
        let LocalMatch { likeness, cosine, cover, .. } = entry;
        let words = logf(1.0 + heeded.query.tokens.len() as f32);
        let best = ranking.matches.first().map_or(0.0, |best| best.score);
        let elsewhere = ranking.elsewhere.as_ref().map_or(-ELSEWHERE, |other| other.score - best);
        let signals = [
            cosine,
            cover,
            ranking.nearest,
            likeness - others.first().map_or(0.0, |next| next.likeness),
            of_the_first,
            one(*decision == Decision::Answer),
            one(matches!(decision, Decision::Abstain(_))),
            words,
            of_the_first * cosine,
            cosine * words,
            one(entry.ours.is_none()),
            of_the_first * ranking.nearest,
            likeness - of_ours,
            elsewhere.clamp(-ELSEWHERE, ELSEWHERE) / ELSEWHERE,
            cover * words,
            ranking.confidence,
        ];
        Some(TownMatch { entry, signals, first, others })
    }

    /// Looks a question up in the overlay and in the catalog of a place.
    pub(super) fn town(
        &self,
        heeded: &Heeded,
        place: Option<RegionKey>,
        ranking: &Ranking,
        decision: &Decision,
    ) -> Town {
        // Who says what the operator wrote down means that.
        if let Some(said) = self.said_here(&heeded.typed, &heeded.query) {
            return Town::Meant(said.id.clone());
        }
        let place = place.filter(|_| !self.towns.is_empty());
        // Who says the very name of a town's entry means it, unless that is a name of ours too.
        let called = place.and_then(|place| self.towns.called(&heeded.query, place));
        if let Some(entry) = called.filter(|_| !ranking.named) {
            return Town::Meant(entry.clone());
        }
        let Some(best) = self.likest_of_town(heeded, place, ranking, decision) else {
            return Town::Silent;
        };
        let probability = best.probability();
        let enough = match decision {
            Decision::Answer => MEANT,
            Decision::Clarify(_) => MEANT_IN_DOUBT,
            Decision::Abstain(_) => MEANT_ALONE,
        };
        // A word read as one two letters away ("codieren" as "kopieren") may be another one.
        let is_guess = |c: &Correction| {
            let same_begin = fold(&c.typed).chars().next() == c.read.chars().next();
            c.distance >= GUESSED && !same_begin && !self.own.index.knows(&fold(&c.typed))
        };
        let is_guessed = heeded.query.corrections.iter().any(is_guess);
        let certain =
            (!is_guessed || *decision == Decision::Answer) && self.may_assert(&best.entry, ranking);
        if probability >= enough && certain {
            return Town::Meant(best.entry.service);
        }
        let mentioned = self.own.index.mentioned(&heeded.query) == Some(&best.entry.service);
        if probability < PERHAPS && !mentioned {
            return Town::Silent;
        }
        // Beside an answer, only its own special case is worth a hint, and what the operator calls
        // nearly so.
        let TownMatch { entry, others, first, .. } = best;
        let answered = *decision == Decision::Answer;
        let is_near = |found: &LocalMatch| match answered {
            true if self.own.leads_to(&found.service) => {
                found.cosine >= NEARLY_SAID && Some(&found.service) != first.as_ref()
            }
            true => found.ours.is_some() && found.ours == first,
            false => 2.0 * found.likeness >= entry.likeness,
        };
        let near: Vec<ServiceId> = std::iter::once(&entry)
            .chain(&others)
            .filter(|found| is_near(found))
            .take(if answered { 1 } else { MOST })
            .map(|found| found.service.clone())
            .collect();
        if near.is_empty() { Town::Silent } else { Town::Perhaps(near) }
    }

    /// Whether an entry may be asserted by its likeness. Of the overlay's, a sensitive one is only
    /// asserted to who names it, and a single word must be nearly all that it is called: "Baum" may
    /// mean more than the patronage of one.
    fn may_assert(&self, entry: &LocalMatch, ranking: &Ranking) -> bool {
        if !self.own.leads_to(&entry.service) {
            return true;
        }
        let is_sensitive = self.service(&entry.service).is_some_and(|service| service.sensitive);
        !is_sensitive && (ranking.words > 1 || entry.cosine >= SAID_ALONE)
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
        others.retain(|other| other != id);
        others.dedup();
        self.next.others = others;
        reply
    }
}
