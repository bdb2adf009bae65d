//! Which email addresses are one, and which are two: every database decides alike.

use bulla::model::{AccountId, SessionId};
use bulla::store::{accounts, sessions};
use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestServer, new_email};

/// What becomes of an address (with `#` for a number of its own) where another one is taken already.
const VERDICTS: [(&str, &str, u16); 21] = [
    // Canonical form makes them one.
    ("ada#@example.com", "ADA#@EXAMPLE.COM", 409),
    ("ada#@example.com", "ada#@example.com ", 409),
    ("ada#@example.com", " \tada#@example.com", 409),
    ("\u{e9}#@example.com", "e\u{301}#@example.com", 409),
    ("\u{e9}#@example.com", "\u{c9}#@example.com", 409),
    ("k#@example.com", "\u{212a}#@example.com", 409),
    ("\u{e5}#@example.com", "\u{212b}#@example.com", 409),
    ("ada#@b\u{fc}cher.example", "ada#@xn--bcher-kva.example", 409),
    // The collation of a database might.
    ("e#@example.com", "\u{e9}#@example.com", 201),
    ("strasse#@example.com", "stra\u{df}e#@example.com", 201),
    ("i#@example.com", "\u{130}#@example.com", 201),
    ("i#@example.com", "\u{131}#@example.com", 201),
    ("fi#@example.com", "\u{fb01}#@example.com", 201),
    ("o#@example.com", "\u{f8}#@example.com", 201),
    ("\u{3c3}#@example.com", "\u{3c2}#@example.com", 201),
    ("ae#@example.com", "\u{e6}#@example.com", 201),
    ("a#@example.com", "\u{430}#@example.com", 201),
    ("\u{1f600}#@example.com", "\u{1f601}#@example.com", 201),
    ("1#@example.com", "\u{b9}#@example.com", 201),
    ("ada#@example.com", "ada #@example.com", 422),
    ("ada#@example.com", "ada#\u{200b}@example.com", 422),
];

async fn register(server: &TestServer, email: &str) -> u16 {
    let password = server.seal(Purpose::Register, email, PASSWORD).await;
    server.post("register", json!({ "name": "Ada", "email": email, "password": password })).await.status.as_u16()
}

#[tokio::test]
async fn every_database_decides_alike_which_addresses_are_one() {
    let server = TestServer::start().await;
    let mut verdicts = Vec::new();
    for (number, (taken, other, _)) in VERDICTS.into_iter().enumerate() {
        let [taken, other] = [taken, other].map(|email| email.replace('#', &format!("{number}x")));
        assert_eq!(register(&server, &taken).await, 201, "{taken:?}");
        verdicts.push((taken, other.clone(), register(&server, &other).await));
    }
    let expected = VERDICTS.map(|(_, _, verdict)| verdict).to_vec();
    assert_eq!(verdicts.iter().map(|(_, _, verdict)| *verdict).collect::<Vec<_>>(), expected, "{verdicts:#?}");
}

#[tokio::test]
async fn a_login_finds_the_account_of_its_own_address_among_those_that_look_alike() {
    let server = TestServer::start().await;
    for email in ["resume@example.com", "r\u{e9}sum\u{e9}@example.com", "re\u{df}ume@example.com"] {
        assert_eq!(register(&server, email).await, 201);
        let user = server.try_login(email, PASSWORD).await.ok(200)["user"].clone();
        assert_eq!(user["email"], email);
    }
    server.try_login("ressume@example.com", PASSWORD).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn ids_are_compared_byte_by_byte() {
    let server = TestServer::start().await;
    let email = new_email();
    let user = server.register(&email).await;
    let tokens = server.login(&email).await;
    let session = tokens.refresh.split('.').next().unwrap().to_owned();
    let account = user["id"].as_str().unwrap().to_owned();
    for change in [str::to_uppercase, |id: &str| format!(" {id}")] {
        let found = sessions::with_account(&server.app.db, &SessionId::new(change(&session))).await.unwrap();
        assert!(found.is_none(), "{:?} is found", change(&session));
        let found = accounts::by_id(&server.app.db, &AccountId::new(change(&account))).await.unwrap();
        assert!(found.is_none(), "{:?} is found", change(&account));
    }
    for path in [format!("sessions/{session}%20"), format!("sessions/{}", session.to_uppercase())] {
        server.with_token(Method::DELETE, &path, &tokens.access, Value::Null).await.problem(404, "not_found");
    }
    server.refresh(&tokens.refresh.replace('.', " .")).await.problem(401, "invalid_token");
    assert!(sessions::with_account(&server.app.db, &SessionId::new(session)).await.unwrap().is_some());
    assert!(accounts::by_id(&server.app.db, &AccountId::new(account)).await.unwrap().is_some());
}

#[tokio::test]
async fn key_ids_are_compared_byte_by_byte() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let offer = crate::support::envelope::Offer::of(&server).await;
    for change in [str::to_uppercase, str::to_lowercase, |kid: &str| format!("{kid} ")] {
        let header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": change(offer.key.kid()) });
        let envelope = offer.seal(&header, offer.payload(&email, PASSWORD).to_string()).text();
        server.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
    }
}
