//! PHC strings of others verify, and nothing else does.

use bulla_argon2::{Cost, Error, HASH_BYTES, Input, Memory, Phc, Scheme, derive, hash, verify};

/// From the README and the tests of the reference implementation (phc-winner-argon2).
const REFERENCES: [(&str, &str); 4] = [
    ("password", "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG"),
    ("password", "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs"),
    ("password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"),
    ("differentpassword", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"),
];

#[test]
fn what_the_reference_implementation_wrote_verifies() {
    let mut memory = Memory::new();
    for (password, text) in REFERENCES {
        assert_eq!(verify(password.as_bytes(), text, &mut memory), Ok(true), "{text}");
        assert_eq!(verify(b"Password", text, &mut memory), Ok(false), "{text}");
    }
}

#[test]
fn what_we_write_verifies_for_its_password_alone() {
    let (mut memory, cost) = (Memory::new(), Cost::new(64, 2, 1).unwrap());
    let text = hash(b"open sesame", b"a salt of some bytes", cost, &mut memory).unwrap();
    assert_eq!(text.rsplit('$').next().unwrap().len(), (HASH_BYTES * 4).div_ceil(3));
    assert_eq!(verify(b"open sesame", &text, &mut memory), Ok(true));
    for other in ["open sesamE", "open sesame ", "", "open sesame\0"] {
        assert_eq!(verify(other.as_bytes(), &text, &mut memory), Ok(false), "{other:?}");
    }
}

#[test]
fn a_secret_and_associated_data_are_parts_of_what_matches() {
    let (mut memory, cost, salt) = (Memory::new(), Cost::new(64, 2, 1).unwrap(), b"a salt of some bytes");
    let input = Input { password: b"open sesame", salt, secret: b"pepper", associated_data: b"ada" };
    let phc = Phc::of(&input, cost, &mut memory).unwrap();
    let stored: Phc = phc.to_string().parse().unwrap();
    assert_eq!(stored, phc);
    for (password, secret, data, matches) in [
        ("open sesame", "pepper", "ada", true),
        ("open sesamE", "pepper", "ada", false),
        ("open sesame", "peppes", "ada", false),
        ("open sesame", "pepper", "", false),
        ("open sesame", "", "", false),
    ] {
        let [password, secret, data] = [password, secret, data].map(str::as_bytes);
        assert_eq!(stored.matches_with(password, secret, data, &mut memory), Ok(matches));
    }
    assert_eq!(stored.matches(b"open sesame", &mut memory), Ok(false));
}

#[test]
fn a_salt_or_a_hash_that_is_too_short_is_refused() {
    let (mut memory, cost) = (Memory::new(), Cost::new(64, 1, 1).unwrap());
    assert_eq!(hash(b"", b"7 bytes", cost, &mut memory), Err(Error::Salt));
    let mut derived =
        |output: &mut [u8]| derive(Scheme::default(), &Input::new(b"", b"8 bytes."), cost, &mut memory, output);
    assert_eq!(derived(&mut [0; 3]), Err(Error::Output));
    assert_eq!(derived(&mut [0; 4]), Ok(()));
}
