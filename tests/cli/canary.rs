//! The canary: passwords that are made up for this test go through every route and every failure, behind a real nginx
//! that logs all that it sees, and then they are looked for in everything that was written, answered or kept in memory.

mod memory;
mod nginx;
mod outputs;
mod search;
mod story;

use bulla_seal::Purpose;
use serde_json::json;

use crate::support::{Answer, Home, Remote, Server, Tokens, free_port};
use memory::{core_dump, memory};
use nginx::Nginx;
use outputs::Outputs;
use search::Secret;
use story::{Bird, Story, random_text};

/// Stands in the memory of the server for as long as it lives.
const BEACON: &str = "https://beacon.canary.example";

/// With one hashing thread, so that its queue can be filled.
const SETTINGS: [(&str, &str); 5] = [
    ("RUST_LOG", "trace"),
    ("BULLA_PUBLIC_URL", BEACON),
    ("BULLA_ADDRESS_RATE", "off"),
    ("BULLA_HASH_THREADS", "1"),
    ("BULLA_HASH_QUEUE", "1"),
];

/// A server at its most talkative, and its metrics.
fn server(home: &Home, more: &[(&str, &str)]) -> (Server, Remote) {
    let metrics = format!("127.0.0.1:{}", free_port());
    let server = Server::with(home, &[&SETTINGS[..], &[("BULLA_METRICS_ADDRESS", &metrics)], more].concat());
    (server, Remote::at(&metrics))
}

/// What is looked for where tokens may not be.
fn secrets_of(tokens: &[Tokens]) -> Vec<Secret> {
    let last = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let secrets = |tokens: &Tokens| {
        [Secret::new("an access token", &last(&tokens.access)), Secret::new("a refresh token", &last(&tokens.refresh))]
    };
    tokens.iter().flat_map(secrets).collect()
}

/// The log, the metrics and the files of a server.
fn own_outputs(home: &Home, server: &Server, metrics: &Remote) -> Outputs {
    let mut outputs = Outputs::default();
    outputs.add("log", server.log());
    outputs.add("standard output", server.process.stdout.text());
    outputs.add("metrics", metrics.get("/metrics").body);
    outputs.add_folder(home, "bulla-data");
    // Whoever looks in the wrong place finds nothing.
    assert!(outputs.contain("log", "\"target\":\"sqlx::query") && outputs.contain("log", "/api/auth/login"));
    assert!(outputs.contain("metrics", "bulla_logins_total") && outputs.contain("bulla.db-wal", "bird@example.com"));
    outputs
}

#[test]
fn a_sealed_password_is_nowhere_but_in_its_hash() {
    let home = Home::new();
    let (server, metrics) = server(&home, &[]);
    let nginx = Nginx::before(&home, &server);
    let birds = [Bird::plain(&home, "bird@example.com"), Bird::decomposed(&home, "songbird@example.com")];
    let passwords: Vec<Secret> = birds.iter().flat_map(Bird::secrets).collect();
    let look = |answer: &Answer| {
        let mut found = Outputs::default();
        found.add(&format!("the memory after {answer:?}"), memory(&home, &server.process));
        assert!(found.contain("", BEACON), "that is no memory of ours");
        found.hold_none_of(&passwords);
    };
    let mut story = Story::at(&home, &nginx.remote, &look);
    for bird in &birds {
        story.succeeds(bird);
        story.is_refused_outside(bird);
        story.is_refused_inside(bird);
        story.change_is_refused(bird);
        story.is_turned_away(bird);
    }

    let mut outputs = own_outputs(&home, &server, &metrics);
    outputs.hold_none_of(&secrets_of(&story.tokens));
    outputs.add_answers(&story.answers);
    outputs.add("core dump", core_dump(&home, &server.process));
    let (token, sent) = (story.tokens[0].access.clone(), story.sealed(&birds[0], Purpose::Login));
    story.login("nobody@example.com", &sent);
    outputs.add_folder(&home, nginx::FOLDER);
    assert!(outputs.contain("core dump", BEACON));
    assert!(
        outputs.contain("access.log", &sent) && outputs.contain("error.log", &token),
        "nginx logs less than it should"
    );
    outputs.hold_none_of(&passwords);
}

#[test]
fn a_password_in_clear_is_in_no_log_answer_or_file_of_ours() {
    for accepts in ["false", "true"] {
        let home = Home::new();
        let (server, metrics) = server(&home, &[("BULLA_ALLOW_PLAINTEXT", accepts)]);
        let mut story = Story::at(&home, &server, &|_| ());
        let (password, wrong) = (random_text(&home, 36), random_text(&home, 36));
        server.register("bird@example.com");
        let register = story.send("register", &json!({ "name": "A", "email": "b@example.com", "password": password }));
        let login = story.login("b@example.com", &password);
        story.login("b@example.com", &wrong);
        story.send("login", &json!([password]));
        story.send("login", &json!({ "email": password, "password": password }));
        story.send("refresh", &json!({ "refresh_token": password }));
        story.answers.push(server.get(&format!("sealing-key?password={password}")));
        story.answers.push(server.get(&format!("/{password}")));
        story.answers.push(server.profile(&password));
        match accepts {
            "true" => assert_eq!((register.status, login.status), (201, 200), "{login:?}"),
            _ => [register, login].iter().for_each(|answer| answer.problem(400, "invalid_envelope")),
        }
        let mut outputs = own_outputs(&home, &server, &metrics);
        outputs.add_answers(&story.answers);
        outputs.hold_none_of(&[Secret::new("a password", &password), Secret::new("a wrong password", &wrong)]);
    }
}
