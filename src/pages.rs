//! The web pages: rendered here, with a strict content security policy and nothing loaded from elsewhere.

mod assets;
mod home;
mod reference;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, html};

use crate::model::{Brand, Color};

pub use assets::{ASSET_POLICY, Asset, asset};
pub use home::home;
pub use reference::{CODES, SERVER, reference};

const STYLE: &str = include_str!("pages/style.css");

/// A rendered page and the policy that it is shown under.
#[derive(Debug)]
pub struct Page {
    html: String,
    policy: String,
}

/// What a page is made of.
struct Parts<'p> {
    title: &'p str,
    brand: &'p Brand,
    /// Rules beside those of every page.
    style: &'static str,
    /// Whether programs of this server run in it, and talk to this server.
    has_scripts: bool,
    /// What `<body>` holds.
    body: Markup,
}

impl Page {
    /// The style sheet is part of the page; its policy allows just that text, by its digest. Whatever else a page loads
    /// comes from `/assets`. No form is ever submitted: without its program, a page cannot send a password anywhere.
    fn render(parts: &Parts<'_>) -> Self {
        let Parts { title, brand, style, has_scripts, body } = parts;
        let style = format!("{}{STYLE}{style}", accent(brand));
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    link rel="icon" href=(assets::LOGO);
                    style { (maud::PreEscaped(&style)) }
                    @if *has_scripts { script type="module" src="assets/main.js" {} }
                }
                body { (body) }
            }
        };
        let digest = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        let scripts = if *has_scripts { "script-src 'self'; connect-src 'self'; " } else { "" };
        let policy = format!(
            "default-src 'none'; {scripts}style-src 'sha256-{digest}'; img-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        Self { html: markup.into_string(), policy }
    }

    /// With another text where the page has one.
    #[must_use]
    pub fn with(&self, text: &str, instead: &str) -> Self {
        let instead = html! { (instead) }.into_string();
        Self { html: self.html.replace(text, &instead), policy: self.policy.clone() }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        ([(header::CONTENT_SECURITY_POLICY, self.policy)], Html(self.html)).into_response()
    }
}

/// The logo and the name at the top of every page.
fn brand_link(href: &str, name: &str) -> Markup {
    html! { a.brand href=(href) { img src=(assets::LOGO) alt="" width="40" height="40"; (name) } }
}

/// The brand's colour, in a shade that can be read by day and one that can be read by night.
fn accent(brand: &Brand) -> String {
    let (light, dark) = (Color::LIGHT_PAGE, Color::DARK_PAGE);
    format!(
        ":root{{--page:{light};--accent:{};}}@media(prefers-color-scheme:dark){{:root{{--page:{dark};--accent:{};}}}}",
        brand.color.readable_on(light),
        brand.color.readable_on(dark),
    )
}
