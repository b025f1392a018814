//! Two concrete databases behind one door: SQLite embedded, PostgreSQL where runs must outlive this machine.
//! One gateway at a time: who is busy with a submission is known in its process alone.
//!
//! Queries are one portable text each (`$1` placeholders, `TEXT` ids, times in microseconds as
//! `BIGINT`, JSON as `TEXT`), run through the [`on_pool!`](crate::on_pool) macro.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    PgPool, SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// An open database with its schema in place.
#[derive(Debug, Clone)]
pub enum Database {
    /// SQLite: one writer, since it knows no other, and a few readers.
    Sqlite {
        /// The connection that writes.
        write: SqlitePool,
        /// The connections that read.
        read: SqlitePool,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached, or the file cannot be used.
    #[error("the database cannot be opened")]
    Open(#[from] sqlx::Error),
    /// Its schema cannot be brought up to date; it may come from a newer gateway.
    #[error("the schema of the database cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Runs the same code on whichever pool writes (or, with `read`, reads).
#[macro_export]
macro_rules! on_pool {
    (write $database:expr, $pool:ident => $body:expr) => {
        match $database {
            $crate::database::Database::Sqlite { write: $pool, .. } => $body,
            $crate::database::Database::Postgres($pool) => $body,
        }
    };
    (read $database:expr, $pool:ident => $body:expr) => {
        match $database {
            $crate::database::Database::Sqlite { read: $pool, .. } => $body,
            $crate::database::Database::Postgres($pool) => $body,
        }
    };
}

impl Database {
    /// Opens the SQLite file at `path`, or makes it.
    pub async fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged run must survive a power cut, so every commit reaches the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await?;
        migrator(SQLITE).run(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self::Sqlite { write, read })
    }

    /// Opens the PostgreSQL database at `url`.
    pub async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let options = sqlx::postgres::PgConnectOptions::from_str(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        migrator(POSTGRES).run(&pool).await?;
        Ok(Self::Postgres(pool))
    }

    /// Closes the connections after what is under way has ended.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

type Script = (i64, &'static str, &'static str);

const SQLITE: &[Script] = &[
    (1, "runs", include_str!("migrations/sqlite/0001_runs.sql")),
    (2, "services", include_str!("migrations/sqlite/0002_services.sql")),
    (3, "health", include_str!("migrations/sqlite/0003_health.sql")),
    (4, "nodes", include_str!("migrations/sqlite/0004_nodes.sql")),
    (5, "alerts", include_str!("migrations/sqlite/0005_alerts.sql")),
    (6, "panels", include_str!("migrations/sqlite/0006_panels.sql")),
    (7, "audit", include_str!("migrations/sqlite/0007_audit.sql")),
];
const POSTGRES: &[Script] = &[
    (1, "runs", include_str!("migrations/postgres/0001_runs.sql")),
    (2, "services", include_str!("migrations/postgres/0002_services.sql")),
    (3, "health", include_str!("migrations/postgres/0003_health.sql")),
    (4, "nodes", include_str!("migrations/postgres/0004_nodes.sql")),
    (5, "alerts", include_str!("migrations/postgres/0005_alerts.sql")),
    (6, "panels", include_str!("migrations/postgres/0006_panels.sql")),
    (7, "audit", include_str!("migrations/postgres/0007_audit.sql")),
];

fn migrator(scripts: &[Script]) -> Migrator {
    let migrations = scripts.iter().map(|(version, name, sql)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
