//! The vectors of RFC 9106 §5, by every backend that this processor has.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use bulla_argon2::{Backend, Cost, Input, Memory, Scheme, Variant, Version, derive};

fn tag(variant: Variant, backend: Backend) -> String {
    let scheme = Scheme { variant, version: Version::V0x13 };
    let input = Input { password: &[1; 32], salt: &[2; 16], secret: &[3; 8], associated_data: &[4; 12] };
    let mut tag = [0; 32];
    derive(scheme, &input, Cost::new(32, 3, 4).unwrap(), &mut Memory::with(backend), &mut tag).unwrap();
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_vectors_of_the_rfc_are_met() {
    for backend in Backend::all() {
        for (variant, expected) in [
            (Variant::Argon2d, "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb"),
            (Variant::Argon2i, "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"),
            (Variant::Argon2id, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"),
        ] {
            assert_eq!(tag(variant, backend), expected, "{variant:?} by {}", backend.name());
        }
    }
}
