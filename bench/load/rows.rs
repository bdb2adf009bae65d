//! How fast a database reads and writes single rows when nothing else is asked of it, through the driver and the settings
//! of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bulla::config::{Config, Settings};
use bulla::store::{self, Db, Tx};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::mysql::MySql;
use crate::stage::Failure;

/// A second.
#[derive(Clone, Copy, Debug)]
pub struct RowRates {
    pub reads: f64,
    /// Each on disk before it is answered.
    pub writes: f64,
}

pub struct Rows {
    db: Db,
    runtime: Runtime,
    _folder: TempDir,
    _database: Option<MySql>,
}

const ROWS: usize = 4000;
const ASKING: usize = 8;
const INSERT: &str = "INSERT INTO accounts (id, name, email, password, password_version, created_at) \
                      VALUES (?, 'Ada', ?, 'none', 0, 0)";
const READ: &str = "SELECT name, email, password, created_at FROM accounts WHERE id = ?";
const WRITE: &str = "UPDATE accounts SET created_at = created_at + 1 WHERE id = ?";

impl Rows {
    pub fn in_sqlite() -> Result<Self, Failure> {
        Self::make(None)
    }

    pub fn in_mysql() -> Result<Self, Failure> {
        Self::make(Some(MySql::create("rows")?))
    }

    fn make(database: Option<MySql>) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let settings = Settings {
            data_dir: Some(folder.path().display().to_string()),
            database_url: database.as_ref().map(|database| database.url().to_owned()),
            ..Settings::default()
        };
        let config = Config::resolve(&settings).map_err(|problems| problems.join("\n"))?;
        let db = runtime.block_on(async {
            let db = store::connect(&config.database, config.database_limits).await?;
            store::migrate(&db).await?;
            for number in 0..ROWS {
                touch(&db, Touch::Make(number)).await?;
            }
            Ok::<_, Failure>(db)
        })?;
        Ok(Self { db, runtime, _folder: folder, _database: database })
    }

    pub fn measure(&self, slice: Duration) -> Result<RowRates, Failure> {
        Ok(RowRates { reads: self.per_second(slice, Touch::Read)?, writes: self.per_second(slice, Touch::Write)? })
    }

    fn per_second(&self, slice: Duration, touch_row: fn(usize) -> Touch) -> Result<f64, Failure> {
        let (begun, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        self.runtime.block_on(async {
            let mut asking = tokio::task::JoinSet::new();
            for _ in 0..ASKING {
                let (db, next) = (self.db.clone(), Arc::clone(&next));
                asking.spawn(async move {
                    while begun.elapsed() < slice {
                        touch(&db, touch_row(next.fetch_add(1, Ordering::Relaxed) % ROWS)).await?;
                    }
                    Ok::<_, store::Error>(())
                });
            }
            asking.join_all().await.into_iter().collect::<Result<Vec<()>, _>>()
        })?;
        Ok(next.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
    }
}

/// One row, by its number.
#[derive(Clone, Copy)]
enum Touch {
    Make(usize),
    Read(usize),
    Write(usize),
}

async fn touch(db: &Db, what: Touch) -> Result<(), store::Error> {
    let id = |number: usize| format!("{number:036}");
    macro_rules! ask {
        ($conn:expr) => {
            match what {
                Touch::Make(number) => {
                    let email = format!("user-{number}@example.com");
                    sqlx::query(INSERT).bind(id(number)).bind(email).execute($conn).await.map(drop)
                }
                Touch::Read(number) => sqlx::query(READ).bind(id(number)).fetch_one($conn).await.map(drop),
                Touch::Write(number) => sqlx::query(WRITE).bind(id(number)).execute($conn).await.map(drop),
            }
        };
    }
    macro_rules! ask_one_of {
        ($stock:expr) => {{
            let mut held = $stock.take().await?;
            let asked = ask!(held.conn());
            held.rest_after(&asked);
            Ok(asked?)
        }};
    }
    match db {
        Db::Sqlite { readers, .. } if matches!(what, Touch::Read(_)) => ask_one_of!(readers),
        Db::Sqlite { .. } => {
            // While one waits for the disk, the next one writes.
            let mut tx = db.begin().await?;
            let Tx::Sqlite { transaction, .. } = &mut tx else { unreachable!("it is a file") };
            ask!(transaction.conn())?;
            tx.commit().await
        }
        Db::MySql { stock, .. } => ask_one_of!(stock),
    }
}
