//! Access tokens whose signature was checked lately, so that a gateway that asks for each request of an application
//! costs a signature once.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use bulla_token::{Claims, Verifier};
use crossbeam_utils::sync::ShardedLock;

/// Bounded: of two generations the older one is forgotten once the younger is full. What was asked for again meanwhile is
/// in the younger one.
#[derive(Debug)]
pub struct VerifiedTokens {
    key: LessSafeKey,
    generations: ShardedLock<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    /// What verified them: other keys, other verdicts.
    verifier: Option<Arc<Verifier>>,
    young: HashMap<TokenTag, Arc<Claims>>,
    old: HashMap<TokenTag, Arc<Claims>>,
}

/// AES-GMAC (NIST SP 800-38D §6.4) of a token, under a key that no one else has: no token is kept in memory, and nobody can
/// make one with the tag of another. That takes a third to a quarter of the time of an AES-CMAC.
///
/// The nonce is always the same. Of GMAC that leaves a universal hash: two tokens that fit into a request have the same tag
/// for at most one of 2^116 keys. Whoever saw tags could work out the key, and nobody does: they never leave this map.
pub type TokenTag = [u8; 16];

const NONCE: [u8; 12] = [0; 12];

/// In each generation; some 500 bytes each.
const MOST_TOKENS: usize = 8192;

impl VerifiedTokens {
    pub fn new(key: [u8; 16]) -> Self {
        let key = UnboundKey::new(&AES_128_GCM, &key).expect("AES-128 takes any 16 bytes");
        Self { key: LessSafeKey::new(key), generations: ShardedLock::default() }
    }

    pub fn tag(&self, token: &str) -> TokenTag {
        let nonce = Nonce::assume_unique_for_key(NONCE);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(token), &mut []);
        tag.expect("there is nothing to encrypt").as_ref().try_into().expect("a block of AES has 16 bytes")
    }

    /// A look at the claims of a token that this one verified and that was asked for lately, for what is done so often that
    /// to count who holds them would cost more.
    pub fn look<T>(&self, token: &TokenTag, verifier: &Arc<Verifier>, at: impl FnOnce(&Claims) -> T) -> Option<T> {
        let generations = self.generations.read().expect(NO_PANIC);
        generations.young.get(token).filter(|_| generations.are_of(verifier)).map(|claims| at(claims))
    }

    /// The claims of a token that this one verified. Whether they hold *now* is for the caller to say.
    pub fn get(&self, token: &TokenTag, verifier: &Arc<Verifier>) -> Option<Arc<Claims>> {
        let generations = self.generations.read().expect(NO_PANIC);
        if !generations.are_of(verifier) {
            return None;
        }
        if let Some(claims) = generations.young.get(token) {
            return Some(Arc::clone(claims));
        }
        let claims = Arc::clone(generations.old.get(token)?);
        drop(generations);
        self.insert(*token, Arc::clone(&claims), verifier);
        Some(claims)
    }

    /// Remembers a token that this one verified.
    pub fn insert(&self, token: TokenTag, claims: Arc<Claims>, verifier: &Arc<Verifier>) {
        let mut generations = self.generations.write().expect(NO_PANIC);
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

    fn insert(&mut self, token: TokenTag, claims: Arc<Claims>) {
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

    fn tokens() -> VerifiedTokens {
        VerifiedTokens::new([7; 16])
    }

    fn tag_of(number: usize) -> TokenTag {
        tokens().tag(&number.to_string())
    }

    #[test]
    fn a_tag_is_of_the_whole_token_and_of_the_key() {
        let zero = VerifiedTokens::new([0; 16]);
        // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 1.
        let empty = 0x58e2_fcce_fa7e_3061_367f_1d57_a4e7_455a_u128;
        assert_eq!(zero.tag(""), empty.to_be_bytes());
        let token = "x".repeat(600);
        for place in [0, 1, 16, 300, 599] {
            let mut other = token.clone();
            other.replace_range(place..=place, "y");
            assert_ne!(zero.tag(&other), zero.tag(&token), "{place}");
        }
        assert_ne!(zero.tag(&token[1..]), zero.tag(&token));
        assert_ne!(tokens().tag(&token), zero.tag(&token));
    }

    #[test]
    fn a_token_is_known_by_its_whole_text_and_for_the_keys_that_verified_it() {
        let (tokens, first, other) = (tokens(), verifier(), verifier());
        tokens.insert(tag_of(1), claims("one"), &first);
        assert_eq!(tokens.get(&tag_of(1), &first).unwrap().jti, "one");
        assert!(tokens.get(&tag_of(2), &first).is_none());
        assert!(tokens.get(&tag_of(1), &other).is_none());
        // A key was withdrawn: what it verified is forgotten with it.
        tokens.insert(tag_of(2), claims("two"), &other);
        assert!(tokens.get(&tag_of(1), &first).is_none() && tokens.get(&tag_of(1), &other).is_none());
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let (tokens, first) = (tokens(), verifier());
        for number in 0..10 * MOST_TOKENS {
            tokens.insert(tag_of(number), claims("x"), &first);
            assert!(number == 0 || tokens.get(&tag_of(0), &first).is_some(), "after {number}");
        }
        let generations = tokens.generations.read().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * MOST_TOKENS);
        assert!(!generations.old.contains_key(&tag_of(1)) && !generations.young.contains_key(&tag_of(1)));
    }
}
