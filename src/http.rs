//! URLs: requests in, one flow each, answers out.

mod activity;
mod answers;
mod client_address;
mod counted;
mod entrance;
mod error;
mod extract;
mod health;
mod login;
mod metrics;
pub mod openapi;
mod pages;
mod password;
mod profile;
mod refresh;
mod register;
mod request;
mod router;
mod sealing_key;
pub mod server;
mod sessions;
pub mod strict_json;
mod traced;
mod verify;
mod well_known;

pub use metrics::{install_metrics, metrics_router};
pub use router::{entrance, paths};
