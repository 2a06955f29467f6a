//! One message being answered: in which order it is looked at.

use super::{
    Bot, Heeded, command, decision,
    decision::{Abstention, Decision, decide},
    event,
    needs::MAX_NEEDS,
    notice_reply, safety,
    talk::Heard,
    town::Town,
    wording::Wording,
};
use crate::{
    catalog::{
        Service,
        lexicon::TalkKind,
        service::{Formerly, Level},
    },
    conversation::{Conversation, Pending},
    ids::{RegionKey, ServiceId},
    language::Language,
    matching::{Query, Ranking, ranking::CHOICES},
    message::{Action, Facet, Input, Message},
    places::{Mention, Place, Spotted},
    reply::{
        AvailabilityKind, Block, Choice, ChoiceKind, DecisionKind, NoticeKind, Outcome, Reply,
    },
    text::{Token, tokens},
};
use time::Date;

/// Questions we ask back in a row before we give the best answer or give up.
const MAX_ASKED: u8 = 2;
/// What else a need may have meant is remembered if it has this part of the best one's share.
const OTHER_SHARE: f32 = 0.02;
/// How much of that is remembered.
const MAX_OTHERS: usize = 4;

/// One message being answered.
pub(super) struct Turn<'a> {
    pub bot: &'a Bot,
    pub message: &'a Message,
    pub heeded: Option<&'a Heeded>,
    pub wording: &'a Wording,
    pub next: Conversation,
}

impl<'a> Turn<'a> {
    pub fn new(
        bot: &'a Bot,
        message: &'a Message,
        heeded: Option<&'a Heeded>,
        before: Conversation,
    ) -> Self {
        let mut next = before;
        if let Some(heeded) = heeded
            && !next.language_chosen
            && let Some(written) = Language::of(&heeded.query.tokens)
        {
            next.language = Some(written);
        }
        // What a program is set to counts only where there are no words to go by.
        let has_words =
            matches!(&message.input, Input::Text(text) if command::parse(text.expose()).is_none());
        let set_to = message.language.filter(|_| !has_words);
        let language = next.language.or(set_to).unwrap_or(bot.settings.language);
        Self { bot, message, heeded, wording: bot.wording(language), next }
    }

    /// Answers.
    pub fn take(mut self) -> (Reply, Conversation) {
        let mut reply = match (&self.message.input, self.heeded) {
            (Input::Text(text), Some(heeded)) => self.text(text.expose(), heeded),
            (Input::Pressed(action), _) => self.pressed(action),
            (Input::Stale, _) => self.notice(NoticeKind::Command, vec![self.say("stale")]),
            (Input::Media | Input::Text(_), _) => {
                self.notice(NoticeKind::Empty, vec![self.say("media")])
            }
        };
        self.complete(&mut reply);
        self.mind_personal_data(&mut reply);
        self.introduce(&mut reply);
        reply.language = self.wording.language();
        (reply, self.next)
    }

    pub fn say(&self, key: &str) -> String {
        self.wording.say(key)
    }

