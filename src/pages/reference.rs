//! `/docs`: the API, rendered from its OpenAPI description.

use maud::{Markup, html};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::Page;

/// What each refusal means and what to do about it.
pub const CODES: [(&str, &str); 20] = [
    ("malformed_request", "The body is not JSON, lacks a member, has one twice or of the wrong type. Fix the request."),
    ("invalid_envelope", "The sealed password is not one, which shows without any key. The detail says what is wrong."),
    ("unknown_sealing_key", "Sealed to a key that is unknown or retired. Seal again to `sealing_key` in the answer."),
    (
        "invalid_credentials",
        "Unknown account, wrong password, or an envelope that does not open for this account and purpose.",
    ),
    ("stale_envelope", "The nonce is older than five minutes. Fetch the sealing key again and seal anew."),
    ("reused_envelope", "This envelope was judged before. Each is accepted once: seal anew."),
    ("invalid_token", "The token is missing, expired, forged, or its session ended. Refresh, or log in again."),
    ("account_disabled", "The password is right, but the account is disabled. Ask whoever runs the service."),
    ("email_taken", "An account with this email address exists already."),
    ("validation_failed", "A member has the right type and a wrong value; `errors` lists them by JSON Pointer."),
    ("weak_password", "The new password is too short, too common, or built from the name or email address."),
    ("too_many_attempts", "Wait as many seconds as `Retry-After` says."),
    ("overloaded", "Every hashing thread is busy. Try again after `Retry-After`; the envelope was not spent."),
    ("unavailable", "The database does not answer. Try again after `Retry-After`."),
    ("payload_too_large", "A body may have 16 KiB at most."),
    ("unsupported_media_type", "Send `Content-Type: application/json`."),
    ("request_timeout", "The body took longer than ten seconds to arrive."),
    ("not_found", "There is nothing at this address, or nothing that is yours."),
    ("method_not_allowed", "The `Allow` header lists the methods that this address takes."),
    ("internal", "Something broke on the server. Its log has more under the `request_id`."),
];

pub fn reference(description: &OpenApi) -> Page {
    let document = serde_json::to_value(description).unwrap_or_default();
    let content = html! {
        h1 { "The API" }
        p { "JSON in and out. Refusals are " code { "application/problem+json" } " with a " a href="#codes" { "code" } ". The same for programs: " a href="/openapi.json" { "openapi.json" } "." }
        @for (path, item) in members(&document["paths"]) {
            @for (method, operation) in members(item).filter(|(_, operation)| operation.is_object()) {
                (operation_section(&document, path, method, operation))
            }
        }
        h2 id="codes" { "Codes" }
        dl {
            @for (code, meaning) in CODES {
                dt id=(code) { code { (code) } }
                dd { (prose(meaning)) }
            }
        }
    };
    Page::render("Bulla: the API", &content)
}

fn operation_section(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    html! {
        section id=(format!("{method}-{path}")) {
            h2 { span.method { (method.to_uppercase()) } " " code { (path) } }
            p { b { (text(&operation["summary"])) } " " (prose(text(&operation["description"]))) }
            @if operation["security"].is_array() { p { "Needs " code { "Authorization: Bearer …" } } }
            @if !body.is_null() { h3 { "Takes" } (schema(document, body)) }
            h3 { "Answers" }
            @for (status, response) in members(&operation["responses"]) {
                (answer(document, status, response))
            }
        }
    }
}

fn answer(document: &Value, status: &str, response: &Value) -> Markup {
    let is_refusal = response["content"]["application/problem+json"].is_object();
    html! {
        @if is_refusal {
            p { b { (status) } @for code in text(&response["description"]).split(", ") { " " a href=(format!("#{code}")) { code { (code) } } } }
        } @else {
            p { b { (status) } " " (text(&response["description"])) }
            @for (_, content) in members(&response["content"]) { (schema(document, &content["schema"])) }
        }
    }
}

/// A table of an object's members, with references followed one step.
fn schema(document: &Value, schema: &Value) -> Markup {
    let schema = resolve(document, schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    html! {
        @if schema["properties"].is_object() {
            table {
                @for (name, property) in members(&schema["properties"]) {
                    @let inner = resolve(document, if property["items"].is_object() { &property["items"] } else { property });
                    tr {
                        td { code { (name) } @if !required.contains(&name.as_str()) { " (optional)" } }
                        td {
                            (prose(text(&property["description"]))) " "
                            @if !inner["example"].is_null() { code { (inner["example"].to_string()) } }
                            @if inner["properties"].is_object() {
                                @for (name, _) in members(&inner["properties"]) { code { (name) } " " }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Text with `code` in it.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
