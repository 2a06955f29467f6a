//! Settings: every key in the example at its default, unknown keys refused with a suggestion, the
//! environment stronger than the file, and tokens that never show.

use std::{fs, path::PathBuf};

use amtslotse::config::{Config, EXAMPLE, Loaded};
use secrecy::ExposeSecret;

fn load(text: &str, env: &[(&str, &str)]) -> Result<Loaded, String> {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("config.toml");
    fs::write(&path, text).unwrap();
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::load(Some(&path), env).map_err(|error| error.to_string())
}

#[test]
fn the_example_shows_every_key_at_its_default() {
    let example = load(EXAMPLE, &[]).unwrap().config;
    assert_eq!(format!("{example:?}"), format!("{:?}", Config::default()));
    // `Debug` of the whole tree names every key; each must stand in the file.
    let shown = format!("{:?}", Config::default());
    for key in shown.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        let is_key = key.starts_with(|c: char| c.is_ascii_lowercase())
            && shown.contains(&format!("{key}: "));
        if is_key {
            assert!(EXAMPLE.contains(key), "config.example.toml lacks `{key}`");
        }
    }
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let error = load("[telegram]\nenabeld = true\n", &[]).unwrap_err();
    assert!(error.contains("telegram.enabeld") && error.contains("telegram.enabled"), "{error}");
    let error = load("[telegramm]\n", &[]).unwrap_err();
    assert!(error.contains("telegramm") && error.contains("»telegram«"), "{error}");
    let error = load("", &[("AMTSLOTSE_DISCORD__TOKE", "x")]).unwrap_err();
    assert!(
        error.contains("AMTSLOTSE_DISCORD__TOKE") && error.contains("discord.token"),
        "{error}"
    );
}

#[test]
fn the_environment_is_stronger_than_the_file() {
    let env = [
        ("AMTSLOTSE_TELEGRAM__TOKEN", "from-env"),
        ("AMTSLOTSE_TELEGRAM__ENABLED", "true"),
        ("AMTSLOTSE_LIMITS__PER_CHAT_PER_MINUTE", "7"),
        ("OTHER", "ignored"),
    ];
    let config = load("[telegram]\ntoken = \"from-file\"\n", &env).unwrap().config;
    assert_eq!(config.telegram.token.expose_secret(), "from-env");
    assert!(config.telegram.enabled);
    assert_eq!(config.limits.per_chat_per_minute, 7);
    let error = load("", &[("AMTSLOTSE_TELEGRAM__ENABLED", "ja")]).unwrap_err();
    assert!(
        error.contains("AMTSLOTSE_TELEGRAM__ENABLED") && error.contains("true oder false"),
        "{error}"
    );
}

#[test]
fn contradictions_are_named() {
    let error = load("[telegram]\nenabled = true\n", &[]).unwrap_err();
    assert!(error.contains("telegram.token"), "{error}");
    let error = load("[discord]\ntoken = \"x\"\ntoken_file = \"y\"\n", &[]).unwrap_err();
    assert!(error.contains("discord.token") && error.contains("discord.token_file"), "{error}");
    let warnings = load("[telegram]\ntoken = \"x\"\n", &[]).unwrap().warnings;
    assert!(warnings.iter().any(|w| w.contains("telegram.enabled = true")), "{warnings:?}");
    let error = load("[retention]\nconversation = \"bald\"\n", &[]).unwrap_err();
    assert!(error.contains("30m"), "{error}");
    for (settings, key) in [
        ("[store]\nurl = \"mysql://a:canary@b/c\"\n", "store.url"),
        ("[store]\nurl = \"postgres://a:canary@b/c\"\n", "store.secret_file"),
        ("[store]\nlease = \"1s\"\n", "store.lease"),
        ("[http]\nlisten = \"localhost\"\n", "http.listen"),
        (
            "[discord]\nenabled = true\ntoken = \"x\"\nmode = \"interactions\"\n",
            "discord.public_key",
        ),
        (
            "[telegram]\nenabled = true\ntoken = \"x\"\nmode = \"webhook\"\n\
             webhook_url = \"http://a.example/telegram\"\nsecret_file = \"x\"\n",
            "telegram.webhook_url",
        ),
    ] {
        let error = load(settings, &[]).unwrap_err();
        assert!(error.contains(key) && !error.contains("canary"), "{key}: {error}");
    }
    let error = load("[telegram]\napi_url = \"127.0.0.1\"\n", &[]).unwrap_err();
    assert!(error.contains("telegram.api_url"), "{error}");
}

#[test]
fn a_token_file_is_read_and_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    fs::write(&token, "secret-from-file\n").unwrap();
    let text = format!("[discord]\nenabled = true\ntoken_file = {:?}\n", token.to_str().unwrap());
    let config = load(&text, &[]).unwrap().config;
    assert_eq!(config.discord.token.expose_secret(), "secret-from-file");
    let error =
        load("[discord]\nenabled = true\ntoken_file = \"/nowhere/token\"\n", &[]).unwrap_err();
    assert!(error.contains("discord.token_file") && error.contains("/nowhere/token"), "{error}");
}

#[test]
fn fault_67_tokens_never_show() {
    let secret = "123456:canary-token";
    let config = load(&format!("[telegram]\nenabled = true\ntoken = \"{secret}\"\n"), &[]).unwrap();
    assert!(!format!("{config:?}").contains("canary"));
    for broken in [
        format!("[telegram]\ntoken = \"{secret}\nenabled = true\n"),
        format!("[telegram]\nenabled = \"{secret}\"\n"),
        format!("[telegram]\nmode = \"{secret}\"\n"),
        format!("[telegram]\napi_url = \"{secret}\"\n"),
    ] {
        let error = load(&broken, &[]).unwrap_err();
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_named_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    for (text, expected) in [
        ("[bot]\nformal = \"GEHEIM\"\n", "bot.formal: falsche Art von Wert: ein Text"),
        (
            "[bot]\nlanguage = \"GEHEIM\"\n",
            "bot.language: unbekannter Wert; erlaubt: \"de\", \"en\"",
        ),
        (
            "[limits]\ntext = 500\nper_chat_per_minute = \"GEHEIM\"\n",
            "limits.per_chat_per_minute: ",
        ),
        ("telegram = \"GEHEIM\"\n", "telegram: falsche Art von Wert: ein Text"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = amtslotse::config::Config::load(Some(&file), []).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("GEHEIM"), "{error}");
    }
}
