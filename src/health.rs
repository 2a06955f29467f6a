//! What works and what does not: every part of the process says how it is, and load balancers,
//! monitoring and systemd are told the whole.
//!
//! A bot that can still answer somebody is ready: that one town's token was revoked, or the store
//! is down, must not make a load balancer take the other 299 towns away.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::Instant;

use crate::metrics::CHANNEL_UP;

/// A channel that reports signs of life and has given none for this long counts as down. A long
/// poll takes up to a minute.
pub const SILENT_AFTER: Duration = Duration::from_secs(180);

/// How all parts are. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    parts: Arc<Mutex<Parts>>,
}

/// What a part's failing means for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Without it nobody can be answered: the base catalog.
    Essential,
    /// One way to one town's citizens; as long as one of all channels works, the process is ready.
    Channel,
    /// Without it answers get poorer: the store.
    Auxiliary,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartStatus {
    /// Not yet working.
    Starting,
    /// Working.
    Up,
    /// Working, but not as well as it should.
    Degraded,
    /// Another process does the work; this one would take over.
    Standby,
    /// Not working.
    Down,
}

/// How the whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything works.
    Ready,
    /// Citizens are answered, but something is wrong.
    Degraded,
    /// Nobody can be answered: send no traffic.
    Unready,
}

/// The whole and what is wrong with it, as shown to operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How the whole is.
    pub status: Status,
    /// The program's version.
    pub version: &'static str,
    /// All parts that are not up, and what else keeps the process from being ready.
    pub reasons: Vec<Reason>,
}

/// Why the process is not entirely well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Which part: `catalog`, `store`, `telegram`, ...; `process` for the whole.
    pub part: &'static str,
    /// Whose; empty if it serves all tenants.
    pub tenant: Arc<str>,
    /// How the part is.
    pub status: PartStatus,
    /// Why, for programs: `unauthorized`.
    pub reason: &'static str,
    /// Why, for people.
    pub text: &'static str,
    /// Since when the part has this status, RFC 3339 in UTC.
    pub since: String,
}

/// One part's way of saying how it is. Cheap to clone.
#[derive(Clone)]
pub struct Part {
    parts: Arc<Mutex<Parts>>,
    key: Key,
}

