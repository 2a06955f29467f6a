//! The Discord channel, against a Discord of our own on loopback.
//!
//! Shown here: 1. commands, completion, buttons, private chats and guilds are answered as a citizen
//! expects; 2. nobody is ever notified; 3. what Discord or the network does wrong is survived;
//! 4. what the operator must change is said; 5. no token and no text is logged.

pub mod events;
pub mod fake;

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, Offer, Offers},
    channel::{
        ChannelError,
        discord::{Pace, run_at},
    },
    config::{DiscordConfig, LogConfig, LogLevel},
    ids::{RegionKey, ServiceId},
    places::Places,
};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use self::{
    events::{
        PRIVATE, PUBLIC, choose, guilded, in_guild, leistung, mention, message, press, reply,
        typing,
    },
    fake::{APP, Fake, Frame, Received, answer_to},
};
use crate::BOT;

pub const TOKEN: &str = "canary-token-0123456789";
const MESSAGES: &str = "/messages";
pub const CALLBACK: &str = "/callback";

/// The channel at work.
struct Channel {
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), ChannelError>>,
}

/// In a hurry, but for what a slow machine may need.
fn pace() -> Pace {
    Pace {
        retry: Duration::from_millis(50),
        reconnect: Duration::from_millis(50),
        ..Pace::default()
    }
}

fn config(url: &str) -> DiscordConfig {
    DiscordConfig {
        enabled: true,
        token: TOKEN.to_owned().into(),
        api_url: url.to_owned(),
        ..DiscordConfig::default()
    }
}

impl Channel {
    fn start(url: &str) -> Self {
        Self::start_with(url, BOT.clone(), pace())
    }

    fn start_with(url: &str, bot: Bot, pace: Pace) -> Self {
        let (shutdown, config) = (CancellationToken::new(), config(url));
        let stop = shutdown.clone();
        let running = tokio::spawn(async move {
            let app = crate::app(Arc::new(bot)).await;
            let part = crate::part(&app, "discord");
            run_at(app, &config, part, pace, stop).await
        });
        Self { shutdown, running }
    }

    /// How it ended by itself.
    async fn ended(self) -> Result<(), ChannelError> {
        timeout(Duration::from_secs(20), self.running).await.expect("the channel ends").unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        assert_eq!(self.ended().await, Ok(()));
    }
}

/// A Discord, and the channel connected to it.
async fn connected() -> (Fake, Channel) {
    let fake = Fake::start().await;
    let channel = Channel::start(&fake.url);
    fake.nth("PUT", "/commands", 1).await;
    (fake, channel)
}

/// What an answer shows: of a message, or of an interaction's response.
pub fn shown(received: &Received) -> &Value {
    if received.path.ends_with(CALLBACK) { &received.body["data"] } else { &received.body }
}

/// All that a citizen reads in it.
pub fn text(received: &Received) -> String {
    let shown = shown(received);
    let mut text = shown["content"].as_str().unwrap_or_default().to_owned();
    for embed in shown["embeds"].as_array().into_iter().flatten() {
        for part in [&embed["title"], &embed["description"]] {
            text = format!("{text}\n{}", part.as_str().unwrap_or_default());
        }
        for field in embed["fields"].as_array().into_iter().flatten() {
            text = format!("{text}\n{}: {}", field["name"], field["value"]);
        }
        text = format!("{text}\n{}", embed["footer"]["text"].as_str().unwrap_or_default());
    }
    text
}

/// The first thing to press whose label contains `part`: its data.
#[track_caller]
pub fn pressable(received: &Received, part: &str) -> String {
    let rows = shown(received)["components"].as_array().cloned().unwrap_or_default();
    let parts = rows.iter().flat_map(|row| row["components"].as_array().unwrap());
    let options = parts.flat_map(|p| p["options"].as_array().cloned().unwrap_or(vec![p.clone()]));
    let found = options.into_iter().find(|o| o["label"].as_str().unwrap().contains(part));
    let found = found.unwrap_or_else(|| panic!("nothing to press for {part} in {received:#?}"));
    found["custom_id"].as_str().or(found["value"].as_str()).unwrap().to_owned()
}

