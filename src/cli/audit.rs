//! `bulla audit`: what happened, as the audit log tells it.

use std::collections::HashSet;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::open::open_database;
use super::users::find;
use super::{Failure, Outcome, print_line};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::model::{AccountId, AuditEvent, AuditKind, Timestamp};
use crate::store::{Db, audit_events};

pub(super) const EXAMPLES: &str = "Examples:
  bulla audit --since 7d --account ada@example.com
  bulla audit --event login_refused --event throttled --follow
  bulla audit --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z --json > november.jsonl";

#[derive(Args, Debug)]
pub(super) struct Audit {
    /// From when on: a time like 2026-11-23T09:00:00Z, or how long ago, like 90s, 15m, 1h, 7d
    #[arg(long, default_value = "1d", value_name = "TIME")]
    since: String,
    /// Until when, in the same words
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    until: Option<String>,
    /// Of this account only, by email address or id
    #[arg(long, value_name = "USER")]
    account: Option<String>,
    /// Of this kind only; may be given several times
    #[arg(long, value_name = "EVENT", help = event_names())]
    event: Vec<String>,
    /// Of this session only
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// From this client address only
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// Of this request only
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Wait for more
    #[arg(long)]
    follow: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    at: Timestamp,
    event: &'a str,
    account_id: Option<&'a AccountId>,
    session_id: Option<&'a str>,
    actor: &'a str,
    address: Option<&'a str>,
    user_agent: Option<&'a str>,
    request_id: Option<&'a str>,
    detail: Option<&'a str>,
}

const PAGE: u32 = 500;
const ASKING_AGAIN: Duration = Duration::from_millis(500);
/// An event gets its id before it is committed, and nodes' clocks differ: whoever follows looks this far back.
const OVERLAP: Duration = Duration::from_secs(30);

/// What is looked for.
struct Filter {
    account: Option<AccountId>,
    kinds: Vec<AuditKind>,
    until: Option<Timestamp>,
    audit: Audit,
}

impl Audit {
    pub(super) async fn run(self, config: Config) -> Outcome {
        let now = Clock::system().now();
        let since = moment(&self.since, now, "--since")?;
        let db = open_database(&config).await?;
        let filter = self.filter(&db, now).await?;
        let (mut seen, mut from) = (HashSet::new(), since);
        loop {
            filter.print_after(&db, AuditEvent::least_id(from), &mut seen).await?;
            if !filter.audit.follow {
                db.close().await;
                return Ok(());
            }
            tokio::time::sleep(ASKING_AGAIN).await;
            from = (Clock::system().now() - OVERLAP).max(since);
        }
    }

    async fn filter(self, db: &Db, now: Timestamp) -> Result<Filter, Failure> {
        let account = match &self.account {
            Some(user) => Some(find(db, user).await?.id),
            None => None,
        };
        let kinds = self.event.iter().map(|name| name.parse()).collect::<Result<_, _>>();
        let kinds = kinds.map_err(|error| Failure::new(format!("--event: {error}. {}", event_names())))?;
        let until = self.until.as_ref().map(|text| moment(text, now, "--until")).transpose()?;
        Ok(Filter { account, kinds, until, audit: self })
    }
}

impl Filter {
    /// Prints everything after the id `after` that was not `seen`. Of what it saw it remembers the last half minute.
    async fn print_after(&self, db: &Db, after: String, seen: &mut HashSet<String>) -> Outcome {
        let mut last = after;
        loop {
            let page = audit_events::list(db, self.account.as_ref(), &last, PAGE).await.map_err(Failure::new)?;
            for event in &page {
                if self.until.is_some_and(|until| event.at >= until) {
                    return Ok(());
                }
                if self.wants(event) && seen.insert(event.id.clone()) {
                    print(event, self.audit.json)?;
                }
            }
            let Some(newest) = page.last() else { return Ok(()) };
            let overlap = AuditEvent::least_id(newest.at - OVERLAP);
            seen.retain(|id| *id >= overlap);
            last.clone_from(&newest.id);
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn wants(&self, event: &AuditEvent) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|it| found == Some(it));
        (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.as_str() == event.kind))
            && is(&self.audit.session, event.session_id.as_ref().map(|id| id.as_str()))
            && is(&self.audit.address, event.address.as_deref())
            && is(&self.audit.request, event.request_id.as_ref().map(|id| id.as_str()))
    }
}

fn print(event: &AuditEvent, json: bool) -> Outcome {
    let line = Line {
        id: &event.id,
        at: event.at,
        event: &event.kind,
        account_id: event.account_id.as_ref(),
        session_id: event.session_id.as_ref().map(|id| id.as_str()),
        actor: &event.actor,
        address: event.address.as_deref(),
        user_agent: event.user_agent.as_deref(),
        request_id: event.request_id.as_ref().map(|id| id.as_str()),
        detail: event.detail.as_deref(),
    };
    if json { print_line(serde_json::to_string(&line).map_err(Failure::new)?) } else { print_line(line) }
}

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}  {:24}", self.at, self.event)?;
        let account = self.account_id.map(AccountId::as_str);
        let parts = [
            ("account", account),
            ("session", self.session_id),
            ("by", Some(self.actor).filter(|actor| *actor != "client")),
            ("from", self.address),
            ("request", self.request_id),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                write!(formatter, "  {name}={}", value.escape_debug())?;
            }
        }
        // The only text that comes from outside: whatever is in it, it stays one line of visible characters.
        if let Some(agent) = self.user_agent {
            write!(formatter, "  agent=\"{}\"", agent.escape_debug())?;
        }
        self.detail.map_or(Ok(()), |detail| write!(formatter, "  {detail}"))
    }
}

/// A time, or how long ago.
fn moment(text: &str, now: Timestamp, flag: &str) -> Result<Timestamp, Failure> {
    let ago = config::duration(text).ok().filter(|_| !text.contains(['-', ':']));
    let found = ago.map(|ago| now - ago).or_else(|| Timestamp::parse(text));
    found.ok_or_else(|| {
        Failure::new(format!("{flag} must be like 2026-11-23T09:00:00Z, or like 15m, 1h, 7d ago (it is {text:?})"))
    })
}

fn event_names() -> String {
    let names: Vec<&str> = AuditKind::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("Of this kind only; may be given several times. The kinds are: {}", names.join(", "))
}
