//! What holds on both engines. Each part has tenants of its own, since they share a database.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_tells_the_story() {
    let dir = tempfile::tempdir().unwrap();
    let url = file_url(&dir.path().join("state.db"));
    tell(open(&url).await, open(&url).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_tells_the_story() {
    let store = Store::in_memory().await.unwrap();
    tell(store.clone(), store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_tells_the_story() {
    let server = Postgres::start();
    tell(open(&server.url()).await, open(&server.url()).await).await;
}

/// `one` and `two` are two replicas over one database.
async fn tell(one: Store, two: Store) {
    a_claim_is_won_once_and_passed_on_after_its_lease(&one, &two).await;
    a_clock_set_back_does_not_hold_claims_and_leases(&one).await;
    a_released_claim_is_free(&one, &two).await;
    of_many_claims_each_is_won_once(&one, &two).await;
    compare_and_set_loses_nothing(&one, &two).await;
    a_conflict_stores_nothing(&one).await;
    a_conversation_erased_meanwhile_does_not_come_back(&one).await;
    tenants_are_apart(&one).await;
    what_expired_is_forgotten_and_swept(&one).await;
    erasing_proves_itself(&one).await;
    one_holds_a_lease(&one, &two).await;
    notes_are_replaced_only_by_who_knows_them(&one, &two).await;
    signals_tell_the_latest(&one, &two).await;
    counts_add_up(&one, &two).await;
    nul_is_removed(&one).await;
    tables_are_reported(&one).await;
    assert!(one.is_up() && two.is_up());
}

const LEASE: i64 = 60_000;

async fn a_claim_is_won_once_and_passed_on_after_its_lease(one: &Store, two: &Store) {
    let key = secret().key(&["update", "1"]);
    assert_eq!(one.claim("claims", &key, "a").await, Ok(Claimed::Mine));
    assert_eq!(two.claim("claims", &key, "b").await, Ok(Claimed::Held));
    two.move_clock(LEASE + 1);
    assert_eq!(two.claim("claims", &key, "b").await, Ok(Claimed::Mine));

    // The first comes too late: it does not end the second's claim.
    let claim = |owner: &str| Finish {
        tenant: "claims".into(),
        claim: Some((key, owner.into())),
        ..Finish::default()
    };
    assert_eq!(one.finish(&claim("a")).await, Ok(Finished::Written));
    two.move_clock(LEASE + 1);
    assert_eq!(two.claim("claims", &key, "c").await, Ok(Claimed::Mine));

    assert_eq!(two.finish(&claim("c")).await, Ok(Finished::Written));
    assert_eq!(one.claim("claims", &key, "d").await, Ok(Claimed::Done));
    two.move_clock(LEASE + 1);
    assert_eq!(two.claim("claims", &key, "d").await, Ok(Claimed::Done));
    two.release("claims", &key, "c").await.unwrap();
    assert_eq!(two.claim("claims", &key, "d").await, Ok(Claimed::Done));
    two.move_clock(-3 * (LEASE + 1));
}

/// Fault 63.
async fn a_clock_set_back_does_not_hold_claims_and_leases(store: &Store) {
    const DAY: i64 = 86_400_000;
    let key = secret().key(&["update", "back"]);
    store.move_clock(DAY);
    assert_eq!(store.claim("back", &key, "a").await, Ok(Claimed::Mine));
    assert_eq!(store.take_lease("back", "a", Duration::from_secs(30)).await, Ok(true));
    store.finish(&saved("back", key, None, "{}")).await.unwrap();
    store.move_clock(-DAY);
    assert_eq!(store.claim("back", &key, "b").await, Ok(Claimed::Mine));
    assert_eq!(store.take_lease("back", "b", Duration::from_secs(30)).await, Ok(true));
    store.sweep("replica").await.unwrap();
    assert!(store.recall("back", &key).await.unwrap().is_none());
}

async fn a_released_claim_is_free(one: &Store, two: &Store) {
    let key = secret().key(&["update", "2"]);
    assert_eq!(one.claim("release", &key, "a").await, Ok(Claimed::Mine));
    two.release("release", &key, "b").await.unwrap();
    assert_eq!(two.claim("release", &key, "b").await, Ok(Claimed::Held));
    one.release("release", &key, "a").await.unwrap();
    assert_eq!(two.claim("release", &key, "b").await, Ok(Claimed::Mine));
}

async fn of_many_claims_each_is_won_once(one: &Store, two: &Store) {
    const IDS: usize = 4_000;
    let secret = secret();
    let mut replicas = JoinSet::new();
    for worker in 0..24 {
        let store = if worker % 2 == 0 { one.clone() } else { two.clone() };
        let secret = secret.clone();
        // Each id is claimed by three workers at about the same time, not all of one replica.
        replicas.spawn(async move {
            let mut won = 0;
            for id in (worker / 3..IDS).step_by(8) {
                let key = secret.key(&["update", &id.to_string()]);
                let claimed = store.claim("many", &key, &worker.to_string()).await.unwrap();
                won += usize::from(claimed == Claimed::Mine);
            }
            won
        });
    }
    let won: usize = replicas.join_all().await.into_iter().sum();
    assert_eq!(won, IDS);
}

async fn compare_and_set_loses_nothing(one: &Store, two: &Store) {
    const TURNS: i64 = 20;
    let thread = secret().key(&["thread"]);
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = if task % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move {
            for _ in 0..TURNS {
                while increment(&store, thread).await == Finished::Conflict {}
            }
        });
    }
    tasks.join_all().await;
    let state = one.recall("cas", &thread).await.unwrap().unwrap().state;
    assert_eq!(state, (8 * TURNS).to_string());
    assert_eq!(total(one, "cas").await, 8 * TURNS, "a conflict has counted");
}

async fn increment(store: &Store, thread: Key) -> Finished {
    let (expected, number) = match store.recall("cas", &thread).await.unwrap() {
        Some(recalled) => (Some(recalled.version), recalled.state.parse::<i64>().unwrap()),
        None => (None, 0),
    };
    let mut finish = counted("cas");
    finish.conversations.push(Save { thread, expected, state: (number + 1).to_string() });
    store.finish(&finish).await.unwrap()
}

async fn a_conflict_stores_nothing(store: &Store) {
    let secret = secret();
    let (new, old) = (secret.key(&["new"]), secret.key(&["old"]));
    let update = secret.key(&["update"]);
    store.finish(&saved("atomic", old, None, "kept")).await.unwrap();
    store.claim("atomic", &update, "a").await.unwrap();

    let mut finish = counted("atomic");
    finish.claim = Some((update, "a".into()));
    finish.erase.push(old);
    finish.conversations.push(Save { thread: new, expected: None, state: "x".into() });
    finish.conversations.push(Save { thread: old, expected: Some(1), state: "x".into() });
    assert_eq!(store.finish(&finish).await, Ok(Finished::Conflict));
    finish.conversations[1].expected = None;
    assert_eq!(store.finish(&finish).await, Ok(Finished::Conflict));

    assert!(store.recall("atomic", &new).await.unwrap().is_none());
    assert_eq!(store.recall("atomic", &old).await.unwrap().unwrap().state, "kept");
    assert_eq!(total(store, "atomic").await, 0);
    store.move_clock(LEASE + 1);
    assert_eq!(store.claim("atomic", &update, "b").await, Ok(Claimed::Mine), "marked done");
    store.move_clock(-LEASE - 1);
}

async fn a_conversation_erased_meanwhile_does_not_come_back(store: &Store) {
    let thread = secret().key(&["thread"]);
    store.finish(&saved("erased", thread, None, "old")).await.unwrap();
    let old = store.recall("erased", &thread).await.unwrap().unwrap().version;
    store.erase("erased", &thread).await.unwrap();
    let slow = saved("erased", thread, Some(old), "old and more");
    assert_eq!(store.finish(&slow).await, Ok(Finished::Conflict));
    store.move_clock(5);
    store.finish(&saved("erased", thread, None, "new")).await.unwrap();
    assert_eq!(store.finish(&slow).await, Ok(Finished::Conflict));
    store.move_clock(-5);
}

async fn tenants_are_apart(store: &Store) {
    let key = secret().key(&["same"]);
    for tenant in ["here", "there"] {
        assert_eq!(store.claim(tenant, &key, "a").await, Ok(Claimed::Mine));
        let mut finish = saved(tenant, key, None, tenant);
        finish.counts = counted(tenant).counts;
        store.finish(&finish).await.unwrap();
    }
    assert_eq!(store.recall("here", &key).await.unwrap().unwrap().state, "here");
    assert_eq!(store.erase("here", &key).await, Ok(1));
    assert_eq!(store.recall("there", &key).await.unwrap().unwrap().state, "there");
    assert_eq!((total(store, "here").await, total(store, "there").await), (1, 1));
    let all = store.counts(None, "2026-01-01").await.unwrap();
    assert_eq!(all.iter().filter(|row| row.tenant.ends_with("here")).count(), 2);
}

async fn what_expired_is_forgotten_and_swept(store: &Store) {
    const HALF_HOUR: i64 = 30 * 60_000;
    const TWO_DAYS: i64 = 48 * 3_600_000;
    const YEARS: i64 = 402 * 86_400_000;
    let secret = secret();
    let (thread, update) = (secret.key(&["thread"]), secret.key(&["update"]));
    store.claim("expiry", &update, "a").await.unwrap();
    let mut finish = saved("expiry", thread, None, "first");
    finish.claim = Some((update, "a".into()));
    finish.counts = counted("expiry").counts;
    store.finish(&finish).await.unwrap();
    let version = store.recall("expiry", &thread).await.unwrap().unwrap().version;

    store.move_clock(HALF_HOUR);
    assert!(store.recall("expiry", &thread).await.unwrap().is_none());
    assert!(store.stored("expiry", &thread).await.unwrap().is_none());
    // One may begin anew over an expired one that is not swept yet; its version is past.
    assert_eq!(store.finish(&saved("expiry", thread, None, "2nd")).await, Ok(Finished::Written));
    let stale = saved("expiry", thread, Some(version), "stale");
    assert_eq!(store.finish(&stale).await, Ok(Finished::Conflict));

    store.sweep("replica").await.unwrap();
    assert!(store.recall("expiry", &thread).await.unwrap().is_some(), "swept too early");
    store.move_clock(HALF_HOUR);
    assert_eq!(store.take_lease("sweep", "other", Duration::from_secs(90)).await, Ok(true));
    store.sweep("replica").await.unwrap();
    assert_ne!(rows(store, "conversations").await, 0, "two sweep at once");
    store.give_up_lease("sweep", "other").await.unwrap();
    store.sweep("replica").await.unwrap();
    assert_eq!(rows(store, "conversations").await, 0);
    assert_eq!(store.claim("expiry", &update, "b").await, Ok(Claimed::Done), "swept too early");

    store.move_clock(TWO_DAYS);
    store.sweep("replica").await.unwrap();
    assert_eq!(rows(store, "seen").await, 0);
    assert_eq!(total(store, "expiry").await, 1, "swept too early");

    store.move_clock(YEARS);
    store.sweep("replica").await.unwrap();
    assert_eq!(rows(store, "counters").await, 0);
    store.move_clock(-2 * HALF_HOUR - TWO_DAYS - YEARS);
    store.give_up_lease("sweep", "replica").await.unwrap();
}

async fn rows(store: &Store, table: &str) -> i64 {
    let reports = store.table_reports().await.unwrap();
    reports.iter().find(|report| report.table == table).unwrap().rows
}

async fn erasing_proves_itself(store: &Store) {
    let thread = secret().key(&["thread"]);
    assert_eq!(store.erase("erase", &thread).await, Ok(0));
    store.finish(&saved("erase", thread, None, "{}")).await.unwrap();
    let stored = store.stored("erase", &thread).await.unwrap().unwrap();
    assert_eq!(stored.expires - stored.since, 30 * 60_000);
    assert_eq!(store.erase("erase", &thread).await, Ok(1));
    assert_eq!(store.stored("erase", &thread).await, Ok(None));

    store.finish(&saved("erase", thread, None, "{}")).await.unwrap();
    let mut finish = counted("erase");
    finish.erase.push(thread);
    assert_eq!(store.finish(&finish).await, Ok(Finished::Written));
    assert_eq!(store.stored("erase", &thread).await, Ok(None));
}

async fn one_holds_a_lease(one: &Store, two: &Store) {
    const SPAN: Duration = Duration::from_secs(30);
    assert_eq!(one.take_lease("gateway", "a", SPAN).await, Ok(true));
    assert_eq!(two.take_lease("gateway", "b", SPAN).await, Ok(false));
    assert_eq!(two.take_lease("other", "b", SPAN).await, Ok(true));

    // Renewed at half time, it lasts beyond its first end.
    move_clocks(one, two, 20_000);
    assert_eq!(one.take_lease("gateway", "a", SPAN).await, Ok(true));
    move_clocks(one, two, 20_000);
    assert_eq!(two.take_lease("gateway", "b", SPAN).await, Ok(false));

    // The holder is gone: the standby takes over, and the holder notices.
    move_clocks(one, two, 20_000);
    assert_eq!(two.take_lease("gateway", "b", SPAN).await, Ok(true));
    assert_eq!(one.take_lease("gateway", "a", SPAN).await, Ok(false));
    one.give_up_lease("gateway", "a").await.unwrap();
    assert_eq!(one.take_lease("gateway", "a", SPAN).await, Ok(false));
    two.give_up_lease("gateway", "b").await.unwrap();
    assert_eq!(one.take_lease("gateway", "a", SPAN).await, Ok(true));
    move_clocks(one, two, -60_000);
}

/// In memory both are one store, with one clock.
fn move_clocks(one: &Store, two: &Store, milliseconds: i64) {
    one.move_clock(milliseconds);
    if !Arc::ptr_eq(&one.0, &two.0) {
        two.move_clock(milliseconds);
    }
}

async fn notes_are_replaced_only_by_who_knows_them(one: &Store, two: &Store) {
    assert_eq!(one.notes("town").await, Ok(None));
    assert_eq!(one.set_notes("town", Some(1), "x").await, Ok(false));
    assert_eq!(one.set_notes("town", None, "a = 1").await, Ok(true));
    assert_eq!(two.set_notes("town", None, "a = 2").await, Ok(false));
    let notes = two.notes("town").await.unwrap().unwrap();
    assert_eq!(notes, Notes { revision: 1, text: "a = 1".into() });
    assert_eq!(two.set_notes("town", Some(1), "a = 2").await, Ok(true));
    assert_eq!(one.set_notes("town", Some(1), "a = 3").await, Ok(false));
    assert_eq!(one.notes("town").await.unwrap().unwrap().text, "a = 2");
    one.set_notes("city", None, "").await.unwrap();
    let revisions = two.all_note_revisions().await.unwrap();
    assert_eq!(revisions, [("city".to_owned(), 1), ("town".to_owned(), 2)]);
}

async fn signals_tell_the_latest(one: &Store, two: &Store) {
    one.announce("town", "catalog", "old").await.unwrap();
    two.announce("town", "catalog", "new").await.unwrap();
    one.announce("city", "offers", "x").await.unwrap();
    let signal = |tenant: &str, what: &str, hash: &str| Signal {
        tenant: tenant.into(),
        what: what.into(),
        hash: hash.into(),
    };
    let expected = [signal("city", "offers", "x"), signal("town", "catalog", "new")];
    assert_eq!(two.announced().await.unwrap(), expected);
}

async fn counts_add_up(one: &Store, two: &Store) {
    const EACH: i64 = 15;
    let feedback = |verdict: &str| Feedback {
        day: "2026-11-22".into(),
        channel: "telegram".into(),
        service: "hund-anmelden".into(),
        verdict: verdict.into(),
    };
    let mut tasks = JoinSet::new();
    for task in 0..8_usize {
        let store = if task % 2 == 0 { one.clone() } else { two.clone() };
        let mut finish = counted("counts");
        let mut other = finish.counts[0].clone();
        other.kind = "abstain".into();
        finish.counts.extend([other.clone(), other]);
        finish.feedback = vec![feedback("helpful")];
        // In opposite orders, which must not block each other for good.
        if task % 4 < 2 {
            finish.counts.reverse();
        }
        tasks.spawn(async move {
            for _ in 0..EACH {
                assert_eq!(store.finish(&finish).await, Ok(Finished::Written));
            }
        });
    }
    tasks.join_all().await;
    let counts = one.counts(Some("counts"), "2026-11-22").await.unwrap();
    let counts: Vec<_> = counts.iter().map(|row| (&*row.kind, row.n)).collect();
    assert_eq!(counts, [("abstain", 16 * EACH), ("answer", 8 * EACH)]);
    let feedback = one.feedback(Some("counts"), "2026-11-22").await.unwrap();
    assert_eq!(feedback.len(), 1);
    assert_eq!((&*feedback[0].verdict, feedback[0].n), ("helpful", 8 * EACH));
    assert!(one.counts(Some("counts"), "2026-11-23").await.unwrap().is_empty());
}

async fn nul_is_removed(store: &Store) {
    let thread = secret().key(&["thread"]);
    let finish = saved("nu\0l", thread, None, "a\0b");
    assert_eq!(store.finish(&finish).await, Ok(Finished::Written));
    assert_eq!(store.recall("nul", &thread).await.unwrap().unwrap().state, "ab");
    assert_eq!(store.set_notes("nul", None, "x\0 = 1").await, Ok(true));
    assert_eq!(store.notes("nul").await.unwrap().unwrap().text, "x = 1");
}

async fn tables_are_reported(store: &Store) {
    let reports = store.table_reports().await.unwrap();
    let names: Vec<_> = reports.iter().map(|report| report.table).collect();
    let all = ["conversations", "counters", "feedback", "leases", "notes", "seen", "signals"];
    assert_eq!(names, all);
    let counters = reports.iter().find(|report| report.table == "counters").unwrap();
    assert!(counters.rows > 0);
    assert_eq!(counters.retention, Some(Duration::from_secs(400 * 86_400)));
    // 2026-11-22T00:00Z.
    assert_eq!(counters.oldest, Some(1_795_305_600_000));
    let conversations = reports.iter().find(|report| report.table == "conversations").unwrap();
    let age = store.now() - conversations.oldest.unwrap();
    assert!((0..60_000).contains(&age), "{age}");
}
