//! Killed again and again under load: no answered write is lost, no envelope is judged twice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bulla_seal::Purpose;
use serde_json::json;

use crate::support::{Answer, Home, PATIENCE, Remote, Server, Tokens, body, within};

const ROUNDS: usize = 25;
const CLIENTS: usize = 4;

/// What the clients of one round were answered, and what they sent without learning what became of it.
#[derive(Default)]
struct Ledger {
    registered: Vec<String>,
    /// Access tokens of sessions that ended.
    logged_out: Vec<String>,
    /// The latest refresh token of each session that lives.
    refreshed: Vec<String>,
    judged: Vec<Sent>,
    unanswered: Vec<Sent>,
}

#[derive(Clone)]
struct Sent {
    path: &'static str,
    email: String,
    envelope: String,
}

/// Things that were counted over all rounds, so that a test of nothing does not pass.
#[derive(Debug, Default)]
struct Counts {
    registrations: usize,
    logouts: usize,
    refreshes: usize,
    judged: usize,
    unanswered: usize,
}

#[test]
fn no_answered_write_is_lost_and_no_envelope_is_judged_twice() {
    let home = Home::new().with("BULLA_PUBLIC_URL", "https://auth.test").with("BULLA_ADDRESS_RATE", "off");
    let mut counts = Counts::default();
    let mut server = Server::start(&home);
    for round in 0..ROUNDS {
        let ledger = load_until_killed(&mut server, round);
        server = Server::start(&home);
        counts.add(&ledger);
        check_writes(&home, &server, &ledger);
        check_envelopes(&home, &server, &ledger);
    }
    assert!(counts.registrations > ROUNDS && counts.logouts > ROUNDS && counts.refreshes > ROUNDS, "{counts:?}");
    assert!(counts.judged > 2 * ROUNDS && counts.unanswered > ROUNDS, "{counts:?}");
    println!("{counts:?}");
}

/// Each round is killed after another number of answers, so at other moments of the requests in flight.
fn load_until_killed(server: &mut Server, round: usize) -> Ledger {
    let (ledger, answered, finished) = (Mutex::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let until = 22 + round % 9;
    let client_side = server.remote();
    std::thread::scope(|scope| {
        for place in 0..CLIENTS {
            let (ledger, answered, finished, server) = (&ledger, &answered, &finished, &client_side);
            scope.spawn(move || {
                let client = Client { server, ledger, answered };
                for number in 0.. {
                    if client.live(&format!("r{round}c{place}n{number}@example.com")).is_none() {
                        break;
                    }
                }
                finished.fetch_add(1, Ordering::SeqCst);
            });
        }
        let is_time = || (answered.load(Ordering::SeqCst) >= until).then_some(());
        within(PATIENCE, "enough answers", is_time);
        assert_eq!(finished.load(Ordering::SeqCst), 0, "no client may stop before the kill:\n{}", server.log());
        server.process.kill();
    });
    ledger.into_inner().unwrap()
}

/// One of several at work at the same time.
struct Client<'t> {
    server: &'t Remote,
    ledger: &'t Mutex<Ledger>,
    answered: &'t AtomicUsize,
}

impl Client<'_> {
    /// Someone's whole life; `None` once the server is gone.
    fn live(&self, email: &str) -> Option<()> {
        self.judge("register", Purpose::Register, email)?.ok(201);
        self.note(|ledger| ledger.registered.push(email.to_owned()));
        let leaving = Tokens::of(&self.judge("login", Purpose::Login, email)?);
        let staying = Tokens::of(&self.judge("login", Purpose::Login, email)?);
        let refreshed = self.server.try_post("refresh", &json!({ "refresh_token": staying.refresh }))?;
        self.note(|ledger| ledger.refreshed.push(Tokens::of(&refreshed).refresh));
        self.server.try_with_token("POST", "logout", &leaving.access)?.ok(200);
        self.note(|ledger| ledger.logged_out.push(leaving.access));
        Some(())
    }

    fn judge(&self, path: &'static str, purpose: Purpose, email: &str) -> Option<Answer> {
        let envelope = self.server.try_seal(purpose, email)?;
        let sent = Sent { path, email: email.to_owned(), envelope };
        let answer = self.server.try_post(path, &body(email, &sent.envelope));
        match &answer {
            Some(_) => self.note(|ledger| ledger.judged.push(sent)),
            None => self.ledger.lock().unwrap().unanswered.push(sent),
        }
        answer
    }

    fn note(&self, entry: impl FnOnce(&mut Ledger)) {
        entry(&mut self.ledger.lock().unwrap());
        self.answered.fetch_add(1, Ordering::SeqCst);
    }
}

fn check_writes(home: &Home, server: &Server, ledger: &Ledger) {
    let accounts = home.run(&["users", "list"]).ok();
    for email in &ledger.registered {
        assert!(accounts.contains(email), "{email} was registered and is lost");
    }
    for token in &ledger.logged_out {
        server.profile(token).problem(401, "invalid_token");
    }
    for token in &ledger.refreshed {
        server.refresh(token).ok(200);
    }
}

fn check_envelopes(home: &Home, server: &Server, ledger: &Ledger) {
    let again = |sent: &Sent| server.post(sent.path, &body(&sent.email, &sent.envelope));
    for sent in &ledger.judged {
        again(sent).problem(401, "reused_envelope");
    }
    let accounts = home.run(&["users", "list"]).ok();
    for sent in &ledger.unanswered {
        let first = again(sent);
        if sent.path == "register" && accounts.contains(&sent.email) {
            // The account is there, so the envelope was judged, though nobody was told.
            first.problem(401, "reused_envelope");
        }
        assert!(first.is(401, "reused_envelope") || first.status < 300, "{first:?}");
        again(sent).problem(401, "reused_envelope");
    }
}

impl Counts {
    fn add(&mut self, ledger: &Ledger) {
        self.registrations += ledger.registered.len();
        self.logouts += ledger.logged_out.len();
        self.refreshes += ledger.refreshed.len();
        self.judged += ledger.judged.len();
        self.unanswered += ledger.unanswered.len();
    }
}
