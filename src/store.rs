//! What is remembered beyond one answer, and shared by replicas: conversations with an end, which
//! updates are answered, daily counts, who may do what only one may do, outage notes.
//!
//! One [`Store`] on two engines, with the same SQL: SQLite in a file (one process) and PostgreSQL
//! (several replicas). No message text and no id of a chat reaches it: whatever is a person's is a
//! [`Key`]. Times are Unix milliseconds of this process's clock.
//!
//! **Nobody waits for a database that is down.** The first operation that fails takes 2 s at most
//! (SQLite: 6 s), later ones fail at once with [`Down`] until [`Store::tend`] has found the database
//! well. Whoever gets [`Down`] goes on without memory; counts are kept and written later.
//!
//! In reading order: this file, `secret` (keys), `tally` (counts), `link` (bounds, up and down),
//! `tend` (what is done in the background), `report`, `schema` (migrations), `open`.

mod link;
mod open;
mod report;
mod schema;
mod secret;
mod tally;
mod tend;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sqlx::{AnyConnection, AnyPool};

use link::Link;
pub use open::OpenError;
pub use report::{CountRow, FeedbackRow, TableReport};
pub use secret::{Key, Secret};
pub use tally::{Count, Feedback};

const CLAIM: &str = "INSERT INTO seen (tenant, key, owner, claimed, until, done) \
    VALUES ($1, $2, $3, $4, $5, 0) \
    ON CONFLICT (tenant, key) DO UPDATE \
    SET owner = excluded.owner, claimed = excluded.claimed, until = excluded.until \
    WHERE seen.done = 0 AND (seen.until <= $4 OR seen.until > $6)";
const IS_DONE: &str = "SELECT done FROM seen WHERE tenant = $1 AND key = $2";
const RELEASE: &str = "DELETE FROM seen WHERE tenant = $1 AND key = $2 AND owner = $3 AND done = 0";
const MARK_DONE: &str =
    "UPDATE seen SET done = 1 WHERE tenant = $1 AND key = $2 AND owner = $3 AND done = 0";

const RECALL: &str = "SELECT version, state FROM conversations \
    WHERE tenant = $1 AND thread = $2 AND expires > $3";
const STORED: &str = "SELECT since, expires FROM conversations \
    WHERE tenant = $1 AND thread = $2 AND expires > $3";
/// The first version is a time, so that a conversation which was erased and began anew never has the
/// version of the old one, which a slow turn may still hold.
const BEGIN: &str = "INSERT INTO conversations (tenant, thread, version, state, since, expires) \
    VALUES ($1, $2, $3, $4, $3, $5) \
    ON CONFLICT (tenant, thread) DO UPDATE SET version = conversations.version + 1, \
    state = excluded.state, since = excluded.since, expires = excluded.expires \
    WHERE conversations.expires <= $3";
const CONTINUE: &str = "UPDATE conversations SET version = version + 1, state = $4, expires = $5 \
    WHERE tenant = $1 AND thread = $2 AND version = $3";
const ERASE: &str = "DELETE FROM conversations WHERE tenant = $1 AND thread = $2";

const TAKE_LEASE: &str = "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
    WHERE leases.holder = excluded.holder OR leases.until <= $4 OR leases.until > $5";
const GIVE_UP_LEASE: &str = "DELETE FROM leases WHERE name = $1 AND holder = $2";

const FIRST_NOTES: &str = "INSERT INTO notes (tenant, revision, text, changed) \
    VALUES ($1, 1, $2, $3) ON CONFLICT (tenant) DO NOTHING";
const NEXT_NOTES: &str = "UPDATE notes SET revision = revision + 1, text = $2, changed = $3 \
    WHERE tenant = $1 AND revision = $4";

const ANNOUNCE: &str = "INSERT INTO signals (tenant, what, hash, changed) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (tenant, what) DO UPDATE SET hash = excluded.hash, changed = excluded.changed";

