//! Opening a store: what an operator may have got wrong is told in words that name the setting.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    AnyConnection, AnyPool, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use tokio::time::timeout;

use super::{
    Engine,
    link::{Link, is_refusal},
    schema::{self, SchemaError},
};

/// How long SQLite waits for another program's lock.
const BUSY: &str = "PRAGMA busy_timeout = 5000;";

/// Deleted rows are overwritten, so that what was erased cannot be read from the file.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;";

/// The server itself ends what we no longer wait for, and frees the locks of a replica that is
/// gone without a word; TCP alone would notice after hours.
const POSTGRES_SETTINGS: &str =
    "SET statement_timeout = '2s'; SET idle_in_transaction_session_timeout = '5s';";

/// Enough for thousands of turns a second, and few enough for ten replicas on one small server.
pub(super) const POSTGRES_CONNECTIONS: u32 = 10;

/// Why a store cannot be opened. The texts are for the operator and hold no password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Neither SQLite nor PostgreSQL.
    #[error("store.url: Die Adresse muss mit »sqlite:« oder »postgres://« beginnen")]
    Scheme,
    /// Not an address, or not one of a database.
    #[error(
        "store.url: Die Adresse der Datenbank ist nicht lesbar (Sonderzeichen im Passwort müssen als »%XX« geschrieben sein)"
    )]
    Address,
    /// The directory of the file is missing.
    #[error(
        "store.url: Das Verzeichnis »{path}« gibt es nicht; bitte anlegen oder einen anderen Ort angeben"
    )]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The file cannot be created or opened.
    #[error("store.url: »{path}« kann nicht zum Schreiben geöffnet werden: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is damaged, or no SQLite database at all.
    #[error(
        "store.url: »{path}« ist beschädigt oder keine SQLite-Datenbank ({cause}); die Datei bleibt unverändert, bitte die Sicherung einspielen oder die Datei beiseitelegen"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// Another program holds a lock on the file.
    #[error("store.url: »{path}« wird von einem anderen Programm gesperrt; läuft Amtslotse schon?")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The tables are somebody else's.
    #[error(
        "store.url: »{place}« enthält die Daten eines anderen Programms; bitte eine eigene Datenbank angeben"
    )]
    Foreign {
        /// The file, or the kind of server.
        place: String,
    },
    /// The tables were made by a version that this one cannot work beside.
    #[error(
        "store.url: »{place}« wurde von einer neueren Version von Amtslotse geschrieben (Schema {since}, diese Version kennt {known}); bitte die neuere Version starten oder die Sicherung einspielen"
    )]
    Newer {
        /// The file, or the kind of server.
        place: String,
        /// The schema that a program must know.
        since: i64,
        /// The schema that this program knows.
        known: i64,
    },
    /// The server refuses us: wrong password, unknown database, missing rights.
    #[error("store.url: PostgreSQL lehnt die Verbindung ab: {cause}")]
    Refused {
        /// What the server says.
        cause: String,
    },
    /// The tables cannot be made.
    #[error("store.url: Die Tabellen in »{place}« können nicht angelegt werden: {cause}")]
    Schema {
        /// The file, or the kind of server.
        place: String,
        /// What the database says.
        cause: String,
    },
    /// The secret cannot be read or created.
    #[error("store.secret_file: »{path}« kann nicht gelesen oder angelegt werden: {cause}")]
    Secret {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The secret could be guessed.
    #[error("store.secret_file: »{path}« ist mit {length} Bytes zu kurz, nötig sind 32")]
    ShortSecret {
        /// The file.
        path: PathBuf,
        /// How many bytes it has.
        length: usize,
    },
}

/// Opens what the address names; see [`super::Store::open`].
pub(super) async fn open(url: &str) -> Result<Link, OpenError> {
    sqlx::any::install_default_drivers();
    if let Some(path) = url.strip_prefix("sqlite:") {
        return open_sqlite(path).await;
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return open_postgres(url).await;
    }
    Err(OpenError::Scheme)
}

async fn open_sqlite(path: &str) -> Result<Link, OpenError> {
    if path == ":memory:" {
        return open_in_memory().await;
    }
    // "sqlite:///var/lib/state.db" is a common way to write an absolute path.
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    ensure_file(path)?;
    let options = options(&file_url(path)?)?;
    check_file(&options).await.map_err(|error| file_error(path, error))?;
    let pool = sqlite_pool().connect_lazy_with(options.clone());
    Ok(Link::new(Engine::Sqlite, options, pool))
}

/// The one connection is the database: it is made once and stays.
async fn open_in_memory() -> Result<Link, OpenError> {
    let options = options("sqlite::memory:")?;
    let memory = Path::new(":memory:");
    let pool = sqlite_pool().connect_lazy_with(options.clone());
    let mut connection = pool.acquire().await.map_err(|error| file_error(memory, error.into()))?;
    schema::prepare(&mut connection).await.map_err(|error| file_error(memory, error))?;
    drop(connection);
    Ok(Link::new(Engine::Sqlite, options, pool))
}

