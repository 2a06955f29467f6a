//! What the store can tell an operator. A report may take up to a minute.

use std::time::Duration;

use sqlx::AnyPool;
use time::{Date, macros::format_description};

use super::{Down, Store, plain};

/// `$2` is 1 for all tenants.
const COUNTS: &str = "SELECT tenant, day, channel, kind, service, n FROM counters \
    WHERE ($2 = 1 OR tenant = $1) AND day >= $3 ORDER BY tenant, day, channel, kind, service";
const FEEDBACK: &str = "SELECT tenant, day, channel, verdict, service, n FROM feedback \
    WHERE ($2 = 1 OR tenant = $1) AND day >= $3 ORDER BY tenant, day, channel, verdict, service";

/// How often something happened at a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// Whose bot.
    pub tenant: String,
    /// `2026-11-22`.
    pub day: String,
    /// The platform.
    pub channel: String,
    /// What happened.
    pub kind: String,
    /// The service's id; empty if none is meant.
    pub service: String,
    /// How often.
    pub n: i64,
}

/// How often a judgement was given at a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackRow {
    /// Whose bot.
    pub tenant: String,
    /// `2026-11-22`.
    pub day: String,
    /// The platform.
    pub channel: String,
    /// The service's id; empty if none is meant.
    pub service: String,
    /// Which judgement.
    pub verdict: String,
    /// How often.
    pub n: i64,
}

/// What a table holds, for the record of processing activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: i64,
    /// When its oldest row was written, in Unix milliseconds.
    pub oldest: Option<i64>,
    /// How long rows are kept; `None` if until they are replaced.
    pub retention: Option<Duration>,
}

type Row = (String, String, String, String, String, i64);

impl Store {
    /// The counts of one tenant, or of all, since a day (`2026-11-22`), sorted.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn counts(
        &self,
        tenant: Option<&str>,
        since_day: &str,
    ) -> Result<Vec<CountRow>, Down> {
        let rows = self.rows(COUNTS, tenant, since_day).await?.into_iter();
        let row = |(tenant, day, channel, kind, service, n)| CountRow {
            tenant,
            day,
            channel,
            kind,
            service,
            n,
        };
        Ok(rows.map(row).collect())
    }

    /// The feedback for one tenant, or for all, since a day (`2026-11-22`), sorted.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn feedback(
        &self,
        tenant: Option<&str>,
        since_day: &str,
    ) -> Result<Vec<FeedbackRow>, Down> {
        let rows = self.rows(FEEDBACK, tenant, since_day).await?.into_iter();
        let row = |(tenant, day, channel, verdict, service, n)| FeedbackRow {
            tenant,
            day,
            channel,
            service,
            verdict,
            n,
        };
        Ok(rows.map(row).collect())
    }

    async fn rows(
        &self,
        sql: &'static str,
        tenant: Option<&str>,
        since_day: &str,
    ) -> Result<Vec<Row>, Down> {
        let rows = |pool: AnyPool| async move {
            sqlx::query_as(sql)
                .bind(plain(tenant.unwrap_or_default()))
                .bind(i64::from(tenant.is_none()))
                .bind(plain(since_day))
                .fetch_all(&pool)
                .await
        };
        self.0.link.report(rows).await
    }

    /// What each table holds.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn table_reports(&self) -> Result<Vec<TableReport>, Down> {
        let timing = self.0.timing;
        let mut reports = Vec::new();
        for (table, retention, sql) in [
            ("seen", Some(timing.seen), "SELECT COUNT(*), MIN(claimed) FROM seen"),
            (
                "conversations",
                Some(timing.conversation),
                "SELECT COUNT(*), MIN(since) FROM conversations",
            ),
            ("leases", None, "SELECT COUNT(*), CAST(NULL AS BIGINT) FROM leases"),
            ("notes", None, "SELECT COUNT(*), MIN(changed) FROM notes"),
            ("signals", None, "SELECT COUNT(*), MIN(changed) FROM signals"),
        ] {
            let (rows, oldest): (i64, Option<i64>) = self.size(sql).await?;
            reports.push(TableReport { table, rows, oldest, retention });
        }
        for (table, sql) in [
            ("counters", "SELECT COUNT(*), MIN(day) FROM counters"),
            ("feedback", "SELECT COUNT(*), MIN(day) FROM feedback"),
        ] {
            let (rows, day): (i64, Option<String>) = self.size(sql).await?;
            let oldest = day.as_deref().and_then(midnight);
            reports.push(TableReport { table, rows, oldest, retention: Some(timing.counters) });
        }
        reports.sort_by_key(|report| report.table);
        Ok(reports)
    }

    async fn size<T>(&self, sql: &'static str) -> Result<(i64, Option<T>), Down>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any> + Send + Unpin,
    {
        self.0.link.report(|pool| async move { sqlx::query_as(sql).fetch_one(&pool).await }).await
    }
}

/// The beginning of a UTC day, in Unix milliseconds.
fn midnight(day: &str) -> Option<i64> {
    let date = Date::parse(day, format_description!("[year]-[month]-[day]")).ok()?;
    Some(date.midnight().assume_utc().unix_timestamp() * 1000)
}
