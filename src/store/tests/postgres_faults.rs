//! What can go wrong with a server.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_a_server_that_crashed_comes_back_with_all_counts() {
    let mut server = Postgres::start();
    let store = open(&server.url()).await;
    let thread = secret().key(&["thread"]);
    let _tended = tended(&store);
    store.finish(&counted("town")).await.unwrap();
    store.finish(&saved("town", thread, None, "kept")).await.unwrap();

    server.stop_immediate();
    let started = Instant::now();
    assert_eq!(store.finish(&counted("town")).await, Err(Down));
    assert!(started.elapsed() < Duration::from_millis(3_500), "{:?}", started.elapsed());
    assert!(!store.is_up());
    let started = Instant::now();
    for _ in 0..50 {
        assert_eq!(store.finish(&counted("town")).await, Err(Down));
        assert!(store.recall("town", &thread).await.is_err());
    }
    assert!(started.elapsed() < Duration::from_secs(1), "calls wait for a server that is down");

    server.restart();
    until("it is up again", async || store.is_up()).await;
    assert_eq!(store.recall("town", &thread).await.unwrap().unwrap().state, "kept");
    until("the counts arrive", async || total(&store, "town").await == 52).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_a_server_that_hangs_holds_nobody_up() {
    let server = Postgres::start();
    let store = open(&server.url()).await;
    store.finish(&counted("town")).await.unwrap();
    server.pause();
    let started = Instant::now();
    let mut chats = JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        chats.spawn(async move { store.finish(&counted("town")).await });
    }
    for result in chats.join_all().await {
        assert_eq!(result, Err(Down));
    }
    assert!(started.elapsed() < Duration::from_millis(3_500), "{:?}", started.elapsed());
    assert!(!store.is_up());
    // The probe does not wait for long either.
    let started = Instant::now();
    store.0.link.probe("replica").await;
    assert!(started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());

    server.resume();
    let _tended = tended(&store);
    until("all is counted", async || store.is_up() && total(&store, "town").await >= 101).await;
    // What hung when it was given up may have been written all the same, see `Store::finish`.
    assert!(total(&store, "town").await <= 101 + 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_a_server_that_is_not_there_yet_is_waited_for() {
    let mut server = Postgres::stopped();
    let store = open(&server.url()).await;
    assert!(!store.is_up());
    assert_eq!(store.finish(&counted("town")).await, Err(Down));
    let _tended = tended(&store);
    server.restart();
    until("the tables are made", async || store.is_up()).await;
    until("the counts arrive", async || total(&store, "town").await == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_a_read_only_server_is_down_until_it_is_writable() {
    let server = Postgres::start();
    let store = open(&server.url()).await;
    set_read_only(&server, "on");
    assert_eq!(store.finish(&counted("town")).await, Err(Down));
    store.0.link.probe("replica").await;
    assert!(!store.is_up(), "reading alone does not make it well");
    set_read_only(&server, "off");
    let _tended = tended(&store);
    until("it is written to again", async || store.is_up() && total(&store, "town").await == 1)
        .await;
}

/// As after a failover: open connections are gone.
fn set_read_only(server: &Postgres, value: &str) {
    server.sql(&format!(
        "BEGIN READ WRITE; \
         ALTER DATABASE amtslotse SET default_transaction_read_only = {value}; COMMIT"
    ));
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = 'amtslotse' AND pid <> pg_backend_pid()",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_without_the_password() {
    let server = Postgres::start();
    let base = server.url();
    let unknown =
        base.replace("/amtslotse", "/nirgends").replace("//amtslotse@", "//amtslotse:geheim@");
    let message = open_error(&unknown).await;
    assert!(message.starts_with("store.url: PostgreSQL lehnt die Verbindung ab"), "{message}");
    assert!(message.contains("nirgends") && !message.contains("geheim"), "{message}");
    let message = open_error(&base.replace("//amtslotse@", "//niemand@")).await;
    assert!(message.contains("niemand"), "{message}");

    // A role that may connect, but not make tables.
    server.sql("CREATE ROLE guest LOGIN");
    let message = open_error(&base.replace("//amtslotse@", "//guest@")).await;
    assert!(message.contains("permission denied"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_62_replicas_migrate_at_once() {
    let server = Postgres::start();
    let mut replicas = JoinSet::new();
    for number in 0..6 {
        let url = server.url();
        replicas.spawn(async move {
            let store = open(&url).await;
            assert!(store.is_up());
            store.announce(&number.to_string(), "catalog", "x").await.unwrap();
            store
        });
    }
    let stores = replicas.join_all().await;
    assert_eq!(stores[0].announced().await.unwrap().len(), 6);
    assert_eq!(server.sql("SELECT COUNT(*) FROM compatibility"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_62_a_schema_that_needs_a_newer_program_is_refused() {
    let server = Postgres::start();
    drop(open(&server.url()).await);
    server.sql("INSERT INTO compatibility (since) VALUES (99)");
    let message = open_error(&server.url()).await;
    assert!(message.contains("neueren Version") && message.contains("Schema 99"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_call_gets_wrong_does_not_bring_the_store_down() {
    let server = Postgres::start();
    let store = open(&server.url()).await;
    // Longer than an index takes, and not to be compressed.
    let secret = secret();
    let tenant: String = (0..4_000).map(|n| secret.key(&[&n.to_string()]).hex()).collect();
    assert_eq!(store.announce(&tenant, "catalog", "x").await, Err(Down));
    assert!(store.is_up());
    assert_eq!(store.announce("town", "catalog", "x").await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_a_row_locked_by_another_session_holds_a_turn_up_for_its_limit_only() {
    let server = Postgres::start();
    let store = open(&server.url()).await;
    store.finish(&counted("town")).await.unwrap();
    let url = server.url();
    let mut other = Command::new("psql")
        .args([&*url, "-qAX", "-c", "BEGIN; UPDATE counters SET n = n; SELECT pg_sleep(60)"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the row is locked", async || {
        server.sql("SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep'") == "1"
    })
    .await;
    let started = Instant::now();
    assert_eq!(store.finish(&counted("town")).await, Err(Down));
    assert!(started.elapsed() < Duration::from_millis(3_500), "{:?}", started.elapsed());
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_takes_long_brings_nothing_down() {
    let server = Postgres::start();
    let store = open(&server.url()).await;
    let report = |pool: AnyPool| async move {
        sqlx::query("SELECT pg_sleep(3)").execute(&pool).await.map(drop)
    };
    let started = Instant::now();
    assert_eq!(store.0.link.report(report).await, Ok(()));
    assert!(started.elapsed() >= Duration::from_secs(3));
    let report =
        |pool: AnyPool| async move { sqlx::query("SELECT 1/0").execute(&pool).await.map(drop) };
    assert_eq!(store.0.link.report(report).await, Err(Down));
    assert!(store.is_up());
}
