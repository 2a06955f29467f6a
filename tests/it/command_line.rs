//! The command line as a person or a script uses it: the real program, its output and exit codes.

use std::{
    fs,
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amtslotse"));
    // The developer's own settings must not leak in.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AMTSLOTSE_")) {
        command.env_remove(name);
    }
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    finished(&program().args(args).stdin(Stdio::null()).output().unwrap())
}

fn finished(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn ask_answers_with_the_status_first() {
    let (code, out, _) = run(&["ask", "perso abgelaufen, geht das in tübingen online?"]);
    assert_eq!(code, 0);
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("Personalausweis – Tübingen"));
    assert_eq!(lines.next(), Some("✗ Online: nein, nur vor Ort"));
    assert!(out.contains("Quelle: "), "{out}");
    assert!(!out.contains('\x1b'), "colour in a pipe");
}

#[test]
fn ask_json_has_the_promised_keys() {
    let (code, out, _) =
        run(&["ask", "--json", "--place", "72070", "hund anmelden was kostet das"]);
    assert_eq!(code, 0);
    assert_eq!(out.lines().count(), 1);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["decision"], "answer");
    assert_eq!(answer["services"][0], "hund-anmelden");
    assert_eq!(answer["asserted"], 1);
    assert_eq!(answer["facets"], serde_json::json!(["cost"]));
    assert_eq!(answer["place"], Value::Null, "a default place is not reported");
    for key in [
        "confidence",
        "notice",
        "life_event",
        "availability",
        "offers",
        "micros",
        "text",
        "choices",
    ] {
        assert!(answer.get(key).is_some(), "{key}: {out}");
    }
    let parallel = |key: &str| answer[key].as_array().unwrap().len();
    assert_eq!(parallel("services"), parallel("availability"));
    assert_eq!(parallel("services"), parallel("offers"));
}

#[test]
fn ask_explains_itself() {
    let (code, out, _) = run(&["ask", "--explain", "führerschein verlroen"]);
    assert_eq!(code, 0);
    assert!(out.contains("Berichtigt:") && out.contains("Entscheidung:"), "{out}");
    assert!(out.contains("fuehrerschein-ersatz"), "{out}");
}

#[test]
fn chat_holds_a_conversation_over_a_pipe() {
    let mut child = program()
        .args(["chat", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "reisepass beantragen\nund was kostet das?\nund in Köln?\n\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let (code, out, _) = finished(&child.wait_with_output().unwrap());
    assert_eq!(code, 0);
    let answers: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(answers.len(), 4, "one object per line of input");
    assert_eq!(answers[1]["services"][0], "reisepass-beantragen");
    assert_eq!(answers[1]["facets"], serde_json::json!(["cost"]));
    assert!(answers[1]["text"].as_str().unwrap().contains("Euro"));
    assert_eq!(answers[2]["place"], "053150000000");
    assert_eq!(answers[3]["notice"], "empty");
}

#[test]
fn fault_12_bytes_that_are_no_utf_8_are_answered() {
    let mut child =
        program().args(["chat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hund \xff\xfe anmelden").unwrap();
    let (code, out, _) = finished(&child.wait_with_output().unwrap());
    assert_eq!(code, 0);
    assert!(out.contains("Hund"), "{out}");
}

#[test]
fn eval_writes_one_object_per_question_and_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let (file, results) = (dir.path().join("q.tsv"), dir.path().join("out.jsonl"));
    let questions = "question\tids\ttags\nneuen reisepass beantragen\treisepass-beantragen\tplain\n\
                     hallo\t\tsmalltalk\n";
    fs::write(&file, questions).unwrap();
    let args = ["eval", file.to_str().unwrap(), "--results", results.to_str().unwrap()];
    let (code, out, _) = run(&args);
    assert_eq!(code, 0);
    assert!(out.contains("right at once") && out.contains("declined"), "{out}");
    let lines = fs::read_to_string(results).unwrap();
    let objects: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["question"], "neuen reisepass beantragen");
    assert_eq!(objects[0]["services"][0], "reisepass-beantragen");
    assert_eq!(objects[1]["decision"], "notice");
    assert_eq!(objects[1]["notice"], "greeting");
}

#[test]
fn questions_that_stand_in_the_catalog_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("q.tsv");
    fs::write(&file, "question\nPerso ist abgelaufen\nganz eigene frage nach etwas\n").unwrap();
    let catalog = dir.path().join("services/ausweis");
    fs::create_dir_all(&catalog).unwrap();
    let entry = "format = 1\ntopic = \"ausweis\"\nlevel = \"gemeinde\"\nauthority = \"Bürgeramt\"\n\
                 [name.de]\nofficial = \"Personalausweis\"\nplain = \"Personalausweis\"\n\
                 [says.de]\nphrases = [\"perso ist abgelaufen\"]\n";
    fs::write(catalog.join("personalausweis.toml"), entry).unwrap();
    let root = dir.path().to_str().unwrap();
    let (code, out, _) = run(&["eval", file.to_str().unwrap(), "--leaks", "--catalog", root]);
    assert_eq!(code, 1);
    assert!(out.contains("1 of 2 questions") && out.contains("perso ist abgelaufen"), "{out}");
}

