//! How fast the store is: `cargo run --release --example store_speed`.
//!
//! For each engine, 16 tasks on fresh databases in a temporary directory: claims alone, and whole
//! turns (claim, recall, finish with one conversation and two counts); then how long it takes after a
//! restart of PostgreSQL until the store is up again.

use std::time::{Duration, Instant};

use amtslotse::store::{Claimed, Count, Finish, Finished, Save, Secret, Store, Timing};
use tokio::task::JoinSet;

#[path = "../tests/it/postgres.rs"]
mod postgres;

const TASKS: usize = 16;
const CLAIMS: usize = 1_000;
const TURNS: usize = 300;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let secret = Secret::read_or_create(&dir.path().join("secret"))?;
    println!("| engine | what | per second | p50 | p99 |\n|---|---|---|---|---|");

    let url = format!("sqlite:{}", dir.path().join("state.db").display());
    measure("SQLite", &Store::open(&url, Timing::default()).await?, &secret).await?;

    let mut server = postgres::Postgres::start();
    let store = Store::open(&server.url(), Timing::default()).await?;
    measure("PostgreSQL", &store, &secret).await?;
    let seconds = recovery(&store, &mut server).await?;
    println!("\nup again {seconds:.2} s after PostgreSQL took connections again");
    Ok(())
}

async fn measure(engine: &str, store: &Store, secret: &Secret) -> Outcome<()> {
    for what in [What::Claims, What::Turns] {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            tasks.spawn(work(store.clone(), secret.clone(), what, task));
        }
        let mut times = Vec::new();
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        report(engine, what, started.elapsed(), times);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum What {
    Claims,
    Turns,
}

/// One task's share, and how long each operation took.
async fn work(store: Store, secret: Secret, what: What, task: usize) -> Outcome<Vec<Duration>> {
    let rounds = match what {
        What::Claims => CLAIMS,
        What::Turns => TURNS,
    };
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let update = format!("{what:?} {task} {round}");
        let started = Instant::now();
        match what {
            What::Claims => claim(&store, &secret, &update).await?,
            What::Turns => turn(&store, &secret, &update, task).await?,
        }
        times.push(started.elapsed());
    }
    Ok(times)
}

async fn claim(store: &Store, secret: &Secret, update: &str) -> Outcome<()> {
    match store.claim("town", &secret.key(&["update", update]), "replica").await? {
        Claimed::Mine => Ok(()),
        other => Err(format!("a fresh update was {other:?}").into()),
    }
}

async fn turn(store: &Store, secret: &Secret, update: &str, task: usize) -> Outcome<()> {
    claim(store, secret, update).await?;
    let thread = secret.key(&["thread", &task.to_string()]);
    let recalled = store.recall("town", &thread).await?;
    let count = |kind: &str, service: &str| Count {
        day: "2026-11-22".into(),
        channel: "telegram".into(),
        kind: kind.into(),
        service: service.into(),
    };
    let finish = Finish {
        tenant: "town".into(),
        claim: Some((secret.key(&["update", update]), "replica".into())),
        conversations: vec![Save {
            thread,
            expected: recalled.map(|recalled| recalled.version),
            state: "x".repeat(400),
        }],
        counts: vec![count("message", ""), count("answer", "hund-anmelden")],
        ..Finish::default()
    };
    match store.finish(&finish).await? {
        Finished::Written => Ok(()),
        Finished::Conflict => Err("a thread of one task met a conflict".into()),
    }
}

fn report(engine: &str, what: What, took: Duration, mut times: Vec<Duration>) {
    times.sort();
    let rate = times.len() as f64 / took.as_secs_f64();
    let milliseconds = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
    let (p50, p99) = (milliseconds(50), milliseconds(99));
    println!("| {engine} | {what:?} | {rate:.0} | {p50:.2} ms | {p99:.2} ms |");
}

/// From the server's first connection after a crash until the store is up, in seconds.
async fn recovery(store: &Store, server: &mut postgres::Postgres) -> Outcome<f64> {
    let tended = store.clone();
    let tending = tokio::spawn(async move { tended.tend("replica").await });
    server.stop_immediate();
    while store.is_up() {
        // The first failure brings it down.
        let _ = store.announced().await;
    }
    server.restart();
    let started = Instant::now();
    while !store.is_up() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tending.abort();
    Ok(started.elapsed().as_secs_f64())
}