/// The store. Clones are cheap and are the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    link: Link,
    timing: Timing,
    buffer: tally::Buffer,
    /// How far this store's clock is moved, in milliseconds; see [`Store::move_clock`].
    moved: AtomicI64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

/// How long what is stored counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Whoever has claimed an update must finish within this time; then another may claim it.
    pub lease: Duration,
    /// A conversation, since its last turn.
    pub conversation: Duration,
    /// Which updates were answered.
    pub seen: Duration,
    /// Counts and feedback.
    pub counters: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            lease: Duration::from_secs(60),
            conversation: Duration::from_secs(HOUR / 2),
            seen: Duration::from_secs(48 * HOUR),
            counters: Duration::from_secs(400 * 24 * HOUR),
        }
    }
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file of this process.
    Sqlite,
    /// A server that several replicas share.
    PostgreSql,
}

/// The store could not do it, now or at all for the moment. Why is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is down")]
pub struct Down;

/// The outcome of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The caller shall answer, until its lease ends.
    Mine,
    /// Another is at it.
    Held,
    /// It is answered.
    Done,
}

/// The outcome of a finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// All of it is stored.
    Written,
    /// A conversation has changed meanwhile: nothing is stored. Recall it and decide again.
    Conflict,
}

/// A conversation as stored.
pub struct Recalled {
    /// To be given back in [`Save::expected`].
    pub version: i64,
    /// What was saved.
    pub state: String,
}

/// What of a thread is stored, for whoever asks what we know of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredThread {
    /// When the conversation began, in Unix milliseconds.
    pub since: i64,
    /// When it will be forgotten, in Unix milliseconds.
    pub expires: i64,
}

/// What one turn stores: all of it or nothing.
#[derive(Clone, Default)]
pub struct Finish {
    /// Whose bot it was.
    pub tenant: String,
    /// The claim that is done with this, and its owner. One that is no longer the owner's stays as
    /// it is, and the rest is stored.
    pub claim: Option<(Key, String)>,
    /// Conversations to be saved.
    pub conversations: Vec<Save>,
    /// Threads to be erased.
    pub erase: Vec<Key>,
    /// What is counted.
    pub counts: Vec<Count>,
    /// Judgements of citizens.
    pub feedback: Vec<Feedback>,
}

/// A conversation to be saved.
#[derive(Clone)]
pub struct Save {
    /// Whose.
    pub thread: Key,
    /// The version that was recalled; `None` if there was none.
    pub expected: Option<i64>,
    /// The state: ids only, never a citizen's words.
    pub state: String,
}

/// A tenant's outage notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    /// To be given back to [`Store::set_notes`].
    pub revision: i64,
    /// TOML.
    pub text: String,
}

/// Which catalog, offers or web hook is current for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Whose.
    pub tenant: String,
    /// Of what.
    pub what: String,
    /// The content's hash.
    pub hash: String,
}

impl Store {
    /// Opens `sqlite:path`, `sqlite::memory:` or `postgres://user:password@host/database`, and
    /// brings the tables up to date. A missing SQLite file is created.
    ///
    /// A PostgreSQL server that cannot be reached now is no error: the store starts down.
    ///
    /// # Errors
    /// If the database cannot be used: a missing directory, a damaged, foreign or locked file, the
    /// tables of a newer version, a wrong password. In German, naming `store.url`, without password.
    pub async fn open(url: &str, timing: Timing) -> Result<Self, OpenError> {
        let link = open::open(url).await?;
        let buffer = tally::Buffer::default();
        Ok(Self(Arc::new(Inner { link, timing, buffer, moved: AtomicI64::new(0) })))
    }

    /// A store that is gone with its last clone, with the usual times.
    ///
    /// SQLite works in a thread of its own, which a paused tokio clock does not see: use real time.
    ///
    /// # Errors
    /// If memory is short.
    pub async fn in_memory() -> Result<Self, OpenError> {
        Self::open("sqlite::memory:", Timing::default()).await
    }

