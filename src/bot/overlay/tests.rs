use std::{collections::HashMap, sync::LazyLock};

use proptest::{collection::btree_set, prelude::*, sample::select};

use super::*;
use crate::{
    bot::Settings,
    catalog::{Authority, Catalog, CatalogFiles, NoOffers},
    conversation::Conversation,
    ids::RegionKey,
    language::Language,
    message::{Action, Facet, Message, Verdict},
    places::Places,
    reply::DecisionKind,
};

const WHEEL: &str = "format = 1\ntopic = \"kultur-freizeit\"\nlevel = \"gemeinde\"\n\
    authority = \"Bürgerhaus Seldwyla\"\n\
    [name.de]\nofficial = \"Lastenrad Lotte ausleihen\"\nplain = \"Lastenrad Lotte\"\n\
    [says.de]\nsynonyms = [\"Transportrad\", \"Lotterad\"]\n\
    [[not]]\nid = \"stadtpass\"\ndiffers = \"Sie wollen weniger Eintritt zahlen\"\n\
    [online]\nkind = \"nationwide_partly\"\nreason = \"Sie buchen das Rad online.\"\n\
    [[fee]]\ntext = \"Fünf Taler am Tag\"\neuro = 5.0\n\
    source = { title = \"Stadt Seldwyla\", checked = 2026-11-20 }\n";
const CARD: &str = "format = 1\ntopic = \"arbeit-soziales\"\nlevel = \"gemeinde\"\nauthority = \"Sozialamt\"\n\
    [name.de]\nofficial = \"Stadtpass Seldwyla\"\nplain = \"Stadtpass\"\n";
const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Kämmerei Seldwyla\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [online]\nkind = \"nationwide_online\"\nreason = \"In Seldwyla geht alles online.\"\n\
    [[fee]]\ntext = \"Ein Hund kostet hier achtzig Taler\"\n\
    source = { title = \"Stadt Seldwyla\", checked = 2026-11-20 }\n";
const SELDWYLA: [(&str, &str); 6] = [
    ("services/kultur-freizeit/lastenrad-lotte.toml", WHEEL),
    ("services/arbeit-soziales/stadtpass.toml", CARD),
    ("services/tiere/hund-anmelden.toml", DOG),
    ("phrases/de/lastenrad-lotte.txt", "großer einkauf mit dem rad\nwas kostet die lotte\n"),
    ("phrases/de/muelltonne-anmelden.txt", "gelbe tonne\nwertstofftonne neu\n"),
    ("phrases/de/stadtpass.txt", "ermäßigung mit wenig geld\n"),
];
const TUEBINGEN: &str = "084160041041";

static BASE: LazyLock<Bot> = LazyLock::new(|| {
    let files = CatalogFiles::embedded();
    let catalog = Catalog::load(&files).expect("the catalog loads");
    let places = Places::load(&files).expect("the places load");
    Bot::new(Arc::new(catalog), Arc::new(places), Arc::new(NoOffers), Settings::default())
});
static TOWN: LazyLock<Bot> = LazyLock::new(|| with(&SELDWYLA));

fn with<'a>(texts: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Bot {
    let files = CatalogFiles::from_texts(texts.into_iter().copied());
    let overlay = Overlay::load(&files, BASE.catalog()).expect("a valid overlay");
    BASE.with_overlay(Arc::new(overlay))
}

fn id(text: &str) -> ServiceId {
    text.parse().unwrap()
}

fn ask(bot: &Bot, text: &str) -> Reply {
    bot.respond(&Message::text(text), &Conversation::default()).0
}

/// The replies to some messages, one after the other.
fn talk(bot: &Bot, messages: impl IntoIterator<Item = Message>) -> (Reply, Conversation) {
    let start = (ask(bot, ""), Conversation::default());
    messages.into_iter().fold(start, |(_, before), message| bot.respond(&message, &before))
}

fn said(reply: &Reply) -> String {
    format!("{:?}", reply.blocks)
}

