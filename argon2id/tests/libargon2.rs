//! The same bytes as libargon2, the reference implementation in C, makes for thousands of random inputs.
#![cfg(not(miri))]
#![expect(unsafe_code, reason = "calls a library in C")]

mod support;

use argon2_sys::{Argon2_d, Argon2_i, Argon2_id, argon2_context, argon2_ctx};
use bulla_argon2::{Variant, Version};

use support::{Case, common_cases, compare, random_cases};

fn theirs(case: &Case) -> Vec<u8> {
    let variant = match case.scheme.variant {
        Variant::Argon2d => Argon2_d,
        Variant::Argon2i => Argon2_i,
        Variant::Argon2id => Argon2_id,
    };
    let version = match case.scheme.version {
        Version::V0x10 => 0x10,
        Version::V0x13 => 0x13,
    };
    // It takes pointers that may be written through, and with the flags below never does.
    let [mut password, mut salt, mut secret, mut data] =
        [&case.password, &case.salt, &case.secret, &case.associated_data].map(Clone::clone);
    let mut output = vec![0; case.output_bytes];
    let mut context = argon2_context {
        out: output.as_mut_ptr(),
        outlen: output.len() as u32,
        pwd: password.as_mut_ptr(),
        pwdlen: password.len() as u32,
        salt: salt.as_mut_ptr(),
        saltlen: salt.len() as u32,
        secret: secret.as_mut_ptr(),
        secretlen: secret.len() as u32,
        ad: data.as_mut_ptr(),
        adlen: data.len() as u32,
        t_cost: case.cost.passes(),
        m_cost: case.cost.memory_kib(),
        lanes: case.cost.lanes(),
        threads: 1,
        version,
        allocate_cbk: None,
        free_cbk: None,
        flags: 0,
    };
    // SAFETY: each pointer is that of a vector of the length beside it, and all of them outlive the call.
    let code = unsafe { argon2_ctx(&raw mut context, variant) };
    assert_eq!(code, 0, "{case:?}");
    output
}

#[test]
fn small_hashes_are_the_same() {
    compare(random_cases(3000, 65), theirs);
}

#[test]
fn hashes_of_a_thousand_blocks_are_the_same() {
    compare(random_cases(600, 1501), theirs);
}

#[test]
fn hashes_in_mapped_memory_are_the_same() {
    compare(random_cases(25, 12_001), theirs);
}

#[test]
fn what_servers_use_is_the_same() {
    compare(common_cases(), theirs);
}
