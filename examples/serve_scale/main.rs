//! The whole program with many towns: how long it takes to start, what memory each town costs, and
//! how soon a changed overlay is in use. **All data are synthetic.** Linux only.
//!
//! ```text
//! cargo build --release
//! cargo run --example serve_scale -- target/release/amtslotse [TOWNS] [ENTRIES]
//! ```
//!
//! Each town has a Telegram bot (polling, against a server of this example on loopback) and an
//! overlay. Memory is the resident set once all towns wait for messages, with all of them and with
//! one; the difference is divided by their number.

#[path = "../tenants_scale/overlay.rs"]
mod overlay;

use std::{
    collections::{HashMap, HashSet},
    env, fs,
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use axum::{
    Json, Router,
    extract::{Path as UrlPath, State},
    routing::post,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, time::timeout};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_secs(25);
const CHANGES: usize = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = env::args().skip(1);
    let program = args.next().context("the path of the program is missing")?;
    let towns = args.next().map_or(Ok(300), |text| text.parse())?;
    let entries = args.next().map_or(Ok(20), |text| text.parse())?;
    let alone = Running::start(&program, 1, entries).await?.mebibytes()?;
    println!("1 town: {alone:.1} MiB resident");
    let running = Running::start(&program, towns, entries).await?;
    let all = running.mebibytes()?;
    let each = (all - alone) / (towns - 1).max(1) as f64;
    println!("{towns} towns, {entries} entries each: {all:.1} MiB resident, {each:.2} MiB a town");
    for number in 0..CHANGES {
        println!("a changed overlay: in use after {:.2?}", running.change(number).await?);
    }
    Ok(())
}

/// The program at work.
struct Running {
    dir: TempDir,
    child: Child,
    telegram: Telegram,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts the program with so many towns, and waits until all of them wait for messages.
    async fn start(program: &str, towns: usize, entries: usize) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let telegram = Telegram::start().await?;
        write_towns(dir.path(), &telegram.url, towns, entries)?;
        let socket = UnixDatagram::bind(dir.path().join("notify"))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let started = Instant::now();
        let child = Command::new(program)
            .args(["serve", "--config"])
            .arg(dir.path())
            .env("NOTIFY_SOCKET", dir.path().join("notify"))
            .stderr(Stdio::null())
            .spawn()?;
        let running = Self { dir, child, telegram };
        let ready = tokio::task::spawn_blocking(move || wait_for_ready(&socket));
        ready.await??;
        let (ready, cpu) = (started.elapsed(), running.cpu()?);
        print!("{towns} towns: ready after {ready:.2?} ({cpu:.2?} of CPU), ");
        running.telegram.until(|seen| seen.waiting.len() == towns).await?;
        println!("all connected after {:.2?}", started.elapsed());
        Ok(running)
    }

    /// The resident set.
    fn mebibytes(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).context("VmRSS")?;
        Ok(kibibytes.parse::<f64>()? / 1024.0)
    }

    /// The time it has computed, on all cores.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name in brackets; user and system time are the 12th and 13th of the rest.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Changes the overlay of a town; how long it takes until it answers accordingly.
    async fn change(&self, number: usize) -> anyhow::Result<Duration> {
        let path = format!("tenants/ort-{number}/services/kultur-freizeit/ort-{number}-0.toml");
        let path = self.dir.path().join(path);
        let authority = format!("Umbenanntes Amt {number}");
        let changed = fs::read_to_string(&path)?.replace("Bürgerbüro", &authority);
        let question = overlay::texts(number, 1)[1].1.lines().next().unwrap_or_default().to_owned();
        let started = Instant::now();
        let beside = path.with_extension("new");
        fs::write(&beside, changed)?;
        fs::rename(beside, path)?;
        loop {
            let answer = self.telegram.ask(number, &question).await?;
            if answer.contains(&authority) {
                return Ok(started.elapsed());
            }
            ensure!(started.elapsed() < PATIENCE, "the change is never in use: {answer}");
            // Each question is asked in a chat of its own, so that none is too fast.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn wait_for_ready(socket: &UnixDatagram) -> anyhow::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let length = socket.recv(&mut buffer).context("the program never got ready")?;
        if String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == "READY=1") {
            return Ok(());
        }
    }
}

