//! Claims: times, parties, members. All of these are properly signed.

use serde_json::{Value, json};

use crate::case::{AUDIENCE, Cases, ISSUER, NOW, changed, claims, payload};

/// Times that no JSON serializer would write by itself go into the text.
fn with_exp_text(text: &str) -> String {
    payload().replace(&format!("\"exp\":{}", NOW + 540), &format!("\"exp\":{text}"))
}

pub(crate) fn times(cases: &mut Cases<'_>) {
    let returned = |changes| changed(claims(), changes);
    let changes = json!({ "exp": NOW + 1 });
    let token = cases.with_claims(changes.clone());
    cases.valid_with("exp_in_one_second", "", token, returned(changes));
    let changes = json!({ "exp": 9_007_199_254_740_991_i64 });
    let token = cases.with_claims(changes.clone());
    cases.valid_with("exp_largest", "2^53 - 1", token, returned(changes));
    let token = cases.with_claims(json!({ "nbf": NOW }));
    cases.valid("nbf_now", "", token);
    let token = cases.with_claims(json!({ "nbf": NOW + 5 }));
    cases.valid("nbf_within_leeway", "", token);
    let changes = json!({ "iat": NOW + 5 });
    let token = cases.with_claims(changes.clone());
    cases.valid_with("iat_within_leeway", "", token, returned(changes));
}

pub(crate) fn wrong_times(cases: &mut Cases<'_>) {
    let mut refused = |reason, name, comment, changes: Value| {
        let token = cases.with_claims(changes);
        cases.refused(reason, name, comment, token);
    };
    refused("expired", "exp_now", "\"on or after\", RFC 7519 section 4.1.4", json!({ "exp": NOW }));
    refused("expired", "exp_one_second_ago", "no leeway", json!({ "exp": NOW - 1 }));
    refused("expired", "exp_zero", "", json!({ "exp": 0 }));
    refused("not_yet_valid", "nbf_beyond_leeway", "", json!({ "nbf": NOW + 6 }));
    refused("not_yet_valid", "nbf_far", "", json!({ "nbf": NOW + 500 }));
    refused("not_yet_valid", "iat_beyond_leeway", "", json!({ "iat": NOW + 6 }));
    refused("claims", "exp_missing", "no token lives for ever", json!({ "exp": null }));
    refused("claims", "exp_text", "", json!({ "exp": (NOW + 540).to_string() }));
    refused("claims", "exp_negative", "", json!({ "exp": -1 }));
    refused("claims", "exp_boolean", "", json!({ "exp": true }));
    refused("claims", "exp_array", "", json!({ "exp": [NOW + 540] }));
    refused("claims", "exp_fraction", "", json!({ "exp": 1_800_000_540.5 }));
    refused("claims", "iat_missing", "", json!({ "iat": null }));
    refused("claims", "iat_text", "", json!({ "iat": "now" }));
    refused("claims", "iat_negative", "", json!({ "iat": -60 }));
    refused("claims", "nbf_text", "", json!({ "nbf": NOW.to_string() }));
    unusual_numbers(cases);
}

fn unusual_numbers(cases: &mut Cases<'_>) {
    for (name, text) in [
        ("exp_float", "1800000540.0"),
        ("exp_exponent", "1.80000054e9"),
        ("exp_huge_exponent", "1e300"),
        ("exp_above_2_to_53", "9007199254740992"),
        ("exp_above_2_to_63", "9223372036854775808"),
        ("exp_above_2_to_64", "18446744073709551616"),
        ("exp_null", "null"),
        ("exp_nan", "NaN"),
        ("exp_infinite", "1e999"),
        ("exp_leading_zero", "01800000540"),
    ] {
        let token = cases.with_payload(&with_exp_text(text));
        cases.refused("claims", name, "a time is a whole number of seconds, 0 to 2^53 - 1", token);
    }
}

