//! How a local offer changes the answer: the order of precedence.
//!
//! * The most specific offer along the region chain that is not unknown counts.
//! * A law that asks to come in person caps "online" at "partly".
//! * An outage is said first.
//! * Without an offer it is the general rule, said to be general; unknown where it depends on the
//!   town.

use std::{collections::HashMap, sync::Arc};

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Availability, Catalog, CatalogFiles, Offer},
    conversation::Conversation,
    ids::{RegionKey, ServiceId},
    message::Message,
    places::Places,
    reply::{AvailabilityKind, Block, Reply},
};

const PASS: &str = "format = 1\ntopic = \"ausweis\"\nlevel = \"gemeinde\"\nauthority = \"Bürgeramt\"\n\
    [name.de]\nofficial = \"Reisepass beantragen\"\nplain = \"Reisepass\"\n\
    [says.de]\nphrases = [\"neuer pass\", \"pass beantragen\"]\n\
    [online]\nkind = \"in_person_by_law\"\nreason = \"Sie müssen kommen.\"\n";
const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [says.de]\nphrases = [\"neuer hund\", \"hund zugezogen\"]\n";

const TUEBINGEN: &str = "084160041041";
const KREIS: &str = "084160000000";
const LAND: &str = "080000000000";

fn offer(availability: Availability) -> Offer {
    Offer {
        id: "test:1".to_owned(),
        availability,
        reason: None,
        links: Vec::new(),
        authority: Some("Bürgerbüro Tübingen".to_owned()),
        fee: Some("12 Euro".to_owned()),
        papers: Vec::new(),
        source: "Stadt Tübingen".to_owned(),
        checked: time::Date::from_calendar_date(2026, time::Month::November, 1).unwrap(),
        outage: None,
    }
}

fn ask(question: &str, offers: Vec<(&str, &str, Offer)>) -> Reply {
    let files = CatalogFiles::from_texts([
        ("services/ausweis/reisepass-beantragen.toml", PASS),
        ("services/tiere/hund-anmelden.toml", DOG),
    ]);
    let offers: HashMap<(ServiceId, RegionKey), Offer> = offers
        .into_iter()
        .map(|(id, region, offer)| ((id.parse().unwrap(), region.parse().unwrap()), offer))
        .collect();
    let catalog = Arc::new(Catalog::load(&files).unwrap());
    let places = Arc::new(Places::load(&CatalogFiles::embedded()).unwrap());
    let bot = Bot::new(catalog, places, Arc::new(offers), Settings::default());
    bot.respond(&Message::text(question), &Conversation::default()).0
}

fn availability(question: &str, offers: Vec<(&str, &str, Offer)>) -> AvailabilityKind {
    ask(question, offers).outcome.availability[0]
}

#[test]
fn the_most_specific_offer_that_is_known_counts() {
    let dog = |region, availability| ("hund-anmelden", region, offer(availability));
    let question = "Hund anmelden in Tübingen";
    for (offers, expected) in [
        (vec![], AvailabilityKind::Unknown),
        (vec![dog(LAND, Availability::Online)], AvailabilityKind::Online),
        (
            vec![dog(LAND, Availability::Online), dog(KREIS, Availability::InPerson)],
            AvailabilityKind::InPerson,
        ),
        (
            vec![dog(KREIS, Availability::Online), dog(TUEBINGEN, Availability::Unknown)],
            AvailabilityKind::Online,
        ),
    ] {
        assert_eq!(availability(question, offers), expected);
    }
    let elsewhere = vec![dog(TUEBINGEN, Availability::Online)];
    assert_eq!(availability("Hund anmelden in Köln", elsewhere), AvailabilityKind::Unknown);
}

#[test]
fn a_law_that_asks_to_come_in_person_caps_online_at_partly() {
    let online = vec![("reisepass-beantragen", TUEBINGEN, offer(Availability::Online))];
    let reply = ask("Reisepass beantragen in Tübingen", online);
    assert_eq!(reply.outcome.availability[0], AvailabilityKind::Partly);
    assert_eq!(reply.outcome.offers[0].as_deref(), Some("test:1"));
    let general = availability("Reisepass beantragen in Tübingen", vec![]);
    assert_eq!(general, AvailabilityKind::InPerson);
}

#[test]
fn a_local_answer_names_its_office_fee_and_source() {
    let offers = vec![("hund-anmelden", TUEBINGEN, offer(Availability::Online))];
    let reply = ask("Hund anmelden in Tübingen", offers);
    let text = amtslotse::channel::terminal::render(&reply, false);
    for said in
        ["Online: ja", "Bürgerbüro Tübingen", "12 Euro", "Stadt Tübingen (Stand 01.11.2026)"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("nicht geprüft"), "{text}");
}

#[test]
fn an_outage_is_said_first() {
    let mut broken = offer(Availability::Online);
    broken.outage = Some("bis Freitag, bitte das Formular nehmen".to_owned());
    let reply = ask("Hund anmelden in Tübingen", vec![("hund-anmelden", TUEBINGEN, broken)]);
    assert!(matches!(&reply.blocks[0], Block::Notice(text) if text.contains("bis Freitag")));
}
