use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    bot::Bot,
    config::Config,
    conversation::Conversation,
    language::Language,
    message::{Facet, Message},
    reply::{DecisionKind, Link, Outcome},
    setup::build_bot,
};

static BOT: LazyLock<Bot> = LazyLock::new(|| build_bot(&Config::default()).unwrap());

fn shown(card: &Card) -> Value {
    serde_json::to_value(card.message()).unwrap()
}

fn reply(blocks: Vec<Block>, choices: Vec<Choice>, choice_kind: ChoiceKind) -> Reply {
    let outcome = Outcome::new(DecisionKind::Answer, None);
    Reply { choices, choice_kind, ..Reply::new(blocks, outcome) }
}

fn show(service: &str, facet: Option<Facet>) -> Action {
    Action::Show { service: service.parse().unwrap(), place: None, facet }
}

/// A reply with every kind of block in it.
fn everything() -> Reply {
    let blocks = vec![
        Block::Notice("Zurzeit gestört: *Wartung*".to_owned()),
        Block::Heading("Hund anmelden – Köln".to_owned()),
        Block::Status {
            availability: AvailabilityKind::Partly,
            text: "Online: nur teilweise".to_owned(),
        },
        Block::Text("Mit [Klammern] und @everyone.".to_owned()),
        Block::Steps {
            label: "So geht es".to_owned(),
            items: vec!["Antrag – online".to_owned(), "Marke_holen – vor Ort".to_owned()],
        },
        Block::Facts { label: "Gebühr".to_owned(), items: vec!["je Hund: 156 Euro".to_owned()] },
        Block::Facts {
            label: "Unterlagen".to_owned(),
            items: vec!["Ausweis".to_owned(), "Chip-Nummer".to_owned()],
        },
        Block::Links(vec![
            Link { label: "Online erledigen".to_owned(), url: "https://x.de/a(b)".to_owned() },
            Link { label: "Unsicher".to_owned(), url: "http://x.de".to_owned() },
        ]),
        Block::Text("Nennen Sie mir Ihren Ort.".to_owned()),
        Block::Source("Quelle: Stadt_Köln (Stand 01.02.2026)".to_owned()),
    ];
    let facets = [Facet::Deadline, Facet::Where];
    let choices = facets
        .into_iter()
        .map(|facet| Choice {
            id: format!("facet:{}", facet.name()),
            label: facet.name().to_owned(),
            action: show("hund-anmelden", Some(facet)),
        })
        .collect();
    reply(blocks, choices, ChoiceKind::More)
}

fn places(count: usize) -> Reply {
    let choices = (0..count)
        .map(|at| {
            let key = format!("{:012}", 53_150_000_000_u64 + at as u64);
            Choice {
                label: format!("Neustadt ({at})"),
                action: Action::Place(key.parse().unwrap()),
                id: key,
            }
        })
        .collect();
    let blocks = vec![Block::Text("Welchen Ort meinen Sie mit „Neustadt“?".to_owned())];
    reply(blocks, choices, ChoiceKind::Clarification)
}

fn services(count: usize) -> Reply {
    let choices = (0..count)
        .map(|at| Choice {
            id: format!("leistung-{at}"),
            label: format!("Leistung {at}"),
            action: show(&format!("leistung-{at}"), None),
        })
        .chain([Choice {
            id: "none".to_owned(),
            label: "Nichts davon".to_owned(),
            action: Action::NoneOfThese,
        }])
        .collect();
    let items = (0..count).map(|at| format!("Leistung {at}: anders"));
    let items = items.chain(["Nichts davon".to_owned()]).collect();
    let steps = Block::Steps { label: "Was davon meinen Sie?".to_owned(), items };
    reply(vec![steps], choices, ChoiceKind::Clarification)
}

#[test]
fn shows_every_kind_of_block() {
    insta::assert_json_snapshot!(shown(&render(
        &everything(),
        false,
        BOT.wording(Language::German)
    )));
}

