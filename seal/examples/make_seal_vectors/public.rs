//! Refusals of the text and the header, which need no key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::parts::{Recipe, fresh_nonce, header, payload};
use crate::{Cases, EMAIL, Keys, PASSWORD, Verdict};

pub(crate) fn add(cases: &mut Cases, keys: &Keys) {
    add_shapes(cases, keys);
    add_encodings(cases, keys);
    add_headers(cases, keys);
    add_algorithms(cases, keys);
    add_header_members(cases, keys);
}

fn add_shapes(cases: &mut Cases, keys: &Keys) {
    let text = Recipe::new("shape", &keys.first).text();
    let parts: Vec<&str> = text.split('.').collect();
    let [protected, encrypted_key, iv, ciphertext, tag] = parts[..] else { unreachable!("a JWE has five parts") };
    let flattened =
        json!({"protected": protected, "encrypted_key": encrypted_key, "iv": iv, "ciphertext": ciphertext, "tag": tag});
    let general = json!({
        "protected": protected, "unprotected": {"jku": "https://example.com"},
        "recipients": [{"header": {"alg": "RSA-OAEP-256"}, "encrypted_key": encrypted_key}],
        "iv": iv, "ciphertext": ciphertext, "tag": tag,
    });
    let filler = payload(&"x".repeat(3000), "login", EMAIL, &fresh_nonce());
    let long = Recipe::new("long", &keys.first).payload(filler).text();
    for (name, envelope, refusal) in [
        ("a text of more than 4096 bytes", long, "too_long"),
        ("a password in clear", PASSWORD.to_owned(), "not_sealed"),
        ("a password in clear that has dots", "eye.of.the.tiger.rises".to_owned(), "not_sealed"),
        ("a password in clear that begins like an object", "{\"my\": \"password\"}".to_owned(), "not_sealed"),
        ("an empty text", String::new(), "not_sealed"),
        ("the flattened JSON serialization", flattened.to_string(), "json_serialization"),
        ("the general JSON serialization with an unprotected header", general.to_string(), "json_serialization"),
        ("four parts", parts[..4].join("."), "part_count"),
        ("six parts", format!("{text}.AAAA"), "part_count"),
        ("a signed token", "eyJhbGciOiJub25lIn0.e30.".to_owned(), "part_count"),
    ] {
        cases.add(name, envelope, Verdict::Invalid(refusal));
    }
}

fn add_encodings(cases: &mut Cases, keys: &Keys) {
    let text = Recipe::new("encoding", &keys.first).text();
    let digits: Vec<&str> = text.split('.').collect();
    // 256 bytes and 16 bytes alike end in a digit with four spare bits: `A`, `Q`, `g` or `w`. The
    // letter after it differs in them alone.
    let spare = |index: usize| {
        let mut digits: Vec<String> = digits.iter().map(|part| (*part).to_owned()).collect();
        let last = digits[index].pop().expect("no part is empty");
        digits[index].push(char::from(last as u8 + 1));
        digits.join(".")
    };
    let standard = text.replace('-', "+").replace('_', "/");
    assert!(standard != text, "the text has one of the two digits that differ");
    for (name, envelope) in [
        ("spare bits in the RSA ciphertext", spare(1)),
        ("spare bits in the tag", spare(4)),
        ("padding on the RSA ciphertext", text.replacen(digits[1], &format!("{}==", digits[1]), 1)),
        ("padding on the tag", format!("{text}==")),
        ("the standard base64 alphabet", standard),
        ("a line break at the end", format!("{text}\n")),
        ("a space at the beginning", format!(" {text}")),
        (
            "a line break inside a part",
            text.replacen(digits[1], &format!("{}\n{}", &digits[1][..64], &digits[1][64..]), 1),
        ),
        ("a character outside every alphabet", text.replacen(digits[3], &format!("{}!", digits[3]), 1)),
    ] {
        cases.add(name, envelope, Verdict::Invalid("encoding"));
    }
}

