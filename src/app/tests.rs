//! What one message leads to, with a real store in memory.

use std::io::Write;

use super::*;
use crate::{
    bot::Settings,
    catalog::{Catalog, CatalogFiles, NoOffers},
    message::{Action, Message, Verdict},
    places::Places,
};

const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n\
    [[fee]]\ntext = \"je Hund\"\neuro = 90.00\nsource = { title = \"Satzung\", checked = 2026-06-01 }\n";

fn bot() -> Arc<Bot> {
    let files = CatalogFiles::from_texts([
        ("services/tiere/hund-anmelden.toml", DOG),
        ("lexicon/concepts.toml", "format = 1\n"),
    ]);
    let catalog = Arc::new(Catalog::load(&files).unwrap());
    let places = Arc::new(Places::default());
    Arc::new(Bot::new(catalog, places, Arc::new(NoOffers), Settings::default()))
}

fn secret() -> Secret {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"a key for tests, which is no secret").unwrap();
    Secret::read(file.path()).unwrap()
}

/// A process that shares the store.
fn replica(store: &Store) -> App {
    let shared = Shared::new(store.clone(), secret(), Queue::new(64, 1_000), Health::new());
    App::new(TenantId::only(), bot(), shared, &Config::default())
}

async fn app() -> App {
    replica(&Store::in_memory().await.unwrap())
}

fn chat(id: u32) -> ThreadKey {
    ThreadKey::new("telegram", id)
}

/// Says something in a thread; what is answered.
async fn say(app: &App, thread: &ThreadKey, text: &str) -> String {
    let turn = app.respond("telegram", &Message::text(text), Some(thread)).await;
    let said = crate::channel::terminal::render(&turn.reply, false);
    app.finish(turn, None, std::slice::from_ref(thread)).await;
    said
}

async fn is_stored(app: &App, thread: &ThreadKey) -> bool {
    let key = app.key(thread);
    app.shared().store.stored(app.tenant().as_str(), &key).await.unwrap().is_some()
}

#[tokio::test]
async fn a_conversation_goes_on_and_ends_after_its_time() {
    let app = app().await;
    say(&app, &chat(1), "hund anmelden").await;
    assert!(say(&app, &chat(1), "und was kostet das?").await.contains("90"));
    assert!(!say(&app, &chat(2), "und was kostet das?").await.contains("90"), "another chat");
    app.shared().store.move_clock(31 * 60 * 1_000);
    assert!(!say(&app, &chat(1), "und was kostet das?").await.contains("90"));
}

#[tokio::test]
async fn a_message_is_claimed_once_until_it_is_given_back() {
    let store = Store::in_memory().await.unwrap();
    let (a, b) = (replica(&store), replica(&store));
    let Claim::Mine(claim) = a.claim("telegram", 7).await else { panic!("not ours") };
    assert!(matches!(b.claim("telegram", 7).await, Claim::Held));
    assert!(matches!(b.claim("discord", 7).await, Claim::Mine(_)), "another channel");
    a.give_back(claim).await;
    let Claim::Mine(claim) = b.claim("telegram", 7).await else { panic!("not given back") };
    b.done(claim).await;
    for app in [&a, &b] {
        assert!(matches!(app.claim("telegram", 7).await, Claim::Done));
    }
}

#[tokio::test]
async fn a_claim_whose_holder_died_is_taken_over_and_cannot_be_finished_by_the_dead() {
    let store = Store::in_memory().await.unwrap();
    let (a, b) = (replica(&store), replica(&store));
    let Claim::Mine(late) = a.claim("telegram", 7).await else { panic!("not ours") };
    store.move_clock(61_000);
    let Claim::Mine(claim) = b.claim("telegram", 7).await else { panic!("not taken over") };
    a.done(late).await;
    assert!(matches!(a.claim("telegram", 7).await, Claim::Held), "the late one changed nothing");
    b.done(claim).await;
    assert!(matches!(a.claim("telegram", 7).await, Claim::Done));
}

#[tokio::test]
async fn two_replicas_in_one_thread_leave_what_one_would_have_left() {
    let store = Store::in_memory().await.unwrap();
    let (a, b) = (replica(&store), replica(&store));
    let thread = chat(1);
    let kept = std::slice::from_ref(&thread);
    say(&a, &thread, "hallo").await;
    let first = a.respond("telegram", &Message::text("hund anmelden"), Some(&thread)).await;
    let second = b.respond("telegram", &Message::text("/sprache deutsch"), Some(&thread)).await;
    a.finish(first, None, kept).await;
    // It was answered in the light of what was before the first; what it leaves is in that of both.
    b.finish(second, None, kept).await;
    assert!(say(&a, &thread, "was kostet das?").await.contains("90"));
}

