//! What Telegram delivers, read tolerantly.
//!
//! teloxide's types turn a message with one unknown entity into an empty one, and know a Bot API
//! of some time ago. Here every message is read the same way: what an answer needs, and nothing
//! else. A part that cannot be read counts as absent and costs only itself.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// One thing that happened.
pub(super) enum Update {
    /// Somebody said something.
    Message(Box<Message>),
    /// Somebody pressed a button.
    Press(Box<Press>),
    /// The bot was blocked or thrown out of a chat.
    Left(Chat),
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub message_id: i32,
    #[serde(default, deserialize_with = "lenient")]
    pub date: i64,
    pub chat: Chat,
    #[serde(default, deserialize_with = "lenient")]
    pub from: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub sender_chat: Option<Chat>,
    #[serde(default, deserialize_with = "lenient")]
    pub via_bot: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub message_thread_id: Option<i32>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_topic_message: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub reply_to_message: Option<Replied>,
    #[serde(default, deserialize_with = "lenient")]
    pub text: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub caption: Option<String>,
    #[serde(default, deserialize_with = "each")]
    entities: Vec<Entity>,
    #[serde(default, deserialize_with = "each")]
    caption_entities: Vec<Entity>,
    /// Everything else, of which only the names matter: `photo`, `voice`, `pinned_message` ...
    #[serde(flatten)]
    other: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Chat {
    pub id: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub id: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub language_code: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_bot: bool,
}

/// The message that is replied to.
#[derive(Deserialize)]
pub(super) struct Replied {
    pub message_id: i32,
    #[serde(default, deserialize_with = "lenient")]
    pub from: Option<User>,
    /// The first message of a topic: everything said in the topic "replies" to it.
    #[serde(default, deserialize_with = "lenient")]
    pub forum_topic_created: Option<Value>,
}

/// A marked part of a text; positions count UTF-16 units.
#[derive(Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "type")]
    pub kind: String,
    pub offset: usize,
    pub length: usize,
    #[serde(default, deserialize_with = "lenient")]
    pub user: Option<User>,
}

#[derive(Deserialize)]
pub(super) struct Press {
    pub id: String,
    pub from: User,
    #[serde(default, deserialize_with = "lenient")]
    pub message: Option<Pressed>,
    #[serde(default, deserialize_with = "lenient")]
    pub data: Option<String>,
}

/// The message whose button was pressed; of an old one Telegram tells little.
#[derive(Deserialize)]
pub(super) struct Pressed {
    pub message_id: i32,
    pub chat: Chat,
    #[serde(default, deserialize_with = "lenient")]
    pub message_thread_id: Option<i32>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_topic_message: bool,
}

#[derive(Deserialize)]
struct Membership {
    chat: Chat,
    new_chat_member: Member,
}

#[derive(Deserialize)]
struct Member {
    status: String,
}

/// What a person sends that holds no text. What is not listed here is a service message ("x has
/// joined"), to which nobody expects an answer.
const MEDIA: [&str; 19] = [
    "animation",
    "audio",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "giveaway",
    "invoice",
    "location",
    "paid_media",
    "photo",
    "poll",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
];

impl Update {
    /// The number under which Telegram waits for this update's confirmation.
    pub fn id(update: &RawValue) -> Option<i64> {
        #[derive(Deserialize)]
        struct Numbered {
            update_id: i64,
        }
        let numbered: Numbered = serde_json::from_str(update.get()).ok()?;
        Some(numbered.update_id)
    }

    /// `None` for kinds that need no answer: edited messages, channel posts, unknown ones.
    pub fn read(update: &RawValue) -> Option<Self> {
        let mut update: Value = serde_json::from_str(update.get()).ok()?;
        let mut part = |name| update.get_mut(name).map(Value::take);
        if let Some(message) = part("message") {
            return serde_json::from_value(message).ok().map(Self::Message);
        }
        if let Some(press) = part("callback_query") {
            return serde_json::from_value(press).ok().map(Self::Press);
        }
        let membership: Membership = serde_json::from_value(part("my_chat_member")?).ok()?;
        let left = matches!(membership.new_chat_member.status.as_str(), "kicked" | "left");
        left.then_some(Self::Left(membership.chat))
    }

    /// Updates of one chat are answered one after the other.
    pub fn chat(&self) -> Option<i64> {
        match self {
            Self::Message(message) => Some(message.chat.id),
            Self::Press(press) => press.message.as_ref().map(|message| message.chat.id),
            Self::Left(chat) => Some(chat.id),
        }
    }
}

impl Message {
    /// What was written: the text, or what is written below a photo.
    pub fn words(&self) -> Option<&str> {
        self.text.as_deref().or(self.caption.as_deref()).filter(|words| !words.trim().is_empty())
    }

    /// The marked parts of [`Message::words`].
    pub fn entities(&self) -> &[Entity] {
        if self.text.is_some() { &self.entities } else { &self.caption_entities }
    }

    pub fn has_media(&self) -> bool {
        MEDIA.iter().any(|name| self.other.contains_key(*name))
    }

    pub fn topic(&self) -> Option<i32> {
        self.message_thread_id.filter(|_| self.is_topic_message)
    }

    /// Whether a channel posted it into the group that discusses it.
    pub fn is_channel_post(&self) -> bool {
        self.sender_chat.as_ref().is_some_and(|sender| sender.kind == "channel")
    }

    /// Whether a program said it. Anonymous administrators are people, although Telegram lets a
    /// bot stand in for them.
    pub fn is_from_bot(&self) -> bool {
        let anonymous = self.sender_chat.as_ref().is_some_and(|sender| sender.id == self.chat.id);
        self.via_bot.is_some() || !anonymous && self.from.as_ref().is_some_and(|from| from.is_bot)
    }
}

impl Pressed {
    pub fn topic(&self) -> Option<i32> {
        self.message_thread_id.filter(|_| self.is_topic_message)
    }
}

impl Chat {
    pub fn is_private(&self) -> bool {
        self.kind == "private"
    }

    pub fn is_group(&self) -> bool {
        matches!(self.kind.as_str(), "group" | "supergroup")
    }
}

/// A value, or what stands for none if it cannot be read.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Those elements of a list that can be read.
fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let values: Vec<Value> = lenient(deserializer)?;
    Ok(values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_11_an_update_that_cannot_be_read_still_has_its_number() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        for message in [r#"{"text":"\ud800"}"#, deep.as_str(), "{}", "7"] {
            let update = format!(r#"{{"update_id":5,"message":{message}}}"#);
            let update = RawValue::from_string(update).unwrap();
            assert_eq!(Update::id(&update), Some(5));
            assert!(Update::read(&update).is_none());
        }
    }
}
