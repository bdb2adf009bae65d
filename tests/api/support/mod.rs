//! A server of the tests' own, and a client that knows its way around.

mod answer;
pub mod bare_node;
pub mod database;
pub mod envelope;
pub mod observe;
#[path = "../../cli/support/pace.rs"]
mod pace;
mod server;

pub use answer::Answer;
pub use pace::{DATABASE_TIMEOUT, Pace};
pub use server::{TestServer, Tokens, shared};

/// Long, uncommon, and of nobody's name.
pub const PASSWORD: &str = "quiet tides wander north";
pub const OTHER_PASSWORD: &str = "seven lanterns drift south";

/// An address that no other test uses.
pub fn new_email() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("person{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed))
}
