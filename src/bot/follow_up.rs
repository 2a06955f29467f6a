//! About what was last spoken of: "mehr", "das andere", "für meine tochter", "nein, verloren nicht
//! gestohlen", "und geht das auch für zwei?".

use super::{
    Heeded, decision,
    decision::{Abstention, Decision, decide},
    needs::MAX_NEEDS,
    turn::Turn,
    turn::understood,
};
use crate::{
    catalog::{Service, lexicon::TalkKind},
    conversation::Pending,
    ids::ServiceId,
    matching::{Query, Ranking, features::Role, ranking::CHOICES, stopwords},
    message::EventForm,
    places::Place,
    reply::{Block, NoticeKind, Reply},
    text::{Token, german::stem, tokens},
};

/// From this confidence on, a correction means what was answered already.
const SAME: f32 = 0.9;
/// From this probability on that one of the first is meant, a message speaks of something else than
/// the last service.
const MEANS_OTHERS: f32 = 0.9;
/// A message that asks on and names its service in so few words that it may be about the last one.
const MAX_WORDS: usize = 12;

impl Turn<'_> {
    /// The reply to a wish that is about what was last spoken of, if there is such.
    pub(super) fn follow(&mut self, kind: TalkKind) -> Option<Reply> {
        let bot = self.bot;
        match kind {
            TalkKind::Restart => {
                self.next.begin_anew();
                Some(self.notice(NoticeKind::Command, vec![self.say("begun-anew")]))
            }
            TalkKind::Drop => {
                self.next.drop_need();
                Some(self.notice(NoticeKind::Command, vec![self.say("dropped")]))
            }
            TalkKind::More => self.more(),
            TalkKind::Repeat | TalkKind::Why => {
                let question = self.next.pending.clone().filter(|pending| {
                    matches!(pending, Pending::Service { .. } | Pending::Place { .. })
                });
                if let Some(question) = question {
                    return Some(self.ask_again(&question));
                }
                if let (None, Some(event)) = (&self.next.service, self.next.event.clone()) {
                    return Some(self.checklist(event, EventForm::Short));
                }
                let service = bot.service(self.next.service.as_ref()?)?;
                let place = self.known_place();
                let facets = match kind {
                    TalkKind::Why => vec![crate::message::Facet::Online],
                    _ => self.next.facets.clone(),
                };
                Some(self.show(service, place.as_ref(), &facets, None))
            }
            TalkKind::Other | TalkKind::No => {
                let known = self.next.service.is_some() || !self.next.others.is_empty();
                let service = self.next.service.clone();
                known.then(|| self.not_that(service.as_ref()))
            }
            TalkKind::Both => {
                let Some(Pending::Service { choices, facets }) = self.next.pending.clone() else {
                    return None;
                };
                let place = self.known_place();
                let choices = &choices[..choices.len().min(MAX_NEEDS)];
                Some(self.show_several(choices, place.as_ref(), &facets))
            }
            TalkKind::Unsure => {
                self.next.pending.as_ref()?;
                Some(self.notice(NoticeKind::Help, vec![self.say("unsure"), self.way_out()]))
            }
            TalkKind::Calendar | TalkKind::Print => {
                let event = self.next.event.clone()?;
                let calendar = kind == TalkKind::Calendar;
                let form = if calendar { EventForm::Calendar } else { EventForm::Print };
                Some(self.checklist(event, form))
            }
            TalkKind::Fits | TalkKind::WrongService | TalkKind::WrongFacts => {
                let service = self.next.service.clone()?;
                let verdict = match kind {
                    TalkKind::Fits => crate::message::Verdict::Fits,
                    TalkKind::WrongService => crate::message::Verdict::WrongService,
                    _ => crate::message::Verdict::WrongFacts,
                };
                Some(self.rate(&service, verdict))
            }
            _ => None,
        }
    }

    fn more(&mut self) -> Option<Reply> {
        if let (None, Some(event)) = (&self.next.service, self.next.event.clone()) {
            return Some(self.checklist(event, EventForm::Whole));
        }
        let id = self.next.service.clone()?;
        self.show_whole(&id, &[])
    }

    /// All of a service, or all of a facet of it.
    pub(super) fn show_whole(
        &mut self,
        id: &ServiceId,
        facets: &[crate::message::Facet],
    ) -> Option<Reply> {
        let service = self.bot.service(id)?;
        let place = self.known_place();
        Some(self.show_all(service, place.as_ref(), facets, None, true))
    }

    /// Not this service: what else may have been meant, or the way out.
    pub(super) fn not_that(&mut self, service: Option<&ServiceId>) -> Reply {
        let mut others: Vec<ServiceId> = self.next.others.clone();
        if others.is_empty()
            && let Some(entry) = service.and_then(|id| self.bot.service(id))
        {
            others = entry.not.iter().map(|contrast| contrast.id.clone()).take(4).collect();
        }
        others.retain(|other| Some(other) != service);
        let place = self.known_place();
        let mut reply = match &others[..] {
            [] => return self.none_of_these(),
            [only] => match self.bot.service(only) {
                Some(only) => self.show(only, place.as_ref(), &[], None),
                None => return self.none_of_these(),
            },
            _ => {
                let facets = self.next.facets.clone();
                let reply = self.ask_service(others.clone(), facets, place.as_ref());
                // It was the citizen who asked for another.
                self.next.asked = self.next.asked.saturating_sub(1);
                reply
            }
        };
        // "Das andere" twice leads back.
        self.next.others = others;
        if self.next.service.is_some() {
            let now = self.next.service.clone();
            self.next.others.retain(|other| Some(other) != now.as_ref());
            self.next.others.extend(service.cloned());
        }
        reply.outcome.place = None;
        reply
    }

    /// The answer to a message with words of its own that is about the last service all the same.
    pub(super) fn about_the_last(
        &mut self,
        heeded: &Heeded,
        place: Option<&Place>,
        own: &Ranking,
    ) -> Option<Reply> {
        let query = &heeded.query;
        let service = self.bot.service(self.next.service.as_ref()?)?;
        if self.next.pending.is_some() || query.tokens.len() > MAX_WORDS {
            return None;
        }
        let mut reply = if let Some(kept) = after_no(&query.tokens) {
            self.corrected(heeded, service, place, kept)?
        } else if let Some(person) = person(&query.tokens) {
            self.for_person(heeded, service, place, person)
        } else {
            self.asked_on(heeded, service, place, own)?
        };
        reply.outcome.place = understood(heeded);
        Some(reply)
    }

    /// "Nein, verloren nicht gestohlen": the new words count with the name of the last service, and
    /// it is none that was answered already.
    fn corrected(
        &mut self,
        heeded: &Heeded,
        last: &Service,
        place: Option<&Place>,
        kept: Vec<Token>,
    ) -> Option<Reply> {
        let bot = self.bot;
        if kept.iter().all(|token| stopwords::is_stop(&token.folded)) {
            return None;
        }
        let facets = heeded.query.facets.clone();
        // "Ausweis verloren oder gestohlen" is right for both.
        let with_last = self.with_last(last, kept.clone());
        let sure_of_last =
            with_last.confidence >= SAME && bot.ids(&with_last).first() == Some(&last.id);
        if is_named_by(last, &kept) || sure_of_last {
            let mut reply = self.show(last, place, &facets, None);
            reply.blocks.insert(0, Block::Text(self.say("same-service")));
            return Some(reply);
        }
        let query = bot.query(kept.clone());
        let alone = bot.matcher.rank(&query);
        let id = match (bot.said_here(&kept, &query), decide(&alone, &facets)) {
            (Some(said), _) => said.id.clone(),
            (None, Decision::Answer) => bot.ids(&alone).into_iter().next()?,
            (None, _) => {
                let mut ranking = with_last;
                let at = bot.catalog.position(&last.id)?;
                ranking.matches.retain(|found| usize::from(found.class) != at);
                let ids = bot.ids(&ranking);
                let (first, second) = (ranking.matches.first()?, ranking.matches.get(1));
                // Clearly ahead, now that the last one is out of the question.
                if second.is_some_and(|second| first.share < 2.0 * second.share) {
                    let choices = ids.into_iter().take(3).collect();
                    return Some(self.ask_service(choices, facets, place));
                }
                ids.into_iter().next()?
            }
        };
        let service = bot.service(&id)?;
        let mut reply = self.show(service, place, &facets, None);
        if id != last.id {
            self.next.others = vec![last.id.clone()];
        }
        reply.blocks.insert(0, Block::Text(self.say("corrected")));
        Some(reply)
    }

    /// "Und für meine Tochter?": another service for children if there is one, else what this one
    /// says of them.
    fn for_person(
        &mut self,
        heeded: &Heeded,
        last: &Service,
        place: Option<&Place>,
        person: Person,
    ) -> Reply {
        let bot = self.bot;
        let ranking = self.with_last(last, heeded.query.tokens.clone());
        // "Personalausweis für Ihr Kind" is the same for children.
        let sure = decide(&ranking, &[]) == Decision::Answer;
        let is_theirs = |id: &ServiceId, at: usize| {
            let service = bot.service(id)?;
            let by_name = person == Person::Child && is_for_children(service);
            let near = last.contrasts_with(id) || shares_a_word(last, service);
            let meant = sure && at == 0 || by_name && shares_a_word(last, service);
            (*id != last.id && near && meant).then_some(service)
        };
        let near = bot.ids(&ranking).into_iter().take(CHOICES).enumerate();
        if let Some(service) = near.filter_map(|(at, id)| is_theirs(&id, at)).next() {
            return self.show(service, place, &heeded.query.facets, None);
        }
        let facets = heeded.query.facets.clone();
        let mut reply = self.show(last, place, &facets, None);
        let at = reply
            .blocks
            .iter()
            .position(|block| !matches!(block, Block::Heading(_) | Block::Status { .. }))
            .unwrap_or(reply.blocks.len());
        let about = match person {
            Person::Child => {
                let items = self.facts_about_children(last, place);
                if items.is_empty() {
                    Block::Text(self.say("for-child-unknown"))
                } else {
                    Block::Facts { label: self.say("for-child"), items }
                }
            }
            Person::Adult => Block::Text(self.say("for-other-adult")),
        };
        reply.blocks.insert(at, about);
        reply
    }

    /// "Was kostet das für Studenten?": a facet of the last service, or a pronoun that stands for it.
    fn asked_on(
        &mut self,
        heeded: &Heeded,
        last: &Service,
        place: Option<&Place>,
        own: &Ranking,
    ) -> Option<Reply> {
        let bot = self.bot;
        let query = &heeded.query;
        let refers = refers_back(query);
        let firm = own.named || own.confidence >= decision::ANSWER_PART;
        let answered = decide(own, &query.facets) == Decision::Answer;
        // "Einen Hund anmelden, wo geht das?" says itself what "das" is.
        let speaks_for_itself = answered && (!refers || query.content_words().count() > 1);
        // "Kann ich das Führungszeugnis online beantragen?" may mean one of two, but not the last one.
        let choices = bot.ids(own);
        let means_others = !refers
            && own.among_first >= MEANS_OTHERS
            && !choices.iter().take(CHOICES).any(|id| *id == last.id);
        if firm || speaks_for_itself || means_others || !refers && query.facets.is_empty() {
            return None;
        }
        let with_last = self.named_before(last, query.tokens.clone());
        let ranking = bot.matcher.rank(&with_last);
        let same = bot.ids(&ranking).first() == Some(&last.id);
        if !same && !bot.is_likest_here(last, &with_last) {
            return None;
        }
        let mut reply = self.show(last, place, &query.facets, None);
        self.ask_about_place(&mut reply, heeded, &last.id);
        Some(reply)
    }

    /// What some words mean together with the name of a service.
    fn with_last(&self, last: &Service, words: Vec<Token>) -> Ranking {
        self.bot.matcher.rank(&self.named_before(last, words))
    }

    /// Some words after the name of a service.
    fn named_before(&self, last: &Service, words: Vec<Token>) -> Query {
        let mut all = tokens(last.plain());
        all.extend(words);
        self.bot.query(all)
    }

    /// "None of these": the way out.
    pub(super) fn none_of_these(&mut self) -> Reply {
        let mut reply = self.abstain(Abstention::NothingNear);
        let sorry = self.say("none-fits");
        reply.blocks[0] = Block::Text(format!("{sorry} {}", self.say("abstain-rephrase")));
        reply
    }
}

