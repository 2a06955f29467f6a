//! The Telegram channel, against a Bot API server of our own on loopback: what a citizen sees, and
//! what an operator sees, whatever goes wrong in between.

pub(crate) mod fake;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use amtslotse::{
    bot::Bot,
    channel::{ChannelError, telegram},
    config::{Config, TelegramConfig},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use self::fake::{BOT_ID, BOT_NAME, Call, Fake, Trouble};
use crate::logs;

const TOKEN: &str = "123456:AAF7-geheimes-Kennwort-das-niemand-sieht";
const CITIZEN: i64 = 4_711_001;
const GROUP: i64 = -100_815;
const PATIENCE: Duration = Duration::from_secs(20);

static BOT: LazyLock<Arc<Bot>> =
    LazyLock::new(|| Arc::new(amtslotse::setup::build_bot(&Config::default()).unwrap()));

/// A running channel and the server it talks to.
struct Town {
    fake: Fake,
    shutdown: CancellationToken,
    channel: JoinHandle<Result<(), ChannelError>>,
}

impl Town {
    async fn open() -> Self {
        Self::open_with(Fake::start().await)
    }

    fn open_with(fake: Fake) -> Self {
        Self::open_with_bot(fake, Arc::clone(&BOT))
    }

    fn open_with_bot(fake: Fake, bot: Arc<Bot>) -> Self {
        let (channel, shutdown) = run(&fake.url, bot);
        Self { fake, shutdown, channel }
    }

    /// A citizen writes in private; the n-th answer.
    async fn ask(&self, text: &str, n: usize) -> Call {
        self.fake.deliver(private(json!({"text": text})));
        self.fake.sent(n).await
    }

    fn press(&self, message: &Call, data: &str) {
        let private = message.body["chat_id"] == CITIZEN;
        let chat = json!({
            "id": message.body["chat_id"], "type": if private { "private" } else { "supergroup" },
        });
        self.fake.deliver(json!({"callback_query": {
            "id": "press-1", "from": person(CITIZEN), "chat_instance": "1", "data": data,
            "message": {"message_id": message.sent, "date": now(), "chat": chat},
        }}));
    }

    async fn close(self) -> Result<(), ChannelError> {
        self.shutdown.cancel();
        self.ended().await
    }

    async fn ended(self) -> Result<(), ChannelError> {
        timeout(PATIENCE, self.channel).await.expect("the channel ends in time").unwrap()
    }
}

fn run(url: &str, bot: Arc<Bot>) -> (JoinHandle<Result<(), ChannelError>>, CancellationToken) {
    logs::capture();
    let config = TelegramConfig {
        enabled: true,
        token: SecretString::from(TOKEN),
        api_url: url.to_owned(),
        ..TelegramConfig::default()
    };
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    let running = tokio::spawn(async move {
        let app = crate::app(bot).await;
        let part = crate::part(&app, "telegram");
        telegram::run(app, &config, part, token).await
    });
    (running, shutdown)
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

fn person(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": "Erika"})
}

fn message(chat: Value, fields: Value) -> Value {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1);
    let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut message =
        json!({"message_id": id, "date": now(), "chat": chat, "from": person(CITIZEN)});
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    message.as_object_mut().unwrap().extend(fields);
    json!({"message": message})
}

fn private(fields: Value) -> Value {
    private_of(CITIZEN, fields)
}

fn private_of(chat: i64, fields: Value) -> Value {
    message(json!({"id": chat, "type": "private", "first_name": "Erika"}), fields)
}

fn grouped(fields: Value) -> Value {
    message(json!({"id": GROUP, "type": "supergroup", "title": "Nachbarn"}), fields)
}

fn mention(rest: &str) -> Value {
    let name = format!("@{BOT_NAME}");
    let entity = json!({"type": "mention", "offset": 0, "length": name.len()});
    grouped(json!({"text": format!("{name} {rest}"), "entities": [entity]}))
}

fn text(call: &Call) -> &str {
    call.body["text"].as_str().unwrap()
}

/// Labels and data of the buttons, row by row.
fn buttons(call: &Call) -> Vec<Vec<(String, String)>> {
    let rows = call.body["reply_markup"]["inline_keyboard"].as_array().cloned().unwrap_or_default();
    let field = |button: &Value, name: &str| button[name].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| row.as_array().unwrap().iter())
        .map(|row| row.map(|b| (field(b, "text"), field(b, "callback_data"))).collect())
        .collect()
}