#[tokio::test]
async fn messages_of_one_thread_wait_for_each_other_and_others_do_not() {
    let app = app().await;
    let turn = app.respond("telegram", &Message::text("hallo"), Some(&chat(1))).await;
    let next = tokio::spawn({
        let app = app.clone();
        async move { say(&app, &chat(1), "hund anmelden").await }
    });
    say(&app, &chat(2), "hund anmelden").await;
    assert!(!next.is_finished());
    drop(turn);
    assert!(next.await.unwrap().contains("Hund anmelden"));
}

#[tokio::test]
async fn what_is_asked_and_judged_is_counted_without_a_person() {
    let app = app().await;
    for id in 0..3 {
        say(&app, &chat(id), "hund anmelden").await;
    }
    let service: crate::ids::ServiceId = "hund-anmelden".parse().unwrap();
    let rate = Action::Rate { service, verdict: Verdict::Fits };
    let turn = app
        .respond("telegram", &Message::new(crate::message::Input::Pressed(rate)), Some(&chat(0)))
        .await;
    app.finish(turn, None, &[chat(0)]).await;
    let counts = app.shared().store.counts(None, "2000-01-01").await.unwrap();
    let found = counts.iter().find(|row| row.kind == "service").unwrap();
    assert_eq!((found.service.as_str(), found.n), ("hund-anmelden", 3));
    assert_eq!(counts.iter().find(|row| row.kind == "answer").unwrap().n, 3);
    let feedback = app.shared().store.feedback(None, "2000-01-01").await.unwrap();
    assert_eq!((feedback[0].verdict.as_str(), feedback[0].n), ("fits", 1));
}

#[tokio::test]
async fn who_wants_to_be_forgotten_is_and_who_only_asks_leaves_nothing() {
    let app = app().await;
    let nothing = say(&app, &chat(1), "/auskunft").await;
    assert!(nothing.contains("Dort steht zu diesem Chat nichts."), "{nothing}");
    assert!(!is_stored(&app, &chat(1)).await);
    say(&app, &chat(1), "hund anmelden").await;
    let told = say(&app, &chat(1), "/auskunft").await;
    assert!(told.contains("Leistung: Hund anmelden") && told.contains("ein Eintrag"), "{told}");
    assert!(is_stored(&app, &chat(1)).await);
    let gone = say(&app, &chat(1), "/loeschen").await;
    assert!(gone.contains("Dort steht zu diesem Chat nichts mehr."), "{gone}");
    assert!(!is_stored(&app, &chat(1)).await);
}

#[tokio::test]
async fn towns_do_not_share_conversations_though_chats_have_the_same_id() {
    let store = Store::in_memory().await.unwrap();
    let shared = Shared::new(store, secret(), Queue::new(64, 1_000), Health::new());
    let town = |id: &str| App::new(id.parse().unwrap(), bot(), shared.clone(), &Config::default());
    let (adorf, bdorf) = (town("adorf"), town("bdorf"));
    assert_ne!(adorf.key(&chat(1)), bdorf.key(&chat(1)));
    say(&adorf, &chat(1), "hund anmelden").await;
    assert!(!say(&bdorf, &chat(1), "und was kostet das?").await.contains("90"));
    say(&bdorf, &chat(1), "/loeschen").await;
    assert!(say(&adorf, &chat(1), "und was kostet das?").await.contains("90"));
}

#[tokio::test]
async fn fault_28_ten_thousand_chats_are_served_and_who_floods_is_told_once() {
    let app = app().await;
    let flood: Vec<Admission> = (0..50).map(|_| app.admit(&chat(0))).collect();
    let told = flood.iter().filter(|admission| **admission == Admission::TooFast).count();
    assert_eq!((told, flood[0], flood[49]), (1, Admission::Admitted, Admission::Ignored));
    let mut served = tokio::task::JoinSet::new();
    for id in 1..=10_000 {
        let app = app.clone();
        served.spawn(async move {
            assert_eq!(app.admit(&chat(id)), Admission::Admitted);
            let _turn = loop {
                match app.enter().await {
                    Ok(turn) => break turn,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            say(&app, &chat(id), "hund anmelden").await.contains("Hund anmelden")
        });
    }
    let served = served.join_all().await;
    assert!(served.len() == 10_000 && served.iter().all(|served| *served));
}
