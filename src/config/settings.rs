//! Every setting by its name, as text: an environment variable, a line in `.env`, or a flag, which wins.
//! To add one, add a field here, a line in `resolve`, and a line in `.env.example`.

use clap::Args;

/// Values as they were given. `None` where nothing was.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Settings (each is also an environment variable, or a line in .env)")]
pub struct Settings {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, env = "BULLA_HOST", global = true, hide_short_help = true, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on; 0 takes any free one [default: 8080]
    #[arg(long, env = "PORT", global = true, hide_short_help = true)]
    pub port: Option<String>,
    /// The URL that clients reach this server by; the tokens' issuer [default: http://HOST:PORT]
    #[arg(long, env = "BULLA_PUBLIC_URL", global = true, hide_short_help = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Folder of the embedded database and of master.key [default: ./bulla-data]
    #[arg(long, env = "BULLA_DATA_DIR", global = true, hide_short_help = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,

    /// sqlite:PATH or mysql://user:password@host:port/name [default: SQLite in the data folder]
    #[arg(
        long,
        env = "DATABASE_URL",
        global = true,
        hide_short_help = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// File that holds DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE", global = true, hide_short_help = true, value_name = "FILE")]
    pub database_url_file: Option<String>,
    /// MySQL host, where DATABASE_URL is not given
    #[arg(long, env = "DB_HOST", global = true, hide_short_help = true)]
    pub db_host: Option<String>,
    /// MySQL port [default: 3306]
    #[arg(long, env = "DB_PORT", global = true, hide_short_help = true)]
    pub db_port: Option<String>,
    /// MySQL user
    #[arg(long, env = "DB_USER", global = true, hide_short_help = true)]
    pub db_user: Option<String>,
    /// MySQL password; better given in the environment, where other users cannot see it
    #[arg(long, env = "DB_PASSWORD", global = true, hide_short_help = true, hide_env_values = true)]
    pub db_password: Option<String>,
    /// File that holds DB_PASSWORD
    #[arg(long, env = "DB_PASSWORD_FILE", global = true, hide_short_help = true, value_name = "FILE")]
    pub db_password_file: Option<String>,
    /// MySQL database
    #[arg(long, env = "DB_NAME", global = true, hide_short_help = true)]
    pub db_name: Option<String>,
    /// TLS to MySQL: DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY [default: PREFERRED]
    #[arg(long, env = "BULLA_DATABASE_SSL_MODE", global = true, hide_short_help = true, value_name = "MODE")]
    pub database_ssl_mode: Option<String>,
    /// Certificates (PEM) of the authority that MySQL's certificate must come from; means VERIFY_IDENTITY
    #[arg(long, env = "BULLA_DATABASE_SSL_CA", global = true, hide_short_help = true, value_name = "FILE")]
    pub database_ssl_ca: Option<String>,
    /// Unix socket of MySQL, instead of host and port
    #[arg(long, env = "BULLA_DATABASE_SOCKET", global = true, hide_short_help = true, value_name = "PATH")]
    pub database_socket: Option<String>,
    /// Most connections to the database at once [default: 32 to MySQL, 8 to SQLite]
    #[arg(long, env = "BULLA_DATABASE_CONNECTIONS", global = true, hide_short_help = true, value_name = "COUNT")]
    pub database_connections: Option<String>,
    /// How long one question to the database may take; then the request is answered 503 [default: 1500ms]
    #[arg(long, env = "BULLA_DATABASE_TIMEOUT", global = true, hide_short_help = true, value_name = "DURATION")]
    pub database_timeout: Option<String>,

