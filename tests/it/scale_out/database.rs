//! PostgreSQL crashes, or hangs, while citizens ask.

use std::{ops::Range, sync::Arc, time::Duration};

use amtslotse::{
    app::Claim,
    store::{Store, Timing},
};
use tokio::time::Instant;

use super::{
    cluster::{Cluster, REPLICAS, copies},
    hook::app,
};
use crate::postgres::Postgres;

/// How the database fails.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Crash,
    Hang,
}

impl Failure {
    fn begin(self, database: &mut Postgres) {
        match self {
            Self::Crash => database.stop_immediate(),
            Self::Hang => database.pause(),
        }
    }

    fn end(self, database: &mut Postgres) {
        match self {
            Self::Crash => database.restart(),
            Self::Hang => database.resume(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_answers_go_on_without_postgresql() {
    let mut database = Postgres::start();
    let cluster = Cluster::start(&database.url()).await;
    cluster.api.set_delay(|_| Duration::from_millis(30));
    for (failure, first) in [(Failure::Crash, 1), (Failure::Hang, 1_001)] {
        let (before, during, after) =
            (first..first + 300, first + 300..first + 500, first + 500..first + 700);
        // In the midst of the first ones it fails.
        let began = Instant::now();
        let asking = tokio::spawn({
            let (cluster, before) = (Arc::clone(&cluster), before.clone());
            async move { cluster.deliver_all(before).await }
        });
        cluster.api.until_said(cluster.api.said().len() + 50).await;
        failure.begin(&mut database);
        asking.await.unwrap();
        let overtaken = began.elapsed();
        cluster.deliver_all(during.clone()).await;
        all_are("degraded", Some(("store", "down")), &cluster).await;
        let twice = answered(&cluster, before) + answered(&cluster, during);

        failure.end(&mut database);
        let recovery = all_are("ready", None, &cluster).await;
        cluster.deliver_all(after.clone()).await;
        assert_eq!(answered(&cluster, after), 0, "with the store, nothing is answered twice");
        println!(
            "database ({failure:?}): 300 questions across it in {overtaken:.1?}; of 500, {twice} \
             answered twice (50 came twice); ready again after {recovery:.1?}"
        );
    }
}

/// Waits until all replicas say so; how long it took.
async fn all_are(
    status: &str,
    part_and_reason: Option<(&str, &str)>,
    cluster: &Cluster,
) -> Duration {
    let began = Instant::now();
    for n in 0..REPLICAS {
        cluster.doors(n).until(status, part_and_reason).await;
    }
    began.elapsed()
}

/// Each update is answered, and not more often than it came; how many are answered twice.
fn answered(cluster: &Cluster, updates: Range<i64>) -> usize {
    let answers = cluster.answers();
    let times = |id: i64| answers.get(&id).map_or(0, Vec::len);
    for id in updates.clone() {
        assert!((1..=copies(id)).contains(&times(id)), "{id}: {} answers", times(id));
    }
    updates.filter(|id| times(*id) > 1).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_what_a_killed_replica_held_is_answered_without_the_store_too() {
    let mut database = Postgres::start();
    let open = async || app(Store::open(&database.url(), Timing::default()).await.unwrap());
    let (killed, alive) = (open().await, open().await);
    assert!(matches!(killed.claim("telegram", 1).await, Claim::Mine(_)));
    assert!(matches!(alive.claim("telegram", 1).await, Claim::Held));
    let Claim::Mine(own) = alive.claim("telegram", 2).await else { panic!("nobody has it") };
    assert!(matches!(alive.claim("telegram", 2).await, Claim::Held));
    database.stop_immediate();
    assert!(matches!(alive.claim("telegram", 1).await, Claim::Mine(_)));
    // Its own it knows.
    assert!(matches!(alive.claim("telegram", 2).await, Claim::Done));
    alive.give_back(own).await;
    assert!(matches!(alive.claim("telegram", 2).await, Claim::Mine(_)));
}
