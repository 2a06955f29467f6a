use std::sync::LazyLock;

use serde_json::{Value, json};
use serenity::all::Interaction;

use super::*;
use crate::{config::Config, setup::build_bot};

const ME: UserId = UserId::new(900);

static BOT: LazyLock<Bot> = LazyLock::new(|| build_bot(&Config::default()).unwrap());

fn user(id: u64) -> Value {
    json!({ "id": id.to_string(), "username": "u", "discriminator": "0", "avatar": null })
}

fn written(content: &str) -> Value {
    json!({
        "id": "10", "channel_id": "20", "author": user(30), "content": content,
        "timestamp": "2026-11-22T10:00:00+00:00", "edited_timestamp": null, "tts": false,
        "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [],
        "embeds": [], "pinned": false, "type": 0,
    })
}

fn with(mut value: Value, key: &str, part: Value) -> Value {
    value[key] = part;
    value
}

fn received(message: Value) -> Option<Asked> {
    to_message(&serde_json::from_value(message).unwrap(), ME)
}

#[track_caller]
fn said(asked: &Asked) -> &str {
    match &asked.message.input {
        Input::Text(text) => text.expose(),
        other => panic!("{other:?}"),
    }
}

fn in_guild(content: &str) -> Value {
    with(written(content), "guild_id", json!("40"))
}

fn mentioning(content: &str) -> Value {
    with(in_guild(content), "mentions", json!([user(900)]))
}

#[test]
fn a_private_message_is_read_in_the_thread_of_its_chat() {
    let asked = received(written("hund anmelden")).unwrap();
    assert_eq!(said(&asked), "hund anmelden");
    assert!(!asked.message.public && asked.answer.stays());
    assert_eq!(asked.thread, received(written("und die gebühr?")).unwrap().thread);
    let elsewhere = received(with(written("a"), "channel_id", json!("21"))).unwrap();
    assert_ne!(asked.thread, elsewhere.thread);
    assert_eq!(asked.asker, elsewhere.asker);
}

#[test]
fn fault_29_a_private_message_without_text_is_media() {
    let sticker = json!([{ "id": "1", "name": "s", "format_type": 1 }]);
    for message in [written(""), written(" \n"), with(written(""), "sticker_items", sticker)] {
        assert!(matches!(received(message).unwrap().message.input, Input::Media));
    }
}

#[test]
fn fault_29_a_forwarded_message_is_read() {
    let inner = json!({
        "content": "perso abgelaufen", "timestamp": "2026-11-22T10:00:00+00:00",
        "edited_timestamp": null, "mentions": [], "attachments": [], "embeds": [], "type": 0,
    });
    let message = with(written(""), "message_snapshots", json!([{ "message": inner }]));
    assert_eq!(said(&received(message).unwrap()), "perso abgelaufen");
}

#[test]
fn fault_30_programs_and_system_messages_are_ignored() {
    let by = |author| with(written("hallo"), "author", author);
    assert!(received(by(with(user(31), "bot", json!(true)))).is_none());
    assert!(received(by(with(user(31), "system", json!(true)))).is_none());
    assert!(received(by(user(900))).is_none());
    assert!(received(with(written("hallo"), "webhook_id", json!("50"))).is_none());
    assert!(received(with(written("hallo"), "type", json!(6))).is_none());
}

#[test]
fn in_a_guild_only_a_mention_or_a_reply_is_for_us() {
    assert!(received(in_guild("hund anmelden")).is_none());
    assert!(received(in_guild("")).is_none());
    let asked = received(mentioning("<@900> hund anmelden <@!900>")).unwrap();
    assert_eq!(said(&asked), "hund anmelden");
    assert!(asked.message.public && asked.answer.is_public() && !asked.answer.stays());
    assert_eq!(asked.thread, None);

    let ours = with(with(in_guild("ja"), "author", user(900)), "id", json!("11"));
    let reply = received(with(in_guild("die 2"), "referenced_message", ours.clone())).unwrap();
    assert_eq!(said(&reply), "die 2");
    assert_eq!(reply.thread, Some(asked.answer.thread(MessageId::new(11))));
    assert!(received(with(in_guild(""), "referenced_message", ours)).is_none());
    let other = with(in_guild("ja"), "id", json!("12"));
    assert!(received(with(in_guild("nein"), "referenced_message", other)).is_none());
}

#[test]
fn a_mention_alone_is_answered() {
    assert_eq!(said(&received(mentioning("<@900>")).unwrap()), "");
}

fn interaction(kind: u8, data: Value) -> Value {
    json!({
        "id": "60", "application_id": "901", "type": kind, "token": "secret-token", "version": 1,
        "channel_id": "20", "user": user(30), "locale": "de", "entitlements": [],
        "attachment_size_limit": 1000, "data": data,
    })
}

