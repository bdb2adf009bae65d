//! Refusals of lengths and numbers, which need the public key at most.

use crate::parts::{Parts, Recipe, header};
use crate::{Cases, Keys, Verdict};

pub(crate) fn add(cases: &mut Cases, keys: &Keys) {
    add_lengths(cases, keys);
    add_stripped(cases, keys);
    add_numbers(cases, keys);
    add_keys(cases, keys);
}

fn add_lengths(cases: &mut Cases, keys: &Keys) {
    let parts = Recipe::new("lengths", &keys.first).parts();
    let with = |change: fn(&mut Parts)| parts.clone().with(change);
    for (name, envelope, refusal) in [
        ("an iv of 11 bytes", with(|parts| parts.iv.truncate(11)), "initialization_vector_length"),
        ("an iv of 16 bytes", with(|parts| parts.iv.extend([0; 4])), "initialization_vector_length"),
        ("no iv", with(|parts| parts.iv.clear()), "initialization_vector_length"),
        ("no ciphertext", with(|parts| parts.ciphertext.clear()), "empty_ciphertext"),
        ("a tag of 15 bytes", with(|parts| parts.tag.truncate(15)), "tag_length"),
        ("a tag of 12 bytes", with(|parts| parts.tag.truncate(12)), "tag_length"),
        ("a tag of 17 bytes", with(|parts| parts.tag.push(0)), "tag_length"),
        ("no tag", with(|parts| parts.tag.clear()), "tag_length"),
        ("no RSA ciphertext", with(|parts| parts.rsa.clear()), "rsa_ciphertext_length"),
        ("an RSA ciphertext that is a byte short", with(|parts| parts.rsa.truncate(255)), "rsa_ciphertext_length"),
        ("an RSA ciphertext with a zero byte before it", with(|parts| parts.rsa.insert(0, 0)), "rsa_ciphertext_length"),
        ("an RSA ciphertext with a zero byte after it", with(|parts| parts.rsa.push(0)), "rsa_ciphertext_length"),
    ] {
        cases.add(name, envelope, Verdict::Invalid(refusal));
    }
}

fn add_stripped(cases: &mut Cases, keys: &Keys) {
    let name = "an RSA ciphertext that lost its leading zero byte";
    let mut parts = (0..)
        .map(|attempt| Recipe::new(&format!("{name} {attempt}"), &keys.first).parts())
        .find(|parts| parts.rsa[0] == 0)
        .expect("one in 256 begins with zero");
    parts.rsa.remove(0);
    cases.add(name, parts.text(), Verdict::Invalid("rsa_ciphertext_length"));
}

fn add_numbers(cases: &mut Cases, keys: &Keys) {
    let key = &keys.first;
    let parts = Recipe::new("numbers", key).parts();
    let wrapped = (0..)
        .map(|attempt| Recipe::new(&format!("numbers {attempt}"), key).parts())
        .find_map(|parts| {
            let sum = num_bigint::BigUint::from_bytes_be(&parts.rsa) + &key.modulus;
            (sum.bits() <= 2048).then(|| Parts { rsa: key.to_bytes(&sum), ..parts })
        })
        .expect("most sums fit");
    for (name, rsa) in [
        ("an RSA ciphertext equal to the modulus", key.to_bytes(&key.modulus)),
        ("an RSA ciphertext one above the modulus", key.to_bytes(&(&key.modulus + 1u8))),
        ("an RSA ciphertext of ones", vec![0xff; 256]),
    ] {
        cases.add(name, Parts { rsa, ..parts.clone() }.text(), Verdict::Invalid("rsa_ciphertext_range"));
    }
    let name = "an RSA ciphertext that would open, with the modulus added";
    cases.add(name, wrapped.text(), Verdict::Invalid("rsa_ciphertext_range")).comment =
        Some("A second encoding of the same encryption would have a second digest, and could be replayed.");
}

fn add_keys(cases: &mut Cases, keys: &Keys) {
    let name = "a kid that nobody knows";
    let unknown = header(&keys.first).replace(&keys.first.kid, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    cases.add(name, Recipe::new(name, &keys.first).header(unknown).text(), Verdict::UnknownKey);
    let name = "the kid of a retired key";
    cases.add(name, Recipe::new(name, &keys.second).text(), Verdict::UnknownKey);
    let name = "a kid in other letters";
    let lower = header(&keys.first).replace(&keys.first.kid, &keys.first.kid.to_lowercase());
    cases.add(name, Recipe::new(name, &keys.first).header(lower).text(), Verdict::UnknownKey);
    let name = "an unknown kid and an RSA ciphertext of no length";
    let parts = Recipe::new(name, &keys.second).parts();
    cases.add(name, parts.with(|parts| parts.rsa.clear()), Verdict::UnknownKey);
    let name = "a kid of a key with another length";
    let text = Recipe::new(name, &keys.first).header(header(&keys.large)).text();
    cases.add(name, text, Verdict::Invalid("rsa_ciphertext_length")).keys = vec![keys.first.name, keys.large.name];
}
