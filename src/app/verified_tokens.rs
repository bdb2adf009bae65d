//! Access tokens whose signature was checked lately, so that a gateway that asks for each request of an application
//! costs a signature once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use bulla_token::{Claims, Verifier};

/// Bounded: of two generations the older one is forgotten once the younger is full. What was asked for again meanwhile is
/// in the younger one.
#[derive(Debug, Default)]
pub struct VerifiedTokens(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    /// What verified them: other keys, other verdicts.
    verifier: Option<Arc<Verifier>>,
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

    /// The claims of a token that this one verified. Whether they hold *now* is for the caller to say.
    pub fn get(&self, token: &TokenDigest, verifier: &Arc<Verifier>) -> Option<Arc<Claims>> {
        let mut generations = self.0.lock().expect(NO_PANIC);
        if !generations.are_of(verifier) {
            return None;
        }
        if let Some(claims) = generations.young.get(token) {
            return Some(Arc::clone(claims));
        }
        let claims = generations.old.remove(token)?;
        generations.insert(*token, Arc::clone(&claims));
        Some(claims)
    }

    /// Remembers a token that this one verified.
    pub fn insert(&self, token: TokenDigest, claims: Arc<Claims>, verifier: &Arc<Verifier>) {
        let mut generations = self.0.lock().expect(NO_PANIC);
        if !generations.are_of(verifier) {
            *generations = Generations { verifier: Some(Arc::clone(verifier)), ..Generations::default() };
        }
        generations.insert(token, claims);
    }
}

impl Generations {
    fn are_of(&self, verifier: &Arc<Verifier>) -> bool {
        self.verifier.as_ref().is_some_and(|known| Arc::ptr_eq(known, verifier))
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
    use super::*;

    fn claims(jti: &str) -> Arc<Claims> {
        let text = |text: &str| text.to_owned();
        let (iss, sub, aud, sid, email) = (text("i"), text("s"), text("a"), text("d"), text("e"));
        Arc::new(Claims { iss, sub, aud, exp: 2, iat: 1, jti: text(jti), sid, email, id: None })
    }

    fn verifier() -> Arc<Verifier> {
        Arc::new(Verifier::new("i", "a"))
    }

    fn digest_of(number: usize) -> TokenDigest {
        VerifiedTokens::digest(&number.to_string())
    }

    #[test]
    fn a_token_is_known_by_its_whole_text_and_for_the_keys_that_verified_it() {
        let (tokens, first, other) = (VerifiedTokens::default(), verifier(), verifier());
        tokens.insert(digest_of(1), claims("one"), &first);
        assert_eq!(tokens.get(&digest_of(1), &first).unwrap().jti, "one");
        assert!(tokens.get(&digest_of(2), &first).is_none());
        assert!(tokens.get(&digest_of(1), &other).is_none());
        // A key was withdrawn: what it verified is forgotten with it.
        tokens.insert(digest_of(2), claims("two"), &other);
        assert!(tokens.get(&digest_of(1), &first).is_none() && tokens.get(&digest_of(1), &other).is_none());
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let (tokens, first) = (VerifiedTokens::default(), verifier());
        for number in 0..10 * MOST_TOKENS {
            tokens.insert(digest_of(number), claims("x"), &first);
            assert!(number == 0 || tokens.get(&digest_of(0), &first).is_some(), "after {number}");
        }
        let generations = tokens.0.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * MOST_TOKENS);
        assert!(!generations.old.contains_key(&digest_of(1)) && !generations.young.contains_key(&digest_of(1)));
    }
}