fn is_for_children(service: &Service) -> bool {
    tokens(service.plain()).iter().any(|word| matches!(word.folded.as_str(), "kind" | "kinder"))
}

/// Whether a word stands in the everyday names of both ("Personalausweis für Ihr Kind").
fn shares_a_word(one: &Service, other: &Service) -> bool {
    let words = |service: &Service| -> Vec<String> {
        let words = tokens(service.plain()).into_iter().map(|token| token.folded);
        words.filter(|word| !stopwords::is_stop(word)).collect()
    };
    let other = words(other);
    words(one).iter().any(|word| other.contains(word))
}

/// Whether all of some words stand in a service's name.
fn is_named_by(service: &Service, words: &[Token]) -> bool {
    let name = &service.names();
    let stems_of = |token: &Token| stem(&token.folded).to_owned();
    let name: Vec<String> =
        tokens(&format!("{} {}", name.plain, name.official)).iter().map(stems_of).collect();
    words
        .iter()
        .filter(|word| !stopwords::is_stop(&word.folded))
        .all(|word| name.contains(&stems_of(word)))
}

/// For whom something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Person {
    Child,
    Adult,
}

/// "Für meine Tochter", "und für ein Baby?": a message that says nothing else.
fn person(words: &[Token]) -> Option<Person> {
    const CHILD: &[&str] = &[
        "kind",
        "kinder",
        "kindern",
        "tochter",
        "toechter",
        "sohn",
        "soehne",
        "baby",
        "babys",
        "saeugling",
        "enkel",
        "enkelin",
        "enkelkind",
        "kleinkind",
        "minderjaehrige",
        "neugeborenes",
        "child",
        "children",
        "daughter",
        "son",
        "kid",
        "kids",
    ];
    const ADULT: &[&str] = &[
        "mutter",
        "vater",
        "mama",
        "papa",
        "oma",
        "opa",
        "eltern",
        "mann",
        "frau",
        "ehemann",
        "ehefrau",
        "partner",
        "partnerin",
        "freund",
        "freundin",
        "bruder",
        "schwester",
        "nachbar",
        "nachbarn",
        "kollegen",
        "kollegin",
        "bekannte",
        "verwandte",
        "verwandten",
        "nachbarin",
        "chef",
        "bekannten",
        "jemand",
        "jemanden",
        "anderen",
        "andere",
        "schwiegermutter",
        "schwiegervater",
        "onkel",
        "tante",
        "mother",
        "father",
        "husband",
        "wife",
        "parents",
        "friend",
        "someone",
        "somebody",
    ];
    /// How old they are, and whether it is the same for them.
    const BESIDE: &[&str] =
        &["gilt", "gelten", "my", "the", "jahre", "jahr", "monate", "alt", "old", "years"];
    let is_number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let mut person = None;
    let mut is_for = false;
    for word in words {
        let folded = word.folded.as_str();
        is_for |= matches!(folded, "fuer" | "for");
        if CHILD.contains(&folded) {
            person = Some(Person::Child);
        } else if ADULT.contains(&folded) {
            person = person.or(Some(Person::Adult));
        } else if !stopwords::is_stop(folded) && !BESIDE.contains(&folded) && !is_number(folded) {
            return None;
        }
    }
    person.filter(|_| is_for)
}

