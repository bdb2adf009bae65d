//! `/`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::Page;
use crate::app::App;

pub async fn welcome(State(app): State<Arc<App>>) -> Response {
    let url = &app.public_url;
    let content = html! {
        h1 { "Bulla" }
        p { "This is an authentication server: passwords arrive sealed, tokens go out." }
        p { "Seal a password to the key that this server shows, and log in with it:" }
        pre { code {
            "curl -s " (url) "/api/auth/sealing-key\n"
            "bulla seal --url " (url) " --email ada@example.com --purpose register"
        } }
        ul {
            li { a href="/docs" { "The API, route by route" } }
            li { a href="/openapi.json" { "The same for programs" } " (OpenAPI)" }
            li { a href="/.well-known/jwks.json" { "The keys that tokens are verified with" } " (JWKS)" }
        }
    };
    Page::render("Bulla", &content).to_response()
}
