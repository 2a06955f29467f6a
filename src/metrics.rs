//! The figures of operation: their names, what they mean, and the page that Prometheus reads.
//!
//! Others record with the macros of the `metrics` crate and the names that stand here, for example
//! `metrics::counter!(QUESTIONS_TOTAL, "tenant" => tenant, ...)`. Labels come from short fixed
//! lists (tenants, channels, outcomes), never from what a citizen wrote.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Replies to citizens. Labels: `tenant`, `channel`,
/// `outcome` = `answer` | `clarify` | `abstain` | `notice`.
pub const QUESTIONS_TOTAL: &str = "amtslotse_questions_total";
/// From a message's arrival in the process to its reply being ready, histogram. Label: `channel`.
pub const ANSWER_SECONDS: &str = "amtslotse_answer_seconds";
/// How long a platform took for one request of ours, histogram; those that wait for messages do not
/// count. Label: `channel`.
pub const PLATFORM_SECONDS: &str = "amtslotse_platform_seconds";
/// Updates from the platforms. Labels: `tenant`, `channel`,
/// `result` = `answered` | `duplicate` | `held` | `too_old` | `refused` | `failed`.
pub const UPDATES_TOTAL: &str = "amtslotse_updates_total";
/// Web hook requests that were turned away. Labels: `channel`, `reason`.
pub const WEBHOOK_REJECTED_TOTAL: &str = "amtslotse_webhook_rejected_total";
/// Requests to a platform that had to be repeated. Label: `channel`.
pub const PLATFORM_RETRIES_TOTAL: &str = "amtslotse_platform_retries_total";
/// Reloads of the catalog. Labels: `tenant`, `result` = `ok` | `refused`.
pub const CATALOG_RELOADS_TOTAL: &str = "amtslotse_catalog_reloads_total";
/// Time since the catalog in use was loaded.
pub const CATALOG_AGE_SECONDS: &str = "amtslotse_catalog_age_seconds";
/// Operations that the store failed.
pub const STORE_ERRORS_TOTAL: &str = "amtslotse_store_errors_total";
/// 1 while the store works, else 0.
pub const STORE_UP: &str = "amtslotse_store_up";
/// What was given up because a bound was reached. Label: `what`.
pub const DROPPED_TOTAL: &str = "amtslotse_dropped_total";
/// Faults inside that were caught. Label: `place`.
pub const PANICS_TOTAL: &str = "amtslotse_panics_total";
/// Messages that wait for their turn.
pub const QUEUE_WAITING: &str = "amtslotse_queue_waiting";
/// Messages that are being answered.
pub const QUEUE_RUNNING: &str = "amtslotse_queue_running";
/// Municipalities that this process serves.
pub const TENANTS: &str = "amtslotse_tenants";
/// Messages that Telegram has not delivered to the web hook yet. Label: `tenant`.
pub const TELEGRAM_WAITING: &str = "amtslotse_telegram_waiting";
/// 1 while a channel can answer, else 0. Labels: `tenant`, `channel`.
pub const CHANNEL_UP: &str = "amtslotse_channel_up";
/// Always 1. Label: `version`.
pub const BUILD_INFO: &str = "amtslotse_build_info";
/// Memory that the process holds, as the kernel counts it (Linux only).
pub const RESIDENT_MEMORY_BYTES: &str = "process_resident_memory_bytes";
/// When the process began to measure, in seconds since 1970.
pub const START_TIME_SECONDS: &str = "process_start_time_seconds";

