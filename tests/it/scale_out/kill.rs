//! Replicas are killed at any point while citizens ask.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, interval};

use super::{
    cluster::{Cluster, QUESTION, REPLICAS},
    replica::{SECRET, TOKEN},
};
use crate::postgres::Postgres;

const UPDATES: i64 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn fault_57_fault_35_killed_replicas_lose_nothing_and_the_living_answer_once() {
    let database = Postgres::start();
    let cluster = Cluster::start(&database.url()).await;
    // So that kills hit answers on their way, before and after the citizen has got them.
    cluster.api.set_delay(|chat| Duration::from_millis(10 + chat.unsigned_abs() * 7 % 41));
    let began = Instant::now();
    let killing = tokio::spawn(kill_now_and_then(Arc::clone(&cluster)));
    cluster.deliver_all(1..=UPDATES).await;
    let wall = began.elapsed();
    killing.abort();
    assert!(killing.await.is_err_and(|error| error.is_cancelled()), "a killed one logged a fault");
    println!("kills: {:?} in {wall:.1?}", cluster.figures());

    only_the_killed_were_answered_for(&cluster);
    nothing_is_held(&database);
    // A turn is written once: two replicas that live never both answered.
    let turns = database.sql("SELECT SUM(n) FROM counters WHERE service = ''");
    assert_eq!(turns, UPDATES.to_string());
    for n in 0..REPLICAS {
        cluster.doors(n).until("ready", None).await;
        check_log(&cluster.doors(n).log());
    }
    // Those that began at the same time may each have set it, but none of those that came later.
    assert!((1..=REPLICAS).contains(&cluster.api.calls("setWebhook").len()));
}

/// Every second kills one of the replicas; which, is the same in every run.
async fn kill_now_and_then(cluster: Arc<Cluster>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.tick().await;
    let mut chance: u64 = 57;
    loop {
        seconds.tick().await;
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let n = usize::try_from(chance >> 33).unwrap() % REPLICAS;
        check_log(&cluster.kill_and_restart(n));
    }
}

/// Nothing went wrong inside, and nothing is told of citizens and secrets.
fn check_log(log: &str) {
    for hidden in [TOKEN, SECRET, QUESTION] {
        assert!(!log.contains(hidden), "a log shows what it must not");
    }
    assert!(!log.contains("\"ERROR\""), "{log}");
}

/// Every update is answered; and again only if who answered it was killed before the next did.
fn only_the_killed_were_answered_for(cluster: &Cluster) {
    let answers = cluster.answers();
    let lost: Vec<i64> = (1..=UPDATES).filter(|update| !answers.contains_key(update)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    for (update, answers) in answers {
        assert!(answers[0].text.contains("Steueramt"), "{}", answers[0].text);
        for pair in answers.windows(2) {
            let [first, second] = pair else { unreachable!("windows of two") };
            let is_excused = cluster.was_killed(&first.who, second.at);
            assert!(is_excused, "update {update}: {first:?}, and then {second:?}");
        }
    }
}

/// Every update is noted as answered, and no connection of a killed replica holds anything.
fn nothing_is_held(database: &Postgres) {
    assert_eq!(
        database.sql("SELECT COUNT(*), SUM(done) FROM seen"),
        format!("{UPDATES}|{UPDATES}")
    );
    let long = "SELECT COUNT(*) FROM leases WHERE until > (EXTRACT(EPOCH FROM now()) + 100) * 1000";
    assert_eq!(database.sql(long), "0");
    let stuck = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = 'amtslotse' \
        AND state LIKE 'idle in transaction%' AND now() - xact_start > interval '5 seconds'";
    assert_eq!(database.sql(stuck), "0");
}
