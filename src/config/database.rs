//! Where the data lies: `DATABASE_URL`, or the tutorial's `DB_*`, or an SQLite file of our own.

use std::path::Path;
use std::time::Duration;

use sqlx_mysql::MySqlConnectOptions;

use super::reader::Reader;
use super::{Settings, count, port, values};
use crate::store::{DatabaseUrl, Limits, Overrides};

/// With the default, whoever asks while the database is away is answered within two seconds.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
const LEAST_PATIENCE: Duration = Duration::from_millis(100);

impl Reader<'_> {
    pub(super) fn database(&mut self, settings: &Settings, data_dir: &Path) -> DatabaseUrl {
        let embedded = DatabaseUrl::Sqlite(data_dir.join("bulla.db"));
        let Some(address) = self.address(settings) else { return embedded };
        let overrides = Overrides {
            ssl_mode: self.text(&settings.database_ssl_mode),
            ssl_ca: self.text(&settings.database_ssl_ca).map(Path::new),
            socket: self.text(&settings.database_socket).map(Path::new),
        };
        address.with(&overrides).unwrap_or_else(|error| {
            self.0.push(format!("BULLA_DATABASE_*: {error}"));
            embedded
        })
    }

    pub(super) fn database_limits(&mut self, settings: &Settings) -> Limits {
        let connections = self.with("BULLA_DATABASE_CONNECTIONS", &settings.database_connections, count);
        let patience = self.with("BULLA_DATABASE_TIMEOUT", &settings.database_timeout, patience);
        Limits { connections, patience: patience.unwrap_or(Limits::default().patience) }
    }

    /// `None` for the embedded default, and after a problem.
    fn address(&mut self, settings: &Settings) -> Option<DatabaseUrl> {
        let url = self.secret("DATABASE_URL", &settings.database_url, &settings.database_url_file);
        if let Some(url) = url.filter(|url| !url.trim().is_empty()) {
            return url.trim().parse().map_err(|error| self.0.push(format!("DATABASE_URL: {error}"))).ok();
        }
        let socket = self.text(&settings.database_socket);
        let (host, name) = (self.text(&settings.db_host), self.text(&settings.db_name));
        if host.or(socket).is_none() {
            if name.or(self.text(&settings.db_user)).is_some() {
                self.0.push("DB_HOST is missing: DB_NAME and DB_USER ask for MySQL, so say where it is".to_owned());
            }
            return None;
        }
        let password = self.secret("DB_PASSWORD", &settings.db_password, &settings.db_password_file);
        let mut options = MySqlConnectOptions::new().host(host.unwrap_or("localhost"));
        options = options.port(self.with("DB_PORT", &settings.db_port, port).unwrap_or(3306));
        options = options.username(self.text(&settings.db_user).unwrap_or("root"));
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            options = options.password(&password);
        }
        match name {
            Some(name) => options = options.database(name),
            None => self.0.push("DB_NAME is missing: DB_HOST asks for MySQL, so name the database to use".to_owned()),
        }
        Some(DatabaseUrl::MySql(Box::new(options)))
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let patience = values::duration(text).ok().filter(|patience| (LEAST_PATIENCE..=MOST_PATIENCE).contains(patience));
    patience.ok_or_else(|| format!("must lie between 100ms and 60s (it is {text:?})"))
}
