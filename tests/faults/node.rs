//! Nodes in processes of their own, and a client that survives them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bulla_seal::{Jwk, Payload, PublicKey, Purpose};
use reqwest::Method;
use serde_json::{Value, json};

use crate::processes::{Home, PATIENCE, Pace, Process};
use crate::support::{Answer, PASSWORD};

/// What every answer may take: two seconds, and one for a machine that is busy with other things.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(3);

/// Killed when dropped.
pub struct Node {
    pub process: Process,
    pub remote: Remote,
}

/// A node as its clients see it.
#[derive(Clone)]
pub struct Remote {
    url: String,
    http: reqwest::Client,
}

#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// Waits until others have done something so many times.
pub async fn until_counted(counter: &AtomicUsize, least: usize, limit: Duration) {
    let begun = Pace::now();
    loop {
        let count = counter.load(Ordering::SeqCst);
        if count >= least {
            return;
        }
        assert!(begun.elapsed() < limit, "{count} instead of {least} within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Where nodes of one database run: one master key, one issuer.
pub fn home(database: &str) -> Home {
    Home::new()
        .with("DATABASE_URL", database)
        .with("BULLA_MASTER_KEY", &"07".repeat(32))
        .with("BULLA_PUBLIC_URL", "https://auth.test")
        .with("BULLA_ADDRESS_RATE", "off")
        .with("BULLA_DATABASE_TIMEOUT", "1500ms")
}

impl Node {
    /// Starts several at once, and waits until each says that it is ready.
    pub fn start_all<const N: usize>(home: &Home) -> [Self; N] {
        let starting = [(); N].map(|()| Process::spawn(&mut home.bulla(&[])));
        starting.map(Self::ready)
    }

    pub fn start(home: &Home) -> Self {
        let [node] = Self::start_all(home);
        node
    }

    pub fn log(&self) -> String {
        self.process.stderr.text()
    }

    pub fn ready(process: Process) -> Self {
        let address = process.stderr.wait_for(PATIENCE, "the line \"ready\"", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["message"] == "ready").then(|| line["address"].as_str().map(str::to_owned))?
        });
        let http = reqwest::Client::builder().timeout(4 * LONGEST_ANSWER).build().unwrap();
        Self { process, remote: Remote { url: format!("http://{address}"), http } }
    }
}

impl Remote {
    /// `None` when the connection broke before the whole answer was there.
    pub async fn ask(&self, method: Method, path: &str, access: Option<&str>, body: &Value) -> Option<Answer> {
        let prefix = if path.starts_with('/') { "" } else { "/api/auth/" };
        let mut request = self.http.request(method, format!("{}{prefix}{path}", self.url));
        if let Some(access) = access {
            request = request.bearer_auth(access);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let begun = Pace::now();
        let response = request.send().await;
        let took = begun.elapsed();
        assert!(took < LONGEST_ANSWER, "{path} took {took:?}: {response:?}");
        let response = response.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        Some(Answer { status, headers, text: response.text().await.ok()? })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &Value::Null).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, None, body).await.unwrap()
    }

    pub async fn with_token(&self, method: Method, path: &str, access: &str) -> Answer {
        self.ask(method, path, Some(access), &Value::Null).await.unwrap()
    }

    pub async fn profile(&self, access: &str) -> Answer {
        self.with_token(Method::GET, "profile", access).await
    }

    pub async fn verify(&self, access: &str) -> Answer {
        self.with_token(Method::GET, "verify", access).await
    }

    pub async fn logout(&self, access: &str) -> Answer {
        self.with_token(Method::POST, "logout", access).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("refresh", &json!({ "refresh_token": token })).await
    }

    pub async fn sealing_key(&self) -> Value {
        self.get("sealing-key").await.ok(200)
    }

    /// Seals as a client does: key and nonce from the server.
    pub async fn seal(&self, purpose: Purpose, email: &str, password: &str) -> String {
        seal_to(&self.sealing_key().await, purpose, email, password)
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Answer {
        let envelope = self.seal(Purpose::Login, email, password).await;
        self.post("login", &login_body(email, &envelope)).await
    }

    pub async fn change_password(&self, email: &str, access: &str, current: &str, new: &str) -> Answer {
        let body = json!({
            "current_password": self.seal(Purpose::CurrentPassword, email, current).await,
            "new_password": self.seal(Purpose::NewPassword, email, new).await,
        });
        self.ask(Method::POST, "password", Some(access), &body).await.unwrap()
    }

    pub async fn login(&self, email: &str) -> Tokens {
        Tokens::of(&self.try_login(email, PASSWORD).await)
    }

    pub async fn register(&self, email: &str) {
        let envelope = self.seal(Purpose::Register, email, PASSWORD).await;
        self.post("register", &login_body(email, &envelope)).await.ok(201);
    }

    pub async fn new_person(&self, email: &str) -> Tokens {
        self.register(email).await;
        self.login(email).await
    }

    pub async fn published_kids(&self) -> Vec<String> {
        let set = self.get("/.well-known/jwks.json").await.ok(200);
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }
}

impl Tokens {
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        let body = answer.ok(200);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// The body of a login or a registration; the one ignores `name`.
pub fn login_body(email: &str, envelope: &str) -> Value {
    json!({ "name": "Test Person", "email": email, "password": envelope })
}

pub fn key_of(document: &Value) -> PublicKey {
    let jwk: Jwk = serde_json::from_value(document["jwk"].clone()).unwrap();
    PublicKey::from_jwk(&jwk).unwrap()
}

pub fn seal_to(document: &Value, purpose: Purpose, email: &str, password: &str) -> String {
    let nonce = document["nonce"].as_str().unwrap();
    bulla_seal::seal(&key_of(document), &Payload { password, purpose, email, nonce }).unwrap()
}

/// A refusal because the database is away, complete with the advice to come again.
#[track_caller]
pub fn assert_unavailable(answer: &Answer) {
    answer.problem(503, "unavailable");
    let wait: u32 = answer.header("retry-after").parse().unwrap_or_else(|_| panic!("no Retry-After: {answer:?}"));
    assert!((1..=60).contains(&wait), "{answer:?}");
}
