//! Several towns in one process: each speaks for itself, and begins, changes and ends without the
//! others. The real program, against a Bot API server for each town.

mod isolation;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::telegram::fake::{Call, Fake};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// A change on disk is to be in use by then.
const SECONDS: Duration = Duration::from_secs(8);
/// The same in each town: ids of a platform say nothing about whose they are.
const CITIZEN: i64 = 4_711_001;

fn service(name: &str, authority: &str, phrases: &str) -> String {
    format!(
        "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"{authority}\"\n\
         [name.de]\nofficial = \"{name}\"\nplain = \"{name}\"\n[says.de]\nphrases = [{phrases}]\n"
    )
}

/// A directory of settings, and the program that runs on it.
struct Process {
    dir: TempDir,
    running: Option<(Child, Log)>,
}

/// What a program writes on standard error.
#[derive(Clone, Default)]
struct Log(Arc<(Mutex<String>, Condvar)>);

impl Log {
    fn follow(&self, child: &mut Child) {
        let (log, lines) = (self.clone(), BufReader::new(child.stderr.take().unwrap()).lines());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let (text, changed) = &*log.0;
                *text.lock().unwrap() += &(line + "\n");
                changed.notify_all();
            }
        });
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap().clone()
    }

    /// Waits for a line that holds all of these words.
    async fn line(&self, words: &[&str]) -> String {
        let (log, words) =
            (self.clone(), words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let waiting = tokio::task::spawn_blocking(move || {
            let (text, changed) = &*log.0;
            let find = |text: &str| -> Option<String> {
                let mut lines = text.lines();
                lines.find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
            };
            let waiting = |text: &mut String| find(text).is_none();
            let (text, _) =
                changed.wait_timeout_while(text.lock().unwrap(), PATIENCE, waiting).unwrap();
            find(&text).unwrap_or_else(|| panic!("no line with {words:?}: {text}"))
        });
        waiting.await.unwrap()
    }
}

impl Process {
    /// A catalog of one service, and settings for all towns.
    fn new() -> Self {
        let process = Self { dir: tempfile::tempdir().unwrap(), running: None };
        let path = |name: &str| process.dir.path().join(name).display().to_string();
        process.write(
            "config.toml",
            &format!(
                "[bot]\ncatalog = {:?}\ndata = {:?}\n[store]\nurl = \"sqlite:{}\"\n\
                 [metrics]\nlisten = \"\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
                path("catalog"),
                path("data"),
                path("state.db")
            ),
        );
        process.write("catalog/lexicon/concepts.toml", "format = 1\n");
        let dog = service("Hund anmelden", "Steueramt", "\"hund anmelden\", \"neuer hund\"");
        process.write("catalog/services/tiere/hund-anmelden.toml", &dog);
        process
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Renamed into place, as the manual tells operators: never half written.
        let beside = path.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.dir.path().join(path)).unwrap();
    }

    fn program(&self, args: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_amtslotse"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AMTSLOTSE_")) {
            program.env_remove(name);
        }
        program.args(args).arg("--config").arg(self.dir.path());
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        program
    }

    /// Runs it to its end: exit code and what it says.
    async fn run(&self, args: &[&str]) -> (i32, String) {
        let mut program = self.program(args);
        let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap();
        let Output { status, stdout, stderr } = output.unwrap();
        let said = [stdout, stderr].concat();
        (status.code().unwrap_or(-1), String::from_utf8(said).unwrap())
    }

    /// Starts it; it runs until it is dropped.
    fn serve(&mut self) -> Log {
        let mut child = self.program(&["serve"]).spawn().unwrap();
        let log = Log::default();
        log.follow(&mut child);
        self.running = Some((child, log.clone()));
        log
    }

    /// Asks it to stop; its exit code.
    async fn stop(&mut self) -> i32 {
        let (mut child, _) = self.running.take().unwrap();
        Command::new("kill").arg(child.id().to_string()).status().unwrap();
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap();
        ended.unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A town's settings.
struct Town<'a> {
    name: &'a str,
    place: &'a str,
    formal: bool,
    token: &'a str,
    contact: &'a str,
}

impl Town<'_> {
    fn toml(&self, fake: &Fake) -> String {
        let Self { name, place, formal, token, contact } = self;
        format!(
            "[bot]\ndefault_place = \"{place}\"\nformal = {formal}\n\
             [operator]\nname = \"{name}\"\nimprint_url = \"https://{token}.example/impressum\"\n\
             contact = \"{contact}\"\n\
             [telegram]\nenabled = true\ntoken = \"123456:{token}\"\napi_url = \"{}\"\n",
            fake.url
        )
    }
}