    /// Life of an access token: 15m, 1h or a number of seconds [default: 10m]
    #[arg(long, env = "JWT_EXPIRES", global = true, hide_short_help = true, value_name = "DURATION")]
    pub jwt_expires: Option<String>,
    /// Switches to HS256 tokens under this shared secret (at least 32 bytes), for services that verify with it
    #[arg(
        long,
        env = "JWT_SECRET",
        global = true,
        hide_short_help = true,
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub jwt_secret: Option<String>,
    /// File that holds JWT_SECRET
    #[arg(long, env = "JWT_SECRET_FILE", global = true, hide_short_help = true, value_name = "FILE")]
    pub jwt_secret_file: Option<String>,
    /// The `aud` claim of tokens [default: the public URL]
    #[arg(long, env = "BULLA_AUDIENCE", global = true, hide_short_help = true)]
    pub audience: Option<String>,
    /// ES256, RS256 or EdDSA [default: ES256]
    #[arg(long, env = "BULLA_SIGNING_ALG", global = true, hide_short_help = true, value_name = "ALGORITHM")]
    pub signing_alg: Option<String>,

    /// Key that encrypts the private keys in the database [default: master.key in the data folder]
    #[arg(
        long,
        env = "BULLA_MASTER_KEY",
        global = true,
        hide_short_help = true,
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub master_key: Option<String>,
    /// File that holds BULLA_MASTER_KEY; only its owner may read it
    #[arg(long, env = "BULLA_MASTER_KEY_FILE", global = true, hide_short_help = true, value_name = "FILE")]
    pub master_key_file: Option<String>,
    /// Forms of sealed passwords to accept: jwe, or jwe,raw [default: jwe,raw]
    #[arg(long, env = "BULLA_SEALED_FORMS", global = true, hide_short_help = true, value_name = "FORMS")]
    pub sealed_forms: Option<String>,
    /// Bits of the sealing keys made from now on: 2048, 3072 or 4096 [default: 3072]
    #[arg(long, env = "BULLA_SEALING_BITS", global = true, hide_short_help = true, value_name = "BITS")]
    pub sealing_bits: Option<String>,
    /// Accepts passwords in clear while clients are being changed; never leave it on
    #[arg(long, env = "BULLA_ALLOW_PLAINTEXT", global = true, hide_short_help = true, value_name = "true|false")]
    pub allow_plaintext: Option<String>,
    /// Least length of a new password in characters, never below 8 [default: 15]
    #[arg(long, env = "BULLA_PASSWORD_MIN_LENGTH", global = true, hide_short_help = true, value_name = "CHARACTERS")]
    pub password_min_length: Option<String>,
    /// Cost of a password hash [default: m=19456,t=2,p=1]
    #[arg(long, env = "BULLA_ARGON2", global = true, hide_short_help = true, value_name = "m=KIB,t=PASSES,p=LANES")]
    pub argon2: Option<String>,
    /// Threads that hash passwords [default: one a core]
    #[arg(long, env = "BULLA_HASH_THREADS", global = true, hide_short_help = true, value_name = "COUNT")]
    pub hash_threads: Option<String>,
    /// Requests that may wait for a hashing thread, for five seconds at most; more are answered 503 [default: 32 a thread]
    #[arg(long, env = "BULLA_HASH_QUEUE", global = true, hide_short_help = true, value_name = "COUNT")]
    pub hash_queue: Option<String>,

