//! Moving in from the tutorial's service: with a real one, its packages, its tokens, and a real database.
//!
//! `scripts/with-database mysql cargo test --workspace --test migration`
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

#[expect(dead_code, unused_imports, reason = "shared with the tests of the command line, which use all of it")]
#[path = "../cli/support/mod.rs"]
mod support;

mod answers;
mod database;
mod dot_env;
mod guide;
mod moving;
mod people;
mod refused;
mod tokens;
mod tutorial;
