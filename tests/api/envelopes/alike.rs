//! A failed login says that it failed, and nothing else: whoever's account it was, and whatever the envelope held.

use std::time::Duration;

use bulla::flows;
use bulla::model::{Account, AccountId, Attempts, Counter, Email, Name, PasswordHash};
use bulla::store::{accounts, attempts};
use serde_json::{Value, json};

use super::{log_in, without_id};
use crate::support::envelope::Offer;
use crate::support::{OTHER_PASSWORD, PASSWORD, TestServer, new_email};

/// The kinds of accounts that a login can meet, each with its address. The password of each is [`PASSWORD`].
async fn accounts_of_every_kind(server: &TestServer) -> Vec<(&'static str, String)> {
    let mut kinds = vec![("registered", new_email()), ("unknown", new_email()), ("disabled", new_email())];
    for kind in [0, 2] {
        server.register(&kinds[kind].1).await;
    }
    let disabled = accounts::by_email(&server.app.db, &Email::parse(&kinds[2].1).unwrap()).await.unwrap().unwrap();
    flows::disable_account(&server.app, &disabled).await.unwrap();
    let foreign = [
        ("bcrypt", bcrypt::hash(PASSWORD, 4).unwrap()),
        ("PBKDF2", "$pbkdf2-sha256$i=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg".to_owned()),
        ("scrypt", "$scrypt$ln=4,r=1,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg".to_owned()),
        ("a hash that is damaged", "$2b$10$damaged".to_owned()),
    ];
    for (kind, hash) in foreign {
        let email = new_email();
        bring_along(server, &email, hash).await;
        kinds.push((kind, email));
    }
    kinds
}

async fn bring_along(server: &TestServer, email: &str, hash: String) {
    let account = Account {
        id: AccountId::new(email),
        name: Name::parse("Test Person").unwrap(),
        email: Email::parse(email).unwrap(),
        password: PasswordHash::from_existing(hash),
        password_version: 0,
        created_at: server.app.clock.now(),
        disabled_at: None,
    };
    let mut tx = server.app.db.begin().await.unwrap();
    let _ = accounts::insert(&mut tx, &account).await.unwrap();
    tx.commit().await.unwrap();
}

/// Envelopes that fail for every reason that must not be told.
fn failures(offer: &Offer, email: &str) -> Vec<(&'static str, String)> {
    let right = offer.login(email, PASSWORD);
    let payload = |member: &str, value: Value| {
        let mut payload = offer.payload(email, PASSWORD);
        payload[member] = value;
        offer.seal(&offer.header(), payload.to_string()).text()
    };
    vec![
        ("a wrong password", offer.login(email, OTHER_PASSWORD).text()),
        ("broken OAEP", right.with(|parts| parts.rsa[200] ^= 1)),
        ("a broken tag", right.with(|parts| parts.tag[0] ^= 1)),
        ("a short content key", right.with(|parts| parts.rsa = offer.wrap("0123456789abcdef"))),
        ("no JSON", offer.seal(&offer.header(), "no JSON").text()),
        ("a wrong purpose", payload("purpose", json!("register"))),
        ("another account's", payload("email", json!("eve@example.com"))),
        ("a foreign nonce", payload("nonce", json!(1))),
        ("a wrong raw password", bulla_seal::seal_raw(&offer.key, OTHER_PASSWORD).unwrap()),
    ]
}

/// Everything that a login leaves behind: its answer, the hashes that it cost, and what was counted against the account.
type Trace = ((u16, Vec<(String, String)>, Value), u64, Option<Attempts>);

async fn trace(server: &TestServer, email: &str, envelope: &str) -> Trace {
    let before = server.app.hashing.hashes();
    let answer = without_id(&log_in(server, email, envelope).await);
    (answer, server.app.hashing.hashes() - before, counted(server, email).await)
}

fn counter(email: &str) -> Counter {
    Counter::of_everyone(&Email::parse(email).unwrap())
}

async fn counted(server: &TestServer, email: &str) -> Option<Attempts> {
    let (email, counter) = (Email::parse(email).unwrap(), counter(email));
    let standing = attempts::with_account(&server.app.db, &email, [&counter, &counter]).await.unwrap();
    standing.attempts[0]
}

async fn count(server: &TestServer, email: &str, counted: Attempts) {
    server.forget_attempts(email).await;
    let mut tx = server.app.db.begin().await.unwrap();
    assert!(attempts::replace(&mut tx, &counter(email), None, &counted).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_failure_at_every_kind_of_account_leaves_the_same_behind() {
    let server = TestServer::start().await;
    let offer = Offer::of(&server).await;
    let kinds = accounts_of_every_kind(&server).await;
    let expected = trace(&server, &kinds[0].1, &offer.login(&kinds[0].1, OTHER_PASSWORD).text()).await;
    assert_eq!((expected.0.0, &expected.0.2["code"], expected.1), (401, &json!("invalid_credentials"), 1));
    assert_eq!(expected.2.map(|attempts| attempts.failures), Some(1));
    for (kind, email) in &kinds {
        for (what, envelope) in failures(&offer, email) {
            server.forget_attempts(email).await;
            assert_eq!(trace(&server, email, &envelope).await, expected, "{what}, {kind}");
        }
    }
}

#[tokio::test]
async fn who_guesses_too_often_is_told_the_same_of_every_kind_of_account() {
    let server = TestServer::start().await;
    let now = server.app.clock.now();
    let (kinds, key) = (accounts_of_every_kind(&server).await, server.sealing_key().await);
    for failures in [Attempts::FREE, 20, Attempts::MOST - 1, Attempts::MOST] {
        let next_at = now + if failures < Attempts::MOST - 1 { Duration::from_secs(7) } else { Duration::ZERO };
        let mut traces = Vec::new();
        for (kind, email) in &kinds {
            count(&server, email, Attempts { failures, pending: 0, next_at, updated_at: now }).await;
            let mut seen = Vec::new();
            for password in [OTHER_PASSWORD, PASSWORD] {
                let envelope = bulla_seal::seal_raw(&key, password).unwrap();
                seen.push(trace(&server, email, &envelope).await);
            }
            traces.push((kind, seen));
        }
        for (kind, seen) in &traces {
            assert_eq!(seen, &traces[0].1, "{kind}, after {failures} failures");
        }
        let status = |number: usize| traces[0].1[number].0.0;
        // The hundredth guess is still judged; from then on not even the right password is.
        assert_eq!((status(0), status(1)), if failures == Attempts::MOST - 1 { (401, 429) } else { (429, 429) });
    }
}
