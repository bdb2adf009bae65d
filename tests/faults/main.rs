//! Several real processes on one database server, and a server that is killed, stopped and cut off.
//!
//! `scripts/with-database mysql cargo test --workspace --test faults` starts a server that may be harmed.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

mod cut_off;
mod database;
mod deadlocks;
mod killed;
mod ledger;
mod migrations;
mod node;
mod nodes;
mod rotations;
mod stopped;

#[expect(dead_code, unused_imports, reason = "shared with the tests of the command line, which use all of it")]
#[path = "../cli/support/mod.rs"]
mod processes;

#[expect(dead_code, unused_imports, reason = "shared with the tests of the API, which use all of it")]
#[path = "../api/support/mod.rs"]
mod support;
