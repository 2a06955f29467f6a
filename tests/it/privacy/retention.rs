//! What has expired is not read, and is deleted; and what is there, an auditor and a clerk can see.

use std::{process::Output, sync::Arc};

use amtslotse::{
    app::{App, Claim, Shared, ThreadKey},
    channel::terminal,
    config::Config,
    message::{Action, Message, Verdict},
    store::Store,
};
use tokio::task::JoinSet;

use super::{BOT, CATALOG_DIR, database::Database, process::program, until, write};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn town(id: &str, shared: &Shared) -> App {
    App::new(id.parse().unwrap(), Arc::clone(&BOT), shared.clone(), &Config::default())
}

/// A citizen's turn; what they read.
async fn say(app: &App, chat: u32, message: Message) -> String {
    let Claim::Mine(claim) = app.claim("telegram", format!("{chat}-{:?}", message.at)).await else {
        panic!("nobody else answers")
    };
    let thread = ThreadKey::new("telegram", chat);
    let turn = app.respond("telegram", &message, Some(&thread)).await;
    let read = terminal::render(&turn.reply, false);
    app.finish(turn, Some(claim), &[thread]).await;
    read
}

async fn rows(database: &Database, table: &str) -> usize {
    database.rows(&format!("SELECT tenant FROM {table}")).await.len()
}

/// Deletes what has expired, as every process does now and then.
async fn sweep_until(store: &Store, what: &str, holds: impl AsyncFnMut() -> bool) {
    let store = store.clone();
    let mut tending = JoinSet::new();
    tending.spawn(async move { store.tend("replica").await });
    until(what, holds).await;
}

async fn tell(database: Database) {
    let store = database.store().await;
    let app = town("adorf", &crate::shared_with(store.clone()));
    say(&app, 1, Message::text("hund anmelden")).await;
    store.move_clock(30 * MINUTE - 5_000);
    let read = say(&app, 1, Message::text("/auskunft")).await;
    assert!(read.contains("Hund anmelden"), "{read}");
    // That was a turn: the half hour begins anew.
    store.move_clock(30 * MINUTE + 1);
    let read = say(&app, 1, Message::text("/auskunft")).await;
    assert!(read.contains("Dort steht zu diesem Chat nichts") && !read.contains("Hund"), "{read}");
    assert_eq!(rows(&database, "conversations").await, 1, "it is not deleted yet, but not read");
    sweep_until(&store, "conversations are deleted", async || {
        rows(&database, "conversations").await == 0
    })
    .await;
    assert!(rows(&database, "seen").await > 0 && rows(&database, "counters").await > 0);

    // A conversation that expires with it shows when the sweep is through.
    store.move_clock(46 * HOUR);
    say(&app, 2, Message::text("hund anmelden")).await;
    store.move_clock(HOUR);
    sweep_until(&store, "the second sweep", async || rows(&database, "conversations").await == 0)
        .await;
    assert!(rows(&database, "seen").await > 1, "48 hours are not over");
    store.move_clock(48 * HOUR);
    sweep_until(&store, "claims are deleted", async || rows(&database, "seen").await == 0).await;

    let counted = rows(&database, "counters").await;
    store.move_clock(395 * DAY);
    say(&app, 3, Message::text("hund anmelden")).await;
    store.move_clock(HOUR);
    sweep_until(&store, "the fourth sweep", async || rows(&database, "conversations").await == 0)
        .await;
    assert_eq!(rows(&database, "counters").await, counted, "400 days are not over");
    store.move_clock(6 * DAY);
    sweep_until(&store, "counts are deleted", async || rows(&database, "counters").await == 0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expires_is_not_read_and_deleted_on_sqlite() {
    tell(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expires_is_not_read_and_deleted_on_postgresql() {
    tell(Database::postgres()).await;
}

// --- What is shown of it --------------------------------------------------------------------------

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn report_and_statistics_show_numbers_and_hide_small_ones() {
    let database = Database::sqlite();
    let shared = crate::shared_with(database.store().await);
    let (adorf, bdorf) = (town("adorf", &shared), town("bdorf", &shared));
    for chat in 0..6 {
        say(&adorf, chat, Message::text("hund anmelden")).await;
    }
    let service = "hund-anmelden".parse().unwrap();
    say(&adorf, 0, Message::pressed(Action::Rate { service, verdict: Verdict::Fits })).await;
    say(&bdorf, 0, Message::text("hund anmelden")).await;
    let settings = tempfile::tempdir().unwrap();
    let config = format!(
        "[bot]\ncatalog = {:?}\ndata = \"/nowhere\"\n[store]\nurl = \"{}\"\n",
        CATALOG_DIR.path(),
        database.url(),
    );
    write(settings.path(), "config.toml", &config);
    for id in ["adorf", "bdorf"] {
        write(settings.path(), &format!("tenants/{id}.toml"), "[operator]\nname = \"Dorf\"\n");
    }
    let run =
        |args: &[&str]| program().arg("--config").arg(settings.path()).args(args).output().unwrap();

    let all = text(&run(&["stats", "--csv"]));
    for line in [
        "Gemeinde;Was;Leistung;Zahl",
        "adorf;beantwortet;;6",
        "adorf;Leistung genannt;hund-anmelden;6",
        "adorf;Urteil: passt;hund-anmelden;<5",
        "bdorf;beantwortet;;<5",
        "bdorf;Leistung genannt;hund-anmelden;<5",
    ] {
        assert!(all.lines().any(|shown| shown == line), "{line}: {all}");
    }
    let one = text(&run(&["stats", "--csv", "--tenant", "adorf"]));
    assert!(one.contains("adorf;beantwortet;;6") && !one.contains("bdorf"), "{one}");

    let report = text(&run(&["privacy", "report"]));
    assert!(report.starts_with("Tabelle\tZeilen\tälteste\tAufbewahrung\tInhalt\n"), "{report}");
    let today = amtslotse::message::by_german_clocks(time::OffsetDateTime::now_utc());
    let today = format!("{:02}.{:02}.", today.day(), u8::from(today.month()));
    for (table, rows, kept) in [
        ("conversations", "7", "30 Minuten"),
        ("seen", "8", "48 Stunden"),
        ("feedback", "1", "400 Tage"),
    ] {
        let line = report.lines().find(|line| line.starts_with(table)).unwrap();
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!((cells[1], cells[3]), (rows, kept), "{line}");
        assert!(table == "feedback" || cells[2].starts_with(&today), "{line}");
    }
    assert!(
        report.contains("counters\t") && report.contains("leases\t0\t-\tbis ersetzt"),
        "{report}"
    );
    assert_eq!(text(&run(&["privacy", "report", "--tenant", "adorf"])), report);
    let unknown = run(&["privacy", "report", "--tenant", "cdorf"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("adorf, bdorf"), "{unknown:?}");
}
