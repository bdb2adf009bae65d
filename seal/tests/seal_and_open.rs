//! The two sides together: what is sealed opens, and nothing else does.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla_seal::{
    AddressError, Addressed, Envelope, Expected, Form, KeySize, NonceKey, Opened, Payload, Purpose, SealError,
    SealingKey, UnknownPurpose, seal, seal_raw,
};

const NOW: i64 = 1_700_000_000_000;
const NONCES: NonceKey = NonceKey::new([7; 32]);
static KEY: LazyLock<SealingKey> = LazyLock::new(|| SealingKey::generate(KeySize::Rsa2048).unwrap());

#[test]
fn a_sealed_password_opens_whatever_it_is() {
    for password in passwords() {
        let opened = open(&sealed(&password)).unwrap();
        assert_eq!(opened.as_deref(), Some(password.as_str()), "{password:?}");
    }
}

#[test]
fn an_envelope_does_not_show_how_long_the_password_is() {
    let nonce = NONCES.issue(NOW);
    for email in ["a@b.de", "ada@example.com", "ada.augusta.king@mail.example.com"] {
        for purpose in [Purpose::Login, Purpose::CurrentPassword] {
            let length = |characters: usize| {
                let password = "x".repeat(characters);
                seal(KEY.public(), &Payload { password: &password, purpose, email, nonce: &nonce }).unwrap().len()
            };
            assert!((1..=64).all(|characters| length(characters) == length(15)), "{email}, {purpose:?}");
            assert!(length(300) > length(15), "what is longer by more than the padding shows");
        }
    }
}

#[test]
fn a_raw_sealed_password_opens_whatever_it_is() {
    for password in passwords().into_iter().filter(|password| password.len() <= 190) {
        let opened = open(&seal_raw(KEY.public(), &password).unwrap()).unwrap();
        assert_eq!(opened.as_deref(), Some(password.as_str()), "{password:?}");
    }
}

#[test]
fn no_changed_byte_of_a_jwe_lets_it_open() {
    let text = sealed("correct horse battery staple");
    for index in 0..text.len() {
        for flip in [1, 2, 0x20, 0x80] {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= flip;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            assert!(!matches!(open(&changed), Ok(Some(_))), "byte {index}, {flip}");
        }
    }
}

#[test]
fn no_changed_bit_of_a_jwes_parts_lets_it_open() {
    let text = sealed("correct horse battery staple");
    let parts: Vec<Vec<u8>> = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    for part in 0..parts.len() {
        for bit in 0..parts[part].len() * 8 {
            let mut changed = parts.clone();
            changed[part][bit / 8] ^= 1 << (bit % 8);
            let changed = changed.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect::<Vec<_>>().join(".");
            assert!(!matches!(open(&changed), Ok(Some(_))), "part {part}, bit {bit}");
        }
    }
}

#[test]
fn no_changed_bit_of_a_raw_ciphertext_lets_it_open() {
    let bytes = STANDARD.decode(seal_raw(KEY.public(), "correct horse").unwrap()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!matches!(open(&STANDARD.encode(changed)), Ok(Some(_))), "bit {bit}");
    }
}

#[test]
fn one_password_sealed_twice_makes_two_envelopes() {
    let (one, two) = (Envelope::parse(&sealed("same")).unwrap(), Envelope::parse(&sealed("same")).unwrap());
    assert_ne!(one.digest(), two.digest());
}

#[test]
fn the_digest_covers_what_nobody_can_change_and_still_open() {
    let text = sealed("correct horse");
    let parts: Vec<&str> = text.split('.').collect();
    let digest = Envelope::parse(&text).unwrap().digest();
    let other_tag = format!("{}.{}.{}.{}.AAAAAAAAAAAAAAAAAAAAAA", parts[0], parts[1], parts[2], parts[3]);
    assert_eq!(Envelope::parse(&other_tag).unwrap().digest(), digest);
    assert_eq!(addressed(&text, &living()).digest(), digest);
    let ciphertext = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &ciphertext);
    assert_eq!(digest.as_bytes(), sha256.as_ref());
}

#[test]
fn an_envelope_tells_its_form_and_its_key() {
    let jwe = Envelope::parse(&sealed("correct horse")).unwrap();
    assert_eq!((jwe.form(), jwe.kid()), (Form::Jwe, Some(KEY.kid())));
    let raw = Envelope::parse(&seal_raw(KEY.public(), "correct horse").unwrap()).unwrap();
    assert_eq!((raw.form(), raw.kid()), (Form::Raw, None));
}

#[test]
fn an_addressed_envelope_names_every_key_that_may_open_it() {
    let keys = [KEY.clone(), SealingKey::generate(KeySize::Rsa2048).unwrap()];
    let jwe = addressed(&sealed("correct horse"), &keys);
    assert_eq!(jwe.kids().collect::<Vec<_>>(), [KEY.kid()]);
    let raw = addressed(&low(&KEY), &keys);
    assert_eq!(raw.kids().collect::<Vec<_>>(), [keys[0].kid(), keys[1].kid()]);
}

