//! Events as Discord sends them.

use serde_json::{Value, json};

use super::fake::{APP, Fake, ME};

/// The private chat of the tests' citizen.
pub const PRIVATE: &str = "2000";
/// A channel of a guild.
pub const PUBLIC: &str = "2001";
pub const GUILD: &str = "3000";
const CITIZEN: &str = "4000";

fn user(id: &str) -> Value {
    json!({ "id": id, "username": "citizen", "discriminator": "0", "avatar": null })
}

/// A message with this id in the private chat.
pub fn message(id: &str, content: &str) -> Value {
    json!({
        "id": id, "channel_id": PRIVATE, "author": user(CITIZEN), "content": content,
        "timestamp": "2026-11-22T10:00:00+00:00", "edited_timestamp": null, "tts": false,
        "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [],
        "embeds": [], "pinned": false, "type": 0,
    })
}

/// A message with this id in the guild.
pub fn in_guild(id: &str, content: &str) -> Value {
    let mut message = message(id, content);
    message["channel_id"] = json!(PUBLIC);
    message["guild_id"] = json!(GUILD);
    message
}

/// A message in the guild that mentions the bot.
pub fn mention(id: &str, content: &str) -> Value {
    let mut message = in_guild(id, &format!("<@{ME}> {content}"));
    message["mentions"] = json!([user(ME)]);
    message
}

/// A message in the guild that replies to one of the bot's.
pub fn reply(id: &str, content: &str, to: &str) -> Value {
    let mut before = in_guild(to, "");
    before["author"] = user(ME);
    let mut message = mention(id, content);
    message["referenced_message"] = before;
    message
}

fn interaction(fake: &Fake, kind: u8, data: Value) -> Value {
    let id = fake.new_id();
    json!({
        "id": id, "application_id": APP, "type": kind, "token": format!("token-{id}"), "version": 1,
        "channel_id": PRIVATE, "user": user(CITIZEN), "locale": "de", "entitlements": [],
        "attachment_size_limit": 1000, "context": 1, "data": data,
    })
}

/// The same, in the guild.
pub fn guilded(mut interaction: Value) -> Value {
    interaction["guild_id"] = json!(GUILD);
    interaction["channel_id"] = json!(PUBLIC);
    interaction["context"] = json!(0);
    interaction["member"] = json!({
        "user": user(CITIZEN), "roles": [], "joined_at": null, "deaf": false, "mute": false,
        "flags": 0, "permissions": "0",
    });
    interaction
}

/// `/leistung` with these options.
pub fn leistung(fake: &Fake, options: &[(&str, &str)]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|(name, value)| json!({ "name": name, "type": 3, "value": value }))
        .collect();
    interaction(fake, 2, json!({ "id": "1", "name": "leistung", "type": 1, "options": options }))
}

/// Typing into `frage`.
pub fn typing(fake: &Fake, typed: &str) -> Value {
    let option = json!({ "name": "frage", "type": 3, "value": typed, "focused": true });
    interaction(fake, 4, json!({ "id": "1", "name": "leistung", "type": 1, "options": [option] }))
}

/// A pressed button of a message.
pub fn press(fake: &Fake, message: Value, custom_id: &str) -> Value {
    let mut press = interaction(fake, 3, json!({ "custom_id": custom_id, "component_type": 2 }));
    press["message"] = message;
    press
}

/// A choice from the menu of a message.
pub fn choose(fake: &Fake, message: Value, value: &str) -> Value {
    let data = json!({ "custom_id": "choose", "component_type": 3, "values": [value] });
    let mut choice = interaction(fake, 3, data);
    choice["message"] = message;
    choice
}
