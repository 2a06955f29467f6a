//! Reading settings: TOML and environment, with errors in German that name the key and never show a
//! value, which may be a token.

use std::{fs, path::Path};

use secrecy::SecretString;

use super::{Config, ConfigError, ENV_PREFIX, EXAMPLE};
use crate::catalog::load::{did_you_mean, kind_in_german};

/// The keys that are set, by section: a file's, with the environment's over them.
pub(super) fn tables(
    name: &str,
    text: &str,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<toml::Table, ConfigError> {
    let mut table = parse_file(name, text)?;
    for (variable, value) in env {
        if let Some(path) = variable.strip_prefix(ENV_PREFIX) {
            set_from_env(&mut table, &variable, path, value)?;
        }
    }
    Ok(table)
}

/// The settings that a table sets.
pub(super) fn config(name: &str, table: toml::Table) -> Result<Config, ConfigError> {
    let mut unknown = Vec::new();
    let config: Config = serde_ignored::deserialize(toml::Value::Table(table.clone()), |path| {
        unknown.push(path.to_string());
    })
    .map_err(|error| {
        let (key, error) = culprit(&table).unwrap_or((String::new(), error));
        ConfigError(format!("{name}: {key}{}", in_german(&error)))
    })?;
    match unknown.first() {
        None => Ok(config),
        Some(path) => {
            let hint = suggestion(path);
            Err(ConfigError(format!("{name}: unbekannter Schlüssel »{path}«{hint}")))
        }
    }
}

pub(super) fn file(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|error| {
        let name = path.display();
        ConfigError(format!("{name}: die Datei kann nicht gelesen werden: {error}"))
    })
}

/// The secret in a file, without the spaces and line ends around it.
pub(super) fn secret(name: &str, key: &str, path: &str) -> Result<SecretString, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|error| ConfigError(format!("{name}: {key}: {path}: {error}")))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError(format!("{name}: {key}: die Datei {path} ist leer")));
    }
    Ok(SecretString::from(text))
}

fn parse_file(name: &str, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse::<toml::Table>().map_err(|error| {
        let line =
            error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        // The message itself, never the line of the file: it may hold a token.
        ConfigError(format!("{name}{line}: kein gültiges TOML: {}", error.message()))
    })
}

/// Sets one key from a variable; the value's type is that of the key's default.
fn set_from_env(
    table: &mut toml::Table,
    variable: &str,
    path: &str,
    value: String,
) -> Result<(), ConfigError> {
    let lower = path.to_lowercase();
    let Some((section, key)) = lower.split_once("__") else {
        return Err(ConfigError(format!(
            "{variable}: erwartet wird {ENV_PREFIX}ABSCHNITT__SCHLÜSSEL, zum Beispiel {ENV_PREFIX}TELEGRAM__TOKEN"
        )));
    };
    let dotted = format!("{section}.{key}");
    let default = example().get(section).and_then(|table| table.get(key)).cloned();
    let Some(default) = default else {
        let hint = suggestion(&dotted);
        return Err(ConfigError(format!("{variable}: unbekannter Schlüssel »{dotted}«{hint}")));
    };
    let wrong = |expected: &str| ConfigError(format!("{variable}: erwartet: {expected}"));
    let value = match default {
        toml::Value::Boolean(_) => {
            toml::Value::Boolean(value.trim().parse().map_err(|_| wrong("true oder false"))?)
        }
        toml::Value::Integer(_) => {
            toml::Value::Integer(value.trim().parse().map_err(|_| wrong("eine ganze Zahl"))?)
        }
        _ => toml::Value::String(value),
    };
    let section = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    match section {
        toml::Value::Table(section) => {
            section.insert(key.to_owned(), value);
            Ok(())
        }
        _ => Err(ConfigError(format!("{variable}: »{dotted}« ist in der Datei kein Abschnitt"))),
    }
}

/// The example file: it holds every key at its default.
fn example() -> toml::Table {
    EXAMPLE.parse().expect("config.example.toml is valid TOML; a test reads it")
}

fn suggestion(path: &str) -> String {
    let example = example();
    let known = example.iter().flat_map(|(section, value)| {
        let keys = value.as_table().into_iter().flat_map(|table| table.keys());
        keys.map(move |key| format!("{section}.{key}")).chain([section.clone()])
    });
    let known: Vec<String> = known.collect();
    did_you_mean(path, known.iter().map(String::as_str))
}

/// What serde says about a wrong value, without the value: it may be a token.
/// The first key whose value cannot be read, as "section.key: ", and why: the whole table's error
/// does not name it.
fn culprit(table: &toml::Table) -> Option<(String, toml::de::Error)> {
    let alone = |section: &str, value: toml::Value| {
        let table = toml::Table::from_iter([(section.to_owned(), value)]);
        toml::Value::Table(table).try_into::<Config>().err()
    };
    table.iter().find_map(|(section, value)| {
        let Some(keys) = value.as_table() else {
            return Some((format!("{section}: "), alone(section, value.clone())?));
        };
        keys.iter().find_map(|(key, value)| {
            let only = toml::Table::from_iter([(key.clone(), value.clone())]);
            Some((format!("{section}.{key}: "), alone(section, toml::Value::Table(only))?))
        })
    })
}

/// Never the value itself: it may be a token in the wrong place.
fn in_german(error: &toml::de::Error) -> String {
    let message = error.message();
    match message.split_once("expected ") {
        Some((before, expected)) if message.starts_with("invalid type") => {
            let found =
                before.trim_start_matches("invalid type: ").split(' ').next().unwrap_or_default();
            format!(
                "falsche Art von Wert: {}; erwartet: {}",
                kind_in_german(found),
                kind_in_german(expected)
            )
        }
        _ if message.starts_with("unknown variant") => {
            let allowed = message.split_once("expected ").map_or("", |(_, rest)| rest);
            let allowed = allowed.trim_start_matches("one of ").replace(" or ", ", ");
            format!("unbekannter Wert; erlaubt: {}", allowed.replace('`', "\""))
        }
        _ => message.to_owned(),
    }
}