#[test]
fn in_public_the_answer_is_short_and_leads_to_the_rest() {
    let mut reply = everything();
    reply.outcome.services = vec!["hund-anmelden".parse().unwrap()];
    reply.outcome.asserted = 1;
    insta::assert_json_snapshot!(shown(&render(&reply, true, BOT.wording(Language::German))));
}

#[test]
fn asks_back_with_numbered_buttons() {
    insta::assert_json_snapshot!(shown(&render(
        &services(3),
        false,
        BOT.wording(Language::German)
    )));
}

#[test]
fn asks_for_places_and_for_many_services_with_a_menu() {
    let wording = BOT.wording(Language::German);
    insta::assert_json_snapshot!(shown(&render(&places(2), false, wording)));
    let many = shown(&render(&services(5), false, wording));
    assert_eq!(many["components"][0]["components"][0]["type"], 3);
    assert_eq!(many["components"][0]["components"][0]["options"].as_array().unwrap().len(), 6);
}

#[test]
fn places_are_listed_below_a_card_that_holds_steps_of_its_own() {
    let mut asked = everything();
    asked.choices = places(2).choices;
    asked.choice_kind = ChoiceKind::Clarification;
    let card = render(&asked, false, BOT.wording(Language::German));
    let description = &card.parts[0].description;
    assert!(description.contains("1. Antrag") && description.contains("1. Neustadt"));
}

#[test]
fn a_real_card_is_complete() {
    let message = Message::text("hund anmelden köln");
    let (reply, _) = BOT.respond(&message, &Conversation::default());
    let card = shown(&render(&reply, false, BOT.wording(Language::German)));
    let text = card.to_string();
    for block in &reply.blocks {
        if let Block::Facts { label, .. } = block {
            assert!(text.contains(label.as_str()), "{label}");
        }
    }
    within_limits(&card);
}

#[test]
fn without_embeds_the_text_says_the_same() {
    let card = render(&everything(), false, BOT.wording(Language::German));
    insta::assert_snapshot!(card.as_text());
}

#[test]
fn fault_23_every_kind_of_answer_notifies_nobody() {
    let card = render(&everything(), false, BOT.wording(Language::German));
    let nobody =
        serde_json::json!({ "parse": [], "users": [], "roles": [], "replied_user": false });
    for body in [
        serde_json::to_value(card.message()).unwrap(),
        serde_json::to_value(card.plain_message()).unwrap(),
        serde_json::to_value(card.response()).unwrap(),
        serde_json::to_value(card.edit()).unwrap(),
    ] {
        assert_eq!(body["allowed_mentions"], nobody);
    }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.encode_utf16().count())
}

/// Every limit of Discord's, counted in UTF-16 units.
#[track_caller]
fn within_limits(message: &Value) {
    assert!(length(&message["content"]) <= 2000);
    let embeds = message["embeds"].as_array().unwrap();
    assert!(embeds.len() <= 10);
    let mut total = 0;
    for embed in embeds {
        let mut size = length(&embed["title"]);
        assert!(size <= 256);
        assert!(length(&embed["description"]) <= 4096);
        assert!(length(&embed["footer"]["text"]) <= 2048);
        size += length(&embed["description"]) + length(&embed["footer"]["text"]);
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(fields.len() <= 25);
        for field in fields {
            assert!((1..=256).contains(&length(&field["name"])));
            assert!((1..=1024).contains(&length(&field["value"])));
            size += length(&field["name"]) + length(&field["value"]);
        }
        assert!(size > 0, "an empty embed is refused");
        total += size;
    }
    assert!(total <= 6000, "{total}");
    let rows = message["components"].as_array().unwrap();
    assert!(rows.len() <= 5);
    let mut ids = std::collections::HashSet::new();
    for row in rows {
        let parts = row["components"].as_array().unwrap();
        assert!((1..=5).contains(&parts.len()));
        for part in parts {
            assert!((1..=100).contains(&length(&part["custom_id"])));
            assert!(ids.insert(part["custom_id"].to_string()), "custom_id twice");
            let Some(options) = part["options"].as_array() else {
                assert!((1..=80).contains(&length(&part["label"])));
                continue;
            };
            assert!((1..=25).contains(&options.len()));
            assert!(length(&part["placeholder"]) <= 150);
            for option in options {
                assert!((1..=100).contains(&length(&option["label"])));
                assert!((1..=100).contains(&length(&option["value"])));
                assert!(ids.insert(option["value"].to_string()), "value twice");
            }
        }
    }
}

