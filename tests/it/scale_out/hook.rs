//! What a web hook tells Telegram: "taken" when there is an answer or none is needed, and anything
//! else if the update is to come again.

use std::sync::Arc;

use amtslotse::{
    app::{App, Shared},
    bot::Bot,
    channel::telegram::{self, Hook},
    config::{Config, TelegramConfig},
    ids::TenantId,
    store::{Store, Timing},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Duration, Instant},
};

use super::{
    api::{Api, PATIENCE},
    cluster::{asked, update},
    replica::{Replica, SECRET, TOKEN, Town, WEBHOOK_URL},
};
use crate::postgres::Postgres;

const HEADER: &str = "x-telegram-bot-api-secret-token";
/// Short, so that an answer which cannot be sent is soon given up.
const LEASE: Duration = Duration::from_secs(2);

/// A store as one process has it.
async fn store(url: &str) -> Store {
    Store::open(url, Timing { lease: LEASE, ..Timing::default() }).await.unwrap()
}

fn bot() -> Arc<Bot> {
    let town = Town::new("", "webhook");
    let mut config = crate::without_data();
    config.bot.catalog = town.path("catalog");
    Arc::new(amtslotse::setup::build_bot(&config).unwrap())
}

/// What all of one process share.
pub fn app(store: Store) -> App {
    let shared: Shared = crate::shared_with(store);
    App::new(TenantId::only(), bot(), shared, &Config::default())
}

/// The web hook of a process of its own.
async fn hook(who: &str, api: &Api, store: Store) -> Arc<Hook> {
    crate::logs::capture();
    let config = TelegramConfig {
        enabled: true,
        token: SecretString::from(TOKEN),
        api_url: api.url(who),
        webhook_url: WEBHOOK_URL.to_owned(),
        secret: SecretString::from(SECRET),
        ..TelegramConfig::default()
    };
    let app = app(store);
    let part = crate::part(&app, "telegram");
    Arc::new(telegram::set_up(app, &config, &part).await.unwrap())
}

/// A process with a store in memory.
async fn lone_hook(api: &Api) -> Arc<Hook> {
    hook("one", api, store("sqlite::memory:").await).await
}

async fn bring(hook: &Hook, update: &Value) -> StatusCode {
    bring_bytes(hook, update.to_string().into_bytes(), Some(SECRET)).await
}

async fn bring_bytes(hook: &Hook, body: Vec<u8>, secret: Option<&str>) -> StatusCode {
    let secret = secret.map(|secret| HeaderValue::from_str(secret).unwrap());
    let headers: HeaderMap =
        secret.into_iter().map(|secret| (HEADER.parse().unwrap(), secret)).collect();
    hook.receive(&headers, Body::from(body)).await
}

