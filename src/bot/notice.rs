//! Replies that are no service: small talk, commands, the wish for a person.

use super::{
    Turn,
    command::{Command, Parsed},
    notice_reply,
};
use crate::{
    catalog::lexicon::TalkKind,
    conversation::Conversation,
    places::{Mention, Spotted},
    reply::{Block, Link, NoticeKind, Reply},
};

impl Turn<'_> {
    pub(super) fn notice(&mut self, kind: NoticeKind, texts: Vec<String>) -> Reply {
        notice_reply(Some(kind), texts.into_iter().map(Block::Text).collect())
    }

    pub(super) fn talk(&mut self, kind: TalkKind) -> Reply {
        match kind {
            TalkKind::Greeting => self.greeting(NoticeKind::Greeting),
            TalkKind::Help => self.help(),
            TalkKind::Meta => {
                let services = self.bot.catalog.services().len().to_string();
                let meta = self.say_with("meta", &[("services", &services)]);
                let mut texts = vec![format!("{meta} {}", self.say("meta-no-model"))];
                if !self.bot.settings.operator.is_empty() {
                    let operator = self.bot.settings.operator.clone();
                    texts.push(self.say_with("greeting-operator", &[("operator", &operator)]));
                }
                self.notice(NoticeKind::Meta, texts)
            }
            TalkKind::Human => self.human(),
            TalkKind::Thanks => self.notice(NoticeKind::Thanks, vec![self.say("thanks")]),
            TalkKind::Goodbye => self.notice(NoticeKind::Goodbye, vec![self.say("goodbye")]),
            TalkKind::Abuse => self.notice(NoticeKind::Abuse, vec![self.say("abuse")]),
            TalkKind::Injection => self.notice(NoticeKind::Injection, vec![self.say("injection")]),
            TalkKind::Fire
            | TalkKind::Police
            | TalkKind::Doctor
            | TalkKind::Poison
            | TalkKind::Suicide
            | TalkKind::Violence
            | TalkKind::Child => self.notice(kind.notice(), vec![self.say("urgent-fire")]),
        }
    }

    fn greeting(&mut self, kind: NoticeKind) -> Reply {
        let operator = self.bot.settings.operator.clone();
        let mut first = self.say("greeting");
        if !operator.is_empty() {
            first.push(' ');
            first.push_str(&self.say_with("greeting-operator", &[("operator", &operator)]));
        }
        let mut reply =
            self.notice(kind, vec![first, self.say("greeting-ask"), self.say("greeting-privacy")]);
        let (url, label) = (self.bot.settings.privacy_url.clone(), self.say("privacy-link"));
        if !url.is_empty() {
            reply.blocks.push(Block::Links(vec![Link { label, url }]));
        }
        reply
    }

    pub(super) fn help(&mut self) -> Reply {
        let examples = ["help-example-1", "help-example-2", "help-example-3"];
        let examples = examples.iter().map(|key| format!("„{}“", self.say(key))).collect();
        let blocks = vec![
            Block::Text(self.say("help")),
            Block::Facts { label: self.say("help-examples"), items: examples },
            Block::Text(self.say("help-facets")),
            Block::Text(self.phone_line("abstain-phone", "abstain-phone-contact")),
        ];
        notice_reply(Some(NoticeKind::Help), blocks)
    }

    fn human(&mut self) -> Reply {
        let mut texts = vec![self.phone_line("human", "human-contact")];
        let bot = self.bot;
        if let Some(service) = self.next.service.as_ref().and_then(|id| bot.catalog.service(id)) {
            let place = self.known_place();
            let authority = bot.authority(service, place.as_ref(), None);
            let values = [("service", service.plain()), ("authority", authority.as_str())];
            texts.push(self.say_with("human-office", &values));
        }
        self.notice(NoticeKind::Human, texts)
    }

    pub(super) fn command(&mut self, parsed: &Parsed<'_>) -> Reply {
        match parsed {
            Parsed::Known(Command::Start, _) => {
                self.next = Conversation::default();
                self.greeting(NoticeKind::Command)
            }
            Parsed::Known(Command::Help, _) => self.help(),
            Parsed::Known(Command::Place, argument) => self.place_command(argument),
            Parsed::Known(Command::Privacy, _) => {
                let minutes = self.bot.settings.remembered_minutes.to_string();
                let text = self.say_with("privacy", &[("minutes", &minutes)]);
                let url = self.bot.settings.privacy_url.clone();
                self.linked(text, "privacy-link", url)
            }
            Parsed::Known(Command::Imprint, _) => {
                let operator = self.bot.settings.operator.clone();
                let url = self.bot.settings.imprint_url.clone();
                if operator.is_empty() && url.is_empty() {
                    return self.notice(NoticeKind::Command, vec![self.say("imprint-missing")]);
                }
                let text = self.say_with("imprint", &[("operator", &operator)]);
                self.linked(text, "imprint-link", url)
            }
            Parsed::Known(Command::Contact, _) => self.human(),
            Parsed::Known(Command::Forget, _) => {
                self.next = Conversation::default();
                self.notice(NoticeKind::Command, vec![self.say("forgotten")])
            }
            Parsed::Unknown(typed, near) => {
                let hint = near
                    .map(|near| self.say_with("command-hint", &[("command", &format!("/{near}"))]));
                let typed = format!("/{typed}");
                let values =
                    [("command", typed.as_str()), ("hint", hint.as_deref().unwrap_or_default())];
                let text = self.say_with("command-unknown", &values);
                let mut reply = self.help();
                reply.blocks.insert(0, Block::Text(text));
                reply.outcome.notice = Some(NoticeKind::Command);
                reply
            }
        }
    }

    fn linked(&mut self, text: String, label: &str, url: String) -> Reply {
        let mut reply = self.notice(NoticeKind::Command, vec![text]);
        if !url.is_empty() {
            let label = self.say(label);
            reply.blocks.push(Block::Links(vec![Link { label, url }]));
        }
        reply
    }

    fn place_command(&mut self, argument: &str) -> Reply {
        if argument.is_empty() {
            return self.notice(NoticeKind::Command, vec![self.say("ort-missing")]);
        }
        let heeded = self.bot.heed(argument);
        let resolved = self.bot.places.resolve(argument).ok().cloned();
        let place = resolved.or_else(|| match &heeded.spotted {
            Some(Spotted { mention: Mention::One(place), .. }) => Some(place.clone()),
            _ => None,
        });
        if let Some(place) = place {
            self.next.place = Some(place.key);
            self.next.pending = None;
            let label = self.bot.places.label(&place);
            let text = self.say_with("place-set", &[("place", &label)]);
            return self
                .notice(NoticeKind::Command, vec![format!("{text} {}", self.say("what-about"))]);
        }
        if heeded.spotted.is_some() {
            return self.without_service(&heeded, None);
        }
        let typed: String = argument.chars().take(60).collect();
        let text = self.say_with("ort-unknown", &[("typed", &typed)]);
        self.notice(NoticeKind::Command, vec![text])
    }
}
