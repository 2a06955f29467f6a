//! What is counted: per day, never per person. Counts outlive a database that is down, as far as
//! memory allows.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sqlx::AnyConnection;

use super::{Finish, plain};

/// What was dropped for want of room, by `what`.
const DROPPED: &str = "amtslotse_dropped_total";
/// Different counts kept while the database is down: a few megabytes.
const ROOM: usize = 10_000;

const ADD_COUNT: &str = "INSERT INTO counters (tenant, day, channel, kind, service, n) \
    VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (tenant, day, channel, kind, service) DO UPDATE SET n = counters.n + excluded.n";
const ADD_FEEDBACK: &str = "INSERT INTO feedback (tenant, day, channel, verdict, service, n) \
    VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (tenant, day, channel, service, verdict) DO UPDATE SET n = feedback.n + excluded.n";

/// One more of a kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Where and when it happened: `2026-11-22`, in the operator's time zone.
    pub day: String,
    /// The platform.
    pub channel: String,
    /// What happened, one of few words of ours ("answer", "abstain").
    pub kind: String,
    /// The service's id; empty if none is meant.
    pub service: String,
}

/// A citizen has judged an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// `2026-11-22`, in the operator's time zone.
    pub day: String,
    /// The platform.
    pub channel: String,
    /// The service's id; empty if none is meant.
    pub service: String,
    /// One of few words of ours ("helpful", "not_helpful").
    pub verdict: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    Counters,
    Feedback,
}

/// A row of `counters` or `feedback`; `word` is the kind or the verdict. The order is the order of
/// writing everywhere, so that two who add to the same rows cannot block each other for good.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    table: Table,
    tenant: String,
    day: String,
    channel: String,
    word: String,
    service: String,
}

/// How much is to be added to which rows.
pub(super) type Tally = BTreeMap<Row, i64>;

/// What a turn counts.
pub(super) fn tally(finish: &Finish) -> Tally {
    let row = |table, day: &str, channel: &str, word: &str, service: &str| Row {
        table,
        tenant: plain(&finish.tenant),
        day: plain(day),
        channel: plain(channel),
        word: plain(word),
        service: plain(service),
    };
    let counts =
        finish.counts.iter().map(|c| row(Table::Counters, &c.day, &c.channel, &c.kind, &c.service));
    let feedback = finish
        .feedback
        .iter()
        .map(|f| row(Table::Feedback, &f.day, &f.channel, &f.verdict, &f.service));
    let mut tally = Tally::new();
    for row in counts.chain(feedback) {
        *tally.entry(row).or_default() += 1;
    }
    tally
}

/// Adds to the rows, in the transaction of the connection.
pub(super) async fn add(connection: &mut AnyConnection, tally: &Tally) -> sqlx::Result<()> {
    for (row, n) in tally {
        let sql = match row.table {
            Table::Counters => ADD_COUNT,
            Table::Feedback => ADD_FEEDBACK,
        };
        sqlx::query(sql)
            .bind(&*row.tenant)
            .bind(&*row.day)
            .bind(&*row.channel)
            .bind(&*row.word)
            .bind(&*row.service)
            .bind(*n)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Counts that wait for the database.
#[derive(Default)]
pub(super) struct Buffer(Mutex<Tally>);

impl Buffer {
    /// Keeps a tally; what finds no room is dropped, and counted as dropped.
    pub(super) fn keep(&self, tally: &Tally) {
        let mut kept = self.rows();
        for (row, n) in tally {
            if let Some(sum) = kept.get_mut(row) {
                *sum += n;
            } else if kept.len() < ROOM {
                kept.insert(row.clone(), *n);
            } else {
                metrics::counter!(DROPPED, "what" => "counts").increment(n.unsigned_abs());
            }
        }
    }

    /// Takes up to `most` rows out.
    pub(super) fn take(&self, most: usize) -> Tally {
        let mut kept = self.rows();
        let rest = kept.keys().nth(most).cloned();
        let rest = rest.map(|first| kept.split_off(&first)).unwrap_or_default();
        std::mem::replace(&mut kept, rest)
    }

    fn rows(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: std::ops::Range<usize>) -> Tally {
        let row = |number: usize| Row {
            table: Table::Counters,
            tenant: format!("{number:05}"),
            day: String::new(),
            channel: String::new(),
            word: String::new(),
            service: String::new(),
        };
        numbers.map(|number| (row(number), 1)).collect()
    }

    #[test]
    fn the_buffer_keeps_as_many_rows_as_there_is_room_and_goes_on_counting_those() {
        let buffer = Buffer::default();
        buffer.keep(&rows(0..ROOM + 5));
        buffer.keep(&rows(0..3));
        assert_eq!(buffer.rows().len(), ROOM);
        assert_eq!(buffer.rows().values().sum::<i64>(), ROOM as i64 + 3);
    }

    #[test]
    fn it_is_taken_in_portions_without_loss() {
        let buffer = Buffer::default();
        buffer.keep(&rows(0..250));
        let portions = [buffer.take(100), buffer.take(100), buffer.take(100), buffer.take(100)];
        assert_eq!(portions.each_ref().map(BTreeMap::len), [100, 100, 50, 0]);
        assert_eq!(portions.into_iter().flatten().collect::<Tally>(), rows(0..250));
    }
}
