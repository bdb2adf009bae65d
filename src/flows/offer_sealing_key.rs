//! What a client needs to seal a password: the active key and a nonce.

use bulla_seal::PublicKey;

use super::Internal;
use crate::app::App;

#[derive(Clone, Debug)]
pub struct OfferedKey {
    pub key: PublicKey,
    pub nonce: String,
}

pub fn offer_sealing_key(app: &App) -> Result<OfferedKey, Internal> {
    let now = app.clock.now();
    let key = app.keys.current().active_sealing(now)?.public().clone();
    Ok(OfferedKey { key, nonce: app.nonces.issue(now.milliseconds()) })
}
