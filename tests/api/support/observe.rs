//! What the tests look at besides single answers: all routes at once, tokens from inside, the keys in the database,
//! and what becomes true in a moment.

use std::future::Future;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla::http;
use bulla::model::{AccountId, KeyPurpose, StoredKey};
use bulla::store::{accounts, server_keys};
use bulla_seal::{Jwk, Payload, PublicKey, Purpose};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, PASSWORD, Pace, TestServer};

pub const MILLISECOND: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// Method and path of every route that asks who is calling, as the API describes itself: none can be forgotten here.
pub fn authenticated_routes() -> Vec<(Method, String)> {
    let description = serde_json::to_value(http::openapi::description()).unwrap();
    let mut routes = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"].is_array() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                routes.push((method, path.replace("{id}", "none")));
            }
        }
    }
    assert!(routes.len() >= 8, "{routes:?}");
    routes
}

impl TestServer {
    /// Asks every route that asks who is calling.
    pub async fn ask_every_authenticated_route(&self, access: &str) -> Vec<(String, Answer)> {
        let mut answers = Vec::new();
        for (method, path) in authenticated_routes() {
            let name = format!("{method} {path}");
            answers.push((name, self.with_token(method, &path, access, json!({})).await));
        }
        answers
    }

    #[track_caller]
    pub fn assert_all_refused(answers: &[(String, Answer)]) {
        for (route, answer) in answers {
            assert_eq!(answer.status, 401, "{route}: {answer:?}");
            answer.problem(401, "invalid_token");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{route}");
        }
    }

    pub async fn assert_refused_everywhere(&self, access: &str) {
        Self::assert_all_refused(&self.ask_every_authenticated_route(access).await);
    }

    pub async fn sessions(&self, access: &str) -> Vec<Value> {
        let answer = self.with_token(Method::GET, "sessions", access, Value::Null).await;
        answer.ok(200)["sessions"].as_array().unwrap().clone()
    }

    pub async fn logout(&self, access: &str) -> Answer {
        self.with_token(Method::POST, "logout", access, Value::Null).await
    }

    /// From [`PASSWORD`] to `new`.
    pub async fn change_password(&self, email: &str, access: &str, new: &str) -> Answer {
        let current = self.seal(Purpose::CurrentPassword, email, PASSWORD).await;
        let new = self.seal(Purpose::NewPassword, email, new).await;
        let body = json!({ "current_password": current, "new_password": new });
        self.with_token(Method::POST, "password", access, body).await
    }

    pub async fn account(&self, user: &Value) -> bulla::model::Account {
        let id = AccountId::new(user["id"].as_str().unwrap());
        accounts::by_id(&self.app.db, &id).await.unwrap().unwrap()
    }

    pub async fn sealing_key(&self) -> PublicKey {
        public_key(&self.get("sealing-key").await.ok(200))
    }

    /// To a key that was fetched earlier, with a nonce that is fresh.
    pub async fn login_envelope(&self, key: &PublicKey, email: &str) -> String {
        let document = self.get("sealing-key").await.ok(200);
        let nonce = document["nonce"].as_str().unwrap();
        bulla_seal::seal(key, &Payload { password: PASSWORD, purpose: Purpose::Login, email, nonce }).unwrap()
    }

    pub async fn login_with(&self, email: &str, envelope: &str) -> Answer {
        self.post("login", json!({ "email": email, "password": envelope })).await
    }

    pub async fn published_kids(&self) -> Vec<String> {
        let set = self.get("/.well-known/jwks.json").await.ok(200);
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    /// The rows of one purpose, the oldest first.
    pub async fn stored_keys(&self, purpose: KeyPurpose) -> Vec<StoredKey> {
        stored_keys(&self.app.db, purpose).await
    }

    /// Whether the database still holds the private part of a key.
    pub async fn has_private_part(&self, kid: &str) -> bool {
        let rows = server_keys::list(&self.app.db).await.unwrap();
        rows.into_iter().find(|row| row.kid == kid).unwrap().private_key.is_some()
    }
}

pub async fn stored_keys(db: &bulla::store::Db, purpose: KeyPurpose) -> Vec<StoredKey> {
    let rows = server_keys::list(db).await.unwrap();
    rows.into_iter().filter(|row| row.purpose == purpose.as_str()).collect()
}

/// [`PASSWORD`] in the raw form, as a number that is below the modulus of every key of the same length: whether one
/// that is above it was made with another key is public, and answered otherwise.
pub fn raw_envelope_in_range(key: &PublicKey) -> String {
    let is_low = |envelope: &String| STANDARD.decode(envelope).unwrap()[0] < 0x80;
    std::iter::repeat_with(|| bulla_seal::seal_raw(key, PASSWORD).unwrap()).find(is_low).unwrap()
}

/// The key in a sealing-key document.
pub fn public_key(document: &Value) -> PublicKey {
    let jwk: Jwk = serde_json::from_value(document["jwk"].clone()).unwrap();
    PublicKey::from_jwk(&jwk).unwrap()
}

pub fn token_header(access: &str) -> Value {
    token_part(access, 0)
}

pub fn token_claims(access: &str) -> Value {
    token_part(access, 1)
}

fn token_part(access: &str, index: usize) -> Value {
    let part = access.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The names of an object's members, in order.
pub fn members(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A problem document without what differs from request to request.
pub fn without_request_id(mut problem: Value) -> Value {
    problem["request_id"] = Value::Null;
    problem
}

/// What `/verify` says once it does not say yes any more, of a server whose database is gone: memory is trusted for a second
/// only. Asked again and again, so that no second is slept through.
pub async fn refusal_of_old_memory(server: &TestServer, access: &str) -> Answer {
    let closed = Instant::now();
    loop {
        let asked = Instant::now();
        let answer = server.verify(access).await;
        if answer.status != 200 {
            return answer;
        }
        assert!(asked - closed <= SECOND, "{:?} later", asked - closed);
    }
}

/// Asks again and again, each time over the network, until the answer is yes.
#[track_caller]
pub fn within<F: Future<Output = bool>>(deadline: Duration, is_so: impl Fn() -> F) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let begun = Pace::now();
        loop {
            let asked = begun.elapsed();
            if is_so().await {
                return;
            }
            assert!(asked < deadline, "not so within {deadline:?}: {place}");
        }
    }
}