    /// Whether the last thing known of the database is good.
    pub fn is_up(&self) -> bool {
        self.down_since().is_none()
    }

    /// Since when the store is down.
    pub fn down_since(&self) -> Option<Instant> {
        self.0.link.down_since()
    }

    /// How long whoever has claimed an update may take.
    pub fn lease(&self) -> Duration {
        self.0.timing.lease
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.0.link.engine
    }

    /// Moves this store's clock, forwards or (if negative) back: for tests of what expires.
    pub fn move_clock(&self, milliseconds: i64) {
        self.0.moved.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Claims an update for `owner`, so that no other replica answers it too. Who answers calls
    /// [`Store::finish`], or [`Store::release`] if it cannot. The owner should be unique to the
    /// attempt, so that one who comes too late cannot be taken for the next.
    ///
    /// # Errors
    /// [`Down`]; the update is then not claimed.
    pub async fn claim(&self, tenant: &str, key: &Key, owner: &str) -> Result<Claimed, Down> {
        let now = self.now();
        let lease = millis(self.0.timing.lease);
        let claim = |pool: AnyPool| async move {
            let mine = sqlx::query(CLAIM)
                .bind(plain(tenant))
                .bind(key.hex())
                .bind(plain(owner))
                .bind(now)
                .bind(now + lease)
                .bind(latest_end(now, lease))
                .execute(&pool)
                .await?;
            if mine.rows_affected() > 0 {
                return Ok(Claimed::Mine);
            }
            let query = sqlx::query_scalar(IS_DONE).bind(plain(tenant)).bind(key.hex());
            let done: Option<i64> = query.fetch_optional(&pool).await?;
            Ok(if done == Some(1) { Claimed::Done } else { Claimed::Held })
        };
        self.0.link.run(claim).await
    }

    /// Gives a claim back, not done: the next delivery may claim it. One that is no longer the
    /// owner's stays as it is.
    ///
    /// # Errors
    /// [`Down`]; the claim then ends with its lease.
    pub async fn release(&self, tenant: &str, key: &Key, owner: &str) -> Result<(), Down> {
        let release = |pool: AnyPool| async move {
            let query = sqlx::query(RELEASE).bind(plain(tenant)).bind(key.hex()).bind(plain(owner));
            query.execute(&pool).await.map(drop)
        };
        self.0.link.run(release).await
    }

    /// Gives back all claims that are not done: whoever holds the database alone knows that nobody is at
    /// them any more.
    ///
    /// # Errors
    /// [`Down`]; they then end with their leases.
    pub async fn release_all(&self) -> Result<(), Down> {
        let release = |pool: AnyPool| async move {
            sqlx::query("DELETE FROM seen WHERE done = 0").execute(&pool).await.map(drop)
        };
        self.0.link.run(release).await
    }

    /// The conversation of a thread, unless it has expired.
    ///
    /// # Errors
    /// [`Down`]; go on as with a new conversation.
    pub async fn recall(&self, tenant: &str, thread: &Key) -> Result<Option<Recalled>, Down> {
        let now = self.now();
        let recall = |pool: AnyPool| async move {
            let query = sqlx::query_as(RECALL).bind(plain(tenant)).bind(thread.hex()).bind(now);
            let found: Option<(i64, String)> = query.fetch_optional(&pool).await?;
            Ok(found.map(|(version, state)| Recalled { version, state }))
        };
        self.0.link.run(recall).await
    }

    /// Stores what a turn has led to, in one transaction.
    ///
    /// # Errors
    /// [`Down`]; nothing is stored but the counts and feedback, which are kept in memory and written
    /// later. (If the database fails in the very moment of writing, it may be stored all the same,
    /// and a count be counted twice.)
    pub async fn finish(&self, finish: &Finish) -> Result<Finished, Down> {
        let tally = &tally::tally(finish);
        let result = self.0.link.run(|pool| self.write(pool, finish, tally)).await;
        if result.is_err() {
            self.0.buffer.keep(tally);
        }
        result
    }

    /// One attempt at a turn.
    async fn write(
        &self,
        pool: AnyPool,
        finish: &Finish,
        tally: &tally::Tally,
    ) -> sqlx::Result<Finished> {
        let mut transaction = pool.begin().await?;
        mark_done(&mut transaction, finish).await?;
        if !self.save(&mut transaction, finish).await? {
            transaction.rollback().await?;
            return Ok(Finished::Conflict);
        }
        // Last, since all turns of a day write to the same few rows: they are locked for a short time.
        tally::add(&mut transaction, tally).await?;
        transaction.commit().await?;
        Ok(Finished::Written)
    }

    /// Saves and erases conversations, in the order of their keys, so that two turns over the same
    /// threads cannot block each other for good. False if one of them has changed meanwhile.
    async fn save(&self, connection: &mut AnyConnection, finish: &Finish) -> sqlx::Result<bool> {
        let now = self.now();
        let expires = now + millis(self.0.timing.conversation);
        let mut saves: Vec<&Save> = finish.conversations.iter().collect();
        saves.sort_by_key(|save| save.thread);
        for save in saves {
            let sql = if save.expected.is_some() { CONTINUE } else { BEGIN };
            let saved = sqlx::query(sql)
                .bind(plain(&finish.tenant))
                .bind(save.thread.hex())
                .bind(save.expected.unwrap_or(now))
                .bind(plain(&save.state))
                .bind(expires)
                .execute(&mut *connection)
                .await?;
            if saved.rows_affected() == 0 {
                return Ok(false);
            }
        }
        let mut threads: Vec<&Key> = finish.erase.iter().collect();
        threads.sort();
        for thread in threads {
            let query = sqlx::query(ERASE).bind(plain(&finish.tenant)).bind(thread.hex());
            query.execute(&mut *connection).await?;
        }
        Ok(true)
    }

    /// Erases what is stored of a thread, and says how many conversations that were.
    ///
    /// # Errors
    /// [`Down`]; it may be there still.
    pub async fn erase(&self, tenant: &str, thread: &Key) -> Result<u64, Down> {
        let erase = |pool: AnyPool| async move {
            let query = sqlx::query(ERASE).bind(plain(tenant)).bind(thread.hex());
            query.execute(&pool).await.map(|result| result.rows_affected())
        };
        self.0.link.run(erase).await
    }

    /// What is stored of a thread.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn stored(&self, tenant: &str, thread: &Key) -> Result<Option<StoredThread>, Down> {
        let now = self.now();
        let stored = |pool: AnyPool| async move {
            let query = sqlx::query_as(STORED).bind(plain(tenant)).bind(thread.hex()).bind(now);
            let found: Option<(i64, i64)> = query.fetch_optional(&pool).await?;
            Ok(found.map(|(since, expires)| StoredThread { since, expires }))
        };
        self.0.link.run(stored).await
    }

