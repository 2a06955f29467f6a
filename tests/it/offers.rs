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
    catalog::{
        Authority, Availability, Catalog, CatalogFiles, Offer, OfferSource,
        hours::{Opening, OpeningHours},
    },
    conversation::Conversation,
    ids::{RegionKey, ServiceId},
    message::Message,
    offers::outage::{OutageFile, Outages},
    places::Places,
    reply::{AvailabilityKind, Block, Reply},
};
use time::macros::{date, datetime};

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
        summary: None,
        links: Vec::new(),
        authority: Some(Authority::named("Bürgerbüro")),
        fee: Some("12 Euro".to_owned()),
        papers: Vec::new(),
        deadlines: Vec::new(),
        duration: None,
        variants: Vec::new(),
        sources: vec![OfferSource {
            title: "Stadt Tübingen".to_owned(),
            licence: Some("CC BY 4.0".to_owned()),
            url: None,
            as_of: Some(date!(2026 - 11 - 01)),
            read: date!(2026 - 11 - 20),
        }],
    }
}

fn ask(question: &str, offers: Vec<(&str, &str, Offer)>) -> Reply {
    bot(offers).respond(&Message::text(question), &Conversation::default()).0
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
    for said in ["Online: ja", "Bürgerbüro", "12 Euro", "Stadt Tübingen (Stand 01.11.2026)"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("nicht geprüft"), "{text}");
}

fn bot(offers: Vec<(&str, &str, Offer)>) -> Bot {
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
    Bot::new(catalog, places, Arc::new(offers), Settings::default())
}

fn said(bot: &Bot, question: &str) -> String {
    let reply = bot.respond(&Message::text(question), &Conversation::introduced()).0;
    amtslotse::channel::terminal::render(&reply, false)
}

#[test]
fn an_outage_is_said_first_as_long_as_it_lasts_and_names_the_way_out() {
    let offers = vec![("hund-anmelden", TUEBINGEN, offer(Availability::Online))];
    let bot = bot(offers);
    let notes = OutageFile::parse(
        "format = 1\n[[outage]]\nwhat = \"hund-anmelden\"\nregion = \"084160041041\"\n\
         until = \"2026-11-24T18:00:00+01:00\"\ninstead = \"Bitte das Formular nehmen.\"\n",
    );
    let outages = Outages::new(notes.unwrap().outages, bot.catalog());
    let bot = bot.with_outages(Arc::new(outages));
    let at = |moment| Message { at: moment, ..Message::text("Hund anmelden in Tübingen") };
    let reply = |message| bot.respond(&message, &Conversation::introduced()).0;
    let during = reply(at(datetime!(2026-11-24 16:59 UTC)));
    let Block::Notice(notice) = &during.blocks[0] else { panic!("{during:?}") };
    assert_eq!(
        notice,
        "Zurzeit gestört (voraussichtlich bis 24.11.2026, 18 Uhr): Hund anmelden. \
         Stattdessen: Bitte das Formular nehmen."
    );
    let after = reply(at(datetime!(2026-11-24 17:00 UTC)));
    assert!(!matches!(after.blocks[0], Block::Notice(_)), "{after:?}");
    assert!(!said(&bot, "Hund anmelden in Köln").contains("gestört"));
}

#[test]
fn what_the_town_leaves_out_comes_from_the_level_above_with_its_source() {
    let mut town = offer(Availability::Unknown);
    town.authority = Some(Authority {
        street: Some("Am Markt 1".to_owned()),
        postcode: Some("72070".to_owned()),
        city: Some("Tübingen".to_owned()),
        phone: Some("07071 204-0".to_owned()),
        hours: OpeningHours {
            spans: [1, 2, 3, 5]
                .map(|day| Opening { day, from: 480, to: 750 })
                .into_iter()
                .chain([Opening { day: 4, from: 840, to: 1080 }])
                .collect(),
            note: None,
        },
        ..Authority::named("Bürgerbüro")
    });
    town.fee = None;
    let mut land = offer(Availability::Online);
    land.id = "land:7".to_owned();
    land.sources[0].title = "Land Baden-Württemberg".to_owned();
    land.authority = Some(Authority::named("Landesamt"));
    let bot = bot(vec![("hund-anmelden", TUEBINGEN, town), ("hund-anmelden", LAND, land)]);
    let card = said(&bot, "Hund anmelden in Tübingen");
    for part in [
        "Online: ja",
        "Bürgerbüro, Am Markt 1, 72070 Tübingen",
        "Telefon 07071 204-0",
        "12 Euro",
        "Land Baden-Württemberg (Stand 01.11.2026), CC BY 4.0; Stadt Tübingen",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    assert!(!card.contains("Landesamt"), "{card}");
    let hours = said(&bot, "Öffnungszeiten Hund anmelden in Tübingen");
    assert!(hours.contains("Mo–Mi, Fr: 8–12:30 Uhr"), "{hours}");
    assert!(hours.contains("Do: 14–18 Uhr"), "{hours}");
}

#[test]
fn another_level_in_charge_is_named() {
    let bot = bot(vec![("hund-anmelden", KREIS, offer(Availability::InPerson))]);
    let card = said(&bot, "Hund anmelden in Tübingen");
    assert!(card.contains("Bürgerbüro (Landkreis Tübingen)"), "{card}");
}

#[test]
fn a_source_without_a_date_is_told_as_read() {
    let mut undated = offer(Availability::InPerson);
    undated.sources[0].as_of = None;
    undated.sources[0].licence = None;
    let bot = bot(vec![("hund-anmelden", TUEBINGEN, undated)]);
    let card = said(&bot, "Hund anmelden in Tübingen");
    assert!(card.contains("Stadt Tübingen (eingelesen 20.11.2026)"), "{card}");
}
