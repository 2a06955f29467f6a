use tokio::time::advance;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn reasons(health: &Health) -> Vec<(&'static str, String, &'static str)> {
    let reasons = health.report().reasons.into_iter();
    reasons.map(|reason| (reason.part, reason.tenant.to_string(), reason.reason)).collect()
}

/// A process whose catalog is loaded and whose store works.
fn loaded() -> Health {
    let health = Health::new();
    health.part(Role::Essential, "catalog", "").up();
    health.part(Role::Auxiliary, "store", "").up();
    health
}

#[test]
fn nothing_is_ready_before_anything_was_started() {
    let report = Health::new().report();
    assert_eq!(report.status, Status::Unready);
    assert_eq!(report.reasons[0].reason, "no_channel");
}

#[test]
fn ready_when_all_parts_are_up() {
    let health = loaded();
    let telegram = health.part(Role::Channel, "telegram", "tuebingen");
    assert_eq!(health.report().status, Status::Unready);
    telegram.up();
    assert_eq!(health.report().status, Status::Ready);
    assert_eq!(reasons(&health), []);
}

#[test]
fn not_ready_without_a_catalog() {
    let health = loaded();
    health.part(Role::Channel, "telegram", "tuebingen").up();
    let catalog = health.part(Role::Essential, "catalog", "");
    assert_eq!(health.report().status, Status::Unready);
    catalog.degraded("old", "the last reload was refused");
    assert_eq!(health.report().status, Status::Degraded);
    catalog.down("broken", "the catalog has errors");
    assert_eq!(health.report().status, Status::Unready);
    assert_eq!(reasons(&health), [("catalog", String::new(), "broken")]);
}

#[test]
fn a_store_that_is_down_only_degrades() {
    let health = loaded();
    health.part(Role::Channel, "telegram", "tuebingen").up();
    health.part(Role::Auxiliary, "store", "").down("unreachable", "the database does not answer");
    assert_eq!(health.report().status, Status::Degraded);
    assert_eq!(reasons(&health), [("store", String::new(), "unreachable")]);
}

#[test]
fn every_tenth_town_failing_takes_no_other_town_away() {
    let health = loaded();
    let towns: Vec<_> =
        (0..300).map(|n| health.part(Role::Channel, "telegram", &format!("town-{n}"))).collect();
    for (n, town) in towns.iter().enumerate() {
        if n % 10 == 0 { town.down("unauthorized", "the token is not accepted") } else { town.up() }
    }
    let report = health.report();
    assert_eq!(report.status, Status::Degraded);
    assert_eq!(report.reasons.len(), 30);
    for town in &towns {
        town.down("unreachable", "the platform cannot be reached");
    }
    let report = health.report();
    assert_eq!(report.status, Status::Unready);
    assert_eq!(report.reasons.len(), 301);
    assert_eq!(report.reasons[0].reason, "no_channel");
    towns[299].degraded("slow", "the platform asks to slow down");
    assert_eq!(health.report().status, Status::Degraded);
}

#[test]
fn not_ready_while_stopping() {
    let health = loaded();
    health.part(Role::Channel, "telegram", "tuebingen").up();
    health.stopping();
    assert_eq!(health.report().status, Status::Unready);
    assert_eq!(reasons(&health), [("process", String::new(), "stopping")]);
}

#[test]
fn a_part_that_is_started_again_takes_its_own_place() {
    let health = loaded();
    let first = health.part(Role::Channel, "telegram", "tuebingen");
    first.down("panicked", "the channel ended in a fault");
    let second = health.part(Role::Channel, "telegram", "tuebingen");
    assert_eq!(reasons(&health)[1].2, "starting");
    second.up();
    assert_eq!(reasons(&health), []);
    first.withdraw();
    assert_eq!(health.report().status, Status::Unready);
}

#[test]
fn the_report_is_the_documented_json() {
    let health = loaded();
    health.part(Role::Channel, "discord", "tuebingen").up();
    health
        .part(Role::Channel, "telegram", "tuebingen")
        .down("unauthorized", "the token is refused");
    let mut json = serde_json::to_value(health.report()).unwrap();
    let since = json["reasons"][0]["since"].take();
    let since = OffsetDateTime::parse(since.as_str().unwrap(), &Rfc3339).unwrap();
    assert!((OffsetDateTime::now_utc() - since).whole_seconds() < 60);
    let expected = serde_json::json!({
        "status": "degraded",
        "version": env!("CARGO_PKG_VERSION"),
        "reasons": [{
            "part": "telegram",
            "tenant": "tuebingen",
            "status": "down",
            "reason": "unauthorized",
            "text": "the token is refused",
            "since": null,
        }],
    });
    assert_eq!(json, expected);
}

#[test]
fn times_are_utc_to_the_second() {
    let at = OffsetDateTime::from_unix_timestamp_nanos(1_795_367_288_999_000_000).unwrap();
    assert_eq!(rfc3339(at), "2026-11-22T17:08:08Z");
}

#[test]
fn another_reason_does_not_change_since_when_a_part_is_down() {
    let health = loaded();
    let part = health.part(Role::Channel, "telegram", "");
    part.down("unreachable", "the platform cannot be reached");
    let long_ago = OffsetDateTime::UNIX_EPOCH;
    part.change(|entry| entry.since = long_ago);
    part.down("failing", "the platform answers with errors");
    assert_eq!(health.report().reasons[1].since, "1970-01-01T00:00:00Z");
    part.starting();
    assert_ne!(health.report().reasons[1].since, "1970-01-01T00:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_falls_silent_counts_as_down_until_it_is_heard_again() {
    let health = loaded();
    let part = health.part(Role::Channel, "telegram", "tuebingen");
    part.up();
    part.alive();
    advance(SILENT_AFTER).await;
    assert_eq!(health.report().status, Status::Ready);
    advance(MINUTE).await;
    let report = health.report();
    assert_eq!(report.status, Status::Unready);
    assert_eq!(report.reasons[1].reason, "silent");
    part.alive();
    assert_eq!(health.report().status, Status::Ready);
}

#[tokio::test(start_paused = true)]
async fn the_process_lives_while_one_of_its_parts_does() {
    let health = loaded();
    assert!(health.is_alive(MINUTE), "nothing gives signs of life yet");
    let [one, other] = ["one", "other"].map(|town| health.part(Role::Channel, "telegram", town));
    one.alive();
    other.alive();
    advance(2 * MINUTE).await;
    assert!(!health.is_alive(MINUTE));
    other.alive();
    assert!(health.is_alive(MINUTE));
    advance(2 * MINUTE).await;
    one.down("unauthorized", "the token is not accepted");
    assert!(!health.is_alive(MINUTE));
    other.down("unauthorized", "the token is not accepted");
    assert!(health.is_alive(MINUTE), "who has said that it is down need not be heard");
}

#[tokio::test(start_paused = true)]
async fn channels_are_recorded_as_they_are_at_that_moment() {
    let metrics = crate::metrics::install().unwrap();
    let health = Health::new();
    let part = health.part(Role::Channel, "telegram", "recorded");
    let up = |value: &str| {
        health.record();
        let line =
            format!("amtslotse_channel_up{{tenant=\"recorded\",channel=\"telegram\"}} {value}\n");
        assert!(metrics.render().contains(&line), "{line}");
    };
    up("0");
    part.up();
    part.alive();
    up("1");
    advance(2 * SILENT_AFTER).await;
    up("0");
    part.withdraw();
    up("NaN");
}