fn button(call: &Call, label: &str) -> String {
    let all = buttons(call).concat();
    let found = all.iter().find(|(shown, _)| shown.contains(label));
    found.unwrap_or_else(|| panic!("no button »{label}« among {all:?}")).1.clone()
}

fn say(key: &str) -> String {
    BOT.wording(amtslotse::language::Language::German).say(key)
}

// --- In private -------------------------------------------------------------------------------

#[tokio::test]
async fn answers_a_question() {
    let town = Town::open().await;
    let answer = town.ask("Hund anmelden", 1).await;
    assert_eq!(answer.body["chat_id"], CITIZEN);
    assert_eq!(answer.body["parse_mode"], "HTML");
    assert_eq!(answer.body["link_preview_options"]["is_disabled"], true);
    assert!(answer.body.get("reply_parameters").is_none());
    assert!(text(&answer).starts_with("<b>"), "{}", text(&answer));
    assert!(text(&answer).contains("Online:"), "{}", text(&answer));
    assert_eq!(town.close().await, Ok(()));
}

#[tokio::test]
async fn buttons_lead_on_to_a_facet() {
    let town = Town::open().await;
    let answer = town.ask("Was kostet Hund anmelden?", 1).await;
    assert!(buttons(&answer).iter().all(|row| row.len() <= 2));
    assert!(text(&answer).contains("<b>Gebühr:</b>"), "{}", text(&answer));
    let (label, data) = buttons(&answer).concat()[0].clone();
    town.press(&answer, &data);
    let facet = town.fake.sent(2).await;
    assert_ne!(text(&facet), text(&answer), "»{label}« shows something else");
    assert!(text(&facet).contains("Hund"), "{}", text(&facet));
    let acknowledged = town.fake.nth("AnswerCallbackQuery", 1).await;
    assert_eq!(acknowledged.body["callback_query_id"], "press-1");
}

#[tokio::test]
async fn asks_back_with_buttons_and_understands_presses_and_numbers() {
    let town = Town::open().await;
    let asked = town.ask("/ort Frankfurt", 1).await;
    assert!(buttons(&asked).iter().all(|row| row.len() == 1));
    assert!(text(&asked).contains("\n1. ") || text(&asked).contains("\n\n1. "), "{}", text(&asked));
    let (label, data) = buttons(&asked).concat()[1].clone();
    town.press(&asked, &data);
    let name = label.trim_start_matches("2. ");
    assert!(text(&town.fake.sent(2).await).contains(name));
    town.ask("/ort Frankfurt", 3).await;
    let picked = town.ask("2", 4).await;
    assert!(text(&picked).contains(name), "{}", text(&picked));
}

#[tokio::test]
async fn remembers_the_conversation_of_a_private_chat() {
    let town = Town::open().await;
    town.ask("Hund anmelden", 1).await;
    let answer = town.ask("und was kostet das?", 2).await;
    assert!(text(&answer).contains("Hund"), "{}", text(&answer));
    // Another citizen's chat is another conversation.
    town.fake.deliver(private_of(4_711_002, json!({"text": "und was kostet das?"})));
    assert!(!text(&town.fake.sent(3).await).contains("Hund"));
}

