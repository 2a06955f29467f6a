//! Whole turns - claim, recall, answer, finish - over each database: how many a second, how long each
//! takes, and what 100,000 conversations leave in memory. Run on a quiet machine:
//!
//! ```sh
//! cargo run --release --example turns                                  # SQLite in a temporary file
//! cargo run --release --example turns postgres://postgres@127.0.0.1:5432/postgres
//! ```

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use amtslotse::{
    app::{App, Claim, Shared, ThreadKey, queue::Queue},
    config::Config,
    health::Health,
    ids::TenantId,
    message::Message,
    setup::build_bot,
    store::{Secret, Store, Timing},
};

/// Chats, each of which asks once.
const CHATS: usize = 100_000;
/// Messages answered at once.
const TASKS: usize = 16;
const QUESTIONS: [&str; 4] = [
    "hund anmelden",
    "perso abgelaufen, geht das online?",
    "auto ummelden",
    "was kostet ein reisepass",
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let file = format!("sqlite:{}", dir.path().join("state.db").display());
    let url = std::env::args().nth(1).unwrap_or(file);
    let mut config = Config::default();
    config.bot.data = dir.path().to_owned();
    let bot = Arc::new(build_bot(&config)?);
    let store = Store::open(&url, Timing::default()).await?;
    let mut key = tempfile::NamedTempFile::new()?;
    key.write_all(&[b'x'; 32])?;
    let shared =
        Shared::new(store, Secret::read(key.path())?, Queue::new(256, 10_000), Health::new());
    let app = App::new(TenantId::only(), bot, shared, &config);
    let before = resident();
    let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        tasks.spawn(answer(app.clone(), Arc::clone(&next)));
    }
    let mut took: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let all = began.elapsed();
    took.sort_unstable();
    let at = |part: f64| took[(took.len() as f64 * part) as usize];
    println!(
        "{} turns in {all:.1?}: {:.0} a second",
        took.len(),
        took.len() as f64 / all.as_secs_f64()
    );
    println!("p50 {:.2?}, p99 {:.2?}", at(0.5), at(0.99));
    println!(
        "resident memory: {before} MiB before, {} MiB after {CHATS} conversations",
        resident()
    );
    Ok(())
}

async fn answer(app: App, next: Arc<AtomicUsize>) -> Vec<Duration> {
    let mut took = Vec::new();
    loop {
        let chat = next.fetch_add(1, Ordering::Relaxed);
        if chat >= CHATS {
            return took;
        }
        let began = Instant::now();
        let thread = ThreadKey::new("telegram", chat);
        let message = Message::text(QUESTIONS[chat % QUESTIONS.len()]);
        app.admit(&thread);
        let Ok(_turn) = app.enter().await else { continue };
        let Claim::Mine(claim) = app.claim("telegram", chat).await else { continue };
        let turn = app.respond("telegram", &message, Some(&thread)).await;
        app.finish(turn, Some(claim), &[thread]).await;
        took.push(began.elapsed());
    }
}

/// In MiB, as the kernel counts it; 0 where it does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
