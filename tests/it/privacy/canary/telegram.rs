//! What is said through Telegram.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::{
    CHAT, FIRST_NAME, GROUP, HOOK_SECRET, IBAN, MAIL, MESSAGES, PHONE, PRESS, SENDER, Town,
    UPDATES, USER_NAME, WORD, WRONG_SECRET, Way,
};
use crate::telegram::fake::{BOT_ID, BOT_NAME, Trouble};

/// The next number that begins with these digits.
fn number(digits: &str) -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(10);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(next < 1_000, "the numbers have three more digits");
    digits.parse::<i64>().unwrap() * 1_000 + next
}

fn person(id: i64) -> Value {
    json!({
        "id": id, "is_bot": false, "first_name": FIRST_NAME, "username": USER_NAME,
        "language_code": "de",
    })
}

fn private_chat() -> Value {
    json!({"id": CHAT, "type": "private", "first_name": FIRST_NAME, "username": USER_NAME})
}

fn group() -> Value {
    json!({"id": GROUP, "type": "supergroup", "title": format!("Freunde von {FIRST_NAME}")})
}

fn message(chat: Value, from: i64, fields: Value) -> Value {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let mut message = json!({
        "message_id": number(MESSAGES), "date": now, "chat": chat, "from": person(from),
    });
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    message.as_object_mut().unwrap().extend(fields);
    json!({"update_id": number(UPDATES), "message": message})
}

/// Something in the private chat.
pub fn private(fields: Value) -> Value {
    message(private_chat(), CHAT, fields)
}

fn mention(rest: &str) -> Value {
    let name = format!("@{BOT_NAME}");
    let entity = json!({"type": "mention", "offset": 0, "length": name.len()});
    message(group(), SENDER, json!({"text": format!("{name} {rest}"), "entities": [entity]}))
}

fn press(data: &str) -> Value {
    let below = json!({"message_id": number(MESSAGES), "date": 1, "chat": private_chat()});
    let press = json!({
        "id": PRESS, "from": person(CHAT), "chat_instance": WORD, "message": below, "data": data,
    });
    json!({"update_id": number(UPDATES), "callback_query": press})
}

/// Says it, and waits until that is dealt with; what the web hook says to it.
pub async fn say(town: &Town, update: Value) -> u16 {
    match town.way {
        Way::Brought => {
            let header = [("x-telegram-bot-api-secret-token", HOOK_SECRET)];
            town.bring("telegram", &header, update.to_string()).await
        }
        Way::Fetched => {
            town.note(&update.to_string());
            let id = town.telegram.deliver(update);
            let is_confirmed = |offset: i64| (offset > id).then_some(200);
            town.telegram.until("it is confirmed", |fake| is_confirmed(fake.confirmed()?)).await
        }
    }
}

fn texts() -> Vec<String> {
    vec![
        "/start".to_owned(),
        "hund anmelden".to_owned(),
        format!("Wo kann ich meinen Hund {WORD} anmelden?"),
        format!("{WORD} {}", "hund anmelden ".repeat(700) + WORD),
        format!("Ich heiße {FIRST_NAME} Kanari, IBAN {IBAN}, Telefon {PHONE}, {MAIL}: hund"),
        format!("/ort {WORD}"),
        format!("/{WORD} {FIRST_NAME}"),
        "/auskunft".to_owned(),
    ]
}

/// All kinds of messages.
pub async fn talk(town: &Town) {
    for text in texts() {
        assert_eq!(say(town, private(json!({"text": text}))).await, 200);
    }
    for data in [WORD, "1|s|zwurbelquast||", "1|v|hund-anmelden|fits", "9|9"] {
        say(town, press(data)).await;
    }
    rate(town).await;
    let unread = [
        private(json!({"photo": [], "caption": format!("hund {WORD}")})),
        private(json!({"voice": {"file_id": WORD}})),
        json!({"update_id": number(UPDATES), "message": {"text": WORD}}),
        json!({"update_id": number(UPDATES), "message": WORD}),
        json!({"update_id": number(UPDATES), "edited_message": {"text": WORD, "chat": group()}}),
        json!({"update_id": number(UPDATES), WORD: {"from": person(SENDER)}}),
        mention(&format!("hund anmelden {WORD}")),
        message(group(), SENDER, json!({"text": format!("nicht an den Bot: {WORD}")})),
    ];
    for update in unread {
        say(town, update).await;
    }
    reply_in_the_group(town).await;
    if town.way == Way::Brought {
        knock(town).await;
    }
}