#[tokio::test]
async fn fault_32_a_stale_button_is_answered_and_acknowledged() {
    let town = Town::open().await;
    let answer = town.ask("hallo", 1).await;
    town.press(&answer, "0|alt|etwas");
    assert_eq!(text(&town.fake.sent(2).await), say("stale"));
    town.fake.nth("AnswerCallbackQuery", 1).await;
    // A well-formed button for a service that is no more.
    town.press(&answer, "1|s|gibt-es-nicht||");
    assert_eq!(text(&town.fake.sent(3).await), say("stale"));
    town.fake.nth("AnswerCallbackQuery", 2).await;
}

#[tokio::test]
async fn fault_32_a_press_is_acknowledged_although_the_answer_fails() {
    let town = Town::open().await;
    let answer = town.ask("Was kostet Hund anmelden?", 1).await;
    town.fake.trouble("SendMessage", Trouble::error(403, "Forbidden: bot was blocked by the user"));
    town.fake.trouble("AnswerCallbackQuery", Trouble::Html(502));
    town.press(&answer, "1|h");
    town.fake.nth("AnswerCallbackQuery", 2).await;
}

#[tokio::test]
async fn fault_33_a_button_pressed_many_times_is_answered_once_and_always_acknowledged() {
    let town = Town::open().await;
    let answer = town.ask("hallo", 1).await;
    for _ in 0..40 {
        town.press(&answer, "1|h");
    }
    town.fake.nth("AnswerCallbackQuery", 40).await;
    let sent = town.close_and_read().await;
    assert_eq!(sent.len(), 2);
    assert!(text(&sent[1]).contains(&say("help")));
}

#[tokio::test]
async fn fault_28_who_writes_too_fast_is_told_once_and_others_are_answered() {
    let town = Town::open().await;
    for _ in 0..30 {
        town.fake.deliver(private(json!({"text": "/hilfe"})));
    }
    town.fake.deliver(private_of(4_711_003, json!({"text": "/hilfe"})));
    let sent = town.close_and_read().await;
    let others = sent.iter().filter(|call| call.body["chat_id"] == 4_711_003).count();
    let told = sent.iter().filter(|call| text(call) == say("slow-down")).count();
    assert_eq!((sent.len(), others, told), (22, 1, 1));
}

#[tokio::test]
async fn fault_29_a_voice_message_gets_one_sentence() {
    let town = Town::open().await;
    town.fake.deliver(private(json!({"voice": {"file_id": "x", "duration": 3}})));
    assert_eq!(text(&town.fake.sent(1).await), say("media"));
    town.fake.deliver(private(json!({"photo": [], "caption": "Hund anmelden"})));
    assert!(text(&town.fake.sent(2).await).contains("Hund"));
}

