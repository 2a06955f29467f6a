//! Replies that are no service: small talk and commands.

use super::{
    command::{Command, Parsed},
    notice_reply,
    turn::Turn,
};
use crate::{
    catalog::lexicon::TalkKind,
    conversation::Conversation,
    language::Language,
    message::{Action, EventForm},
    places::{Mention, Spotted},
    reply::{Block, Choice, DataRequest, Link, NoticeKind, Reply},
};

impl Turn<'_> {
    /// The reply to small talk, and to wishes that are no need for a service; `None` if it is about
    /// something spoken of before, and nothing was.
    pub(super) fn talk(&mut self, kind: TalkKind) -> Option<Reply> {
        let say = |turn: &mut Self, key| Some(turn.notice(kind.notice(), vec![turn.say(key)]));
        match kind {
            TalkKind::Greeting => Some(self.greeting(NoticeKind::Greeting)),
            TalkKind::Help => Some(self.help()),
            TalkKind::Meta => Some(self.about_itself()),
            TalkKind::Human => Some(self.human()),
            TalkKind::Thanks => say(self, "thanks"),
            TalkKind::Goodbye => say(self, "goodbye"),
            TalkKind::Abuse => say(self, "abuse"),
            TalkKind::Injection => say(self, "injection"),
            TalkKind::Events => Some(self.events()),
            TalkKind::List => Some(match self.next.event.clone() {
                Some(event) => self.checklist(event, EventForm::Short),
                None => self.events(),
            }),
            TalkKind::Overview => Some(self.overview()),
            TalkKind::German => Some(self.speak(Language::German)),
            TalkKind::English => Some(self.speak(Language::English)),
            _ if kind.is_urgent() => {
                let place = self.known_place();
                Some(notice_reply(Some(kind.notice()), self.urgent(kind, place.as_ref())))
            }
            TalkKind::Ready => say(self, "what-about"),
            TalkKind::Fits if self.next.service.is_none() => say(self, "thanks"),
            _ => self.follow(kind).or_else(|| {
                // With nothing to go on from, these words are no need either.
                let empty = matches!(
                    kind,
                    TalkKind::More
                        | TalkKind::Other
                        | TalkKind::Repeat
                        | TalkKind::Why
                        | TalkKind::No
                        | TalkKind::Unsure
                        | TalkKind::WrongService
                        | TalkKind::WrongFacts
                );
                empty.then(|| self.notice(kind.notice(), vec![self.say("what-about")]))
            }),
        }
    }

    fn about_itself(&mut self) -> Reply {
        let services = self.bot.services().count().to_string();
        let meta = self.say_with("meta", &[("services", &services)]);
        let mut texts =
            vec![format!("{meta} {}", self.say("meta-no-model")), self.say("meta-sources")];
        texts.push(self.run_by().unwrap_or_else(|| self.say("meta-operator-unknown")));
        self.notice(NoticeKind::Meta, texts)
    }

    fn run_by(&self) -> Option<String> {
        let operator = &self.bot.settings.operator;
        (!operator.is_empty())
            .then(|| self.say_with("greeting-operator", &[("operator", operator)]))
    }

    /// What is said once, at first contact, to who did not begin with a greeting.
    pub(super) fn introduction(&self) -> String {
        let settings = &self.bot.settings;
        let mut sentences = vec![self.say("intro")];
        sentences.extend(self.run_by());
        sentences.push(self.say("greeting-privacy"));
        let privacy = match settings.privacy_url.as_str() {
            "" => "/datenschutz",
            url => url,
        };
        let values = [("privacy", privacy), ("phone", settings.phone.as_str())];
        sentences.push(self.say_with("intro-more", &values));
        sentences.join(" ")
    }

    /// From now on, another language.
    pub(super) fn speak(&mut self, language: Language) -> Reply {
        self.next.language = Some(language);
        self.next.language_chosen = true;
        self.wording = self.bot.wording(language);
        self.notice(NoticeKind::Command, vec![self.say("language-set")])
    }

    fn ask_language(&mut self) -> Reply {
        let mut reply = self.notice(NoticeKind::Command, vec![self.say("which-language")]);
        reply.choices = Language::ALL
            .into_iter()
            .map(|language| Choice {
                id: format!("language:{}", language.code()),
                label: self.say(language_key(language)),
                action: Action::Speak(language),
            })
            .collect();
        reply
    }

    fn greeting(&mut self, kind: NoticeKind) -> Reply {
        let mut first = vec![self.say("greeting")];
        first.extend(self.run_by());
        let texts = vec![first.join(" "), self.say("greeting-ask"), self.say("greeting-privacy")];
        let mut reply = self.notice(kind, texts);
        let settings = &self.bot.settings;
        let phone = [("phone", settings.phone.as_str())];
        reply.blocks.push(Block::Text(self.say_with("greeting-phone", &phone)));
        self.next.introduced = true;
        if !settings.privacy_url.is_empty() {
            let link = Link { label: self.say("privacy-link"), url: settings.privacy_url.clone() };
            reply.blocks.push(Block::Links(vec![link]));
        }
        reply
    }

    pub(super) fn help(&mut self) -> Reply {
        let examples = ["help-example-1", "help-example-2", "help-example-3"];
        let examples = examples
            .iter()
            .map(|key| self.say_with("quoted", &[("text", &self.say(key))]))
            .collect();
        let blocks = vec![
            Block::Text(self.say("help")),
            Block::Facts { label: self.say("help-examples"), items: examples },
            Block::Text(self.say("help-facets")),
            Block::Text(self.phone_line("abstain-phone", "abstain-phone-contact")),
        ];
        notice_reply(Some(NoticeKind::Help), blocks)
    }

    pub(super) fn command(&mut self, parsed: &Parsed<'_>) -> Reply {
        match parsed {
            Parsed::Known(Command::Start, _) => {
                self.next.begin_anew();
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
            Parsed::Known(Command::Status, argument) => {
                if argument.is_empty() {
                    return self.overview();
                }
                let reply = self.place_command(argument);
                let understood = reply.outcome.notice == Some(NoticeKind::Command);
                if understood && self.next.place.is_some() { self.overview() } else { reply }
            }
            Parsed::Known(Command::Events, _) => self.events(),
            Parsed::Known(Command::Stored, _) => {
                let mut reply = self.stored();
                reply.outcome.request = Some(DataRequest::Access);
                reply
            }
            Parsed::Known(Command::Language, argument) => {
                let known = Language::from_code(argument).or_else(|| {
                    let name = crate::text::fold(argument);
                    match name.as_str() {
                        "deutsch" | "german" => Some(Language::German),
                        "englisch" | "english" => Some(Language::English),
                        _ => None,
                    }
                });
                match known {
                    Some(language) => self.speak(language),
                    None => self.ask_language(),
                }
            }
            Parsed::Known(Command::Forget, _) => {
                // Who is forgotten need not be told again who we are.
                self.next = Conversation::introduced();
                let mut reply = self.notice(NoticeKind::Command, vec![self.say("forgotten")]);
                reply.outcome.request = Some(DataRequest::Forget);
                reply
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
            // What was spoken of, there.
            let bot = self.bot;
            let service = self.next.service.as_ref().and_then(|id| bot.service(id));
            if let Some(service) = service {
                let facets = self.next.facets.clone();
                return self.show(service, Some(&place), &facets, None);
            }
            if let Some(event) = self.next.event.clone() {
                return self.checklist(event, EventForm::Short);
            }
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

/// The wording key of a language's own name.
pub(super) fn language_key(language: Language) -> &'static str {
    match language {
        Language::German => "language-de",
        Language::English => "language-en",
    }
}
