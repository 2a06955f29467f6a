//! Strings that occur nowhere else are sent through every channel, in every form and with every
//! fault that may bring them into a sink; then all sinks are searched for them.
//!
//! The real program runs at the finest log level, as an operator would start it: one process that
//! fetches its messages and one to which they are brought, each on both engines. What panics runs in
//! a child of this test, since the program has no switch for it.

mod discord;
mod telegram;

use std::{
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use amtslotse::{
    app::App,
    catalog::{Offer, Offers},
    channel,
    config::{Config, DiscordConfig, LogConfig, LogFormat, LogLevel, TelegramConfig},
    ids::{RegionKey, ServiceId, TenantId},
    store::Secret,
};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{BOT, CATALOG_DIR, database::Database, process::Program, until, write};
use crate::{discord::fake::Fake as FakeDiscord, telegram::fake::Fake as FakeTelegram};

/// A word that nobody writes.
const WORD: &str = "zwurbelquast";
const FIRST_NAME: &str = "Quendolyna";
const USER_NAME: &str = "kanarita_77x";
const IBAN: &str = "DE02120300000000202051";
const PHONE: &str = "01719876543";
const MAIL: &str = "kanari@beispiel.example";
const TELEGRAM_TOKEN: &str = "AAF7-kanari-telegram-token";
const DISCORD_TOKEN: &str = "kanari-discord-token";
const INTERACTION_TOKEN: &str = "kanari-interaction-token";
const PRESS: &str = "kanari-press";
const HOOK_SECRET: &str = "kanari_hook_secret";
const WRONG_SECRET: &str = "kanari_wrong_secret";
const STORE_SECRET: &str = "kanari-store-secret-of-more-than-32-bytes";
const PASSWORD: &str = "kanari-database-password";
/// Chats and senders at Telegram.
const CHAT: i64 = 7_318_204_955;
const GROUP: i64 = -1_009_413_577_201;
const SENDER: i64 = 7_318_299_966;
/// The first digits of the numbers of messages and updates at Telegram.
const MESSAGES: &str = "1736459";
const UPDATES: &str = "9135724";
/// The first digits of all ids at Discord.
const SNOWFLAKES: &str = "43190752618493";

/// All of them, as they are searched for.
const CANARIES: [&str; 20] = [
    WORD,
    FIRST_NAME,
    USER_NAME,
    IBAN,
    PHONE,
    MAIL,
    TELEGRAM_TOKEN,
    DISCORD_TOKEN,
    INTERACTION_TOKEN,
    PRESS,
    HOOK_SECRET,
    WRONG_SECRET,
    STORE_SECRET,
    PASSWORD,
    "7318204955",
    "1009413577201",
    "7318299966",
    MESSAGES,
    UPDATES,
    SNOWFLAKES,
];

/// Which of them occur, in whatever case.
fn found_in(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    CANARIES.into_iter().filter(|canary| text.contains(&canary.to_lowercase())).collect()
}

/// How messages come to the program.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Long polling and the gateway.
    Fetched,
    /// Web hook and interactions.
    Brought,
}

/// The platforms, the program, and what was said to it.
struct Town {
    telegram: FakeTelegram,
    discord: FakeDiscord,
    program: Program,
    database: Database,
    way: Way,
    /// Where messages are brought to, and where monitoring looks.
    public: String,
    operations: String,
    client: reqwest::Client,
    sent: Mutex<String>,
    settings: TempDir,
}

