//! Opening what every command but `seal` works on: the data folder, the master key, the database.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::Failure;
use crate::app::{App, Parts};
use crate::clock::Clock;
use crate::config::{Config, MasterKeySource};
use crate::flows;
use crate::model::MasterKey;
use crate::private_file;
use crate::random::Random;
use crate::store::{self, DatabaseUrl, Db};

/// An app with its keys loaded, and whether this was the first start.
pub(super) struct Opened {
    pub(super) app: App,
    pub(super) is_first_start: bool,
}

/// Creates what is missing: folder, master key, tables, keys.
pub(super) async fn open(config: Config, public_url: String) -> Result<Opened, Failure> {
    prepare_folder(&config)?;
    let db = store::connect(&config.database, config.database_limits).await.map_err(Failure::new)?;
    store::migrate(&db).await.map_err(Failure::new)?;
    let is_first_start = store::server_keys::list(&db).await.map_err(Failure::new)?.is_empty();
    let master_key = master_key(&config.master_key, is_first_start)?;
    let app = App::new(Parts { config, public_url, clock: Clock::system(), db, master_key });
    flows::keep_keys(&app).await.map_err(Failure::new)?;
    Ok(Opened { app, is_first_start })
}

/// An app for a command that works beside the server. The issuer matters to none of them, so any URL will do.
pub(super) async fn open_beside(config: Config) -> Result<App, Failure> {
    Ok(open(config, "http://localhost".to_owned()).await?.app)
}

/// The database alone, for reading.
pub(super) async fn open_database(config: &Config) -> Result<Db, Failure> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !path.exists()
    {
        return Err(Failure::new(format!("there is no database at {} yet; start the server once", path.display())));
    }
    store::connect(&config.database, config.database_limits).await.map_err(Failure::new)
}

/// Of an address that was typed here, and not among the settings.
pub(super) fn warn_if_exposed(url: &DatabaseUrl) {
    if url.is_exposed() {
        eprintln!(
            "bulla: whoever sits between here and {url} can read along or pose as it; add ?ssl-ca=FILE to the address, \
             or ?ssl-mode=VERIFY_IDENTITY"
        );
    }
}

/// The folder and the database file hold password hashes: nobody else on the machine may read them.
fn prepare_folder(config: &Config) -> Result<(), Failure> {
    let folder = &config.data_dir;
    let problem = |error| Failure::new(format!("cannot create {}: {error}", folder.display()));
    let keeps_key = matches!(config.master_key, MasterKeySource::DataDir(_));
    if keeps_key || matches!(config.database, DatabaseUrl::Sqlite(_)) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(problem)?;
    }
    match &config.database {
        DatabaseUrl::Sqlite(path) => prepare_file(path),
        DatabaseUrl::MySql(_) => Ok(()),
    }
}

/// An empty database file, where there is none yet.
pub(super) fn prepare_file(path: &Path) -> Result<(), Failure> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Failure::new(format!("cannot create {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

pub(super) fn master_key(source: &MasterKeySource, is_first_start: bool) -> Result<MasterKey, Failure> {
    match source {
        MasterKeySource::Given(key) => Ok(key.clone()),
        MasterKeySource::File(path) => read_master_key(path),
        MasterKeySource::DataDir(path) if path.exists() => read_master_key(path),
        MasterKeySource::DataDir(path) if is_first_start => make_master_key(path),
        MasterKeySource::DataDir(path) => Err(Failure::new(format!(
            "{} is missing, but the database holds keys that were encrypted under it. Put the file back, or give the \
             master key as BULLA_MASTER_KEY. If it is lost, so are the keys, but no account: `bulla users export` here, \
             `bulla users import` into a new BULLA_DATA_DIR",
            path.display()
        ))),
    }
}

fn read_master_key(path: &Path) -> Result<MasterKey, Failure> {
    let text = private_file::read(path).map_err(|error| Failure::new(format!("the master key: {error}")))?;
    text.parse().map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Written whole or not at all, and on the disk before the keys that are worthless without it.
fn make_master_key(path: &Path) -> Result<MasterKey, Failure> {
    let key = MasterKey::new(Random::new().bytes());
    let problem = |error| Failure::new(format!("cannot write the master key {}: {error}", path.display()));
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(problem)?;
    // Whatever the umask says.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(problem)?;
    file.write_all(key.to_hex().as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(problem)?;
    file.sync_all().map_err(problem)?;
    // Unlike a rename, a link never replaces the key of another process that starts at this moment.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(problem)?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(problem)?;
    }
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read_master_key(path),
        Err(error) => Err(problem(error)),
    }
}
