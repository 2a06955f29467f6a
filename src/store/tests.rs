//! One story for both engines, then what can go wrong with each.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::*;

#[path = "../../tests/it/postgres.rs"]
mod postgres;

mod postgres_faults;
mod sqlite_faults;
mod story;

use postgres::Postgres;

/// A secret for tests.
fn secret() -> Secret {
    let dir = tempfile::tempdir().unwrap();
    Secret::read_or_create(&dir.path().join("secret")).unwrap()
}

fn file_url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

async fn open(url: &str) -> Store {
    Store::open(url, Timing::default()).await.unwrap()
}

async fn open_error(url: &str) -> String {
    Store::open(url, Timing::default()).await.unwrap_err().to_string()
}

/// A turn that counts one answer.
fn counted(tenant: &str) -> Finish {
    let count = Count {
        day: "2026-11-22".into(),
        channel: "telegram".into(),
        kind: "answer".into(),
        service: "hund-anmelden".into(),
    };
    Finish { tenant: tenant.into(), counts: vec![count], ..Finish::default() }
}

/// A turn that saves one conversation.
fn saved(tenant: &str, thread: Key, expected: Option<i64>, state: &str) -> Finish {
    let save = Save { thread, expected, state: state.into() };
    Finish { tenant: tenant.into(), conversations: vec![save], ..Finish::default() }
}

async fn total(store: &Store, tenant: &str) -> i64 {
    store.counts(Some(tenant), "2026-01-01").await.unwrap().iter().map(|row| row.n).sum()
}

/// Waits until it holds, for as long as nobody would wait.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Looks after a store until the test ends.
fn tended(store: &Store) -> JoinSet<()> {
    let store = store.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { store.tend("replica-1").await });
    tasks
}
