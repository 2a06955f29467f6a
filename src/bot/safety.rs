//! Danger: the numbers to call come before everything else.

use super::{Heeded, decision, notice_reply, turn::Turn};
use crate::{
    catalog::lexicon::TalkKind,
    conversation::Pending,
    matching::{Query, Ranking},
    message::Facet,
    places::Place,
    reply::{Block, Reply},
};

/// The poison information centre in charge of each Land, by its two digits in the regional key, and
/// its number. All answer day and night. As of November 2026; compared with the centres' own pages
/// and the list of the Federal Institute for Risk Assessment. The centre of Homburg, once in charge of
/// the Saarland, closed in March 2021.
const POISON_CENTRES: [(&str, &str); 16] = [
    ("01", "0551 19240"),
    ("02", "0551 19240"),
    ("03", "0551 19240"),
    ("04", "0551 19240"),
    ("05", "0228 19240"),
    ("06", "06131 19240"),
    ("07", "06131 19240"),
    ("08", "0761 19240"),
    ("09", "089 19240"),
    ("10", "06131 19240"),
    ("11", "030 19240"),
    ("12", "030 19240"),
    ("13", "0361 730730"),
    ("14", "0361 730730"),
    ("15", "0361 730730"),
    ("16", "0361 730730"),
];

/// Danger is told by words that no list holds if it is so far ahead, in score, of every service, life
/// event and matter that is no danger ...
const AHEAD: f32 = 3.0;
/// ... and the message has so many words that say something.
const LEAST_WORDS: usize = 2;
/// Words of who asks about something, and is not in it.
const CALM: [&str; 24] = [
    "pflicht",
    "vorschrift",
    "vorschriften",
    "gesetz",
    "frist",
    "nachruesten",
    "versicherung",
    "rechnung",
    "kurs",
    "kurse",
    "ehrenamt",
    "ausbildung",
    "statistik",
    "spenden",
    "verein",
    "museum",
    "kaufen",
    "mieter",
    "vermieter",
    "arbeitgeber",
    "mitarbeiter",
    "information",
    "informationen",
    "vorbeugung",
];

/// The danger that the words of a message speak of most of all, beside the expressions that stand for
/// danger by themselves. Whoever asks for a price or a deadline, or clearly for a service, is calm.
pub(super) fn danger_told(ranking: &Ranking, query: &Query) -> Option<TalkKind> {
    let danger = ranking.danger.as_ref()?;
    let best = ranking.matches.first()?;
    let others = [Some(best), ranking.elsewhere.as_ref(), ranking.event.as_ref()];
    let next = others.into_iter().flatten().map(|found| found.score).fold(f32::MIN, f32::max);
    let calm = query.facets.iter().any(|facet| *facet != Facet::Where)
        || query.tokens.iter().any(|token| CALM.contains(&token.folded.as_str()))
        || ranking.confidence >= decision::ANSWER_PART;
    let told = !calm && ranking.words >= LEAST_WORDS && danger.score >= next + AHEAD;
    told.then(|| TalkKind::DANGERS.get(usize::from(danger.class)).copied()).flatten()
}

impl Turn<'_> {
    /// The numbers to call, before anything else; then the service, if one was clearly asked for.
    pub(super) fn danger(&mut self, kind: TalkKind, heeded: &Heeded, ranking: &Ranking) -> Reply {
        let place = self.place(heeded);
        let mut urgent = self.urgent(kind, place.as_ref());
        // Whoever asks for a women's refuge is to get it; whoever is in a fire, nothing but 112.
        let distracting = matches!(
            kind,
            TalkKind::Fire | TalkKind::Police | TalkKind::Poison | TalkKind::Suicide
        );
        let enough = if distracting { decision::ANSWER_IN_DANGER } else { decision::ANSWER };
        let mut reply = if ranking.confidence >= enough {
            self.question(heeded, place.as_ref(), ranking)
        } else {
            self.next.pending = None;
            notice_reply(None, vec![Block::Text(self.say("urgent-more"))])
        };
        if kind == TalkKind::Poison && place.is_none() && self.next.pending.is_none() {
            self.next.pending = Some(Pending::PoisonCentre);
        }
        self.next.danger = Some(kind);
        urgent.append(&mut reply.blocks);
        reply.blocks = urgent;
        reply.outcome.notice = Some(kind.notice());
        reply
    }

    /// The numbers to call.
    pub(super) fn urgent(&self, kind: TalkKind, place: Option<&Place>) -> Vec<Block> {
        let key = match kind {
            TalkKind::Police => "urgent-police",
            TalkKind::Doctor => "urgent-doctor",
            TalkKind::Suicide => "urgent-suicide",
            TalkKind::Violence => "urgent-violence",
            TalkKind::Child => "urgent-child",
            TalkKind::Poison => return self.poison(place),
            _ => "urgent-fire",
        };
        vec![Block::Notice(self.say(key))]
    }

    fn poison(&self, place: Option<&Place>) -> Vec<Block> {
        let land_of = |key: crate::ids::RegionKey| key.to_string()[..2].to_owned();
        let here = place.and_then(|place| {
            let digits = land_of(place.key);
            POISON_CENTRES.iter().find(|(land, _)| *land == digits)
        });
        if let Some((_, number)) = here {
            return vec![Block::Notice(self.say_with("urgent-poison-here", &[("number", number)]))];
        }
        // Not knowing where: all numbers, each with the Länder it is for.
        let mut lines: Vec<(String, &str)> = Vec::new();
        for (digits, number) in POISON_CENTRES {
            let key = format!("{digits:0<12}").parse().ok();
            let name = key.and_then(|key| self.bot.places.land_of(key)).map(|land| &land.name);
            let Some(name) = name else { continue };
            match lines.iter_mut().find(|(_, other)| *other == number) {
                Some((names, _)) => *names = format!("{names}, {name}"),
                None => lines.push((name.clone(), number)),
            }
        }
        let items = lines.into_iter().map(|(names, number)| format!("{names}: {number}")).collect();
        let label = self.say("urgent-poison-lands");
        vec![Block::Notice(self.say("urgent-poison")), Block::Facts { label, items }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_land_has_a_poison_centre_and_closed_ones_have_none() {
        let digits: Vec<&str> = POISON_CENTRES.iter().map(|(land, _)| *land).collect();
        let all: Vec<String> = (1..=16).map(|land| format!("{land:02}")).collect();
        assert_eq!(digits, all);
        // Homburg and Nürnberg are no longer centres.
        assert!(POISON_CENTRES.iter().all(|(_, number)| !number.starts_with("06841")));
        assert!(POISON_CENTRES.iter().all(|(_, number)| !number.starts_with("0911")));
    }
}
