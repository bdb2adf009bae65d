//! An axum service that accepts Bulla's access tokens: a layer verifies them, offline, against the server's key set.
//!
//!     ISSUER=http://127.0.0.1:8080 PORT=3000 cargo run

mod key_set;

use std::env::var;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use bulla_token::Claims;
use key_set::KeySet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An error means that there is a provider already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let issuer = var("ISSUER").unwrap_or_else(|_| "http://127.0.0.1:8080".into());
    let audience = var("AUDIENCE").unwrap_or_else(|_| issuer.clone());
    let port = var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let app = Router::new()
        .route("/me", get(me))
        // The layer is for the routes above it. Those below are for everyone.
        .route_layer(from_fn_with_state(Arc::new(KeySet::of(&issuer, &audience)), authenticate))
        .route("/", get(|| async { "for everyone\n" }));
    axum::serve(tokio::net::TcpListener::bind(("127.0.0.1", port)).await?, app).await?;
    Ok(())
}

async fn me(Extension(claims): Extension<Claims>) -> Json<serde_json::Value> {
    Json(serde_json::json!({"id": claims.sub, "email": claims.email}))
}

/// Lets a request through whose token is good, with the token's claims as an extension.
async fn authenticate(State(keys): State<Arc<KeySet>>, mut request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(("Bearer" | "bearer", token)) = authorization.and_then(|value| value.split_once(' ')) else {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response();
    };
    let Some(verifier) = keys.verifier_for(token).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
    };
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(i64::MAX, |age| age.as_secs().cast_signed());
    let Ok(claims) = verifier.verify(token, now) else {
        let challenge = r#"Bearer error="invalid_token""#;
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    };
    request.extensions_mut().insert(claims);
    next.run(request).await
}
