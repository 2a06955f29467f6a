//! The link to the database: every operation is bounded, races are tried again, and after a failure
//! nobody waits until a probe has found the database well.

use std::{
    collections::hash_map::RandomState,
    future::Future,
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    AnyPool,
    any::AnyConnectOptions,
    error::{DatabaseError, ErrorKind},
};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{
    Down, Engine,
    open::{POSTGRES_CONNECTIONS, postgres_pool, prepare_postgres, report_pool},
    schema::SchemaError,
};

/// Operations that failed, were refused or came while the store was overloaded. Those that
/// come while it is down are not counted.
const ERRORS: &str = "amtslotse_store_errors_total";
/// 1 while the store is up, 0 while it is down.
const UP: &str = "amtslotse_store_up";

/// How long an operation may wait for those before it. Who waits longer goes without the store.
const QUEUE: Duration = Duration::from_secs(1);
/// How long a report may take.
const REPORT: Duration = Duration::from_secs(60);
/// How often an operation is tried that lost against another one.
const ATTEMPTS: u32 = 6;
/// What a probe writes, so that a full disk is noticed even if there is room for a short row.
const PROBE_BYTES: usize = 64 * 1024;

const WRITE_PROBE: &str = "INSERT INTO leases (name, holder, until) VALUES ($1, $2, 0) \
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder";
const DELETE_PROBE: &str = "DELETE FROM leases WHERE name = $1";

impl Engine {
    /// How long one operation may take. SQLite waits up to 5 s for another program's lock, and then
    /// says so.
    pub(super) const fn limit(self) -> Duration {
        match self {
            Self::Sqlite => Duration::from_secs(6),
            Self::PostgreSql => Duration::from_secs(2),
        }
    }

    /// How many operations run at once: one on SQLite, as many as there are connections on
    /// PostgreSQL.
    const fn at_once(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::PostgreSql => POSTGRES_CONNECTIONS as usize,
        }
    }
}

pub(super) struct Link {
    pub(super) engine: Engine,
    options: AnyConnectOptions,
    turns: Semaphore,
    state: Mutex<State>,
}

struct State {
    pool: AnyPool,
    /// Counts recoveries: a failure of something begun before the last one says nothing.
    epoch: u64,
    down: Option<DownSince>,
}

struct DownSince {
    at: Instant,
    /// What was last logged.
    reason: String,
}

impl Link {
    pub(super) fn new(engine: Engine, options: AnyConnectOptions, pool: AnyPool) -> Self {
        metrics::gauge!(UP).set(1.0);
        let turns = Semaphore::new(engine.at_once());
        Self { engine, options, turns, state: Mutex::new(State { pool, epoch: 0, down: None }) }
    }

    pub(super) fn down_since(&self) -> Option<Instant> {
        self.state().down.as_ref().map(|down| down.at)
    }

    /// The server was not there when the program started.
    pub(super) fn start_down(&self, error: &sqlx::Error) {
        self.fail(0, error);
    }

    /// Runs an operation, within the limits of its engine.
    ///
    /// # Errors
    /// At once while the store is down; else if the operation fails, which may bring it down.
    pub(super) async fn run<T, F, R>(&self, operation: F) -> Result<T, Down>
    where
        F: Fn(AnyPool) -> R,
        R: Future<Output = sqlx::Result<T>>,
    {
        self.pool()?;
        let Ok(_turn) = timeout(QUEUE, self.turns.acquire()).await else {
            metrics::counter!(ERRORS).increment(1);
            return Err(Down);
        };
        // It may have gone down while this one waited.
        let (pool, epoch) = self.pool()?;
        let result = timeout(self.engine.limit(), persist(|| operation(pool.clone()))).await;
        let result = result.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        result.map_err(|error| self.failed(epoch, &error))
    }

    /// Runs a report: it may take long, and does not bring the store down.
    ///
    /// # Errors
    /// At once while the store is down; else if the report fails.
    pub(super) async fn report<T, F, R>(&self, report: F) -> Result<T, Down>
    where
        F: FnOnce(AnyPool) -> R,
        R: Future<Output = sqlx::Result<T>>,
    {
        let (shared, _) = self.pool()?;
        let run = async {
            match self.engine {
                Engine::Sqlite => {
                    // Closed semaphores do not occur; without its turn it would only wait longer.
                    let _turn = self.turns.acquire().await;
                    report(shared).await
                }
                Engine::PostgreSql => report(report_pool(&self.options)).await,
            }
        };
        let result = timeout(REPORT, run).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        result.map_err(|error| {
            metrics::counter!(ERRORS).increment(1);
            tracing::warn!(reason = words(&error), "a report from the store failed");
            Down
        })
    }

    /// Looks whether the database is well again. Nothing happens while the store is up.
    pub(super) async fn probe(&self, replica: &str) {
        let Err(Down) = self.pool() else { return };
        match self.try_again(replica).await {
            Ok(pool) => self.recovered(pool),
            Err(reason) => self.still_down(reason),
        }
    }

