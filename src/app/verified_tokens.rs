//! Access tokens whose signature was checked lately, so that a gateway that asks for each request of an application
//! costs a signature once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use bulla_token::Claims;

use super::Ring;

/// Bounded: of two generations the older one is forgotten once the younger is full. What was asked for again meanwhile is
/// in the younger one.
#[derive(Debug, Default)]
pub struct VerifiedTokens(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    /// The keys that they were verified with: other keys, other verdicts.
    ring: Option<Arc<Ring>>,
    young: HashMap<TokenDigest, Arc<Claims>>,
    old: HashMap<TokenDigest, Arc<Claims>>,
}

/// SHA-256, so that no token is kept in memory.
pub type TokenDigest = [u8; 32];

/// In each generation; some 500 bytes each.
const MOST_TOKENS: usize = 8192;

impl VerifiedTokens {
    pub fn digest(token: &str) -> TokenDigest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        bytes
    }

    /// The claims of a token that verified with these keys. Whether they hold *now* is for the caller to say.
    pub fn get(&self, token: &TokenDigest, ring: &Arc<Ring>) -> Option<Arc<Claims>> {
        let mut generations = self.0.lock().expect(NO_PANIC);
        if !generations.are_of(ring) {
            return None;
        }
        if let Some(claims) = generations.young.get(token) {
            return Some(Arc::clone(claims));
        }
        let claims = generations.old.remove(token)?;
        generations.insert(*token, Arc::clone(&claims));
        Some(claims)
    }

    /// Remembers a token that verified with these keys.
    pub fn insert(&self, token: TokenDigest, claims: Arc<Claims>, ring: &Arc<Ring>) {
        let mut generations = self.0.lock().expect(NO_PANIC);
        if !generations.are_of(ring) {
            *generations = Generations { ring: Some(Arc::clone(ring)), ..Generations::default() };
        }
        generations.insert(token, claims);
    }
}

impl Generations {
    fn are_of(&self, ring: &Arc<Ring>) -> bool {
        self.ring.as_ref().is_some_and(|known| Arc::ptr_eq(known, ring))
    }

    fn insert(&mut self, token: TokenDigest, claims: Arc<Claims>) {
        if self.young.len() >= MOST_TOKENS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token, claims);
    }
}

const NO_PANIC: &str = "no thread panics while it holds this lock";

#[cfg(test)]
mod tests {
    use bulla_token::{JwkSet, Verifier};

    use super::*;

    fn claims(jti: &str) -> Arc<Claims> {
        let text = |text: &str| text.to_owned();
        let (iss, sub, aud, sid, email) = (text("i"), text("s"), text("a"), text("d"), text("e"));
        Arc::new(Claims { iss, sub, aud, exp: 2, iat: 1, jti: text(jti), sid, email, id: None })
    }

    fn ring() -> Arc<Ring> {
        Arc::new(Ring::of_nothing(JwkSet { keys: Vec::new() }, Verifier::new("i", "a")))
    }

    fn digest_of(number: usize) -> TokenDigest {
        VerifiedTokens::digest(&number.to_string())
    }

    #[test]
    fn a_token_is_known_by_its_whole_text_and_for_the_keys_that_verified_it() {
        let (tokens, ring, other) = (VerifiedTokens::default(), ring(), ring());
        tokens.insert(digest_of(1), claims("one"), &ring);
        assert_eq!(tokens.get(&digest_of(1), &ring).unwrap().jti, "one");
        assert!(tokens.get(&digest_of(2), &ring).is_none());
        assert!(tokens.get(&digest_of(1), &other).is_none());
        // A key was withdrawn: what it verified is forgotten with it.
        tokens.insert(digest_of(2), claims("two"), &other);
        assert!(tokens.get(&digest_of(1), &ring).is_none() && tokens.get(&digest_of(1), &other).is_none());
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let (tokens, ring) = (VerifiedTokens::default(), ring());
        for number in 0..10 * MOST_TOKENS {
            tokens.insert(digest_of(number), claims("x"), &ring);
            assert!(number == 0 || tokens.get(&digest_of(0), &ring).is_some(), "after {number}");
        }
        let generations = tokens.0.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * MOST_TOKENS);
        assert!(!generations.old.contains_key(&digest_of(1)) && !generations.young.contains_key(&digest_of(1)));
    }
}
