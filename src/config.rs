//! What is in force: the settings, read, checked and combined.

mod collector;
mod database;
pub mod dot_env;
mod draft;
mod reader;
mod settings;
mod values;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulla_seal::KeySize;
use bulla_token::Algorithm;
use ipnet::IpNet;
use zeroize::Zeroizing;

use crate::model::{Argon2Cost, Brand, Color, Logo, MasterKey, PasswordPolicy, Session};
use crate::store::{DatabaseUrl, Limits};

pub use collector::Collector;
pub use draft::Draft;
use reader::Reader;
pub use settings::{Settings, flag_of, names};
pub use values::{Rate, duration};

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// `None`: the address that is listened on.
    pub public_url: Option<String>,
    pub audience: Option<String>,
    pub data_dir: PathBuf,
    /// Where the tutorial's system keeps its key; one found there at the first start is the first sealing key.
    pub first_sealing_key: PathBuf,
    pub database: DatabaseUrl,
    pub database_limits: Limits,
    pub master_key: MasterKeySource,
    pub tokens: Tokens,
    pub access_lifetime: Duration,
    pub accepts_raw_form: bool,
    pub sealing_key_size: KeySize,
    pub accepts_plaintext: bool,
    pub password_policy: PasswordPolicy,
    pub argon2: Argon2Cost,
    pub hash_threads: usize,
    pub hash_queue: usize,
    pub address_rate: Option<Rate>,
    /// How long the audit log is kept.
    pub audit_kept: Duration,
    pub trusted_proxies: Vec<IpNet>,
    pub cors_origins: Vec<String>,
    pub has_pages: bool,
    pub brand: Brand,
    pub max_connections: u32,
    pub metrics: Metrics,
    pub tls: Option<TlsFiles>,
    /// `None`: no traces.
    pub collector: Option<Collector>,
}

#[derive(Clone, Debug)]
pub enum MasterKeySource {
    Given(MasterKey),
    /// A file that must exist.
    File(PathBuf),
    /// `master.key` in the data folder, made at the first start.
    DataDir(PathBuf),
}

/// How access tokens are signed.
#[derive(Clone)]
pub enum Tokens {
    Signed(Algorithm),
    /// HS256 with this secret: whoever verifies can also issue.
    SharedSecret(Zeroizing<Vec<u8>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    Off,
    /// The default: where the address is taken, the server starts without.
    IfFree(SocketAddr),
    On(SocketAddr),
}

#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

const DEFAULT_PORT: u16 = 8080;
const DEFAULT_METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
const SHORTEST_PASSWORD: usize = 8;
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Config {
    /// Reads all settings and reports everything that is wrong with them, not just the first thing.
    pub fn resolve(settings: &Settings) -> Result<Self, Vec<String>> {
        Self::read(settings).finished()
    }

    /// As `resolve`, for whoever wants to look further in spite of what is wrong.
    pub fn read(settings: &Settings) -> Draft {
        let mut problems = unknown_names(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()));
        let mut read = Reader(&mut problems);
        let data_dir = PathBuf::from(read.text(&settings.data_dir).unwrap_or("./bulla-data"));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let hash_threads = read.at_least("BULLA_HASH_THREADS", &settings.hash_threads, 1).unwrap_or(cores);
        let config = Self {
            listen: SocketAddr::new(
                read.with("BULLA_HOST", &settings.host, ip_address).unwrap_or(Ipv4Addr::LOCALHOST.into()),
                read.with("PORT", &settings.port, port).unwrap_or(DEFAULT_PORT),
            ),
            public_url: read.with("BULLA_PUBLIC_URL", &settings.public_url, public_url),
            audience: read.text(&settings.audience).map(str::to_owned),
            database: read.database(settings, &data_dir),
            database_limits: read.database_limits(settings),
            master_key: read.master_key(settings, &data_dir),
            tokens: read.tokens(settings),
            access_lifetime: read
                .with("JWT_EXPIRES", &settings.jwt_expires, access_lifetime)
                .unwrap_or(Duration::from_secs(600)),
            accepts_raw_form: read.with("BULLA_SEALED_FORMS", &settings.sealed_forms, accepts_raw_form).unwrap_or(true),
            sealing_key_size: read
                .with("BULLA_SEALING_BITS", &settings.sealing_bits, sealing_key_size)
                .unwrap_or_default(),
            accepts_plaintext: read
                .with("BULLA_ALLOW_PLAINTEXT", &settings.allow_plaintext, values::switch)
                .unwrap_or(false),
            password_policy: PasswordPolicy {
                min_length: read
                    .at_least("BULLA_PASSWORD_MIN_LENGTH", &settings.password_min_length, SHORTEST_PASSWORD)
                    .unwrap_or(15),
            },
            argon2: read.value("BULLA_ARGON2", &settings.argon2).unwrap_or(Argon2Cost::DEFAULT),
            hash_threads,
            hash_queue: read.at_least("BULLA_HASH_QUEUE", &settings.hash_queue, 1).unwrap_or(32 * hash_threads),
            address_rate: read
                .with("BULLA_ADDRESS_RATE", &settings.address_rate, values::rate)
                .unwrap_or(Some(Rate::DEFAULT)),
            audit_kept: read.with("BULLA_AUDIT_KEPT", &settings.audit_kept, audit_kept).unwrap_or(90 * DAY),
            trusted_proxies: read
                .with("BULLA_TRUSTED_PROXIES", &settings.trusted_proxies, values::networks)
                .unwrap_or_default(),
            cors_origins: read.with("BULLA_CORS_ORIGINS", &settings.cors_origins, values::origins).unwrap_or_default(),
            has_pages: read.with("BULLA_PAGES", &settings.pages, values::switch).unwrap_or(true),
            brand: read.brand(settings),
            max_connections: read
                .with("BULLA_MAX_CONNECTIONS", &settings.max_connections, count)
                .map_or(10_000, NonZeroU32::get),
            metrics: read
                .with("BULLA_METRICS_ADDRESS", &settings.metrics_address, metrics)
                .unwrap_or(Metrics::IfFree(DEFAULT_METRICS)),
            tls: read.tls(settings),
            collector: read.collector(settings),
            first_sealing_key: PathBuf::from("storage/rsa/private.pem"),
            data_dir,
        };
        Draft { config, problems }
    }
}