fn add_headers(cases: &mut Cases, keys: &Keys) {
    let (kid, plain) = (&keys.first.kid, header(&keys.first));
    let and = |more: &str| plain.replacen('{', &format!("{{{more},"), 1);
    for (name, header, refusal) in [
        ("a header that is not JSON", plain.replace('}', ""), "header"),
        ("a header with something after it", format!("{plain}{{}}"), "header"),
        ("a header with alg twice", and(r#""alg":"RSA-OAEP-256""#), "header"),
        ("a header with kid twice, once escaped", and(r#""\u006bid":"x""#), "header"),
        ("a header of more than 1024 bytes", plain.clone() + &" ".repeat(1024), "header_too_long"),
        ("a header without kid", plain.replace(&format!(r#","kid":"{kid}""#), ""), "missing_key_id"),
        ("a kid that is not a string", plain.replace(&json!(kid).to_string(), "5"), "missing_key_id"),
        ("an empty kid", plain.replace(kid, ""), "missing_key_id"),
    ] {
        add_header(cases, keys, name, header, refusal);
    }
    let name = "a header that is not UTF-8";
    let protected = URL_SAFE_NO_PAD.encode(b"{\"alg\xff\":1}");
    let parts = Recipe::new(name, &keys.first).parts();
    let text = parts.with(|parts| parts.protected = protected);
    cases.add(name, text, Verdict::Invalid("header"));
}

fn add_algorithms(cases: &mut Cases, keys: &Keys) {
    let (kid, plain) = (&keys.first.kid, header(&keys.first));
    for alg in ["dir", "none", "RSA1_5", "RSA-OAEP", "RSA-OAEP-512", "PBES2-HS256+A128KW", "rsa-oaep-256"] {
        let header = plain.replace("RSA-OAEP-256", alg);
        add_header(cases, keys, &format!("alg {alg}"), header, "unsupported_algorithm");
    }
    for enc in ["A128GCM", "A192GCM", "A256CBC-HS512", "a256gcm"] {
        let header = plain.replace("A256GCM", enc);
        add_header(cases, keys, &format!("enc {enc}"), header, "unsupported_encryption");
    }
    let header = plain.replace("\"RSA-OAEP-256\"", "[\"RSA-OAEP-256\"]");
    add_header(cases, keys, "alg that is not a string", header, "unsupported_algorithm");
    let header = format!(r#"{{"enc":"A256GCM","kid":"{kid}"}}"#);
    add_header(cases, keys, "no alg", header, "unsupported_algorithm");
    let header = format!(r#"{{"alg":"RSA-OAEP-256","kid":"{kid}"}}"#);
    add_header(cases, keys, "no enc", header, "unsupported_encryption");
}

fn add_header(cases: &mut Cases, keys: &Keys, name: &str, header: String, refusal: &str) {
    let text = Recipe::new(name, &keys.first).header(header).text();
    cases.add(name, text, Verdict::Invalid(refusal));
}

fn add_header_members(cases: &mut Cases, keys: &Keys) {
    for (name, member, refusal) in [
        ("zip", r#""zip":"DEF""#, "compressed"),
        ("zip that is null", r#""zip":null"#, "compressed"),
        ("crit", r#""crit":["exp"]"#, "critical_extension"),
        ("an empty crit", r#""crit":[]"#, "critical_extension"),
        ("p2c", r#""p2c":2147483647"#, "header_member"),
        ("epk", r#""epk":{"kty":"EC","crv":"P-256","x":"","y":""}"#, "header_member"),
        ("jwk", r#""jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "header_member"),
        ("jku", r#""jku":"https://example.com/keys""#, "header_member"),
        ("x5c", r#""x5c":["MIIB"]"#, "header_member"),
        ("apu", r#""apu":"QWRh""#, "header_member"),
        ("cty", r#""cty":"JWT""#, "header_member"),
        ("an unknown member", r#""x":1"#, "header_member"),
        ("another typ", r#""typ":"JWT""#, "header_member"),
        ("a typ that is not a string", r#""typ":null"#, "header_member"),
    ] {
        let name = format!("a header with {name}");
        let header = header(&keys.first).replacen('{', &format!("{{{member},"), 1);
        let text = Recipe::new(&name, &keys.first).header(header).text();
        cases.add(&name, text, Verdict::Invalid(refusal));
    }
}
