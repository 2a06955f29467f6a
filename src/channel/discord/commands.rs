//! The commands that Discord shows: their definitions, and completion of what is typed.

use std::collections::BTreeMap;

use serde_json::Value;
use serenity::all::{
    AutocompleteChoice, CommandOptionType, CommandType, CreateCommand, CreateCommandOption,
    InstallationContext, InteractionContext,
};

use super::markup::{cut, plain};
use crate::{
    bot::{
        Bot,
        command::{COMMANDS, Command},
    },
    ids::ServiceId,
    language::Language,
};

/// Asks for a service.
pub(super) const SERVICE: &str = "leistung";
/// Its question, completed as one types.
pub(super) const QUESTION: &str = "frage";
/// Its place.
pub(super) const PLACE: &str = "ort";

/// The language to speak.
pub(super) const LANGUAGE: &str = "sprache";

/// Begins the value of a completion, so that it is told from typed text.
const CHOSEN: &str = "id:";
const MAX_CHOICES: usize = 25;
const MAX_NAME: usize = 100;

/// All commands. The descriptions in English are for clients in other languages than German.
pub(super) fn definitions(bot: &Bot) -> Vec<CreateCommand> {
    let (german, english) = (bot.wording(Language::German), bot.wording(Language::English));
    let both = |key: &str| (english.say(key), german.say(key));
    let question = option(QUESTION, both("discord-frage")).required(true).set_autocomplete(true);
    let service = command(SERVICE, both("discord-leistung"))
        .add_option(question)
        .add_option(option(PLACE, both("discord-ort")));
    let plain = COMMANDS.iter().map(|names| {
        let plain = command(names.name, both(names.description));
        match argument(names.command) {
            Some((name, description)) => plain.add_option(option(name, both(description))),
            None => plain,
        }
    });
    let menu = everywhere(&german.say("discord-menu"), CommandType::Message);
    [service].into_iter().chain(plain).chain([menu]).collect()
}

/// What may follow a command of the common table: the option's name, and the key of its
/// description.
fn argument(command: Command) -> Option<(&'static str, &'static str)> {
    match command {
        Command::Place | Command::Status => Some((PLACE, "discord-ort")),
        Command::Language => Some((LANGUAGE, "discord-sprache")),
        _ => None,
    }
}

fn command(name: &str, (english, german): (String, String)) -> CreateCommand {
    everywhere(name, CommandType::ChatInput)
        .description(english)
        .description_localized("de", german)
}

/// In guilds, with the bot and among people; added to a guild or to an account.
fn everywhere(name: &str, kind: CommandType) -> CreateCommand {
    CreateCommand::new(name)
        .kind(kind)
        .name_localized("de", name)
        .integration_types(vec![InstallationContext::Guild, InstallationContext::User])
        .contexts(vec![
            InteractionContext::Guild,
            InteractionContext::BotDm,
            InteractionContext::PrivateChannel,
        ])
}

fn option(name: &str, (english, german): (String, String)) -> CreateCommandOption {
    CreateCommandOption::new(CommandOptionType::String, name, english)
        .name_localized("de", name)
        .description_localized("de", german)
}

/// Whether Discord knows exactly these commands already. Every registration counts against a
/// daily limit and takes time to reach people.
pub(super) fn are_known(commands: &[CreateCommand], known: &[Value]) -> bool {
    let ours = serde_json::to_value(commands).unwrap_or_default();
    let ours = ours.as_array().map(Vec::as_slice).unwrap_or_default();
    by_name(ours) == by_name(known)
}

fn by_name(commands: &[Value]) -> BTreeMap<String, Value> {
    let key = |command: &Value| format!("{} {}", command["type"], command["name"]);
    commands.iter().map(|command| (key(command), essence(command))).collect()
}

/// A definition without what says nothing and what only Discord adds.
fn essence(value: &Value) -> Value {
    const KEYS: [&str; 11] = [
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "required",
        "autocomplete",
        "integration_types",
        "contexts",
        "de",
    ];
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| KEYS.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), essence(value)))
            .filter(|(_, value)| !says_nothing(value))
            .collect(),
        Value::Array(items) => items.iter().map(essence).collect(),
        other => other.clone(),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Services that fit what has been typed so far.
pub(super) fn complete(bot: &Bot, typed: &str) -> Vec<AutocompleteChoice> {
    let fitting = bot.suggest(typed, MAX_CHOICES).into_iter();
    fitting
        .map(|(id, name)| {
            AutocompleteChoice::new(cut(&name, MAX_NAME, plain), format!("{CHOSEN}{id}"))
        })
        .collect()
}

/// The service of a completion that was chosen; `None` if the text was typed.
pub(super) fn chosen(text: &str) -> Option<ServiceId> {
    text.strip_prefix(CHOSEN)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{
        bot::Settings,
        catalog::{Catalog, Lexicon, NoOffers},
        places::Places,
    };

    fn ours() -> Vec<CreateCommand> {
        let catalog = Arc::new(Catalog::new(Vec::new(), Lexicon::default()));
        let places = Arc::new(Places::default());
        definitions(&Bot::new(catalog, places, Arc::new(NoOffers), Settings::default()))
    }

    /// What Discord gives back for a definition.
    fn echoed(commands: &[CreateCommand]) -> Vec<Value> {
        let mut echoed = serde_json::to_value(commands).unwrap();
        for command in echoed.as_array_mut().unwrap() {
            command["id"] = json!("1");
            command["application_id"] = json!("2");
            command["version"] = json!("3");
            command["default_member_permissions"] = Value::Null;
            command["dm_permission"] = json!(true);
            if command["description"].is_null() {
                command["description"] = json!("");
                command["description_localizations"] = Value::Null;
            }
            if command["options"].as_array().is_some_and(Vec::is_empty) {
                command.as_object_mut().unwrap().remove("options");
            }
        }
        serde_json::from_value(echoed).unwrap()
    }

    #[test]
    fn definitions_are_what_discord_accepts() {
        insta::assert_json_snapshot!(ours());
    }

    #[test]
    fn registered_commands_are_recognised_in_any_order() {
        let mut known = echoed(&ours());
        assert!(are_known(&ours(), &known));
        known.reverse();
        assert!(are_known(&ours(), &known));
    }

    #[test]
    fn a_changed_missing_or_foreign_command_is_noticed() {
        let known = echoed(&ours());
        assert!(!are_known(&ours(), &known[1..]));
        let mut changed = known.clone();
        changed[0]["options"][0]["description_localizations"]["de"] = json!("Anders");
        assert!(!are_known(&ours(), &changed));
        let mut more = known.clone();
        more.push(json!({ "type": 1, "name": "alt", "description": "alt" }));
        assert!(!are_known(&ours(), &more));
        assert!(!are_known(&ours(), &[]));
    }

    #[test]
    fn a_completion_is_told_from_typed_text() {
        assert_eq!(chosen("id:hund-anmelden").unwrap().as_str(), "hund-anmelden");
        assert_eq!(chosen("hund-anmelden"), None);
        assert_eq!(chosen("id: mein Ausweis"), None);
    }
}
