//! Where the data lies: `sqlite:PATH` or `mysql://user:password@host:port/name?ssl-mode=…`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx_mysql::{MySqlConnectOptions, MySqlSslMode};

#[derive(Clone)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    MySql(Box<MySqlConnectOptions>),
}

#[derive(Debug, thiserror::Error)]
pub enum InvalidAddress {
    #[error("{0} is neither sqlite:PATH nor mysql://user:password@host:port/name")]
    Scheme(String),
    #[error("the MySQL address cannot be read: {0}")]
    MySql(sqlx::Error),
    #[error("the MySQL address names no database; end it with /NAME")]
    NoDatabase,
    #[error(
        "the parameter {0:?} of the MySQL address is unknown; known are ssl-mode, ssl-ca, ssl-cert, ssl-key and socket"
    )]
    Parameter(String),
    #[error("a ?, @, / or # in the user or password of the MySQL address must be written %3F, %40, %2F or %23")]
    Encoding,
    #[error("{0:?} is no ssl-mode; choose DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY")]
    SslMode(String),
    #[error("the CA file {path} {problem}")]
    CaFile { path: String, problem: String },
}

/// What can be said beside an address, in settings of their own; it wins over what the address says.
#[derive(Debug, Default)]
pub struct Overrides<'a> {
    pub ssl_mode: Option<&'a str>,
    pub ssl_ca: Option<&'a Path>,
    pub socket: Option<&'a Path>,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or_default();
            return if path.is_empty() {
                Err(InvalidAddress::Scheme(text.to_owned()))
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }
        if text.starts_with("mysql://") || text.starts_with("mariadb://") {
            return Ok(Self::MySql(Box::new(mysql_options(text)?)));
        }
        // An address may hold a password: only its scheme is repeated.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(InvalidAddress::Scheme(format!("an address that begins with {scheme:?}")))
    }
}

impl DatabaseUrl {
    /// Changes nothing of an SQLite address.
    pub fn with(self, overrides: &Overrides<'_>) -> Result<Self, InvalidAddress> {
        let Self::MySql(options) = self else { return Ok(self) };
        let mut options = *options;
        if let Some(socket) = overrides.socket {
            options = options.socket(socket);
        }
        if let Some(ca) = overrides.ssl_ca {
            options = with_ca(options, ca)?;
        }
        if let Some(mode) = overrides.ssl_mode {
            options = options.ssl_mode(ssl_mode(mode)?);
        } else if overrides.ssl_ca.is_some() && !verifies(&options) {
            options = options.ssl_mode(MySqlSslMode::VerifyIdentity);
        }
        Ok(Self::MySql(Box::new(options)))
    }

    /// Whether someone between here and the database could read along, or pose as it.
    pub fn is_exposed(&self) -> bool {
        let Self::MySql(options) = self else { return false };
        let is_local = options.get_socket().is_some()
            || options.get_host() == "localhost"
            || options.get_host().parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        !is_local && !verifies(options)
    }

    /// `PREFERRED`, …; what an SQLite file does not have.
    pub fn ssl_mode(&self) -> Option<&'static str> {
        let Self::MySql(options) = self else { return None };
        Some(match options.get_ssl_mode() {
            MySqlSslMode::Disabled => "DISABLED",
            MySqlSslMode::Preferred => "PREFERRED",
            MySqlSslMode::Required => "REQUIRED",
            MySqlSslMode::VerifyCa => "VERIFY_CA",
            MySqlSslMode::VerifyIdentity => "VERIFY_IDENTITY",
        })
    }
}

fn verifies(options: &MySqlConnectOptions) -> bool {
    matches!(options.get_ssl_mode(), MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity)
}

/// The driver skips parameters that it does not know. A misspelled `ssl-mode` would silently not be in force, so every
/// spelling in use (`ssl-mode`, `ssl_mode`, `sslMode`) is understood here, and anything else refused.
fn mysql_options(text: &str) -> Result<MySqlConnectOptions, InvalidAddress> {
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    // Then what follows the `?` is the rest of a password, which no message about parameters may repeat. Elsewhere the
    // driver would take the rest of a password for a host or a name, which messages do repeat.
    let credentials = address.rsplit_once('@').and_then(|(before, _)| before.split_once("://")).map(|(_, rest)| rest);
    if query.contains('@') || credentials.is_some_and(|credentials| credentials.contains(['@', '/', '#'])) {
        return Err(InvalidAddress::Encoding);
    }
    let mut options = MySqlConnectOptions::from_str(address).map_err(InvalidAddress::MySql)?;
    if options.get_database().is_none() {
        return Err(InvalidAddress::NoDatabase);
    }
    let (mut mode, mut has_ca) = (None, false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decoded(value);
        options = match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "sslmode" => {
                mode = Some(ssl_mode(&value)?);
                options
            }
            "sslca" => {
                has_ca = true;
                with_ca(options, Path::new(&value))?
            }
            "sslcert" => options.ssl_client_cert(value),
            "sslkey" => options.ssl_client_key(value),
            "socket" => options.socket(value),
            _ => return Err(InvalidAddress::Parameter(name.to_owned())),
        };
    }
    // Whoever names an authority wants it to be asked.
    let default = if has_ca { MySqlSslMode::VerifyIdentity } else { MySqlSslMode::Preferred };
    Ok(options.ssl_mode(mode.unwrap_or(default)))
}