impl Reader<'_> {
    fn master_key(&mut self, settings: &Settings, data_dir: &Path) -> MasterKeySource {
        let given = self
            .with("BULLA_MASTER_KEY:", &settings.master_key, |text| text.parse().map_err(|error| format!("{error}")));
        match (given, self.text(&settings.master_key_file)) {
            (Some(_), Some(_)) => {
                self.0.push("BULLA_MASTER_KEY and BULLA_MASTER_KEY_FILE are both given; keep one of them".to_owned());
                MasterKeySource::DataDir(data_dir.join("master.key"))
            }
            (Some(key), None) => MasterKeySource::Given(key),
            (None, Some(path)) => MasterKeySource::File(path.into()),
            (None, None) => MasterKeySource::DataDir(data_dir.join("master.key")),
        }
    }

    fn tokens(&mut self, settings: &Settings) -> Tokens {
        let algorithm = self.with("BULLA_SIGNING_ALG", &settings.signing_alg, |text| match text.parse() {
            Ok(Algorithm::Hs256) => Err("cannot be HS256; set JWT_SECRET to share a secret".to_owned()),
            Ok(algorithm) => Ok(algorithm),
            Err(_) => Err(format!("must be ES256, RS256 or EdDSA (it is {text:?})")),
        });
        match self.secret("JWT_SECRET", &settings.jwt_secret, &settings.jwt_secret_file) {
            None => Tokens::Signed(algorithm.unwrap_or(Algorithm::Es256)),
            Some(secret) => {
                if let Err(weak) = bulla_token::SigningKey::from_shared_secret(secret.as_bytes()) {
                    self.0.push(format!("JWT_SECRET: {weak}"));
                }
                if algorithm.is_some() {
                    self.0.push(
                        "BULLA_SIGNING_ALG and JWT_SECRET are both given; a shared secret always means HS256"
                            .to_owned(),
                    );
                }
                Tokens::SharedSecret(Zeroizing::new(secret.as_bytes().to_vec()))
            }
        }
    }

    fn brand(&mut self, settings: &Settings) -> Brand {
        let logo = |path: &str| Logo::read(Path::new(path)).map_err(|error| format!("{error} (it is {path:?})"));
        let Brand { name, color, .. } = Brand::default();
        Brand {
            name: self.text(&settings.brand_name).map_or(name, str::to_owned),
            color: self
                .with("BULLA_BRAND_COLOR", &settings.brand_color, |text| {
                    Color::parse(text).map_err(|error| format!("{error} (it is {text:?})"))
                })
                .unwrap_or(color),
            logo: self.with("BULLA_BRAND_LOGO", &settings.brand_logo, logo),
        }
    }

    fn tls(&mut self, settings: &Settings) -> Option<TlsFiles> {
        match (self.text(&settings.tls_cert), self.text(&settings.tls_key)) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert: cert.into(), key: key.into() }),
            (None, None) => None,
            _ => {
                self.0.push("BULLA_TLS_CERT and BULLA_TLS_KEY belong together; one of them is missing".to_owned());
                None
            }
        }
    }
}

fn ip_address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("must be an IP address, like 127.0.0.1 or 0.0.0.0 (it is {text:?})"))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("must be a number from 0 to 65535 (it is {text:?})"))
}

fn count(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| format!("must be a whole number, at least 1 (it is {text:?})"))
}

fn public_url(text: &str) -> Result<String, String> {
    match values::after_scheme(text) {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ']) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(format!("must be like https://auth.example.com (it is {text:?})")),
    }
}