fn asserts(reply: &Reply, service: &str) -> bool {
    reply.outcome.decision == DecisionKind::Answer
        && reply.outcome.services.first() == Some(&id(service))
}

#[test]
fn who_says_a_name_or_a_phrase_means_it() {
    for (text, expected) in [
        ("Lastenrad Lotte", "lastenrad-lotte"),
        ("lotterad", "lastenrad-lotte"),
        ("ich brauche bitte das Transportrad", "lastenrad-lotte"),
        ("Hallo, großer Einkauf mit dem Rad", "lastenrad-lotte"),
        ("was kostet das transportrad", "lastenrad-lotte"),
        ("was kostet die Lotte?", "lastenrad-lotte"),
        ("lasten rad lotte", "lastenrad-lotte"),
        ("Transportrad in Köln", "lastenrad-lotte"),
        ("stadtpass", "stadtpass"),
        ("gelbe Tonne", "muelltonne-anmelden"),
        ("wo bekomme ich die gelbe tonne", "muelltonne-anmelden"),
    ] {
        let reply = ask(&TOWN, text);
        assert!(asserts(&reply, expected), "{text}: {:?}", reply.outcome);
        assert!(!asserts(&ask(&BASE, text), expected), "{text} needs no overlay");
    }
}

#[test]
fn what_is_like_it_is_found_or_asked_about() {
    for (text, expected) in [
        ("kann ich bei euch das transportrad für samstag ausleihen", "lastenrad-lotte"),
        ("wie bekomme ich einen stadtpass für meine familie", "stadtpass"),
        ("ich brauche eine gelbe tonne für unser haus", "muelltonne-anmelden"),
        ("Lasternrad Lotte", "lastenrad-lotte"),
    ] {
        let outcome = ask(&TOWN, text).outcome;
        assert!(outcome.services.contains(&id(expected)), "{text}: {outcome:?}");
    }
}

#[test]
fn a_word_among_others_asserts_nothing_against_a_clear_answer() {
    for text in [
        "perso abgelaufen",
        "was kostet ein reisepass",
        "pass für mein kind verlängern",
        "mein fahrrad wurde gestohlen",
        "ich bin umgezogen",
        "gelber sack",
        "kein geld für die beerdigung",
        "wie wird das wetter",
        "guten morgen",
        "es brennt",
        "/hilfe",
    ] {
        assert_eq!(ask(&TOWN, text), ask(&BASE, text), "{text}");
    }
}

#[test]
fn an_empty_overlay_changes_nothing() {
    let bot = with(&[]);
    for text in ["hund anmelden", "gelbe tonne", "ausweis", "und dann?", "was kostet das in Ulm"] {
        assert_eq!(ask(&bot, text), ask(&BASE, text), "{text}");
        assert_eq!(bot.explain(text), BASE.explain(text));
        assert_eq!(bot.suggest(text, 10), BASE.suggest(text, 10));
    }
}

#[test]
fn a_service_in_place_of_the_catalogs_tells_its_own_facts() {
    let (reply, _) = talk(&TOWN, [Message::text("was kostet es, einen hund anzumelden, in Ulm?")]);
    assert!(asserts(&reply, "hund-anmelden"));
    assert!(said(&reply).contains("achtzig Taler"), "{reply:?}");
    assert!(!said(&reply).contains("gilt allgemein"), "{reply:?}");
    let reply = ask(&TOWN, "hund anmelden");
    assert!(said(&reply).contains("In Seldwyla geht alles online"), "{reply:?}");
    assert!(said(&reply).contains("Kämmerei Seldwyla"), "{reply:?}");
    assert!(!said(&ask(&BASE, "hund anmelden")).contains("Seldwyla"));
    // What holds for all who ask here needs no place.
    assert!(
        said(&ask(&BASE, "hund anmelden"))
            .contains(&BASE.wording(Language::German).say("ask-place"))
    );
    assert!(!said(&reply).contains(&BASE.wording(Language::German).say("ask-place")));
}

