//! `/api/auth/register`

use bulla::model::Email;
use bulla::store::accounts;
use bulla_seal::Purpose;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, new_email, shared};

async fn register(server: &TestServer, name: &str, email: &str, password: &str) -> Answer {
    let password = server.seal(Purpose::Register, email, password).await;
    server.post("register", json!({ "name": name, "email": email, "password": password })).await
}

#[tokio::test]
async fn registering_answers_with_the_user_and_nothing_secret() {
    let server = shared().await;
    let email = new_email();
    let password = server.seal(Purpose::Register, &email, PASSWORD).await;
    let body = json!({ "name": " Ada Lovelace ", "email": email.to_uppercase(), "password": password });
    let answer = server.post("register", body).await;
    let registered = answer.ok(201);
    assert_eq!(registered["user"]["name"], "Ada Lovelace");
    assert_eq!(registered["user"]["email"], email.as_str());
    assert!(registered["message"].is_string());
    let members: Vec<_> = registered["user"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["created_at", "email", "id", "name"]);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn an_email_registers_once_in_whatever_spelling() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    for spelling in [email.clone(), email.to_uppercase(), format!("  {email} ")] {
        let password = server.seal(Purpose::Register, &spelling, OTHER_PASSWORD).await;
        let body = json!({ "name": "Other", "email": spelling, "password": password });
        server.post("register", body).await.problem(409, "email_taken");
    }
    assert!(server.try_login(&email, PASSWORD).await.status.is_success(), "the first password must still be right");
}

#[tokio::test]
async fn members_that_are_not_asked_for_are_not_stored() {
    let server = shared().await;
    let email = new_email();
    let password = server.seal(Purpose::Register, &email, PASSWORD).await;
    let body = json!({ "name": "Ada", "email": email, "password": password, "id": "1", "role": "admin",
                       "disabled_at": 1, "created_at": "1970-01-01T00:00:00Z" });
    let user = server.post("register", body).await.ok(201)["user"].clone();
    assert_ne!(user["id"], "1");
    assert!(!user["created_at"].as_str().unwrap().starts_with("1970"));
    assert!(server.try_login(&email, PASSWORD).await.status.is_success());
}