fn write_towns(dir: &Path, url: &str, towns: usize, entries: usize) -> anyhow::Result<()> {
    let settings = format!(
        "[bot]\ndata = \"{}\"\n[store]\nurl = \"sqlite:{}\"\n[metrics]\nlisten = \"\"\n\
         [http]\nlisten = \"127.0.0.1:0\"\n[telegram]\napi_url = \"{url}\"\n",
        dir.join("data").display(),
        dir.join("state.db").display(),
    );
    fs::write(dir.join("config.toml"), settings)?;
    for number in 0..towns {
        let town = format!(
            "[operator]\nname = \"Gemeinde Musterort {number}\"\n\
             [telegram]\nenabled = true\ntoken = \"{number}:ort\"\n"
        );
        let own = dir.join(format!("tenants/ort-{number}"));
        fs::create_dir_all(own.join("services/kultur-freizeit"))?;
        fs::create_dir_all(own.join("phrases/de"))?;
        fs::write(own.with_extension("toml"), town)?;
        for (path, text) in overlay::texts(number, entries) {
            fs::write(own.join(path), text)?;
        }
    }
    Ok(())
}

/// A Bot API server for many bots.
struct Telegram {
    url: String,
    seen: watch::Sender<Seen>,
}

/// What it knows, by a bot's number.
#[derive(Default)]
struct Seen {
    /// Those that have asked for updates.
    waiting: HashSet<usize>,
    updates: HashMap<usize, Vec<Value>>,
    answers: HashMap<usize, Vec<String>>,
    next: i64,
}

impl Telegram {
    async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen = watch::Sender::new(Seen::default());
        let router = Router::new().route("/{bot}/{method}", post(answer)).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, seen })
    }

    async fn until(&self, holds: impl FnMut(&Seen) -> bool) -> anyhow::Result<()> {
        let mut seen = self.seen.subscribe();
        timeout(PATIENCE, seen.wait_for(holds)).await??;
        Ok(())
    }

    /// Asks a town something; the answer.
    async fn ask(&self, bot: usize, text: &str) -> anyhow::Result<String> {
        let answers = |seen: &Seen| seen.answers.get(&bot).map_or(0, Vec::len);
        let before = answers(&self.seen.borrow());
        let date = time::OffsetDateTime::now_utc().unix_timestamp();
        self.seen.send_modify(|seen| {
            seen.next += 1;
            let chat = seen.next;
            let message = json!({
                "message_id": chat, "date": date, "text": text,
                "chat": {"id": chat, "type": "private", "first_name": "A"},
                "from": {"id": chat, "is_bot": false, "first_name": "A"},
            });
            let update = json!({"update_id": chat, "message": message});
            seen.updates.entry(bot).or_default().push(update);
        });
        self.until(|seen| answers(seen) > before).await?;
        let seen = self.seen.borrow();
        Ok(seen.answers.get(&bot).and_then(|answers| answers.last().cloned()).unwrap_or_default())
    }
}

async fn answer(
    State(seen): State<watch::Sender<Seen>>,
    UrlPath((bot, method)): UrlPath<(String, String)>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let number = bot.trim_start_matches("bot").split(':').next().and_then(|n| n.parse().ok());
    let Some(bot) = number else { return Json(json!({"ok": false, "error_code": 401})) };
    let result = match method.to_lowercase().as_str() {
        "getme" => json!({"id": 1, "is_bot": true, "first_name": "A", "username": "ABot"}),
        "getwebhookinfo" => json!({"url": "", "pending_update_count": 0}),
        "getupdates" => updates(&seen, bot, body["offset"].as_i64()).await.into(),
        "sendmessage" => {
            let text = body["text"].as_str().unwrap_or_default().to_owned();
            seen.send_modify(|seen| seen.answers.entry(bot).or_default().push(text));
            let chat = json!({"id": body["chat_id"], "type": "private", "first_name": "A"});
            json!({"message_id": 1, "date": 1, "chat": chat, "text": "A"})
        }
        _ => json!(true),
    };
    Json(json!({"ok": true, "result": result}))
}

/// What a bot has not confirmed; waits for it as Telegram does.
async fn updates(seen: &watch::Sender<Seen>, bot: usize, offset: Option<i64>) -> Vec<Value> {
    seen.send_modify(|seen| {
        seen.waiting.insert(bot);
        let after = |update: &Value| update["update_id"].as_i64() >= offset;
        seen.updates.entry(bot).or_default().retain(after);
    });
    let pending = |seen: &Seen| seen.updates.get(&bot).cloned().unwrap_or_default();
    let mut changes = seen.subscribe();
    let _ = timeout(POLL, changes.wait_for(|seen| !pending(seen).is_empty())).await;
    let seen = seen.borrow();
    pending(&seen)
}
