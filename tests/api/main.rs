//! The API over real HTTP, as a client would use it; the files mirror the URLs.
//!
//! Runs on embedded SQLite, or on a fresh database of the server that `BULLA_TEST_DATABASE_URL` names.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

mod support;

mod attempts;
mod audit;
mod bodies;
mod collations;
mod envelopes;
mod headers;
mod health;
mod keys;
mod login;
mod malformed;
mod nodes;
mod openapi;
mod overload;
mod pages;
mod password;
mod profile;
mod pruning;
mod refresh;
mod register;
mod sealing_key;
mod sessions;
mod verify;
mod well_known;