#[tokio::test]
async fn fault_2_a_long_answer_is_split() {
    let mut config = Config::default();
    config.operator.name = "Verband der Gemeinden & Städte <im Süden> ".repeat(300);
    config.operator.imprint_url = "https://example.de/impressum".to_owned();
    let bot = Arc::new(amtslotse::setup::build_bot(&config).unwrap());
    let town = Town::open_with_bot(Fake::start().await, bot);
    town.fake.deliver(private(json!({"text": "/impressum"})));
    let first = town.fake.sent(1).await;
    assert!(text(&first).contains("&lt;im Süden&gt;"));
    let last = town
        .fake
        .until("the part with the link", |fake| {
            fake.all_sent().into_iter().find(|call| text(call).contains("<a href="))
        })
        .await;
    assert!(text(&last).contains("https://example.de/impressum"));
    assert!(town.fake.all_sent().len() >= 3);
    let refused = town.fake.calls("SendMessage").iter().filter(|call| call.sent.is_none()).count();
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn fault_21_html_in_a_question_does_not_break_the_answer() {
    let town = Town::open().await;
    let answer = town.ask("/ort <b>Hier & <img onerror=\"x\">", 1).await;
    assert!(text(&answer).contains("&lt;"), "{}", text(&answer));
    assert!(!text(&answer).contains("<img"));
    assert_eq!(town.fake.calls("SendMessage").len(), 1);
}

#[tokio::test]
async fn fault_22_markup_that_is_refused_is_sent_as_plain_text() {
    let town = Town::open().await;
    let refused = "Bad Request: can't parse entities: Unsupported start tag";
    town.fake.trouble("SendMessage", Trouble::error(400, refused));
    let answer = town.ask("Was kostet Hund anmelden?", 1).await;
    assert!(answer.body.get("parse_mode").is_none());
    assert!(!text(&answer).contains("<b>"));
    assert!(!buttons(&answer).is_empty());
}

#[tokio::test]
async fn commands_are_registered_and_answers_do_not_need_that() {
    let fake = Fake::start().await;
    fake.trouble("SetMyCommands", Trouble::error(400, "Bad Request: no"));
    let town = Town::open_with(fake);
    let answer = town.ask("/hilfe", 1).await;
    assert!(text(&answer).contains(&say("help")));
    let commands = town.fake.nth("SetMyCommands", 1).await.body["commands"].clone();
    assert_eq!(commands[1], json!({"command": "hilfe", "description": say("command-hilfe")}));
}

// --- In groups --------------------------------------------------------------------------------

#[tokio::test]
async fn in_a_group_only_who_addresses_the_bot_is_answered() {
    let town = Town::open().await;
    town.fake.deliver(grouped(json!({"text": "Hund anmelden"})));
    town.fake.deliver(grouped(json!({"text": "/hilfe@AnderesBot"})));
    town.fake.deliver(grouped(json!({"voice": {"file_id": "x"}})));
    town.fake.deliver(grouped(json!({"new_chat_members": [person(5)]})));
    let addressed = mention("Hund anmelden");
    let asked = addressed["message"]["message_id"].clone();
    town.fake.deliver(addressed);
    // One chat is answered in order: a reply to what came before would be first.
    let answer = town.fake.sent(1).await;
    assert_eq!(answer.body["chat_id"], GROUP);
    assert_eq!(answer.body["reply_parameters"]["message_id"], asked);
    assert_eq!(answer.body["reply_parameters"]["allow_sending_without_reply"], true);
    assert!(answer.body.get("message_thread_id").is_none());
    assert!(text(&answer).contains("Hund"));
    town.fake.deliver(grouped(json!({"text": format!("/hilfe@{BOT_NAME}")})));
    assert!(text(&town.fake.sent(2).await).contains(&say("help")));
}

#[tokio::test]
async fn in_a_group_a_follow_up_is_a_reply_or_a_press() {
    let town = Town::open().await;
    town.fake.deliver(mention("Was kostet Hund anmelden?"));
    let answer = town.fake.sent(1).await;
    let ours = json!({"message_id": answer.sent, "from": {"id": BOT_ID, "is_bot": true}});
    town.fake.deliver(grouped(json!({
        "text": "und wo?", "reply_to_message": ours, "from": person(4_711_009),
    })));
    let office = town.fake.sent(2).await;
    assert!(text(&office).contains("Hund"), "{}", text(&office));
    // Without the reply nothing is known: no state hangs on the person.
    town.fake.deliver(mention("und was kostet das?"));
    assert!(!text(&town.fake.sent(3).await).contains("Hund"));
    town.press(&answer, &button(&answer, ""));
    let pressed = town.fake.sent(4).await;
    assert_eq!(pressed.body["reply_parameters"]["message_id"], json!(answer.sent));
    assert!(text(&pressed).contains("Hund"));
}

#[tokio::test]
async fn in_a_topic_the_answer_stays_there() {
    let town = Town::open().await;
    let mut update = mention("Hund anmelden");
    update["message"]["message_thread_id"] = json!(77);
    update["message"]["is_topic_message"] = json!(true);
    town.fake.deliver(update);
    assert_eq!(town.fake.sent(1).await.body["message_thread_id"], 77);
}

#[tokio::test]
async fn fault_31_a_group_that_moves_is_followed() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::moved(-200_900));
    town.fake.deliver(mention("Hund anmelden"));
    assert_eq!(town.fake.sent(1).await.body["chat_id"], -200_900);
}

