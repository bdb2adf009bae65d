//! What the log holds at its most talkative, and what it never holds.

use bulla_seal::Purpose;
use serde_json::{Value, json};

use crate::support::{Answer, Home, OTHER_PASSWORD, PATIENCE, Process, Remote, Server, Tokens, body};

const PASSWORD: &str = "canary sings below ground";
const EMAIL: &str = "canary.bird@example.com";

/// Everything that a client sent or was given and nobody else may read, and all answers.
struct Story {
    secrets: Vec<(&'static str, String)>,
    answers: Vec<Answer>,
}

impl Story {
    fn send(&mut self, server: &Server, path: &str, body: &Value) -> Answer {
        if let Some(envelope) = body["password"].as_str() {
            self.secrets.push(("an envelope", envelope.to_owned()));
        }
        let answer = server.post(path, body);
        self.answers.push(answer.clone());
        answer
    }

    fn keep(&mut self, tokens: &Tokens) {
        let signature = tokens.access.rsplit('.').next().unwrap().to_owned();
        let secret = tokens.refresh.rsplit('.').next().unwrap().to_owned();
        self.secrets.extend([("an access token", signature), ("a refresh token", secret)]);
    }

    /// Registers, logs in, fails in several ways, refreshes, and looks around.
    fn play(server: &Server) -> Self {
        let mut story = Self { secrets: vec![("the password", PASSWORD.into())], answers: vec![] };
        story.secrets.extend([("the email", EMAIL.into()), ("part of the email", "canary.bird".into())]);
        let sealed = |purpose, password| body(EMAIL, &server.seal(purpose, EMAIL, password));
        let register = sealed(Purpose::Register, PASSWORD);
        story.send(server, "register", &register).ok(201);
        story.send(server, "register", &register).problem(401, "reused_envelope");
        story.send(server, "login", &sealed(Purpose::Login, OTHER_PASSWORD)).problem(401, "invalid_credentials");
        story.send(server, "login", &body(EMAIL, PASSWORD)).problem(400, "invalid_envelope");
        let tokens = Tokens::of(&story.send(server, "login", &sealed(Purpose::Login, PASSWORD)));
        let successor = Tokens::of(&story.send(server, "refresh", &json!({ "refresh_token": tokens.refresh })));
        story.send(server, "refresh", &json!({ "refresh_token": format!("{}x", tokens.refresh) }));
        let misplaced = format!("profile?token={}&email={EMAIL}", tokens.access);
        let looks = ["profile", "verify", "sessions", &misplaced, "nowhere/canary.bird"];
        story.answers.extend(looks.map(|path| server.with_token("GET", path, &tokens.access)));
        story.answers.push(server.with_token("POST", "logout", &tokens.access));
        story.answers.push(server.profile(&tokens.access));
        story.keep(&tokens);
        story.keep(&successor);
        story
    }
}

fn log_of_a_story(level: &str, server: Server) -> (Story, String) {
    let story = Story::play(&server);
    server.process.terminate();
    let ran = server.process.ended();
    assert!(ran.stderr.contains("answered"), "{level}: {ran:?}");
    (story, ran.stderr)
}

#[test]
fn no_secret_is_in_the_log_at_any_level() {
    for level in ["trace", "debug", "info"] {
        let home = Home::new().with("RUST_LOG", level);
        let (story, log) = log_of_a_story(level, Server::start(&home));
        let master_key = home.read("bulla-data/master.key");
        let secrets = story.secrets.iter().map(|(what, secret)| (*what, secret.as_str()));
        for (what, secret) in secrets.chain([("the master key", master_key.trim())]) {
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{what} is in the log at {level}: {line:?}");
        }
    }
}

#[test]
fn no_secret_is_in_the_log_of_a_server_with_tls() {
    let home = Home::new().with("RUST_LOG", "trace");
    crate::support::tls_files(&home);
    let (story, log) = log_of_a_story("trace", Server::with_tls(&home));
    for (what, secret) in &story.secrets {
        assert!(!log.contains(secret), "{what} is in the log");
    }
}

#[test]
fn every_answers_request_id_is_in_the_log_once() {
    let (story, log) = log_of_a_story("debug", Server::start(&Home::new().with("RUST_LOG", "debug")));
    assert!(story.answers.len() > 10);
    for answer in &story.answers {
        let id = answer.header("x-request-id").unwrap();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(id) && line.contains("answered")).collect();
        assert_eq!(lines.len(), 1, "{id}: {answer:?}");
        let line: Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!(line["status"], answer.status, "{line}");
        let (is_refused, client) = (answer.status >= 400, &line["client"]);
        assert_eq!(client.as_str(), is_refused.then_some("127.0.0.1"), "{line}");
    }
}

#[test]
fn a_yes_to_a_machine_that_asks_all_the_time_is_not_worth_a_line_but_a_no_is() {
    let server = Server::start(&Home::new());
    let tokens = server.ada();
    let yes = [server.with_token("GET", "verify", &tokens.access), server.get("/healthz"), server.get("/readyz")];
    let no = [server.with_token("GET", "verify", "nothing"), server.get("/nowhere")];
    server.process.terminate();
    let log = server.process.ended().stderr;
    let lines = |answer: &Answer| {
        let id = answer.header("x-request-id").unwrap();
        log.lines().filter(|line| line.contains(id) && line.contains(r#""route":"#)).count()
    };
    assert_eq!(yes.each_ref().map(lines), [0, 0, 0], "{log}");
    assert_eq!(no.each_ref().map(lines), [1, 1], "{log}");
}

#[test]
fn no_command_logs_a_password() {
    let home = Home::new().with("RUST_LOG", "trace");
    let server = Server::start(&home);
    let create = ["users", "create", "--name", "Canary", "--email", EMAIL];
    let seal = ["seal", "--url", &server.url, "--email", EMAIL];
    for arguments in [&create[..], &seal] {
        let ran = Process::run(&mut home.bulla(arguments), PASSWORD);
        assert!(!ran.stderr.contains(PASSWORD) && !ran.stderr.contains("canary.bird"), "{ran:?}");
        ran.ok();
    }
}

/// As on a disk that is full.
#[test]
fn a_log_that_cannot_be_written_keeps_nobody_out() {
    let home = Home::new();
    let process = Process::spawn(home.bash("exec \"$0\" 2> /dev/full").env("RUST_LOG", "trace"));
    let address = |line: &str| line.strip_prefix("Bulla listens on http://").map(str::to_owned);
    let server = Remote::at(&process.stdout.wait_for(PATIENCE, "the address", address));
    let tokens = server.ada();
    server.profile(&tokens.access).ok(200);
}

#[test]
fn the_log_is_one_json_object_a_line() {
    let (_, log) = log_of_a_story("trace", Server::start(&Home::new().with("RUST_LOG", "trace")));
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
}
