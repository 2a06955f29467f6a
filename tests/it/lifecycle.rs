//! The process from its start to its end, as an operator sees it: the real program, a Telegram of our
//! own on loopback, monitoring, systemd.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::telegram::fake::{Call, Fake, Trouble};

const PATIENCE: Duration = Duration::from_secs(30);
const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n\
    [[fee]]\ntext = \"je Hund\"\neuro = 90.00\nsource = { title = \"Satzung\", checked = 2026-06-01 }\n";

/// A directory with settings and a small catalog.
struct Town {
    dir: tempfile::TempDir,
    metrics: u16,
}

impl Town {
    /// Settings that lead to this Telegram; `more` is added to them.
    fn new(telegram: &str, more: &str) -> Self {
        let town = Self { dir: tempfile::tempdir().unwrap(), metrics: free_port() };
        town.write("catalog/services/tiere/hund-anmelden.toml", DOG);
        town.write("catalog/lexicon/concepts.toml", "format = 1\n");
        let path = |name: &str| town.path(name).display().to_string();
        let settings = format!(
            "[bot]\ncatalog = {:?}\ndata = {:?}\n[store]\nurl = \"sqlite:{}\"\n\
             [metrics]\nlisten = \"127.0.0.1:{}\"\n\
             [telegram]\nenabled = true\ntoken = \"123456:canary\"\napi_url = \"{telegram}\"\n{more}",
            path("catalog"),
            path("data"),
            path("state.db"),
            town.metrics,
        );
        town.write("config.toml", &settings);
        town
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amtslotse"));
        command.arg("serve").arg("--config").arg(self.path("config.toml")).stderr(Stdio::piped());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AMTSLOTSE_")) {
            command.env_remove(name);
        }
        command
    }

    fn start(&self) -> Running {
        Running::new(self.command())
    }

    /// A start that fails: its exit code, and what it says.
    fn refused(&self) -> (Option<i32>, String) {
        let mut running = self.start();
        let status = running.ended();
        (status.code(), running.said())
    }

    /// What monitoring reads at a path: status and body.
    async fn monitored(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://127.0.0.1:{}{path}", self.metrics)).await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    async fn until_monitored(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let seen = self.monitored(path).await;
            if let Some((status, text)) = &seen
                && wanted(*status, text)
            {
                return text.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{path}: {seen:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// The program, and what it says.
struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (stderr, all) = (child.stderr.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut all = all.lock().unwrap();
                all.push_str(&line);
                all.push('\n');
            }
        });
        Self { child, said }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it said last is on its way to us.
                std::thread::sleep(Duration::from_millis(50));
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn text(call: &Call) -> &str {
    call.body["text"].as_str().unwrap_or_default()
}

fn asks(text: &str) -> Value {
    asks_in(4_711, text)
}

fn asks_in(chat: i64, text: &str) -> Value {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    json!({"message": {
        "message_id": 5, "date": now, "text": text,
        "chat": {"id": chat, "type": "private", "first_name": "A"},
        "from": {"id": chat, "is_bot": false, "first_name": "A"},
    }})
}

#[tokio::test]
async fn monitoring_sees_whether_it_lives_is_ready_and_what_it_does() {
    let fake = Fake::start().await;
    let town = Town::new(&fake.url, "");
    let _running = town.start();
    let ready = town.until_monitored("/readyz", |status, _| status == 200).await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((&ready["status"], &ready["reasons"]), (&json!("ready"), &json!([])));
    fake.deliver(asks("hund anmelden"));
    fake.sent(1).await;
    let figures = town
        .until_monitored("/metrics", |_, text| {
            text.contains("amtslotse_updates_total{tenant=\"default\",channel=\"telegram\",result=\"answered\"} 1")
        })
        .await;
    for figure in [
        "amtslotse_questions_total{tenant=\"default\",channel=\"telegram\",outcome=\"answer\"} 1",
        "amtslotse_channel_up{tenant=\"default\",channel=\"telegram\"} 1",
        "amtslotse_store_up 1",
        "amtslotse_tenants 1",
        "amtslotse_answer_seconds_count{channel=\"telegram\"} 1",
        "process_resident_memory_bytes",
    ] {
        assert!(figures.contains(figure), "{figure}\n{figures}");
    }
    assert_eq!(town.monitored("/livez").await.unwrap().0, 200);
    assert_eq!(town.monitored("/other").await.unwrap().0, 404);
}

#[tokio::test]
async fn fault_64_while_telegram_is_away_it_lives_is_not_ready_and_says_why() {
    let town = Town::new(&format!("http://127.0.0.1:{}", free_port()), "");
    let _running = town.start();
    let why = town
        .until_monitored("/readyz", |status, text| status == 503 && text.contains("unreachable"));
    let why: Value = serde_json::from_str(&why.await).unwrap();
    let telegram = why["reasons"].as_array().unwrap().iter().find(|r| r["part"] == "telegram");
    assert_eq!(telegram.unwrap()["status"], "down", "{why}");
    assert_eq!(town.monitored("/livez").await.unwrap().0, 200);
}

#[tokio::test]
#[cfg(feature = "discord")]
async fn one_channels_failure_never_stops_another() {
    let fake = Fake::start().await;
    // Nobody there knows Discord's token: it is refused.
    let discord = format!("[discord]\nenabled = true\ntoken = \"x\"\napi_url = {:?}\n", fake.url);
    let town = Town::new(&fake.url, &discord);
    let running = town.start();
    let degraded = town.until_monitored("/readyz", |status, text| {
        status == 200 && text.contains("\"discord\"") && !text.contains("\"telegram\"")
    });
    assert!(degraded.await.contains("degraded"), "{}", running.said());
    fake.deliver(asks("hund anmelden"));
    assert!(text(&fake.sent(1).await).contains("Hund anmelden"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_66_sigterm_lets_what_was_begun_be_answered_and_confirmed() {
    let fake = Fake::start().await;
    let town = Town::new(&fake.url, "");
    let mut running = town.start();
    town.until_monitored("/readyz", |status, _| status == 200).await;
    for chat in 1..=20 {
        fake.trouble("SendMessage", Trouble::Slow(Duration::from_millis(800)));
        fake.deliver(asks_in(chat, "hund anmelden"));
    }
    // All are being answered: what is not fetched yet would be the next process's.
    let on_their_way = |fake: &Fake| {
        let calls = fake.calls("SendMessage");
        (calls.iter().filter(|call| call.sent.is_none()).count() == 20).then_some(())
    };
    fake.until("all on their way", on_their_way).await;
    let asked = Instant::now();
    running.signal("-TERM");
    assert!(running.ended().success(), "{}", running.said());
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert_eq!(fake.all_sent().len(), 20);
    // Nothing comes again after the next start.
    assert_eq!(fake.confirmed(), fake.newest().map(|newest| newest + 1));
}

#[tokio::test]
async fn fault_57_after_kill_9_the_conversation_goes_on_at_once() {
    let fake = Fake::start().await;
    let town = Town::new(&fake.url, "");
    let mut running = town.start();
    fake.deliver(asks("hund anmelden"));
    fake.sent(1).await;
    // The answer is sent; that it is noted, monitoring tells.
    town.until_monitored("/metrics", |_, text| text.contains("result=\"answered\"} 1")).await;
    running.signal("-KILL");
    running.ended();
    let again = town.start();
    fake.deliver(asks("und was kostet das?"));
    let began = Instant::now();
    while fake.all_sent().len() < 2 {
        assert!(began.elapsed() < PATIENCE, "{}", again.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nobody says again of what: the service is remembered.
    assert!(text(&fake.sent(2).await).contains("Gebühr"), "{:?}", fake.all_sent());
    assert_eq!(fake.all_sent().len(), 2, "the first question is not answered again");
}

#[tokio::test]
async fn a_faulty_start_says_what_to_change_and_connects_to_nobody() {
    let fake = Fake::start().await;
    let check = |town: &Town, expected: &[&str]| {
        let (code, said) = town.refused();
        assert_eq!(code, Some(2), "{said}");
        for word in expected {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("canary"), "{said}");
    };
    let town = Town::new(&fake.url, "");
    let _taken = TcpListener::bind(("127.0.0.1", town.metrics)).unwrap();
    check(&town, &["metrics.listen", &town.metrics.to_string()]);
    let town = Town::new(&fake.url, "mode = \"webhook\"\n");
    check(&town, &["telegram.webhook_url", "webhook"]);
    let town = Town::new(&fake.url, "");
    town.write("state.db", "this is no database, and it is long enough to be looked at as one");
    check(&town, &["store.url", "state.db"]);
    let untouched = fs::read_to_string(town.path("state.db")).unwrap();
    assert!(untouched.starts_with("this is no database"), "nothing is overwritten");
    let town = Town::new(&fake.url, "");
    town.write("state.secret", "short");
    check(&town, &["store.secret_file", "state.secret"]);
    let town = Town::new(&fake.url, "[limits]\nqueue = 0\n");
    check(&town, &["limits.queue"]);
    assert!(fake.calls("GetMe").is_empty(), "nobody was asked");
}

#[tokio::test]
async fn fault_59_a_second_process_on_the_same_file_is_refused() {
    let fake = Fake::start().await;
    let town = Town::new(&fake.url, "");
    let _first = town.start();
    town.until_monitored("/readyz", |status, _| status == 200).await;
    let mut command = town.command();
    command.env("AMTSLOTSE_METRICS__LISTEN", "");
    let mut second = Running::new(command);
    let code = second.ended().code();
    let said = second.said();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("läuft schon") && said.contains("state.db"), "{said}");
}

/// What the program tells systemd.
#[cfg(unix)]
struct Systemd {
    socket: std::os::unix::net::UnixDatagram,
    heard: String,
}

#[cfg(unix)]
impl Systemd {
    fn listen(path: &Path) -> Self {
        let socket = std::os::unix::net::UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, heard: String::new() }
    }

    fn hears(&mut self, word: &str) {
        let mut buffer = [0; 1_024];
        while !self.heard.contains(word) {
            let length = self.socket.recv(&mut buffer).unwrap_or_else(|error| {
                panic!("{word} is not said ({error}), but: {}", self.heard)
            });
            self.heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
            self.heard.push('\n');
        }
        self.heard.clear();
    }
}

#[tokio::test]
#[cfg(unix)]
async fn systemd_is_told_of_readiness_reload_life_and_end() {
    let fake = Fake::start().await;
    let town = Town::new(&fake.url, "");
    let mut systemd = Systemd::listen(&town.path("notify"));
    let mut command = town.command();
    command.env("NOTIFY_SOCKET", town.path("notify")).env("WATCHDOG_USEC", "400000");
    let mut running = Running::new(command);
    systemd.hears("READY=1");
    systemd.hears("WATCHDOG=1");
    town.write("catalog/services/tiere/hund-anmelden.toml", &DOG.replace("90.00", "91.00"));
    running.signal("-HUP");
    systemd.hears("RELOADING=1");
    systemd.hears("READY=1");
    fake.deliver(asks("was kostet hund anmelden"));
    assert!(text(&fake.sent(1).await).contains("91"), "{}", running.said());
    running.signal("-TERM");
    systemd.hears("STOPPING=1");
    assert!(running.ended().success());
}

#[tokio::test]
async fn logs_can_be_read_by_machines() {
    let fake = Fake::start().await;
    let town = Town::new(&fake.url, "[log]\nformat = \"json\"\nlevel = \"trace\"\n");
    let mut running = town.start();
    fake.deliver(asks("hund anmelden, ich heiße Canary"));
    fake.sent(1).await;
    running.signal("-TERM");
    running.ended();
    let said = running.said();
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    assert!(!said.to_lowercase().contains("canary") && !said.contains("4711"), "{said}");
    let mut rest = String::new();
    let _ = running.child.stdout.take().map(|mut out| out.read_to_string(&mut rest));
    assert!(rest.is_empty());
}
