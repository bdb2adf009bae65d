//! Issuing and verifying: what a token's holder, its issuer and time itself can and cannot do.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use bulla_token::{
    Algorithm, Claims, InvalidToken, JwkSet, KeyError, MAXIMUM_TOKEN_BYTES, SigningKey, Verifier, kid_of,
};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";

#[test]
fn a_token_of_each_algorithm_verifies_with_its_claims() {
    for key in keys() {
        let token = key.issue(&claims()).unwrap();
        assert_eq!(verifier(&[key]).verify(&token, NOW), Ok(claims()));
    }
}

#[test]
fn a_token_verifies_offline_from_the_text_of_the_key_set() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let text = serde_json::to_string(&key_set(&[&key])).unwrap();
        let key_set: JwkSet = serde_json::from_str(&text).unwrap();
        let offline = Verifier::new(ISSUER, AUDIENCE).with_jwks(&key_set).unwrap();
        let token = key.issue(&claims()).unwrap();
        assert_eq!(offline.verify(&token, NOW), Ok(claims()));
    }
}

#[test]
fn a_token_with_any_one_character_changed_is_refused() {
    for key in keys() {
        let token = key.issue(&claims()).unwrap();
        let verifier = verifier(std::slice::from_ref(&key));
        for index in 0..token.len() {
            for replacement in ["A", "B", "_", ".", "="] {
                let changed = [&token[..index], replacement, &token[index + 1..]].concat();
                let verdict = verifier.verify(&changed, NOW);
                assert!(changed == token || verdict.is_err(), "{index} {replacement} {key:?}");
            }
        }
    }
}

#[test]
fn claims_hold_for_as_long_as_their_token_would_verify() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let verifier = verifier(std::slice::from_ref(&key));
    let token = key.issue(&claims()).unwrap();
    for now in [NOW - 3600, NOW - 6, NOW - 5, NOW, NOW + 599, NOW + 600, i64::MAX] {
        assert_eq!(verifier.still_holds(&claims(), now), verifier.verify(&token, now).is_ok(), "{now}");
    }
    for other in [Verifier::new(ISSUER, "https://other.example"), Verifier::new("https://other.example", AUDIENCE)] {
        assert!(!other.still_holds(&claims(), NOW));
    }
}

#[test]
fn a_token_with_the_last_character_changed_to_any_other_is_refused() {
    for key in keys() {
        let token = key.issue(&claims()).unwrap();
        let verifier = verifier(&[key]);
        for last in (0_u8..128).map(char::from) {
            let changed = format!("{}{last}", &token[..token.len() - 1]);
            assert!(changed == token || verifier.verify(&changed, NOW).is_err(), "{last}");
        }
    }
}

#[test]
fn a_token_cut_anywhere_is_refused() {
    for key in keys() {
        let token = key.issue(&claims()).unwrap();
        let verifier = verifier(&[key]);
        for length in 0..token.len() {
            assert!(verifier.verify(&token[..length], NOW).is_err(), "{length}");
        }
    }
}

#[test]
fn a_token_lives_until_the_second_before_exp() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let token = key.issue(&claims()).unwrap();
    let verifier = verifier(&[key]).with_leeway_seconds(60);
    let exp = claims().exp;
    assert!(verifier.verify(&token, exp - 1).is_ok());
    for now in [exp, exp + 1, i64::MAX] {
        assert_eq!(verifier.verify(&token, now), Err(InvalidToken::Expired));
    }
}

#[test]
fn leeway_forgives_a_slow_clock_up_to_60_seconds() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let token = key.issue(&claims()).unwrap();
    let iat = claims().iat;
    let verifier = verifier(&[key]);
    for (leeway, seconds) in [(0, 0), (5, 5), (60, 60), (61, 60), (255, 60)] {
        let verifier = verifier.clone().with_leeway_seconds(leeway);
        assert!(verifier.verify(&token, iat - seconds).is_ok(), "{leeway}");
        let early = verifier.verify(&token, iat - seconds - 1);
        assert_eq!(early, Err(InvalidToken::NotYetValid), "{leeway}");
    }
    assert_eq!(verifier.verify(&token, i64::MIN), Err(InvalidToken::NotYetValid));
}

