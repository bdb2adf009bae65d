//! The same bytes as the `argon2` crate makes, for thousands of random inputs, by every backend.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

mod support;

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder};
use bulla_argon2::{Variant, Version};

use support::{Case, common_cases, compare, random_cases};

fn theirs(case: &Case) -> Vec<u8> {
    let algorithm = match case.scheme.variant {
        Variant::Argon2d => Algorithm::Argon2d,
        Variant::Argon2i => Algorithm::Argon2i,
        Variant::Argon2id => Algorithm::Argon2id,
    };
    let version = match case.scheme.version {
        Version::V0x10 => argon2::Version::V0x10,
        Version::V0x13 => argon2::Version::V0x13,
    };
    let mut params = ParamsBuilder::new();
    params.m_cost(case.cost.memory_kib()).t_cost(case.cost.passes()).p_cost(case.cost.lanes());
    params.data(AssociatedData::new(&case.associated_data).unwrap()).output_len(case.output_bytes);
    let argon2 = Argon2::new_with_secret(&case.secret, algorithm, version, params.build().unwrap()).unwrap();
    let mut output = vec![0; case.output_bytes];
    argon2.hash_password_into(&case.password, &case.salt, &mut output).unwrap();
    output
}

#[test]
fn small_hashes_are_the_same() {
    // An interpreter is a thousand times slower.
    compare(random_cases(if cfg!(miri) { 2 } else { 3000 }, if cfg!(miri) { 8 } else { 64 }), theirs);
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn hashes_of_a_thousand_blocks_are_the_same() {
    compare(random_cases(600, 1500), theirs);
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn hashes_in_mapped_memory_are_the_same() {
    compare(random_cases(25, 12_000), theirs);
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn what_servers_use_is_the_same() {
    compare(common_cases(), theirs);
}
