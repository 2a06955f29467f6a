//! Two real cities: their exports are imported as an operator would, and their own questions are
//! asked. The exports are not part of this repository; where they are not at hand, the tests say so
//! and pass.

use std::{path::PathBuf, sync::Arc};

use amtslotse::{
    bot::Bot,
    conversation::Conversation,
    eval::{Question, Report, Verdict},
    ids::RegionKey,
    import::{
        run::{Context, Done, import},
        source::{Kind, Source},
    },
    message::Message,
    offers::{data::DataDir, file::OffersFile},
};
use tempfile::TempDir;
use time::macros::date;

const BERLIN: &str = "110000000000";
const MUNICH: &str = "091620000000";

/// A folder of the real catalogs; `None`, said aloud, where they are absent.
fn real(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let root = std::env::var_os("AMTSLOTSE_REAL_DATA").map_or_else(beside, PathBuf::from);
    let path = root.join(path);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

fn key(text: &str) -> RegionKey {
    text.parse().unwrap()
}

struct City {
    bot: Bot,
    place: RegionKey,
    done: Done,
    _dir: TempDir,
}

impl City {
    fn imported(kind: Kind, from: PathBuf, region: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path());
        let files = amtslotse::catalog::CatalogFiles::embedded();
        let bot = &*crate::BOT;
        let context = Context { data: &data, files: &files, bot, today: date!(2026 - 11 - 22) };
        let source = Source {
            name: kind.name().to_owned(),
            kind,
            from: vec![from],
            region: Some(key(region)),
            title: kind.title().to_owned(),
            licence: None,
            as_of: None,
            read: None,
            services: 0,
        };
        let done = import(&context, source, false, &mut |_, _, _| {}).unwrap();
        let offers = OffersFile::open(&data.offers()).unwrap();
        Self { bot: bot.with_offers(Arc::new(offers)), place: key(region), done, _dir: dir }
    }

    fn berlin() -> Option<Self> {
        let from = real("berlin-services-2024/services.json")?;
        Some(Self::imported(Kind::Berlin, from, BERLIN))
    }

    fn munich() -> Option<Self> {
        Some(Self::imported(Kind::Muenchen, real("muenchen-zms-2026")?, MUNICH))
    }

    fn ask(&self, question: &str) -> amtslotse::reply::Reply {
        let message = Message { place: Some(self.place), ..Message::text(question) };
        self.bot.respond(&message, &Conversation::introduced()).0
    }

    fn card(&self, question: &str) -> String {
        amtslotse::channel::terminal::render(&self.ask(question), false)
    }

    /// The rates of the questions with a tag.
    fn rates(&self, questions: &str, tags: &[&str]) -> [f64; 4] {
        let mut report = Report::default();
        let questions = Question::parse_file(questions).unwrap();
        let with_tags = |question: &&Question| {
            tags.iter().all(|tag| question.tags.iter().any(|other| other == tag))
        };
        let mut count = 0;
        for question in questions.iter().filter(with_tags) {
            let outcome = self.ask(&question.question).outcome;
            let verdict = report.count(question, &outcome, 0, self.bot.catalog());
            if verdict.is_miss() {
                eprintln!("{}", verdict.describe(question, &outcome));
            }
            count += 1;
        }
        assert!(count >= 12, "{count} questions with {tags:?}");
        [Verdict::RightAtOnce, Verdict::RightAfterOne, Verdict::Wrong, Verdict::Missed]
            .map(|verdict| report.rate(verdict))
    }
}

const OF_BERLIN: &str = include_str!("../../eval/cities/berlin.tsv");
const OF_MUNICH: &str = include_str!("../../eval/cities/muenchen.tsv");

#[test]
fn berlin_is_imported_whole_and_answers_with_its_own_entries() {
    let Some(berlin) = City::berlin() else { return };
    let counts = &berlin.done.counts["berlin"];
    assert_eq!((counts.records, counts.imported), (1059, 1058));
    let [(_, rejected)] = &berlin.done.rejected[..] else { panic!("{:?}", berlin.done.rejected) };
    assert_eq!(rejected.reason, "Blindtext");
    assert!(counts.joined["von Hand"] > 500, "{counts:?}");
    let [at_once, after_one, ..] = berlin.rates(OF_BERLIN, &["mapped"]);
    assert!(at_once >= 0.85 && at_once + after_one >= 0.95, "{at_once} {after_one}");
    let [at_once, _, wrong, _] = berlin.rates(OF_BERLIN, &[]);
    assert!(at_once >= 0.6 && wrong <= 0.27, "{at_once} {wrong}");
    let [at_once, ..] = berlin.rates(OF_BERLIN, &["own"]);
    assert!(at_once >= 0.5, "{at_once}");
}

