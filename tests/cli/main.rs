//! The program as an operator meets it: the real binary, real files and signals, real curl and OpenSSL.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

mod support;

mod audit;
mod canary;
mod check;
mod clock;
mod core_dumps;
mod crash;
mod crowds;
mod db_copy;
mod deadlines;
mod deploy;
mod deploy_page;
mod durability;
mod export;
mod first_start;
mod floods;
mod full_disk;
mod import;
mod keys;
mod logs;
mod lost_writes;
mod metrics;
mod pages;
mod readme;
mod seal;
mod server;
mod settings;
mod stop;
mod terminal;
mod tls;
mod traces;
mod users;
