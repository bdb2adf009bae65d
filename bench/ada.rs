//! The one account of a server, and its owner.

use bulla::model::{Argon2Cost, HashMemory, Password, PasswordHash};
use bulla::random::Random;
use bulla_seal::Purpose;
use serde_json::json;
use zeroize::Zeroizing;

use crate::offer::Offer;
use crate::stage::Failure;
use crate::wire::{Answer, Wire, post};

pub const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "quiet tides wander north";

/// For [`import`](crate::stage::import).
pub fn users() -> String {
    let password = Password::new(Zeroizing::new(PASSWORD.to_owned()));
    let salt = Random::new().bytes();
    let hash = PasswordHash::make(&password, salt, Argon2Cost::DEFAULT, &mut HashMemory::default());
    format!("id,name,email,password\n1,Ada,{EMAIL},\"{}\"\n", hash.as_str())
}

pub fn log_in(wire: &mut Wire) -> Result<Answer, Failure> {
    let password = Offer::fetch(wire)?.seal(Purpose::Login, EMAIL, PASSWORD)?;
    wire.ask(&post("/api/auth/login", "", &json!({ "email": EMAIL, "password": password })))
}
