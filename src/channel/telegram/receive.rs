//! From Telegram's update to a [`Message`]: what is meant for the bot, and where to answer.

use time::OffsetDateTime;

use super::{
    NAME,
    api::Me,
    update::{self, Entity, Press, Update},
};
use crate::{
    app::ThreadKey,
    bot::command::{self, Parsed},
    language::Language,
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
        ThreadKey::new(NAME, format_args!("{}/sender/{}", self.chat, self.sender))
    }
}

/// The conversation of a private chat.
pub(super) fn private_thread(chat: i64) -> ThreadKey {
    ThreadKey::new(NAME, chat)
}

/// The conversation that a message of the bot's in a group belongs to.
pub(super) fn group_thread(chat: i64, message: i32) -> ThreadKey {
    ThreadKey::new(NAME, format_args!("{chat}/{message}"))
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
    let mut heard = heard(input, address, said);
    heard.message.language = message.from.as_ref().and_then(language);
    Some(heard)
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
    let mut heard = heard(action.map_or(Input::Stale, Input::Pressed), address, None);
    heard.message.language = language(&press.from);
    Some(heard)
}

/// What a citizen's Telegram is set to, if we speak it.
fn language(user: &update::User) -> Option<Language> {
    user.language_code.as_deref().and_then(Language::from_code)
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json, value::to_raw_value};

    use super::*;

    fn me() -> Me {
        Me { id: 99, username: "AmtslotseBot".to_owned() }
    }

    /// A message with the given fields, from a person in private if they do not say otherwise.
    fn message(fields: Value) -> Value {
        let mut message = json!({
            "message_id": 5,
            "date": 1_790_000_000,
            "chat": {"id": 7, "type": "private", "first_name": "A"},
            "from": {"id": 7, "is_bot": false, "first_name": "A"},
        });
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        message.as_object_mut().unwrap().extend(fields);
        json!({"update_id": 1, "message": message})
    }

    fn in_group(mut fields: Value) -> Value {
        fields["chat"] = json!({"id": -100, "type": "supergroup", "title": "G"});
        message(fields)
    }

    fn hear(update: Value) -> Option<Heard> {
        to_message(&Update::read(&to_raw_value(&update).unwrap())?, &me())
    }

    fn shown(heard: Option<Heard>) -> String {
        match heard.map(|heard| heard.message.input) {
            None => "silence".to_owned(),
            Some(Input::Text(text)) => format!("text: {}", text.expose()),
            Some(Input::Media) => "media".to_owned(),
            Some(Input::Stale) => "stale".to_owned(),
            Some(Input::Pressed(action)) => format!("pressed: {}", action.encode()),
        }
    }

    #[track_caller]
    fn check(update: Value, expected: &str) {
        assert_eq!(shown(hear(update)), expected);
    }

    #[test]
    fn in_private_every_text_is_meant() {
        check(message(json!({"text": "Hund anmelden"})), "text: Hund anmelden");
        check(message(json!({"text": "/hilfe"})), "text: /hilfe");
        let heard = hear(message(json!({"text": "Hund"}))).unwrap();
        assert!(!heard.message.public);
        assert_eq!(heard.message.at.unix_timestamp(), 1_790_000_000);
        assert_eq!(heard.address.thread(), Some(private_thread(7)));
    }

    #[test]
    fn fault_29_what_holds_no_text_is_media_and_service_messages_are_silence() {
        for media in
            ["voice", "photo", "sticker", "document", "location", "contact", "dice", "poll"]
        {
            check(message(json!({ media: {"anything": 1} })), "media");
            check(in_group(json!({ media: {"anything": 1} })), "silence");
        }
        check(message(json!({"photo": [], "caption": "was ist das?"})), "text: was ist das?");
        for service in ["pinned_message", "new_chat_members", "group_chat_created", "new_thing"] {
            check(message(json!({ service: {} })), "silence");
            check(in_group(json!({ service: {} })), "silence");
        }
        for kind in ["edited_message", "channel_post", "business_message", "poll", "new_kind"] {
            let mut update = message(json!({"text": "Hund anmelden"}));
            update[kind] = update["message"].take();
            update.as_object_mut().unwrap().remove("message");
            check(update, "silence");
        }
    }

    #[test]
    fn fault_30_bots_are_not_answered() {
        let bot = json!({"id": 8, "is_bot": true, "first_name": "B"});
        check(message(json!({"text": "Hund", "from": bot})), "silence");
        check(message(json!({"text": "Hund", "via_bot": bot})), "silence");
        let channel = json!({"id": -200, "type": "channel", "title": "C"});
        check(in_group(json!({"text": "/hilfe", "sender_chat": channel})), "silence");
        let group = json!({"id": -100, "type": "supergroup", "title": "G"});
        check(
            in_group(json!({"text": "/hilfe", "from": bot, "sender_chat": group})),
            "text: /hilfe",
        );
    }

    #[test]
    fn in_groups_only_what_is_addressed_to_us_is_meant() {
        check(in_group(json!({"text": "Hund anmelden"})), "silence");
        check(in_group(json!({"text": "/hilfe"})), "text: /hilfe");
        check(in_group(json!({"text": "/hilfe@amtslotsebot"})), "text: /hilfe@amtslotsebot");
        check(in_group(json!({"text": "/hilfe@OtherBot"})), "silence");
        check(in_group(json!({"text": "/wetter"})), "silence");
        check(in_group(json!({"text": "/wetter@AmtslotseBot"})), "text: /wetter@AmtslotseBot");
        let ours = json!({"message_id": 3, "from": {"id": 99, "is_bot": true}});
        let theirs = json!({"message_id": 3, "from": {"id": 8, "is_bot": false}});
        check(
            in_group(json!({"text": "und was kostet das?", "reply_to_message": ours})),
            "text: und was kostet das?",
        );
        check(in_group(json!({"text": "genau", "reply_to_message": theirs})), "silence");
        check(in_group(json!({"text": "/x@OtherBot", "reply_to_message": ours})), "silence");
        check(in_group(json!({"voice": {}, "reply_to_message": ours})), "media");
    }

    #[test]
    fn a_topics_first_message_is_not_replied_to() {
        let first =
            json!({"message_id": 3, "from": {"id": 99}, "forum_topic_created": {"name": "T"}});
        let fields = json!({
            "text": "Hund", "reply_to_message": first, "message_thread_id": 3, "is_topic_message": true,
        });
        check(in_group(fields), "silence");
    }

    #[test]
    fn a_mention_is_found_behind_emoji_and_cut_out() {
        // "👋" is two units in UTF-16.
        let text = "👋 @AmtslotseBot Hund anmelden";
        let entity = json!({"type": "mention", "offset": 3, "length": 13});
        check(in_group(json!({"text": text, "entities": [entity]})), "text: 👋  Hund anmelden");
        let named = json!({"type": "text_mention", "offset": 0, "length": 5, "user": {"id": 99}});
        check(in_group(json!({"text": "Lotse Hund", "entities": [named]})), "text: Hund");
        let alone = json!({"type": "mention", "offset": 0, "length": 13});
        check(in_group(json!({"text": "@AmtslotseBot", "entities": [alone]})), "text: ");
        check(
            in_group(json!({"photo": [], "caption": "@AmtslotseBot", "caption_entities": [alone]})),
            "media",
        );
        let other = json!({"type": "mention", "offset": 0, "length": 9});
        check(in_group(json!({"text": "@OtherBot Hund", "entities": [other]})), "silence");
    }

    #[test]
    fn fault_29_entities_that_are_unknown_or_wrong_cost_only_themselves() {
        for entity in [
            json!({"type": "hologram", "offset": 0, "length": 2, "new": {}}),
            json!({"type": "mention", "offset": 90, "length": 5}),
            json!({"type": "mention", "offset": -1, "length": 5}),
            json!({"type": "mention", "offset": 1, "length": u64::MAX}),
            json!("nonsense"),
        ] {
            check(
                message(json!({"text": "Hund anmelden", "entities": [entity]})),
                "text: Hund anmelden",
            );
            let mention = json!({"type": "mention", "offset": 0, "length": 13});
            let fields = json!({"text": "@AmtslotseBot Hund", "entities": [entity, mention]});
            check(in_group(fields), "text: Hund");
        }
        check(
            message(json!({"text": "Hund", "entities": 3, "from": "?", "via_bot": 1})),
            "text: Hund",
        );
        check(message(json!({"text": 5, "voice": {}})), "media");
    }

    fn press(data: Value, message: Value) -> Value {
        json!({"update_id": 1, "callback_query": {
            "id": "q", "from": {"id": 7, "is_bot": false}, "data": data, "message": message,
        }})
    }

    #[test]
    fn a_button_is_read_strictly() {
        let old = json!({"message_id": 4, "date": 0, "chat": {"id": 7, "type": "private"}});
        check(press(json!("1|n"), old.clone()), "pressed: 1|n");
        check(press(json!("0|n"), old.clone()), "stale");
        check(press(json!(null), old), "stale");
        check(press(json!("1|n"), json!(null)), "silence");
    }

    #[test]
    fn in_groups_a_conversation_hangs_on_our_message() {
        let ours = json!({"message_id": 3, "from": {"id": 99, "is_bot": true}});
        let replied = hear(in_group(json!({"text": "und?", "reply_to_message": ours}))).unwrap();
        assert!(replied.message.public);
        assert_eq!(replied.address.thread(), Some(group_thread(-100, 3)));
        assert_eq!(hear(in_group(json!({"text": "/hilfe"}))).unwrap().address.thread(), None);
        let message = json!({"message_id": 3, "chat": {"id": -100, "type": "group"}});
        let pressed = hear(press(json!("1|n"), message)).unwrap();
        assert_eq!(pressed.address.thread(), Some(group_thread(-100, 3)));
    }
}
