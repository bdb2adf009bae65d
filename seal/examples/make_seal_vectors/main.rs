//! Writes `spec/vectors/seal.json`: `cargo run -p bulla-seal --example make_seal_vectors`.
//!
//! Everything is derived from the names of the cases, so a second run writes the same file. The
//! encryptions are made here from the formulas of RFC 8017, not with the library, so that the
//! library is judged by something other than itself, and so that they can be wrong in every way.

mod hidden;
mod numbers;
mod opens;
mod parts;
mod payloads;
mod public;
mod raw;
mod rsa;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::rsa::Key;

/// The moment at which each envelope is judged, in Unix milliseconds.
const NOW: i64 = 1_700_000_000_000;
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";
const NONCE_KEY: [u8; 32] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12,
    0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let printed: Map<String, Value> = serde_json::from_str(include_str!("keys.json"))?;
    let keys = Keys {
        first: Key::from_jwk("rfc7516-a1", &printed["rfc7516-a1"]),
        second: Key::from_jwk("rfc7520-5.1", &printed["rfc7520-5.1"]),
        large: Key::from_jwk("rfc7520-5.2", &printed["rfc7520-5.2"]),
    };
    let mut cases = Cases::default();
    opens::add(&mut cases, &keys);
    public::add(&mut cases, &keys);
    numbers::add(&mut cases, &keys);
    hidden::add_rsa(&mut cases, &keys);
    hidden::add_content(&mut cases, &keys);
    payloads::add(&mut cases, &keys);
    raw::add(&mut cases, &keys);

    let count = cases.0.len();
    let file = File {
        comment: "Sealed passwords; spec/seal.md explains this file. Its private keys are printed in RFC 7516 and \
                  RFC 7520: they protect nothing.",
        nonce_key: NONCE_KEY.iter().map(|byte| format!("{byte:02x}")).collect(),
        keys: [&keys.first, &keys.second, &keys.large].map(|key| (key.name, key.private_jwk())).into(),
        cases: cases.0,
    };
    let path = folder.join("../spec/vectors/seal.json");
    std::fs::write(&path, serde_json::to_string_pretty(&file)? + "\n")?;
    println!("{count} cases");
    Ok(())
}

/// Two keys of 2048 bits and one of 4096.
struct Keys {
    first: Key,
    second: Key,
    large: Key,
}

#[derive(Serialize)]
struct File {
    comment: &'static str,
    nonce_key: String,
    keys: BTreeMap<&'static str, Value>,
    cases: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
    keys: Vec<&'static str>,
    envelope: String,
    purpose: &'static str,
    email: &'static str,
    now: i64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    /// Judged with the first key alive, for a login of Ada's, unless the caller changes that.
    fn add(&mut self, name: &str, envelope: String, verdict: Verdict<'_>) -> &mut Case {
        assert!(self.0.iter().all(|case| case.name != name), "two cases are called {name}");
        let (verdict, refusal, password) = match verdict {
            Verdict::Opens(password) => ("opens", None, Some(password)),
            Verdict::Invalid(refusal) => ("invalid_envelope", Some(refusal), None),
            Verdict::UnknownKey => ("unknown_sealing_key", None, None),
            Verdict::Unopenable => ("unopenable", None, None),
            Verdict::Stale => ("stale", None, None),
        };
        self.0.push(Case {
            name: name.to_owned(),
            comment: None,
            keys: vec!["rfc7516-a1"],
            envelope,
            purpose: "login",
            email: EMAIL,
            now: NOW,
            verdict,
            refusal: refusal.map(str::to_owned),
            password: password.map(str::to_owned),
        });
        self.0.last_mut().expect("one was just pushed")
    }
}

#[derive(Clone, Copy)]
enum Verdict<'a> {
    Opens(&'a str),
    Invalid(&'a str),
    UnknownKey,
    Unopenable,
    Stale,
}