/// Upper ends of the histograms' buckets, in seconds: an answer takes about a millisecond, a
/// platform up to half a minute.
const BUCKETS: [f64; 17] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// How often recorded values are gathered. Between two gatherings the histograms keep every value.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
#[error("the metrics cannot be set up: {0}")]
pub struct InstallError(#[from] BuildError);

/// The figures of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

/// Records a reply that is ready.
pub fn answered(tenant: &str, channel: &'static str, outcome: &'static str, took: Duration) {
    let labels =
        [("tenant", tenant.to_owned()), ("channel", channel.into()), ("outcome", outcome.into())];
    metrics::counter!(QUESTIONS_TOTAL, &labels).increment(1);
    metrics::histogram!(ANSWER_SECONDS, "channel" => channel).record(took);
}

/// Records what became of an update.
pub fn update(tenant: &str, channel: &'static str, result: &'static str) {
    let labels =
        [("tenant", tenant.to_owned()), ("channel", channel.into()), ("result", result.into())];
    metrics::counter!(UPDATES_TOTAL, &labels).increment(1);
}

/// Records a web hook request that was turned away.
pub fn webhook_rejected(channel: &'static str, reason: &'static str) {
    metrics::counter!(WEBHOOK_REJECTED_TOTAL, "channel" => channel, "reason" => reason)
        .increment(1);
}

/// Records what was given up because a bound was reached.
pub fn dropped(what: &'static str) {
    metrics::counter!(DROPPED_TOTAL, "what" => what).increment(1);
}

/// Records `times` reloads of a tenant's catalog, offers or notes (0: so that the figure is there).
pub fn reloaded(tenant: &str, result: &'static str, times: u64) {
    let labels = [("tenant", tenant.to_owned()), ("result", result.into())];
    metrics::counter!(CATALOG_RELOADS_TOTAL, &labels).increment(times);
}

/// Records how long a platform took for a request.
pub fn platform(channel: &'static str, took: Duration) {
    metrics::histogram!(PLATFORM_SECONDS, "channel" => channel).record(took);
}

/// Records that a request to a platform is repeated.
pub fn platform_retried(channel: &'static str) {
    metrics::counter!(PLATFORM_RETRIES_TOTAL, "channel" => channel).increment(1);
}

/// Records a fault inside that was caught in a `place`: `answer`, `channel` or `http`.
pub fn panicked(place: &'static str) {
    metrics::counter!(PANICS_TOTAL, "place" => place).increment(1);
}

/// Records how many messages wait at Telegram.
pub fn telegram_waiting(tenant: &str, messages: u64) {
    metrics::gauge!(TELEGRAM_WAITING, "tenant" => tenant.to_owned()).set(messages as f64);
}

/// Records how many towns are served.
pub fn serves(tenants: usize) {
    metrics::gauge!(TENANTS).set(tenants as f64);
}

/// Records how old the catalog in use is.
pub fn catalog_age(age: Duration) {
    metrics::gauge!(CATALOG_AGE_SECONDS).set(age.as_secs_f64());
}

/// Starts to measure, for the whole process; a second call gives the same figures.
///
/// # Errors
/// If the process already measures by other means.
pub fn install() -> Result<Metrics, InstallError> {
    static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metrics) = &*installed {
        return Ok(metrics.clone());
    }
    let handle = builder()?.install_recorder()?;
    describe();
    record_process();
    let metrics = Metrics { handle };
    *installed = Some(metrics.clone());
    Ok(metrics)
}

impl Metrics {
    /// The page for Prometheus, in its text format.
    pub fn render(&self) -> String {
        record_memory();
        self.handle.render()
    }

    /// Keeps what is recorded small; runs until it is dropped.
    pub async fn upkeep(&self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.handle.run_upkeep();
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    [ANSWER_SECONDS, PLATFORM_SECONDS]
        .into_iter()
        .try_fold(PrometheusBuilder::new(), |builder, name| {
            builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &BUCKETS)
        })
}

enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[rustfmt::skip]
const DESCRIPTIONS: [(&str, Kind, Unit, &str); 20] = [
    (QUESTIONS_TOTAL, Kind::Counter, Unit::Count, "Replies to citizens by outcome"),
    (ANSWER_SECONDS, Kind::Histogram, Unit::Seconds, "Time from a message's arrival to its reply being ready"),
    (PLATFORM_SECONDS, Kind::Histogram, Unit::Seconds, "Time that a platform took for one request"),
    (UPDATES_TOTAL, Kind::Counter, Unit::Count, "Updates from the platforms by what became of them"),
    (WEBHOOK_REJECTED_TOTAL, Kind::Counter, Unit::Count, "Web hook requests that were turned away"),
    (PLATFORM_RETRIES_TOTAL, Kind::Counter, Unit::Count, "Requests to a platform that had to be repeated"),
    (CATALOG_RELOADS_TOTAL, Kind::Counter, Unit::Count, "Reloads of the catalog by result"),
    (CATALOG_AGE_SECONDS, Kind::Gauge, Unit::Seconds, "Time since the catalog in use was loaded"),
    (STORE_ERRORS_TOTAL, Kind::Counter, Unit::Count, "Operations that the store failed"),
    (STORE_UP, Kind::Gauge, Unit::Count, "1 while the store works, else 0"),
    (DROPPED_TOTAL, Kind::Counter, Unit::Count, "What was given up because a bound was reached"),
    (PANICS_TOTAL, Kind::Counter, Unit::Count, "Faults inside that were caught"),
    (QUEUE_WAITING, Kind::Gauge, Unit::Count, "Messages that wait for their turn"),
    (QUEUE_RUNNING, Kind::Gauge, Unit::Count, "Messages that are being answered"),
    (TENANTS, Kind::Gauge, Unit::Count, "Municipalities that this process serves"),
    (TELEGRAM_WAITING, Kind::Gauge, Unit::Count, "Messages that Telegram has not delivered yet"),
    (CHANNEL_UP, Kind::Gauge, Unit::Count, "1 while the channel can answer, else 0"),
    (BUILD_INFO, Kind::Gauge, Unit::Count, "Always 1; the version is in the label"),
    (RESIDENT_MEMORY_BYTES, Kind::Gauge, Unit::Bytes, "Resident memory size in bytes"),
    (START_TIME_SECONDS, Kind::Gauge, Unit::Seconds, "Start of the process in seconds since 1970"),
];