fn guilded(interaction: Value) -> Value {
    let member = json!({
        "user": user(30), "roles": [], "joined_at": null, "deaf": false, "mute": false, "flags": 0,
        "permissions": "0",
    });
    let interaction = with(with(interaction, "guild_id", json!("40")), "context", json!(0));
    with(interaction, "member", member)
}

fn leistung(options: Value) -> Value {
    interaction(2, json!({ "id": "70", "name": "leistung", "type": 1, "options": options }))
}

fn option(name: &str, value: &str) -> Value {
    json!({ "name": name, "type": 3, "value": value })
}

fn asked(value: Value) -> Asked {
    match serde_json::from_value(value).unwrap() {
        Interaction::Command(command) => of_command(&command, &BOT),
        Interaction::Component(component) => of_component(&component),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_input(value: Value, expected: &str) {
    let shown = match asked(value).message.input {
        Input::Text(text) => format!("text {}", text.expose()),
        Input::Pressed(action) => format!("pressed {}", action.encode()),
        Input::Stale => "stale".to_owned(),
        Input::Media => "media".to_owned(),
    };
    assert_eq!(shown, expected);
}

#[test]
fn a_command_becomes_a_question() {
    check_input(leistung(json!([option("frage", " hund anmelden ")])), "text hund anmelden");
    check_input(
        leistung(json!([option("frage", "hund anmelden"), option("ort", "Köln")])),
        "text hund anmelden in Köln",
    );
    check_input(leistung(json!([])), "text ");
    let hilfe = json!({ "id": "71", "name": "hilfe", "type": 1 });
    check_input(interaction(2, hilfe), "text /hilfe");
}

#[test]
fn a_completion_becomes_its_service() {
    let chosen = option("frage", "id:hund-anmelden");
    check_input(leistung(json!([chosen])), "pressed 1|s|hund-anmelden||");
    let koeln = leistung(json!([chosen, option("ort", "Köln")]));
    check_input(koeln, "pressed 1|s|hund-anmelden|053150000000|");
    let name = BOT.catalog().service(&"hund-anmelden".parse().unwrap()).unwrap().plain();
    let unclear = leistung(json!([chosen, option("ort", "Neustadt")]));
    check_input(unclear, &format!("text {name} in Neustadt"));
    check_input(leistung(json!([option("frage", "id:gibt-es-nicht")])), "text id:gibt-es-nicht");
}

#[test]
fn the_message_menu_reads_the_message() {
    let target = |message: Value| {
        interaction(
            2,
            json!({
                "id": "72", "name": "Leistung finden", "type": 3, "target_id": "10",
                "resolved": { "messages": { "10": message } },
            }),
        )
    };
    check_input(target(written("perso weg")), "text perso weg");
    check_input(target(written("")), "media");
}

#[test]
fn answers_are_plain_at_home_and_ephemeral_elsewhere() {
    let shown = |value| match asked(value).answer {
        AnswerTo::Interaction(call) => call.shown,
        other => panic!("{other:?}"),
    };
    let question = || leistung(json!([option("frage", "a")]));
    assert_eq!(shown(question()), Shown::Private);
    assert_eq!(shown(guilded(question())), Shown::Ephemeral);
    assert_eq!(shown(with(question(), "context", json!(2))), Shown::Ephemeral);

    let flagged = with(written("x"), "flags", json!(64));
    assert_eq!(shown(pressed_on(written("x"), "1|h")), Shown::Update);
    assert_eq!(shown(guilded(pressed_on(flagged, "1|h"))), Shown::Update);
    assert_eq!(shown(guilded(pressed_on(written("x"), "1|h"))), Shown::Ephemeral);
    assert_eq!(shown(pressed_on(written("x"), "1|zz")), Shown::Private, "the card stays");
}

fn pressed_on(message: Value, custom_id: &str) -> Value {
    let data = json!({ "custom_id": custom_id, "component_type": 2 });
    with(interaction(3, data), "message", message)
}

#[test]
fn fault_32_what_is_pressed_is_strictly_read() {
    check_input(pressed_on(written("x"), "1|s|hund-anmelden||c"), "pressed 1|s|hund-anmelden||c");
    for forged in ["", "0|n", "choose", "1|s|HUND||", &"x".repeat(100)] {
        check_input(pressed_on(written("x"), forged), "stale");
    }
    let menu = |custom_id: &str, values: Value| {
        let data = json!({ "custom_id": custom_id, "component_type": 3, "values": values });
        with(interaction(3, data), "message", written("x"))
    };
    check_input(menu("choose", json!(["1|p|053150000000"])), "pressed 1|p|053150000000");
    check_input(menu("choose", json!([])), "stale");
    check_input(menu("other", json!(["1|n"])), "stale");
}

#[test]
fn fault_67_the_token_of_an_interaction_is_not_shown() {
    assert!(!format!("{:?}", asked(leistung(json!([])))).contains("secret-token"));
}
