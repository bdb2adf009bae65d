//! The one account of a server, and its owner.

use bulla_seal::Purpose;
use serde_json::json;

use crate::offer::Offer;
use crate::stage::{Failure, password_hash};
use crate::wire::{Answer, Wire, post};

pub const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "quiet tides wander north";

/// For [`import`](crate::stage::import).
pub fn users() -> String {
    format!("id,name,email,password\n1,Ada,{EMAIL},\"{}\"\n", password_hash(PASSWORD).as_str())
}

pub fn log_in(wire: &mut Wire) -> Result<Answer, Failure> {
    let password = Offer::fetch(wire)?.seal(Purpose::Login, EMAIL, PASSWORD)?;
    wire.ask(&post("/api/auth/login", "", &json!({ "email": EMAIL, "password": password })))
}
