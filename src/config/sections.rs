//! The sections of the settings, each key at its default.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use crate::language::Language;

/// The bot itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct BotConfig {
    /// Name, postcode or 12-digit key of the place that is meant if none is named; empty: none.
    pub default_place: String,
    /// Directory with an own catalog; empty: the one inside the program.
    pub catalog: PathBuf,
    /// Directory with catalog files that lie over the catalog: own services, own expressions; empty:
    /// none.
    pub overlay: PathBuf,
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
            overlay: PathBuf::new(),
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
    /// The address at which Telegram reaches the bot, for the web hook.
    pub webhook_url: String,
    /// A file with the word by which Telegram shows that it is Telegram, for the web hook.
    pub secret_file: String,
    /// What that file holds.
    #[serde(skip)]
    pub secret: SecretString,
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
            webhook_url: String::new(),
            secret_file: String::new(),
            secret: SecretString::default(),
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
    /// Telegram brings them, to any of several machines.
    Webhook,
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
    /// The application's public key (hexadecimal), by which Discord's signatures are checked.
    pub public_key: String,
    /// The application's id.
    pub application_id: String,
}

/// How Discord messages come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscordMode {
    /// Over a connection that the bot opens: no open port is needed.
    #[default]
    Gateway,
    /// Discord brings commands and presses, to any of several machines.
    Interactions,
}

/// Where Telegram and Discord (or a proxy before us) bring messages to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct HttpConfig {
    /// Address and port; listened to only if a channel needs it.
    pub listen: String,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".to_owned() }
    }
}

/// Where the operator's monitoring looks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct MetricsConfig {
    /// Address and port; empty: nowhere.
    pub listen: String,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".to_owned() }
    }
}

/// Where conversations, counters and what was answered are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct StoreConfig {
    /// `sqlite:<path>` or `postgres://<user>@<host>/<database>`.
    pub url: SecretString,
    /// A file with the database's password.
    pub password_file: String,
    /// A file with the key of all hashes; empty: beside the SQLite database.
    pub secret_file: String,
    /// How long a message belongs to who began to answer it.
    pub lease: Span,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: SecretString::from("sqlite:data/state.db"),
            password_file: String::new(),
            secret_file: String::new(),
            lease: Span(Duration::from_secs(60)),
        }
    }
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct RetentionConfig {
    /// A conversation after its last message.
    pub conversation: Span,
    /// That a message was answered.
    pub seen: Span,
    /// How often what was asked, by day.
    pub counters: Span,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            conversation: Span::minutes(30),
            seen: Span::minutes(48 * 60),
            counters: Span::minutes(400 * 24 * 60),
        }
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
    /// Messages that wait for their turn, over all chats and towns.
    pub queue: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { text: crate::bot::MAX_TEXT, per_chat_per_minute: 20, queue: 10_000 }
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
pub struct Span(Duration);

impl Span {
    const fn minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// As the standard library's type.
    pub fn duration(self) -> Duration {
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
        parsed.map(|seconds| Self(Duration::from_secs(seconds))).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "»{text}« ist keine Dauer (erwartet: Zahl mit s, m, h oder d, zum Beispiel \"30m\")"
            ))
        })
    }
}