    pub fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.wording.say_with(key, values)
    }

    pub fn language(&self) -> Language {
        self.wording.language()
    }

    /// A day as the language writes it.
    pub fn day(&self, date: Date) -> String {
        self.wording.day(date)
    }

    fn text(&mut self, text: &str, heeded: &Heeded) -> Reply {
        let ranking = self.bot.matcher.rank(&heeded.query);
        let talk = &self.bot.talk;
        let tokens = &heeded.query.tokens;
        // "Can someone call me?" is a wish we know.
        let told = || match talk.hear(text, tokens) {
            Some(Heard { whole: true, .. }) => None,
            _ => safety::danger_told(&ranking, &heeded.query),
        };
        let danger = talk.danger(&heeded.typed).or_else(|| talk.danger(tokens)).or_else(told);
        let mut reply = match (danger, command::parse(text)) {
            (Some(kind), _) => self.danger(kind, heeded, &ranking),
            (None, Some(parsed)) => return self.command(&parsed),
            (None, None) => self.calm(text, heeded, &ranking),
        };
        if heeded.shortened {
            let text = self.say("too-long");
            insert_before_source(&mut reply.blocks, Block::Aside(text));
            reply.outcome.notice.get_or_insert(NoticeKind::TooLong);
        }
        reply
    }

    fn calm(&mut self, text: &str, heeded: &Heeded, ranking: &Ranking) -> Reply {
        if let Some(reply) = self.picked(heeded) {
            return reply;
        }
        let heard = self.bot.talk.hear(text, &heeded.query.tokens);
        // With a checklist open, "morgen" is a day and no greeting.
        if let Some(reply) = self.next.event.is_some().then(|| self.dated(heeded)).flatten() {
            return reply;
        }
        // "Genau, und wo?" and "danke, und wo?" ask on.
        let asks = !heeded.query.facets.is_empty();
        let known = self.next.service.is_some() || self.next.event.is_some();
        if let Some(Heard { kind, whole: true }) = heard
            && !(asks && (kind.is_judgement() || known && kind.is_politeness()))
            && let Some(reply) = self.talk(kind)
        {
            return reply;
        }
        if heeded.query.tokens.is_empty() {
            return self.notice(NoticeKind::Empty, vec![self.say("empty")]);
        }
        // A number of nothing.
        if let [token] = &heeded.query.tokens[..]
            && token.folded.len() <= 2
            && token.folded.bytes().all(|b| b.is_ascii_digit())
        {
            return self.notice(NoticeKind::Command, vec![self.say("what-about")]);
        }
        let place = self.place(heeded);
        if let Some(reply) = self.dated(heeded) {
            return reply;
        }
        if let Some(reply) = self.said_in_overlay(heeded, place.as_ref(), ranking) {
            return reply;
        }
        if !heeded.query.has_content() || says_no_more(heeded) {
            return self.without_content(heeded, place);
        }
        if let Some(reply) = self.about_the_last(heeded, place.as_ref(), ranking) {
            return reply;
        }
        if let Some(Heard { kind, .. }) = heard {
            let firm = matches!(kind, TalkKind::Abuse | TalkKind::Injection);
            if (firm || decide(ranking, &heeded.query.facets) != Decision::Answer)
                && let Some(reply) = self.talk(kind)
            {
                return reply;
            }
        }
        let said = self.without_openers(heeded, ranking);
        self.need(heeded, place.as_ref(), said.as_ref().unwrap_or(ranking))
    }

    /// The ranking without "ok danke, dann", if that makes an answer of what would be none.
    fn without_openers(&self, heeded: &Heeded, ranking: &Ranking) -> Option<Ranking> {
        const OPENERS: [&str; 14] = [
            "ok", "okay", "danke", "gut", "super", "alles", "klar", "dann", "und", "so", "also",
            "aber", "then", "thanks",
        ];
        let query = &heeded.query;
        let is_opener = |word: &&Token| OPENERS.contains(&word.folded.as_str());
        let openers = query.tokens.iter().take_while(is_opener).count();
        let answered = decide(ranking, &query.facets) == Decision::Answer;
        if openers == 0 || openers == query.tokens.len() || answered {
            return None;
        }
        let (tokens, roles) = (query.tokens[openers..].to_vec(), query.roles[openers..].to_vec());
        let ranking = self.bot.matcher.rank(&self.bot.matcher.understand(tokens, roles));
        (decide(&ranking, &query.facets) == Decision::Answer).then_some(ranking)
    }

    /// A need: a life event, several services, or one.
    pub fn need(&mut self, heeded: &Heeded, place: Option<&Place>, ranking: &Ranking) -> Reply {
        let ahead = match decide(ranking, &heeded.query.facets) {
            // A single word may mean any of its services.
            Decision::Clarify(_) if ranking.words > 1 => event::AHEAD_OF_ASKING,
            _ => event::AHEAD,
        };
        let event = self.event_meant(ranking, &heeded.query, ahead);
        if let Some(event) = event.or_else(|| self.event_without_day(heeded)) {
            return self.told_event(event, heeded);
        }
        match self.several_needs(&heeded.query, ranking) {
            Some(needs) => self.answer_all(heeded, place, &needs),
            None => self.question(heeded, place, ranking),
        }
    }

    /// The place of this message; remembered if it is exactly one. A place that is not clear yet is
    /// not the one before.
    pub fn place(&mut self, heeded: &Heeded) -> Option<Place> {
        match &heeded.spotted {
            Some(Spotted { mention: Mention::One(place), .. }) => {
                self.next.place = Some(place.key);
                Some(place.clone())
            }
            Some(_) => None,
            None => self.known_place(),
        }
    }

    /// The place of the conversation, the channel or the operator, in this order.
    pub fn known_place(&self) -> Option<Place> {
        let key = self.next.place.or(self.message.place).or(self.bot.settings.default_place)?;
        self.bot.places.place(key).cloned()
    }

    pub fn question(&mut self, heeded: &Heeded, place: Option<&Place>, ranking: &Ranking) -> Reply {
        let facets = heeded.query.facets.clone();
        let mut decision = decide(ranking, &facets);
        let mut ranking = ranking.clone();
        if let (Decision::Clarify(_), Some(at)) = (&decision, self.plainly_named(heeded, &ranking))
        {
            ranking.matches[..=at].rotate_right(1);
            decision = Decision::Answer;
        }
        let ranking = &ranking;
        let key = place.map(|place| place.key);
        let town = self.bot.town(heeded, key, ranking, &decision);
        let mut reply = match (decision, &town) {
            (_, Town::Meant(id)) => self.of_town(id, heeded, place, ranking),
            (Decision::Answer, Town::Perhaps(own)) => {
                let mut reply = self.answer(heeded, place, ranking);
                let special = own.first().and_then(|id| self.bot.service(id));
                let special = special.map(|service| self.choice_of(service, place, None));
                reply.choices.splice(0..0, special);
                reply
            }
            (Decision::Answer, Town::Silent) => self.answer(heeded, place, ranking),
            // Whoever was asked twice is not asked again.
            (Decision::Clarify(_), _) if self.next.asked >= MAX_ASKED => {
                self.doubtful(heeded, place, ranking)
            }
            (Decision::Clarify(count), _) => {
                let ids = self.bot.ids(ranking).into_iter().take(count);
                let choices = town.beside(ids.collect());
                self.ask_service(choices, facets.clone(), place)
            }
            (Decision::Abstain(_), Town::Perhaps(_)) => {
                self.ask_service(town.beside(Vec::new()), facets.clone(), place)
            }
            (Decision::Abstain(why), Town::Silent) => {
                // A new need, though not understood: what was before is not meant.
                self.next.service = None;
                self.next.event = None;
                self.abstain(why)
            }
        };
        let outcome = &mut reply.outcome;
        outcome.confidence = ranking.confidence;
        outcome.facets = facets;
        outcome.place = understood(heeded);
        if outcome.decision != DecisionKind::Clarify {
            let ranked = self.bot.ids(ranking);
            outcome.services = match &town {
                Town::Meant(id) => {
                    let others = ranked.into_iter().filter(|other| other != id);
                    std::iter::once(id.clone()).chain(others).take(5).collect()
                }
                _ => ranked.into_iter().take(5).collect(),
            };
        }
        reply
    }

    /// The place in a ranking of the service whose everyday name is all that a facet is asked of: "was
    /// kostet ein Personalausweis" is not about a lost one.
    fn plainly_named(&self, heeded: &Heeded, ranking: &Ranking) -> Option<usize> {
        let query = &heeded.query;
        let said: Vec<&str> = query.content_words().map(|word| word.folded.as_str()).collect();
        if query.facets.is_empty() || said.is_empty() {
            return None;
        }
        let ids = self.bot.ids(ranking);
        ids.iter().take(CHOICES).position(|id| {
            let name = self.bot.service(id).map(|service| tokens(service.plain()));
            name.is_some_and(|name| {
                name.iter().map(|word| word.folded.as_str()).eq(said.iter().copied())
            })
        })
    }

    /// Availability and offers of all services named in the outcome; a town's special case of a
    /// service of ours is named as that service, with the offer of the special case.
    fn complete(&self, reply: &mut Reply) {
        let place = self.known_place();
        let outcome = &mut reply.outcome;
        outcome.availability.clear();
        outcome.offers.clear();
        for id in &mut outcome.services {
            let status = self.bot.service(id).map(|s| self.bot.status(s, place.as_ref()));
            let kind = status.as_ref().map_or(AvailabilityKind::Unknown, |status| status.kind);
            outcome.availability.push(kind);
            outcome.offers.push(status.and_then(|status| status.offer).map(|offer| offer.id));
            if let Some(ours) = self.bot.towns.ours(id) {
                *id = ours.clone();
            }
        }
    }

    fn answer(&mut self, heeded: &Heeded, place: Option<&Place>, ranking: &Ranking) -> Reply {
        let bot = self.bot;
        let first = bot.ids(ranking).into_iter().next();
        let Some(service) = first.and_then(|id| bot.service(&id)) else {
            return self.abstain(Abstention::NothingNear);
        };
        let formerly = formerly_named(service, &heeded.query);
        let mut reply = self.show(service, place, &heeded.query.facets, formerly);
        self.next.others = self.others(ranking);
        self.ask_about_place(&mut reply, heeded, &service.id);
        reply
    }

    /// What else may have been meant.
    fn others(&self, ranking: &Ranking) -> Vec<ServiceId> {
        let least = ranking.matches.first().map_or(0.0, |best| OTHER_SHARE * best.share);
        let near = ranking.matches.iter().skip(1).take_while(|found| found.share >= least);
        self.bot.ids(ranking).into_iter().skip(1).take(near.count().min(MAX_OTHERS)).collect()
    }

    /// The best answer, with its doubt; or none, if nothing speaks for it.
    fn doubtful(&mut self, heeded: &Heeded, place: Option<&Place>, ranking: &Ranking) -> Reply {
        let likely = ranking.confidence >= decision::ANSWER_IN_DOUBT
            || ranking.among_first >= decision::AMONG_IN_DOUBT;
        if !likely || !decision::is_hinted(ranking) {
            return self.abstain(Abstention::NothingNear);
        }
        let mut reply = self.answer(heeded, place, ranking);
        reply.blocks.insert(0, Block::Text(self.say("in-doubt")));
        reply
    }

    pub fn show(
        &mut self,
        service: &Service,
        place: Option<&Place>,
        facets: &[Facet],
        formerly: Option<&Formerly>,
    ) -> Reply {
        self.show_all(service, place, facets, formerly, false)
    }

    /// The card of a service; `whole` shows all of it, however long.
    pub fn show_all(
        &mut self,
        service: &Service,
        place: Option<&Place>,
        facets: &[Facet],
        formerly: Option<&Formerly>,
        whole: bool,
    ) -> Reply {
        let first = self.next.service.is_none();
        let again = self.next.service.as_ref() == Some(&service.id);
        if !again {
            self.next.others.clear();
        }
        self.next.service = Some(service.id.clone());
        self.next.danger = None;
        self.next.facets = facets.to_vec();
        // A list stays open as long as its steps are spoken of.
        self.next.pending = self.next.pending.take().filter(|pending| pending.lists(&service.id));
        self.next.asked = 0;
        let typed = matches!(self.message.input, Input::Text(_));
        // Whoever asks on has seen the status.
        let asks_on = again && typed && !facets.is_empty();
        let head = !asks_on || facets.contains(&Facet::Online);
        let (mut blocks, mut choices) = self.card(service, place, facets, formerly, head, whole);
        let is_local = service.level != Level::Bund && self.bot.own.service(&service.id).is_none();
        if place.is_none() && first && typed && is_local {
            insert_before_source(&mut blocks, Block::Text(self.say("ask-place")));
        }
        choices.extend(self.ratings(service));
        let mut outcome = Outcome::new(DecisionKind::Answer, None);
        outcome.services = vec![service.id.clone()];
        outcome.asserted = 1;
        outcome.facets = facets.to_vec();
        outcome.confidence = 1.0;
        Reply { choices, ..Reply::new(blocks, outcome) }
    }

    pub fn abstain(&mut self, why: Abstention) -> Reply {
        self.next.pending = None;
        self.next.asked = 0;
        let texts = match why {
            Abstention::NothingNear => [self.say("abstain"), self.say("abstain-rephrase")],
            Abstention::Elsewhere => [self.say("abstain-elsewhere"), self.say("help")],
        };
        let blocks = vec![Block::Text(texts.join(" ")), Block::Text(self.way_out())];
        Reply::new(blocks, Outcome::new(DecisionKind::Abstain, None))
    }

    /// Whom to ask instead.
    pub fn way_out(&self) -> String {
        self.phone_line("abstain-phone", "abstain-phone-contact")
    }

    pub fn phone_line(&self, plain: &str, with_contact: &str) -> String {
        let settings = &self.bot.settings;
        let phone = ("phone", settings.phone.as_str());
        if settings.contact.is_empty() {
            self.say_with(plain, &[phone])
        } else {
            self.say_with(with_contact, &[phone, ("contact", &settings.contact)])
        }
    }

    pub fn notice(&mut self, kind: NoticeKind, texts: Vec<String>) -> Reply {
        notice_reply(Some(kind), texts.into_iter().map(Block::Text).collect())
    }

    /// Says once, to whom we speak with in private, who we are.
    fn introduce(&mut self, reply: &mut Reply) {
        let urgent =
            matches!(reply.outcome.notice, Some(NoticeKind::Emergency | NoticeKind::Crisis));
        // Not beside what no words came with: a photo, a button of another time.
        let heard = matches!(self.message.input, Input::Text(_) | Input::Pressed(_));
        if self.message.public || self.next.introduced || urgent || !heard {
            return;
        }
        self.next.introduced = true;
        if reply.outcome.notice == Some(NoticeKind::Greeting) {
            return;
        }
        let text = self.introduction();
        insert_before_source(&mut reply.blocks, Block::Aside(text));
    }

    /// Asks not to be sent personal data; there is nothing to be kept of them.
    fn mind_personal_data(&self, reply: &mut Reply) {
        if self.heeded.is_some_and(|heeded| heeded.personal) {
            let text = self.say("personal-data");
            insert_before_source(&mut reply.blocks, Block::Aside(text));
            reply.outcome.notice.get_or_insert(NoticeKind::PersonalData);
        }
    }

    /// A choice that leads to a service.
    pub fn choice_of(
        &self,
        service: &Service,
        place: Option<&Place>,
        facet: Option<Facet>,
    ) -> Choice {
        Choice {
            id: service.id.to_string(),
            label: service.title(self.language()),
            action: Action::Show {
                service: service.id.clone(),
                place: place.map(|place| place.key),
                facet,
            },
        }
    }

    /// A message without a service of its own: about the last one, or about a place or a day.
    fn without_content(&mut self, heeded: &Heeded, place: Option<Place>) -> Reply {
        let bot = self.bot;
        let asked = heeded.query.facets.clone();
        // "Und wo?" while we wait for a choice: the choice first, then that facet of it; asked once
        // more, of all.
        if let Some(pending @ Pending::Service { .. }) = self.next.pending.clone() {
            let mut reply = match &pending {
                // "In Köln": there, but which of them?
                _ if heeded.spotted.is_some() && asked.is_empty() => {
                    let mut reply = self.ask_again(&pending);
                    if let Some(place) = &place {
                        let label = self.bot.places.label(place);
                        let text = self.say_with("place-set", &[("place", &label)]);
                        reply.blocks.insert(0, Block::Text(text));
                    }
                    reply
                }
                Pending::Service { choices, facets } if !facets.is_empty() && !asked.is_empty() => {
                    let choices = &choices[..choices.len().min(MAX_NEEDS)];
                    self.show_several(choices, place.as_ref(), &asked)
                }
                _ => self.pick_again(&pending, &asked),
            };
            reply.outcome.facets = asked;
            return reply;
        }
        if let (Some(Pending::PoisonCentre), Some(place)) = (&self.next.pending, &place)
            && heeded.spotted.is_some()
        {
            self.next.pending = None;
            let kind = TalkKind::Poison;
            return notice_reply(Some(kind.notice()), self.urgent(kind, Some(place)));
        }
        if let Some(event) = self.next.event.clone()
            && self.next.service.is_none()
            && (heeded.spotted.is_some() || !asked.is_empty())
        {
            let mut reply = self.told_event(event.id, heeded);
            if !asked.is_empty() {
                reply.blocks.insert(0, Block::Text(self.say("event-each")));
            }
            return reply;
        }
        let service = self.next.service.clone().and_then(|id| bot.service(&id));
        let mut reply = match service {
            Some(service) if !asked.is_empty() || heeded.spotted.is_some() => {
                // "Und in Köln?" asks there what was asked before.
                let facets =
                    if asked.is_empty() { self.next.facets.clone() } else { asked.clone() };
                let mut reply = self.show(service, place.as_ref(), &facets, None);
                self.ask_about_place(&mut reply, heeded, &service.id);
                reply
            }
            _ => self.without_service(heeded, place.as_ref()),
        };
        if !asked.is_empty() {
            reply.outcome.facets = asked;
        }
        reply.outcome.place = understood(heeded);
        reply
    }

    pub fn without_service(&mut self, heeded: &Heeded, place: Option<&Place>) -> Reply {
        let mut reply = self.abstain(Abstention::NothingNear);
        let what = self.say("what-about");
        match (&heeded.spotted, place) {
            (Some(Spotted { mention: Mention::One(_), .. }), Some(place)) => {
                let label = self.bot.places.label(place);
                let text = self.say_with("place-set", &[("place", &label)]);
                reply.blocks = vec![Block::Text(format!("{text} {what}"))];
            }
            (Some(Spotted { mention: Mention::Several(places), typed }), _) => {
                let (question, choices) = self.place_question(places, typed, None, &[]);
                reply.blocks = vec![question];
                if !choices.is_empty() {
                    reply.choice_kind = ChoiceKind::Clarification;
                    reply.outcome.decision = DecisionKind::Clarify;
                    self.next.pending = Some(Pending::Place {
                        choices: places.iter().map(|place| place.key).collect(),
                        service: None,
                        facets: Vec::new(),
                    });
                }
                reply.choices = choices;
            }
            (Some(Spotted { mention: Mention::UnknownPostcode(code), .. }), _) => {
                let code = format!("{code:05}");
                let text = self.say_with("unknown-postcode", &[("postcode", &code)]);
                reply.blocks = vec![Block::Text(format!("{text} {what}"))];
            }
            // "Was soll ich tun?": call.
            (None, place) if self.next.danger.is_some() => {
                reply.blocks =
                    self.next.danger.map(|kind| self.urgent(kind, place)).unwrap_or_default();
                reply.outcome.notice = self.next.danger.map(TalkKind::notice);
                reply.outcome.decision = DecisionKind::Notice;
            }
            _ if !heeded.query.facets.is_empty() => {
                reply.blocks = vec![Block::Text(self.say("facet-without-service"))];
            }
            _ => {}
        }
        reply
    }
}