/// Judges the last answer, with its own buttons.
async fn rate(town: &Town) {
    say(town, private(json!({"text": "hund anmelden"}))).await;
    let answer = town.telegram.all_sent().pop().unwrap();
    let rows = answer.body["reply_markup"]["inline_keyboard"].as_array().cloned();
    for button in rows.unwrap_or_default().iter().flat_map(|row| row.as_array().unwrap()) {
        say(town, press(button["callback_data"].as_str().unwrap())).await;
    }
}

/// Goes on below an answer in the group: there a conversation is remembered.
async fn reply_in_the_group(town: &Town) {
    let is_public = |call: &crate::telegram::fake::Call| call.body["chat_id"] == GROUP;
    let answer = town.telegram.all_sent().into_iter().rfind(is_public).unwrap();
    let before = json!({"message_id": answer.sent, "from": {"id": BOT_ID, "is_bot": true}});
    let text = format!("und was kostet das, {WORD}?");
    let reply = json!({"text": text, "reply_to_message": before});
    say(town, message(group(), SENDER, reply)).await;
    let key = town.key(["telegram", &format!("{GROUP}/{}", answer.sent.unwrap())]);
    assert!(town.database.threads().await.contains(&key), "the reply's conversation is stored");
}

/// Requests that are not Telegram's, or not readable.
async fn knock(town: &Town) {
    let secret = "x-telegram-bot-api-secret-token";
    let question = private(json!({"text": WORD})).to_string();
    assert_eq!(town.bring("telegram", &[(secret, WRONG_SECRET)], question.clone()).await, 401);
    assert_eq!(town.bring("telegram", &[], question.clone()).await, 401);
    let header = [(secret, HOOK_SECRET)];
    assert_eq!(town.bring("telegram", &header, format!("{{{WORD}")).await, 400);
    assert_eq!(town.bring("telegram", &header, json!({"text": WORD}).to_string()).await, 400);
    assert_eq!(town.bring("telegram", &header, WORD.repeat(100_000)).await, 413);
    assert_eq!(town.bring(&format!("telegram/{WORD}"), &header, question.clone()).await, 404);
    town.bring(&format!("{WORD}?{FIRST_NAME}={IBAN}"), &header, question).await;
}

/// Telegram answers with errors, some of which quote what was said.
pub async fn fail(town: &Town) {
    let quoted = format!("Bad Request: can't parse entities in »{WORD}« for {FIRST_NAME}");
    for trouble in [
        Trouble::error(400, &quoted),
        Trouble::error(400, &format!("Bad Request: {WORD} of {CHAT}")),
        Trouble::error(500, &format!("Internal Server Error: {WORD}")),
        Trouble::retry_after(1),
        Trouble::Html(502),
        Trouble::Drop,
        Trouble::DropAfter,
        Trouble::error(403, &format!("Forbidden: bot was blocked by {USER_NAME} {CHAT}")),
    ] {
        town.telegram.trouble("SendMessage", trouble);
    }
    for _ in 0..6 {
        say(town, private(json!({"text": format!("hund anmelden {WORD}")}))).await;
    }
    let chat = private_chat();
    let member = json!({"user": {"id": BOT_ID}, "status": "kicked", "until_date": 0});
    let left = json!({"chat": chat, "from": person(CHAT), "new_chat_member": member});
    say(town, json!({"update_id": number(UPDATES), "my_chat_member": left})).await;
}