pub(crate) fn parties(cases: &mut Cases<'_>) {
    for (name, aud) in [
        ("aud_array_of_ours", json!([AUDIENCE])),
        ("aud_array_with_ours", json!(["https://other.example.com", AUDIENCE])),
    ] {
        let token = cases.with_claims(json!({ "aud": aud }));
        cases.valid(name, "RFC 7519 section 4.1.3", token);
    }
    for (name, iss) in [
        ("iss_other", "https://attacker.example"),
        ("iss_with_slash", "https://auth.example.com/"),
        ("iss_in_upper_case", "HTTPS://AUTH.EXAMPLE.COM"),
        ("iss_longer", "https://auth.example.com.attacker.example"),
        ("iss_shorter", "https://auth.example.co"),
        ("iss_empty", ""),
    ] {
        let token = cases.with_claims(json!({ "iss": iss }));
        cases.refused("wrong_issuer", name, "compared byte by byte", token);
    }
    for (name, aud) in [
        ("aud_other", json!("https://other.example.com")),
        ("aud_with_slash", json!("https://api.example.com/")),
        ("aud_empty", json!("")),
        ("aud_is_issuer", json!(ISSUER)),
        ("aud_array_empty", json!([])),
        ("aud_array_of_others", json!(["https://other.example.com", ""])),
        ("aud_joined", json!(format!("https://other.example.com {AUDIENCE}"))),
    ] {
        let token = cases.with_claims(json!({ "aud": aud }));
        cases.refused("wrong_audience", name, "for someone else, RFC 8725 section 3.9", token);
    }
    for (name, changes) in [
        ("iss_missing", json!({ "iss": null })),
        ("iss_array", json!({ "iss": [ISSUER] })),
        ("aud_missing", json!({ "aud": null })),
        ("aud_number", json!({ "aud": 1 })),
        ("aud_object", json!({ "aud": { AUDIENCE: true } })),
        ("aud_array_mixed", json!({ "aud": [AUDIENCE, 1] })),
        ("aud_array_nested", json!({ "aud": [[AUDIENCE]] })),
    ] {
        let token = cases.with_claims(changes);
        cases.refused("claims", name, "", token);
    }
}

pub(crate) fn members(cases: &mut Cases<'_>) {
    let token = cases.with_claims(json!({ "roles": ["admin"], "nested": { "a": [1, 2.5, null] } }));
    cases.valid("claims_unknown", "ignored, RFC 7519 section 4", token);
    let changes = json!({ "email": "åda@exämple.com" });
    let token = cases.with_claims(changes.clone());
    cases.valid_with("claims_not_ascii", "", token, changed(claims(), changes));
    let token = cases.with_payload(&format!(" {}\r\n", payload()));
    cases.valid("payload_with_white_space", "around the object JSON allows it", token);

    for (name, changes) in [
        ("sub_missing", json!({ "sub": null })),
        ("sub_number", json!({ "sub": 42 })),
        ("jti_missing", json!({ "jti": null })),
        ("sid_missing", json!({ "sid": null })),
        ("sid_number", json!({ "sid": 1 })),
        ("email_missing", json!({ "email": null })),
        ("id_number", json!({ "id": 42 })),
    ] {
        let token = cases.with_claims(changes);
        cases.refused("claims", name, "", token);
    }
}

pub(crate) fn payloads(cases: &mut Cases<'_>) {
    let payload = payload();
    for (name, payload) in [
        ("claims_duplicate_sub", payload.replacen('{', r#"{"sub":"1","#, 1)),
        ("claims_duplicate_exp", payload.replacen('}', r#","exp":9000000000}"#, 1)),
        ("claims_duplicate_unknown", payload.replacen('{', r#"{"x":1,"x":1,"#, 1)),
        ("claims_duplicate_escaped", payload.replacen('{', r#"{"\u0073ub":"1","#, 1)),
        ("payload_empty", String::new()),
        ("payload_text", "\"hello\"".to_owned()),
        ("payload_not_json", "hello".to_owned()),
        ("payload_null", "null".to_owned()),
        ("payload_array", format!("[{payload}]")),
        (
            "payload_array_of_values",
            json!(claims().as_object().map(|all| all.values().cloned().collect::<Vec<_>>())).to_string(),
        ),
        ("payload_two_objects", format!("{payload}{payload}")),
        ("payload_cut", payload[..payload.len() - 1].to_owned()),
        ("payload_bom", format!("\u{feff}{payload}")),
        ("payload_comment", format!("{payload}//")),
        ("payload_deep", payload.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(2000), "]".repeat(2000)), 1)),
        ("payload_unclosed", "[".repeat(4000)),
        ("payload_lone_surrogate", payload.replacen("ada@", r"\ud800@", 1)),
        ("payload_nul_after", format!("{payload}\u{0}")),
    ] {
        let token = cases.with_payload(&payload);
        cases.refused("claims", name, "", token);
    }
    let mut bytes = payload.into_bytes();
    let place = bytes.windows(4).position(|window| window == b"ada@").expect("the email");
    bytes[place] = 0xff;
    let token = cases.keys.token(crate::rfc_keys::Key::Es256, cases.header().as_bytes(), &bytes);
    cases.refused("claims", "payload_not_utf8", "", token);
}
