//! Processes of the real program that share a database, a catalog and secrets.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use super::api::{Api, PATIENCE};

pub const TOKEN: &str = "123456:AAF7-geheimes-Kennwort-das-niemand-sieht";
pub const SECRET: &str = "das-Wort-an-dem-man-Telegram-erkennt";
pub const WEBHOOK_URL: &str = "https://stadt.example/telegram";
const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n";

/// What all processes share.
pub struct Town {
    dir: TempDir,
    database: String,
    mode: &'static str,
}

impl Town {
    /// A town whose processes use a database, and are brought messages (`webhook`) or fetch them
    /// (`polling`).
    pub fn new(database: &str, mode: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "catalog/services/tiere/hund-anmelden.toml", DOG);
        write(dir.path(), "catalog/lexicon/concepts.toml", "format = 1\n");
        write(dir.path(), "key", "a key for tests, which is no secret");
        write(dir.path(), "hook-secret", SECRET);
        Self { dir, database: database.to_owned(), mode }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts a process under a name of its own.
    pub fn start(&self, name: &str, api: &Api) -> Replica {
        let settings = self.path(&format!("{name}.toml"));
        fs::write(&settings, self.settings(&api.url(name))).unwrap();
        Replica::start(name, &settings)
    }

    fn settings(&self, api_url: &str) -> String {
        let (catalog, data) = (self.path("catalog"), self.path("data"));
        let (key, secret) = (self.path("key"), self.path("hook-secret"));
        let Self { database, mode, .. } = self;
        format!(
            "[bot]\ncatalog = {catalog:?}\ndata = {data:?}\n\
             [telegram]\nenabled = true\nmode = {mode:?}\ntoken = {TOKEN:?}\napi_url = {api_url:?}\n\
             webhook_url = {WEBHOOK_URL:?}\nsecret_file = {secret:?}\n\
             [http]\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [store]\nurl = {database:?}\nsecret_file = {key:?}\nlease = \"5s\"\n\
             [log]\nformat = \"json\"\n"
        )
    }
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A running process. It is killed when dropped.
pub struct Replica {
    pub name: String,
    pub doors: Arc<Doors>,
    child: Child,
    reader: Option<JoinHandle<()>>,
}

/// Where a process listens, as soon as it says so, and what it logged.
#[derive(Default)]
pub struct Doors {
    http: OnceLock<SocketAddr>,
    operations: OnceLock<SocketAddr>,
    log: Mutex<String>,
}

impl Doors {
    pub fn http(&self) -> Option<SocketAddr> {
        self.http.get().copied()
    }

    /// All that was logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn read(&self, line: &str) {
        let mut log = self.log.lock().unwrap();
        log.push_str(line);
        log.push('\n');
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let Some(address) = line["fields"]["address"].as_str() else { return };
        let door = match line["fields"]["key"].as_str() {
            Some("http.listen") => &self.http,
            Some("metrics.listen") => &self.operations,
            _ => return,
        };
        door.set(address.parse().unwrap()).unwrap();
    }

    /// What `/readyz` tells operators.
    pub async fn readiness(&self) -> Option<Value> {
        let url = format!("http://{}/readyz", self.operations.get()?);
        let response = reqwest::get(url).await.ok()?;
        serde_json::from_slice(&response.bytes().await.ok()?).ok()
    }

    /// Waits until `/readyz` says `status`, with that reason about that part; how long it took.
    pub async fn until(&self, status: &str, part_and_reason: Option<(&str, &str)>) -> Duration {
        let began = Instant::now();
        loop {
            let report = self.readiness().await.unwrap_or_default();
            let reasons = report["reasons"].as_array().cloned().unwrap_or_default();
            let is_given = part_and_reason.is_none_or(|(part, reason)| {
                reasons.iter().any(|given| given["part"] == part && given["reason"] == reason)
            });
            if report["status"] == status && is_given {
                return began.elapsed();
            }
            let log = || self.log();
            assert!(began.elapsed() < PATIENCE, "not {status}, but {report}; {}", log());
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Replica {
    fn start(name: &str, settings: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_amtslotse"))
            .args(["serve", "--config"])
            .arg(settings)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(File::create(settings.with_extension("out")).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let doors = Arc::<Doors>::default();
        let (stderr, told) = (child.stderr.take().unwrap(), Arc::clone(&doors));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                told.read(&line.unwrap());
            }
        });
        Self { name: name.to_owned(), doors, child, reader: Some(reader) }
    }

    /// Ends it as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub async fn terminate(mut self) -> (ExitStatus, String) {
        let mut kill = Command::new("kill");
        assert!(kill.args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().unwrap().join().unwrap();
                return (status, self.doors.log());
            }
            assert!(Instant::now() < end, "{} does not end: {}", self.name, self.doors.log());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if self.reader.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