/// The source comes last.
fn insert_before_source(blocks: &mut Vec<Block>, block: Block) {
    let source = matches!(blocks.last(), Some(Block::Source(_)));
    blocks.insert(blocks.len() - usize::from(source), block);
}

/// Whether a message says nothing but where somebody lives, or asks "und wo genau?".
fn says_no_more(heeded: &Heeded) -> bool {
    const LIVING: [&str; 14] = [
        "wohn", "wohne", "wohnen", "wohnt", "lebe", "leben", "komme", "kommen", "wohnhaft", "ort",
        "wohnort", "live", "living", "from",
    ];
    const FILLER: [&str; 5] = ["genau", "genauer", "eigentlich", "ungefaehr", "exakt"];
    let only = |known: &[&str]| {
        heeded.query.content_words().all(|word| known.contains(&word.folded.as_str()))
    };
    heeded.spotted.is_some() && only(&LIVING) || !heeded.query.facets.is_empty() && only(&FILLER)
}

pub(super) fn understood(heeded: &Heeded) -> Option<RegionKey> {
    match &heeded.spotted {
        Some(Spotted { mention: Mention::One(place), .. }) => Some(place.key),
        _ => None,
    }
}

/// The abolished name that was used, if it was.
fn formerly_named<'a>(service: &'a Service, query: &Query) -> Option<&'a Formerly> {
    let said: Vec<&str> = query.tokens.iter().map(|token| token.folded.as_str()).collect();
    let said = format!(" {} ", said.join(" "));
    service.says.values().flat_map(|says| &says.formerly).find(|old| {
        let name: Vec<String> = tokens(&old.name).into_iter().map(|token| token.folded).collect();
        said.contains(&format!(" {} ", name.join(" ")))
    })
}
