//! A folder to run `bulla` in, a server that ends with its test, and clients that are not ours.

mod curl;
mod home;
mod moved;
mod openssl;
mod pace;
mod ports;
mod process;
pub mod rows;
mod server;
mod walkthrough;

use std::net::TcpStream;
use std::time::Duration;

pub use curl::{Answer, curl};
pub use home::Home;
pub use moved::{Moved, home_with_url};
pub use openssl::{openssl, rsa_key, tls_files};
pub use pace::{DATABASE_TIMEOUT, Pace};
pub use ports::free_port;
pub use process::{Process, Ran, most_memory_kib};
pub use server::{Remote, Server, Tokens, body};
pub use walkthrough::Walkthrough;

/// Long, uncommon, and of nobody's name.
pub const PASSWORD: &str = "quiet tides wander north";
pub const OTHER_PASSWORD: &str = "seven lanterns drift south";
/// Random, as a shared secret must be.
pub const SECRET: &str = "nK8r1ZxQ0vJ5yTgW3mB7cLs9HfDp2aEu";
pub const EMAIL: &str = "ada@example.com";

/// More than anything here takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer, and fails when the time is over.
#[track_caller]
pub fn within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Pace::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// A socket to `address` whose reads fail rather than wait for ever.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
