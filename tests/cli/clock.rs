//! A clock that jumps by an hour, ahead and back, under a running server and between two: what is spent stays spent, what
//! is over stays over, and everybody can go on.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use bulla_seal::Purpose;
use serde_json::Value;

use crate::support::{Answer, EMAIL, Home, OTHER_PASSWORD, PASSWORD, PATIENCE, Process, Server, Tokens, body, within};

const BOB: &str = "bob@example.com";
const HOUR_SECONDS: i64 = 3600;

/// A folder whose clock can be set. The monotonic clock goes on as it does when someone sets a real one.
fn home_with_clock() -> Home {
    let library = Process::run(Command::new("faketime").args(["-m", "-f", "+0s", "printenv", "LD_PRELOAD"]), "").ok();
    let home = Home::new();
    let clock = home.path("clock").display().to_string();
    let home = home.with("LD_PRELOAD", library.trim()).with("FAKETIME_TIMESTAMP_FILE", &clock);
    let home = home.with("FAKETIME_NO_CACHE", "1").with("DONT_FAKE_MONOTONIC", "1").with("BULLA_ADDRESS_RATE", "off");
    set_clock(&home, 0);
    home.with("BULLA_PUBLIC_URL", "https://auth.test")
}

/// By how much the clock is ahead of the real one.
fn set_clock(home: &Home, seconds: i64) {
    home.write("clock.next", &format!("{seconds:+}\n"));
    fs::rename(home.path("clock.next"), home.path("clock")).unwrap();
}

/// How a clock comes to be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jump {
    WhileRunning,
    BetweenTwoStarts,
}

impl Jump {
    /// What the log says of it is part of the deal.
    #[track_caller]
    fn to(self, home: &Home, server: Server, seconds: i64, said: &str) -> Server {
        match self {
            Self::WhileRunning => {
                set_clock(home, seconds);
                server.process.stderr.wait_for(PATIENCE, said, |line| line.contains(said).then_some(()));
                server
            }
            Self::BetweenTwoStarts => {
                server.process.terminate();
                server.process.ended();
                set_clock(home, seconds);
                let server = Server::start(home);
                if said == "the clock was set back" {
                    let behind = "the clock is behind";
                    server.process.stderr.wait_for(PATIENCE, behind, |line| line.contains(behind).then_some(()));
                }
                server
            }
        }
    }
}

/// What must never be accepted again.
#[derive(Default)]
struct Over {
    envelopes: Vec<String>,
    sessions: Vec<Tokens>,
}

impl Over {
    /// Spends an envelope of each form, and ends a session.
    #[track_caller]
    fn add(&mut self, home: &Home, server: &Server) {
        home.write("public.pem", &server.get("public.pem").body);
        let raw = home.run_with(&["seal", "--pem", "public.pem"], PASSWORD).ok();
        let jwe = server.seal(Purpose::Login, EMAIL, PASSWORD);
        for envelope in [raw.trim(), &jwe] {
            server.post("login", &body(EMAIL, envelope)).ok(200);
            self.envelopes.push(envelope.to_owned());
        }
        let tokens = server.login(EMAIL);
        server.with_token("POST", "logout", &tokens.access).ok(200);
        self.sessions.push(tokens);
    }

    #[track_caller]
    fn stays_over(&self, server: &Server) {
        for envelope in &self.envelopes {
            let answer = server.post("login", &body(EMAIL, envelope));
            assert!(answer.is(401, "reused_envelope") || answer.is(401, "stale_envelope"), "{answer:?}");
        }
        for tokens in &self.sessions {
            server.refresh(&tokens.refresh).problem(401, "invalid_token");
            for path in ["profile", "verify"] {
                server.with_token("GET", path, &tokens.access).problem(401, "invalid_token");
            }
        }
    }
}

/// Someone who is logged in goes on, with the tokens of whatever hour; and keys are what they were.
#[track_caller]
fn everybody_can_go_on(server: &Server, tokens: &mut Tokens, kid: &Value) {
    *tokens = Tokens::of(&server.refresh(&tokens.refresh));
    for path in ["profile", "verify", "sessions"] {
        server.with_token("GET", path, &tokens.access).ok(200);
    }
    let fresh = server.login(EMAIL);
    server.profile(&fresh.access).ok(200);
    assert_eq!(server.get("sealing-key").ok(200)["kid"], *kid);
    assert_eq!(server.get("/.well-known/jwks.json").ok(200)["keys"].as_array().unwrap().len(), 1);
}

/// Bob, guessed at until he must wait.
#[track_caller]
fn guess_at_bob(server: &Server) {
    let guess = || server.post("login", &body(BOB, &server.seal(Purpose::Login, BOB, OTHER_PASSWORD)));
    let answers: Vec<Answer> = (0..8).map(|_| guess()).collect();
    assert!(answers.iter().any(|answer| answer.is(429, "too_many_attempts")), "{answers:?}");
}

/// Some seconds after the guesses: by then he would be let in, had nobody touched the clock.
#[track_caller]
fn bob_is_let_in(server: &Server) {
    within(Duration::from_secs(15), "a login that nobody guesses at any more", || {
        let answer = server.try_login(BOB);
        assert!([200, 429].contains(&answer.status), "{answer:?}");
        (answer.status == 200).then_some(()).or_else(|| {
            sleep(Duration::from_millis(500));
            None
        })
    });
}

#[track_caller]
fn an_hour_ahead_and_back(jump: Jump) {
    let home = home_with_clock();
    let (server, mut over) = (Server::start(&home), Over::default());
    let mut tokens = server.ada();
    server.register(BOB);
    let kid = server.get("sealing-key").ok(200)["kid"].clone();
    over.add(&home, &server);

    let server = jump.to(&home, server, HOUR_SECONDS, "the clock jumped ahead");
    over.stays_over(&server);
    server.profile(&tokens.access).problem(401, "invalid_token");
    everybody_can_go_on(&server, &mut tokens, &kid);
    over.add(&home, &server);
    guess_at_bob(&server);

    let (ahead, server) = (tokens.clone(), jump.to(&home, server, 0, "the clock was set back"));
    over.stays_over(&server);
    server.profile(&ahead.access).problem(401, "invalid_token");
    everybody_can_go_on(&server, &mut tokens, &kid);
    bob_is_let_in(&server);
    over.add(&home, &server);

    // Before the first start, even: all keys are keys of the future now.
    let server = jump.to(&home, server, -HOUR_SECONDS, "the clock was set back");
    over.stays_over(&server);
    everybody_can_go_on(&server, &mut tokens, &kid);
    over.add(&home, &server);

    let server = jump.to(&home, server, 0, "the clock jumped ahead");
    over.stays_over(&server);
    everybody_can_go_on(&server, &mut tokens, &kid);
}

#[test]
fn a_clock_that_jumps_under_a_running_server_revives_nothing_and_locks_nobody_out() {
    an_hour_ahead_and_back(Jump::WhileRunning);
}

#[test]
fn a_clock_that_jumps_between_two_starts_revives_nothing_and_locks_nobody_out() {
    an_hour_ahead_and_back(Jump::BetweenTwoStarts);
}
