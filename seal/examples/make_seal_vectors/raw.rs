//! The raw form, both ways.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY as SHA1, SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use crate::rsa::{Key, Oaep, Stream, encode_pkcs1};
use crate::{Cases, Keys, PASSWORD, Verdict};

pub(crate) fn add(cases: &mut Cases, keys: &Keys) {
    add_opening(cases, keys);
    add_invalid(cases, keys);
    add_unopenable(cases, keys);
}

fn add_opening(cases: &mut Cases, keys: &Keys) {
    let long = "é".repeat(95);
    for (name, password) in [
        ("raw: opens", PASSWORD),
        ("raw: opens to a password beyond ASCII", "pässwörd 🔐"),
        ("raw: opens to the longest password that RSA-2048 takes, 190 bytes", long.as_str()),
        ("raw: opens to an empty password", ""),
    ] {
        cases.add(name, STANDARD.encode(oaep(name, &keys.first, password)), Verdict::Opens(password));
    }
    let name = "raw: opens with the second of two keys of one length";
    let text = STANDARD.encode(below(name, &keys.second, keys));
    cases.add(name, text, Verdict::Opens(PASSWORD)).keys = vec![keys.first.name, keys.second.name];
    let name = "raw: opens with the one key of its length";
    let text = STANDARD.encode(oaep(name, &keys.large, PASSWORD));
    cases.add(name, text, Verdict::Opens(PASSWORD)).keys = vec![keys.first.name, keys.second.name, keys.large.name];
    let name = "raw: opens though it begins with a zero byte";
    let ciphertext = (0..)
        .map(|attempt| oaep(&format!("{name} {attempt}"), &keys.first, PASSWORD))
        .find(|ciphertext| ciphertext[0] == 0)
        .expect("one in 256 does");
    cases.add(name, STANDARD.encode(ciphertext), Verdict::Opens(PASSWORD));
}

fn add_invalid(cases: &mut Cases, keys: &Keys) {
    let key = &keys.first;
    let ciphertext = (0..)
        .map(|attempt| oaep(&format!("raw {attempt}"), key, PASSWORD))
        .find(|ciphertext| {
            STANDARD.encode(ciphertext).ends_with("A==") && STANDARD.encode(ciphertext).contains(['+', '/'])
        })
        .expect("one in a few does");
    let text = STANDARD.encode(&ciphertext);
    let wrapped: Vec<&str> =
        (0..text.len()).step_by(64).map(|start| &text[start..text.len().min(start + 64)]).collect();
    for (name, envelope) in [
        ("raw: no padding", STANDARD_NO_PAD.encode(&ciphertext)),
        ("raw: the base64url alphabet", URL_SAFE.encode(&ciphertext)),
        ("raw: spare bits", text.replace("A==", "B==")),
        ("raw: wrapped into lines", wrapped.join("\n")),
        ("raw: a line break at the end", format!("{text}\n")),
        ("raw: a space at the beginning", format!(" {text}")),
        ("raw: one padding character too few", text.replace("A==", "A=")),
        ("raw: padding in the middle", format!("AA=={text}")),
    ] {
        cases.add(name, envelope, Verdict::Invalid("encoding"));
    }
    for (name, bytes, refusal) in [
        ("raw: a byte too long", [&[0], ciphertext.as_slice()].concat(), "rsa_ciphertext_length"),
        ("raw: a length of no living key", vec![0; 384], "rsa_ciphertext_length"),
        ("raw: a length below RSA-2048", vec![0; 255], "not_sealed"),
        ("raw: a length above RSA-4096", vec![0; 513], "not_sealed"),
        ("raw: equal to the modulus", key.to_bytes(&key.modulus), "rsa_ciphertext_range"),
        ("raw: all ones", vec![0xff; 256], "rsa_ciphertext_range"),
    ] {
        cases.add(name, STANDARD.encode(bytes), Verdict::Invalid(refusal));
    }
}

fn add_unopenable(cases: &mut Cases, keys: &Keys) {
    let key = &keys.first;
    let password = PASSWORD.as_bytes();
    let encode = |oaep: Oaep, message| oaep.encode(message, key.bytes(), &mut Stream::new("raw"));
    let with = |label_digest, mask_digest| Oaep { label_digest, mask_digest, ..Oaep::default() };
    let labelled = Oaep { label: b"password", ..Oaep::default() };
    let first = Oaep { first: 1, ..Oaep::default() };
    for (name, encoded) in [
        ("raw: PKCS#1 v1.5", encode_pkcs1(password, key.bytes(), &mut Stream::new("raw v1.5"))),
        ("raw: OAEP with SHA-1", encode(with(&SHA1, &SHA1), password)),
        ("raw: OAEP with SHA-256 and MGF1-SHA-1", encode(with(&SHA256, &SHA1), password)),
        ("raw: OAEP with SHA-1 and MGF1-SHA-256", encode(with(&SHA1, &SHA256), password)),
        ("raw: OAEP with a label", encode(labelled, password)),
        ("raw: OAEP with a first byte of 1", encode(first, password)),
        ("raw: no padding scheme", password.to_vec()),
        ("raw: a password that is not UTF-8", encode(Oaep::default(), b"caf\xe9 au lait")),
    ] {
        cases.add(name, STANDARD.encode(key.encrypt(&encoded)), Verdict::Unopenable);
    }
    let last = &key.modulus - 1u8;
    for (name, number) in [("zero", 0u8.into()), ("one", 1u8.into()), ("the modulus less 1", last)] {
        let text = STANDARD.encode(key.to_bytes(&number));
        cases.add(&format!("raw: {name}"), text, Verdict::Unopenable);
    }
    let name = "raw: sealed to a retired key of the same length";
    cases.add(name, STANDARD.encode(below(name, &keys.second, keys)), Verdict::Unopenable);
}

fn oaep(name: &str, key: &Key, password: &str) -> Vec<u8> {
    key.encrypt(&Oaep::default().encode(password.as_bytes(), key.bytes(), &mut Stream::new(name)))
}

/// An encryption to one key that is in the range of the first key too.
fn below(name: &str, key: &Key, keys: &Keys) -> Vec<u8> {
    let limit = keys.first.to_bytes(&keys.first.modulus);
    (0..)
        .map(|attempt| oaep(&format!("{name} {attempt}"), key, PASSWORD))
        .find(|ciphertext| *ciphertext < limit)
        .expect("most are")
}