    /// What one client address may do on costly routes: RATE/s,BURST or off [default: 2/s,60]
    #[arg(long, env = "BULLA_ADDRESS_RATE", global = true, hide_short_help = true, value_name = "RATE")]
    pub address_rate: Option<String>,
    /// How long the audit log is kept: a number of days like 90d [default: 90d]
    #[arg(long, env = "BULLA_AUDIT_KEPT", global = true, hide_short_help = true, value_name = "DURATION")]
    pub audit_kept: Option<String>,
    /// Proxies whose X-Forwarded-For or Forwarded counts, as addresses or networks: 10.0.0.0/8,::1 [default: none]
    #[arg(long, env = "BULLA_TRUSTED_PROXIES", global = true, hide_short_help = true, value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,
    /// Origins whose pages may call this server: https://app.example.com,… [default: none]
    #[arg(long, env = "BULLA_CORS_ORIGINS", global = true, hide_short_help = true, value_name = "ORIGINS")]
    pub cors_origins: Option<String>,
    /// Whether people find pages at `/`: to register, to log in, to look after their account [default: true]
    #[arg(long, env = "BULLA_PAGES", global = true, hide_short_help = true, value_name = "true|false")]
    pub pages: Option<String>,
    /// The name that the pages go by [default: Bulla]
    #[arg(long, env = "BULLA_BRAND_NAME", global = true, hide_short_help = true, value_name = "NAME")]
    pub brand_name: Option<String>,
    /// The pages' one colour; where it cannot be read, a darker or lighter shade of it is shown [default: #a3441c]
    #[arg(long, env = "BULLA_BRAND_COLOR", global = true, hide_short_help = true, value_name = "#RRGGBB")]
    pub brand_color: Option<String>,
    /// A picture for the pages: .svg, .png, .jpg or .webp, square, at most 256 KiB [default: Bulla's own]
    #[arg(long, env = "BULLA_BRAND_LOGO", global = true, hide_short_help = true, value_name = "FILE")]
    pub brand_logo: Option<String>,
    /// Connections at once [default: 10000]
    #[arg(long, env = "BULLA_MAX_CONNECTIONS", global = true, hide_short_help = true, value_name = "COUNT")]
    pub max_connections: Option<String>,
    /// Where Prometheus finds /metrics, or off [default: 127.0.0.1:9464]
    #[arg(long, env = "BULLA_METRICS_ADDRESS", global = true, hide_short_help = true, value_name = "ADDRESS")]
    pub metrics_address: Option<String>,
    /// What to log: error, warn, info, debug, trace, or by module: info,sqlx=warn [default: info]
    #[arg(long, env = "RUST_LOG", global = true, hide_short_help = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Collector of traces (OTLP over HTTP), without /v1/traces [default: no traces]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true, hide_short_help = true, value_name = "URL")]
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// The same as a whole URL, which wins
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", global = true, hide_short_help = true, value_name = "URL")]
    pub otel_exporter_otlp_traces_endpoint: Option<String>,
    /// Headers for the collector: name=value,…
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_HEADERS",
        global = true,
        hide_short_help = true,
        hide_env_values = true,
        value_name = "HEADERS"
    )]
    pub otel_exporter_otlp_headers: Option<String>,
    /// File that holds OTEL_EXPORTER_OTLP_HEADERS
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS_FILE", global = true, hide_short_help = true, value_name = "FILE")]
    pub otel_exporter_otlp_headers_file: Option<String>,
    /// Name of this service in traces [default: bulla]
    #[arg(long, env = "OTEL_SERVICE_NAME", global = true, hide_short_help = true, value_name = "NAME")]
    pub otel_service_name: Option<String>,
    /// Which part of the traces that begin here is kept, from 0 to 1 [default: 1]
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", global = true, hide_short_help = true, value_name = "RATIO")]
    pub otel_traces_sampler_arg: Option<String>,
    /// Certificate chain (PEM) for HTTPS
    #[arg(long, env = "BULLA_TLS_CERT", global = true, hide_short_help = true, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Private key (PEM) for HTTPS
    #[arg(long, env = "BULLA_TLS_KEY", global = true, hide_short_help = true, value_name = "FILE")]
    pub tls_key: Option<String>,
}

/// The names of all settings, as environment variables.
pub fn names() -> Vec<String> {
    let command = Settings::augment_args(clap::Command::new("bulla"));
    command.get_arguments().filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned())).collect()
}

/// The flag that says the same as an environment variable: `--port` for `PORT`.
pub fn flag_of(name: &str) -> Option<String> {
    let command = Settings::augment_args(clap::Command::new("bulla"));
    let argument = command.get_arguments().find(|argument| argument.get_env().is_some_and(|env| env == name))?;
    Some(format!("--{}", argument.get_long()?))
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Settings(…)")
    }
}
