//! The real binary beside a real MySQL: reaching it, moving in, moving over, and its page of the handbook.
//!
//! `scripts/with-database mysql cargo test --workspace --test mysql` starts a server and says where it is.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use std::path::PathBuf;

#[expect(dead_code, reason = "shared with the tests of the API, which use all of it")]
#[path = "../api/support/database.rs"]
mod database;
#[expect(dead_code, unused_imports, reason = "shared with the tests of the command line, which use all of it")]
#[path = "../cli/support/mod.rs"]
mod program;

mod connection;
mod db_copy;
mod handbook;
mod import;
mod transactions;

/// Of the server that `scripts/with-database` started: its socket, its certificates, and clients that enter as root.
fn folder() -> PathBuf {
    let folder = std::env::var("BULLA_TEST_DATABASE_FOLDER");
    folder.expect("this needs a server that scripts/with-database started, not one of yours").into()
}