// --- When something goes wrong ----------------------------------------------------------------

#[tokio::test]
async fn fault_31_a_chat_that_is_closed_is_left_in_peace() {
    let town = Town::open().await;
    for (code, why) in
        [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: chat not found")]
    {
        town.fake.trouble("SendMessage", Trouble::error(code, why));
        town.fake.deliver(private(json!({"text": "Hund anmelden"})));
    }
    town.fake.deliver(private(json!({"text": "/hilfe"})));
    town.fake.sent(1).await;
    assert_eq!(town.fake.calls("SendMessage").len(), 3);
}

#[tokio::test]
async fn fault_64_too_many_requests_are_waited_for_as_long_as_telegram_says() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::retry_after(1));
    let start = tokio::time::Instant::now();
    town.ask("Hund anmelden", 1).await;
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(town.fake.calls("SendMessage").len(), 2);
}

#[tokio::test]
async fn fault_64_one_chat_that_must_wait_does_not_hold_up_another() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::retry_after(8));
    town.fake.deliver(private(json!({"text": "/hilfe"})));
    town.fake.nth("SendMessage", 1).await;
    let start = tokio::time::Instant::now();
    town.fake.deliver(private_of(4_711_004, json!({"text": "/hilfe"})));
    assert_eq!(town.fake.sent(1).await.body["chat_id"], 4_711_004);
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn fault_64_server_errors_are_outlived_quickly() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::error(500, "Internal Server Error"));
    town.fake.trouble("SendMessage", Trouble::Html(502));
    town.fake.trouble("GetUpdates", Trouble::Html(502));
    let start = tokio::time::Instant::now();
    town.ask("Hund anmelden", 1).await;
    assert!(start.elapsed() < Duration::from_secs(8), "teloxide alone waits ten seconds");
}

#[tokio::test]
async fn fault_64_a_dropped_connection_is_tried_once_more() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::Drop);
    town.ask("Hund anmelden", 1).await;
    // Sent, but the answer was lost: twice at most, although nobody ever says "yes".
    for _ in 0..5 {
        town.fake.trouble("SendMessage", Trouble::DropAfter);
    }
    town.fake.deliver(private(json!({"text": "/hilfe"})));
    town.fake.deliver(private_of(4_711_005, json!({"voice": {}})));
    let sent = town.close_and_read().await;
    let helps = sent.iter().filter(|call| text(call).contains(&say("help"))).count();
    assert!(helps <= 2, "{helps} times");
}

#[tokio::test]
async fn fault_64_a_second_instance_is_named_and_outlived() {
    let fake = Fake::start().await;
    let conflict = "Conflict: terminated by other getUpdates request";
    fake.trouble("GetUpdates", Trouble::error(409, conflict));
    let town = Town::open_with(fake);
    town.ask("Hund anmelden", 1).await;
    assert!(logs::captured().contains("another program fetches this bot's messages"));
}

#[tokio::test]
async fn fault_64_telegram_may_be_away_at_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (channel, shutdown) = run(&format!("http://{address}"), Arc::clone(&BOT));
    let tried = async {
        while !logs::captured().contains("trying again fault=the server cannot be reached") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, tried).await.expect("the first try fails");
    let fake = Fake::start_on(TcpListener::bind(address).await.unwrap());
    fake.trouble("GetMe", Trouble::Html(502));
    let town = Town { fake, shutdown, channel };
    town.ask("Hund anmelden", 1).await;
    assert_eq!(town.close().await, Ok(()));
}

