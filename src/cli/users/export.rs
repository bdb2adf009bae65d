//! `bulla users export`

use std::io::{BufWriter, IsTerminal, Write, stdout};

use serde::Serialize;

use super::PAGE;
use crate::cli::open::open_database;
use crate::cli::{Failure, Outcome};
use crate::config::Config;
use crate::model::{Account, Timestamp};
use crate::store::accounts;

/// What `bulla users import` reads.
#[derive(Serialize)]
struct Exported<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    password: &'a str,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

/// Writes every account as a line of JSON, a page at a time: there may be more than fit into memory.
pub(super) async fn run(config: &Config) -> Outcome {
    if stdout().is_terminal() {
        eprintln!("bulla: these lines hold password hashes; write them to a file that only you can read");
    }
    let db = open_database(config).await?;
    let mut out = BufWriter::new(stdout().lock());
    let mut after = String::new();
    loop {
        let page = accounts::list(&db, &after, PAGE).await.map_err(Failure::new)?;
        for account in &page {
            serde_json::to_writer(&mut out, &exported(account)).map_err(unwritten)?;
            out.write_all(b"\n").map_err(unwritten)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = last.id.to_string(),
            _ => return out.flush().map_err(unwritten),
        }
    }
}

fn exported(account: &Account) -> Exported<'_> {
    Exported {
        id: account.id.as_str(),
        name: account.name.as_str(),
        email: account.email.as_str(),
        password: account.password.as_str(),
        created_at: account.created_at,
        disabled_at: account.disabled_at,
    }
}

fn unwritten(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("not all accounts were written: {error}"))
}
