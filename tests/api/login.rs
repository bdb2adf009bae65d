//! `/api/auth/login`

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bulla::flows;
use bulla::model::{Account, AccountId, Argon2Cost, Email, HashMemory, Name, Password, PasswordHash};
use bulla::store::{Insertion, accounts};
use bulla_seal::Purpose;
use serde_json::{Value, json};

use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, Tokens, new_email, shared};

/// As an import would: someone who comes with a hash that was made elsewhere.
async fn bring_along(server: &TestServer, id: &str, hash: PasswordHash) -> String {
    let email = new_email();
    let account = Account {
        id: AccountId::new(id),
        name: Name::parse("Ada").unwrap(),
        email: Email::parse(&email).unwrap(),
        password: hash,
        password_version: 1,
        created_at: server.app.clock.now(),
        disabled_at: None,
    };
    let mut tx = server.app.db.begin().await.unwrap();
    assert_eq!(accounts::insert(&mut tx, &account).await.unwrap(), Insertion::Made);
    tx.commit().await.unwrap();
    email
}

async fn stored(server: &TestServer, email: &str) -> Account {
    accounts::by_email(&server.app.db, &Email::parse(email).unwrap()).await.unwrap().unwrap()
}

fn bcrypt(password: &str, version: bcrypt::Version) -> PasswordHash {
    PasswordHash::from_existing(bcrypt::hash_with_result(password, 4).unwrap().format_for_version(version))
}

fn without_id(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    body
}

