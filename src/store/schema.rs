//! The tables, and which programs may work with them.
//!
//! A migration only adds (tables, columns with a default), so that during a rolling update the old
//! program works on beside the new one. One that takes something away comes a release later, and
//! raises `compatibility.since` to the first schema whose programs no longer need it; older programs
//! then refuse to start.

use std::{borrow::Cow, time::Duration};

use include_dir::{Dir, File, include_dir};
use sqlx::{
    AnyConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use tokio::time::sleep;

use super::link::{is_missing_table, jitter};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// At most between two attempts to migrate.
const PAUSE: Duration = Duration::from_millis(200);

/// Why the tables cannot be used.
#[derive(Debug)]
pub(super) enum SchemaError {
    /// This program is too old; it would have to know schema `since`.
    Newer { since: i64 },
    /// The tables belong to another program.
    Foreign,
    /// The file is damaged; what SQLite found.
    Damaged(String),
    /// A migration is not possible.
    Migration(String),
    /// The database cannot be reached, or fails.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<MigrateError> for SchemaError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::Database(error)
            }
            // The same number with another content: not our tables.
            MigrateError::VersionMismatch(_) => Self::Foreign,
            other => Self::Migration(other.to_string()),
        }
    }
}

/// The schema this program knows: the number of its last migration.
pub(super) fn known() -> i64 {
    FILES.files().filter_map(number).max().unwrap_or_default()
}

/// Refuses tables that need a newer program, then runs the migrations that are missing. Several
/// processes may do so at once.
pub(super) async fn prepare(connection: &mut AnyConnection) -> Result<(), SchemaError> {
    check_compatibility(connection).await?;
    migrate(connection).await?;
    check_compatibility(connection).await
}

/// Each migration is one transaction, together with the note that it was run. So of several processes
/// one wins each, the others fail and look again. No lock of PostgreSQL's is taken for it: behind a
/// connection pooler it would be left behind in another session.
async fn migrate(connection: &mut AnyConnection) -> Result<(), SchemaError> {
    let mut migrator = Migrator::with_migrations(FILES.files().filter_map(migration).collect());
    migrator.set_locking(false);
    // What a newer program has added does not disturb us.
    migrator.set_ignore_missing(true);
    // Each migration, and the table of notes, may be lost once, and one more time by mere chance.
    let attempts = 2 * (migrator.iter().count() + 1);
    for _ in 1..attempts {
        // `run` is the same, but its future is not `Send` in a function that borrows the connection.
        let error = match migrator.run_direct(None, connection, false).await {
            Ok(()) => return Ok(()),
            Err(error) => SchemaError::from(error),
        };
        let SchemaError::Database(sqlx::Error::Database(_)) = error else { return Err(error) };
        sleep(jitter(PAUSE)).await;
    }
    Ok(migrator.run_direct(None, connection, false).await?)
}

async fn check_compatibility(connection: &mut AnyConnection) -> Result<(), SchemaError> {
    let since: Result<Option<i64>, sqlx::Error> =
        sqlx::query_scalar("SELECT MAX(since) FROM compatibility").fetch_one(connection).await;
    match since {
        Ok(Some(since)) if since > known() => Err(SchemaError::Newer { since }),
        Ok(_) => Ok(()),
        Err(error) if is_missing_table(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a SQLite file has tables, but not ours.
pub(super) async fn is_foreign_file(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let (all, ours): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(CASE WHEN name IN ('_sqlx_migrations', 'compatibility') THEN 1 END) \
         FROM sqlite_master WHERE type = 'table'",
    )
    .fetch_one(connection)
    .await?;
    Ok(all > 0 && ours == 0)
}

/// `0001_start.sql` is number 1.
fn number(file: &'static File<'static>) -> Option<i64> {
    file.path().file_name()?.to_str()?.split_once('_')?.0.parse().ok()
}

fn migration(file: &'static File<'static>) -> Option<Migration> {
    let title = file.path().file_stem()?.to_str()?.split_once('_')?.1;
    Some(Migration::new(
        number(file)?,
        Cow::Borrowed(title),
        MigrationType::Simple,
        sqlx::SqlStr::from_static(file.contents_utf8()?),
        false,
    ))
}
