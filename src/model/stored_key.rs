//! A key of the server as the database keeps it.

use std::fmt;

use super::Timestamp;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredKey {
    pub kid: String,
    pub purpose: String,
    /// Counts up by one from key to key of a purpose; unique, which is how exactly one node makes the next key.
    pub generation: i64,
    pub algorithm: String,
    /// PKCS#8 under the master key; gone once the key may no longer be used.
    pub private_key: Option<Vec<u8>>,
    /// The public JWK, as JSON.
    pub public_jwk: String,
    pub created_at: Timestamp,
    /// May lie ahead: a signing key is published before it is used.
    pub active_at: Timestamp,
    /// When its successor takes over.
    pub retiring_at: Option<Timestamp>,
    /// From when on it opens or verifies nothing.
    pub retired_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// RSA, opens sealed passwords.
    Sealing,
    /// Signs access tokens.
    Signing,
}

/// Where a key stands in its life; the times in its row decide, so every node agrees without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStage {
    /// Published ahead of its use.
    Next,
    Active,
    /// Still opens, or still verifies.
    Retiring,
    Retired,
}

impl StoredKey {
    pub fn stage(&self, now: Timestamp) -> KeyStage {
        let is_past = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        if is_past(self.retired_at) {
            KeyStage::Retired
        } else if is_past(self.retiring_at) {
            KeyStage::Retiring
        } else if self.active_at > now {
            KeyStage::Next
        } else {
            KeyStage::Active
        }
    }

    /// What the private part is encrypted for: a row's secret cannot be moved to another row.
    pub fn encryption_context(purpose: KeyPurpose, kid: &str) -> String {
        format!("{}/{kid}", purpose.as_str())
    }
}

impl KeyPurpose {
    pub const ALL: [Self; 2] = [Self::Sealing, Self::Signing];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Signing => "signing",
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for KeyStage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        })
    }
}
