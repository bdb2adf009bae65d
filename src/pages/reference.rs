//! `/docs`: the API, rendered from its OpenAPI description.

mod codes;
mod example;

use maud::{Markup, html};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::{Page, Parts, brand_link};
use crate::model::Brand;

pub use codes::CODES;
pub use example::SERVER;

pub fn reference(description: &OpenApi) -> Page {
    let document = serde_json::to_value(description).unwrap_or_default();
    let tags = document["tags"].as_array().cloned().unwrap_or_default();
    // A JSON object has lost the order in which they are described.
    let paths: Vec<&str> = description.paths.paths.keys().map(String::as_str).collect();
    let body = html! {
        header.top { (brand_link("docs", "Bulla")) span { "API reference" } }
        div.page {
            nav.contents aria-label="Contents" {
                a href="#beginning" { "Where to begin" }
                @for tag in &tags {
                    h2 { (title(text(&tag["name"]))) }
                    @for (path, method, _) in operations(&document, &paths, text(&tag["name"])) {
                        a href=(format!("#{method}-{path}")) { span.method { (method.to_uppercase()) } span { (path.trim_start_matches("/api/auth")) } }
                    }
                }
                h2 { "Refusals" }
                a href="#refusals" { "Their form" } a href="#codes" { "Their codes" }
            }
            main {
                (beginning())
                @for tag in &tags {
                    h2.tag { (title(text(&tag["name"]))) }
                    p.lead { (text(&tag["description"])) "." }
                    @for (path, method, operation) in operations(&document, &paths, text(&tag["name"])) {
                        (operation_section(&document, path, method, operation))
                    }
                }
                (refusals(&document))
            }
        }
    };
    Page::render(&Parts {
        title: "Bulla: API reference",
        brand: &Brand::default(),
        style: include_str!("reference/reference.css"),
        has_scripts: false,
        body,
    })
}

