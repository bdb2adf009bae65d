//! Killed again and again under load: no answered write is lost, no envelope is judged twice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bulla_seal::Purpose;
use serde_json::{Value, json};

use crate::support::{Answer, Home, OTHER_PASSWORD, PASSWORD, PATIENCE, Process, Remote, Server, Tokens, body, within};

/// Or as many as `BULLA_TEST_KILLS` says; 200 take some ten minutes.
const KILLS: usize = 25;
/// Every so many rounds an operator rotates the keys meanwhile, and is killed as well.
const ROUNDS_A_ROTATION: usize = 3;
const CLIENTS: usize = 4;

/// What the clients of one round were answered, and what they sent without learning what became of it.
#[derive(Default)]
struct Ledger {
    registered: Vec<String>,
    /// Access tokens of sessions that ended.
    logged_out: Vec<String>,
    /// The latest refresh token of each session that lives.
    refreshed: Vec<String>,
    /// Whose password is [`OTHER_PASSWORD`] now.
    changed: Vec<Changed>,
    /// Who has either password.
    perhaps_changed: Vec<String>,
    judged: Vec<Sent>,
    unanswered: Vec<Sent>,
}

struct Changed {
    email: String,
    /// What was sent, and the access token that was the answer.
    body: Value,
    access: String,
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
    changes: usize,
    rotations: usize,
    judged: usize,
    unanswered: usize,
}

#[test]
fn no_answered_write_is_lost_and_no_envelope_is_judged_twice() {
    let kills = std::env::var("BULLA_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let home = Home::new().with("BULLA_PUBLIC_URL", "https://auth.test").with("BULLA_ADDRESS_RATE", "off");
    let mut counts = Counts::default();
    let mut server = Server::start(&home);
    for round in 0..kills {
        let is_rotating = round % ROUNDS_A_ROTATION == 0;
        let operator = is_rotating.then(|| Process::spawn(&mut home.bulla(&["keys", "rotate", "sealing", "--json"])));
        let ledger = load_until_killed(&mut server, round);
        let rotated = operator.and_then(rotated_before_kill);
        server = Server::start(&home);
        counts.add(&ledger);
        counts.rotations += usize::from(rotated.is_some());
        check_keys(&home, rotated);
        check_writes(&home, &server, &ledger);
        check_envelopes(&home, &server, &ledger);
    }
    drop(server);
    check_database(&home);
    println!("{kills} kills: {counts:?}");
    let answered = [counts.registrations, counts.logouts, counts.refreshes, counts.changes];
    assert!(answered.iter().all(|count| *count >= kills) && counts.judged > 2 * kills, "{counts:?}");
    assert!(counts.rotations > 0 && counts.unanswered > kills / 4, "{counts:?}");
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
        self.change_password(email, Tokens::of(&refreshed))
    }

    /// The session goes on, with a new chain of refresh tokens.
    fn change_password(&self, email: &str, tokens: Tokens) -> Option<()> {
        let current = self.server.try_seal(Purpose::CurrentPassword, email, PASSWORD)?;
        let new = self.server.try_seal(Purpose::NewPassword, email, OTHER_PASSWORD)?;
        let body = json!({ "current_password": current, "new_password": new });
        self.ledger.lock().unwrap().refreshed.retain(|token| *token != tokens.refresh);
        let Some(answer) = self.server.try_post_with_token("password", &tokens.access, &body) else {
            self.ledger.lock().unwrap().perhaps_changed.push(email.to_owned());
            return None;
        };
        let Tokens { access, refresh } = Tokens::of(&answer);
        self.note(|ledger| {
            ledger.refreshed.push(refresh);
            ledger.changed.push(Changed { email: email.to_owned(), body, access });
        });
        Some(())
    }

    fn judge(&self, path: &'static str, purpose: Purpose, email: &str) -> Option<Answer> {
        let envelope = self.server.try_seal(purpose, email, PASSWORD)?;
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
        let next = Tokens::of(&server.refresh(token));
        server.refresh(&next.refresh).ok(200);
    }
    for Changed { email, .. } in &ledger.changed {
        assert_eq!([PASSWORD, OTHER_PASSWORD].map(|password| log_in(server, email, password)), [401, 200], "{email}");
    }
    for email in &ledger.perhaps_changed {
        let mut statuses = [PASSWORD, OTHER_PASSWORD].map(|password| log_in(server, email, password));
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{email}");
    }
    let is_known = |email: &&String| ledger.changed.iter().all(|changed| changed.email != **email);
    let is_known = |email: &&String| is_known(email) && !ledger.perhaps_changed.contains(email);
    for email in ledger.registered.iter().filter(is_known) {
        assert_eq!(log_in(server, email, PASSWORD), 200, "{email}");
    }
}

fn log_in(server: &Server, email: &str, password: &str) -> u16 {
    server.post("login", &body(email, &server.seal(Purpose::Login, email, password))).status
}

fn check_envelopes(home: &Home, server: &Server, ledger: &Ledger) {
    let again = |sent: &Sent| server.post(sent.path, &body(&sent.email, &sent.envelope));
    for sent in &ledger.judged {
        again(sent).problem(401, "reused_envelope");
    }
    for Changed { body, access, .. } in &ledger.changed {
        server.try_post_with_token("password", access, body).unwrap().problem(401, "reused_envelope");
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

/// The id of the key that an operator was told of, if the rotation was over before the operator was killed.
fn rotated_before_kill(mut operator: Process) -> Option<Value> {
    if operator.is_running() {
        operator.kill();
        return None;
    }
    let report: Value = serde_json::from_str(&operator.ended().ok()).unwrap();
    Some(report[0]["kid"].clone())
}

/// Of all sealing keys exactly one is active, and a rotation that was reported happened.
fn check_keys(home: &Home, rotated: Option<Value>) {
    let keys: Value = serde_json::from_str(&home.run(&["keys", "list", "--json"]).ok()).unwrap();
    let sealing = || keys.as_array().unwrap().iter().filter(|key| key["purpose"] == "sealing");
    let active: Vec<_> = sealing().filter(|key| key["stage"] == "active").map(|key| &key["kid"]).collect();
    assert_eq!(active.len(), 1, "{keys}");
    assert!(rotated.is_none_or(|kid| *active[0] == kid), "{keys}");
}

fn check_database(home: &Home) {
    let conn = rusqlite::Connection::open(home.path("bulla-data/bulla.db")).unwrap();
    let lines = |pragma: &str| -> Vec<String> {
        let mut statement = conn.prepare(pragma).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let (integrity, orphans) = (lines("PRAGMA integrity_check"), lines("PRAGMA foreign_key_check").len());
    assert_eq!((integrity, orphans), (vec!["ok".to_owned()], 0));
}

impl Counts {
    fn add(&mut self, ledger: &Ledger) {
        self.registrations += ledger.registered.len();
        self.logouts += ledger.logged_out.len();
        self.refreshes += ledger.refreshed.len();
        self.changes += ledger.changed.len();
        self.judged += ledger.judged.len();
        self.unanswered += ledger.unanswered.len() + ledger.perhaps_changed.len();
    }
}