type Key = (&'static str, Arc<str>);

struct Parts {
    by_key: BTreeMap<Key, Entry>,
    began: OffsetDateTime,
    stopping: Option<OffsetDateTime>,
}

struct Entry {
    role: Role,
    state: State,
    since: OffsetDateTime,
    /// The last sign of life and when it was given, if the part gives any.
    alive: Option<(Instant, OffsetDateTime)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    status: PartStatus,
    reason: &'static str,
    text: &'static str,
}

const STARTING: State =
    State { status: PartStatus::Starting, reason: "starting", text: "is being started" };
const STANDBY: State =
    State { status: PartStatus::Standby, reason: "standby", text: "another process does it" };
const UP: State = State { status: PartStatus::Up, reason: "up", text: "works" };
const SILENT: State = State {
    status: PartStatus::Down,
    reason: "silent",
    text: "has given no sign of life for minutes",
};
const STOPPING: State =
    State { status: PartStatus::Down, reason: "stopping", text: "the process is ending" };
const NO_CHANNEL: State = State {
    status: PartStatus::Down,
    reason: "no_channel",
    text: "no channel can answer citizens",
};

impl Status {
    /// `ready`, `degraded` or `unready`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Unready => "unready",
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// No part yet, so not ready.
    pub fn new() -> Self {
        let began = OffsetDateTime::now_utc();
        let parts = Parts { by_key: BTreeMap::new(), began, stopping: None };
        Self { parts: Arc::new(Mutex::new(parts)) }
    }

    /// Registers a part, which is starting. One that is registered again (because it was started
    /// again) takes the place of the former. `tenant` is empty if the part serves all tenants.
    pub fn part(&self, role: Role, name: &'static str, tenant: &str) -> Part {
        let part = Part { parts: Arc::clone(&self.parts), key: (name, Arc::from(tenant)) };
        let entry = Entry { role, state: STARTING, since: OffsetDateTime::now_utc(), alive: None };
        lock(&self.parts).by_key.insert(part.key.clone(), entry);
        part
    }

    /// From now on the process is not ready: it is ending.
    pub fn stopping(&self) {
        lock(&self.parts).stopping.get_or_insert_with(OffsetDateTime::now_utc);
    }

    /// How the process is now.
    pub fn report(&self) -> Report {
        let parts = lock(&self.parts);
        let now = Instant::now();
        let views: Vec<View> =
            parts.by_key.iter().map(|(key, entry)| entry.view(key, now)).collect();
        let of = |role| views.iter().filter(move |view| view.role == role);

        let stopping = parts.stopping.map(|since| STOPPING.reason(process(), since));
        let no_channel = (!of(Role::Channel).any(View::works)).then(|| {
            let since = of(Role::Channel).map(|view| view.since).max();
            NO_CHANNEL.reason(process(), since.unwrap_or(parts.began))
        });
        let unready =
            stopping.is_some() || no_channel.is_some() || !of(Role::Essential).all(View::works);
        let failing = views.iter().filter(|view| !view.is_well()).map(View::reason);
        let reasons: Vec<Reason> = stopping.into_iter().chain(no_channel).chain(failing).collect();
        let status = match (unready, reasons.is_empty()) {
            (true, _) => Status::Unready,
            (false, true) => Status::Ready,
            (false, false) => Status::Degraded,
        };
        Report { status, version: env!("CARGO_PKG_VERSION"), reasons }
    }

    /// Records for every channel whether it can answer ([`CHANNEL_UP`]), as it is now.
    pub fn record(&self) {
        let now = Instant::now();
        for (key, entry) in &lock(&self.parts).by_key {
            if entry.role == Role::Channel {
                record_channel(key, f64::from(u8::from(entry.view(key, now).works())));
            }
        }
    }

    /// Whether the process should live on, for a watchdog: of the parts that give signs of life,
    /// at least one gave one within `limit`, or there is no such part (yet).
    pub fn is_alive(&self, limit: Duration) -> bool {
        let now = Instant::now();
        let parts = lock(&self.parts);
        let mut signs = parts.by_key.values().filter_map(|entry| entry.alive).peekable();
        signs.peek().is_none() || signs.any(|(at, _)| now.duration_since(at) <= limit)
    }
}

impl Part {
    /// Not yet working.
    pub fn starting(&self) {
        self.set(STARTING);
    }

    /// Another process does the work; this one would take over.
    pub fn standby(&self) {
        // Who waits gives no signs of life.
        self.change(|entry| entry.alive = None);
        self.set(STANDBY);
    }

    /// Working.
    pub fn up(&self) {
        self.set(UP);
    }

    /// Working, but not as well as it should. `reason` is a short English word for programs,
    /// `text` half a sentence for people; both fixed texts, so that nothing personal gets in.
    pub fn degraded(&self, reason: &'static str, text: &'static str) {
        self.set(State { status: PartStatus::Degraded, reason, text });
    }

    /// Not working; `reason` and `text` as in [`degraded`](Self::degraded).
    /// Signs of life are not expected any more, until there is one again.
    pub fn down(&self, reason: &'static str, text: &'static str) {
        self.set(State { status: PartStatus::Down, reason, text });
        self.change(|entry| entry.alive = None);
    }

    /// A sign of life. Once a part has given one it must go on, at least every minute.
    pub fn alive(&self) {
        let sign = (Instant::now(), OffsetDateTime::now_utc());
        self.change(|entry| entry.alive = Some(sign));
    }

    /// Whether it has given signs of life, and gives none any more.
    pub fn is_silent(&self) -> bool {
        let parts = lock(&self.parts);
        let alive = parts.by_key.get(&self.key).and_then(|entry| entry.alive);
        alive.is_some_and(|(at, _)| at.elapsed() > SILENT_AFTER)
    }

    /// Takes the part out of the report: it was stopped for good.
    pub fn withdraw(self) {
        let removed = lock(&self.parts).by_key.remove(&self.key);
        if removed.is_some_and(|entry| entry.role == Role::Channel) {
            // A metric cannot be taken back, but this one is neither up nor down.
            record_channel(&self.key, f64::NAN);
        }
    }

    fn set(&self, state: State) {
        self.change(|entry| {
            if entry.state == state {
                return;
            }
            if entry.state.status != state.status {
                entry.since = OffsetDateTime::now_utc();
            }
            entry.state = state;
            entry.log(&self.key);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = lock(&self.parts).by_key.get_mut(&self.key) {
            change(entry);
        }
    }
}

/// A part as it looks at one moment.
struct View<'a> {
    key: &'a Key,
    role: Role,
    state: State,
    since: OffsetDateTime,
}

impl View<'_> {
    fn works(&self) -> bool {
        self.is_well() || self.state.status == PartStatus::Degraded
    }

    fn is_well(&self) -> bool {
        matches!(self.state.status, PartStatus::Up | PartStatus::Standby)
    }

    fn reason(&self) -> Reason {
        self.state.reason(self.key.clone(), self.since)
    }
}

impl Entry {
    /// What the part said last, unless it has fallen silent since.
    fn view<'a>(&self, key: &'a Key, now: Instant) -> View<'a> {
        let silent = self.alive.filter(|(at, _)| now.duration_since(*at) > SILENT_AFTER);
        let (state, since) = match silent {
            Some((_, since)) if self.state.status != PartStatus::Down => (SILENT, since),
            _ => (self.state, self.since),
        };
        View { key, role: self.role, state, since }
    }

    fn log(&self, (part, tenant): &Key) {
        let State { status, reason, text } = self.state;
        match status {
            PartStatus::Starting => tracing::info!(part, %tenant, "a part is being started"),
            PartStatus::Standby => tracing::info!(part, %tenant, "another process does it"),
            PartStatus::Up => tracing::info!(part, %tenant, "a part works"),
            PartStatus::Degraded => {
                tracing::warn!(part, %tenant, reason, "a part is degraded: {text}")
            }
            PartStatus::Down => tracing::warn!(part, %tenant, reason, "a part is down: {text}"),
        }
    }
}

impl State {
    fn reason(self, (part, tenant): Key, since: OffsetDateTime) -> Reason {
        let Self { status, reason, text } = self;
        Reason { part, tenant, status, reason, text, since: rfc3339(since) }
    }
}

fn record_channel((channel, tenant): &Key, up: f64) {
    metrics::gauge!(CHANNEL_UP, "tenant" => Arc::clone(tenant), "channel" => *channel).set(up);
}

fn process() -> Key {
    ("process", Arc::from(""))
}

/// To the second; a time that cannot be written (which no clock gives) is left empty.
fn rfc3339(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

fn lock(parts: &Mutex<Parts>) -> MutexGuard<'_, Parts> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
