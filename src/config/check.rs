//! What settings must hold beyond their types.

use std::{net::SocketAddr, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::{Config, ConfigError, DiscordMode, Loaded, StoreConfig, TelegramMode, read};

/// Checks the settings of a process that serves one town.
pub(super) fn check(mut config: Config, name: &str) -> Result<Loaded, ConfigError> {
    process(&config, name)?;
    let warnings = town(&mut config, name)?;
    Ok(Loaded { config, warnings })
}

/// Checks what holds for the whole process.
pub(super) fn process(config: &Config, name: &str) -> Result<(), ConfigError> {
    let addresses =
        [("http.listen", &config.http.listen), ("metrics.listen", &config.metrics.listen)];
    for (key, address) in addresses {
        let may_be_empty = key == "metrics.listen" && address.is_empty();
        if !may_be_empty && address.parse::<SocketAddr>().is_err() {
            return Err(wrong(
                name,
                key,
                "keine Adresse mit Port (zum Beispiel \"127.0.0.1:8080\")",
            ));
        }
    }
    if config.limits.queue == 0 {
        return Err(wrong(name, "limits.queue", "0 ist nicht erlaubt (mindestens 1)"));
    }
    if !(5..=600).contains(&config.store.lease.duration().as_secs()) {
        return Err(wrong(name, "store.lease", "erlaubt sind \"5s\" bis \"600s\""));
    }
    store(&config.store, name)
}

fn store(store: &StoreConfig, name: &str) -> Result<(), ConfigError> {
    let url = store.url.expose_secret();
    if url.starts_with("sqlite:") {
        return Ok(());
    }
    if !is_postgres(url) {
        // Not the address itself: it may hold a password.
        let expected =
            "erwartet: \"sqlite:<Datei>\" oder \"postgres://<Benutzer>@<Rechner>/<Datenbank>\"";
        return Err(wrong(name, "store.url", expected));
    }
    if store.secret_file.is_empty() {
        return Err(wrong(
            name,
            "store.secret_file",
            "fehlt; mit PostgreSQL müssen alle Programme, die sich die Datenbank teilen, dasselbe Geheimnis haben \
             (zum Beispiel aus: openssl rand -hex 32)",
        ));
    }
    Ok(())
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

impl StoreConfig {
    /// The file of a SQLite database; `None` if it is none.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let path = self.url.expose_secret().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().unwrap_or(path);
        (path != ":memory:").then(|| PathBuf::from(path))
    }

    /// The address of the database, with the password from its file.
    ///
    /// # Errors
    /// If that file cannot be read, or the address has no place for a password.
    pub fn address(&self) -> Result<SecretString, ConfigError> {
        if self.password_file.is_empty() {
            return Ok(self.url.clone());
        }
        let name = "store";
        let password = read::secret(name, "store.password_file", &self.password_file)?;
        let with_password =
            self.url.expose_secret().split_once("://").and_then(|(scheme, rest)| {
                let (user, host) = rest.split_once('@')?;
                let password = percent_encoded(password.expose_secret());
                (!user.contains(':')).then(|| format!("{scheme}://{user}:{password}@{host}"))
            });
        with_password.map(SecretString::from).ok_or_else(|| {
            let expected = "store.url braucht einen Benutzer ohne Kennwort (postgres://<Benutzer>@<Rechner>/...)";
            wrong(name, "store.password_file", expected)
        })
    }
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Checks what holds for one town; what is probably not meant.
pub(super) fn town(config: &mut Config, name: &str) -> Result<Vec<String>, ConfigError> {
    let warnings = tokens(config, name)?;
    telegram(config, name)?;
    discord(config, name)?;
    for (key, url) in [
        ("telegram.api_url", &config.telegram.api_url),
        ("telegram.webhook_url", &config.telegram.webhook_url),
        ("discord.api_url", &config.discord.api_url),
        ("operator.imprint_url", &config.operator.imprint_url),
        ("operator.privacy_url", &config.operator.privacy_url),
    ] {
        web_address(name, key, url)?;
    }
    if config.operator.phone.trim().is_empty() {
        return Err(wrong(
            name,
            "operator.phone",
            "darf nicht leer sein (Voreinstellung: \"115\")",
        ));
    }
    if config.limits.text < 100 || config.limits.text > 10_000 {
        let why = format!("{} ist nicht erlaubt (100 bis 10000)", config.limits.text);
        return Err(wrong(name, "limits.text", &why));
    }
    if config.limits.per_chat_per_minute == 0 {
        let why = "0 ist nicht erlaubt (mindestens 1)";
        return Err(wrong(name, "limits.per_chat_per_minute", why));
    }
    Ok(warnings)
}

/// Reads the tokens of enabled channels from their files.
fn tokens(config: &mut Config, name: &str) -> Result<Vec<String>, ConfigError> {
    let mut warnings = Vec::new();
    let Config { telegram, discord, .. } = config;
    let channels = [
        ("telegram", &mut telegram.token, &telegram.token_file, telegram.enabled),
        ("discord", &mut discord.token, &discord.token_file, discord.enabled),
    ];
    for (channel, token, token_file, enabled) in channels {
        let has_token = !token.expose_secret().is_empty();
        if has_token && !token_file.is_empty() {
            return Err(ConfigError(format!(
                "{name}: {channel}.token und {channel}.token_file sind beide gesetzt; bitte nur einen Schlüssel verwenden"
            )));
        }
        if !token_file.is_empty() && enabled {
            *token = read::secret(name, &format!("{channel}.token_file"), token_file)?;
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
    Ok(warnings)
}

/// The longest word by which Telegram shows itself, and what it may be made of (Bot API,
/// `setWebhook`, `secret_token`).
const MAX_SECRET: usize = 256;

fn telegram(config: &mut Config, name: &str) -> Result<(), ConfigError> {
    let telegram = &mut config.telegram;
    if !telegram.enabled || telegram.mode != TelegramMode::Webhook {
        return Ok(());
    }
    for (key, value) in
        [("webhook_url", &telegram.webhook_url), ("secret_file", &telegram.secret_file)]
    {
        if value.is_empty() {
            let key = format!("telegram.{key}");
            return Err(wrong(name, &key, "fehlt; telegram.mode = \"webhook\" braucht es"));
        }
    }
    // Telegram itself brings messages to https only (Bot API, `setWebhook`).
    if telegram.api_url.is_empty() && !telegram.webhook_url.starts_with("https://") {
        return Err(wrong(name, "telegram.webhook_url", "erwartet: eine Adresse mit https://"));
    }
    telegram.secret = read::secret(name, "telegram.secret_file", &telegram.secret_file)?;
    let secret = telegram.secret.expose_secret();
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if secret.len() > MAX_SECRET || !secret.bytes().all(is_allowed) {
        let why = "erlaubt sind 1 bis 256 Zeichen aus A-Z, a-z, 0-9, _ und - (zum Beispiel aus: openssl rand -hex 32)";
        return Err(wrong(name, "telegram.secret_file", why));
    }
    Ok(())
}

fn discord(config: &Config, name: &str) -> Result<(), ConfigError> {
    let discord = &config.discord;
    if !discord.enabled || discord.mode != DiscordMode::Interactions {
        return Ok(());
    }
    let key = &discord.public_key;
    if key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
        let why = "erwartet: 64 hexadezimale Ziffern (Discord Developer Portal, General Information, Public Key)";
        return Err(wrong(name, "discord.public_key", why));
    }
    if !discord.application_id.parse::<u64>().is_ok_and(|id| id > 0) {
        let why = "erwartet: die Nummer der Anwendung (Discord Developer Portal, General Information, Application ID)";
        return Err(wrong(name, "discord.application_id", why));
    }
    Ok(())
}

fn web_address(name: &str, key: &str, url: &str) -> Result<(), ConfigError> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    if url.is_empty() || web && !url.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(wrong(name, key, "keine gültige Adresse (erwartet: https://… oder http://…)"))
}

fn wrong(name: &str, key: &str, why: &str) -> ConfigError {
    ConfigError(format!("{name}: {key}: {why}"))
}
