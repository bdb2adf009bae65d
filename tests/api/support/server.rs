//! A server in this process, on a port of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bulla::app::{App, Parts};
use bulla::clock::Clock;
use bulla::config::{Config, Settings};
use bulla::http::{entrance, server};
use bulla::model::{Email, MasterKey, Timestamp};
use bulla::{background, flows, store};
use bulla_seal::{Jwk, Payload, PublicKey, Purpose};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use super::database::TestDatabase;
use super::{Answer, PASSWORD};

pub struct TestServer {
    pub app: Arc<App>,
    pub url: String,
    pub http: reqwest::Client,
    database: Arc<TestDatabase>,
}

/// What a login answers, for going on with.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub user: Value,
}

/// One server for all tests that need nothing special. It lives on a thread of its own, because each test's runtime
/// ends with the test. Its clock is the system's.
pub async fn shared() -> &'static TestServer {
    static SHARED: OnceCell<TestServer> = OnceCell::const_new();
    SHARED
        .get_or_init(|| async {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut server = TestServer::build(Clock::system(), |_| {}).await;
                    // A kept connection dies with the runtime of the test that opened it, under another test's request.
                    server.http = client().pool_max_idle_per_host(0).build().unwrap();
                    sender.send(server).ok().unwrap();
                    std::future::pending::<()>().await;
                });
            });
            receiver.await.unwrap()
        })
        .await
}

impl TestServer {
    /// A server whose clock stands at a fixed moment until the test moves it.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// As `start`, with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let start = Timestamp::from_milliseconds(1_800_000_000_000);
        Self::build(Clock::manual(start), change).await
    }

    async fn build(clock: Clock, change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Arc::new(TestDatabase::create().await), clock, change).await
    }

    /// Another node on the same database, with the same clock and master key.
    pub async fn another_node(&self) -> Self {
        Self::on(Arc::clone(&self.database), self.app.clock.clone(), |_| {}).await
    }

    async fn on(database: Arc<TestDatabase>, clock: Clock, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            data_dir: Some(database.folder.path().display().to_string()),
            database_url: Some(database.url.clone()),
            public_url: Some("https://auth.test".to_owned()),
            address_rate: Some("off".to_owned()),
            database_timeout: Some(super::DATABASE_TIMEOUT.to_owned()),
            ..Settings::default()
        };
        change(&mut settings);
        let mut config = Config::resolve(&settings).unwrap();
        config.first_sealing_key = database.folder.path().join("private.pem");
        std::fs::write(&config.first_sealing_key, first_sealing_key()).unwrap();
        std::fs::set_permissions(&config.first_sealing_key, Permissions::from_mode(0o600)).unwrap();
        let db = store::connect(&config.database, config.database_limits).await.unwrap();
        store::migrate(&db).await.unwrap();
        let public_url = config.public_url.clone().unwrap();
        let master_key = MasterKey::new([7; 32]);
        let app = Arc::new(App::new(Parts { config, public_url, clock, db, master_key }));
        flows::keep_keys(&app).await.unwrap();
        background::start(&app);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        serve(listener, &app);
        Self { app, url, http: client().build().unwrap(), database }
    }

    /// A request to a path below `/api/auth`, or to a whole path.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let prefix = if path.starts_with('/') { "" } else { "/api/auth/" };
        self.http.request(method, format!("{}{prefix}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::read(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    /// With an access token; `body` is sent unless it is null.
    pub async fn with_token(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let request = self.request(method, path).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        Answer::read(request.send().await.unwrap()).await
    }

    /// Seals as a client does: key and nonce from the server.
    pub async fn seal(&self, purpose: Purpose, email: &str, password: &str) -> String {
        let document = self.get("sealing-key").await.ok(200);
        let jwk: Jwk = serde_json::from_value(document["jwk"].clone()).unwrap();
        let key = PublicKey::from_jwk(&jwk).unwrap();
        let nonce = document["nonce"].as_str().unwrap();
        bulla_seal::seal(&key, &Payload { password, purpose, email, nonce }).unwrap()
    }

    /// Registers someone with [`PASSWORD`] and returns the `user`.
    pub async fn register(&self, email: &str) -> Value {
        let password = self.seal(Purpose::Register, email, PASSWORD).await;
        let answer =
            self.post("register", json!({ "name": "Test Person", "email": email, "password": password })).await;
        answer.ok(201)["user"].clone()
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Answer {
        let envelope = self.seal(Purpose::Login, email, password).await;
        self.post("login", json!({ "email": email, "password": envelope })).await
    }

    pub async fn login(&self, email: &str) -> Tokens {
        Tokens::of(&self.try_login(email, PASSWORD).await)
    }

    /// Someone new, logged in.
    pub async fn new_person(&self) -> (String, Tokens) {
        let email = super::new_email();
        self.register(&email).await;
        let tokens = self.login(&email).await;
        (email, tokens)
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("refresh", json!({ "refresh_token": token })).await
    }

    pub async fn profile(&self, access: &str) -> Answer {
        self.with_token(Method::GET, "profile", access, Value::Null).await
    }

    pub async fn verify(&self, access: &str) -> Answer {
        self.with_token(Method::GET, "verify", access, Value::Null).await
    }

    /// As an operator who unlocks a password. Not for the shared server, whose runtime is another one.
    pub async fn forget_attempts(&self, email: &str) {
        flows::unlock_password(&self.app, &Email::parse(email).unwrap()).await.unwrap();
    }

    /// Moves the clock, and does what a running server does by itself in that time.
    pub async fn advance(&self, by: Duration) {
        self.app.clock.advance(by);
        flows::keep_keys(&self.app).await.unwrap();
        flows::follow_ended_sessions(&self.app).await.unwrap();
    }
}

impl Tokens {
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        let body = answer.ok(200);
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {body}")).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), user: body["user"].clone() }
    }
}

/// One key for all servers of a test run, made by OpenSSL: finding primes takes longer than most tests.
fn first_sealing_key() -> &'static [u8] {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let options = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"];
        Command::new("openssl").args(options).output().unwrap().stdout
    });
    &KEY
}

/// For as long as the runtime of the test lives.
pub fn serve(listener: TcpListener, app: &Arc<App>) {
    // Whoever could ask it to stop is gone at once.
    let (_, never) = tokio::sync::watch::channel(false);
    tokio::spawn(server::serve(listener, None, entrance(Arc::clone(app)), 1000, never));
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().timeout(Duration::from_secs(30)).user_agent("bulla-tests/1.0")
}