/// Monstrous values: long words, long lines, markup, graphemes of many code points.
fn monster() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zäöüß ]{0,200}",
        "[*_~`|>#()<@\\[\\]\\\\-]{0,3000}",
        "[a-z \\n]{0,7000}",
        (0_usize..2500).prop_map(|n| "👩‍👩‍👧 ".repeat(n / 10)),
        (0_usize..9000).prop_map(|n| "x".repeat(n)),
        (0_usize..9000).prop_map(|n| format!("a{}", "\u{301}".repeat(n))),
        Just(" ".to_owned()),
        Just("\u{202e}\u{7}".to_owned()),
    ]
}

fn monstrous_block() -> impl Strategy<Value = Block> {
    let items = || prop::collection::vec(monster(), 0..12);
    prop_oneof![
        monster().prop_map(Block::Notice),
        monster().prop_map(|text| Block::Status { availability: AvailabilityKind::Online, text }),
        monster().prop_map(Block::Heading),
        monster().prop_map(Block::Text),
        (monster(), items()).prop_map(|(label, items)| Block::Facts { label, items }),
        (monster(), items()).prop_map(|(label, items)| Block::Steps { label, items }),
        prop::collection::vec((monster(), monster()), 0..8).prop_map(|links| Block::Links(
            links
                .into_iter()
                .map(|(label, path)| Link { label, url: format!("https://x.de/{path}") })
                .collect()
        )),
        monster().prop_map(Block::Source),
    ]
}

fn monstrous_reply() -> impl Strategy<Value = Reply> {
    let choice = (monster(), 0_u8..40).prop_map(|(label, at)| Choice {
        id: format!("leistung-{at}"),
        label: format!("{at}{label}"),
        action: show(&format!("leistung-{at}"), None),
    });
    let kind = prop_oneof![Just(ChoiceKind::More), Just(ChoiceKind::Clarification)];
    (prop::collection::vec(monstrous_block(), 0..30), prop::collection::vec(choice, 0..40), kind)
        .prop_map(|(blocks, choices, kind)| reply(blocks, choices, kind))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn fault_2_no_reply_is_too_long_for_discord(reply in monstrous_reply(), public in any::<bool>()) {
        let card = render(&reply, public, BOT.wording(Language::German));
        within_limits(&shown(&card));
        let plain = serde_json::to_value(card.plain_message()).unwrap();
        assert!(length(&plain["content"]) <= 2000);
    }
}

#[test]
fn fault_2_a_very_long_answer_goes_on_in_a_second_embed_and_names_its_source() {
    let mut blocks = vec![Block::Heading("Lang".to_owned())];
    blocks.extend((0..80).map(|at| Block::Text(format!("Absatz {at}: {}", "Wort ".repeat(14)))));
    blocks.push(Block::Source("Quelle: Amt".to_owned()));
    let card =
        render(&reply(blocks, Vec::new(), ChoiceKind::More), false, BOT.wording(Language::German));
    assert_eq!(card.parts.len(), 2);
    assert!(card.parts[0].description.starts_with("Absatz 0:"));
    assert!(card.parts[1].description.ends_with('…'));
    assert_eq!(card.parts[1].footer, "Quelle: Amt");
    within_limits(&shown(&card));
}