    /// PostgreSQL gets a new pool: the old one may hold connections to a server that is gone without
    /// a word. For SQLite a new connection would gain nothing, and lose what is only in memory.
    async fn try_again(&self, replica: &str) -> Result<AnyPool, String> {
        let pool = match self.engine {
            Engine::Sqlite => self.state().pool.clone(),
            Engine::PostgreSql => {
                prepare_postgres(&self.options).await.map_err(|error| reason(&error))?;
                postgres_pool(&self.options)
            }
        };
        let written = timeout(self.engine.limit(), write_probe(&pool, replica)).await;
        match written.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(()) => Ok(pool),
            Err(error) => Err(words(&error)),
        }
    }

    fn pool(&self) -> Result<(AnyPool, u64), Down> {
        let state = self.state();
        if state.down.is_some() { Err(Down) } else { Ok((state.pool.clone(), state.epoch)) }
    }

    fn failed(&self, epoch: u64, error: &sqlx::Error) -> Down {
        metrics::counter!(ERRORS).increment(1);
        if is_race(error) {
            tracing::warn!(reason = words(error), "the store: gave up after several attempts");
        } else if concerns_one_call(error) {
            tracing::error!(reason = words(error), "the store refused what it was given");
        } else {
            self.fail(epoch, error);
        }
        Down
    }

    fn fail(&self, epoch: u64, error: &sqlx::Error) {
        let mut state = self.state();
        if state.epoch == epoch && state.down.is_none() {
            let reason = words(error);
            tracing::error!(reason, "the store is down: answers go on without memory");
            metrics::gauge!(UP).set(0.0);
            state.down = Some(DownSince { at: Instant::now(), reason });
        }
    }

    fn still_down(&self, reason: String) {
        if let Some(down) = self.state().down.as_mut().filter(|down| down.reason != reason) {
            tracing::warn!(reason, "the store is still down");
            down.reason = reason;
        }
    }

    fn recovered(&self, pool: AnyPool) {
        let mut state = self.state();
        if let Some(down) = state.down.take() {
            state.pool = pool;
            state.epoch += 1;
            metrics::gauge!(UP).set(1.0);
            let seconds = down.at.elapsed().as_secs_f64();
            tracing::info!(seconds, "the store is up again");
        }
    }

    /// The pool, even while the store is down.
    #[cfg(test)]
    pub(super) fn any_pool(&self) -> AnyPool {
        self.state().pool.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries again what lost a race, after a short pause that differs from one to the next.
async fn persist<T, R: Future<Output = sqlx::Result<T>>>(
    attempt: impl Fn() -> R,
) -> sqlx::Result<T> {
    for tried in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if is_race(&error) => sleep(jitter(Duration::from_millis(10) * tried)).await,
            result => return result,
        }
    }
    attempt().await
}

/// Something between nothing and `most`.
pub(super) fn jitter(most: Duration) -> Duration {
    // Every `RandomState` has keys of its own.
    let random = RandomState::new().hash_one(0_u8);
    most.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64)
}

/// A read-only server and a full disk answer reads, so a probe writes.
async fn write_probe(pool: &AnyPool, replica: &str) -> sqlx::Result<()> {
    let name = format!("probe {replica}");
    sqlx::query(WRITE_PROBE).bind(&*name).bind("-".repeat(PROBE_BYTES)).execute(pool).await?;
    sqlx::query(DELETE_PROBE).bind(&*name).execute(pool).await.map(drop)
}

/// For the log; the operator's words are those of `OpenError`.
fn reason(error: &SchemaError) -> String {
    match error {
        SchemaError::Newer { since } => {
            format!("its tables need a program that knows schema {since}")
        }
        SchemaError::Foreign => "its tables belong to another program".to_owned(),
        SchemaError::Damaged(cause) | SchemaError::Migration(cause) => cause.clone(),
        SchemaError::Database(error) => words(error),
    }
}

/// For the log. The database's words name its tables and roles, never what was to be stored.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => "no answer within the time limit".to_owned(),
        error => error.to_string(),
    }
}

/// The primary result code of SQLite; none for PostgreSQL, whose codes have five characters.
pub(super) fn sqlite_code(error: &sqlx::Error) -> Option<i64> {
    let code = error.as_database_error()?.code()?;
    (code.len() < 5).then(|| code.parse::<i64>().ok().map(|code| code & 0xff)).flatten()
}

fn postgres_class(error: &dyn DatabaseError) -> String {
    let code = error.code().filter(|code| code.len() == 5).unwrap_or_default();
    code.chars().take(2).collect()
}

/// Whether it may go well at the next attempt: two wrote the same row at once.
fn is_race(error: &sqlx::Error) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    /// A write after a read that another connection has overtaken.
    const SQLITE_BUSY_SNAPSHOT: &str = "517";
    let Some(error) = error.as_database_error() else { return false };
    let code = error.code().unwrap_or_default();
    error.kind() == ErrorKind::UniqueViolation
        || [SERIALIZATION_FAILURE, DEADLOCK, SQLITE_BUSY_SNAPSHOT].contains(&&*code)
}

/// Whether the fault lies in what this call wanted, so that others need not suffer.
fn concerns_one_call(error: &sqlx::Error) -> bool {
    /// String or blob too big, constraint, type mismatch, parameter out of range.
    const SQLITE: [i64; 4] = [18, 19, 20, 25];
    /// Data exception, constraint, program limit exceeded.
    const POSTGRES: [&str; 3] = ["22", "23", "54"];
    match error {
        sqlx::Error::Database(database) => {
            sqlite_code(error).is_some_and(|code| SQLITE.contains(&code))
                || POSTGRES.contains(&&*postgres_class(&**database))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => true,
        _ => false,
    }
}

/// Whether the server is there and will not have us: authentication (28), no such database (3D),
/// no right to do it (42).
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => ["28", "3D", "42"].contains(&&*postgres_class(&**error)),
        sqlx::Error::Configuration(_) => true,
        _ => false,
    }
}

pub(super) fn is_missing_table(error: &sqlx::Error) -> bool {
    const UNDEFINED_TABLE: &str = "42P01";
    error.as_database_error().is_some_and(|error| {
        error.code().is_some_and(|code| code == UNDEFINED_TABLE)
            || error.message().starts_with("no such table")
    })
}
