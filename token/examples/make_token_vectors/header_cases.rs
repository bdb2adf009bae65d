//! Headers: `typ`, members that must not be there, `kid`.

use serde_json::json;

use crate::case::{Cases, payload};
use crate::rfc_keys::Key;

pub(crate) fn types(cases: &mut Cases<'_>) {
    for (typ, name) in [
        ("at+JWT", "typ_in_other_case"),
        ("application/at+jwt", "typ_with_application"),
        ("Application/AT+JWT", "typ_with_application_in_other_case"),
    ] {
        let token = cases.with_header(json!({ "typ": typ }));
        cases.valid(name, "a media type, RFC 9068 section 4", token);
    }
    for (typ, name) in [
        ("JWT", "typ_jwt"),
        ("", "typ_empty"),
        ("dpop+jwt", "typ_dpop"),
        ("logout+jwt", "typ_logout"),
        ("at+jwt ", "typ_with_space"),
        ("at+jwt; charset=utf-8", "typ_with_parameter"),
        ("text/at+jwt", "typ_with_other_tree"),
    ] {
        let token = cases.with_header(json!({ "typ": typ }));
        cases.refused("type", name, "another kind of JWT, RFC 8725 section 3.11", token);
    }
    let token = cases.with_header(json!({ "typ": null }));
    cases.refused("header", "typ_missing", "", token);
    let token = cases.with_header(json!({ "typ": 1 }));
    cases.refused("header", "typ_number", "", token);
}

pub(crate) fn members(cases: &mut Cases<'_>) {
    let own_key = json!(cases.keys.eddsa);
    for (name, comment, member) in [
        ("crit_unknown", "RFC 7515 section 4.1.11", json!({ "crit": ["x"], "x": true })),
        ("crit_empty", "", json!({ "crit": [] })),
        ("b64_false", "RFC 7797", json!({ "b64": false, "crit": ["b64"] })),
        ("b64_true_without_crit", "", json!({ "b64": true })),
        ("jwk_embedded", "CVE-2018-0114", json!({ "jwk": own_key })),
        ("jku", "", json!({ "jku": "https://attacker.example/jwks.json" })),
        ("x5u", "", json!({ "x5u": "https://attacker.example/chain.pem" })),
        ("x5c", "", json!({ "x5c": ["AAAA"] })),
        ("x5t", "", json!({ "x5t": "AAAAAAAAAAAAAAAAAAAAAAAAAAA" })),
        ("zip", "", json!({ "zip": "DEF" })),
        ("enc", "", json!({ "enc": "A256GCM" })),
        ("cty", "nested", json!({ "cty": "JWT" })),
        ("unknown_member", "", json!({ "note": "hello" })),
    ] {
        let name: &'static str = name;
        let token = cases.with_header(member);
        cases.refused("header", prefixed(name), comment, token);
    }
    let kid = cases.keys.kid(Key::Es256).to_owned();
    let header = cases.header();
    for (name, header) in [
        ("header_duplicate_alg", header.replacen('{', r#"{"alg":"none","#, 1)),
        ("header_duplicate_kid", header.replacen('}', &format!(r#","kid":"{kid}"}}"#), 1)),
        ("header_duplicate_escaped", header.replacen('{', r#"{"\u0061lg":"none","#, 1)),
        ("header_array", format!(r#"["ES256","{kid}","at+jwt"]"#)),
        ("header_text", r#""ES256""#.to_owned()),
        ("header_null", "null".to_owned()),
        ("header_empty", String::new()),
        ("header_empty_object", "{}".to_owned()),
        ("header_two_objects", format!("{header}{header}")),
        ("header_bom", format!("\u{feff}{header}")),
        ("header_trailing_comma", header.replacen('}', ",}", 1)),
        ("header_single_quotes", header.replace('"', "'")),
        ("header_member_case", header.replace("alg", "ALG")),
    ] {
        let token = cases.signed(&header, &payload());
        cases.refused("header", name, "", token);
    }
    let token = cases.with_header(json!({ "alg": null }));
    cases.refused("header", "header_alg_missing", "", token);
    let token = cases.with_header(json!({ "alg": ["ES256"] }));
    cases.refused("header", "header_alg_array", "", token);
}

pub(crate) fn key_ids(cases: &mut Cases<'_>) {
    let other = cases.keys.kid(Key::Rs256).to_owned();
    for (kid, name) in [
        ("unknown", "kid_unknown"),
        ("", "kid_empty"),
        ("../../../../dev/null", "kid_path"),
        ("' OR '1'='1", "kid_query"),
        ("https://attacker.example/key", "kid_url"),
        ("shared-secret", "kid_shared_secret"),
    ] {
        let token = cases.with_header(json!({ "kid": kid }));
        cases.refused("unknown_key", name, "a kid is a name to look up, nothing else", token);
    }
    let own = cases.keys.kid(Key::Es256).to_owned();
    let token = cases.with_header(json!({ "kid": own.to_lowercase() }));
    cases.refused("unknown_key", "kid_in_lower_case", "", token);
    let token = cases.with_header(json!({ "kid": format!("{own}\u{0}") }));
    cases.refused("unknown_key", "kid_with_nul", "", token);
    let token = cases.with_header(json!({ "kid": other }));
    cases.refused("algorithm", "kid_of_another_key", "", token);
    for (kid, name) in [(json!(null), "kid_missing"), (json!(7), "kid_number"), (json!([own]), "kid_array")] {
        let token = cases.with_header(json!({ "kid": kid }));
        cases.refused("header", name, "", token);
    }
}

fn prefixed(name: &str) -> &'static str {
    // The program ends a moment later.
    Box::leak(format!("header_{name}").into_boxed_str())
}
