//! From Telegram's update to a [`Message`]: what is meant for the bot, and where to answer.

use time::OffsetDateTime;

use super::{
    api::Me,
    update::{self, Entity, Press, Update},
};
use crate::{
    app::ThreadKey,
    bot::command::{self, Parsed},
    message::{Action, Input, Message, UserText},
};

/// A message for the bot.
pub(super) struct Heard {
    pub message: Message,
    pub address: Address,
    /// When it was said; of a pressed button nobody knows.
    pub said: Option<OffsetDateTime>,
}

/// Where a message was said, and so where its answer belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub chat: i64,
    pub private: bool,
    /// The topic of a group that has such.
    pub topic: Option<i32>,
    /// The message to reply to, in groups.
    pub message: i32,
    /// Our own message that was replied to, or whose button was pressed.
    follows: Option<i32>,
    sender: i64,
}

impl Address {
    /// The conversation that this continues. In groups nothing is stored per person: a follow-up
    /// is a reply to a message of the bot's, or a press of its button.
    pub fn thread(&self) -> Option<ThreadKey> {
        if self.private {
            return Some(private_thread(self.chat));
        }
        self.follows.map(|message| group_thread(self.chat, message))
    }

    /// Whose share of a minute it counts against.
    pub fn rate(&self) -> ThreadKey {
        if self.private {
            return private_thread(self.chat);
        }
        ThreadKey::new("telegram", (self.chat, "sender", self.sender))
    }
}

/// The conversation of a private chat.
pub(super) fn private_thread(chat: i64) -> ThreadKey {
    ThreadKey::new("telegram", chat)
}

/// The conversation that a message of the bot's in a group belongs to.
pub(super) fn group_thread(chat: i64, message: i32) -> ThreadKey {
    ThreadKey::new("telegram", (chat, message))
}

/// What an update says to the bot; `None` if it is not meant for it.
pub(super) fn to_message(update: &Update, me: &Me) -> Option<Heard> {
    match update {
        Update::Message(message) => said(message, me),
        Update::Press(press) => pressed(press),
        Update::Left(_) => None,
    }
}

fn said(message: &update::Message, me: &Me) -> Option<Heard> {
    if message.is_from_bot() || message.is_channel_post() {
        return None;
    }
    let private = message.chat.is_private();
    let input = if private {
        in_private(message)?
    } else if message.chat.is_group() {
        in_group(message, me)?
    } else {
        return None;
    };
    let address = Address {
        chat: message.chat.id,
        private,
        topic: message.topic(),
        message: message.message_id,
        follows: replied_to(message, me),
        sender: message.from.as_ref().map_or(0, |from| from.id),
    };
    let said = OffsetDateTime::from_unix_timestamp(message.date).ok();
    Some(heard(input, address, said))
}

fn pressed(press: &Press) -> Option<Heard> {
    let message = press.message.as_ref()?;
    if press.from.is_bot || !(message.chat.is_private() || message.chat.is_group()) {
        return None;
    }
    let address = Address {
        chat: message.chat.id,
        private: message.chat.is_private(),
        topic: message.topic(),
        message: message.message_id,
        follows: Some(message.message_id),
        sender: press.from.id,
    };
    let action = press.data.as_deref().and_then(Action::parse);
    Some(heard(action.map_or(Input::Stale, Input::Pressed), address, None))
}

fn heard(input: Input, address: Address, said: Option<OffsetDateTime>) -> Heard {
    let mut message = Message::new(input);
    message.at = said.unwrap_or(message.at);
    message.public = !address.private;
    Heard { message, address, said }
}

fn in_private(message: &update::Message) -> Option<Input> {
    match message.words() {
        Some(words) => Some(Input::Text(UserText::new(words))),
        None => message.has_media().then_some(Input::Media),
    }
}

fn in_group(message: &update::Message, me: &Me) -> Option<Input> {
    let words = message.words().unwrap_or_default();
    match command_for(words, me) {
        Some(true) => return Some(Input::Text(UserText::new(words))),
        Some(false) => return None,
        None => {}
    }
    let rest = without_mentions(words, message.entities(), me);
    if rest.is_none() && replied_to(message, me).is_none() {
        return None;
    }
    let words = rest.as_deref().unwrap_or(words).trim();
    if words.is_empty() && message.has_media() {
        return Some(Input::Media);
    }
    // A reply without words or media is a service message; a mention alone is not.
    (!words.is_empty() || rest.is_some()).then(|| Input::Text(UserText::new(words)))
}

/// Whether a command is for us: one with our name, or one of ours without a name. `None` if the
/// message is no command, or one without a name that we do not know: it may be another bot's.
fn command_for(words: &str, me: &Me) -> Option<bool> {
    let word = words.trim_start().strip_prefix('/')?.split_whitespace().next()?;
    match word.split_once('@') {
        Some((_, name)) => Some(name.eq_ignore_ascii_case(&me.username)),
        None => matches!(command::parse(words), Some(Parsed::Known(..))).then_some(true),
    }
}

/// The text without the mentions of us; `None` if there is none.
fn without_mentions(words: &str, entities: &[Entity], me: &Me) -> Option<String> {
    let units: Vec<u16> = words.encode_utf16().collect();
    let mention = format!("@{}", me.username);
    let mut keep = vec![true; units.len()];
    for entity in entities {
        let range = entity.offset..entity.offset.saturating_add(entity.length);
        let Some(marked) = units.get(range.clone()) else { continue };
        let ours = match entity.kind.as_str() {
            "mention" => String::from_utf16_lossy(marked).eq_ignore_ascii_case(&mention),
            "text_mention" => entity.user.as_ref().is_some_and(|user| user.id == me.id),
            _ => false,
        };
        if ours {
            keep[range].fill(false);
        }
    }
    if keep.iter().all(|keep| *keep) {
        return None;
    }
    let kept: Vec<u16> =
        units.into_iter().zip(keep).filter_map(|(unit, keep)| keep.then_some(unit)).collect();
    Some(String::from_utf16_lossy(&kept))
}

/// Our own message that this one replies to.
fn replied_to(message: &update::Message, me: &Me) -> Option<i32> {
    let replied = message.reply_to_message.as_ref()?;
    let ours = replied.from.as_ref().is_some_and(|from| from.id == me.id);
    (ours && replied.forum_topic_created.is_none()).then_some(replied.message_id)
}