fn describe() {
    for (name, kind, unit, help) in DESCRIPTIONS {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, unit, help),
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Histogram => metrics::describe_histogram!(name, unit, help),
        }
    }
}

fn record_process() {
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!(START_TIME_SECONDS).set(since_1970.as_secs_f64());
}

fn record_memory() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = resident_bytes(&status) {
        metrics::gauge!(RESIDENT_MEMORY_BYTES).set(bytes);
    }
}

/// Reads the line `VmRSS:     1234 kB` of Linux's `/proc/self/status`.
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u32 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(f64::from(kilobytes) * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_gives_the_same_figures() {
        let first = install().unwrap();
        let second = install().unwrap();
        metrics::counter!(DROPPED_TOTAL, "what" => "metrics-test").increment(3);
        let line = "amtslotse_dropped_total{what=\"metrics-test\"} 3";
        assert!(first.render().contains(line));
        assert!(second.render().contains(line));
    }

    #[test]
    fn an_answer_is_counted_in_buckets_from_a_tenth_of_a_millisecond_to_half_a_minute() {
        let metrics = install().unwrap();
        metrics::histogram!(ANSWER_SECONDS, "channel" => "metrics-test").record(0.000_2);
        let page = metrics.render();
        for line in [
            "_bucket{channel=\"metrics-test\",le=\"0.0001\"} 0",
            "_bucket{channel=\"metrics-test\",le=\"0.00025\"} 1",
            "_bucket{channel=\"metrics-test\",le=\"30\"} 1",
            "_count{channel=\"metrics-test\"} 1",
        ] {
            assert!(page.contains(&format!("{ANSWER_SECONDS}{line}")), "{line} in {page}");
        }
    }

    #[test]
    fn the_page_tells_version_start_and_memory() {
        let page = install().unwrap().render();
        let value = |name: &str| -> f64 {
            let line = page.lines().find(|line| line.starts_with(&format!("{name} ")));
            line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
        };
        assert!(page.contains(concat!(
            "amtslotse_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        )));
        assert!(value(START_TIME_SECONDS) > 1_700_000_000.0);
        if cfg!(target_os = "linux") {
            assert!(value(RESIDENT_MEMORY_BYTES) > 1_000_000.0);
        }
    }

    #[test]
    fn every_figure_is_described_once_and_named_by_the_rules() {
        let mut names: Vec<_> = DESCRIPTIONS.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DESCRIPTIONS.len());
        for (name, kind, _, help) in &DESCRIPTIONS {
            assert!(name.starts_with("amtslotse_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), matches!(kind, Kind::Counter), "{name}");
            assert!(!help.is_empty());
        }
    }

    #[test]
    fn descriptions_reach_the_page() {
        let metrics = install().unwrap();
        metrics::gauge!(STORE_UP).set(1.0);
        let page = metrics.render();
        assert!(page.contains("# HELP amtslotse_store_up 1 while the store works, else 0"));
        assert!(page.contains("# TYPE amtslotse_store_up gauge"));
    }

    #[test]
    fn memory_is_read_or_left_out() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2_097_152.0));
        for status in ["", "VmRSS:", "VmRSS: many kB", "VmRSS: 12 MB"] {
            assert_eq!(resident_bytes(status), None, "{status}");
        }
    }
}