#[tokio::test]
async fn a_channel_that_never_connected_can_be_stopped() {
    let fake = Fake::start().await;
    for _ in 0..100 {
        fake.trouble("GetMe", Trouble::Html(502));
    }
    let town = Town::open_with(fake);
    town.fake.nth("GetMe", 1).await;
    assert_eq!(town.close().await, Ok(()));
}

#[tokio::test]
async fn a_webhook_is_left_alone_and_named() {
    let fake = Fake::start().await;
    fake.set_webhook("https://example.org/hook");
    let town = Town::open_with(fake.clone());
    let Err(ChannelError::Misconfigured(why)) = town.ended().await else { panic!("it ends") };
    assert!(why.contains("telegram.mode") && why.contains("telegram.token"), "{why}");
    assert!(why.contains("Webhook") && !why.contains(TOKEN), "{why}");
    assert!(fake.calls("DeleteWebhook").is_empty() && fake.calls("GetUpdates").is_empty());
}

#[tokio::test]
async fn fault_64_a_token_that_is_not_accepted_is_named() {
    let fake = Fake::start().await;
    fake.trouble("GetMe", Trouble::error(401, "Unauthorized"));
    let Err(ChannelError::Misconfigured(why)) = Town::open_with(fake).ended().await else {
        panic!("it ends")
    };
    assert!(why.contains("telegram.token") && !why.contains(TOKEN), "{why}");
    // Revoked while the bot is running.
    let fake = Fake::start().await;
    fake.trouble("GetUpdates", Trouble::error(401, "Unauthorized"));
    assert!(matches!(Town::open_with(fake).ended().await, Err(ChannelError::Misconfigured(_))));
}

// --- What comes in ----------------------------------------------------------------------------

#[tokio::test]
async fn fault_29_unknown_updates_do_not_break_the_batch() {
    let town = Town::open().await;
    town.fake.deliver(json!({"hologram": {"from": "the future"}}));
    town.fake.deliver(json!({"message": {"without": "anything"}}));
    town.fake.deliver(json!({"edited_message": {"text": "Hund"}}));
    let entity = json!({"type": "hologram", "offset": 0, "length": 4, "depth": {}});
    town.fake.deliver(private(json!({"text": "Hund anmelden", "entities": [entity]})));
    let answer = town.fake.sent(1).await;
    assert!(text(&answer).contains("Hund"), "{}", text(&answer));
}

#[tokio::test]
async fn fault_35_an_update_that_comes_twice_is_answered_once() {
    let town = Town::open().await;
    let mut update = private(json!({"text": "Hund anmelden"}));
    update["update_id"] = json!(5_000);
    town.fake.deliver(update.clone());
    town.fake.deliver(update.clone());
    town.fake.sent(1).await;
    town.fake.repeat(update);
    let second = town.ask("/hilfe", 2).await;
    assert!(text(&second).contains(&say("help")), "{}", text(&second));
}

#[tokio::test]
async fn fault_36_numbers_may_start_again_lower() {
    let fake = Fake::start().await;
    fake.impatient();
    let town = Town::open_with(fake);
    let ask = |id: i64| {
        let mut update = private(json!({"text": "/hilfe"}));
        update["update_id"] = json!(id);
        town.fake.deliver(update);
    };
    ask(90_000);
    town.fake.sent(1).await;
    town.fake
        .until("the offset is dropped", |fake| {
            let calls = fake.calls("GetUpdates");
            let confirmed = calls.iter().position(|call| call.body["offset"] == 90_001)?;
            calls[confirmed..].iter().any(|call| call.body.get("offset").is_none()).then_some(())
        })
        .await;
    ask(17);
    town.fake.sent(2).await;
}

#[tokio::test]
async fn fault_70_a_message_from_before_an_outage_is_not_answered() {
    let town = Town::open().await;
    let hour = 3_600;
    let old = town.fake.deliver(private(json!({"text": "Hund anmelden", "date": now() - hour})));
    let answer = town.ask("/hilfe", 1).await;
    assert!(text(&answer).contains(&say("help")));
    town.fake.until("it is confirmed", |fake| (fake.confirmed()? > old).then_some(())).await;
}

