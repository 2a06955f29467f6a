//! The key of all hashes: without a good one nothing starts, and with another one nobody is found.

use std::{fs, sync::Arc};

use amtslotse::{
    app::{App, Shared, ThreadKey, queue::Queue},
    channel::terminal,
    config::Config,
    health::Health,
    ids::TenantId,
    message::Message,
    store::{Secret, Store},
};

use super::{
    BOT, CATALOG_DIR,
    database::Database,
    process::{Program, program},
    write,
};

/// Settings of a bot that nobody can reach, with these for the store.
fn settings(store: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[bot]\ncatalog = {:?}\ndata = \"/nowhere\"\n\
         [telegram]\nenabled = true\ntoken = \"123456:x\"\napi_url = \"http://127.0.0.1:9\"\n\
         [metrics]\nlisten = \"\"\n[store]\n{store}\n",
        CATALOG_DIR.path(),
    );
    write(dir.path(), "config.toml", &config);
    dir
}

/// Tries to start with settings; what it says when it refuses.
fn refused(store: &str) -> String {
    let dir = settings(store);
    let mut serve = program();
    serve.args(["serve", "--config"]).arg(dir.path().join("config.toml"));
    let output = serve.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn fault_68_a_missing_or_short_secret_is_refused_in_clear_words() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("url = \"sqlite:{}\"", dir.path().join("state.db").display());
    let said = refused(&format!("{url}\nsecret_file = \"/nowhere/secret\""));
    for part in ["Fehler:", "store.secret_file", "/nowhere/secret"] {
        assert!(said.contains(part), "{said}");
    }
    let short = write(dir.path(), "short", "too-short-a-secret\n");
    let said = refused(&format!("{url}\nsecret_file = {short:?}"));
    for part in ["store.secret_file", "18 Bytes", "zu kurz", "32"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("too-short-a-secret"), "{said}");
    let said = refused("url = \"postgres://amtslotse@127.0.0.1:9/amtslotse\"");
    assert!(said.contains("store.secret_file") && said.contains("openssl rand"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn with_sqlite_a_secret_is_made_for_its_owner_alone_and_used_again() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let settings = settings(&format!("url = \"sqlite:{}\"", state.join("state.db").display()));
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let mut program = Program::serve(&settings.path().join("config.toml"));
        program.until_written("starting channels").await;
        let (status, log) = program.stop();
        assert!(status.success(), "{log}");
        for name in ["state.secret", "state.db"] {
            let mode = fs::metadata(state.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let secret = fs::read_to_string(state.join("state.secret")).unwrap();
        assert!(!log.contains(secret.trim()), "the secret is in the log");
        secrets.push(secret);
    }
    assert_eq!(secrets[0], secrets[1]);
    assert!(secrets[0].trim().len() >= 64);
}

fn shared(store: &Store, secret: &str) -> Shared {
    let dir = tempfile::tempdir().unwrap();
    let secret = Secret::read(&write(dir.path(), "secret", secret)).unwrap();
    Shared::new(store.clone(), secret, Queue::new(8, 8), Health::new())
}

fn town(id: TenantId, shared: Shared) -> App {
    App::new(id, Arc::clone(&BOT), shared, &Config::default())
}

/// A citizen's turn in the chat that all these tests talk about; what they read.
async fn say(app: &App, text: &str) -> String {
    let thread = ThreadKey::new("telegram", 4_711);
    let turn = app.respond("telegram", &Message::text(text), Some(&thread)).await;
    let read = terminal::render(&turn.reply, false);
    app.finish(turn, None, &[thread]).await;
    read
}

#[tokio::test]
async fn fault_68_with_another_secret_an_old_conversation_is_not_found() {
    let database = Database::sqlite();
    let store = database.store().await;
    let before = town(TenantId::only(), shared(&store, &"a".repeat(32)));
    say(&before, "hund anmelden").await;
    let after = town(TenantId::only(), shared(&store, &"b".repeat(32)));
    let read = say(&after, "/auskunft").await;
    assert!(read.contains("Dort steht zu diesem Chat nichts"), "{read}");
    let answer = say(&after, "hund anmelden").await;
    assert!(answer.contains("Steueramt"), "{answer}");
    assert!(store.is_up(), "nothing failed");
    // The old one is still there, under the old hash, until it expires.
    assert_eq!(database.threads().await.len(), 2);
    assert!(say(&before, "/auskunft").await.contains("Hund anmelden"));
}

#[tokio::test]
async fn fault_72_the_same_chat_has_another_hash_in_every_town() {
    let database = Database::sqlite();
    let shared = shared(&database.store().await, &"a".repeat(32));
    let (adorf, bdorf) =
        (town("adorf".parse().unwrap(), shared.clone()), town("bdorf".parse().unwrap(), shared));
    say(&adorf, "hund anmelden").await;
    let read = say(&bdorf, "/auskunft").await;
    assert!(read.contains("Dort steht zu diesem Chat nichts"), "{read}");
    say(&bdorf, "hund anmelden").await;
    let threads = database.threads().await;
    assert!(threads.len() == 2 && threads[0] != threads[1], "{threads:?}");
    say(&adorf, "/loeschen").await;
    assert_eq!(database.rows("SELECT tenant FROM conversations").await, ["bdorf"]);
}
