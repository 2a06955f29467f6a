//! What is said through Discord.

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::{FIRST_NAME, IBAN, INTERACTION_TOKEN, SNOWFLAKES, Town, USER_NAME, WORD, Way};
use crate::discord::{events, fake::Frame};

/// The citizen, as Discord numbers them.
pub const CITIZEN: &str = "4319075261849314000";
/// A channel of a guild.
pub const PUBLIC: &str = "4319075261849312001";
const PRIVATE: &str = "4319075261849312000";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For `discord.public_key`.
pub fn public_key() -> String {
    hex(key().verifying_key().as_bytes())
}

/// The event with ids and names that are searched for.
fn disguised(event: Value) -> Value {
    let text = event.to_string();
    let text = [
        ("\"2000\"", format!("\"{PRIVATE}\"")),
        ("\"2001\"", format!("\"{PUBLIC}\"")),
        ("\"3000\"", format!("\"{SNOWFLAKES}13000\"")),
        ("\"4000\"", format!("\"{CITIZEN}\"")),
        ("\"citizen\"", format!("\"{USER_NAME}\"")),
        ("\"token-", format!("\"{INTERACTION_TOKEN}-")),
    ]
    .into_iter()
    .fold(text, |text, (from, to)| text.replace(from, &to));
    serde_json::from_str(&text).unwrap()
}

/// A message in the private chat, whose id ends so.
pub fn message(id: &str, content: &str) -> Value {
    disguised(events::message(&format!("{SNOWFLAKES}20{id}"), content))
}

fn mention(id: &str, content: &str) -> Value {
    disguised(events::mention(&format!("{SNOWFLAKES}20{id}"), content))
}

/// All kinds of events, with all that goes wrong.
pub async fn talk(town: &Town) {
    match town.way {
        Way::Fetched => over_the_gateway(town).await,
        Way::Brought => as_interactions(town).await,
    }
}

fn questions() -> [String; 4] {
    [
        format!("hund anmelden {WORD}"),
        format!("Ich heiße {FIRST_NAME}, IBAN {IBAN}: hund anmelden"),
        format!("{WORD} {}", "hund ".repeat(390)),
        format!("/{WORD} {FIRST_NAME}"),
    ]
}

async fn over_the_gateway(town: &Town) {
    let send = async |name, event: Value| {
        town.note(&event.to_string());
        town.discord.event(name, event).await;
    };
    for (at, question) in questions().iter().enumerate() {
        send("MESSAGE_CREATE", message(&format!("1{at}"), question)).await;
        town.discord.nth("POST", "/messages", at + 1).await;
    }
    let private = format!("private/{PRIVATE}");
    let key = town.key(["discord", &private]);
    super::until("the conversation is stored", async || {
        town.database.threads().await.contains(&key)
    })
    .await;
    for interaction in interactions(town) {
        send("INTERACTION_CREATE", interaction).await;
    }
    // What cannot be read, and what cannot be sent.
    send("MESSAGE_CREATE", json!({"content": WORD, "author": {"username": USER_NAME}})).await;
    send("INTERACTION_CREATE", json!({"id": CITIZEN, "token": INTERACTION_TOKEN})).await;
    send("KANARI_CREATE", json!({"content": WORD})).await;
    for (id, code) in [("30", 50_013), ("31", 50_007), ("32", 10_003)] {
        fail(town, code);
        send("MESSAGE_CREATE", message(id, &format!("hund {WORD}"))).await;
    }
    send("MESSAGE_CREATE", mention("40", &format!("hund anmelden {WORD}"))).await;
    town.discord.send(Frame::Close(4000)).await;
    town.discord.sessions(6, 1).await;
    let last = message("50", "hund anmelden");
    send("MESSAGE_CREATE", last.clone()).await;
    let is_last = |received: &crate::discord::fake::Received| received.body["nonce"] == last["id"];
    town.discord
        .until("the last answer", |received| received.iter().any(is_last).then_some(()))
        .await;
}

/// The next requests fail.
fn fail(town: &Town, code: i64) {
    let mut faults = town.discord.faults();
    faults.cut += 1;
    faults.bad_gateway += 1;
    faults.too_fast += 1;
    faults.refuse.push(code);
}

fn interactions(town: &Town) -> Vec<Value> {
    let fake = &town.discord;
    let below = events::in_guild(&format!("{SNOWFLAKES}20001"), "");
    let long = "hund ".repeat(390) + WORD;
    [
        events::leistung(fake, &[("frage", &format!("hund anmelden {WORD}"))]),
        events::guilded(events::leistung(fake, &[("frage", &format!("hund {WORD}"))])),
        events::leistung(fake, &[("frage", "hund anmelden"), ("ort", WORD)]),
        events::leistung(fake, &[("frage", &format!("{FIRST_NAME} {IBAN} hund"))]),
        events::leistung(fake, &[("frage", &long)]),
        events::typing(fake, WORD),
        events::press(fake, below.clone(), WORD),
        events::press(fake, below.clone(), &format!("1|s|{WORD}||")),
        events::choose(fake, below, WORD),
    ]
    .into_iter()
    .map(disguised)
    .collect()
}

async fn as_interactions(town: &Town) {
    for interaction in interactions(town) {
        assert_eq!(bring(town, &interaction.to_string()).await, 200, "{interaction}");
    }
    assert_eq!(bring(town, &format!("{{\"type\": 2, \"content\": \"{WORD}\"}}")).await, 400);
    assert_eq!(bring(town, WORD).await, 400);
    let unsigned = [("x-signature-ed25519", WORD), ("x-signature-timestamp", "1")];
    assert_eq!(town.bring("discord", &unsigned, WORD.to_owned()).await, 401);
    assert_eq!(town.bring("discord", &[], WORD.to_owned()).await, 401);
}

/// Brings a body, signed as Discord signs.
async fn bring(town: &Town, body: &str) -> u16 {
    let now = time::OffsetDateTime::now_utc().unix_timestamp().to_string();
    let signature = hex(&key().sign(format!("{now}{body}").as_bytes()).to_bytes());
    let headers = [("x-signature-ed25519", &*signature), ("x-signature-timestamp", &*now)];
    town.bring("discord", &headers, body.to_owned()).await
}
