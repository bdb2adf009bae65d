//! Writes `spec/vectors/token.json`:
//!
//!     cargo run -p bulla-token --example make_token_vectors
//!
//! Signs with keys printed in RFCs, with its own few lines, so that an error of the library cannot
//! excuse itself. Run twice, it writes the same file: ECDSA signatures, which are random, are taken
//! over from the file where they still fit.

mod case;
mod claim_cases;
mod encoding_cases;
mod header_cases;
mod rfc_keys;
mod signature_cases;

use std::path::Path;

use serde_json::json;

use case::Cases;
use rfc_keys::RfcKeys;

const ABOUT: &str = "Access tokens of Bulla, see spec/token.md. Every key here is printed in an RFC for examples \
    (RFC 7515 A.1, A.2, A.3; RFC 8037 A.1) and is known to the whole world: use none of them for anything else.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/token.json");
    let keys = RfcKeys::new(std::fs::read_to_string(&path).ok().as_deref());

    let mut cases = Cases::new(&keys);
    signature_cases::valid(&mut cases);
    signature_cases::confused_algorithms(&mut cases);
    signature_cases::damaged(&mut cases);
    signature_cases::shared_secret(&mut cases);
    header_cases::types(&mut cases);
    header_cases::members(&mut cases);
    header_cases::key_ids(&mut cases);
    claim_cases::times(&mut cases);
    claim_cases::wrong_times(&mut cases);
    claim_cases::parties(&mut cases);
    claim_cases::members(&mut cases);
    claim_cases::payloads(&mut cases);
    encoding_cases::base64url_texts(&mut cases);
    encoding_cases::parts(&mut cases);
    encoding_cases::sizes(&mut cases);

    let count = cases.list.len();
    let document = json!({
        "about": ABOUT,
        "leeway_seconds": 5,
        "keys": {
            "published": { "jwks": keys.jwks() },
            "shared": { "jwks": { "keys": [] }, "shared_secret": rfc_keys::SHARED_SECRET },
        },
        "cases": cases.list,
    });
    std::fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")?;
    println!("{count} cases");
    Ok(())
}
