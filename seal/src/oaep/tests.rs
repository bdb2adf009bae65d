//! Project Wycheproof's RSA-OAEP decryption tests, for the one parameter set that we use.

use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use wycheproof::TestResult;
use wycheproof::rsa_oaep::{TestName, TestSet};

use super::open;

fn run(name: TestName) -> (usize, usize) {
    let set = TestSet::load(name).expect("the vectors load");
    let (mut opened, mut refused) = (0, 0);
    for group in set.test_groups {
        let key = PrivateDecryptingKey::from_pkcs8(&group.pkcs8).expect("the key is valid");
        let key = OaepPrivateDecryptingKey::new(key).expect("the key is valid");
        for test in group.tests {
            let message = open(&key, &test.ct);
            // We never use a label, so an otherwise valid test with one must be refused.
            if test.result == TestResult::Valid && test.label.is_empty() {
                let message = message.unwrap_or_else(|| panic!("{name:?} {}: refused", test.tc_id));
                assert_eq!(message[..], test.pt[..], "{name:?} {}", test.tc_id);
                opened += 1;
            } else {
                assert!(message.is_none(), "{name:?} {}: opened", test.tc_id);
                refused += 1;
            }
        }
    }
    (opened, refused)
}

#[test]
fn wycheproof_agrees_with_2048_bit_keys() {
    let (opened, refused) = run(TestName::Rsa2048Sha256Mgf1Sha256);
    assert!(opened >= 10 && refused >= 10, "{opened} opened, {refused} refused");
}

#[test]
fn wycheproof_agrees_with_3072_bit_keys() {
    let (opened, refused) = run(TestName::Rsa3072Sha256Mgf1Sha256);
    assert!(opened >= 10 && refused >= 10, "{opened} opened, {refused} refused");
}

#[test]
fn wycheproof_agrees_with_4096_bit_keys() {
    let (opened, refused) = run(TestName::Rsa4096Sha256Mgf1Sha256);
    assert!(opened >= 10 && refused >= 10, "{opened} opened, {refused} refused");
}

#[test]
fn another_mask_digest_opens_nothing() {
    let set = TestSet::load(TestName::Rsa2048Sha256Mgf1Sha1).expect("the vectors load");
    for group in set.test_groups {
        let key = PrivateDecryptingKey::from_pkcs8(&group.pkcs8).expect("the key is valid");
        let key = OaepPrivateDecryptingKey::new(key).expect("the key is valid");
        assert!(group.tests.iter().all(|test| open(&key, &test.ct).is_none()));
    }
}
