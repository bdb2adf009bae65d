//! What a server hands out for sealing.

use bulla_seal::{Jwk, Payload, PublicKey, Purpose, seal};

use crate::stage::Failure;
use crate::wire::{Wire, get};

pub struct Offer {
    pub key: PublicKey,
    pub nonce: String,
}

impl Offer {
    pub fn fetch(wire: &mut Wire) -> Result<Self, Failure> {
        let document = wire.ask(&get("/api/auth/sealing-key", ""))?.json()?;
        let jwk: Jwk = serde_json::from_value(document["jwk"].clone())?;
        Ok(Self { key: PublicKey::from_jwk(&jwk)?, nonce: document["nonce"].as_str().ok_or("no nonce")?.to_owned() })
    }

    pub fn seal(&self, purpose: Purpose, email: &str, password: &str) -> Result<String, Failure> {
        Ok(seal(&self.key, &Payload { password, purpose, email, nonce: &self.nonce })?)
    }
}
