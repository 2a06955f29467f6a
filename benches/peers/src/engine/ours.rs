//! Amtslotse itself: the ranking alone, the ranking with the place, and the whole reply.

use std::collections::HashMap;

use amtslotse::{
    bot::Bot,
    catalog::Catalog,
    conversation::Conversation,
    ids::RegionKey,
    matching::{Matcher, features::Role},
    message::Message,
    places::{Mention, Places},
    text::tokens,
};
use anyhow::Result;

use super::Engine;

/// The ranking of services: understanding the words and scoring.
pub struct Ranking {
    name: &'static str,
    matcher: Matcher,
}

impl Ranking {
    /// Builds the index over a catalog.
    pub fn new(name: &'static str, catalog: &Catalog) -> Self {
        Self { name, matcher: Matcher::build(catalog) }
    }
}

impl Engine for Ranking {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let query = self.matcher.understand(tokens(question), Vec::new());
        let ranking = self.matcher.rank(&query);
        Ok(ranking.matches.iter().take(k).map(|found| usize::from(found.class)).collect())
    }
}

/// The whole bot: the ranking, the place, the decision, the reply in words.
pub struct Respond(pub Bot);

impl Engine for Respond {
    fn name(&self) -> String {
        "Amtslotse, whole reply".to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let (reply, _) = self.0.respond(&Message::text(question), &Conversation::default());
        let services = reply.outcome.services.iter().take(k);
        Ok(services.filter_map(|id| self.0.catalog().position(id)).collect())
    }
}

/// Service and place, each found for itself: what takes the place of one entry per service and
/// place.
pub struct LocalRanking<'a> {
    matcher: &'a Matcher,
    places: &'a Places,
    /// Where each place is in the list of entries, in steps of `services`.
    numbers: HashMap<RegionKey, usize>,
    services: usize,
}

impl<'a> LocalRanking<'a> {
    /// For entries that stand place by place, each with so many services.
    pub fn new(
        matcher: &'a Matcher,
        places: &'a Places,
        keys: &[RegionKey],
        services: usize,
    ) -> Self {
        let numbers = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
        Self { matcher, places, numbers, services }
    }
}

impl Engine for LocalRanking<'_> {
    fn name(&self) -> String {
        "Amtslotse, ranking and place".to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let tokens = tokens(question);
        let mut roles = vec![Role::default(); tokens.len()];
        let spotted = self.places.spot(&tokens, &mut roles);
        let ranking = self.matcher.rank(&self.matcher.understand(tokens, roles));
        let place = spotted.and_then(|spotted| match spotted.mention {
            Mention::One(place) => Some(place),
            Mention::Several(places) => places.into_iter().next(),
            Mention::UnknownPostcode(_) => None,
        });
        let Some(&place) = place.and_then(|place| self.numbers.get(&place.key)) else {
            return Ok(Vec::new());
        };
        let classes = ranking.matches.iter().map(|found| usize::from(found.class));
        let entries = classes.filter(|&class| class < self.services);
        Ok(entries.take(k).map(|class| place * self.services + class).collect())
    }
}
