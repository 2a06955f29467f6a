//! What is done in the background: looking after a database that is down, writing the counts that
//! wait for it, and forgetting what has expired.

use std::time::Duration;

use sqlx::AnyPool;
use time::{Date, OffsetDateTime};
use tokio::time::{Instant, sleep};

use super::{Down, Store, link::jitter, millis, tally};

/// How often it is looked whether there is something to do; a random part of it is added, so that
/// replicas do not all come at once.
const PACE: Duration = Duration::from_secs(1);
/// How often expired rows are deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// Who sweeps keeps the right to do so a little longer than until the next time.
const SWEEP_LEASE: Duration = Duration::from_secs(90);
/// Rows written or deleted in one operation: few enough for its time limit on a slow disk.
const PORTION: i64 = 500;

const FORGET_SEEN: &str = "DELETE FROM seen WHERE (tenant, key) IN \
    (SELECT tenant, key FROM seen WHERE claimed < $1 LIMIT $2)";
/// Those that end later than any could were saved before the clock was set back.
const FORGET_CONVERSATIONS: &str = "DELETE FROM conversations WHERE (tenant, thread) IN \
    (SELECT tenant, thread FROM conversations WHERE expires <= $1 OR expires > $3 LIMIT $2)";
const FORGET_COUNTERS: &str = "DELETE FROM counters WHERE (tenant, day, channel, kind, service) IN \
    (SELECT tenant, day, channel, kind, service FROM counters WHERE day < $1 LIMIT $2)";
const FORGET_FEEDBACK: &str = "DELETE FROM feedback WHERE (tenant, day, channel, service, verdict) IN \
    (SELECT tenant, day, channel, service, verdict FROM feedback WHERE day < $1 LIMIT $2)";
const FORGET_LEASES: &str = "DELETE FROM leases WHERE name IN \
    (SELECT name FROM leases WHERE until < $1 LIMIT $2)";

impl Store {
    /// Looks after the store until dropped: every process with a store runs it once. `replica` names
    /// the process, uniquely among those that share the database.
    pub async fn tend(&self, replica: &str) {
        let mut sweep_at = Instant::now();
        loop {
            self.0.link.probe(replica).await;
            // Both fail at once while the store is down, and are tried again at the next round.
            let written = self.write_kept_counts().await;
            if written.is_ok() && Instant::now() >= sweep_at {
                let _ = self.sweep(replica).await;
                sweep_at = Instant::now() + SWEEP;
            }
            sleep(PACE + jitter(PACE)).await;
        }
    }

    /// Writes the counts that were kept while the store was down.
    async fn write_kept_counts(&self) -> Result<(), Down> {
        loop {
            if !self.is_up() {
                return Err(Down);
            }
            let portion = self.0.buffer.take(PORTION as usize);
            if portion.is_empty() {
                return Ok(());
            }
            let write = |pool: AnyPool| {
                let portion = &portion;
                async move {
                    let mut transaction = pool.begin().await?;
                    tally::add(&mut transaction, portion).await?;
                    transaction.commit().await
                }
            };
            if let Err(down) = self.0.link.run(write).await {
                self.0.buffer.keep(&portion);
                return Err(down);
            }
        }
    }

    /// Deletes what has expired, unless another replica does.
    pub(super) async fn sweep(&self, replica: &str) -> Result<(), Down> {
        if !self.take_lease("sweep", replica, SWEEP_LEASE).await? {
            return Ok(());
        }
        let now = self.now();
        let timing = self.0.timing;
        let conversation = millis(timing.conversation);
        let first_day = day(now.saturating_sub(millis(timing.counters))).to_string();
        self.forget(FORGET_SEEN, now.saturating_sub(millis(timing.seen)), None).await?;
        self.forget(FORGET_CONVERSATIONS, now, Some(now + 2 * conversation)).await?;
        self.forget(FORGET_COUNTERS, &*first_day, None).await?;
        self.forget(FORGET_FEEDBACK, &*first_day, None).await?;
        self.forget(FORGET_LEASES, now.saturating_sub(millis(timing.seen)), None).await
    }

    async fn forget<'a, T>(
        &self,
        sql: &'static str,
        limit: T,
        latest: Option<i64>,
    ) -> Result<(), Down>
    where
        T: sqlx::Encode<'a, sqlx::Any> + sqlx::Type<sqlx::Any> + Copy + Send + 'a,
    {
        loop {
            let delete = |pool: AnyPool| async move {
                let query = sqlx::query(sql).bind(limit).bind(PORTION);
                let query = if let Some(latest) = latest { query.bind(latest) } else { query };
                query.execute(&pool).await.map(|result| result.rows_affected())
            };
            if self.0.link.run(delete).await? < PORTION.unsigned_abs() {
                return Ok(());
            }
        }
    }
}

/// The UTC day of a time in Unix milliseconds; the first of all for times out of range.
fn day(milliseconds: i64) -> Date {
    OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000))
        .map_or(Date::MIN, OffsetDateTime::date)
}