/// The words of a message that begins with "nein", without what it says it is not: of "nein,
/// verloren, nicht gestohlen" the word "verloren".
fn after_no(words: &[Token]) -> Option<Vec<Token>> {
    let no = |word: &Token| {
        matches!(
            word.folded.as_str(),
            "nein" | "nee" | "ne" | "noe" | "nicht" | "falsch" | "no" | "quatsch" | "sondern"
        )
    };
    if !words.first().is_some_and(no) {
        return None;
    }
    let mut kept = Vec::new();
    let mut denied = false;
    for (at, word) in words.iter().enumerate() {
        match word.folded.as_str() {
            "sondern" | "aber" | "but" => denied = false,
            "nicht" | "kein" | "keine" | "keinen" | "not" => denied = true,
            _ if at == 0 => {}
            _ if !denied => kept.push(word.clone()),
            _ => {}
        }
        denied &= !(word.ends_clause && at > 0);
    }
    Some(kept)
}

/// Whether a pronoun stands for what was spoken of: "das", "dafür", not "das Auto".
fn refers_back(query: &crate::matching::Query) -> bool {
    query.tokens.iter().enumerate().any(|(at, token)| match token.folded.as_str() {
        "dafuer" | "dazu" | "davon" | "damit" | "dabei" | "hierfuer" | "hierzu" => true,
        "das" | "es" | "dies" | "it" => match query.tokens.get(at + 1) {
            None => true,
            Some(next) => {
                token.ends_clause
                    || stopwords::is_stop(&next.folded)
                    || query.roles[at + 1] == Role::Facet
            }
        },
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: Option<Vec<Token>>) -> Option<String> {
        let words = words?;
        Some(words.iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_denied_is_left_out() {
        for (text, kept) in [
            ("nein, verloren nicht gestohlen", Some("verloren")),
            ("nein nicht gestohlen, verloren", Some("verloren")),
            ("nicht gestohlen sondern verloren", Some("verloren")),
            ("nee ich will ihn abmelden", Some("ich will ihn abmelden")),
            ("nein", Some("")),
            ("ich war nicht da", None),
        ] {
            assert_eq!(words(after_no(&tokens(text))).as_deref(), kept, "{text}");
        }
    }

    #[test]
    fn persons_are_read_only_where_nothing_else_is_said() {
        for (text, expected) in [
            ("und für meine tochter?", Some(Person::Child)),
            ("gilt das auch für mein Kind", Some(Person::Child)),
            ("für meine mutter", Some(Person::Adult)),
            ("geburtsurkunde für meine tochter", None),
            ("meine tochter", None),
        ] {
            assert_eq!(person(&tokens(text)), expected, "{text}");
        }
    }
}
