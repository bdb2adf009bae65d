//! `/openapi.json`: the description of the API, generated from the handlers.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::json;
use utoipa::openapi::header::Header;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HttpMethod, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::error::ProblemDocument;
use super::{health, login, password, profile, refresh, register, sealing_key, sessions, verify, well_known};

#[derive(OpenApi)]
#[openapi(
    info(title = "Bulla", description = "Sealed passwords in, tokens out.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        sealing_key::sealing_key, sealing_key::public_pem, register::register, login::login, refresh::refresh,
        profile::profile, profile::update_profile, sessions::logout, sessions::sessions, sessions::end_session,
        sessions::end_every_session, password::change_password, verify::verify, well_known::jwks, health::healthz,
        health::readyz,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Bearer, &Refusals, &NextSteps),
    tags(
        (name = "sealing", description = "How a password gets into its envelope"),
        (name = "accounts", description = "Making an account and looking after it"),
        (name = "sessions", description = "Logging in, staying in, logging out"),
        (name = "tokens", description = "Verifying access tokens"),
        (name = "operation", description = "For whoever runs the server"),
    ),
)]
struct Api;

/// What [`crate::model::Name`] takes: one line with something to see on it. White space around it is cut off.
const NAME_PATTERN: &str = concat!(
    r"^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*",
    r"[^\u0000-\u001f\u007f-\u009f \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    r"[^\u0000-\u001f\u007f-\u009f]*[\t-\r\u0085]*$",
);

/// The member `name` of a request.
pub(super) fn name_schema() -> Object {
    Object::builder()
        .schema_type(Type::String)
        .description(Some("What the person goes by, on one line."))
        .min_length(Some(1))
        .max_length(Some(200))
        .pattern(Some(NAME_PATTERN))
        .examples(["Ada Lovelace"])
        .build()
}

/// The whole description.
pub fn description() -> Document {
    Api::openapi()
}

/// A constant, written out once: anyone may ask for it as often as they like.
static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string(&description()).expect("a description is plain JSON"));

pub(super) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Which refusals a route can answer with, by what it takes; each with its codes.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let operations = [
                (HttpMethod::Get, &mut item.get),
                (HttpMethod::Post, &mut item.post),
                (HttpMethod::Patch, &mut item.patch),
                (HttpMethod::Delete, &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                for (status, codes) in refusals(path, &method, operation) {
                    operation.responses.responses.insert(status.to_owned(), RefOr::T(refusal(codes).build()));
                }
            }
        }
    }
}

fn refusals(path: &str, method: &HttpMethod, operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let takes_password = ["/api/auth/register", "/api/auth/login", "/api/auth/password"].contains(&path);
    let takes_body = operation.request_body.is_some();
    let mut refusals = vec![("500", "internal")];
    if path.starts_with("/api/auth/") {
        refusals.push(("503", if takes_password { "overloaded, unavailable" } else { "unavailable" }));
    }
    if takes_body {
        let codes = if takes_password {
            "malformed_request, invalid_envelope, unknown_sealing_key"
        } else {
            "malformed_request"
        };
        refusals.extend([
            ("400", codes),
            ("408", "request_timeout"),
            ("413", "payload_too_large"),
            ("415", "unsupported_media_type"),
        ]);
    }
    match path {
        "/readyz" => refusals.push(("503", "unavailable")),
        "/api/auth/register" => refusals.extend([
            ("401", "invalid_credentials, stale_envelope, reused_envelope"),
            ("409", "email_taken"),
            ("422", "validation_failed, weak_password"),
        ]),
        "/api/auth/login" => refusals.extend([
            ("401", "invalid_credentials, stale_envelope, reused_envelope"),
            ("403", "account_disabled"),
            ("422", "validation_failed"),
        ]),
        "/api/auth/password" => refusals.extend([
            ("401", "invalid_token, invalid_credentials, stale_envelope, reused_envelope"),
            ("422", "weak_password"),
        ]),
        "/api/auth/refresh" => refusals.push(("401", "invalid_token")),
        "/api/auth/sessions/{id}" => refusals.push(("404", "not_found")),
        _ if takes_body => refusals.push(("422", "validation_failed")),
        _ => {}
    }
    if operation.security.is_some() && path != "/api/auth/password" {
        refusals.push(("401", "invalid_token"));
    }
    if path.starts_with("/api/auth/") && *method != HttpMethod::Get {
        refusals.push(("429", "too_many_attempts"));
    }
    refusals
}

fn refusal(codes: &str) -> ResponseBuilder {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let mut response = ResponseBuilder::new().description(codes).content("application/problem+json", content);
    for (code, header) in [
        ("invalid_token", "WWW-Authenticate"),
        ("too_many_attempts", "Retry-After"),
        ("overloaded", "Retry-After"),
        ("unavailable", "Retry-After"),
    ] {
        if codes.contains(code) {
            response = response.header(header, Header::default());
        }
    }
    response
}

/// Which answer holds what another request needs, for programs that find their way by themselves.
struct NextSteps;

impl Modify for NextSteps {
    fn modify(&self, document: &mut Document) {
        let refresh = || {
            let body = json!({ "refresh_token": "$response.body#/refresh_token" });
            Link::builder().operation_id("refresh").request_body(Some(body)).build()
        };
        let end = Link::builder().operation_id("end_session").parameter("id", "$response.body#/sessions/0/id").build();
        for (path, method, name, link) in [
            ("/api/auth/login", HttpMethod::Post, "refresh", refresh()),
            ("/api/auth/refresh", HttpMethod::Post, "refresh", refresh()),
            ("/api/auth/password", HttpMethod::Post, "refresh", refresh()),
            ("/api/auth/sessions", HttpMethod::Get, "end_session", end),
        ] {
            let item = document.paths.paths.get_mut(path);
            let operation =
                item.and_then(|item| if method == HttpMethod::Get { &mut item.get } else { &mut item.post }.as_mut());
            let answer = operation.and_then(|operation| operation.responses.responses.get_mut("200"));
            if let Some(RefOr::T(answer)) = answer {
                answer.links.insert(name.to_owned(), RefOr::T(link));
            }
        }
    }
}
