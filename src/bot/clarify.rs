//! Questions of ours and what is answered to them: which service, which place.

use super::{
    Heeded,
    decision::{Decision, decide},
    pick::{Pick, pick},
    turn::Turn,
};
use crate::{
    conversation::{OpenEvent, Pending},
    ids::{RegionKey, ServiceId},
    matching::{ranking::CHOICES, stopwords},
    message::{Action, EventForm, Facet},
    places::{Mention, Place, Spotted},
    reply::{Block, Choice, ChoiceKind, DecisionKind, NoticeKind, Outcome, Reply},
    text::{german::stem, tokens},
};

/// So far ahead of the next choice, in score, is the one that the words of an answer mean.
const CHOICE_AHEAD: f32 = 2.0;

impl Turn<'_> {
    /// Adds the question which place is meant, if it was not clear.
    pub(super) fn ask_about_place(
        &mut self,
        reply: &mut Reply,
        heeded: &Heeded,
        service: &ServiceId,
    ) {
        let Some(Spotted { mention, typed }) = &heeded.spotted else { return };
        match mention {
            Mention::One(_) => {}
            Mention::UnknownPostcode(code) => {
                let code = format!("{code:05}");
                let text = self.say_with("unknown-postcode", &[("postcode", &code)]);
                reply.blocks.push(Block::Text(text));
            }
            Mention::Several(places) => {
                // Asked instead of "name your place".
                let ask_place = Block::Text(self.say("ask-place"));
                reply.blocks.retain(|block| *block != ask_place);
                let (question, choices) =
                    self.place_question(places, typed, Some(service), &heeded.query.facets);
                reply.blocks.push(question);
                if !choices.is_empty() {
                    reply.choices = choices;
                    reply.choice_kind = ChoiceKind::Clarification;
                    self.next.pending = Some(Pending::Place {
                        choices: places.iter().map(|place| place.key).collect(),
                        service: Some(service.clone()),
                        facets: heeded.query.facets.clone(),
                    });
                }
            }
        }
    }

    /// Up to five places are choices; of more, we ask for the postcode or district.
    pub(super) fn place_question(
        &self,
        places: &[Place],
        typed: &str,
        service: Option<&ServiceId>,
        facets: &[Facet],
    ) -> (Block, Vec<Choice>) {
        if places.len() > crate::matching::ranking::CHOICES {
            let count = places.len().to_string();
            let values = [("typed", typed), ("count", count.as_str())];
            return (Block::Text(self.say_with("which-place-too-many", &values)), Vec::new());
        }
        let choice = |place: &Place| Choice {
            id: place.key.to_string(),
            label: self.bot.places.label(place),
            action: match service {
                Some(service) => Action::Show {
                    service: service.clone(),
                    place: Some(place.key),
                    facet: facets.first().copied(),
                },
                None => Action::Place(place.key),
            },
        };
        let choices: Vec<Choice> = places.iter().map(choice).collect();
        let label = self.say_with("which-place", &[("typed", typed)]);
        let items = choices.iter().map(|choice| choice.label.clone()).collect();
        (Block::Steps { label, items }, choices)
    }

    pub(super) fn ask_service(
        &mut self,
        choices: Vec<ServiceId>,
        facets: Vec<Facet>,
        place: Option<&Place>,
    ) -> Reply {
        let mut lines = Vec::new();
        let mut buttons = Vec::new();
        for id in &choices {
            let Some(service) = self.bot.service(id) else { continue };
            let choice = self.choice_of(service, place, facets.first().copied());
            let label = &choice.label;
            lines.push(match self.bot.difference(id, &choices) {
                Some(differs) => {
                    self.say_with("choice-line", &[("label", label), ("differs", &differs)])
                }
                None => label.clone(),
            });
            buttons.push(choice);
        }
        let none = self.say("none-of-these");
        lines.push(none.clone());
        buttons.push(Choice { id: "none".to_owned(), label: none, action: Action::NoneOfThese });
        let question = if choices.len() == 1 { "is-it-this-service" } else { "which-service" };
        let blocks = vec![Block::Steps { label: self.say(question), items: lines }];
        let mut outcome = Outcome::new(DecisionKind::Clarify, None);
        outcome.services = choices.clone();
        // Whatever comes next is about one of these, not about the service before.
        self.next.service = None;
        self.next.event = None;
        self.next.pending = Some(Pending::Service { choices, facets });
        self.next.asked = self.next.asked.saturating_add(1);
        let choice_kind = ChoiceKind::Clarification;
        Reply { choices: buttons, choice_kind, ..Reply::new(blocks, outcome) }
    }

    /// The answer to our question, if the message is one: a number, "das zweite", "nichts davon", or
    /// words that mean one of the choices.
    pub(super) fn picked(&mut self, heeded: &Heeded) -> Option<Reply> {
        let pending = self.next.pending.clone()?;
        if pending == Pending::PoisonCentre {
            return None;
        }
        let count = last_number(&pending);
        let none_counts = matches!(pending, Pending::Service { .. } | Pending::Place { .. });
        match pick(&heeded.query.tokens, count) {
            Pick::Choice(at) => Some(self.chosen(&pending, at)),
            Pick::OutOfRange => Some(self.pick_again(&pending, &[])),
            Pick::None if none_counts => Some(self.none_of_these()),
            Pick::None => None,
            Pick::Nothing => {
                if let Pending::Place { choices, .. } = &pending {
                    let at = self.place_meant(heeded, choices)?;
                    return Some(self.chosen(&pending, at));
                }
                let Pending::Service { choices, facets } = &pending else { return None };
                let at = self.meant_by_content(heeded, choices)?;
                let asked = &heeded.query.facets;
                let facets = if asked.is_empty() { facets.clone() } else { asked.clone() };
                let place = self.place(heeded);
                let id = choices[at].clone();
                let mut reply = self.show_chosen(&id, place, &facets);
                self.next.others = choices.iter().filter(|other| **other != id).cloned().collect();
                reply.outcome.place = super::turn::understood(heeded);
                Some(reply)
            }
        }
    }

    fn chosen(&mut self, pending: &Pending, at: usize) -> Reply {
        match pending {
            Pending::Service { choices, facets } => match choices.get(at) {
                Some(id) => {
                    let reply = self.show_chosen(id, self.known_place(), facets);
                    let others = choices.iter().filter(|other| *other != id);
                    self.next.others = others.cloned().collect();
                    reply
                }
                None => self.none_of_these(),
            },
            Pending::Place { choices, service, facets } => {
                self.next.place = choices.get(at).copied();
                self.place_chosen(service.as_ref(), facets)
            }
            Pending::Event { choices } => match choices.get(at) {
                Some(id) => {
                    let event = OpenEvent { id: id.clone(), date: None };
                    self.checklist(event, EventForm::Short)
                }
                None => self.none_of_these(),
            },
            Pending::Step { choices } => match choices.get(at) {
                Some(id) => {
                    let reply = self.show_chosen(id, self.known_place(), &[]);
                    // The list stays open: the next number is its next step.
                    self.next.pending = Some(pending.clone());
                    reply
                }
                None => self.none_of_these(),
            },
            Pending::PoisonCentre => self.none_of_these(),
        }
    }

    /// The place that the words of a message mean ("die am Main", "Halle an der Saale"): the only one
    /// with a word of its own among them, where no other matter is spoken of.
    fn place_meant(&self, heeded: &Heeded, choices: &[RegionKey]) -> Option<usize> {
        let labels: Vec<Vec<String>> = choices
            .iter()
            .map(|key| self.bot.places.place(*key).map(|place| self.bot.places.label(place)))
            .map(|label| tokens(&label.unwrap_or_default()).into_iter().map(|t| t.folded).collect())
            .collect();
        let words = &heeded.query.tokens;
        let known = |word: &str| labels.iter().any(|label| label.iter().any(|part| part == word));
        if !words.iter().all(|word| known(&word.folded) || stopwords::is_stop(&word.folded)) {
            return None;
        }
        let named = |label: &[String]| {
            words.iter().any(|word| {
                let holders = labels.iter().filter(|label| label.contains(&word.folded));
                holders.count() == 1 && label.contains(&word.folded)
            })
        };
        let mut meant = (0..labels.len()).filter(|at| named(&labels[*at]));
        meant.next().filter(|_| meant.next().is_none())
    }

    /// The choice that the words of a message mean ("gebraucht gekauft"): all of them stand in its
    /// label or in what tells it apart, and in no other's; or the model puts it clearly first. A
    /// message that clearly asks for something else is no answer to our question.
    fn meant_by_content(&self, heeded: &Heeded, choices: &[ServiceId]) -> Option<usize> {
        let bot = self.bot;
        // What the overlay holds word for word is one of them, or another need.
        if let Some(said) = bot.said_here(&heeded.typed, &heeded.query) {
            return choices.iter().position(|choice| *choice == said.id);
        }
        let said: Vec<String> =
            heeded.query.content_words().map(|token| stem(&token.folded).to_owned()).collect();
        if said.is_empty() {
            return None;
        }
        let stems_of = |id: &ServiceId| -> Vec<String> {
            let service = bot.service(id);
            let mut text = bot.difference(id, choices).unwrap_or_default();
            for name in service.iter().flat_map(|service| service.name.values()) {
                text.push_str(&format!(" {} {}", name.plain, name.official));
            }
            let words = tokens(&text).into_iter().map(|token| token.folded);
            words.filter(|w| !stopwords::is_stop(w)).map(|w| stem(&w).to_owned()).collect()
        };
        let stems: Vec<Vec<String>> = choices.iter().map(stems_of).collect();
        let holds = |of: &[String], word: &String| of.iter().any(|other| alike(other, word));
        let hits: Vec<usize> = stems
            .iter()
            .map(|of| {
                let telling = |word: &&String| {
                    holds(of, word) && stems.iter().filter(|of| holds(of, word)).count() == 1
                };
                said.iter().filter(telling).count()
            })
            .collect();
        let most = hits.iter().copied().max().unwrap_or(0);
        let by_words = (most > 0 && hits.iter().filter(|count| **count == most).count() == 1)
            .then(|| hits.iter().position(|count| *count == most))
            .flatten();
        if most == said.len() {
            return by_words;
        }
        let ranking = bot.matcher.rank(&heeded.query);
        let first = bot.ids(&ranking).into_iter().next();
        let of_choices = first.and_then(|id| choices.iter().position(|choice| *choice == id));
        match decide(&ranking, &heeded.query.facets) {
            Decision::Answer => of_choices,
            Decision::Clarify(_) | Decision::Abstain(_) => by_words.or_else(|| {
                let classes: Vec<usize> =
                    choices.iter().filter_map(|id| bot.catalog.position(id)).collect();
                let scores = bot.matcher.scores(&heeded.query, &classes);
                let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]))?;
                let ahead = (0..scores.len())
                    .all(|at| at == best || scores[best] - scores[at] >= CHOICE_AHEAD);
                let near =
                    bot.ids(&ranking).into_iter().take(CHOICES).any(|id| id == choices[best]);
                (ahead && near).then_some(best)
            }),
        }
    }

    /// Says that this was no choice, and shows the choices once more.
    pub(super) fn pick_again(&mut self, pending: &Pending, facets: &[Facet]) -> Reply {
        let mut pending = pending.clone();
        if let Pending::Service { facets: asked, .. } = &mut pending
            && !facets.is_empty()
        {
            *asked = facets.to_vec();
        }
        let mut reply = self.ask_again(&pending);
        let count = last_number(&pending).to_string();
        reply.blocks.insert(0, Block::Text(self.say_with("pick-again", &[("count", &count)])));
        reply
    }

    /// The same choices once more: no further question.
    pub(super) fn ask_again(&mut self, pending: &Pending) -> Reply {
        let place = self.known_place();
        self.next.asked = self.next.asked.saturating_sub(1);
        match pending {
            Pending::Service { choices, facets } => {
                self.ask_service(choices.clone(), facets.clone(), place.as_ref())
            }
            Pending::Place { choices, service, facets } => {
                let bot = self.bot;
                let places: Vec<Place> =
                    choices.iter().filter_map(|key| bot.places.place(*key).cloned()).collect();
                let typed = places.first().map(|place| place.name.clone()).unwrap_or_default();
                let (question, choices) =
                    self.place_question(&places, &typed, service.as_ref(), facets);
                let mut outcome = Outcome::new(DecisionKind::Clarify, None);
                outcome.services = service.iter().cloned().collect();
                let choice_kind = ChoiceKind::Clarification;
                Reply { choices, choice_kind, ..Reply::new(vec![question], outcome) }
            }
            Pending::Event { .. } => self.events(),
            Pending::Step { choices } => match self.next.event.clone() {
                Some(event) => self.checklist(event, EventForm::Whole),
                None => self.show_several(choices, place.as_ref(), &[]),
            },
            Pending::PoisonCentre => self.events(),
        }
    }

    fn show_chosen(&mut self, id: &ServiceId, place: Option<Place>, facets: &[Facet]) -> Reply {
        let bot = self.bot;
        let Some(service) = bot.service(id) else {
            return self.notice(NoticeKind::Command, vec![self.say("stale")]);
        };
        self.show(service, place.as_ref(), facets, None)
    }

    fn place_chosen(&mut self, service: Option<&ServiceId>, facets: &[Facet]) -> Reply {
        let place = self.known_place();
        self.next.pending = None;
        match (service, place) {
            (Some(id), place) => self.show_chosen(id, place, facets),
            (None, Some(place)) => {
                let label = self.bot.places.label(&place);
                let text = self.say_with("place-set", &[("place", &label)]);
                self.notice(NoticeKind::Command, vec![format!("{text} {}", self.say("what-about"))])
            }
            (None, None) => self.notice(NoticeKind::Command, vec![self.say("stale")]),
        }
    }

    /// What else was offered beside a choice that is pressed.
    fn others_besides(&self, pressed: &ServiceId) -> Vec<ServiceId> {
        match &self.next.pending {
            Some(Pending::Service { choices, .. }) if choices.contains(pressed) => {
                choices.iter().filter(|other| *other != pressed).cloned().collect()
            }
            _ if self.next.service.as_ref() == Some(pressed) => self.next.others.clone(),
            _ => Vec::new(),
        }
    }

    /// A button: from any message of ours, however old.
    pub(super) fn pressed(&mut self, action: &Action) -> Reply {
        match action {
            Action::Show { service, place, facet } => {
                if let Some(key) = place {
                    if self.bot.places.place(*key).is_none() {
                        return self.notice(NoticeKind::Command, vec![self.say("stale")]);
                    }
                    self.next.place = Some(*key);
                }
                let facets: Vec<Facet> = facet.iter().copied().collect();
                let others = self.others_besides(service);
                let reply = self.show_chosen(service, self.known_place(), &facets);
                self.next.others = others;
                reply
            }
            Action::More { service, place, facet } => {
                if let Some(key) = place.filter(|key| self.bot.places.place(*key).is_some()) {
                    self.next.place = Some(key);
                }
                let facets: Vec<Facet> = facet.iter().copied().collect();
                self.show_whole(service, &facets)
                    .unwrap_or_else(|| self.notice(NoticeKind::Command, vec![self.say("stale")]))
            }
            Action::Event { event, date, form } => {
                self.checklist(OpenEvent { id: event.clone(), date: *date }, *form)
            }
            Action::Events => self.events(),
            Action::Speak(language) => self.speak(*language),
            Action::Rate { service, verdict } => self.rate(service, *verdict),
            Action::Place(key) => {
                if self.bot.places.place(*key).is_none() {
                    return self.notice(NoticeKind::Command, vec![self.say("stale")]);
                }
                self.next.place = Some(*key);
                let service = self.next.service.clone();
                self.place_chosen(service.as_ref(), &[])
            }
            Action::NoneOfThese => self.none_of_these(),
            Action::Help => self.help(),
        }
    }
}

/// The number of the last choice: of services that is "nothing of these".
fn last_number(pending: &Pending) -> usize {
    pending.offered() + usize::from(matches!(pending, Pending::Service { .. }))
}

/// Whether two stems are forms of one word: equal, or the longer one begins with a shorter one of
/// five letters at least ("gebraucht", "gebrauchtwagen").
fn alike(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    one == other || short.len() >= 5 && long.starts_with(short)
}
