//! The operator's settings: one typed tree with defaults, read from a TOML file and the
//! environment.
//!
//! A variable `AMTSLOTSE_` + path with `__` between the levels (`AMTSLOTSE_TELEGRAM__TOKEN`) is
//! stronger than the file. Unknown keys are refused. Messages are German: operators read them.

use std::{fmt, fs, path::Path, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::{
    catalog::load::{did_you_mean, kind_in_german},
    language::Language,
    offers::data::DataDir,
};

/// The file that `amtslotse config example` prints: every key at its default.
pub const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml"));

/// Begins the name of every environment variable that sets a key.
pub const ENV_PREFIX: &str = "AMTSLOTSE_";

/// Everything an operator can set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each section is described where it is defined")]
pub struct Config {
    pub bot: BotConfig,
    pub operator: OperatorConfig,
    pub telegram: TelegramConfig,
    pub discord: DiscordConfig,
    pub retention: RetentionConfig,
    pub limits: LimitsConfig,
    pub log: LogConfig,
}

/// The bot itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct BotConfig {
    /// Name, postcode or 12-digit key of the place that is meant if none is named; empty: none.
    pub default_place: String,
    /// Directory with an own catalog; empty: the one inside the program.
    pub catalog: PathBuf,
    /// Directory of what was imported and noted; it need not exist.
    pub data: PathBuf,
    /// Whether German is spoken with "Sie", or else with "du".
    pub formal: bool,
    /// The language of who has not said a word yet: `de` or `en`.
    pub language: Language,
}

impl Default for BotConfig {
    fn default() -> Self {
        Self {
            default_place: String::new(),
            catalog: PathBuf::new(),
            data: PathBuf::from("data"),
            formal: true,
            language: Language::German,
        }
    }
}

/// Who runs this bot.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct OperatorConfig {
    /// Name of the town or body.
    pub name: String,
    /// Page with the imprint.
    pub imprint_url: String,
    /// Page with the privacy statement.
    pub privacy_url: String,
    /// Where a person can be reached ("Bürgerbüro, Rathausplatz 1").
    pub contact: String,
    /// The number to call.
    pub phone: String,
    /// When a person answers there ("Mo bis Fr 8 bis 16 Uhr").
    pub hours: String,
}

impl Default for OperatorConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            imprint_url: String::new(),
            privacy_url: String::new(),
            contact: String::new(),
            phone: "115".to_owned(),
            hours: String::new(),
        }
    }
}

/// The Telegram channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TelegramConfig {
    /// Whether `serve` runs it.
    pub enabled: bool,
    /// The bot's token.
    pub token: SecretString,
    /// A file that holds the token, instead of `token`.
    pub token_file: String,
    /// Address of a Bot API server of one's own; empty: Telegram's.
    pub api_url: String,
    /// How messages come in.
    pub mode: TelegramMode,
    /// Older messages (after an outage) are not answered.
    pub max_age: Span,
}

impl Default for TelegramConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            token: SecretString::default(),
            token_file: String::new(),
            api_url: String::new(),
            mode: TelegramMode::Polling,
            max_age: Span::minutes(10),
        }
    }
}

/// How Telegram messages come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TelegramMode {
    /// The bot asks for them: no open port is needed.
    #[default]
    Polling,
}

/// The Discord channel.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DiscordConfig {
    /// Whether `serve` runs it.
    pub enabled: bool,
    /// The bot's token.
    pub token: SecretString,
    /// A file that holds the token, instead of `token`.
    pub token_file: String,
    /// Scheme, host and port of another server that speaks Discord's API; empty: Discord's.
    pub api_url: String,
    /// How messages come in.
    pub mode: DiscordMode,
}

/// How Discord messages come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscordMode {
    /// Over a connection that the bot opens: no open port is needed.
    #[default]
    Gateway,
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct RetentionConfig {
    /// A conversation after its last message.
    pub conversation: Span,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { conversation: Span::minutes(30) }
    }
}

/// Bounds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct LimitsConfig {
    /// Longest message that is read whole, in characters.
    pub text: usize,
    /// Messages of one chat that are answered in a minute.
    pub per_chat_per_minute: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { text: crate::bot::MAX_TEXT, per_chat_per_minute: 20 }
    }
}

/// Logs on standard error.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: LogLevel,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogFormat {
    Text,
    Json,
}

/// From which weight on lines are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// A span of time, written as "30m", "10s", "48h" or "400d".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(std::time::Duration);

impl Span {
    const fn minutes(minutes: u64) -> Self {
        Self(std::time::Duration::from_secs(minutes * 60))
    }

