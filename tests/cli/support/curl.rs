//! Requests by curl, and what came back.

use std::process::Command;

use serde_json::Value;

use super::{Process, Ran};

#[derive(Clone, Debug)]
pub struct Answer {
    /// `HTTP/1.1` or `HTTP/2`.
    pub protocol: String,
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Runs `curl …`; the deadline is far beyond any of the server's.
#[track_caller]
pub fn curl(arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new("curl");
    let ours = ["--silent", "--show-error", "--include", "--max-time", "50", "--noproxy", "*"];
    Process::run(command.arg("--disable").args(ours).args(arguments), input)
}

impl Answer {
    /// `None` when the connection broke before the whole answer was there.
    pub fn of(ran: &Ran) -> Option<Self> {
        if !ran.status.success() {
            return None;
        }
        let text = ran.stdout.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n")?;
        let (protocol, status) = head.lines().next()?.split_once(' ')?;
        let status = status.split(' ').next()?.parse().ok()?;
        Some(Self { protocol: protocol.to_owned(), status, head: head.to_lowercase(), body: body.to_owned() })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The body, if the status is the expected one.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.trim().is_empty() { Value::Null } else { self.json() }
    }

    pub fn is(&self, status: u16, code: &str) -> bool {
        self.status == status && self.json()["code"] == code
    }

    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        assert!(self.is(status, code), "expected {status} {code}: {self:?}");
    }
}
