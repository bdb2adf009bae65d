//! Refusals that need the private key, and so must all look alike: wrong encryption.

use aws_lc_rs::aead::AES_128_GCM;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY as SHA1, SHA256, SHA384, SHA512};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::parts::{Parts, Recipe, header};
use crate::rsa::{Key, Oaep, Stream, encode_pkcs1};
use crate::{Cases, Keys, Verdict};

/// What RSA decrypts to is no OAEP encoding, or one with other parameters.
pub(crate) fn add_rsa(cases: &mut Cases, keys: &Keys) {
    let key = &keys.first;
    for (name, oaep) in wrong_digests().into_iter().chain(wrong_encodings()) {
        let text = Recipe::new(name, key).oaep(oaep).text();
        cases.add(name, text, Verdict::Unopenable);
    }
    let name = "PKCS#1 v1.5 encryption";
    let content_key = Recipe::new(name, key).wrapped_key;
    let encoded = encode_pkcs1(&content_key, key.bytes(), &mut Stream::new(name));
    add_encoded(cases, key, name, &encoded);
    let name = "a content key encrypted with no padding at all";
    let content_key = Recipe::new(name, key).wrapped_key;
    add_encoded(cases, key, name, &content_key);

    let last = &key.modulus - 1u8;
    for (name, number) in [("0", 0u8.into()), ("1", 1u8.into()), ("the modulus less 1", last)] {
        let name = format!("an RSA ciphertext that is {name}");
        let parts = Recipe::new(&name, key).parts();
        let text = parts.with(|parts| parts.rsa = key.to_bytes(&number));
        cases.add(&name, text, Verdict::Unopenable);
    }
    let name = "sealed to another living key of the same length";
    let text = Recipe::new(name, &keys.second).header(header(key)).text();
    cases.add(name, text, Verdict::Unopenable).keys = vec![key.name, keys.second.name];
}

fn add_encoded(cases: &mut Cases, key: &Key, name: &str, encoded: &[u8]) {
    let parts = Recipe::new(name, key).parts();
    let text = parts.with(|parts| parts.rsa = key.encrypt(encoded));
    cases.add(name, text, Verdict::Unopenable);
}

fn wrong_digests() -> Vec<(&'static str, Oaep)> {
    let with = |label_digest: &'static Algorithm, mask_digest: &'static Algorithm| Oaep {
        label_digest,
        mask_digest,
        ..Oaep::default()
    };
    let labelled = |label| Oaep { label, ..Oaep::default() };
    vec![
        ("OAEP with SHA-1 and MGF1-SHA-1", with(&SHA1, &SHA1)),
        ("OAEP with SHA-256 and MGF1-SHA-1", with(&SHA256, &SHA1)),
        ("OAEP with SHA-1 and MGF1-SHA-256", with(&SHA1, &SHA256)),
        ("OAEP with SHA-384", with(&SHA384, &SHA384)),
        ("OAEP with SHA-512", with(&SHA512, &SHA512)),
        ("OAEP with a label", labelled(b"login")),
        ("OAEP with a zero byte for a label", labelled(b"\0")),
    ]
}

/// What a padding oracle asks for (Manger 2001), and its neighbours.
fn wrong_encodings() -> Vec<(&'static str, Oaep)> {
    let first = |first| Oaep { first, ..Oaep::default() };
    let separator = |separator| Oaep { separator, ..Oaep::default() };
    let damaged = |damage: fn(&mut [u8])| Oaep { damage, ..Oaep::default() };
    vec![
        ("OAEP with a first byte of 1", first(1)),
        ("OAEP with a first byte of 128", first(128)),
        ("OAEP with a separator of 0", separator(0)),
        ("OAEP with a separator of 2", separator(2)),
        ("OAEP with the label digest's first bit flipped", damaged(|block| block[0] ^= 0x80)),
        ("OAEP with the label digest's last bit flipped", damaged(|block| block[31] ^= 1)),
        ("OAEP with a label digest of zeros", damaged(|block| block[..32].fill(0))),
        ("OAEP with zeros alone after the label digest", damaged(|block| block[32..].fill(0))),
        ("OAEP with a byte other than zero as padding", damaged(|block| block[40] = 2)),
    ]
}

/// RSA opens; the content key or the content does not fit.
pub(crate) fn add_content(cases: &mut Cases, keys: &Keys) {
    let key = &keys.first;
    for length in [0, 16, 31, 33, 64] {
        let name = format!("a content key of {length} bytes");
        let mut recipe = Recipe::new(&name, key);
        recipe.wrapped_key = Stream::new(&name).bytes(length);
        // Whoever cuts it or fills it with zeros would open this.
        recipe.content_key = recipe.wrapped_key.clone();
        recipe.content_key.resize(32, 0);
        cases.add(&name, recipe.text(), Verdict::Unopenable);
    }
    let name = "a content key of 16 bytes, used with AES-128";
    let mut recipe = Recipe::new(name, key);
    recipe.content_key.truncate(16);
    recipe.wrapped_key = recipe.content_key.clone();
    recipe.content_algorithm = &AES_128_GCM;
    cases.add(name, recipe.text(), Verdict::Unopenable);

    let name = "OAEP fails and the content key is all zeros";
    let mut recipe = Recipe::new(name, key).oaep(Oaep { first: 1, ..Oaep::default() });
    recipe.content_key = vec![0; 32];
    cases.add(name, recipe.text(), Verdict::Unopenable).comment =
        Some("Whoever goes on with a fixed key after a failure tells that it failed.");

    let parts = Recipe::new("content", key).parts();
    let with = |change: fn(&mut Parts)| parts.clone().with(change);
    for (name, envelope) in [
        ("the first bit of the tag flipped", with(|parts| parts.tag[0] ^= 0x80)),
        ("the last bit of the tag flipped", with(|parts| parts.tag[15] ^= 1)),
        ("a tag of zeros", with(|parts| parts.tag.fill(0))),
        ("a bit of the iv flipped", with(|parts| parts.iv[0] ^= 1)),
        ("a bit of the ciphertext flipped", with(|parts| parts.ciphertext[20] ^= 1)),
        ("a byte of the ciphertext missing", with(|parts| parts.ciphertext.truncate(parts.ciphertext.len() - 1))),
        ("a byte of the ciphertext too many", with(|parts| parts.ciphertext.push(0))),
    ] {
        cases.add(name, envelope, Verdict::Unopenable);
    }
    let name = "the header rewritten with the same meaning";
    let spaced = URL_SAFE_NO_PAD.encode(format!("{} ", header(key)));
    cases
        .add(name, Recipe::new(name, key).parts().with(|parts| parts.protected = spaced), Verdict::Unopenable)
        .comment = Some("The additional authenticated data is the header's text as received.");
}
