//! Clients at work, and what they were answered.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::node::{Remote, Tokens, assert_unavailable, login_body};
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD};

/// What clients were answered, all of them together.
#[derive(Default)]
pub struct Ledger {
    /// Email address, and the password that is in force.
    pub accounts: Mutex<Vec<(String, &'static str)>>,
    /// Access tokens of sessions that ended.
    pub ended: Mutex<Vec<String>>,
    /// The last refresh token of each chain.
    pub refreshed: Mutex<Vec<String>>,
    pub judged: Mutex<Vec<Sent>>,
    /// Sent to two nodes, of which neither said more than "unavailable".
    pub unanswered: Mutex<Vec<Sent>>,
    pub answers: Mutex<Vec<Answered>>,
    pub is_over: AtomicBool,
}

/// An envelope, and where it was sent.
#[derive(Clone)]
pub struct Sent {
    pub path: &'static str,
    pub email: String,
    pub envelope: String,
}

/// One answer, for looking at what was said while the database was away.
#[derive(Clone, Copy)]
pub struct Answered {
    pub begun: Instant,
    pub ended: Instant,
    pub status: u16,
}

/// One of several clients, at two nodes in turn.
pub struct Client<'t> {
    pub nodes: [&'t Remote; 2],
    pub ledger: &'t Ledger,
}

impl Client<'_> {
    /// People's lives, one after another, until the load is over.
    pub async fn work(&self, name: &str) {
        for number in 0.. {
            if self.ledger.is_over.load(Ordering::SeqCst) {
                break;
            }
            self.live(&format!("{name}n{number}@example.com"), number).await;
        }
    }

    /// Each step is repeated until it is answered with more than "unavailable".
    async fn live(&self, email: &str, number: usize) {
        self.judged("register", Purpose::Register, email, PASSWORD).await;
        let leaving = self.login(email, PASSWORD).await;
        let staying = self.login(email, PASSWORD).await;
        let mut token = staying.refresh;
        for _ in 0..2 {
            let body = json!({ "refresh_token": token });
            token = Tokens::of(&self.until_answered(Method::POST, "refresh", None, &body).await).refresh;
        }
        let left = self.until_answered(Method::POST, "logout", Some(&leaving.access), &Value::Null).await;
        // The session may have ended in an attempt that nobody heard the answer of.
        assert!(left.status == 200 || left.status == 401, "{left:?}");
        self.ledger.ended.lock().unwrap().push(leaving.access);
        let password = if number.is_multiple_of(2) {
            self.ledger.refreshed.lock().unwrap().push(token);
            PASSWORD
        } else {
            // Ends the session of this chain, among others.
            self.ledger.ended.lock().unwrap().push(staying.access);
            self.change_password(email).await
        };
        self.ledger.accounts.lock().unwrap().push((email.to_owned(), password));
    }

    /// From a session of its own; every other one of the account ends.
    async fn change_password(&self, email: &str) -> &'static str {
        let tokens = self.login(email, PASSWORD).await;
        let other = self.login(email, PASSWORD).await;
        loop {
            let (node, body) = (self.nodes[0], self.change_body(email).await);
            let answer = self.once(node, Method::POST, "password", Some(&tokens.access), &body).await;
            // Refused where an attempt took effect that nobody heard the answer of.
            if answer.status == 200 || answer.status == 401 {
                assert!(answer.status == 200 || answer.json()["code"] == "invalid_credentials", "{answer:?}");
                break;
            }
            assert_unavailable(&answer);
        }
        self.ledger.ended.lock().unwrap().push(other.access);
        OTHER_PASSWORD
    }

    async fn change_body(&self, email: &str) -> Value {
        json!({
            "current_password": self.nodes[1].seal(Purpose::CurrentPassword, email, PASSWORD).await,
            "new_password": self.nodes[1].seal(Purpose::NewPassword, email, OTHER_PASSWORD).await,
        })
    }

    async fn login(&self, email: &str, password: &str) -> Tokens {
        Tokens::of(&self.judged("login", Purpose::Login, email, password).await)
    }

    async fn until_answered(&self, method: Method, path: &str, access: Option<&str>, body: &Value) -> Answer {
        for attempt in 0.. {
            let answer = self.once(self.nodes[attempt % 2], method.clone(), path, access, body).await;
            if answer.status != 503 {
                return answer;
            }
            assert_unavailable(&answer);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("attempts do not end")
    }

    async fn judged(&self, path: &'static str, purpose: Purpose, email: &str, password: &str) -> Answer {
        loop {
            let envelope = self.nodes[0].seal(purpose, email, password).await;
            let sent = Sent { path, email: email.to_owned(), envelope };
            if let Some(answer) = self.send_twice(&sent).await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// To both nodes at the same moment: at most one of them judges it.
    async fn send_twice(&self, sent: &Sent) -> Option<Answer> {
        let body = login_body(&sent.email, &sent.envelope);
        let [one, two] = self.nodes.map(|node| self.once(node, Method::POST, sent.path, None, &body));
        let (one, two) = tokio::join!(one, two);
        let mut judged = None;
        let mut is_spent = false;
        for answer in [one, two] {
            match answer.status.as_u16() {
                503 => assert_unavailable(&answer),
                401 if answer.json()["code"] == "reused_envelope" => is_spent = true,
                // Taken: by an earlier attempt that nobody heard the answer of.
                200 | 201 | 409 => {
                    let earlier = judged.replace(answer);
                    assert!(earlier.is_none(), "judged twice: {earlier:?} and {judged:?}");
                }
                _ => panic!("{}: {answer:?}", sent.path),
            }
        }
        let list = if judged.is_some() || is_spent { &self.ledger.judged } else { &self.ledger.unanswered };
        list.lock().unwrap().push(sent.clone());
        judged
    }

    async fn once(&self, node: &Remote, method: Method, path: &str, access: Option<&str>, body: &Value) -> Answer {
        let begun = Instant::now();
        let answer = node.ask(method, path, access, body).await.expect("an answer");
        let answered = Answered { begun, ended: Instant::now(), status: answer.status.as_u16() };
        self.ledger.answers.lock().unwrap().push(answered);
        answer
    }
}