#[tokio::test]
async fn a_weak_password_is_refused_with_the_reason() {
    let server = shared().await;
    let email = new_email();
    for (password, code) in
        [("fourteen chars", "too_short"), ("passwordpassword", "common"), ("Ada Lovelace 1815", "built_from_identity")]
    {
        let sealed = server.seal(Purpose::Register, &email, password).await;
        let body = json!({ "name": "Ada Lovelace", "email": email, "password": sealed });
        let problem = server.post("register", body).await.problem(422, "weak_password");
        assert_eq!(problem["errors"][0]["pointer"], "/password");
        assert_eq!(problem["errors"][0]["code"], code);
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_fields_is_told_at_once() {
    let server = shared().await;
    let body = json!({ "name": " ", "email": "not an address", "password": "x" });
    let problem = server.post("register", body).await.problem(422, "validation_failed");
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/name", "/email"]);
}

#[tokio::test]
async fn a_new_account_has_a_uuid_of_version_7() {
    let server = shared().await;
    let user = server.register(&new_email()).await;
    let id: uuid::Uuid = user["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
}

#[tokio::test]
async fn a_password_is_stored_as_an_argon2id_phc_string() {
    let server = shared().await;
    let (first, second) = (new_email(), new_email());
    let mut hashes = Vec::new();
    for email in [&first, &second] {
        server.register(email).await;
        let account = accounts::by_email(&server.app.db, &Email::parse(email).unwrap()).await.unwrap().unwrap();
        assert!(account.password.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        hashes.push(account.password);
    }
    assert!(hashes[0] != hashes[1], "one password, two salts");
}

#[tokio::test]
async fn another_cost_is_the_operators_choice() {
    let server = TestServer::with(|settings| settings.argon2 = Some("m=12288,t=3,p=1".to_owned())).await;
    let email = new_email();
    server.register(&email).await;
    let account = accounts::by_email(&server.app.db, &Email::parse(&email).unwrap()).await.unwrap().unwrap();
    assert!(account.password.as_str().starts_with("$argon2id$v=19$m=12288,t=3,p=1$"));
    server.login(&email).await;
}

#[tokio::test]
async fn a_password_has_15_code_points_at_least_and_1024_bytes_at_most() {
    let server = shared().await;
    let longest = format!("{}é", "long walks by the sea ".repeat(46) + "1234567890");
    for (password, code) in [
        ("z q v j k x w b".to_owned(), None),
        ("名前は誰にも言わない秘密の箱庭".to_owned(), None),
        ("\u{1f989}\u{1f438}\u{1f422}\u{1f98a}\u{1f419}\u{1f99c}\u{1f41d}\u{1f994}\u{1f433}\u{1f99a}\u{1f41e}\u{1f9a9}\u{1f40c}\u{1f987}\u{1f421}".to_owned(), None),
        (longest.clone(), None),
        ("z q v j k x w ".to_owned(), Some("too_short")),
        ("e\u{301} q v j k x w ".to_owned(), Some("too_short")),
        (String::new(), Some("too_short")),
        (format!("{longest}x"), Some("too_long")),
    ] {
        let answer = register(server, "Ada", &new_email(), &password).await;
        match code {
            None => assert_eq!(answer.status, 201, "{password}: {answer:?}"),
            Some(code) => assert_eq!(answer.problem(422, "weak_password")["errors"][0]["code"], code, "{password}"),
        }
    }
}

#[tokio::test]
async fn there_are_no_composition_rules() {
    let server = shared().await;
    for password in ["only lower case letters", "ONLY UPPER CASE LETTERS", "8240917365520183"] {
        register(server, "Ada", &new_email(), password).await.ok(201);
    }
}

#[tokio::test]
async fn the_operator_may_ask_for_another_length() {
    let server = TestServer::with(|settings| settings.password_min_length = Some("8".to_owned())).await;
    register(&server, "Ada", &new_email(), "vq8 zkx").await.problem(422, "weak_password");
    register(&server, "Ada", &new_email(), "vq8 zkxw").await.ok(201);
}

#[tokio::test]
async fn a_refused_registration_leaves_no_account() {
    let server = shared().await;
    let email = new_email();
    register(server, "Ada", &email, "short").await.problem(422, "weak_password");
    register(server, " ", &email, PASSWORD).await.problem(422, "validation_failed");
    server.register(&email).await;
}

#[tokio::test]
async fn what_is_no_email_does_not_register() {
    let server = shared().await;
    let long = format!("{}@example.com", "a".repeat(243));
    for email in [
        "",
        "ada",
        "a@b@example.com",
        "@example.com",
        "ada@",
        "ada@example..com",
        "ada@example.com.",
        "a da@example.com",
        "ada\u{0}@example.com",
        "ada\r\nBcc: eve@example.com",
        "ada\u{202e}@example.com",
        &long,
    ] {
        let problem = register(server, "Ada", email, PASSWORD).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/email", "{email:?}: {problem}");
    }
}

#[tokio::test]
async fn emails_that_only_look_alike_are_two() {
    let server = shared().await;
    let email = new_email().replace("person", "resume");
    for spelling in [email.clone(), email.replace("resume", "r\u{e9}sum\u{e9}"), email.replace("resume", "re\u{df}ume")]
    {
        register(server, "Ada", &spelling, PASSWORD).await.ok(201);
    }
}

#[tokio::test]
async fn of_parallel_registrations_of_one_email_exactly_one_succeeds() {
    let server = shared().await;
    let email = new_email();
    let mut sending = JoinSet::new();
    for _ in 0..8 {
        let password = server.seal(Purpose::Register, &email, PASSWORD).await;
        let body = json!({ "name": "Ada", "email": email, "password": password });
        sending.spawn(server.request(reqwest::Method::POST, "register").json(&body).send());
    }
    let mut statuses = Vec::new();
    while let Some(answer) = sending.join_next().await {
        statuses.push(answer.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}