#[tokio::test]
async fn a_login_answers_with_tokens_that_open_the_profile() {
    let server = shared().await;
    let email = new_email();
    let user = server.register(&email).await;
    let answer = server.try_login(&email, PASSWORD).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["expires_in"], 600);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(tokens.user, user);
    assert_eq!(server.profile(&tokens.access).await.ok(200), user);
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_are_answered_alike() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let wrong = server.try_login(&email, OTHER_PASSWORD).await;
    let unknown = server.try_login(&new_email(), PASSWORD).await;
    let (mut first, mut second) =
        (wrong.problem(401, "invalid_credentials"), unknown.problem(401, "invalid_credentials"));
    first["request_id"] = json!(null);
    second["request_id"] = json!(null);
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_envelope_for_another_account_or_purpose_is_a_wrong_password() {
    let server = shared().await;
    let (email, other) = (new_email(), new_email());
    server.register(&email).await;
    server.register(&other).await;
    for (purpose, sealed_for) in [(Purpose::Register, &email), (Purpose::NewPassword, &email), (Purpose::Login, &other)]
    {
        let envelope = server.seal(purpose, sealed_for, PASSWORD).await;
        let answer = server.post("login", json!({ "email": email, "password": envelope })).await;
        answer.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn an_email_logs_in_in_whatever_spelling() {
    let server = shared().await;
    let email = new_email().replace("person", "j\u{f6}").replace("example.com", "ex\u{e4}mple.com");
    server.register(&email).await;
    let decomposed = email.replace('\u{f6}', "o\u{308}").replace('\u{e4}', "a\u{308}");
    let punycode = email.replace("ex\u{e4}mple", "xn--exmple-cua");
    for spelling in [email.to_uppercase(), format!("  {email}\n"), decomposed, punycode] {
        let user = Tokens::of(&server.try_login(&spelling, PASSWORD).await).user;
        assert!(user["email"].as_str().unwrap().ends_with("@xn--exmple-cua.com"), "{user}");
    }
}

#[tokio::test]
async fn a_password_logs_in_from_every_keyboard() {
    let server = shared().await;
    let (composed, decomposed) = ("na\u{ef}ve caf\u{e9} terrace", "nai\u{308}ve cafe\u{301} terrace");
    for (registered, typed) in [(composed, decomposed), (decomposed, composed)] {
        let email = new_email();
        let password = server.seal(Purpose::Register, &email, registered).await;
        server.post("register", json!({ "name": "Ada", "email": email, "password": password })).await.ok(201);
        server.try_login(&email, typed).await.ok(200);
        let answer = server.try_login(&email, "naive cafe terrace").await;
        answer.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_password_is_not_trimmed_nor_cut_nor_folded() {
    let server = shared().await;
    let email = new_email();
    let password = format!("{}é", "long walks by the sea ".repeat(46) + "1234567890");
    assert_eq!(password.len(), 1024);
    let sealed = server.seal(Purpose::Register, &email, &password).await;
    server.post("register", json!({ "name": "Ada", "email": email, "password": sealed })).await.ok(201);
    for wrong in [
        password.to_uppercase(),
        format!(" {password}"),
        format!("{password} "),
        format!("{password}x"),
        password.trim_end_matches('é').to_owned(),
        password[..72].to_owned(),
        String::new(),
    ] {
        server.try_login(&email, &wrong).await.problem(401, "invalid_credentials");
        server.try_login(&email, &password).await.ok(200);
    }
}

#[tokio::test]
async fn what_is_no_email_is_told_so() {
    let server = shared().await;
    let password = server.seal(Purpose::Login, "ada@example.com", PASSWORD).await;
    for email in ["", "ada", "a@b@example.com", "@example.com", "ada@", "ada@example..com", "ada@example.com\u{0}x"] {
        let problem = server.post("login", json!({ "email": email, "password": password })).await;
        let problem = problem.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/email", "{problem}");
    }
}

#[tokio::test]
async fn an_unknown_account_is_answered_alike_whatever_its_email_looks_like() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let wrong = without_id(&server.try_login(&email, OTHER_PASSWORD).await);
    let long = format!("{}@example.com", "a".repeat(242));
    for unknown in [
        &long,
        "nobody@localhost",
        "' OR 1=1 --'@example.com".replace(' ', "").as_str(),
        "%@example.com",
        "\u{540d}@\u{4f8b}.jp",
    ] {
        let answer = server.try_login(unknown, PASSWORD).await;
        answer.problem(401, "invalid_credentials");
        assert_eq!(without_id(&answer), wrong, "{unknown}");
    }
}

#[tokio::test]
async fn a_bcrypt_hash_that_was_brought_along_logs_in_once_and_is_argon2id_from_then_on() {
    let server = TestServer::start().await;
    for (id, version) in [("42", bcrypt::Version::TwoA), ("43", bcrypt::Version::TwoB), ("44", bcrypt::Version::TwoY)] {
        let email = bring_along(&server, id, bcrypt("hunter2", version)).await;
        assert_eq!(Tokens::of(&server.try_login(&email, "hunter2").await).user["id"], id);
        let upgraded = stored(&server, &email).await.password;
        assert!(upgraded.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", upgraded.as_str());
        server.try_login(&email, "hunter2").await.ok(200);
        assert!(stored(&server, &email).await.password == upgraded, "it must be replaced once");
        server.try_login(&email, "hunter3").await.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_wrong_password_does_not_replace_a_hash() {
    let server = TestServer::start().await;
    let hash = bcrypt("hunter2", bcrypt::Version::TwoB);
    let email = bring_along(&server, "42", hash.clone()).await;
    server.try_login(&email, "hunter3").await.problem(401, "invalid_credentials");
    let broken = server.seal(Purpose::Register, &email, "hunter2").await;
    let answer = server.post("login", json!({ "email": email, "password": broken })).await;
    answer.problem(401, "invalid_credentials");
    assert!(stored(&server, &email).await.password == hash);
}

#[tokio::test]
async fn a_foreign_or_outdated_argon2_hash_logs_in_and_is_replaced_by_todays() {
    let server = TestServer::start().await;
    let password = Password::new(PASSWORD.to_owned().into());
    let old = Argon2Cost { memory_kib: 1024, passes: 1, lanes: 1 };
    let outdated = PasswordHash::make(&password, [3; 16], old, &mut HashMemory::default());
    let mut output = [0; 24];
    let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x13, Params::new(512, 3, 2, Some(24)).unwrap());
    argon2.hash_password_into(PASSWORD.as_bytes(), &[5; 12], &mut output).unwrap();
    let [salt, output] = [&[5; 12][..], &output].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    let foreign = PasswordHash::from_existing(format!("$argon2i$v=19$m=512,t=3,p=2${salt}${output}"));
    for (id, hash) in [("1", outdated), ("2", foreign)] {
        let email = bring_along(&server, id, hash).await;
        server.try_login(&email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
        server.try_login(&email, PASSWORD).await.ok(200);
        assert!(stored(&server, &email).await.password.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        server.try_login(&email, PASSWORD).await.ok(200);
    }
}

#[tokio::test]
async fn a_hash_that_is_damaged_or_beyond_all_cost_is_a_wrong_password() {
    let server = TestServer::start().await;
    let costly = bcrypt(PASSWORD, bcrypt::Version::TwoB).as_str().replace("$04$", "$31$");
    let salt = "c2FsdHNhbHRzYWx0";
    for (id, hash) in [
        ("1", costly.as_str()),
        ("2", &format!("$argon2id$v=19$m=4194304,t=1,p=1${salt}${salt}")),
        ("3", &format!("$argon2id$v=19$m=1024,t=4294967295,p=1${salt}${salt}")),
        ("4", "$2b$04$tooshort"),
        ("5", PASSWORD),
        ("6", ""),
    ] {
        let email = bring_along(&server, id, PasswordHash::from_existing(hash)).await;
        server.try_login(&email, PASSWORD).await.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn only_who_knows_the_password_learns_that_an_account_is_disabled() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    flows::disable_account(&server.app, &stored(server, &email).await).await.unwrap();
    let unknown = without_id(&server.try_login(&new_email(), PASSWORD).await);
    let wrong = server.try_login(&email, OTHER_PASSWORD).await;
    wrong.problem(401, "invalid_credentials");
    assert_eq!(without_id(&wrong), unknown);
    server.try_login(&email, PASSWORD).await.problem(403, "account_disabled");
}

#[tokio::test]
async fn an_account_that_is_enabled_again_logs_in() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let account = stored(server, &email).await;
    flows::disable_account(&server.app, &account).await.unwrap();
    flows::enable_account(&server.app, &account).await.unwrap();
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn unknown_addresses_are_checked_against_what_accounts_have() {
    let server = TestServer::start().await;
    for number in 0..40 {
        bring_along(&server, &number.to_string(), bcrypt("open sesame", bcrypt::Version::TwoB)).await;
    }
    let foreign = |server: &TestServer| {
        let unknown = (0..400).map(|number| Email::parse(&format!("nobody{number}@example.com")).unwrap());
        unknown.filter(|email| !server.app.decoys.of(email).is_made_like(server.app.decoys.own())).count()
    };
    flows::keep_decoys(&server.app).await.unwrap();
    assert_eq!(foreign(&server), 400, "every account is imported");
    // As long as nothing changes, nothing changes.
    let another = server.another_node().await;
    flows::keep_decoys(&another.app).await.unwrap();
    assert_eq!(foreign(&another), 400);
    for _ in 0..40 {
        server.register(&new_email()).await;
    }
    flows::keep_decoys(&server.app).await.unwrap();
    let half = foreign(&server);
    assert!((150..250).contains(&half), "{half} of 400, where half of the accounts are imported");
    // An unknown address of either kind is a wrong password, at the cost of one hash.
    for number in 0..8 {
        let before = server.app.hashing.hashes();
        server.try_login(&format!("nobody{number}@example.com"), PASSWORD).await.problem(401, "invalid_credentials");
        assert_eq!(server.app.hashing.hashes() - before, 1);
    }
}
