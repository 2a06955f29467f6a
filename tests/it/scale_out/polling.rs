//! Of several replicas, one fetches messages and the others stand by.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{
    api::{Api, Said},
    cluster::update,
    replica::Town,
};
use crate::postgres::Postgres;

#[tokio::test(flavor = "multi_thread")]
async fn fault_64_one_replica_fetches_and_another_takes_over() {
    let (api, database) = (Api::start().await, Postgres::start());
    let town = Town::new(&database.url(), "polling");
    let mut first = town.start("first", &api);
    first.doors.until("ready", None).await;
    let second = town.start("second", &api);
    second.doors.until("ready", None).await;
    (1..=20).for_each(|id| api.deliver(update(id)));
    let said = api.until_said(20).await;
    assert!(said.iter().all(|said| said.who == "first"));
    assert!(fetched_by(&api, "second").is_none(), "it stands by");

    // Killed while it answers: what it did not confirm is answered by the next.
    api.set_delay(|_| Duration::from_millis(200));
    (21..=60).for_each(|id| api.deliver(update(id)));
    api.until_said(25).await;
    let killed = Instant::now();
    first.kill();
    (61..=70).for_each(|id| api.deliver(update(id)));
    let fetched = api.until("the second fetches", |api| fetched_by(api, "second")).await;
    let crash = fetched - killed;
    assert!(crash < Duration::from_secs(20), "{crash:?}");
    let is_all = |api: &Api| (chats(&api.said()).len() == 70).then(|| api.said());
    let said = api.until("all are answered", is_all).await;
    for chat in 1..=70 {
        let by = |who: &str| said.iter().filter(|s| s.chat == chat && s.who == who).count();
        assert!(by("first") <= 1 && by("second") <= 1, "{chat}");
    }

    let third = town.start("third", &api);
    third.doors.until("ready", None).await;
    let asked = Instant::now();
    let (status, log) = second.terminate().await;
    assert!(status.success(), "{status}: {log}");
    let fetched = api.until("the third fetches", |api| fetched_by(api, "third")).await;
    let stop = fetched - asked;
    assert!(stop < Duration::from_secs(3), "{stop:?}");
    api.deliver(update(71));
    let of = |api: &Api| api.said().into_iter().find(|said| said.chat == 71);
    assert_eq!(api.until("an answer", of).await.who, "third");
    assert_eq!(api.conflicts(), 0, "never two at once");
    let twice = api.said().len() - 71;
    println!(
        "polling: taken over after {crash:.1?} (crash), {stop:.1?} (stop); {twice} answered twice"
    );
}

fn chats(said: &[Said]) -> HashSet<i64> {
    said.iter().map(|said| said.chat).collect()
}

/// When a replica first asked for updates.
fn fetched_by(api: &Api, who: &str) -> Option<Instant> {
    api.calls("getUpdates").iter().find(|call| call.who == who).map(|call| call.at)
}