fn beginning() -> Markup {
    html! {
        h1 id="beginning" { "API reference" }
        p { "JSON in and out, UTF-8, at most 16 KiB. Members that are not listed here are ignored; a member twice, or of the wrong type, is refused." }
        p {
            "A " b { "sealed" } " member is an envelope made in the client: a JWE to the key of "
            a href="#get-/api/auth/sealing-key" { code { "GET /api/auth/sealing-key" } }
            ", with the password, its purpose, the account and a nonce inside. The library " code { "@bulla/client" } " and "
            code { "bulla seal" } " make one. To make one yourself (" code { "spec/seal.md" } " has every detail):"
        }
        pre { code { (SEALING) } }
        p { "The same as this page, for programs: " a href="openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
    }
}

const SEALING: &str = r#"header    {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": the document's kid}
payload   {"password": as typed, "purpose": "login", "email": the account, "nonce": the document's nonce}

A JWE of these in compact serialization (RFC 7516), for the document's jwk. A new one for each request."#;

fn operation_section(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let (refused, answered): (Vec<_>, Vec<_>) =
        members(&operation["responses"]).partition(|(_, response)| is_refusal(response));
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    html! {
        section.operation id=(format!("{method}-{path}")) {
            div.words {
                h3 { span.method { (method.to_uppercase()) } " " code { (path) } }
                p { b { (text(&operation["summary"])) "." } }
                @if !operation["description"].is_null() { p { (prose(text(&operation["description"]))) } }
                @if operation["security"].is_array() { p { "Needs " code { "Authorization: Bearer …" } " with an access token." } }
                @for parameter in parameters {
                    h4 { "In the path" }
                    table { tr { td { code { (text(&parameter["name"])) } } td { (prose(text(&parameter["description"]))) } } }
                }
                @if !body.is_null() { h4 { "Takes" } (fields(document, body)) }
                @for (status, response) in &answered {
                    h4 { "Answers " (status) }
                    p { (text(&response["description"])) "." }
                    @if response["headers"].is_object() {
                        table { @for (name, header) in members(&response["headers"]) { tr { td { code { (name) } span.kind { "header" } } td { (text(&header["description"])) } } } }
                    }
                    @for (_, content) in members(&response["content"]) { (fields(document, &content["schema"])) }
                }
                h4 { "Refuses" }
                ul.refused { @for (status, response) in &refused { (refused_with(status, response)) } }
            }
            div.code {
                pre { code { (example::request(document, method, path, operation)) } }
                @for (status, response) in &answered { pre { code { (example::answer(document, status, response)) } } }
            }
        }
    }
}

fn refused_with(status: &str, response: &Value) -> Markup {
    html! {
        li { (status) @for code in text(&response["description"]).split(", ") { " " a href=(format!("#{code}")) { code { (code) } } } }
    }
}

fn refusals(document: &Value) -> Markup {
    let problem = &document["components"]["schemas"]["Problem"];
    html! {
        h2.tag id="refusals" { "Refusals" }
        p.lead { "Whatever is refused is answered with a document of RFC 9457." }
        section.operation {
            div.words { (fields(document, problem)) }
            div.code { pre { code { (example::problem(document, problem)) } } }
        }
        h2.tag id="codes" { "Codes" }
        dl.codes {
            @for (code, meaning) in CODES {
                div id=(code) { dt { code { (code) } } dd { (prose(meaning)) } }
            }
        }
    }
}

/// A table of an object's members; members of members stand below, indented by their names: `user.email`.
fn fields(document: &Value, schema: &Value) -> Markup {
    let mut rows = Vec::new();
    collect(document, schema, "", &mut rows);
    html! {
        @if !rows.is_empty() {
            table {
                @for Field { name, kind, description, is_optional } in rows {
                    tr {
                        td { code { (name) } span.kind { (kind) @if is_optional { ", optional" } } }
                        td { (prose(&description)) }
                    }
                }
            }
        }
    }
}

struct Field {
    name: String,
    kind: String,
    description: String,
    is_optional: bool,
}

fn collect(document: &Value, schema: &Value, prefix: &str, rows: &mut Vec<Field>) {
    let schema = resolve(document, schema);
    for (name, property) in example::ordered(schema) {
        let inner = resolve(document, property);
        let name = format!("{prefix}{name}");
        let own = text(&property["description"]);
        rows.push(Field {
            kind: kind(inner),
            description: if own.is_empty() { text(&inner["description"]) } else { own }.to_owned(),
            is_optional: !is_required(schema, name.rsplit('.').next().unwrap_or_default()),
            name: name.clone(),
        });
        collect(document, inner, &format!("{name}."), rows);
        collect(document, &inner["items"], &format!("{name}[]."), rows);
    }
}

/// `string`, `string (email), at most 254`.
fn kind(schema: &Value) -> String {
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        _ => "object".to_owned(),
    };
    let format = match text(&schema["format"]) {
        "" | "int32" | "int64" => String::new(),
        format => format!(" ({format})"),
    };
    let length = schema["maxLength"].as_u64().map(|length| format!(", at most {length}")).unwrap_or_default();
    format!("{kind}{format}{length}")
}

fn operations<'d>(document: &'d Value, paths: &[&'d str], tag: &str) -> Vec<(&'d str, &'d str, &'d Value)> {
    let all = paths.iter().flat_map(|path| {
        members(&document["paths"][path]).map(|(method, operation)| (*path, method.as_str(), operation))
    });
    let has_tag =
        |operation: &Value| operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|one| one == tag));
    all.filter(|(_, _, operation)| has_tag(operation)).collect()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|one| one == name))
}

fn is_refusal(response: &Value) -> bool {
    response["content"]["application/problem+json"].is_object()
}

/// Text with `code` in it.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Follows a reference, and takes the first of alternatives.
fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    if let Some(first) = schema["oneOf"].get(0) {
        return resolve(document, first);
    }
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
