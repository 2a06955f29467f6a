//! What a citizen thinks of an answer: one tap, counted without a person.

use super::turn::Turn;
use crate::{
    catalog::Service,
    ids::ServiceId,
    message::{Action, Verdict},
    reply::{Choice, NoticeKind, Reply},
};

/// Answers that are judged in one conversation; more are not counted.
const MAX_RATED: usize = 20;

impl Turn<'_> {
    /// "Passt", "falsche Leistung", "Angaben stimmen nicht".
    pub(super) fn ratings(&self, service: &Service) -> Vec<Choice> {
        let choice = |verdict: Verdict| Choice {
            id: format!("feedback:{}", verdict.name()),
            label: self.say(rating_key(verdict)),
            action: Action::Rate { service: service.id.clone(), verdict },
        };
        Verdict::ALL.into_iter().map(choice).collect()
    }

    /// Counts a judgement, each service once in a conversation, and leads on.
    pub(super) fn rate(&mut self, service: &ServiceId, verdict: Verdict) -> Reply {
        if self.bot.service(service).is_none() {
            return self.notice(NoticeKind::Command, vec![self.say("stale")]);
        }
        let counted = !self.next.rated.contains(service) && self.next.rated.len() < MAX_RATED;
        if counted {
            self.next.rated.push(service.clone());
        }
        let thanks = self.say("rated");
        let mut reply = match verdict {
            Verdict::Fits => self.notice(NoticeKind::Thanks, vec![thanks]),
            Verdict::WrongFacts => {
                let texts = vec![thanks, self.say("rated-wrong-facts"), self.way_out()];
                self.notice(NoticeKind::Thanks, texts)
            }
            Verdict::WrongService => self.not_that(Some(service)),
        };
        reply.outcome.verdict = counted.then(|| (service.clone(), verdict));
        reply
    }
}

fn rating_key(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fits => "rate-fits",
        Verdict::WrongService => "rate-wrong-service",
        Verdict::WrongFacts => "rate-wrong-facts",
    }
}
