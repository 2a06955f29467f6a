//! The operator's settings: one typed tree with defaults, read from a TOML file and the
//! environment.
//!
//! A variable `AMTSLOTSE_` + path with `__` between the levels (`AMTSLOTSE_TELEGRAM__TOKEN`) is
//! stronger than the file. Unknown keys are refused. Messages are German: operators read them.
//! Several towns in one process have a file each ([`Process`]).

mod check;
mod read;
mod sections;
mod tenants;

use std::{fmt, path::Path};

use serde::Deserialize;

pub use self::{
    sections::{
        BotConfig, DiscordConfig, DiscordMode, HttpConfig, LimitsConfig, LogConfig, LogFormat,
        LogLevel, MetricsConfig, OperatorConfig, RetentionConfig, Span, StoreConfig,
        TelegramConfig, TelegramMode,
    },
    tenants::{Process, TenantSettings, TenantsDir, tokens_differ},
};
use crate::offers::data::DataDir;

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
    pub http: HttpConfig,
    pub metrics: MetricsConfig,
    pub store: StoreConfig,
    pub retention: RetentionConfig,
    pub limits: LimitsConfig,
    pub log: LogConfig,
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
            Some(path) => (path.display().to_string(), read::file(path)?),
        };
        check::check(read::config(&name, read::tables(&name, &text, env)?)?, &name)
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
