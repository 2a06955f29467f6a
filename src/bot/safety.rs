//! Danger: the numbers to call come before everything else.

use super::{Heeded, decision, notice_reply, turn::Turn};
use crate::{
    catalog::lexicon::TalkKind,
    conversation::Pending,
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

impl Turn<'_> {
    /// The numbers to call, before anything else; then the service, if one was clearly asked for.
    pub(super) fn danger(&mut self, kind: TalkKind, heeded: &Heeded) -> Reply {
        let place = self.place(heeded);
        let mut urgent = self.urgent(kind, place.as_ref());
        let ranking = self.bot.matcher.rank(&heeded.query);
        // Whoever asks for a women's refuge is to get it; whoever is in a fire, nothing but 112.
        let distracting = matches!(
            kind,
            TalkKind::Fire | TalkKind::Police | TalkKind::Poison | TalkKind::Suicide
        );
        let enough = if distracting { decision::ANSWER_IN_DANGER } else { decision::ANSWER };
        let mut reply = if ranking.confidence >= enough {
            self.question(heeded, place.as_ref(), &ranking)
        } else {
            self.next.pending = None;
            notice_reply(None, vec![Block::Text(self.say("urgent-more"))])
        };
        if kind == TalkKind::Poison && place.is_none() && self.next.pending.is_none() {
            self.next.pending = Some(Pending::PoisonCentre);
        }
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
