//! The text of a token: base64url, parts, size.

use serde_json::json;

use crate::case::{Cases, payload};
use crate::rfc_keys::{Key, base64url};

pub(crate) fn base64url_texts(cases: &mut Cases<'_>) {
    let token = cases.ordinary();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, body, signature) = (parts[0], parts[1], parts[2]);
    let spare = with_spare_bit(signature);
    for (name, comment, token) in [
        ("signature_spare_bits", "decodes to the right bytes, but is another text", [header, body, &spare].join(".")),
        ("signature_padded", "", format!("{token}==")),
        ("signature_padding_percent", "", format!("{token}%3D%3D")),
        ("signature_line_feed", "", format!("{token}\n")),
        ("signature_space_before", "", [header, body, &format!(" {signature}")].join(".")),
        (
            "signature_line_feed_inside",
            "",
            [header, body, &format!("{}\n{}", &signature[..40], &signature[40..])].join("."),
        ),
        ("signature_other_alphabet", "", [header, body, &format!("+/{}", &signature[2..])].join(".")),
        ("signature_not_ascii", "", [header, body, &format!("{signature}é")].join(".")),
        ("signature_one_character", "no bytes have this length", [header, body, "A"].join(".")),
        ("header_padded", "", [&format!("{header}="), body, signature].join(".")),
        ("header_space_before", "", format!(" {token}")),
        ("header_not_base64url", "", ["{}", body, signature].join(".")),
    ] {
        cases.refused("malformed", name, comment, token);
    }
    payload_texts(cases);
}

fn payload_texts(cases: &mut Cases<'_>) {
    let token = cases.ordinary();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, body, signature) = (parts[0], parts[1], parts[2]);
    let token = [header, &format!("{body}="), signature].join(".");
    cases.refused("malformed", "payload_padded", "after signing", token);
    for (name, body) in [
        ("payload_signed_padded", format!("{}=", base64url(payload().as_bytes()))),
        ("payload_signed_with_line_feed", format!("{}\n", base64url(payload().as_bytes()))),
        ("payload_signed_as_json", payload().replace('.', "\\u002e")),
    ] {
        let signed = [header, &body].join(".");
        let signature = base64url(&cases.keys.sign(Key::Es256, &signed));
        cases.refused("malformed", name, "even when properly signed", [signed, signature].join("."));
    }
}

pub(crate) fn parts(cases: &mut Cases<'_>) {
    let token = cases.ordinary();
    let parts: Vec<&str> = token.split('.').collect();
    let flattened = json!({ "payload": parts[1], "protected": parts[0], "signature": parts[2] });
    let general = json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "signature": parts[2] }] });
    for (name, comment, token) in [
        ("token_empty", "", String::new()),
        ("parts_one", "", parts[0].to_owned()),
        ("parts_two", "", parts[..2].join(".")),
        ("parts_four", "", format!("{token}.AAAA")),
        ("parts_four_last_empty", "", format!("{token}.")),
        ("parts_four_first_empty", "", format!(".{token}")),
        ("parts_five", "an encrypted token has five", format!("{token}.AAAA.AAAA")),
        ("parts_only_dots", "", "..".to_owned()),
        ("parts_payload_empty", "detached, RFC 7515 appendix F", [parts[0], "", parts[2]].join(".")),
        ("parts_header_empty", "", ["", parts[1], parts[2]].join(".")),
        ("json_flattened", "RFC 7515 section 7.2.2", flattened.to_string()),
        ("json_general", "RFC 7515 section 7.2.1", general.to_string()),
        ("scheme_included", "", format!("Bearer {token}")),
        ("token_bom", "", format!("\u{feff}{token}")),
        ("token_twice", "", format!("{token},{token}")),
    ] {
        let reason = match name {
            "parts_only_dots" | "parts_header_empty" => "header",
            "parts_payload_empty" => "signature",
            _ => "malformed",
        };
        cases.refused(reason, name, comment, token);
    }
}

pub(crate) fn sizes(cases: &mut Cases<'_>) {
    let largest = (5000..8192)
        .map(|length| cases.with_claims(json!({ "x": "x".repeat(length) })))
        .take_while(|token| token.len() <= 8192)
        .last();
    cases.valid("size_largest", "at most 8192 bytes", largest.expect("one fits"));
    let longer = cases.with_claims(json!({ "x": "x".repeat(6200) }));
    cases.refused("too_long", "size_above_limit", "properly signed", longer);
    cases.refused("too_long", "size_of_rubbish", "refused before it is read", "A".repeat(8193));
    cases.refused("too_long", "size_of_dots", "", ".".repeat(8193));
}

fn with_spare_bit(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = text.chars().last().expect("not empty");
    let value = ALPHABET.find(last).expect("base64url");
    format!("{}{}", &text[..text.len() - 1], &ALPHABET[value + 1..value + 2])
}