#[test]
fn what_the_operator_tells_counts_before_what_was_imported() {
    let offer = Offer {
        id: "test:1".to_owned(),
        availability: Availability::InPerson,
        reason: Some("Nur am Schalter.".to_owned()),
        summary: None,
        links: Vec::new(),
        authority: Some(Authority::named("Steuerstelle im Rathaus")),
        fee: Some("99 Dukaten".to_owned()),
        papers: Vec::new(),
        deadlines: vec!["binnen drei Tagen".to_owned()],
        duration: None,
        variants: Vec::new(),
        sources: Vec::new(),
    };
    let place: RegionKey = TUEBINGEN.parse().unwrap();
    let offers = HashMap::from([((id("hund-anmelden"), place), offer)]);
    let reply = ask(&TOWN.with_offers(Arc::new(offers)), "hund anmelden in Tübingen");
    let said = said(&reply);
    assert!(said.contains("achtzig Taler") && said.contains("geht alles online"), "{said}");
    assert!(!said.contains("Dukaten") && !said.contains("Schalter"), "{said}");
    // What the operator does not tell is filled in.
    assert!(said.contains("drei Tagen") && said.contains("Steuerstelle"), "{said}");
}

#[test]
fn its_ids_lead_to_it_everywhere() {
    let wheel = id("lastenrad-lotte");
    let show = Action::Show { service: wheel.clone(), place: None, facet: Some(Facet::Cost) };
    assert_eq!(Action::parse(&show.encode()), Some(show.clone()));
    let more = Action::More { service: wheel.clone(), place: None, facet: None };
    for action in [show.clone(), more] {
        let (reply, _) = talk(&TOWN, [Message::pressed(action)]);
        assert!(said(&reply).contains("Fünf Taler"), "{reply:?}");
    }
    let rate = Action::Rate { service: wheel.clone(), verdict: Verdict::Fits };
    let (reply, _) = talk(&TOWN, [Message::pressed(rate)]);
    assert_eq!(reply.outcome.verdict, Some((wheel.clone(), Verdict::Fits)));
    let (reply, _) = talk(&TOWN, ["lotterad", "/auskunft"].map(Message::text));
    assert!(said(&reply).contains("Lastenrad Lotte"), "{reply:?}");
    assert_eq!(TOWN.known_as(&wheel), Some(wheel.clone()));
    assert_eq!(BASE.known_as(&wheel), None);
    assert!(TOWN.explain("lotterad").contains("lastenrad-lotte (wörtlich)"));
    for typed in ["lastenr", "transportr", "großer einkauf mit dem rad"] {
        assert!(TOWN.suggest(typed, 3).iter().any(|(id, _)| *id == wheel), "{typed}");
    }
    assert!(TOWN.suggest("hundest", 9).iter().any(|(found, _)| *found == id("hund-anmelden")));
    assert_eq!(TOWN.services().count(), BASE.services().count() + 2);
}

#[test]
fn a_conversation_goes_on_about_it() {
    for follow_up in ["und was kostet das?", "was kostet das für studenten?", "mehr"] {
        let (reply, next) = talk(&TOWN, ["lotterad", follow_up].map(Message::text));
        assert!(said(&reply).contains("Fünf Taler"), "{follow_up}: {reply:?}");
        assert_eq!(next.service, Some(id("lastenrad-lotte")), "{follow_up}");
    }
    for messages in [
        ["hund anmelden", "was kostet das transportrad"],
        ["hund anmelden", "nein, lastenrad lotte"],
        ["ausweis", "lotterad"],
    ] {
        let (reply, _) = talk(&TOWN, messages.map(Message::text));
        assert!(asserts(&reply, "lastenrad-lotte"), "{messages:?}: {:?}", reply.outcome);
    }
    let (reply, _) = talk(&TOWN, [Message::text("hund anmelden und stadtpass")]);
    assert_eq!(reply.outcome.services, [id("hund-anmelden"), id("stadtpass")]);
}