#[tokio::test]
async fn fault_66_shutdown_finishes_the_answer_in_flight() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::Slow(Duration::from_secs(2)));
    let id = town.fake.deliver(private(json!({"text": "Hund anmelden"})));
    town.fake.nth("SendMessage", 1).await;
    assert!(town.fake.all_sent().is_empty());
    let fake = town.fake.clone();
    assert_eq!(town.close().await, Ok(()));
    assert_eq!(fake.all_sent().len(), 1);
    assert_eq!(fake.confirmed(), Some(id + 1));
}

#[tokio::test]
async fn fault_66_what_is_not_answered_is_not_confirmed() {
    let town = Town::open().await;
    town.fake.trouble("SendMessage", Trouble::retry_after(30));
    let id = town.fake.deliver(private(json!({"text": "Hund anmelden"})));
    town.fake.nth("SendMessage", 1).await;
    let fake = town.fake.clone();
    let start = tokio::time::Instant::now();
    assert_eq!(town.close().await, Ok(()));
    assert!(start.elapsed() < Duration::from_secs(8));
    assert!(fake.confirmed().is_none_or(|offset| offset <= id));
}

#[tokio::test]
async fn fault_67_neither_token_nor_words_nor_ids_are_logged() {
    let town = Town::open().await;
    let canary = "Kanarienvogel";
    town.fake.trouble("SendMessage", Trouble::Drop);
    town.fake.trouble("SendMessage", Trouble::error(500, "Internal Server Error"));
    town.fake.trouble("GetUpdates", Trouble::Drop);
    town.fake.deliver(json!({"message": {"text": canary}}));
    town.ask(&format!("/ort {canary}"), 1).await;
    town.fake.trouble("SendMessage", Trouble::error(400, &format!("Bad Request: {canary}")));
    town.fake.deliver(private(json!({"text": canary})));
    town.ask("/hilfe", 2).await;
    assert_eq!(town.close().await, Ok(()));
    let logs = logs::captured();
    assert!(logs.contains("an answer could not be delivered"), "the logs are really captured");
    let secret = TOKEN.split_once(':').unwrap().1;
    assert!(!logs.contains(secret));
    let ours: Vec<&str> = logs.lines().filter(|line| line.contains("amtslotse")).collect();
    for private in [canary, "4711001", "100815"] {
        assert!(!ours.iter().any(|line| line.contains(private)), "»{private}« was logged");
    }
}

impl Town {
    /// Stops the channel; all messages it sent.
    async fn close_and_read(self) -> Vec<Call> {
        let fake = self.fake.clone();
        fake.until("all is fetched and answered", |fake| {
            let newest = fake.newest()?;
            (fake.confirmed()? > newest).then_some(())
        })
        .await;
        assert_eq!(self.close().await, Ok(()));
        fake.all_sent()
    }
}

#[tokio::test]
async fn a_calendar_comes_as_a_file() {
    let town = Town::open().await;
    town.ask("ich ziehe am 3. mai um", 1).await;
    town.ask("kalender", 2).await;
    let file = town.fake.nth("SendDocument", 1).await;
    let form = file.body["form"].as_str().unwrap();
    assert!(form.contains("umzug.ics") && form.contains("BEGIN:VCALENDAR"), "{form}");
    assert!(form.contains(&CITIZEN.to_string()), "{form}");
    assert_eq!(town.close().await, Ok(()));
}

#[tokio::test]
async fn the_menu_of_commands_is_there_in_every_language() {
    let town = Town::open().await;
    let menu = town.fake.nth("SetMyCommands", 3).await;
    assert_eq!(menu.body["language_code"], "en");
    assert!(menu.body["commands"].to_string().contains("Privacy"), "{}", menu.body);
    assert_eq!(town.close().await, Ok(()));
}
