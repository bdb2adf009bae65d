//! Proof that a person knows an account's password.

use super::{Account, Argon2Cost, HashMemory, Password, PasswordHash};

/// An account whose password was just checked and matched. It has one constructor, and only a `Verified` opens a
/// session: a flow that forgets the check does not compile.
#[derive(Debug)]
pub struct Verified(Account);

impl Verified {
    /// Checks a password against an account, or against a `decoy` where there is none. `own` is any hash of today's
    /// kind. Takes milliseconds, so it runs on a hashing thread only.
    pub fn by_password(
        account: Option<Account>,
        decoy: &PasswordHash,
        own: &PasswordHash,
        password: &Password,
        memory: &mut HashMemory,
    ) -> Option<Self> {
        let hash = account.as_ref().map_or(decoy, |account| &account.password);
        // Those that are made as today's are our own, which are of the normalized text.
        let is_own = hash.is_made_like(own);
        let found = match hash.matches(password, memory) {
            Ok(false) if !is_own => hash.matches_as_typed(password, memory),
            found => found,
        };
        match found {
            Ok(true) => account.map(Self),
            Ok(false) => None,
            Err(unusable) => {
                tracing::error!(account_id = account.as_ref().map(|account| account.id.as_str()), "{unusable}");
                // A row that nobody can log in with must not answer faster than any other.
                let _ = own.matches(password, memory);
                None
            }
        }
    }

    /// A hash of today's kind, where the stored one is foreign or was made at another cost.
    pub fn replacement(
        &self,
        password: &Password,
        cost: Argon2Cost,
        salt: [u8; 16],
        memory: &mut HashMemory,
    ) -> Option<PasswordHash> {
        let is_current = self.0.password.is_current(cost);
        (!is_current).then(|| PasswordHash::make(password, salt, cost, memory))
    }

    pub fn into_account(self) -> Account {
        self.0
    }

    pub fn account(&self) -> &Account {
        &self.0
    }
}