#[test]
fn next_active_and_retiring_keys_verify_and_a_retired_one_does_not() {
    let [retired, retiring, active, next] = [Algorithm::Es256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let published = key_set(&[&next, &active, &retiring]);
    let verifier = Verifier::new(ISSUER, AUDIENCE).with_jwks(&published).unwrap();
    for key in [&retiring, &active, &next] {
        assert!(verifier.verify(&key.issue(&claims()).unwrap(), NOW).is_ok());
        assert!(verifier.knows(key.kid()));
    }
    let old = retired.issue(&claims()).unwrap();
    assert_eq!(verifier.verify(&old, NOW), Err(InvalidToken::UnknownKey));
    assert!(!verifier.knows(&kid_of(&old).unwrap()));
}

#[test]
fn a_verifier_without_keys_refuses_everything() {
    for key in keys() {
        let token = key.issue(&claims()).unwrap();
        assert_eq!(verifier(&[]).verify(&token, NOW), Err(InvalidToken::UnknownKey));
    }
}

#[test]
fn the_kid_of_a_token_can_be_read_without_keys_but_only_from_a_proper_header() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = key.issue(&claims()).unwrap();
    assert_eq!(kid_of(&token).as_deref(), Some(key.kid()));
    for text in ["", "..", "a.b.c", "e30.e30.", &"A".repeat(10_000), &token[..80]] {
        assert_eq!(kid_of(text), None, "{text}");
    }
}

#[test]
fn a_token_that_every_verifier_would_refuse_for_its_size_is_not_issued() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let email = |length| Claims { email: "a".repeat(length), ..claims() };
    let largest = (5500..6200).filter_map(|length| key.issue(&email(length)).ok()).next_back().unwrap();
    assert!(MAXIMUM_TOKEN_BYTES - largest.len() < 2);
    assert!(verifier(std::slice::from_ref(&key)).verify(&largest, NOW).is_ok());
    assert_eq!(key.issue(&email(6200)), Err(KeyError::TokenTooLong));
}

#[test]
fn keys_and_verifiers_are_shared_between_threads() {
    fn assert_shared<T: Clone + Send + Sync + 'static>() {}
    assert_shared::<SigningKey>();
    assert_shared::<Verifier>();
}

#[test]
fn debug_prints_kid_and_algorithm_and_no_key() {
    let keys = keys();
    let printed = format!("{keys:?} {:?}", verifier(&keys));
    assert!(printed.contains("shared-secret") && printed.contains("Es256"));
    let [ec, ..] = &keys;
    let x = ec.jwk().unwrap().x.clone().unwrap();
    assert!(!printed.contains("Random") && !printed.contains(&x), "{printed}");
}

fn keys() -> [SigningKey; 4] {
    [
        SigningKey::generate(Algorithm::Es256).unwrap(),
        SigningKey::generate(Algorithm::Rs256).unwrap(),
        SigningKey::generate(Algorithm::EdDsa).unwrap(),
        SigningKey::from_shared_secret(b"0b1f-Quite-Random-Enough-For-A-Test").unwrap(),
    ]
}

fn key_set(keys: &[&SigningKey]) -> JwkSet {
    JwkSet { keys: keys.iter().filter_map(|key| key.jwk().cloned()).collect() }
}

fn verifier(keys: &[SigningKey]) -> Verifier {
    Verifier::new(ISSUER, AUDIENCE).with_keys(keys).unwrap()
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        sub: "42".into(),
        aud: AUDIENCE.into(),
        exp: NOW + 600,
        iat: NOW,
        jti: "7b1e".into(),
        sid: "9f3c".into(),
        email: "ada@example.com".into(),
        id: Some("42".into()),
    }
}
