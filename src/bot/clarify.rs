//! Questions of ours and what is answered to them: which service, which place.

use super::{
    Heeded, Turn,
    decision::Abstention,
    pick::{Pick, pick},
};
use crate::{
    conversation::Pending,
    ids::ServiceId,
    message::{Action, Facet},
    places::{Mention, Place, Spotted},
    reply::{Block, Choice, ChoiceKind, DecisionKind, NoticeKind, Outcome, Reply},
    text::Token,
};

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
                let (question, choices) = self.place_question(places, typed, Some(service));
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
                Some(service) => {
                    Action::Show { service: service.clone(), place: Some(place.key), facet: None }
                }
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
            let Some(service) = self.bot.catalog.service(id) else { continue };
            let label = service.plain().to_owned();
            let line = match self.bot.difference(id, &choices) {
                Some(differs) => {
                    self.say_with("choice-line", &[("label", &label), ("differs", &differs)])
                }
                None => label.clone(),
            };
            lines.push(line);
            buttons.push(Choice {
                id: id.to_string(),
                label,
                action: Action::Show {
                    service: id.clone(),
                    place: place.map(|place| place.key),
                    facet: facets.first().copied(),
                },
            });
        }
        let none = self.say("none-of-these");
        lines.push(none.clone());
        buttons.push(Choice { id: "none".to_owned(), label: none, action: Action::NoneOfThese });
        let blocks = vec![Block::Steps { label: self.say("which-service"), items: lines }];
        let mut outcome = Outcome::new(DecisionKind::Clarify, None);
        outcome.services = choices.clone();
        // Whatever comes next is about one of these, not about the service before.
        self.next.service = None;
        self.next.pending = Some(Pending::Service { choices, facets });
        self.next.asked += 1;
        Reply { blocks, choices: buttons, choice_kind: ChoiceKind::Clarification, outcome }
    }

    /// The answer to our question, if the message is one: a number, "das zweite", "nichts davon".
    pub(super) fn picked(&mut self, tokens: &[Token]) -> Option<Reply> {
        let pending = self.next.pending.clone()?;
        let count = match &pending {
            Pending::Service { choices, .. } => choices.len() + 1,
            Pending::Place { choices, .. } => choices.len(),
        };
        match pick(tokens, count) {
            Pick::Nothing => None,
            Pick::None => Some(self.none_of_these()),
            Pick::OutOfRange => Some(self.pick_again(&pending)),
            Pick::Choice(at) => Some(match pending {
                Pending::Service { choices, facets } => match choices.get(at) {
                    Some(id) => self.show_chosen(id, self.known_place(), &facets),
                    None => self.none_of_these(),
                },
                Pending::Place { choices, service, facets } => {
                    self.next.place = choices.get(at).copied();
                    self.place_chosen(service.as_ref(), &facets)
                }
            }),
        }
    }

    pub(super) fn pick_again(&mut self, pending: &Pending) -> Reply {
        let place = self.known_place();
        // Asking the same again is no further question.
        self.next.asked = self.next.asked.saturating_sub(1);
        let mut reply = match pending {
            Pending::Service { choices, facets } => {
                self.ask_service(choices.clone(), facets.clone(), place.as_ref())
            }
            Pending::Place { choices, service, .. } => {
                let bot = self.bot;
                let places: Vec<Place> =
                    choices.iter().filter_map(|key| bot.places.place(*key).cloned()).collect();
                let typed = places.first().map(|place| place.name.clone()).unwrap_or_default();
                let (question, choices) = self.place_question(&places, &typed, service.as_ref());
                let mut outcome = Outcome::new(DecisionKind::Clarify, None);
                outcome.services = service.iter().cloned().collect();
                let blocks = vec![question];
                Reply { blocks, choices, choice_kind: ChoiceKind::Clarification, outcome }
            }
        };
        let count = reply.choices.len().to_string();
        reply.blocks.insert(0, Block::Text(self.say_with("pick-again", &[("count", &count)])));
        self.complete(&mut reply, place.as_ref());
        reply
    }

    fn show_chosen(&mut self, id: &ServiceId, place: Option<Place>, facets: &[Facet]) -> Reply {
        let bot = self.bot;
        let Some(service) = bot.catalog.service(id) else {
            return self.notice(NoticeKind::Command, vec![self.say("stale")]);
        };
        let mut reply = self.show(service, place.as_ref(), facets, None);
        self.complete(&mut reply, place.as_ref());
        reply
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

    fn none_of_these(&mut self) -> Reply {
        let mut reply = self.abstain(Abstention::NothingNear);
        let sorry = self.say("none-fits");
        reply.blocks[0] = Block::Text(format!("{sorry} {}", self.say("abstain-rephrase")));
        reply
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
                self.show_chosen(service, self.known_place(), &facets)
            }
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
