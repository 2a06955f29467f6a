//! A database of each engine, and a look into it that does not go through the store.

use std::path::PathBuf;

use amtslotse::store::{Store, Timing};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;

use crate::postgres::Postgres;

pub enum Database {
    Sqlite(TempDir),
    Postgres(Postgres),
}

impl Database {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub fn postgres() -> Self {
        Self::Postgres(Postgres::start())
    }

    /// Its address, for `store.url`.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite:{}", dir.path().join("state.db").display()),
            Self::Postgres(server) => server.url(),
        }
    }

    /// The files of it that are ours: those in the directory of a SQLite file.
    pub fn files(&self) -> Vec<PathBuf> {
        let Self::Sqlite(dir) = self else { return Vec::new() };
        let entries = std::fs::read_dir(dir.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.url(), Timing::default()).await.unwrap()
    }

    /// What a statement gives: one text a row.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let mut connection = self.connect().await;
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        query.fetch_all(&mut connection).await.unwrap()
    }

    pub async fn run(&self, sql: &str) {
        let mut connection = self.connect().await;
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// The hashes under which conversations stand.
    pub async fn threads(&self) -> Vec<String> {
        self.rows("SELECT thread FROM conversations ORDER BY thread").await
    }

    /// Every row of every table.
    pub async fn dump(&self) -> String {
        let tables = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Self::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables \
                 WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            }
        };
        let mut dump = String::new();
        for table in self.rows(tables).await {
            let rows = match self {
                Self::Sqlite(_) => self.rows(&self.quoted(&table).await).await,
                Self::Postgres(_) => {
                    self.rows(&format!("SELECT t::text FROM \"{table}\" AS t")).await
                }
            };
            dump.push_str(&format!("{table}:\n{}\n", rows.join("\n")));
        }
        dump
    }

    /// A statement for all columns of a table as one text.
    async fn quoted(&self, table: &str) -> String {
        let columns = self.rows(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let columns: Vec<String> =
            columns.iter().map(|name| format!("quote(\"{name}\")")).collect();
        format!("SELECT {} FROM \"{table}\"", columns.join(" || ',' || "))
    }

    async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url()).await.unwrap()
    }
}
