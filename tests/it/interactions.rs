//! Discord's interactions as it brings them itself, signed: what a citizen is told, who is turned
//! away, and what two processes make of the same one.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use amtslotse::{
    app::{App, Shared},
    bot::Bot,
    channel::{
        ChannelError,
        discord::{Endpoint, Pace, set_up_at},
    },
    config::{Config, DiscordConfig, DiscordMode},
    ids::TenantId,
    store::Store,
};
use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    BOT,
    discord::{
        CALLBACK, TOKEN,
        events::{GUILD, PUBLIC, choose, guilded, in_guild, leistung, message, press, typing},
        fake::{APP, Fake, Received, answer_to},
        pressable, shown, slow_bot, text,
    },
};

/// What Discord gives a program before it tells the citizen that it does not answer.
const DISCORD_WAITS: Duration = Duration::from_secs(3);
const ORIGINAL: &str = "/messages/@original";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn public_key() -> String {
    hex(key().verifying_key().as_bytes())
}

fn config(url: &str) -> DiscordConfig {
    DiscordConfig {
        enabled: true,
        token: TOKEN.to_owned().into(),
        api_url: url.to_owned(),
        mode: DiscordMode::Interactions,
        public_key: public_key(),
        application_id: APP.to_owned(),
        ..DiscordConfig::default()
    }
}

/// In a hurry, but for what a slow machine may need.
fn pace() -> Pace {
    Pace { retry: Duration::from_millis(50), ..Pace::default() }
}