fn ssl_mode(text: &str) -> Result<MySqlSslMode, InvalidAddress> {
    text.replace('-', "_").parse().map_err(|_| InvalidAddress::SslMode(text.to_owned()))
}

/// The driver takes a file without certificates for one that trusts nobody but the public authorities.
fn with_ca(options: MySqlConnectOptions, path: &Path) -> Result<MySqlConnectOptions, InvalidAddress> {
    let problem = |problem: String| InvalidAddress::CaFile { path: path.display().to_string(), problem };
    let pem = std::fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Err(problem("holds no certificate in PEM".to_owned()));
    }
    Ok(options.ssl_ca(path))
}

/// RFC 3986 §2.1; what is not a whole `%xx` stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten();
        let hex = hex.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let decoded = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Without the password that an address may hold.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = match self {
            Self::Sqlite(path) => return write!(formatter, "sqlite:{}", path.display()),
            Self::MySql(options) => options,
        };
        let (user, name) = (options.get_username(), options.get_database().unwrap_or_default());
        match options.get_socket() {
            Some(socket) => write!(formatter, "mysql://{user}:…@localhost/{name}?socket={}", socket.display()),
            None => write!(formatter, "mysql://{user}:…@{}:{}/{name}", options.get_host(), options.get_port()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<DatabaseUrl>().unwrap_err().to_string()
    }

    #[test]
    fn every_spelling_of_the_ssl_mode_is_understood() {
        for parameter in ["ssl-mode=VERIFY_IDENTITY", "sslMode=verify-identity", "ssl_mode=Verify_Identity"] {
            let url: DatabaseUrl = format!("mysql://u:p@db.example/bulla?{parameter}").parse().unwrap();
            assert_eq!(url.ssl_mode(), Some("VERIFY_IDENTITY"), "{parameter}");
            assert!(!url.is_exposed());
        }
        let plain: DatabaseUrl = "mysql://u:p@db.example/bulla".parse().unwrap();
        assert_eq!(plain.ssl_mode(), Some("PREFERRED"));
        assert!(plain.is_exposed());
    }

    #[test]
    fn a_parameter_that_would_silently_not_be_in_force_is_refused() {
        assert!(refused("mysql://u:p@h/b?sslmod=REQUIRED").contains("\"sslmod\""));
        assert!(refused("mysql://u:p@h/b?useSSL=true").contains("\"useSSL\""));
        assert!(refused("mysql://u:p@h/b?ssl-mode=YES").contains("choose DISABLED, PREFERRED"));
        assert!(refused("mysql://u:p@h/b?ssl-ca=/nowhere/ca.pem").contains("cannot be read"));
        assert!(refused("mysql://u:p@h").contains("names no database"));
    }

    #[test]
    fn an_authority_that_is_named_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, "no certificate").unwrap();
        let url = format!("mysql://u:p@h/b?ssl-ca={}", ca.display());
        assert!(refused(&url).contains("holds no certificate"));
        std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert_eq!(url.parse::<DatabaseUrl>().unwrap().ssl_mode(), Some("VERIFY_IDENTITY"));
        let overrides = Overrides { ssl_ca: Some(&ca), ..Overrides::default() };
        let url: DatabaseUrl = "mysql://u:p@h/b".parse().unwrap();
        assert_eq!(url.with(&overrides).unwrap().ssl_mode(), Some("VERIFY_IDENTITY"));
    }

    #[test]
    fn an_address_prints_without_its_password() {
        let url: DatabaseUrl = "mysql://bulla:hunter2@db.example:3307/auth?socket=%2Frun%2Fa%20b.sock".parse().unwrap();
        assert_eq!(format!("{url} {url:?}").matches("hunter2").count(), 0);
        assert_eq!(url.to_string(), "mysql://bulla:…@localhost/auth?socket=/run/a b.sock");
        for tail in ["hunter2@h/db", "a=b&ssl-mode=hunter2@h/db", "hunter2&x@y@h/db"] {
            let problem = refused(&format!("mysql://b:1234/x?{tail}"));
            assert!(problem.contains("%3F") && !problem.contains("hunter2"), "{problem}");
        }
        for password in ["sec@ret", "sec@r/et", "sec#ret", "sec/ret", "@sec/ret@"] {
            let problem = refused(&format!("mysql://bulla:{password}@db.example/auth"));
            assert!(problem.contains("%40") && !problem.contains("sec") && !problem.contains("ret"), "{problem}");
        }
        assert!(!refused("postgres://bulla:hunter2@db.example/auth").contains("hunter2"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn no_address_prints_its_password(
            user in "[a-z]{1,8}",
            password in "pw(%[2-7][0-9]|[A-Z0-9._~!$&'()*+,;=-]){8,24}",
            rest in prop_oneof!["@[a-z.]{1,12}(:[0-9]{1,6})?/[a-z]{0,8}(\\?[a-z-]{0,8}=[A-Z_]{0,8})?", "\\PC{0,20}"],
        ) {
            let text = format!("mysql://{user}:{password}{rest}");
            let printed = match text.parse::<DatabaseUrl>() {
                Ok(url) => format!("{url} {url:?}"),
                Err(problem) => format!("{problem} {problem:?}"),
            };
            for secret in [&password, &percent_decoded(&password)] {
                prop_assert!(!printed.contains(secret.as_str()), "{text}: {printed}");
            }
        }
    }
}
