//! What a password is checked against where there is no account.
//!
//! An imported account answers in the time of its foreign hash until its first good login, so an unknown address must
//! sometimes do so too. Addresses get hashes of the kinds and costs, and in the proportion, in which accounts have them;
//! each always the same one. Then the time of an answer tells of an account no more than how common its kind is.

use std::fmt;
use std::sync::{Arc, RwLock};

use aws_lc_rs::hmac;

use crate::model::{Email, PasswordHash};

pub struct Decoys {
    /// Of today's kind, of a password that nobody knows.
    own: PasswordHash,
    key: hmac::Key,
    /// Foreign ones first: as accounts are upgraded one after the other, so are the addresses that have none.
    sample: RwLock<Arc<[PasswordHash]>>,
}

impl Decoys {
    /// All of them of our own kind, as long as nothing else is known. All nodes have the same `key`.
    pub fn new(own: PasswordHash, key: &[u8; 32]) -> Self {
        Self { own, key: hmac::Key::new(hmac::HMAC_SHA256, key), sample: RwLock::default() }
    }

    /// A hash of today's kind.
    pub fn own(&self) -> &PasswordHash {
        &self.own
    }

    /// What an address that has no account is checked against.
    pub fn of(&self, email: &Email) -> PasswordHash {
        let sample = Arc::clone(&self.sample.read().expect("no thread panics while it holds this lock"));
        let tag = hmac::sign(&self.key, email.as_str().as_bytes());
        let (head, _) = tag.as_ref().split_first_chunk().expect("a tag has 32 bytes");
        // A fraction of the sample, not a remainder: as the sample changes, few addresses move.
        let place = (u128::from(u64::from_be_bytes(*head)) * sample.len() as u128) >> 64;
        sample.get(place as usize).unwrap_or(&self.own).clone()
    }

    /// Takes the kinds, costs and proportions of these hashes of accounts, and nothing else of them.
    pub fn learn(&self, hashes: &[PasswordHash]) {
        let (own, foreign): (Vec<_>, Vec<_>) = hashes.iter().partition(|hash| hash.is_made_like(&self.own));
        let decoys = foreign.into_iter().map(PasswordHash::decoy).chain(own.into_iter().map(|_| self.own.clone()));
        *self.sample.write().expect("no thread panics while it holds this lock") = decoys.collect();
    }
}

impl fmt::Debug for Decoys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Decoys(…)")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::model::{Argon2Cost, HashMemory, Password};

    fn decoys() -> Decoys {
        let password = Password::new(Zeroizing::new("open sesame".to_owned()));
        let own = PasswordHash::make(&password, [1; 16], Argon2Cost::DEFAULT, &mut HashMemory::default());
        Decoys::new(own, &[7; 32])
    }

    fn emails() -> impl Iterator<Item = Email> {
        (0..1000).map(|number| Email::parse(&format!("p{number}@example.com")).unwrap())
    }

    fn foreign(decoys: &Decoys) -> Vec<bool> {
        emails().map(|email| !decoys.of(&email).is_made_like(decoys.own())).collect()
    }

    #[test]
    fn nothing_is_foreign_where_no_account_is() {
        let decoys = decoys();
        assert!(foreign(&decoys).iter().all(|is_foreign| !is_foreign));
        decoys.learn(&[decoys.own().clone()]);
        assert!(foreign(&decoys).iter().all(|is_foreign| !is_foreign));
    }

    #[test]
    fn unknown_addresses_have_the_kinds_of_accounts_in_their_proportion_and_never_go_back() {
        let decoys = decoys();
        let bcrypt = PasswordHash::parse(&bcrypt::hash("x", 4).unwrap()).unwrap();
        let mix = |foreign: usize| [vec![bcrypt.clone(); foreign], vec![decoys.own().clone(); 100 - foreign]].concat();
        let mut before = vec![true; 1000];
        for share in [60, 40, 10] {
            decoys.learn(&mix(share));
            let now = foreign(&decoys);
            let count = now.iter().filter(|is_foreign| **is_foreign).count();
            assert!((share * 10).abs_diff(count) < 50, "{count} of 1000, at {share} %");
            assert!(now.iter().zip(&before).all(|(now, before)| *before || !now), "one went back to a foreign kind");
            before = now;
        }
    }

    #[test]
    fn a_decoy_is_of_the_same_kind_and_cost_and_no_copy() {
        let mut memory = HashMemory::default();
        let password = Password::new(Zeroizing::new("open sesame".to_owned()));
        for text in [
            bcrypt::hash("open sesame", 4).unwrap(),
            "$pbkdf2-sha256$i=2$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y=".to_owned(),
            "$scrypt$ln=4,r=1,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg".to_owned(),
        ] {
            let hash = PasswordHash::parse(&text).unwrap();
            let decoy = hash.decoy();
            assert_ne!(decoy, hash);
            assert_eq!(decoy.as_str().len(), text.len());
            assert_eq!(decoy.as_str()[..12], text[..12]);
            assert_eq!(decoy.matches(&password, &mut memory), Ok(false), "{}", decoy.as_str());
        }
    }
}