    /// As the standard library's type.
    pub fn duration(self) -> std::time::Duration {
        self.0
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = text.char_indices().last().and_then(|(at, unit)| {
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return None,
            };
            text[..at].parse::<u64>().ok()?.checked_mul(seconds).filter(|&s| s > 0)
        });
        parsed.map(|seconds| Self(std::time::Duration::from_secs(seconds))).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "»{text}« ist keine Dauer (erwartet: Zahl mit s, m, h oder d, zum Beispiel \"30m\")"
            ))
        })
    }
}

/// A mistake in the settings; the message names file or variable, and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Settings, and what to tell the operator about them.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Things that are allowed, but probably not meant.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the file (if one is given) and the environment.
    ///
    /// # Errors
    /// If the file cannot be read, or a key is unknown, of the wrong type or contradictory.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
        let (name, text) = match file {
            None => ("(ohne Datei)".to_owned(), String::new()),
            Some(path) => {
                let name = path.display().to_string();
                let text = fs::read_to_string(path).map_err(|error| {
                    ConfigError(format!("{name}: die Datei kann nicht gelesen werden: {error}"))
                })?;
                (name, text)
            }
        };
        let mut table = parse_file(&name, &text)?;
        for (variable, value) in env {
            if let Some(path) = variable.strip_prefix(ENV_PREFIX) {
                set_from_env(&mut table, &variable, path, value)?;
            }
        }
        let mut unknown = Vec::new();
        let config: Self = serde_ignored::deserialize(toml::Value::Table(table.clone()), |path| {
            unknown.push(path.to_string());
        })
        .map_err(|error| {
            let (key, error) = culprit(&table).unwrap_or((String::new(), error));
            ConfigError(format!("{name}: {key}{}", in_german(&error)))
        })?;
        if let Some(path) = unknown.first() {
            let hint = suggestion(path);
            return Err(ConfigError(format!("{name}: unbekannter Schlüssel »{path}«{hint}")));
        }
        config.check(&name)
    }

    fn check(mut self, name: &str) -> Result<Loaded, ConfigError> {
        let mut warnings = Vec::new();
        let channels = [
            (
                "telegram",
                &mut self.telegram.token,
                &self.telegram.token_file,
                self.telegram.enabled,
            ),
            ("discord", &mut self.discord.token, &self.discord.token_file, self.discord.enabled),
        ];
        for (channel, token, token_file, enabled) in channels {
            let has_token = !token.expose_secret().is_empty();
            if has_token && !token_file.is_empty() {
                return Err(ConfigError(format!(
                    "{name}: {channel}.token und {channel}.token_file sind beide gesetzt; bitte nur einen Schlüssel verwenden"
                )));
            }
            if !token_file.is_empty() && enabled {
                *token = read_secret(name, &format!("{channel}.token_file"), token_file)?;
            }
            let has_token = has_token || !token_file.is_empty();
            if enabled && !has_token {
                return Err(ConfigError(format!(
                    "{name}: {channel}.enabled = true, aber {channel}.token (oder {channel}.token_file) fehlt"
                )));
            }
            if has_token && !enabled {
                let key = if token_file.is_empty() { "token" } else { "token_file" };
                warnings.push(format!(
                    "{channel}.{key} ist gesetzt, aber der Kanal ist aus; zum Einschalten: {channel}.enabled = true"
                ));
            }
        }
        for (key, url) in [
            ("telegram.api_url", &self.telegram.api_url),
            ("discord.api_url", &self.discord.api_url),
            ("operator.imprint_url", &self.operator.imprint_url),
            ("operator.privacy_url", &self.operator.privacy_url),
        ] {
            check_url(name, key, url)?;
        }
        if self.operator.phone.trim().is_empty() {
            return Err(ConfigError(format!(
                "{name}: operator.phone: darf nicht leer sein (Voreinstellung: \"115\")"
            )));
        }
        if self.limits.text < 100 || self.limits.text > 10_000 {
            return Err(ConfigError(format!(
                "{name}: limits.text: {} ist nicht erlaubt (100 bis 10000)",
                self.limits.text
            )));
        }
        if self.limits.per_chat_per_minute == 0 {
            return Err(ConfigError(format!(
                "{name}: limits.per_chat_per_minute: 0 ist nicht erlaubt (mindestens 1)"
            )));
        }
        Ok(Loaded { config: self, warnings })
    }

    /// The catalog directory, if one is set.
    pub fn catalog_dir(&self) -> Option<&Path> {
        (!self.bot.catalog.as_os_str().is_empty()).then_some(self.bot.catalog.as_path())
    }

    /// The data directory.
    pub fn data_dir(&self) -> DataDir {
        DataDir::new(&self.bot.data)
    }
}

fn check_url(name: &str, key: &str, url: &str) -> Result<(), ConfigError> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    if url.is_empty() || web && !url.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(ConfigError(format!(
        "{name}: {key}: keine gültige Adresse (erwartet: https://… oder http://…)"
    )))
}

fn read_secret(name: &str, key: &str, path: &str) -> Result<SecretString, ConfigError> {
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
