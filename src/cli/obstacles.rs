//! What stands in the way of a start: all of it at once, found without changing anything.

use std::path::{Path, PathBuf};

use rustix::fs::Access;
use serde::Deserialize;

use super::{listeners, open, running};
use crate::config::{Config, Draft, MasterKeySource, Metrics};
use crate::flows;
use crate::http::server;
use crate::model::{KeyPurpose, MasterKey, StoredKey};
use crate::store::{self, ConnectError, DatabaseUrl, server_keys};

const LISTEN: [&str; 2] = ["PORT", "BULLA_HOST"];
const METRICS: [&str; 1] = ["BULLA_METRICS_ADDRESS"];
const DATABASE: [&str; 4] = ["DATABASE_URL", "DB_", "BULLA_DATABASE_", "BULLA_DATA_DIR"];
const MASTER_KEY: [&str; 2] = ["BULLA_MASTER_KEY", "BULLA_DATA_DIR"];
const TLS: [&str; 1] = ["BULLA_TLS_"];

/// The problems of the settings, and those that a start with them would meet, each once.
pub(super) async fn all(draft: &Draft) -> Vec<String> {
    let config = &draft.config;
    let mut problems = draft.problems.clone();
    if draft.is_sound(&TLS)
        && let Some(files) = &config.tls
        && let Err(error) = server::tls_acceptor(&files.cert, &files.key)
    {
        problems.push(error.to_string());
    }
    let mut keys = None;
    if draft.is_sound(&DATABASE) {
        problems.extend(of_folders(config));
        match stored_keys(config).await {
            Ok(rows) => keys = Some(rows),
            Err(problem) => problems.push(problem),
        }
    }
    let in_use = if draft.is_sound(&LISTEN) { listeners::open(config.listen, "PORT").err() } else { None };
    // Of a server that runs as it should, its own addresses are no problem.
    let is_running = in_use.is_some() && is_running(config, keys.as_deref().unwrap_or_default()).await;
    if !is_running {
        problems.extend(in_use);
        if draft.is_sound(&METRICS)
            && let Metrics::On(address) = config.metrics
        {
            problems.extend(listeners::open(address, "BULLA_METRICS_ADDRESS").err());
        }
    }
    if draft.is_sound(&MASTER_KEY) {
        problems.extend(of_master_key(config, keys.as_deref()));
    }
    if keys.is_some_and(|rows| rows.is_empty()) {
        problems.extend(flows::given_first_key(&config.first_sealing_key).err().map(|error| error.to_string()));
    }
    let mut told = std::collections::HashSet::new();
    problems.retain(|problem| told.insert(problem.clone()));
    problems
}

/// The folders that a start writes to, or would make.
fn of_folders(config: &Config) -> Vec<String> {
    let keeps_key = matches!(config.master_key, MasterKeySource::DataDir(_));
    let file = match &config.database {
        DatabaseUrl::Sqlite(path) => Some(path),
        DatabaseUrl::MySql(_) => None,
    };
    let mut problems = Vec::new();
    if keeps_key || file.is_some() {
        problems.extend(unwritable(&existing(&config.data_dir)));
    }
    if let Some(path) = file {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if folder == config.data_dir {
            // Looked at above.
        } else if folder.exists() {
            problems.extend(unwritable(folder));
        } else {
            problems.push(format!("{} does not exist; make it, or choose another DATABASE_URL", folder.display()));
        }
        if store::is_disk_full(path) {
            problems.push(ConnectError::DiskFull { path: path.clone() }.to_string());
        }
    }
    problems
}

/// A folder, or the one that it would be made in.
fn existing(folder: &Path) -> PathBuf {
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    if existing.as_os_str().is_empty() { PathBuf::from(".") } else { existing.to_owned() }
}

fn unwritable(folder: &Path) -> Option<String> {
    if !folder.is_dir() {
        return Some(format!("{} is no folder; choose another BULLA_DATA_DIR, or move it away", folder.display()));
    }
    let denied = rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(format!("cannot write to {}: {denied}; give it to the user that runs bulla", folder.display()))
}

/// None where no server has started yet.
async fn stored_keys(config: &Config) -> Result<Vec<StoredKey>, String> {
    if matches!(&config.database, DatabaseUrl::Sqlite(path) if !path.exists()) {
        return Ok(Vec::new());
    }
    let db = store::connect(&config.database, config.database_limits).await.map_err(|error| error.to_string())?;
    match server_keys::list(&db).await {
        Err(error) if error.is_missing_table() => Ok(Vec::new()),
        result => result.map_err(|error| error.to_string()),
    }
}

/// Without the keys of the database, all that can be said is whether a file can be used.
fn of_master_key(config: &Config, rows: Option<&[StoredKey]>) -> Vec<String> {
    if matches!(&config.master_key, MasterKeySource::DataDir(path) if !path.exists())
        && rows.is_none_or(<[StoredKey]>::is_empty)
    {
        return Vec::new();
    }
    match open::master_key(&config.master_key, false) {
        Err(error) => vec![error.to_string()],
        Ok(key) => rows.unwrap_or_default().iter().filter_map(|row| undecryptable(row, &key)).collect(),
    }
}

fn undecryptable(row: &StoredKey, master_key: &MasterKey) -> Option<String> {
    let purpose = KeyPurpose::ALL.into_iter().find(|purpose| purpose.as_str() == row.purpose)?;
    let encrypted = row.private_key.as_ref()?;
    let context = StoredKey::encryption_context(purpose, &row.kid);
    let wrong = master_key.decrypt(&context, encrypted).err()?;
    Some(format!("{} key {}: {wrong}", row.purpose, row.kid))
}

/// Whether whoever listens there offers a key of this database.
async fn is_running(config: &Config, rows: &[StoredKey]) -> bool {
    #[derive(Deserialize)]
    struct Offered {
        kid: String,
    }
    let Ok(answer) = running::ask(config, "/api/auth/sealing-key").await else { return false };
    serde_json::from_str::<Offered>(&answer).is_ok_and(|offered| rows.iter().any(|row| row.kid == offered.kid))
}
