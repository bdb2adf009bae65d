//! Access tokens: what is in them, when they expire, and which are refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_token::{Algorithm, Claims, JwkSet, SigningKey, Verifier};
use serde_json::{Value, json};

use crate::support::observe::{MILLISECOND, SECOND, members, token_claims, token_header};
use crate::support::{TestServer, Tokens, shared};

#[tokio::test]
async fn an_access_token_says_these_things_and_no_more() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let claims = token_claims(&tokens.access);
    assert_eq!(members(&claims), ["aud", "email", "exp", "iat", "iss", "jti", "sid", "sub"]);
    assert_eq!(claims["iss"], "https://auth.test");
    assert_eq!(claims["aud"], "https://auth.test");
    assert_eq!(claims["sub"], tokens.user["id"]);
    assert_eq!(claims["email"], email.as_str());
    assert_eq!(claims["iat"], 1_800_000_000);
    assert_eq!(claims["exp"], 1_800_000_600);
}

#[tokio::test]
async fn an_access_token_names_its_kind_its_key_and_its_algorithm() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let header = token_header(&tokens.access);
    assert_eq!(members(&header), ["alg", "kid", "typ"]);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "ES256");
    assert_eq!(server.published_kids().await, [header["kid"].as_str().unwrap()]);
}

#[tokio::test]
async fn no_two_access_tokens_have_one_id() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let other = Tokens::of(&server.refresh(&tokens.refresh).await);
    assert_ne!(token_claims(&tokens.access)["jti"], token_claims(&other.access)["jti"]);
}

#[tokio::test]
async fn a_service_verifies_a_token_with_the_published_keys_alone() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    let published = server.get("/.well-known/jwks.json").await.text;
    let key_set: JwkSet = serde_json::from_str(&published).unwrap();
    let verifier = Verifier::new("https://auth.test", "https://auth.test").with_jwks(&key_set).unwrap();
    let claims = verifier.verify(&tokens.access, 1_800_000_000).unwrap();
    assert_eq!(claims.sub, tokens.user["id"].as_str().unwrap());
}

#[tokio::test]
async fn an_access_token_expires_at_its_second() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.advance(600 * SECOND - MILLISECOND).await;
    for (route, answer) in
        [("profile", server.profile(&tokens.access).await), ("verify", server.verify(&tokens.access).await)]
    {
        assert_eq!(answer.status, 200, "{route}: {answer:?}");
    }
    server.advance(MILLISECOND).await;
    server.assert_refused_everywhere(&tokens.access).await;
    server.refresh(&tokens.refresh).await.ok(200);
}

#[tokio::test]
async fn an_access_token_lives_as_long_as_the_setting_says() {
    for (setting, seconds) in [("15m", 900_u32), ("1h", 3600), ("90", 90)] {
        let server = TestServer::with(|settings| settings.jwt_expires = Some(setting.to_owned())).await;
        let (_, tokens) = server.new_person().await;
        let answer = server.refresh(&tokens.refresh).await;
        assert_eq!(answer.json()["expires_in"], seconds);
        server.advance(seconds * SECOND - MILLISECOND).await;
        server.profile(&tokens.access).await.ok(200);
        server.advance(MILLISECOND).await;
        server.profile(&tokens.access).await.problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_forged_token_is_refused_on_every_route() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let parts: Vec<&str> = tokens.access.split('.').collect();
    let mut claims = token_claims(&tokens.access);
    claims["email"] = json!("root@example.com");
    let unsigned = encode(&json!({ "alg": "none", "typ": "at+jwt", "kid": token_header(&tokens.access)["kid"] }));
    let forgeries = [
        format!("{}.{}.{}", parts[0], encode(&claims), parts[2]),
        format!("{unsigned}.{}.", parts[1]),
        format!("{unsigned}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        with_published_key_as_secret(server, &tokens.access).await,
    ];
    for forgery in &forgeries {
        server.assert_refused_everywhere(forgery).await;
    }
    server.profile(&tokens.access).await.ok(200);
}

/// The classic confusion: an HMAC under the text of the public key.
async fn with_published_key_as_secret(server: &TestServer, access: &str) -> String {
    let published = server.get("/.well-known/jwks.json").await.json()["keys"][0].to_string();
    let mut header = token_header(access);
    header["alg"] = json!("HS256");
    let signed = format!("{}.{}", encode(&header), access.split('.').nth(1).unwrap());
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, published.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes())))
}

#[tokio::test]
async fn a_token_under_a_key_of_someone_else_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let foreign = SigningKey::generate(Algorithm::Es256).unwrap();
    server.assert_refused_everywhere(&foreign.issue(&claims_of(&tokens)).unwrap()).await;
}

#[tokio::test]
async fn a_token_for_another_audience_or_of_another_issuer_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let elsewhere = "https://elsewhere.test".to_owned();
    let for_others = Claims { aud: elsewhere.clone(), ..claims_of(&tokens) };
    let by_others = Claims { iss: elsewhere, ..claims_of(&tokens) };
    for claims in [for_others, by_others] {
        server.assert_refused_everywhere(&issue(server, &claims)).await;
    }
    server.profile(&issue(server, &claims_of(&tokens))).await.ok(200);
}

#[tokio::test]
async fn a_token_of_the_future_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let claims = claims_of(&tokens);
    let ahead = Claims { iat: claims.iat + 300, exp: claims.exp + 300, ..claims };
    server.assert_refused_everywhere(&issue(server, &ahead)).await;
}

#[tokio::test]
async fn a_token_opens_no_session_of_someone_else_or_of_nobody() {
    let server = shared().await;
    let ((_, ada), (_, eve)) = (server.new_person().await, server.new_person().await);
    let of_someone_else = Claims { sid: claims_of(&ada).sid, ..claims_of(&eve) };
    let of_nobody = Claims { sid: server.app.new_id(), ..claims_of(&eve) };
    for claims in [of_someone_else, of_nobody] {
        server.profile(&issue(server, &claims)).await.problem(401, "invalid_token");
    }
}

/// Signs with the server's own key.
fn issue(server: &TestServer, claims: &Claims) -> String {
    server.app.keys.current().active_signing(server.app.clock.now()).unwrap().issue(claims).unwrap()
}

fn claims_of(tokens: &Tokens) -> Claims {
    serde_json::from_value(token_claims(&tokens.access)).unwrap()
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}