    /// Takes or renews what only one may hold at a time, for `span` from now. The name says for
    /// which tenant, where it matters.
    ///
    /// # Errors
    /// [`Down`]; whoever held it may go on until its span is over, and must then stop.
    pub async fn take_lease(&self, name: &str, holder: &str, span: Duration) -> Result<bool, Down> {
        let now = self.now();
        let span = millis(span);
        let take = |pool: AnyPool| async move {
            let query = sqlx::query(TAKE_LEASE).bind(plain(name)).bind(plain(holder));
            let query = query.bind(now + span).bind(now).bind(latest_end(now, span));
            query.execute(&pool).await.map(|result| result.rows_affected() > 0)
        };
        self.0.link.run(take).await
    }

    /// Gives a lease up before its end, if the holder has it.
    ///
    /// # Errors
    /// [`Down`]; it then ends by itself.
    pub async fn give_up_lease(&self, name: &str, holder: &str) -> Result<(), Down> {
        let give_up = |pool: AnyPool| async move {
            let query = sqlx::query(GIVE_UP_LEASE).bind(plain(name)).bind(plain(holder));
            query.execute(&pool).await.map(drop)
        };
        self.0.link.run(give_up).await
    }

    /// A tenant's outage notes.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn notes(&self, tenant: &str) -> Result<Option<Notes>, Down> {
        let notes = |pool: AnyPool| async move {
            let query = sqlx::query_as("SELECT revision, text FROM notes WHERE tenant = $1");
            let found: Option<(i64, String)> =
                query.bind(plain(tenant)).fetch_optional(&pool).await?;
            Ok(found.map(|(revision, text)| Notes { revision, text }))
        };
        self.0.link.run(notes).await
    }

    /// Each tenant with the revision of its outage notes, so that a replica sees what has changed.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn all_note_revisions(&self) -> Result<Vec<(String, i64)>, Down> {
        let revisions = |pool: AnyPool| async move {
            let query = sqlx::query_as("SELECT tenant, revision FROM notes ORDER BY tenant");
            query.fetch_all(&pool).await
        };
        self.0.link.run(revisions).await
    }

    /// Replaces a tenant's outage notes if their revision is still `expected` (`None`: there are
    /// none yet). False if someone else has changed them.
    ///
    /// # Errors
    /// [`Down`]; they may or may not be replaced.
    pub async fn set_notes(
        &self,
        tenant: &str,
        expected: Option<i64>,
        text: &str,
    ) -> Result<bool, Down> {
        let now = self.now();
        let set = |pool: AnyPool| async move {
            let query = sqlx::query(if expected.is_some() { NEXT_NOTES } else { FIRST_NOTES });
            let query = query.bind(plain(tenant)).bind(plain(text)).bind(now);
            let query = if let Some(expected) = expected { query.bind(expected) } else { query };
            query.execute(&pool).await.map(|result| result.rows_affected() > 0)
        };
        self.0.link.run(set).await
    }

    /// Says which catalog, offers or web hook is now current for a tenant.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn announce(&self, tenant: &str, what: &str, hash: &str) -> Result<(), Down> {
        let now = self.now();
        let announce = |pool: AnyPool| async move {
            let query = sqlx::query(ANNOUNCE).bind(plain(tenant)).bind(plain(what));
            query.bind(plain(hash)).bind(now).execute(&pool).await.map(drop)
        };
        self.0.link.run(announce).await
    }

    /// All that was announced, by tenant.
    ///
    /// # Errors
    /// [`Down`].
    pub async fn announced(&self) -> Result<Vec<Signal>, Down> {
        let announced = |pool: AnyPool| async move {
            let query =
                sqlx::query_as("SELECT tenant, what, hash FROM signals ORDER BY tenant, what");
            let found: Vec<(String, String, String)> = query.fetch_all(&pool).await?;
            let signal = |(tenant, what, hash)| Signal { tenant, what, hash };
            Ok(found.into_iter().map(signal).collect())
        };
        self.0.link.run(announced).await
    }

    /// Unix milliseconds.
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        millis(since) + self.0.moved.load(Ordering::Relaxed)
    }
}

async fn mark_done(connection: &mut AnyConnection, finish: &Finish) -> sqlx::Result<()> {
    let Some((key, owner)) = &finish.claim else { return Ok(()) };
    let query = sqlx::query(MARK_DONE).bind(plain(&finish.tenant));
    query.bind(key.hex()).bind(plain(owner)).execute(connection).await.map(drop)
}

/// No lease taken by an honest clock ends later: one that does was taken before the clock was set
/// back, and would last too long. Twice the span, since the clocks of replicas differ a little.
fn latest_end(now: i64, span: i64) -> i64 {
    now + 2 * span
}

/// PostgreSQL refuses NUL in a text, SQLite takes it: it is removed for both.
fn plain(text: &str) -> String {
    text.replace('\0', "")
}

fn millis(duration: Duration) -> i64 {
    // Times beyond 292 million years are not meant.
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