#[test]
fn a_choice_of_it_is_told_apart_and_picked() {
    let bot = &*TOWN;
    let message = Message::text("x");
    let mut turn = Turn::new(bot, &message, None, Conversation::default());
    let choices = vec![id("lastenrad-lotte"), id("stadtpass")];
    let asked = turn.ask_service(choices, Vec::new(), None);
    assert!(said(&asked).contains("Stadtpass: Sie wollen weniger Eintritt zahlen"), "{asked:?}");
    let next = turn.next;
    for (pick, expected) in
        [("1", "lastenrad-lotte"), ("2", "stadtpass"), ("das lotterad", "lastenrad-lotte")]
    {
        let (reply, _) = bot.respond(&Message::text(pick), &next);
        assert!(asserts(&reply, expected), "{pick}: {:?}", reply.outcome);
    }
}

#[test]
fn the_example_in_the_documentation_works() {
    let text = include_str!("../../../docs/betrieb/mandanten.md");
    // Each file is named in a line of its own and stands in the block after it.
    let file = |path: &'static str| {
        let (_, rest) = text.split_once(&format!("\n`{path}`"))?;
        Some((path, rest.split("```").nth(1)?.split_once('\n')?.1))
    };
    let files = [
        "services/kultur-freizeit/lastenrad-lotte.toml",
        "phrases/de/lastenrad-lotte.txt",
        "phrases/de/muelltonne-anmelden.txt",
    ]
    .map(|path| file(path).expect(path));
    let bot = with(&files);
    assert!(said(&ask(&bot, "was kostet die lotte")).contains("Ein Tag kostet 5 Euro."));
    assert!(asserts(&ask(&bot, "e-lastenrad buchen"), "lastenrad-lotte"));
    assert!(asserts(&ask(&bot, "gelbe tonne"), "muelltonne-anmelden"));
}

#[test]
fn a_sensitive_service_is_only_asserted_to_who_names_it() {
    let text = CARD.replace("priority", "").replace("authority", "sensitive = true\nauthority");
    let bot = with(&[("services/arbeit-soziales/stadtpass.toml", text.as_str())]);
    assert!(asserts(&ask(&bot, "stadtpass"), "stadtpass"));
    assert!(!asserts(&ask(&bot, "wie bekomme ich einen stadtpass für meine familie"), "stadtpass"));
}

#[test]
fn fault_32_a_button_of_another_tenant_is_stale() {
    let show = Action::Show { service: id("lastenrad-lotte"), place: None, facet: None };
    let (reply, next) = talk(&BASE, [Message::pressed(show)]);
    assert_eq!(next.service, None);
    assert!(reply.outcome.services.is_empty(), "{reply:?}");
    assert!(!said(&reply).contains("Lotte"), "{reply:?}");
}

#[test]
fn settings_and_offers_change_and_everything_else_is_shared() {
    let informal =
        Settings { operator: "Güllen".to_owned(), formal: false, ..Settings::default() };
    let other = TOWN.with_settings(informal);
    assert!(Arc::ptr_eq(&other.catalog, &BASE.catalog));
    assert!(Arc::ptr_eq(&other.matcher, &BASE.matcher));
    assert!(Arc::ptr_eq(&other.towns, &BASE.towns));
    assert!(Arc::ptr_eq(&other.wordings, &BASE.wordings));
    assert!(Arc::ptr_eq(&other.own, &TOWN.own));
    assert!(Arc::ptr_eq(&other.with_offers(Arc::new(NoOffers)).own, &TOWN.own));
    let [formal, informal] = [&*TOWN, &other].map(|bot| said(&ask(bot, "hallo")));
    assert!(informal.contains("Güllen") && !formal.contains("Güllen"));
    assert_ne!(said(&ask(&TOWN, "xqzy wvu")), said(&ask(&other, "xqzy wvu")));
}

/// What the towns of the property test have, and the words in which only one of them speaks.
const THINGS: [&str; 6] = ["Rad", "Bad", "Halle", "Bus", "Garten", "Markt"];
const OF_ONE: [&str; 8] =
    ["Zwirbel", "Knorke", "Plumpa", "Gnitz", "Schnurps", "Wumbo", "Fidibus", "Krakel"];