#[test]
fn wrong_usage_and_settings_exit_with_2() {
    for args in [
        &["ask"][..],
        &["nonsense"],
        &["ask", "x", "--place", "Neustadt"],
        &["ask", "x", "--place", "Nirgendwo"],
        &["ask", "x", "--config", "/nowhere.toml"],
        &["eval", "/nowhere.tsv"],
        &["ask", "x", "--catalog", "/nowhere"],
    ] {
        let (code, _, err) = run(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(!err.is_empty(), "{args:?}");
    }
    let (_, _, err) = run(&["ask", "x", "--place", "Tübinge"]);
    assert!(err.contains("Tübingen"), "{err}");
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("Examples"));
}

#[test]
fn an_own_catalog_is_used_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("services/tiere");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("einhorn-anmelden.toml");
    let text = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Fabelamt\"\n\
                [name.de]\nofficial = \"Einhorn anmelden\"\nplain = \"Einhorn anmelden\"\n\
                [says.de]\nsynonyms = [\"Einhorn\", \"Einhornsteuer\", \"Einhornmarke\"]\n\
                phrases = [\"neues einhorn\", \"einhorn gekauft\", \"einhorn zugelaufen\"]\n";
    fs::write(&file, text).unwrap();
    let root = dir.path().to_str().unwrap();
    let (code, out, _) = run(&["ask", "--catalog", root, "ich hab ein einhorn gekauft"]);
    assert_eq!(code, 0);
    assert!(out.contains("Einhorn anmelden") && out.contains("Fabelamt"), "{out}");
    let (code, out, _) = run(&["catalog", "check", root]);
    assert_eq!(code, 0, "{out}");
    fs::write(&file, text.replace("authority", "autority")).unwrap();
    let (code, out, _) = run(&["catalog", "check", root]);
    assert_eq!(code, 1);
    assert!(out.contains("einhorn-anmelden.toml:4") && out.contains("»authority«"), "{out}");
    let (code, _, err) = run(&["ask", "--catalog", root, "einhorn"]);
    assert_eq!(code, 2);
    assert!(err.contains("einhorn-anmelden.toml:4"), "{err}");
}

#[test]
fn catalog_stats_and_config_commands_work() {
    let (code, out, _) = run(&["catalog", "stats"]);
    assert_eq!(code, 0);
    assert!(out.contains("401") && out.contains("Gemeinden"), "{out}");
    let (code, example, _) = run(&["config", "example"]);
    assert_eq!(code, 0);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, &example).unwrap();
    let (code, out, _) = run(&["config", "check", "--config", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}");
    fs::write(&file, example.replace("default_place = \"\"", "default_place = \"Neustadt\""))
        .unwrap();
    let (code, _, err) = run(&["config", "check", "--config", file.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(err.contains("bot.default_place") && err.contains("nicht eindeutig"), "{err}");
}

#[test]
fn serve_without_a_channel_says_what_to_set() {
    let (code, _, err) = run(&["serve"]);
    assert_eq!(code, 2);
    for word in
        ["telegram.enabled", "telegram.token", "discord.enabled", "discord.token", "amtslotse chat"]
    {
        assert!(err.contains(word), "{word}: {err}");
    }
}

/// A server that never answers in time does not keep `serve` from ending when it is told to.
#[test]
#[cfg(all(unix, feature = "telegram"))]
fn fault_66_serve_ends_cleanly_on_sigterm() {
    // Bound, but nobody accepts: the API is unreachable in the worst way.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let child = program()
        .arg("serve")
        .env("AMTSLOTSE_STORE__URL", format!("sqlite:{}", dir.path().join("state.db").display()))
        .env("AMTSLOTSE_METRICS__LISTEN", "")
        .env("AMTSLOTSE_TELEGRAM__ENABLED", "true")
        .env("AMTSLOTSE_TELEGRAM__TOKEN", "123456:canary-token")
        .env("AMTSLOTSE_TELEGRAM__API_URL", url)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Ready when it connects.
    listener.set_nonblocking(false).unwrap();
    let (_stream, _) = listener.accept().unwrap();
    let asked = std::time::Instant::now();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (code, _, err) = finished(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{err}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(10));
    assert!(!err.contains("canary"), "{err}");
}
