//! Several needs in one message: a card each.

use super::{Heeded, decision, turn::Turn, turn::understood};
use crate::{
    conversation::Pending,
    ids::ServiceId,
    matching::{Part, Query, Ranking},
    message::Facet,
    places::Place,
    reply::{Block, DecisionKind, Outcome, Reply},
};

/// Services of one message that are answered at once.
pub(super) const MAX_NEEDS: usize = 3;

impl Turn<'_> {
    /// The services of a message that names several, if each of its parts is clear by itself, no two
    /// mean the same, and the whole speaks for them too: for one of them most of all.
    pub(super) fn several_needs(
        &self,
        query: &Query,
        whole: &Ranking,
    ) -> Option<Vec<(ServiceId, f32)>> {
        let bot = self.bot;
        let of_whole = bot.ids(whole);
        let best = whole.matches.first()?.score;
        let of_whole: Vec<ServiceId> = of_whole
            .into_iter()
            .zip(&whole.matches)
            .filter(|(_, found)| found.score > best - decision::PART_BEHIND)
            .map(|(id, _)| id)
            .collect();
        let needs_of = |parts: Vec<Part>| -> Option<Vec<(ServiceId, f32)>> {
            if parts.len() > MAX_NEEDS {
                return None;
            }
            let mut needs: Vec<(ServiceId, f32)> = Vec::new();
            for part in parts {
                let (id, confidence) = self.need_of(part, &of_whole)?;
                if needs.iter().any(|(other, _)| *other == id) {
                    return None;
                }
                needs.push((id, confidence));
            }
            let best = of_whole.first();
            let is_best = |id: &ServiceId| best == Some(id) || bot.own.leads_to(id);
            needs.iter().any(|(id, _)| is_best(id)).then_some(needs)
        };
        query.splits().into_iter().find_map(needs_of)
    }

    /// The service that a part of a message means by itself, and how sure that is.
    fn need_of(&self, part: Part, of_whole: &[ServiceId]) -> Option<(ServiceId, f32)> {
        let bot = self.bot;
        let query = bot.matcher.understand(part.tokens, part.roles);
        if let Some(said) = bot.said_here(&query.tokens, &query) {
            return Some((said.id.clone(), 1.0));
        }
        let ranking = bot.matcher.rank(&query);
        let id = bot.ids(&ranking).into_iter().next()?;
        let clear = ranking.confidence >= decision::ANSWER_PART
            && decision::is_hinted(&ranking)
            && of_whole.contains(&id);
        clear.then_some((id, ranking.confidence))
    }

    pub(super) fn answer_all(
        &mut self,
        heeded: &Heeded,
        place: Option<&Place>,
        needs: &[(ServiceId, f32)],
    ) -> Reply {
        let facets = heeded.query.facets.clone();
        let ids: Vec<ServiceId> = needs.iter().map(|(id, _)| id.clone()).collect();
        let mut reply = self.show_several(&ids, place, &facets);
        let outcome = &mut reply.outcome;
        outcome.confidence = needs.iter().map(|(_, sure)| *sure).fold(1.0, f32::min);
        outcome.place = understood(heeded);
        reply
    }

    /// Each service in short: its status, or what was asked; a button leads to the rest.
    pub(super) fn show_several(
        &mut self,
        ids: &[ServiceId],
        place: Option<&Place>,
        facets: &[Facet],
    ) -> Reply {
        let bot = self.bot;
        let asked = if facets.is_empty() { &[Facet::Online][..] } else { facets };
        let ask_place = Block::Text(self.say("ask-place"));
        let mut blocks = Vec::new();
        let mut choices = Vec::new();
        for service in ids.iter().filter_map(|id| bot.service(id)) {
            self.next.service = None;
            let card = self.show(service, place, asked, None);
            let short = |block: &Block| match block {
                Block::Heading(_) | Block::Status { .. } | Block::Text(_) => true,
                Block::Notice(_) | Block::Source(_) => true,
                Block::Facts { .. } => !facets.is_empty(),
                Block::Steps { .. } | Block::Links(_) | Block::Copy(_) | Block::Aside(_) => false,
            };
            blocks.extend(card.blocks.into_iter().filter(|b| short(b) && *b != ask_place));
            choices.push(self.choice_of(service, place, None));
        }
        // "Das zweite": more of it.
        self.next.pending = Some(Pending::Step { choices: ids.to_vec() });
        let mut outcome = Outcome::new(DecisionKind::Answer, None);
        outcome.services = ids.to_vec();
        outcome.asserted = outcome.services.len();
        outcome.confidence = 1.0;
        outcome.facets = facets.to_vec();
        Reply { choices, ..Reply::new(blocks, outcome) }
    }
}