/// An address that was free a moment ago.
fn address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Town {
    async fn open(database: Database, way: Way, format: &str) -> Self {
        let (telegram, discord) = (FakeTelegram::start().await, FakeDiscord::start().await);
        let (public, operations) = (address(), address());
        let settings = tempfile::tempdir().unwrap();
        let sent = Mutex::new(String::new());
        let file = |name: &str, text: &str| {
            sent.lock().unwrap().push_str(text);
            write(settings.path(), name, text)
        };
        let url = database.url();
        let (telegram_mode, discord_mode) = match way {
            Way::Fetched => ("polling", "gateway"),
            Way::Brought => ("webhook", "interactions"),
        };
        let password_file = match &database {
            Database::Sqlite(_) => PathBuf::new(),
            Database::Postgres(_) => file("password", PASSWORD),
        };
        let config = format!(
            "[bot]\ncatalog = {catalog:?}\ndata = \"/nowhere\"\n\
             [operator]\nname = \"Stadt Tübingen\"\n\
             [telegram]\nenabled = true\nmode = \"{telegram_mode}\"\napi_url = \"{telegram_url}\"\n\
             token_file = {telegram_token:?}\nsecret_file = {hook_secret:?}\n\
             webhook_url = \"https://bot.example/telegram\"\n\
             [discord]\nenabled = true\nmode = \"{discord_mode}\"\napi_url = \"{discord_url}\"\n\
             token_file = {discord_token:?}\npublic_key = \"{public_key}\"\n\
             application_id = \"{application}\"\n\
             [store]\nurl = \"{url}\"\npassword_file = {password_file:?}\n\
             secret_file = {store_secret:?}\n\
             [http]\nlisten = \"{public}\"\n[metrics]\nlisten = \"{operations}\"\n\
             [limits]\nper_chat_per_minute = 60\n\
             [log]\nlevel = \"trace\"\nformat = \"{format}\"\n",
            catalog = CATALOG_DIR.path(),
            telegram_url = telegram.url,
            discord_url = discord.url,
            telegram_token = file("telegram", &format!("123456:{TELEGRAM_TOKEN}")),
            hook_secret = file("hook", HOOK_SECRET),
            discord_token = file("discord", DISCORD_TOKEN),
            store_secret = file("store", STORE_SECRET),
            public_key = discord::public_key(),
            application = crate::discord::fake::APP,
        );
        let mut program = Program::serve(&file("config.toml", &config));
        program.until_written("starting channels").await;
        // After a refusal, a connection is closed: each request has its own.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let town = Self {
            telegram,
            discord,
            program,
            database,
            way,
            public,
            operations,
            client,
            sent,
            settings,
        };
        town.until_ready().await;
        town
    }

    async fn until_ready(&self) {
        until("the program is ready", async || self.figures("readyz").await.contains("\"ready\""))
            .await;
    }

    /// What monitoring reads.
    async fn figures(&self, path: &str) -> String {
        let page = self.client.get(format!("http://{}/{path}", self.operations)).send().await;
        page.unwrap().text().await.unwrap()
    }

    /// Notes what is about to be said, and says it to where messages are brought.
    async fn bring(&self, path: &str, headers: &[(&str, &str)], body: String) -> u16 {
        self.note(&body);
        let mut request = self.client.post(format!("http://{}/{path}", self.public)).body(body);
        for (name, value) in headers {
            self.note(value);
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    fn note(&self, said: &str) {
        self.sent.lock().unwrap().push_str(said);
    }

    fn key(&self, parts: [&str; 2]) -> String {
        let secret = Secret::read(&self.settings.path().join("store")).unwrap();
        secret.key(&["thread", TenantId::only().as_str(), parts[0], parts[1]]).hex()
    }

    /// Nothing of a person is anywhere.
    async fn search(self) {
        let mut sinks = self.figures_and_rows().await;
        let Self { program, sent, way, database, .. } = self;
        let (status, log) = program.stop();
        assert!(status.success(), "{log}");
        for part in ["amtslotse::", "could not be delivered", "stopped"] {
            assert!(log.contains(part), "{part}: {log}");
        }
        sinks.push(("log".to_owned(), log));
        let leaks: Vec<String> = sinks.iter().flat_map(|(name, text)| leaks(name, text)).collect();
        assert!(leaks.is_empty(), "{leaks:#?}");
        let sent = sent.into_inner().unwrap();
        let mut unsent = CANARIES.to_vec();
        unsent.retain(|canary| !found_in(&sent).contains(canary));
        let mut left_out = Vec::new();
        if way == Way::Fetched {
            left_out.push(WRONG_SECRET);
        }
        if let Database::Sqlite(_) = database {
            left_out.push(PASSWORD);
        }
        assert_eq!(unsent, left_out, "what was not said proves nothing");
    }

    /// What can be read while the program runs, by its name; each is what it seems to be.
    async fn figures_and_rows(&self) -> Vec<(String, String)> {
        let metrics = self.figures("metrics").await;
        for name in
            ["questions_total{", "platform_seconds", "platform_retries_total", "catalog_age"]
        {
            assert!(metrics.contains(&format!("amtslotse_{name}")), "{name}: {metrics}");
        }
        let health = self.figures("readyz").await;
        assert!(health.contains("\"status\":"), "{health}");
        let rows = self.database.dump().await;
        let key = self.key(["telegram", &CHAT.to_string()]);
        assert!(rows.contains(&key) && rows.contains("hund-anmelden"), "{rows}");
        self.nothing_hangs_on_a_sender(&rows);
        // The program still runs: so the write-ahead log is there, too.
        let read = |path: PathBuf| {
            let bytes = std::fs::read(&path).unwrap();
            (path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned())
        };
        let files: Vec<_> = self.database.files().into_iter().map(read).collect();
        if let Database::Sqlite(_) = self.database {
            assert!(files.iter().any(|(name, _)| name.ends_with("-wal")), "no write-ahead log");
            assert!(files.iter().any(|(_, bytes)| bytes.contains(&key)), "other files are written");
        }
        let pages = [("metrics", metrics), ("readyz", health), ("tables", rows)];
        pages.into_iter().map(|(name, text)| (name.to_owned(), text)).chain(files).collect()
    }

    /// In groups and guilds, nobody's id leads to a row.
    fn nothing_hangs_on_a_sender(&self, dump: &str) {
        let sender = discord::CITIZEN;
        for parts in [
            ["telegram", &SENDER.to_string()],
            ["telegram", &format!("{GROUP}/{SENDER}")],
            ["telegram", &format!("{GROUP}/sender/{SENDER}")],
            ["telegram", &GROUP.to_string()],
            ["discord", sender],
            ["discord", &format!("user/{sender}")],
            ["discord", &format!("private/{}", discord::PUBLIC)],
        ] {
            assert!(!dump.contains(&self.key(parts)), "{parts:?}: {dump}");
        }
    }
}

/// What of a person is in a sink, with the lines it is in.
fn leaks(sink: &str, text: &str) -> Vec<String> {
    let leak = |canary: &&str| {
        let mut lines = text.lines().filter(|line| found_in(line).contains(canary));
        format!("{canary} in {sink}: {}", lines.next().unwrap_or_default())
    };
    found_in(text).iter().map(leak).collect()
}

#[track_caller]
fn nothing_found(sink: &str, text: &str) {
    assert_eq!(leaks(sink, text), Vec::<String>::new());
}

/// All that is said, with all that goes wrong.
async fn tell(database: Database, way: Way, format: &str) {
    let mut town = Town::open(database, way, format).await;
    telegram::talk(&town).await;
    discord::talk(&town).await;
    telegram::fail(&town).await;
    if let Database::Postgres(server) = &mut town.database {
        server.stop_immediate();
        telegram::say(&town, telegram::private(json!({"text": format!("hund {WORD}")}))).await;
        until("the store is missed", async || town.figures("readyz").await.contains("\"store\""))
            .await;
        let health = town.figures("readyz").await;
        nothing_found("readyz without a store", &health);
        let Database::Postgres(server) = &mut town.database else { unreachable!() };
        server.restart();
        town.program.until_written("the store is up again").await;
    }
    telegram::say(&town, telegram::private(json!({"text": "hund anmelden"}))).await;
    town.search().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_67_nothing_leaks_where_messages_are_fetched_on_sqlite() {
    tell(Database::sqlite(), Way::Fetched, "json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_67_nothing_leaks_where_messages_are_fetched_on_postgresql() {
    tell(Database::postgres(), Way::Fetched, "text").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_67_nothing_leaks_where_messages_are_brought_on_sqlite() {
    tell(Database::sqlite(), Way::Brought, "text").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_67_nothing_leaks_where_messages_are_brought_on_postgresql() {
    tell(Database::postgres(), Way::Brought, "json").await;
}

#[test]
fn every_canary_would_be_found() {
    for canary in CANARIES {
        let line = format!("a line with {} in it", canary.to_uppercase());
        assert_eq!(found_in(&line), [canary]);
    }
    assert!(found_in("a line with nothing in it").is_empty());
}

// --- Faults inside --------------------------------------------------------------------------------

/// Panics with a citizen's words.
struct FaultyOffers;

impl Offers for FaultyOffers {
    fn offer(&self, _: &ServiceId, _: RegionKey) -> Option<Offer> {
        panic!("»hund anmelden {WORD}« of {FIRST_NAME} in {CHAT}");
    }
}

const CHILD: &str = "AMTSLOTSE_TEST_PRIVACY";

/// Run by the test below in a process of its own, whose log can be read.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other half of fault_69_a_fault_inside_tells_nothing"]
async fn faulty_child() {
    let Ok(urls) = std::env::var(CHILD) else { return };
    let (telegram_url, discord_url) = urls.split_once(' ').unwrap();
    let (level, format) = (LogLevel::Trace, LogFormat::Json);
    amtslotse::telemetry::init(&LogConfig { level, format });
    let metrics = amtslotse::metrics::install().unwrap();
    let bot = Arc::new(BOT.with_offers(Arc::new(FaultyOffers)));
    let app = App::new(TenantId::only(), bot, crate::shared().await, &Config::default());
    let shutdown = CancellationToken::new();
    let telegram = tokio::spawn({
        let (app, part) = (app.clone(), crate::part(&app, "telegram"));
        let config = TelegramConfig {
            enabled: true,
            token: format!("123456:{TELEGRAM_TOKEN}").into(),
            api_url: telegram_url.to_owned(),
            ..TelegramConfig::default()
        };
        let shutdown = shutdown.clone();
        async move { channel::telegram::run(app, &config, part, shutdown).await }
    });
    let discord = tokio::spawn({
        let (app, part) = (app.clone(), crate::part(&app, "discord"));
        let config = DiscordConfig {
            enabled: true,
            token: DISCORD_TOKEN.to_owned().into(),
            api_url: discord_url.to_owned(),
            ..DiscordConfig::default()
        };
        let shutdown = shutdown.clone();
        async move { channel::discord::run(app, &config, part, shutdown).await }
    });
    let mut line = String::new();
    // Until the parent is done.
    let _ = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line)).await;
    shutdown.cancel();
    telegram.await.unwrap().unwrap();
    discord.await.unwrap().unwrap();
    eprintln!("{}", metrics.render());
    eprintln!("{}", serde_json::to_string(&app.shared().health.report()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_69_a_fault_inside_tells_nothing() {
    let telegram = FakeTelegram::start().await;
    let discord = FakeDiscord::start().await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "privacy::canary::faulty_child", "--ignored", "--nocapture"]);
    let child = Program::start(child.env(CHILD, format!("{} {}", telegram.url, discord.url)));
    let question = format!("hund anmelden in tübingen {WORD}");
    telegram.deliver(telegram::private(json!({"text": question})));
    let sorry = telegram.sent(1).await;
    assert!(sorry.body["text"].as_str().unwrap().contains("schiefgegangen"), "{sorry:?}");
    discord.nth("PUT", "/commands", 1).await;
    discord.event("MESSAGE_CREATE", discord::message("01", &question)).await;
    let sorry = discord.nth("POST", "/messages", 1).await;
    assert!(sorry.body.to_string().contains("schiefgegangen"), "{sorry:?}");
    let (_, written) = child.finish();
    for part in ["a fault in the program", "privacy/canary.rs", "the citizen got an apology"] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert!(written.contains("amtslotse_panics_total{place=\"answer\"} 2"), "{written}");
    nothing_found("the output of a program with a fault", &written);
}
