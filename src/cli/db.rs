//! `bulla db`

mod progress;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::open::{open_database, prepare_file, warn_if_exposed};
use super::{Failure, Outcome, print_json};
use crate::config::{Config, MasterKeySource};
use crate::flows::{self, Copied, CopyError};
use crate::private_file;
use crate::random::Random;
use crate::store::tables::TABLES;
use crate::store::{self, DatabaseUrl, Limits};

use progress::Progress;

#[derive(Subcommand, Debug)]
pub(super) enum Db {
    /// Copy everything to another database; nobody is logged out
    ///
    /// Copies accounts, sessions, keys, spent envelopes, counters and the audit log from the database of DATABASE_URL (or
    /// DB_*, or the data folder) to an empty one, and checks every row. Any two databases will do: SQLite, MySQL, MariaDB.
    /// The source stays as it is. Stop its server first: what it writes after the copy began is not copied.
    #[command(after_help = "Examples:
  bulla db copy --to mysql://bulla:…@db.example.com:3306/bulla
  bulla db copy --to-file target-url            the password stays out of the list of processes
  bulla db copy --to sqlite:/var/backups/bulla.db --json
  bulla db copy --database-url mysql://bulla:…@localhost/bulla --to sqlite:bulla.db")]
    Copy(Copy),
}

#[derive(Args, Debug)]
pub(super) struct Copy {
    /// Where to: mysql://user:password@host:port/name or sqlite:PATH
    #[arg(long, value_name = "URL", required_unless_present = "to_file", conflicts_with = "to_file")]
    to: Option<Address>,
    /// File that holds the URL
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A long copy is watched by someone who can interrupt it; a request's patience would end it for a slow disk.
const LIMITS: Limits = Limits { connections: None, patience: Duration::from_secs(600) };

/// An address as typed. It may hold a password, so it does not print.
#[derive(Clone)]
struct Address(String);

#[derive(Serialize)]
struct Report {
    from: String,
    to: String,
    master_key: String,
    tables: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    table: &'static str,
    rows: u64,
    sha256_sum: String,
}

impl Db {
    pub(super) async fn run(self, config: Config) -> Outcome {
        match self {
            Self::Copy(copy) => copy.run(config).await,
        }
    }
}

impl Copy {
    async fn run(self, mut config: Config) -> Outcome {
        config.database_limits = LIMITS;
        let config = &config;
        let url = self.target()?;
        warn_if_exposed(&url);
        let source = open_database(config).await?;
        let target = open_target(&url).await?;
        let name = u128::from_be_bytes(Random::new().bytes());
        if store::is_same(&source, &target, &format!("{name:032x}")).await.map_err(Failure::new)? {
            return Err(Failure::new(format!(
                "{url} is the database that is to be copied; name another one with --to"
            )));
        }
        store::migrate(&target).await.map_err(|error| Failure::new(format!("{url}: {error}")))?;

        let mut progress = Progress::new();
        let copied = flows::copy_database(&source, &target, &mut |step| progress.show(step)).await;
        progress.finish();
        let copied = copied.map_err(|error| explain(&error, config, &url))?;
        source.close().await;
        target.close().await;
        if self.json {
            return print_json(&report(&copied, config, &url));
        }
        tell(&copied, config, &url);
        Ok(())
    }

    fn target(&self) -> Result<DatabaseUrl, Failure> {
        let text = match (&self.to, &self.to_file) {
            (Some(Address(text)), _) => text.clone().into(),
            (None, Some(file)) => {
                private_file::read(file).map_err(|error| Failure::new(format!("--to-file: {error}")))?
            }
            (None, None) => return Err(Failure::new("give --to or --to-file")),
        };
        text.trim().parse().map_err(|error| Failure::new(format!("--to: {error}")))
    }
}

async fn open_target(url: &DatabaseUrl) -> Result<store::Db, Failure> {
    if let DatabaseUrl::Sqlite(path) = url {
        prepare_file(path)?;
    }
    store::connect(url, LIMITS).await.map_err(|error| Failure::new(format!("the target {url}: {error}")))
}

fn explain(error: &CopyError, config: &Config, target: &DatabaseUrl) -> Failure {
    let source = &config.database;
    Failure::new(match error {
        CopyError::TargetNotEmpty(found) => {
            let found: Vec<String> = found.iter().map(|(table, rows)| format!("{rows} in {table}")).collect();
            format!(
                "the target {target} is not empty; it has rows: {}.\nA copy needs a database of its own. Name another \
                 one, or, if nothing in this one is needed, {} and copy again. (A copy that was interrupted leaves no \
                 rows.)",
                found.join(", "),
                how_to_begin_anew(target)
            )
        }
        CopyError::NoTables(_) => format!("{source}: {error}.\nStart the server on it once, then copy it."),
        CopyError::OtherVersion { of_source, of_target } if of_source < of_target => format!(
            "{source} was last used by an older version of Bulla.\nStart this version's server on it once, which \
             brings its tables up to date, then copy it."
        ),
        CopyError::OtherVersion { .. } => {
            format!("{source} was last used by a newer version of Bulla; copy it with that version.")
        }
        CopyError::Different { read, read_back } => format!(
            "{error}: {} rows with the digest {} in the source, {} rows with the digest {} in the target {target}.\n\
             So the copy was undone and the target is empty. Look for a trigger on that table; if there is \
             none, please report this.",
            read.rows, read.digest, read_back.rows, read_back.digest
        ),
        CopyError::Commit(_) => format!(
            "{error}.\nWhether the target {target} is empty or complete is unknown. Copy again: if it is refused as \
             not empty, the copy was complete."
        ),
        _ => format!("{error}.\nThe target {target} is as empty as before; mend this, then copy again."),
    })
}

fn how_to_begin_anew(target: &DatabaseUrl) -> String {
    match target {
        DatabaseUrl::Sqlite(path) => format!("delete {0}, {0}-wal and {0}-shm", path.display()),
        DatabaseUrl::MySql(_) => {
            // By name: a database may hold other people's tables too.
            let names: Vec<&str> = TABLES.iter().rev().map(|table| table.name).collect();
            format!("run `DROP TABLE {}, _sqlx_migrations;` there", names.join(", "))
        }
    }
}

fn master_key(config: &Config) -> String {
    match &config.master_key {
        MasterKeySource::Given(_) => "the one in BULLA_MASTER_KEY".to_owned(),
        MasterKeySource::File(path) | MasterKeySource::DataDir(path) => {
            std::path::absolute(path).as_ref().unwrap_or(path).display().to_string()
        }
    }
}

fn report(copied: &[Copied], config: &Config, target: &DatabaseUrl) -> Report {
    let line = |copied: &Copied| Line { table: copied.table, rows: copied.rows, sha256_sum: copied.digest.to_string() };
    Report {
        from: config.database.to_string(),
        to: target.to_string(),
        master_key: master_key(config),
        tables: copied.iter().map(line).collect(),
    }
}

fn tell(copied: &[Copied], config: &Config, target: &DatabaseUrl) {
    println!("{:16}  {:>12}  SHA-256, SUMMED", "TABLE", "ROWS");
    for copied in copied {
        println!("{:16}  {:>12}  {}", copied.table, copied.rows, copied.digest.short());
    }
    println!(
        "
Everything was copied, read back, and is the same. Now start the server on the copy:

  DATABASE_URL={target}
  master key: {}

with the password in place of the dots, TLS as you need it, the same master key, and otherwise the settings that it had; tokens
stay valid as long as BULLA_PUBLIC_URL stays the same. What was written to {} after
the copy began is not in it.",
        master_key(config),
        config.database
    );
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Address(…)")
    }
}