#[tokio::test]
async fn fault_34_without_the_secret_nothing_is_read() {
    let api = Api::start().await;
    let hook = lone_hook(&api).await;
    let longer = format!("{SECRET}x");
    for secret in [None, Some(""), Some("falsch"), Some(&SECRET[1..]), Some(&*longer)] {
        // What cannot be read would be refused otherwise.
        for body in [update(1).to_string(), "{".to_owned(), " ".repeat(2_000_000)] {
            let status = bring_bytes(&hook, body.into_bytes(), secret).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
    }
    assert!(api.said().is_empty());
    assert_eq!(bring(&hook, &update(1)).await, StatusCode::OK);
    assert_eq!(api.said().len(), 1);
}

#[tokio::test]
async fn what_can_never_be_answered_does_not_come_again() {
    let api = Api::start().await;
    let hook = lone_hook(&api).await;
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let unanswered = [
        json!({"update_id": 1, "edited_message": update(1)["message"]}),
        json!({"update_id": 2, "a_new_kind": {"text": "?"}}),
        json!({"update_id": 3, "message": {"text": "without chat and date"}}),
        // Longer ago than `telegram.max_age`.
        asked(4, 4, now - 11 * 60),
    ];
    for update in unanswered {
        assert_eq!(bring(&hook, &update).await, StatusCode::OK, "{update}");
    }
    assert!(api.said().is_empty());
    assert_eq!(bring(&hook, &asked(5, 5, now - 9 * 60)).await, StatusCode::OK);
    assert_eq!(api.said().len(), 1);
}

#[tokio::test]
async fn fault_1_fault_11_fault_12_what_is_no_update_is_refused() {
    let api = Api::start().await;
    let hook = lone_hook(&api).await;
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"[]",
        b"{\"message\": {}}",
        b"{\"update_id\": \"x\"}",
        b"{\"update_id\": 1} {}",
        b"{\"update_id\": 1, \"message\": \"\xff\"}",
    ];
    for body in bodies {
        let status = bring_bytes(&hook, body.to_vec(), Some(SECRET)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{}", String::from_utf8_lossy(body));
    }
    // Half a character: its number can be read, and it would come again and again.
    let half = br#"{"update_id": 1, "message": {"text": "\ud800"}}"#.to_vec();
    assert_eq!(bring_bytes(&hook, half, Some(SECRET)).await, StatusCode::OK);
    let long = asked(1, 1, 0).to_string() + &" ".repeat(1024 * 1024);
    let status = bring_bytes(&hook, long.into_bytes(), Some(SECRET)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(api.said().is_empty());
}

#[tokio::test]
async fn fault_31_who_blocked_the_bot_is_not_tried_again() {
    let api = Api::start().await;
    let hook = lone_hook(&api).await;
    api.set_trouble(Some((403, "Forbidden: bot was blocked by the user")));
    assert_eq!(bring(&hook, &update(1)).await, StatusCode::OK);
    api.set_trouble(None);
    assert_eq!(bring(&hook, &update(1)).await, StatusCode::OK);
    assert_eq!((api.calls("refused").len(), api.said().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_35_an_update_at_three_replicas_at_once_is_answered_once() {
    let (api, database) = (Arc::new(Api::start().await), Postgres::start());
    let mut hooks = Vec::new();
    for who in ["one", "two", "three"] {
        hooks.push(hook(who, &api, store(&database.url()).await).await);
    }
    api.set_delay(|_| Duration::from_millis(100));
    let mut deliveries = JoinSet::new();
    for id in 1..=20 {
        for hook in &hooks {
            let hook = Arc::clone(hook);
            let api = Arc::clone(&api);
            deliveries.spawn(async move {
                let status = bring(&hook, &update(id)).await;
                let is_answered = api.said().iter().any(|said| said.chat == id);
                (id, status, is_answered)
            });
        }
    }
    let outcomes = deliveries.join_all().await;
    // Taken only when it is answered, and by one of them at once.
    let is_taken = |id: i64| outcomes.contains(&(id, StatusCode::OK, true));
    assert!((1..=20).all(is_taken), "{outcomes:?}");
    for (id, status, is_answered) in outcomes {
        let is_right = is_answered || status == StatusCode::SERVICE_UNAVAILABLE;
        assert!(is_right && (status.is_success() || status == 503), "{id}: {status}");
    }
    assert_eq!(api.said().len(), 20);
    // Telegram repeats what somebody else has answered.
    for hook in &hooks {
        assert_eq!(bring(hook, &update(7)).await, StatusCode::OK);
    }
    assert_eq!(api.said().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_what_cannot_be_sent_comes_again_and_is_answered_by_anybody() {
    let (mut api, database) = (Api::start().await, Postgres::start());
    let one = hook("one", &api, store(&database.url()).await).await;
    let two = hook("two", &api, store(&database.url()).await).await;
    api.set_trouble(Some((500, "Internal Server Error")));
    assert_eq!(bring(&one, &update(1)).await, StatusCode::SERVICE_UNAVAILABLE);
    api.set_trouble(None);
    api.stop();
    assert_eq!(bring(&one, &update(1)).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(api.said().is_empty());
    api.restart().await;
    // At once: what was given back is held by nobody.
    assert_eq!(bring(&two, &update(1)).await, StatusCode::OK);
    assert_eq!(bring(&one, &update(1)).await, StatusCode::OK);
    assert_eq!(api.said().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_66_the_hook_is_set_once_and_never_taken_away() {
    let (api, database) = (Api::start().await, Postgres::start());
    let town = Town::new(&database.url(), "webhook");
    let start = async |name: &str| {
        let replica = town.start(name, &api);
        replica.doors.until("ready", None).await;
        replica
    };
    let (one, two, three) = (start("1").await, start("2").await, start("3").await);
    let set = api.calls("setWebhook");
    assert_eq!(set.len(), 1);
    let wanted = json!({
        "url": WEBHOOK_URL,
        "secret_token": SECRET,
        "allowed_updates": ["message", "callback_query", "my_chat_member"],
        "max_connections": 40,
        "drop_pending_updates": false,
    });
    assert_eq!(set[0].body, wanted);

    // Who is asked to end ends well, after what it began to answer.
    api.set_delay(|_| Duration::from_millis(800));
    let address = one.doors.http().unwrap();
    let begun = tokio::spawn(async move { post(address, update(1)).await });
    api.until_said(1).await;
    end(one).await;
    assert_eq!(begun.await.unwrap(), 200);
    assert_eq!(database.sql("SELECT SUM(done) FROM seen"), "1");

    // Another secret is set by the first that starts with it.
    std::fs::write(town.path("hook-secret"), "ein-anderes-Wort").unwrap();
    let one = start("1-again").await;
    end(two).await;
    let two = start("2-again").await;
    let set = api.calls("setWebhook");
    assert_eq!(set.len(), 2);
    assert_eq!(set[1].body["secret_token"], "ein-anderes-Wort");
    for replica in [one, two, three] {
        end(replica).await;
    }
    assert!(api.calls("deleteWebhook").is_empty());
}

async fn post(address: std::net::SocketAddr, update: Value) -> u16 {
    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let request = client.post(format!("http://{address}/telegram")).header(HEADER, SECRET);
    request.body(update.to_string()).send().await.unwrap().status().as_u16()
}

/// Asks a process to end: it does so within 10 s, and successfully.
async fn end(replica: Replica) {
    let began = Instant::now();
    let (status, log) = replica.terminate().await;
    assert!(status.success(), "{status}: {log}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(log.contains("\"stopped\""), "{log}");
}
