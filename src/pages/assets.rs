//! What the pages load: files of this program, and the brand's logo.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::Brand;

pub(super) const LOGO: &str = "assets/logo";

#[derive(Debug)]
pub struct Asset {
    pub media_type: &'static str,
    pub content: Cow<'static, [u8]>,
    /// An entity tag (RFC 9110 §8.8.3), quotes included: another content has another.
    pub tag: String,
}

/// A picture may be opened by itself, and an SVG may hold scripts: they do not run.
pub const ASSET_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// By their names below `/assets/`. The client is the package of `client-js/`, file by file as it stands there.
const FILES: [(&str, &str, &[u8]); 16] = [
    ("logo", "image/svg+xml", include_bytes!("assets/logo.svg")),
    ("main.js", SCRIPT, include_bytes!("home/main.js")),
    ("views.js", SCRIPT, include_bytes!("home/views.js")),
    ("forms.js", SCRIPT, include_bytes!("home/forms.js")),
    ("strength.js", SCRIPT, include_bytes!("home/strength.js")),
    ("exchange.js", SCRIPT, include_bytes!("home/exchange.js")),
    ("client/client.js", SCRIPT, include_bytes!("../../client-js/src/client.js")),
    ("client/envelopes.js", SCRIPT, include_bytes!("../../client-js/src/envelopes.js")),
    ("client/error.js", SCRIPT, include_bytes!("../../client-js/src/error.js")),
    ("client/index.js", SCRIPT, include_bytes!("../../client-js/src/index.js")),
    ("client/request.js", SCRIPT, include_bytes!("../../client-js/src/request.js")),
    ("client/seal.js", SCRIPT, include_bytes!("../../client-js/src/seal.js")),
    ("client/session.js", SCRIPT, include_bytes!("../../client-js/src/session.js")),
    ("client/storage.js", SCRIPT, include_bytes!("../../client-js/src/storage.js")),
    ("client/tabs.js", SCRIPT, include_bytes!("../../client-js/src/tabs.js")),
    ("client/web-crypto.js", SCRIPT, include_bytes!("../../client-js/src/web-crypto.js")),
];

pub fn asset(path: &str, brand: &Brand) -> Option<Asset> {
    if path == "logo"
        && let Some(logo) = &brand.logo
    {
        return Some(Asset::new(logo.media_type, logo.content.clone().into()));
    }
    let (_, media_type, content) = FILES.into_iter().find(|(name, ..)| *name == path)?;
    Some(Asset::new(media_type, content.into()))
}

impl Asset {
    fn new(media_type: &'static str, content: Cow<'static, [u8]>) -> Self {
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest(&SHA256, &content).as_ref()[..16]));
        Self { media_type, content, tag }
    }
}