fn access_lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = values::duration(text)?;
    if (Duration::from_secs(1)..=Session::IDLE).contains(&lifetime) {
        return Ok(lifetime);
    }
    Err(format!("must lie between 1s and 30d, the life of an idle session (it is {text:?})"))
}

fn audit_kept(text: &str) -> Result<Duration, String> {
    let kept = values::duration(text)?;
    if (DAY..=100 * 365 * DAY).contains(&kept) {
        return Ok(kept);
    }
    Err(format!("must lie between 1d and 36500d (it is {text:?})"))
}

fn accepts_raw_form(text: &str) -> Result<bool, String> {
    let mut forms: Vec<&str> = text.split(',').map(str::trim).collect();
    forms.sort_unstable();
    match forms.as_slice() {
        ["jwe"] => Ok(false),
        ["jwe", "raw"] => Ok(true),
        _ => Err(format!("must be jwe, or jwe,raw (it is {text:?})")),
    }
}

fn sealing_key_size(text: &str) -> Result<KeySize, String> {
    match text {
        "2048" => Ok(KeySize::Rsa2048),
        "3072" => Ok(KeySize::Rsa3072),
        "4096" => Ok(KeySize::Rsa4096),
        _ => Err(format!("must be 2048, 3072 or 4096 (it is {text:?})")),
    }
}

fn metrics(text: &str) -> Result<Metrics, String> {
    if text == "off" {
        return Ok(Metrics::Off);
    }
    text.parse().map(Metrics::On).map_err(|_| format!("must be like 127.0.0.1:9464, or off (it is {text:?})"))
}

/// A misspelled setting is a setting that silently is not in force, so it stops the start.
pub fn unknown_names(given: impl Iterator<Item = String>) -> Vec<String> {
    let known = names();
    // Kubernetes describes a service named `bulla` or `bulla-…` to every container beside it in names like these.
    let is_injected = |name: &str| name == "BULLA_PORT" || name.contains("_SERVICE_") || name.contains("_PORT_");
    let is_ours = |name: &String| name.starts_with("BULLA_") && !name.starts_with("BULLA_TEST_") && !is_injected(name);
    let mut problems: Vec<String> = given
        .filter(|name| is_ours(name) && !known.contains(name))
        .map(|name| match nearest(&name, &known) {
            Some(nearest) => format!("{name} is not a setting; did you mean {nearest}?"),
            None => format!("{name} is not a setting; `bulla serve --help` lists them all"),
        })
        .collect();
    problems.sort();
    problems
}

fn nearest<'k>(name: &str, known: &'k [String]) -> Option<&'k str> {
    let distance = |candidate: &&String| strsim::damerau_levenshtein(name, candidate);
    known.iter().min_by_key(distance).filter(|candidate| distance(candidate) <= name.len() / 3).map(String::as_str)
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signed(algorithm) => formatter.write_str(algorithm.as_str()),
            Self::SharedSecret(_) => formatter.write_str("HS256 (shared secret)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused_and_the_nearest_suggested() {
        let problems =
            unknown_names(["BULLA_PUBLIC_ULR", "BULLA_XYZZY", "PATH", "BULLA_HOST"].into_iter().map(String::from));
        assert_eq!(
            problems,
            [
                "BULLA_PUBLIC_ULR is not a setting; did you mean BULLA_PUBLIC_URL?",
                "BULLA_XYZZY is not a setting; `bulla serve --help` lists them all",
            ]
        );
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let settings = Settings {
            port: Some("eighty".into()),
            argon2: Some("m=8,t=1,p=1".into()),
            jwt_secret: Some("super_secret_key".into()),
            tls_cert: Some("cert.pem".into()),
            password_min_length: Some("4".into()),
            ..Settings::default()
        };
        let problems = Config::resolve(&settings).unwrap_err();
        for name in ["PORT", "BULLA_ARGON2", "JWT_SECRET", "BULLA_TLS_KEY", "BULLA_PASSWORD_MIN_LENGTH"] {
            assert!(problems.iter().any(|problem| problem.contains(name)), "{name} missing in {problems:?}");
        }
    }

    #[test]
    fn db_names_of_the_tutorial_mean_mysql_and_an_address_wins_over_them() {
        let tutorial = Settings {
            db_host: Some("db.example.com".into()),
            db_user: Some("app".into()),
            db_password: Some(String::new()),
            db_name: Some("shop".into()),
            ..Settings::default()
        };
        let config = Config::resolve(&tutorial).unwrap();
        assert_eq!(config.database.to_string(), "mysql://app:…@db.example.com:3306/shop");
        let both = Settings { database_url: Some("sqlite:/tmp/x.db".into()), ..tutorial };
        assert_eq!(Config::resolve(&both).unwrap().database.to_string(), "sqlite:/tmp/x.db");
    }
}