/// The headers by which Discord shows that it is Discord.
fn signed(body: &[u8], timestamp: i64) -> HeaderMap {
    let timestamp = timestamp.to_string();
    let signature = key().sign(&[timestamp.as_bytes(), body].concat());
    let mut headers = HeaderMap::new();
    headers.insert("x-signature-ed25519", hex(&signature.to_bytes()).parse().unwrap());
    headers.insert("x-signature-timestamp", timestamp.parse().unwrap());
    headers
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// A Discord, and what receives its interactions.
struct Line {
    fake: Fake,
    shared: Shared,
    endpoint: Endpoint,
}

impl Line {
    async fn open() -> Self {
        Self::open_with(BOT.clone(), pace()).await
    }

    async fn open_with(bot: Bot, pace: Pace) -> Self {
        let (fake, shared) = (Fake::start().await, crate::shared().await);
        let endpoint = endpoint(&fake, &shared, bot, pace).await.expect("it is set up");
        Self { fake, shared, endpoint }
    }

    /// What a citizen is shown at once.
    async fn ask(&self, interaction: &Value) -> Received {
        self.fake.await_answer(interaction);
        let start = Instant::now();
        let (status, answer) = bring(&self.endpoint, interaction).await;
        assert_eq!(status, StatusCode::OK, "{interaction:#}");
        assert!(start.elapsed() < DISCORD_WAITS);
        self.fake.take_answer(interaction);
        nobody_is_notified(&answer);
        Received { method: "POST".to_owned(), path: CALLBACK.to_owned(), body: answer }
    }

    /// Everything is done that a question leads to.
    async fn close(self) -> (Fake, Store) {
        self.endpoint.drain().await;
        (self.fake, self.shared.store)
    }
}

async fn endpoint(
    fake: &Fake,
    shared: &Shared,
    bot: Bot,
    pace: Pace,
) -> Result<Endpoint, ChannelError> {
    let app = App::new(TenantId::only(), Arc::new(bot), shared.clone(), &Config::default());
    let part = crate::part(&app, "discord");
    set_up_at(app, &config(&fake.url), &part, pace).await
}

/// What Discord is told in return for an interaction.
async fn bring(endpoint: &Endpoint, interaction: &Value) -> (StatusCode, Value) {
    let body = interaction.to_string();
    let headers = signed(body.as_bytes(), now());
    let (status, json) = endpoint.receive(&headers, Body::from(body)).await;
    (status, serde_json::from_slice(&json).unwrap_or_default())
}

/// What shows something forbids every mention.
#[track_caller]
fn nobody_is_notified(answer: &Value) {
    let shown = &answer["data"];
    if shown["content"].is_null() && shown["embeds"].is_null() {
        return;
    }
    let allowed = &shown["allowed_mentions"];
    assert_eq!(allowed["parse"], json!([]), "{answer:#}");
    assert_eq!(allowed["users"], json!([]), "{answer:#}");
    assert_eq!(allowed["replied_user"], json!(false), "{answer:#}");
}

// --- Who may come in ------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn fault_37_only_what_discord_signed_lately_comes_in() {
    let line = Line::open().await;
    let ping = json!({ "type": 1, "id": "1", "application_id": APP }).to_string();
    let ask = |headers: HeaderMap, body: &str| {
        let body = Body::from(body.to_owned());
        let line = &line;
        async move { line.endpoint.receive(&headers, body).await }
    };
    let good = signed(ping.as_bytes(), now());
    assert_eq!(ask(good.clone(), &ping).await, (StatusCode::OK, br#"{"type":1}"#.to_vec()));

    let other_key = SigningKey::from_bytes(&[8; 32]).sign(ping.as_bytes());
    let mut forged = good.clone();
    forged.insert("x-signature-ed25519", hex(&other_key.to_bytes()).parse().unwrap());
    let mut other_time = good.clone();
    other_time.insert("x-signature-timestamp", (now() + 1).to_string().parse().unwrap());
    let with = |name: &'static str, value: Option<&str>| {
        let mut headers = good.clone();
        match value {
            Some(value) => drop(headers.insert(name, value.parse().unwrap())),
            None => drop(headers.remove(name)),
        }
        headers
    };
    for (what, headers) in [
        ("nothing", HeaderMap::new()),
        ("no signature", with("x-signature-ed25519", None)),
        ("no time", with("x-signature-timestamp", None)),
        ("no number", with("x-signature-timestamp", Some("gestern"))),
        ("no hexadecimal digits", with("x-signature-ed25519", Some("zz"))),
        ("half a signature", with("x-signature-ed25519", Some(&"00".repeat(32)))),
        ("another key", forged),
        ("replayed with another time", other_time),
        ("signed long ago", signed(ping.as_bytes(), now() - 301)),
        ("signed in the future", signed(ping.as_bytes(), now() + 360)),
    ] {
        let refused = (StatusCode::UNAUTHORIZED, Vec::new());
        assert_eq!(ask(headers, &ping).await, refused, "{what}");
    }
    let other_body = ping.replace('1', "2");
    assert_eq!(ask(good, &other_body).await.0, StatusCode::UNAUTHORIZED, "another body");
    for (body, expected) in [
        ("", StatusCode::BAD_REQUEST),
        ("[[[", StatusCode::BAD_REQUEST),
        (r#"{"type":99}"#, StatusCode::BAD_REQUEST),
        (r#"{"type":2,"id":"\ud800"}"#, StatusCode::BAD_REQUEST),
        (&"x".repeat(1024 * 1024 + 1), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(ask(signed(body.as_bytes(), now()), body).await.0, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_35_the_same_interaction_is_answered_once_by_one_of_two_processes() {
    let store = Store::in_memory().await.unwrap();
    let fake = Fake::start().await;
    let processes = [crate::shared_with(store.clone()), crate::shared_with(store.clone())];
    let one = endpoint(&fake, &processes[0], BOT.clone(), pace()).await.unwrap();
    let other = endpoint(&fake, &processes[1], BOT.clone(), pace()).await.unwrap();
    for _ in 0..10 {
        let question = leistung(&fake, &[("frage", "hund anmelden")]);
        let (a, b) = tokio::join!(bring(&one, &question), bring(&other, &question));
        let (answered, refused) = if a.0 == StatusCode::OK { (a, b) } else { (b, a) };
        assert_eq!((answered.0, refused.0), (StatusCode::OK, StatusCode::CONFLICT));
        assert_eq!(answered.1["type"], 4);
        for endpoint in [&one, &other] {
            assert_eq!(bring(endpoint, &question).await.0, StatusCode::CONFLICT, "once more");
        }
    }
    one.drain().await;
    other.drain().await;
    let counts = store.counts(None, "2026-01-01").await.unwrap();
    let answers = counts.iter().find(|row| row.kind == "answer").unwrap();
    assert_eq!(answers.n, 10, "each was answered once");
}

// --- What a citizen is told -----------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_answered_for_the_asker_alone_and_goes_on_under_its_message() {
    let line = Line::open().await;
    let question = guilded(leistung(&line.fake, &[("frage", "reisepass beantragen")]));
    let card = line.ask(&question).await;
    assert_eq!((&card.body["type"], &shown(&card)["flags"]), (&json!(4), &json!(64)));
    assert!(text(&card).contains("Reisepass"), "{}", text(&card));

    // Which message it became is known once Discord has it: there the conversation goes on.
    let id = answer_to(question["id"].as_str().unwrap());
    let secret = &line.shared.secret;
    let thread = secret.key(&["thread", "default", "discord", &format!("message/{PUBLIC}/{id}")]);
    line.fake.nth("GET", ORIGINAL, 1).await;
    stored(&line.shared.store, &thread).await;
    let mut below = in_guild(&id, "");
    below["flags"] = json!(64);
    let data = "1|s|reisepass-beantragen||c";
    let changed = line.ask(&guilded(press(&line.fake, below, data))).await;
    assert_eq!(changed.body["type"], 7, "the message is changed");
    assert!(text(&changed).contains("Euro"), "{}", text(&changed));
    assert_eq!(line.fake.count("POST", CALLBACK), 0, "nothing is told twice");
    let (_, store) = line.close().await;
    let recalled = store.recall("default", &thread).await.unwrap().expect("a conversation");
    assert!(recalled.state.contains(r#""facets":["cost"]"#), "{}", recalled.state);
}

/// Waits until a conversation is kept.
async fn stored(store: &Store, thread: &amtslotse::store::Key) {
    let waiting = async {
        while store.stored("default", thread).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_private_a_place_is_asked_for_and_chosen() {
    let line = Line::open().await;
    let options = [("frage", "hund anmelden"), ("ort", "Frankfurt")];
    let asked = line.ask(&leistung(&line.fake, &options)).await;
    assert!(shown(&asked)["flags"].is_null(), "nobody else reads along");
    let value = pressable(&asked, "Main");
    let card = line.ask(&choose(&line.fake, message("77", ""), &value)).await;
    assert_eq!(card.body["type"], 7);
    assert!(text(&card).contains("Frankfurt am Main"), "{}", text(&card));
    let (fake, _) = line.close().await;
    assert_eq!(fake.count("GET", ORIGINAL), 0, "a private chat is one conversation");
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_completed() {
    let line = Line::open().await;
    let answer = line.ask(&typing(&line.fake, "reisep")).await;
    assert_eq!(answer.body["type"], 8);
    let choices = answer.body["data"]["choices"].as_array().unwrap();
    assert!((1..=25).contains(&choices.len()));
    let value = choices[0]["value"].as_str().unwrap();
    let card = line.ask(&leistung(&line.fake, &[("frage", value)])).await;
    assert_eq!(shown(&card)["embeds"][0]["title"], choices[0]["name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_32_forged_presses_are_told_to_be_out_of_date() {
    let line = Line::open().await;
    for data in ["", "0|old", "1|s|DROP TABLE||", "2|s|hund-anmelden||"] {
        let answer = line.ask(&press(&line.fake, message("77", ""), data)).await;
        assert_eq!(answer.body["type"], 4, "a message of its own");
        assert!(text(&answer).contains("veraltet"), "{}", text(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_23_mentions_in_text_notify_nobody() {
    let line = Line::open().await;
    let nasty = "@everyone <@&1> <@1> reisepass beantragen";
    for question in [
        leistung(&line.fake, &[("frage", nasty)]),
        guilded(leistung(&line.fake, &[("frage", nasty), ("ort", "@here <@1>")])),
    ] {
        // That mentions are forbidden, `ask` sees to.
        let answer = line.ask(&question).await;
        assert!(!text(&answer).contains("<@"), "{}", text(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_who_asks_too_fast_is_told_so() {
    let line = Line::open().await;
    let question = || leistung(&line.fake, &[("frage", "danke")]);
    for _ in 0..Config::default().limits.per_chat_per_minute {
        assert!(!text(&line.ask(&question()).await).contains("zu schnell"));
    }
    for _ in 0..2 {
        let told = line.ask(&question()).await;
        assert!(text(&told).contains("zu schnell"), "Discord shows no answer as a fault of ours");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_23_a_late_answer_is_announced_and_follows() {
    let (bot, go) = slow_bot();
    let pace = Pace { defer: Duration::from_millis(100), ..pace() };
    let line = Line::open_with(bot, pace).await;
    let options = [("frage", "id:reisepass-beantragen"), ("ort", "Köln")];
    let question = guilded(leistung(&line.fake, &options));
    line.fake.await_answer(&question);
    let (status, wait) = bring(&line.endpoint, &question).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&wait["type"], &wait["data"]["flags"]), (&json!(5), &json!(64)));
    // The answer is there before Discord has heard that there will be one.
    drop(go);
    line.fake.nth("PATCH", ORIGINAL, 1).await;
    line.fake.take_answer(&question);
    let late = line.fake.nth("PATCH", ORIGINAL, 2).await;
    assert!(text(&late).contains("Köln"), "{}", text(&late));
    nobody_is_notified(&json!({ "data": late.body }));
    let (fake, _) = line.close().await;
    assert_eq!(fake.count("PATCH", ORIGINAL), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_follows_once_discord_has_the_answer() {
    let line = Line::open().await;
    line.ask(&leistung(&line.fake, &[("frage", "ich ziehe am 3. mai um")])).await;
    let question = leistung(&line.fake, &[("frage", "kalender")]);
    line.fake.await_answer(&question);
    assert_eq!(bring(&line.endpoint, &question).await.0, StatusCode::OK);
    let follow_up = format!("/webhooks/{APP}/");
    line.fake.nth("POST", &follow_up, 1).await;
    line.fake.take_answer(&question);
    let file = line.fake.nth("POST", &follow_up, 2).await;
    let form = file.body["form"].as_str().unwrap();
    assert!(form.contains("umzug.ics") && form.contains("BEGIN:VCALENDAR"), "{form}");
    assert!(form.contains(r#""allowed_mentions":{"parse":[]}"#), "{form}");
}

// --- What the operator must know ------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_registered_once_and_again_when_they_change() {
    let (fake, shared) = (Fake::start().await, crate::shared().await);
    for _ in 0..3 {
        endpoint(&fake, &shared, BOT.clone(), pace()).await.unwrap();
    }
    assert_eq!((fake.count("GET", "/commands"), fake.count("PUT", "/commands")), (3, 1));
    fake.change_commands(|commands| commands[0]["description"] = json!("of an older version"));
    endpoint(&fake, &shared, BOT.clone(), pace()).await.unwrap();
    assert_eq!(fake.count("PUT", "/commands"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_what_the_operator_must_change_is_said() {
    let (fake, shared) = (Fake::start().await, crate::shared().await);
    fake.faults().bad_gateway = 2;
    endpoint(&fake, &shared, BOT.clone(), pace()).await.expect("Discord may be away for a while");
    fake.faults().unauthorized = true;
    let Err(ChannelError::Misconfigured(why)) = endpoint(&fake, &shared, BOT.clone(), pace()).await
    else {
        panic!("a refused token");
    };
    assert!(why.contains("discord.token: Discord lehnt das Token ab"), "{why}");
    assert!(!why.contains(TOKEN), "{why}");

    // 64 digits, but no point of the curve.
    let app = App::new(TenantId::only(), Arc::new(BOT.clone()), shared, &Config::default());
    let part = crate::part(&app, "discord");
    let no_point = "02".to_owned() + &"0".repeat(62);
    let config = DiscordConfig { public_key: no_point, ..config(&fake.url) };
    let Err(ChannelError::Misconfigured(why)) = set_up_at(app, &config, &part, pace()).await else {
        panic!("no key");
    };
    assert!(why.starts_with("discord.public_key: "), "{why}");
}

// --- The whole program ----------------------------------------------------------------------------

fn program(dir: &Path, fake: &Fake, key: &str, port: u16) -> Command {
    std::fs::create_dir_all(dir.join("catalog/services/tiere")).unwrap();
    std::fs::write(dir.join("catalog/services/tiere/hund-anmelden.toml"), DOG).unwrap();
    std::fs::create_dir_all(dir.join("catalog/lexicon")).unwrap();
    std::fs::write(dir.join("catalog/lexicon/concepts.toml"), "format = 1\n").unwrap();
    let settings = format!(
        "[bot]\ncatalog = {:?}\ndata = {:?}\n[store]\nurl = \"sqlite:{}\"\n\
         [metrics]\nlisten = \"\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n\
         [discord]\nenabled = true\nmode = \"interactions\"\ntoken = \"{TOKEN}\"\n\
         application_id = \"{APP}\"\npublic_key = \"{key}\"\napi_url = \"{}\"\n",
        dir.join("catalog"),
        dir.join("data"),
        dir.join("state.db").display(),
        fake.url,
    );
    std::fs::write(dir.join("config.toml"), settings).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_amtslotse"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AMTSLOTSE_")) {
        program.env_remove(name);
    }
    program.arg("serve").arg("--config").arg(dir.join("config.toml"));
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    program
}

const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n";

async fn output(child: Child) -> (i32, String) {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap();
    let output = output.unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// One that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_the_program_answers_what_is_signed_and_ends_cleanly() {
    let (fake, dir, port) = (Fake::start().await, tempfile::tempdir().unwrap(), free_port());
    let child = program(dir.path(), &fake, &public_key(), port).spawn().unwrap();
    fake.nth("PUT", "/commands", 1).await;
    let client = reqwest::Client::new();
    let post = |path: &'static str, body: String, headers: HeaderMap| {
        let url = format!("http://127.0.0.1:{port}{path}");
        let request = client.post(url).headers(headers).body(body);
        async move {
            let response = request.send().await.unwrap();
            (response.status(), response.text().await.unwrap())
        }
    };
    let signed_post = |path, body: Value| {
        let body = body.to_string();
        let headers = signed(body.as_bytes(), now());
        post(path, body, headers)
    };
    // The commands are registered a moment before it takes anything.
    let ping = json!({ "type": 1, "id": "1", "application_id": APP });
    let started = Instant::now();
    while signed_post("/discord", ping.clone()).await.0 == StatusCode::SERVICE_UNAVAILABLE {
        assert!(started.elapsed() < Duration::from_secs(10), "it is not ready");
    }
    assert_eq!(
        signed_post("/discord", ping.clone()).await,
        (StatusCode::OK, r#"{"type":1}"#.into())
    );
    assert_eq!(
        post("/discord", ping.to_string(), HeaderMap::new()).await.0,
        StatusCode::UNAUTHORIZED
    );
    for foreign in ["/discord/koeln", "/discord/..", "/telegram", "/discord/Default"] {
        assert_eq!(signed_post(foreign, ping.clone()).await.0, StatusCode::NOT_FOUND, "{foreign}");
    }
    let question = guilded(leistung(&fake, &[("frage", "hund anmelden")]));
    let (status, answer) = signed_post("/discord", question.clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer.contains("Steueramt"), "{answer}");
    assert_eq!(signed_post("/discord", question).await.0, StatusCode::CONFLICT);
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let (code, log) = output(child).await;
    assert_eq!(code, 0, "{log}");
    for secret in [TOKEN, "token-", GUILD, "hund anmelden"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_wrong_key_or_token_ends_and_names_it() {
    let (fake, dir) = (Fake::start().await, tempfile::tempdir().unwrap());
    let short = program(dir.path(), &fake, "c0ffee", free_port()).spawn().unwrap();
    let (code, log) = output(short).await;
    assert_eq!(code, 2, "{log}");
    assert!(log.contains("config.toml: discord.public_key: erwartet: 64"), "{log}");
    assert_eq!(fake.received().len(), 0, "nothing is connected by then");

    fake.faults().unauthorized = true;
    let refused = program(dir.path(), &fake, &public_key(), free_port()).spawn().unwrap();
    let (code, log) = output(refused).await;
    assert_eq!(code, 1, "{log}");
    assert!(log.contains("discord.token: Discord lehnt das Token ab"), "{log}");
    assert!(!log.contains(TOKEN), "{log}");
}