#[test]
fn an_envelope_to_no_living_key_is_unknown() {
    let envelope = Envelope::parse(&sealed("correct horse")).unwrap();
    assert_eq!(envelope.address(&[]).unwrap_err(), AddressError::UnknownKey);
}

#[test]
fn the_email_is_compared_by_the_caller() {
    let matches = |email: &str| email.eq_ignore_ascii_case("ADA@EXAMPLE.COM");
    let expected = Expected { purpose: Purpose::Login, email_matches: &matches };
    let opened = addressed(&sealed("correct horse"), &living()).open(&expected, &NONCES, NOW);
    assert!(matches!(opened, Opened::Fresh(_)));
}

#[test]
fn an_addressed_envelope_opens_on_another_thread() {
    let addressed = addressed(&sealed("correct horse"), &living());
    let opened = std::thread::spawn(move || {
        let expected = Expected { purpose: Purpose::Login, email_matches: &|_| true };
        addressed.open(&expected, &NONCES, NOW)
    });
    assert!(matches!(opened.join().unwrap(), Opened::Fresh(_)));
}

#[test]
fn an_opened_password_does_not_print() {
    let opened = addressed(&sealed("correct horse"), &living());
    assert_eq!(format!("{opened:?}"), "Addressed { form: Jwe, .. }");
    let expected = Expected { purpose: Purpose::Login, email_matches: &|_| true };
    assert_eq!(format!("{:?}", opened.open(&expected, &NONCES, NOW)), "Fresh(..)");
    let payload = Payload { password: "correct horse", purpose: Purpose::Login, email: "ada", nonce: "" };
    assert_eq!(format!("{payload:?}"), "Payload { purpose: Login, .. }");
}

#[test]
fn a_password_too_long_for_the_raw_form_is_told_the_limit() {
    assert!(seal_raw(KEY.public(), &"x".repeat(190)).is_ok());
    let error = seal_raw(KEY.public(), &"x".repeat(191)).unwrap_err();
    assert_eq!(error, SealError::PasswordTooLong { bytes: 191, limit: 190 });
    assert!(error.to_string().contains("at most 190"));
}

#[test]
fn an_envelope_that_would_be_refused_for_its_length_is_not_made() {
    let nonce = NONCES.issue(NOW);
    let password = "\u{1}".repeat(1024);
    let payload = Payload { password: &password, purpose: Purpose::Login, email: "ada@example.com", nonce: &nonce };
    assert!(matches!(seal(KEY.public(), &payload), Err(SealError::EnvelopeTooLong { bytes }) if bytes > 4096));
}

#[test]
fn a_purpose_has_one_name_everywhere() {
    for purpose in [Purpose::Register, Purpose::Login, Purpose::CurrentPassword, Purpose::NewPassword] {
        assert_eq!(purpose.as_str().parse(), Ok(purpose));
        assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.as_str());
    }
    assert_eq!("Login".parse::<Purpose>(), Err(UnknownPurpose));
    assert_eq!("".parse::<Purpose>(), Err(UnknownPurpose));
}

/// Passwords of every length that matters, drawn from every kind of character.
#[expect(clippy::disallowed_methods, reason = "the rule is the server's; other passwords on each run find more")]
fn passwords() -> Vec<String> {
    let alphabet: Vec<char> = "aZ9 \"\\/\n\u{7f}é密🔐\u{200d}\u{301}\u{2028}".chars().collect();
    let mut random = [0; 4096];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    let mut passwords: Vec<String> = random
        .chunks(64)
        .map(|chunk| chunk[..usize::from(chunk[0] % 64)].iter())
        .map(|bytes| bytes.map(|byte| alphabet[usize::from(*byte) % alphabet.len()]).collect())
        .collect();
    passwords.extend(["", "\0", "🔐", &"🔐".repeat(256), &"x".repeat(1024), &"\"".repeat(1024)].map(String::from));
    passwords
}

fn sealed(password: &str) -> String {
    let nonce = NONCES.issue(NOW);
    let payload = Payload { password, purpose: Purpose::Login, email: "ada@example.com", nonce: &nonce };
    seal(KEY.public(), &payload).unwrap()
}

/// A raw envelope whose ciphertext is below 2²⁰⁴⁷, and so in the range of every key of 2048 bits.
fn low(key: &SealingKey) -> String {
    let seal = || seal_raw(key.public(), "correct horse").unwrap();
    let is_low = |text: &String| STANDARD.decode(text).unwrap()[0] < 0x80;
    std::iter::repeat_with(seal).find(is_low).unwrap()
}

fn living() -> [SealingKey; 1] {
    [KEY.clone()]
}

fn addressed(text: &str, keys: &[SealingKey]) -> Addressed {
    Envelope::parse(text).unwrap().address(keys).unwrap()
}

/// The password if it opens; an error if the text is refused before a private key is used.
fn open(text: &str) -> Result<Option<String>, AddressError> {
    let addressed = Envelope::parse(text)?.address(&living())?;
    let expected = Expected { purpose: Purpose::Login, email_matches: &|email| email == "ada@example.com" };
    Ok(match addressed.open(&expected, &NONCES, NOW) {
        Opened::Fresh(password) => Some(password.to_string()),
        Opened::Stale | Opened::Unopenable => None,
    })
}