/// Creates the file if it is missing, readable only for its owner, and never truncates one.
fn ensure_file(path: &Path) -> Result<(), OpenError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        return Err(OpenError::Directory { path: parent.to_owned() });
    }
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map(drop).map_err(|cause: io::Error| OpenError::File {
        path: path.to_owned(),
        cause: cause.to_string(),
    })
}

/// The driver takes the part behind "sqlite:" percent-decoded and up to a question mark.
fn file_url(path: &Path) -> Result<String, OpenError> {
    let path = path.to_str().ok_or(OpenError::Address)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let escape = |byte: u8| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    Ok(format!("sqlite:{}", path.bytes().map(escape).collect::<String>()))
}

fn options(url: &str) -> Result<AnyConnectOptions, OpenError> {
    let options: AnyConnectOptions = url.parse().map_err(|_| OpenError::Address)?;
    Ok(sqlx::ConnectOptions::disable_statement_logging(options))
}

/// One connection, since SQLite has one writer; it is kept, since reopening would gain nothing.
fn sqlite_pool() -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Engine::Sqlite.limit())
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SQLITE_SETTINGS).await.map(drop) })
        })
}

async fn check_file(options: &AnyConnectOptions) -> Result<(), SchemaError> {
    let mut connection = AnyConnection::connect_with(options).await?;
    connection.execute(BUSY).await?;
    let found: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    if found != "ok" {
        return Err(SchemaError::Damaged(found));
    }
    if schema::is_foreign_file(&mut connection).await? {
        return Err(SchemaError::Foreign);
    }
    connection.execute(SQLITE_SETTINGS).await?;
    schema::prepare(&mut connection).await?;
    Ok(connection.close().await?)
}

fn file_error(path: &Path, error: SchemaError) -> OpenError {
    const BUSY: i64 = 5;
    const LOCKED: i64 = 6;
    const CORRUPT: i64 = 11;
    const NOT_A_DATABASE: i64 = 26;
    let place = path.display().to_string();
    let path = path.to_owned();
    match error {
        SchemaError::Newer { since } => OpenError::Newer { place, since, known: schema::known() },
        SchemaError::Foreign => OpenError::Foreign { place },
        SchemaError::Damaged(cause) => OpenError::Damaged { path, cause },
        SchemaError::Migration(cause) => OpenError::Schema { place, cause },
        SchemaError::Database(error) => {
            let cause = error.to_string();
            match super::link::sqlite_code(&error) {
                Some(BUSY | LOCKED) => OpenError::Locked { path },
                Some(CORRUPT | NOT_A_DATABASE) => OpenError::Damaged { path, cause },
                _ => OpenError::File { path, cause },
            }
        }
    }
}

/// A server that cannot be reached is no error, one that refuses us is.
async fn open_postgres(url: &str) -> Result<Link, OpenError> {
    let options = options(url)?;
    // The driver looks at the parts of the address when it connects; a wrong one must show now.
    url.parse::<sqlx::postgres::PgConnectOptions>().map_err(|_| OpenError::Address)?;
    let link = Link::new(Engine::PostgreSql, options.clone(), postgres_pool(&options));
    match prepare_postgres(&options).await {
        Ok(()) => Ok(link),
        Err(SchemaError::Database(error)) if !is_refusal(&error) => {
            link.start_down(&error);
            Ok(link)
        }
        Err(error) => Err(postgres_error(error)),
    }
}

/// A connection for one report, whose statements may take longer than a chat can wait. It takes
/// none from the chats.
pub(super) fn report_pool(options: &AnyConnectOptions) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Engine::PostgreSql.limit())
        .connect_lazy_with(options.clone())
}

/// A new pool over a server. Nothing is connected yet.
pub(super) fn postgres_pool(options: &AnyConnectOptions) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Engine::PostgreSql.limit())
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(POSTGRES_SETTINGS).await.map(drop) })
        })
        .connect_lazy_with(options.clone())
}

/// Connects, and brings the tables up to date, over a connection of its own, which has no time limit
/// of the server's.
///
/// # Errors
/// If the server cannot be reached within the limit, or refuses.
pub(super) async fn prepare_postgres(options: &AnyConnectOptions) -> Result<(), SchemaError> {
    /// Another replica may be at the same migration, and is waited for.
    const MIGRATION: Duration = Duration::from_secs(60);
    let timed_out = |_| SchemaError::Database(sqlx::Error::PoolTimedOut);
    let connecting = timeout(Engine::PostgreSql.limit(), AnyConnection::connect_with(options));
    let mut connection = connecting.await.map_err(timed_out)??;
    timeout(MIGRATION, schema::prepare(&mut connection)).await.map_err(timed_out)??;
    // The work is done; how the connection ends does not matter.
    let _ = timeout(Engine::PostgreSql.limit(), connection.close()).await;
    Ok(())
}

fn postgres_error(error: SchemaError) -> OpenError {
    let place = "PostgreSQL".to_owned();
    match error {
        SchemaError::Newer { since } => OpenError::Newer { place, since, known: schema::known() },
        SchemaError::Foreign => OpenError::Foreign { place },
        SchemaError::Damaged(cause) | SchemaError::Migration(cause) => {
            OpenError::Schema { place, cause }
        }
        SchemaError::Database(error) => OpenError::Refused { cause: error.to_string() },
    }
}
