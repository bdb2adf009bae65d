//! `/api/auth/sealing-key` and `/api/auth/public.pem`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::answers::SealingKeyDocument;
use super::error::Problem;
use crate::app::App;
use crate::flows;

/// What a client needs to seal a password
///
/// The key rotates: fetch it before sealing, or follow `unknown_sealing_key`. The nonce is good for 300 seconds and
/// for any number of envelopes.
#[utoipa::path(get, path = "/api/auth/sealing-key", tag = "sealing", responses((status = 200, description = "Key and nonce", body = SealingKeyDocument)))]
pub(super) async fn sealing_key(State(app): State<Arc<App>>) -> Result<Json<SealingKeyDocument>, Problem> {
    Ok(Json(flows::offer_sealing_key(&app)?.into()))
}

/// The active sealing key as PEM, for OpenSSL
///
/// `openssl pkeyutl -encrypt -pubin -inkey public.pem -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256`
/// over the password, then base64 on one line, makes the raw form of a sealed password.
#[utoipa::path(get, path = "/api/auth/public.pem", tag = "sealing", responses((status = 200, description = "SPKI in PEM", body = String, content_type = "application/x-pem-file", example = "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n")))]
pub(super) async fn public_pem(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let offered = flows::offer_sealing_key(&app)?;
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], offered.key.to_pem()))
}
