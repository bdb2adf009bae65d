//! What the pages load: files of this program, and the brand's logo.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::{Brand, content_tag};

pub(super) const LOGO: &str = "assets/logo";

#[derive(Clone, Copy, Debug)]
pub struct Asset<'a> {
    pub media_type: &'static str,
    pub content: &'a [u8],
    /// Its entity tag.
    pub tag: &'a str,
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

static TAGS: LazyLock<HashMap<&str, String>> =
    LazyLock::new(|| FILES.into_iter().map(|(name, _, content)| (name, content_tag(content))).collect());

pub fn asset<'b>(path: &str, brand: &'b Brand) -> Option<Asset<'b>> {
    if path == "logo"
        && let Some(logo) = &brand.logo
    {
        return Some(Asset { media_type: logo.media_type, content: &logo.content, tag: &logo.tag });
    }
    let (name, media_type, content) = FILES.into_iter().find(|(name, ..)| *name == path)?;
    Some(Asset { media_type, content, tag: &TAGS[name] })
}
