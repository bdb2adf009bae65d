//! The web pages: rendered here, with a strict content security policy and nothing loaded from elsewhere.

mod reference;
mod welcome;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, html};

pub use reference::{CODES, reference};
pub use welcome::welcome;

const STYLE: &str = include_str!("pages/style.css");

/// A rendered page and the policy that it is shown under.
#[derive(Debug)]
pub struct Page {
    html: String,
    policy: String,
}

impl Page {
    /// The style sheet is part of the page; its policy allows just that text, by its digest.
    fn render(title: &str, content: &Markup) -> Self {
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    style { (maud::PreEscaped(STYLE)) }
                }
                body { main { (content) } }
            }
        };
        let digest = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { html: markup.into_string(), policy }
    }

    pub fn to_response(&self) -> Response {
        let headers = [(header::CONTENT_SECURITY_POLICY, self.policy.clone())];
        (headers, Html(self.html.clone())).into_response()
    }
}