/// Every body that shows something forbids every mention.
#[track_caller]
fn nobody_is_notified(fake: &Fake) {
    let answers = fake.received();
    let showing = answers.iter().filter(|received| {
        let shown = shown(received);
        !shown["embeds"].is_null() || !shown["content"].is_null()
    });
    let mut count = 0;
    for received in showing {
        let allowed = &shown(received)["allowed_mentions"];
        assert_eq!(allowed["parse"], json!([]), "{received:?}");
        assert_eq!(allowed["users"], json!([]), "{received:?}");
        assert_eq!(allowed["replied_user"], json!(false), "{received:?}");
        count += 1;
    }
    assert!(count > 0);
}

// --- Commands, completion, buttons ----------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_command_in_a_guild_is_answered_for_the_asker_alone() {
    let (fake, channel) = connected().await;
    fake.event("INTERACTION_CREATE", guilded(leistung(&fake, &[("frage", "hund anmelden")]))).await;
    let answer = fake.nth("POST", CALLBACK, 1).await;
    assert_eq!(answer.body["type"], 4);
    assert_eq!(shown(&answer)["flags"], 64, "ephemeral");
    assert!(text(&answer).contains("Hund"), "{}", text(&answer));
    assert_eq!(shown(&answer)["embeds"].as_array().unwrap().len(), 1);
    nobody_is_notified(&fake);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_in_private_is_answered_plainly_and_for_a_place() {
    let (fake, channel) = connected().await;
    let options = [("frage", "hund anmelden"), ("ort", "Köln")];
    fake.event("INTERACTION_CREATE", leistung(&fake, &options)).await;
    let answer = fake.nth("POST", CALLBACK, 1).await;
    assert!(shown(&answer)["flags"].is_null());
    assert!(text(&answer).contains("Köln"), "{}", text(&answer));
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_completed_and_a_completion_is_answered() {
    let (fake, channel) = connected().await;
    fake.event("INTERACTION_CREATE", typing(&fake, "reisep")).await;
    let answer = fake.nth("POST", CALLBACK, 1).await;
    assert_eq!(answer.body["type"], 8);
    let choices = answer.body["data"]["choices"].as_array().unwrap();
    assert!((1..=25).contains(&choices.len()));
    let value = choices[0]["value"].as_str().unwrap();
    let name = choices[0]["name"].as_str().unwrap();
    assert!(value.starts_with("id:") && name.chars().count() <= 100);

    fake.event("INTERACTION_CREATE", leistung(&fake, &[("frage", value)])).await;
    let card = fake.nth("POST", CALLBACK, 2).await;
    assert_eq!(shown(&card)["embeds"][0]["title"], name);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_changes_its_message_and_fault_33_may_be_pressed_again() {
    let (fake, channel) = connected().await;
    fake.event(
        "INTERACTION_CREATE",
        guilded(leistung(&fake, &[("frage", "reisepass beantragen")])),
    )
    .await;
    let card = fake.nth("POST", CALLBACK, 1).await;
    let custom_id = "1|s|reisepass-beantragen||c";
    let question = card.path.split('/').nth(2).unwrap();
    let mut below = in_guild(&answer_to(question), "");
    below["flags"] = json!(64);
    for nth in 2..=4 {
        fake.event("INTERACTION_CREATE", guilded(press(&fake, below.clone(), custom_id))).await;
        let changed = fake.nth("POST", CALLBACK, nth).await;
        assert_eq!(changed.body["type"], 7, "the message is changed");
        assert!(text(&changed).contains("Euro"), "{}", text(&changed));
        assert_ne!(text(&changed), text(&card));
    }
    let [before, after] = [3, 4].map(|nth| fake.nth("POST", CALLBACK, nth));
    assert_eq!(before.await.body, after.await.body);
    nobody_is_notified(&fake);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_back_for_the_place_with_a_menu() {
    let (fake, channel) = connected().await;
    let options = [("frage", "hund anmelden"), ("ort", "Frankfurt")];
    fake.event("INTERACTION_CREATE", leistung(&fake, &options)).await;
    let asked = fake.nth("POST", CALLBACK, 1).await;
    let value = pressable(&asked, "Main");
    fake.event("INTERACTION_CREATE", choose(&fake, message("77", ""), &value)).await;
    let card = fake.nth("POST", CALLBACK, 2).await;
    assert_eq!(card.body["type"], 7);
    assert!(text(&card).contains("Frankfurt am Main"), "{}", text(&card));
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_32_a_stale_button_is_said_to_be_and_the_card_stays() {
    let (fake, channel) = connected().await;
    for (at, custom_id) in ["0|old", "1|s|DROP TABLE||", ""].into_iter().enumerate() {
        fake.event("INTERACTION_CREATE", press(&fake, message("77", ""), custom_id)).await;
        let answer = fake.nth("POST", CALLBACK, at + 1).await;
        assert_eq!(answer.body["type"], 4, "a message of its own");
        assert!(text(&answer).contains("veraltet"), "{}", text(&answer));
    }
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_under_a_public_answer_is_answered_alone_and_in_full() {
    let (fake, channel) = connected().await;
    fake.event("MESSAGE_CREATE", mention("10", "reisepass beantragen")).await;
    let public = fake.nth("POST", MESSAGES, 1).await;
    let data = pressable(&public, "Mehr");
    let below = in_guild(&answer_to("10"), "");
    fake.event("INTERACTION_CREATE", guilded(press(&fake, below, &data))).await;
    let alone = fake.nth("POST", CALLBACK, 1).await;
    assert_eq!((&alone.body["type"], &shown(&alone)["flags"]), (&json!(4), &json!(64)));
    assert!(text(&alone).contains("Gebühr") && !text(&public).contains("Gebühr"));
    channel.stop().await;
}

// --- Private chats and guilds ---------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_private_question_and_its_follow_up_are_answered() {
    let (fake, channel) = connected().await;
    fake.event("MESSAGE_CREATE", message("10", "was kostet ein reisepass")).await;
    let first = fake.nth("POST", MESSAGES, 1).await;
    assert_eq!(first.path, format!("/channels/{PRIVATE}/messages"));
    assert!(first.body["message_reference"].is_null());
    assert!(text(&first).contains("Euro"), "{}", text(&first));
    fake.event("MESSAGE_CREATE", message("11", "und welche unterlagen brauche ich?")).await;
    let second = fake.nth("POST", MESSAGES, 2).await;
    assert!(text(&second).contains("Reisepass"), "{}", text(&second));
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_a_picture_is_answered() {
    let (fake, channel) = connected().await;
    fake.event("MESSAGE_CREATE", message("10", "")).await;
    let answer = fake.nth("POST", MESSAGES, 1).await;
    assert!(text(&answer).contains("nur Text"), "{}", text(&answer));
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_guild_only_a_mention_is_answered_as_a_reply_and_shortly() {
    let (fake, channel) = connected().await;
    fake.event("MESSAGE_CREATE", in_guild("10", "hund anmelden")).await;
    fake.event("MESSAGE_CREATE", in_guild("11", "")).await;
    fake.event("MESSAGE_CREATE", mention("12", "was kostet ein reisepass")).await;
    let answer = fake.nth("POST", MESSAGES, 1).await;
    assert_eq!(answer.path, format!("/channels/{PUBLIC}/messages"));
    assert_eq!(answer.body["message_reference"]["message_id"], "12");
    assert_eq!(answer.body["nonce"], "12");
    assert_eq!(answer.body["enforce_nonce"], true);
    assert!(text(&answer).contains("Euro"), "{}", text(&answer));
    fake.event("MESSAGE_CREATE", message("13", "reisepass beantragen")).await;
    let private = fake.nth("POST", MESSAGES, 2).await;
    let described = |r: &Received| shown(r)["embeds"][0]["description"].to_string().len();
    assert!(described(&private) > described(&answer), "the private answer holds more");
    nobody_is_notified(&fake);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_a_guild_continues_the_conversation() {
    let (fake, channel) = connected().await;
    fake.event("MESSAGE_CREATE", mention("10", "reisepass beantragen")).await;
    fake.nth("POST", MESSAGES, 1).await;
    let ours = answer_to("10");
    // The conversation is kept once the answer has become a message: soon.
    fake.event("MESSAGE_CREATE", message("11", "hallo")).await;
    fake.nth("POST", MESSAGES, 2).await;
    fake.event("MESSAGE_CREATE", reply("12", "was kostet das?", &ours)).await;
    let answer = fake.nth("POST", MESSAGES, 3).await;
    assert!(text(&answer).contains("Reisepass"), "{}", text(&answer));
    fake.event("MESSAGE_CREATE", mention("13", "was kostet das?")).await;
    let other = fake.nth("POST", MESSAGES, 4).await;
    assert!(!text(&other).contains("Reisepass beantragen"), "nothing is kept per person");
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_who_writes_too_fast_is_told_once() {
    let (fake, channel) = connected().await;
    for at in 0..25 {
        fake.event("MESSAGE_CREATE", message(&format!("{}", 100 + at), "danke")).await;
    }
    fake.nth("POST", MESSAGES, 21).await;
    fake.event("INTERACTION_CREATE", leistung(&fake, &[("frage", "hund")])).await;
    let told = fake.nth("POST", CALLBACK, 1).await;
    assert!(text(&told).contains("zu schnell"), "an interaction is always answered");
    assert_eq!(fake.count("POST", MESSAGES), 21);
    let slow = fake
        .received()
        .iter()
        .filter(|r| r.path.ends_with(MESSAGES) && text(r).contains("zu schnell"))
        .count();
    assert_eq!(slow, 1);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_23_mentions_in_text_notify_nobody() {
    let (fake, channel) = connected().await;
    let nasty = "@everyone <@&1> <@1> reisepass beantragen";
    fake.event("MESSAGE_CREATE", message("10", nasty)).await;
    fake.event("MESSAGE_CREATE", message("11", "/ort @everyone <@&1> <@1>")).await;
    fake.event("MESSAGE_CREATE", mention("12", nasty)).await;
    fake.event("INTERACTION_CREATE", guilded(leistung(&fake, &[("frage", nasty)]))).await;
    fake.event("INTERACTION_CREATE", press(&fake, message("77", ""), "1|h")).await;
    fake.nth("POST", MESSAGES, 3).await;
    fake.nth("POST", CALLBACK, 2).await;
    nobody_is_notified(&fake);
    for received in fake.received() {
        assert!(!text(&received).contains("<@"), "{received:?}");
    }
    channel.stop().await;
}

/// Offers that are found only once the test says so.
struct SlowOffers(Mutex<mpsc::Receiver<()>>);

impl Offers for SlowOffers {
    fn offer(&self, _: &ServiceId, _: RegionKey) -> Option<Offer> {
        let _ = self.0.lock().unwrap().recv();
        None
    }
}

pub fn bot_with(offers: Arc<dyn Offers>) -> Bot {
    let files = CatalogFiles::embedded();
    let catalog = Arc::new(Catalog::load(&files).unwrap());
    let places = Arc::new(Places::load(&files).unwrap());
    Bot::new(catalog, places, offers, Settings::default())
}

/// A bot that answers once the sender is dropped.
pub fn slow_bot() -> (Bot, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel();
    (bot_with(Arc::new(SlowOffers(Mutex::new(wait)))), go)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_23_a_late_answer_is_announced_and_notifies_nobody() {
    let fake = Fake::start().await;
    let (bot, go) = slow_bot();
    let channel =
        Channel::start_with(&fake.url, bot, Pace { defer: Duration::from_millis(100), ..pace() });
    fake.nth("PUT", "/commands", 1).await;
    let question = [("frage", "id:reisepass-beantragen"), ("ort", "Köln")];
    fake.event("INTERACTION_CREATE", guilded(leistung(&fake, &question))).await;
    let wait = fake.nth("POST", CALLBACK, 1).await;
    assert_eq!((&wait.body["type"], &wait.body["data"]["flags"]), (&json!(5), &json!(64)));
    drop(go);
    let late = fake.nth("PATCH", "/messages/@original", 1).await;
    assert!(late.path.starts_with(&format!("/webhooks/{APP}/token-")));
    assert!(text(&late).contains("Köln"), "{}", text(&late));
    nobody_is_notified(&fake);
    channel.stop().await;
}

// --- What goes wrong ------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_a_429_is_obeyed_and_the_answer_sent_once() {
    let (fake, channel) = connected().await;
    fake.faults().too_fast = 1;
    let start = std::time::Instant::now();
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
    let [first, second] = [1, 2].map(|nth| fake.nth("POST", MESSAGES, nth));
    let (first, second) = (first.await, second.await);
    assert!(start.elapsed() >= Duration::from_millis(300), "retry_after was 0.3 s");
    assert_eq!(first.body, second.body);
    channel.stop().await;
    assert_eq!(fake.count("POST", MESSAGES), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_cut_connections_and_bad_gateways_are_survived() {
    let (fake, channel) = connected().await;
    fake.faults().cut = 1;
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
    let again = fake.nth("POST", MESSAGES, 2).await;
    assert_eq!(again.body["nonce"], "10", "Discord drops what it got twice");
    fake.faults().bad_gateway = 2;
    fake.event("INTERACTION_CREATE", leistung(&fake, &[("frage", "hund")])).await;
    fake.nth("POST", CALLBACK, 3).await;
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_survived_and_without_embeds_there_is_text() {
    let (fake, channel) = connected().await;
    fake.faults().refuse = vec![50_013];
    fake.event("MESSAGE_CREATE", mention("10", "reisepass beantragen")).await;
    let plain = fake.nth("POST", MESSAGES, 2).await;
    assert_eq!(plain.body["embeds"], json!([]));
    assert!(text(&plain).contains("Reisepass"), "{}", text(&plain));
    for code in [40_060, 10_062, 50_001] {
        fake.faults().refuse = vec![code];
        let before = fake.count("POST", CALLBACK);
        fake.event("INTERACTION_CREATE", leistung(&fake, &[("frage", "hund")])).await;
        fake.nth("POST", CALLBACK, before + 1).await;
    }
    fake.event("MESSAGE_CREATE", message("11", "reisepass beantragen")).await;
    fake.nth("POST", MESSAGES, 3).await;
    nobody_is_notified(&fake);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_35_a_repeated_event_is_answered_once() {
    let (fake, channel) = connected().await;
    let question = leistung(&fake, &[("frage", "hund")]);
    for _ in 0..3 {
        fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
        fake.event("INTERACTION_CREATE", question.clone()).await;
    }
    fake.event("MESSAGE_CREATE", message("9", "hund anmelden")).await;
    fake.nth("POST", MESSAGES, 2).await;
    fake.nth("POST", CALLBACK, 1).await;
    channel.stop().await;
    assert_eq!((fake.count("POST", MESSAGES), fake.count("POST", CALLBACK)), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_65_closed_and_cut_connections_are_resumed() {
    let (fake, channel) = connected().await;
    for (at, frame) in
        [Frame::Close(4000), Frame::Op(7, Value::Null), Frame::Close(1000), Frame::Cut]
            .into_iter()
            .enumerate()
    {
        fake.send(frame).await;
        fake.sessions(6, at + 1).await;
        fake.event("MESSAGE_CREATE", message(&format!("{}", 10 + at), "reisepass beantragen"))
            .await;
        fake.nth("POST", MESSAGES, at + 1).await;
    }
    assert_eq!(fake.identified(), 1);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_65_an_invalid_session_begins_anew_and_commands_are_registered_once() {
    let (fake, channel) = connected().await;
    fake.send(Frame::Op(9, json!(false))).await;
    fake.sessions(2, 2).await;
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
    fake.nth("POST", MESSAGES, 1).await;
    channel.stop().await;
    assert_eq!(fake.count("PUT", "/commands"), 1);
    assert_eq!(fake.count("GET", "/commands"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_discord_knows_are_not_registered_again() {
    let (fake, channel) = connected().await;
    channel.stop().await;
    assert_eq!(fake.commands().as_array().unwrap().len(), 13);
    let again = Channel::start(&fake.url);
    fake.nth("GET", "/commands", 2).await;
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
    fake.nth("POST", MESSAGES, 1).await;
    again.stop().await;
    assert_eq!(fake.count("PUT", "/commands"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_65_a_client_that_spins_or_hangs_is_replaced() {
    let fake = Fake::start().await;
    // serenity neither ends nor reconnects on this code.
    fake.faults().on_identify = Some(Frame::Close(4011));
    let pace = Pace { stuck: Duration::from_millis(600), ..pace() };
    let channel = Channel::start_with(&fake.url, BOT.clone(), pace);
    fake.sessions(2, 2).await;
    fake.faults().on_identify = None;
    fake.nth("PUT", "/commands", 1).await;
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
    fake.nth("POST", MESSAGES, 1).await;
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_unprivileged_events_are_asked_for() {
    let (fake, channel) = connected().await;
    // GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES.
    assert_eq!(fake.identify()["intents"], 1 | 1 << 9 | 1 << 12);
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_a_refused_token_is_said() {
    let fake = Fake::start().await;
    fake.faults().unauthorized = true;
    let ended = Channel::start(&fake.url).ended().await;
    let Err(ChannelError::Misconfigured(why)) = ended else { panic!("{ended:?}") };
    assert!(why.contains("discord.token") && !why.contains(TOKEN), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_65_what_the_gateway_refuses_for_good_is_said() {
    for (code, expected) in [(4004, "lehnt das Token ab"), (4013, "Intents"), (4014, "Intents")] {
        let fake = Fake::start().await;
        fake.faults().on_identify = Some(Frame::Close(code));
        let ended = Channel::start(&fake.url).ended().await;
        let Err(ChannelError::Misconfigured(why)) = ended else { panic!("{code}: {ended:?}") };
        assert!(why.contains(expected) && why.contains("discord.token"), "{code}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_discord_may_be_unreachable_at_start() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::start(&format!("http://{}", listener.local_addr().unwrap()));
    for _ in 0..2 {
        drop(listener.accept().await.unwrap());
    }
    let fake = Fake::on(listener).await;
    fake.nth("PUT", "/commands", 1).await;
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen")).await;
    fake.nth("POST", MESSAGES, 1).await;
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_66_stopping_says_goodbye_and_ends_soon() {
    let (fake, channel) = connected().await;
    let start = std::time::Instant::now();
    channel.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(fake.goodbye().await, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_66_answers_in_hand_are_finished() {
    let fake = Fake::start().await;
    let (bot, go) = slow_bot();
    let channel =
        Channel::start_with(&fake.url, bot, Pace { defer: Duration::from_millis(100), ..pace() });
    fake.nth("PUT", "/commands", 1).await;
    let question = [("frage", "id:reisepass-beantragen"), ("ort", "Köln")];
    fake.event("INTERACTION_CREATE", leistung(&fake, &question)).await;
    // The answer has begun, and waits.
    fake.nth("POST", CALLBACK, 1).await;
    channel.shutdown.cancel();
    drop(go);
    assert_eq!(channel.ended().await, Ok(()));
    assert_eq!(fake.count("PATCH", "/messages/@original"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_66_stopping_does_not_wait_for_an_unreachable_discord() {
    let channel = Channel::start("http://127.0.0.1:9");
    let start = std::time::Instant::now();
    channel.stop().await;
    assert!(start.elapsed() < Duration::from_secs(2));
}

/// A fault inside.
struct FaultyOffers;

impl Offers for FaultyOffers {
    fn offer(&self, _: &ServiceId, _: RegionKey) -> Option<Offer> {
        panic!("a fault of the test's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_69_a_fault_inside_becomes_an_apology() {
    let fake = Fake::start().await;
    let channel = Channel::start_with(&fake.url, bot_with(Arc::new(FaultyOffers)), pace());
    fake.nth("PUT", "/commands", 1).await;
    fake.event("MESSAGE_CREATE", message("10", "reisepass beantragen köln")).await;
    let sorry = fake.nth("POST", MESSAGES, 1).await;
    assert!(text(&sorry).contains("schiefgegangen"), "{}", text(&sorry));
    fake.event("MESSAGE_CREATE", message("11", "danke")).await;
    fake.nth("POST", MESSAGES, 2).await;
    channel.stop().await;
}

// --- Logs -----------------------------------------------------------------------------------------

const CHILD: &str = "AMTSLOTSE_TEST_DISCORD";

/// Run by the test below in a process of its own, whose log can be read.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other half of fault_67_no_token_and_no_text_is_logged"]
async fn logging_child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    amtslotse::telemetry::init(&LogConfig { level: LogLevel::Trace, ..LogConfig::default() });
    let channel = Channel::start(&url);
    let mut line = String::new();
    // Until the parent is done.
    let _ = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line)).await;
    channel.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_67_no_token_and_no_text_is_logged() {
    let fake = Fake::start().await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "discord::logging_child", "--ignored", "--nocapture"])
        .env(CHILD, &fake.url)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    fake.nth("PUT", "/commands", 1).await;
    fake.event("MESSAGE_CREATE", message("10101010", "mein kanarienvogel braucht einen pass"))
        .await;
    fake.nth("POST", MESSAGES, 1).await;
    // An event that serenity cannot read, and answers that fail.
    fake.event("MESSAGE_CREATE", json!({ "content": "kanarienvogel" })).await;
    fake.faults().cut = 1;
    fake.faults().refuse = vec![10_062];
    fake.event("INTERACTION_CREATE", leistung(&fake, &[("frage", "kanarienvogel")])).await;
    fake.nth("POST", CALLBACK, 2).await;
    fake.event("MESSAGE_CREATE", message("10101011", "kanarienvogel")).await;
    fake.nth("POST", MESSAGES, 2).await;
    fake.send(Frame::Close(4000)).await;
    fake.sessions(6, 1).await;
    drop(child.stdin.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap();
    let log = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    assert!(log.contains("connected to Discord"), "{log}");
    for secret in [TOKEN, "kanarienvogel", "token-", PRIVATE, "10101010", "citizen"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_comes_as_a_file() {
    let (fake, channel) = connected().await;
    fake.event("MESSAGE_CREATE", message("10", "ich ziehe am 3. mai um")).await;
    fake.nth("POST", MESSAGES, 1).await;
    fake.event("MESSAGE_CREATE", message("11", "kalender")).await;
    let file = fake.nth("POST", MESSAGES, 3).await;
    let form = file.body["form"].as_str().unwrap();
    assert!(form.contains("umzug.ics") && form.contains("BEGIN:VCALENDAR"), "{form}");
    assert!(form.contains(r#""allowed_mentions":{"parse":[]}"#), "{form}");
    channel.stop().await;
}