const ADORF: Town = Town {
    name: "Stadt Adorf",
    place: "Köln",
    formal: true,
    token: "adorf",
    contact: "Rathaus Adorf, Zimmer 1",
};
const BDORF: Town = Town {
    name: "Gemeinde Bdorf",
    place: "München",
    formal: false,
    token: "bdorf",
    contact: "Rathaus Bdorf, Zimmer 2",
};
const CDORF: Town = Town {
    name: "Markt Cdorf",
    place: "",
    formal: true,
    token: "cdorf",
    contact: "Rathaus Cdorf, Zimmer 3",
};

/// A citizen writes in private; the answer.
async fn ask(fake: &Fake, text: &str) -> String {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1);
    let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let before = fake.all_sent().len();
    fake.deliver(json!({"message": {
        "message_id": id, "date": time::OffsetDateTime::now_utc().unix_timestamp(), "text": text,
        "chat": {"id": CITIZEN, "type": "private", "first_name": "Erika"},
        "from": {"id": CITIZEN, "is_bot": false, "first_name": "Erika"},
    }}));
    shown(&fake.sent(before + 1).await)
}

/// What a message shows.
fn shown(call: &Call) -> String {
    call.body["text"].as_str().unwrap_or_default().to_owned()
}

/// Asks until the answer holds some words; how long that took.
async fn until_answered(fake: &Fake, question: &str, expected: &str) -> Duration {
    let start = Instant::now();
    loop {
        // Commands are not counted against anybody's share in this long a time.
        let answer = ask(fake, question).await;
        if answer.contains(expected) {
            return start.elapsed();
        }
        assert!(start.elapsed() < SECONDS, "{expected} is not in use: {answer}");
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

/// Waits until a town's channel waits for messages.
async fn connected(fake: &Fake) {
    fake.nth("GetUpdates", 1).await;
}

fn connections(fake: &Fake) -> usize {
    fake.calls("GetMe").len()
}

/// That a town was never disturbed.
#[track_caller]
fn undisturbed(fake: &Fake) {
    assert_eq!((connections(fake), fake.broken_off()), (1, 0), "its connection was touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn towns_speak_for_themselves_and_come_change_and_go_without_the_others() {
    let [a, b, c] = [Fake::start().await, Fake::start().await, Fake::start().await];
    let mut process = Process::new();
    process.write("tenants/adorf.toml", &ADORF.toml(&a));
    process.write("tenants/bdorf.toml", &BDORF.toml(&b));
    let meadow = service("Hundewiese", "Grünflächenamt Adorf", "\"wo darf mein hund laufen\"");
    process.write("tenants/adorf/services/tiere/hundewiese.toml", &meadow);
    process.write("tenants/bdorf/phrases/de/hund-anmelden.txt", "wauwau melden\n");
    let log = process.serve();
    connected(&a).await;
    connected(&b).await;

    // Each with its own name, imprint, form of address, place and words.
    let [greeting_a, greeting_b] = [ask(&a, "/start").await, ask(&b, "/start").await];
    assert!(greeting_a.contains("Adorf") && !greeting_a.contains("Bdorf"), "{greeting_a}");
    assert!(greeting_b.contains("Bdorf") && !greeting_b.contains("Adorf"), "{greeting_b}");
    let speaks = |text: &str| [" Sie ", " du ", " dir "].map(|word| text.contains(word));
    assert!(speaks(&greeting_a)[0] && !speaks(&greeting_a)[1], "{greeting_a}");
    assert!(!speaks(&greeting_b)[0], "{greeting_b}");
    assert!(ask(&a, "/impressum").await.contains("https://adorf.example/impressum"));
    assert!(ask(&b, "/impressum").await.contains("https://bdorf.example/impressum"));
    assert!(ask(&a, "hund anmelden").await.contains("Köln"));
    assert!(ask(&b, "hund anmelden").await.contains("München"));
    assert!(ask(&a, "wo darf mein hund laufen").await.contains("Grünflächenamt Adorf"));
    assert!(!ask(&b, "hundewiese").await.contains("Grünflächenamt"));
    assert!(ask(&b, "wauwau melden").await.contains("Steueramt"));
    assert!(!ask(&a, "wauwau melden").await.contains("Steueramt"));

    // A third town; beside it, a faulty file is refused, and said with file and key.
    let start = Instant::now();
    process.write("tenants/bdorf.toml", &BDORF.toml(&b).replace("contact =", "kontakt ="));
    process.write("tenants/cdorf.toml", &CDORF.toml(&c));
    assert!(ask(&c, "/start").await.contains("Cdorf"));
    println!("a town added: answers after {:.1?}", start.elapsed());
    assert!(start.elapsed() < SECONDS);
    log.line(&["bdorf.toml", "operator.kontakt"]).await;
    assert!(ask(&b, "/start").await.contains("Bdorf"));

    // Changed settings and overlays are in use without a new connection.
    let moved = Town { name: "Große Kreisstadt Bdorf", ..BDORF };
    process.write("tenants/bdorf.toml", &moved.toml(&b));
    let renamed = meadow.replace("Grünflächenamt", "Parkverwaltung");
    process.write("tenants/adorf/services/tiere/hundewiese.toml", &renamed);
    let took = until_answered(&b, "/impressum", "Große Kreisstadt Bdorf").await;
    println!("changed settings: in use after {took:.1?}");
    until_answered(&a, "wo darf mein hund laufen", "Parkverwaltung").await;
    for fake in [&a, &b, &c] {
        undisturbed(fake);
    }

    // A changed token: that town alone connects anew. One that another town has is refused, and so is
    // a faulty overlay.
    let renewed = Town { token: "bdorf-neu", ..moved };
    process.write("tenants/bdorf.toml", &renewed.toml(&b));
    process.write("tenants/cdorf.toml", &Town { token: "adorf", ..CDORF }.toml(&c));
    process.write("tenants/adorf/services/tiere/hundewiese.toml", "format = 1\n");
    b.nth("GetMe", 2).await;
    assert!(ask(&b, "/start").await.contains("Bdorf"));
    log.line(&["tenants/adorf.toml und tenants/cdorf.toml", "telegram.token"]).await;
    assert!(ask(&c, "/start").await.contains("Cdorf"));
    log.line(&["adorf", "hundewiese.toml"]).await;
    assert!(ask(&a, "wo darf mein hund laufen").await.contains("Parkverwaltung"));

    // A removed file: that town alone stops.
    process.remove("tenants/cdorf.toml");
    c.until("the end of its poll", |fake| (fake.broken_off() > 0).then_some(())).await;
    undisturbed(&a);
    assert_eq!(connections(&b), 2);
    assert!(ask(&a, "/start").await.contains("Adorf"));
    assert!(ask(&b, "/start").await.contains("Bdorf"));
    assert_eq!(process.stop().await, 0, "{}", log.text());
    let log = log.text();
    for secret in ["123456:", "4711001", "hund laufen"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

/// What the program says about a directory that it does not start with.
async fn refused(files: &[(&str, &str)]) -> String {
    let process = Process::new();
    for (path, text) in files {
        process.write(path, text);
    }
    let (code, said) = process.run(&["serve"]).await;
    assert_eq!(code, 2, "{said}");
    let (code, checked) = process.run(&["config", "check"]).await;
    assert_eq!(code, 2, "a check finds it, too: {checked}");
    assert!(!said.contains("123456:"), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_directory_is_refused_with_file_and_key() {
    let telegram = "[telegram]\nenabled = true\ntoken = \"123456:secret\"\n";
    let has = |said: String, words: &[&str]| {
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    };
    let twice = [("tenants/adorf.toml", telegram), ("tenants/bdorf.toml", telegram)];
    has(refused(&twice).await, &["tenants/adorf.toml", "tenants/bdorf.toml", "telegram.token"]);
    for (key, text) in [
        ("[store]", "[store]\nurl = \"sqlite:x\"\n"),
        ("[log]", "[log]\nlevel = \"debug\"\n"),
        ("bot.catalog", "[bot]\ncatalog = \"x\"\n"),
        ("limits.queue", "[limits]\nqueue = 1\n"),
    ] {
        let of_the_process = [("tenants/adorf.toml", text)];
        has(refused(&of_the_process).await, &["adorf.toml", key, "config.toml"]);
    }
    for name in ["Adorf", "a dorf", "ädorf", "..", &"a".repeat(41)] {
        let path = format!("tenants/{name}.toml");
        has(refused(&[(&path, "")]).await, &[&format!("{name}.toml: ")]);
    }
    let unknown = [("tenants/adorf.toml", "[telegram]\ntokne = \"123456:secret\"\n")];
    has(refused(&unknown).await, &["adorf.toml", "telegram.tokne", "telegram.token"]);
    let place = [("tenants/adorf.toml", "[bot]\ndefault_place = \"Nirgendwo\"\n")];
    has(refused(&place).await, &["tenants/adorf.toml", "bot.default_place"]);
    let overlay = [("tenants/adorf.toml", ""), ("tenants/adorf/services/x/y.toml", "format = 1\n")];
    has(refused(&overlay).await, &["tenants/adorf", "y.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_speak_of_one_town_or_of_all() {
    let process = Process::new();
    process.write("tenants/adorf.toml", "[bot]\ndefault_place = \"Köln\"\n");
    process.write("tenants/bdorf.toml", "[bot]\ndefault_place = \"München\"\n");
    let (code, said) = process.run(&["config", "check"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2 Gemeinden"), "{said}");
    for (town, place) in [("adorf", "Köln"), ("bdorf", "München")] {
        let (code, said) = process.run(&["ask", "--tenant", town, "hund anmelden"]).await;
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(place), "{said}");
    }
    let (code, said) = process.run(&["ask", "--tenant", "cdorf", "hund anmelden"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("cdorf") && said.contains("adorf"), "{said}");
}