const OF_OTHER: [&str; 8] =
    ["Trallala", "Buxte", "Hutzel", "Mirakel", "Quassel", "Jodel", "Pfiffi", "Ruckel"];

/// The files of an overlay whose ids, words and facts all hold a word of its own.
fn texts(words: &[(&str, &str)]) -> Vec<(String, String)> {
    let of = |(own, thing): &(&str, &str)| {
        let id = format!("{}-{}", own.to_lowercase(), thing.to_lowercase());
        let service = format!(
            "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Amt {own}\"\n\
             [name.de]\nofficial = \"{own} {thing} nutzen\"\nplain = \"{own} {thing}\"\n\
             [online]\nkind = \"nationwide_partly\"\nreason = \"Bei {own} geht das.\"\n"
        );
        let phrases = format!("wo ist {own} {thing}\n{own} {thing} mieten\n");
        [
            (format!("services/tiere/{id}.toml"), service),
            (format!("phrases/de/{id}.txt"), phrases),
            ("phrases/de/hund-anmelden.txt".to_owned(), format!("{own} bello\n")),
        ]
    };
    let files: HashMap<String, String> = words.iter().flat_map(of).collect();
    files.into_iter().collect()
}

fn town(words: &[(&str, &str)]) -> Bot {
    let texts = texts(words);
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    with(&texts)
}

fn words(own: &'static [&'static str]) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let words = btree_set((select(own), select(&THINGS[..])), 1..5);
    words.prop_map(|words| words.into_iter().collect())
}

fn question() -> impl Strategy<Value = String> {
    let own = select([OF_ONE, OF_OTHER].concat());
    let frame =
        select(vec!["{}", "wo ist {}", "{} mieten", "{} bello", "was kostet {}", "{} und hund"]);
    let thing = select(["", "Rad", "Bad", "Halle", "Bus", "Garten", "Markt", "pass"].to_vec());
    (own, thing, frame)
        .prop_map(|(own, thing, frame)| frame.replace("{}", &format!("{own} {thing}")))
}

fn names_any(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(&word.to_lowercase()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Two towns over one catalog: nothing of the one shows in the other, whatever is asked there, nor
    /// does it matter that the other is there.
    #[test]
    fn fault_72_no_town_shows_what_is_anothers(
        one in words(&OF_ONE),
        other in words(&OF_OTHER),
        questions in prop::collection::vec(question(), 1..6),
    ) {
        let (first, second) = (town(&one), town(&other));
        let alone = town(&one);
        let mut before = Conversation::default();
        for question in &questions {
            let message = Message::text(question.clone());
            let (reply, next) = first.respond(&message, &before);
            prop_assert_eq!(&(reply.clone(), next.clone()), &alone.respond(&message, &before));
            let (others_reply, _) = second.respond(&message, &Conversation::default());
            prop_assert!(!names_any(&format!("{reply:?}"), &OF_OTHER), "{question}: {reply:?}");
            prop_assert!(!names_any(&format!("{others_reply:?}"), &OF_ONE), "{question}");
            prop_assert!(!first.suggest(question, 9).iter().any(|(id, _)| names_any(id.as_str(), &OF_OTHER)));
            prop_assert!(!names_any(&format!("{:?}", next), &OF_OTHER), "{next:?}");
            before = next;
        }
        for (own, thing) in &one {
            let text = format!("{own} {thing}");
            let expected = format!("{}-{}", own.to_lowercase(), thing.to_lowercase());
            prop_assert!(asserts(&ask(&first, &text), &expected), "{text}");
            let show = Action::Show { service: id(&expected), place: None, facet: None };
            let (reply, _) = talk(&second, [Message::pressed(show)]);
            prop_assert!(!names_any(&format!("{reply:?}"), &OF_ONE), "{reply:?}");
        }
    }
}
