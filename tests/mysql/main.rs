//! What only a database server of its own can show: it stops answering, and comes back.
//!
//! `scripts/with-database mysql cargo test --release --test mysql` starts one and says where it is.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

#[expect(dead_code, reason = "shared with the tests of the API, which use all of it")]
#[path = "../api/support/mod.rs"]
mod support;

mod stopped;