#[test]
fn what_is_no_service_is_none_in_a_city_either() {
    let Some(berlin) = City::berlin() else { return };
    let messages = include_str!("../../eval/holdout-no-service.tsv");
    let mut report = Report::default();
    for question in Question::parse_file(messages).unwrap() {
        report.count(&question, &berlin.ask(&question.question).outcome, 0, berlin.bot.catalog());
    }
    let asserted = report.rate(Verdict::AssertedInVain);
    assert!(asserted <= 0.04, "{asserted}");
    for message in ["wie wird das Wetter morgen", "Was ist die Hauptstadt von Frankreich"] {
        assert_eq!(berlin.ask(message).outcome.asserted, 0, "{message}");
    }
}

#[test]
fn a_word_missing_in_the_citys_entry_speaks_against_it() {
    let Some(berlin) = City::berlin() else { return };
    // "Codieren" is read as "kopieren", and a file can be copied: but this is about a bicycle.
    assert_eq!(berlin.ask("ich möchte mein fahrrad codieren lassen").outcome.asserted, 0);
}

#[test]
fn what_all_of_germany_does_online_is_online_in_a_city_that_says_no() {
    let Some(berlin) = City::berlin() else { return };
    let told: Vec<_> =
        berlin.done.remarks.keys().filter(|(_, _, what)| what.contains("bundesweit")).collect();
    assert!(!told.is_empty());
    for (service, ..) in told {
        let place = berlin.bot.places().place(berlin.place);
        let status = berlin.bot.status(berlin.bot.service(service).unwrap(), place);
        assert_ne!(status.kind, amtslotse::reply::AvailabilityKind::InPerson, "{service}");
    }
}

#[test]
fn munich_is_imported_and_answers_with_its_own_entries() {
    let Some(munich) = City::munich() else { return };
    let counts = &munich.done.counts["muenchen"];
    assert_eq!((counts.records, counts.imported), (287, 150));
    assert_eq!(counts.rejected["nicht öffentlich"], 125);
    let [at_once, after_one, ..] = munich.rates(OF_MUNICH, &["mapped"]);
    assert!(at_once >= 0.8 && at_once + after_one >= 0.95, "{at_once} {after_one}");
    let [at_once, _, wrong, _] = munich.rates(OF_MUNICH, &[]);
    assert!(at_once >= 0.58 && wrong <= 0.3, "{at_once} {wrong}");
}

#[test]
fn the_card_of_a_city_tells_what_the_city_says() {
    let Some(berlin) = City::berlin() else { return };
    let dog = berlin.card("hund anmelden");
    for said in ["Online: ja", "https://service.berlin.de/dienstleistung/", "Land Berlin"] {
        assert!(dog.contains(said), "{said}: {dog}");
    }
    assert!(!dog.contains("Viele Gemeinden"), "a general rule beside a local fact: {dog}");
    // Only Berlin has it, and only there it is found.
    let bite = berlin.ask("hundebiss melden");
    assert!(bite.outcome.services[0].as_str().starts_with("berlin:"), "{:?}", bite.outcome);
    let elsewhere = Message { place: Some(key(MUNICH)), ..Message::text("hundebiss melden") };
    let elsewhere = berlin.bot.respond(&elsewhere, &Conversation::introduced()).0;
    let foreign = elsewhere.outcome.services.iter().any(|id| id.as_str().contains(':'));
    assert!(!foreign, "{:?}", elsewhere.outcome);
}

#[test]
fn munich_names_its_offices_with_address_and_fee() {
    let Some(munich) = City::munich() else { return };
    let card = munich.card("gewerbe anmelden");
    for said in ["Online: ja", "81371 München", "Telefon 089", "Landeshauptstadt München"] {
        assert!(card.contains(said), "{said}: {card}");
    }
    let fee = munich.card("was kostet es eine kopie beglaubigen zu lassen");
    assert!(fee.contains("Euro"), "{fee}");
}
