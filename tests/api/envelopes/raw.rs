//! The raw form: RSA-OAEP in base64, for OpenSSL and Postman.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::json;

use super::log_in;
use crate::support::envelope::Offer;
use crate::support::{OTHER_PASSWORD, PASSWORD, TestServer, new_email, shared};

const OAEP: [&str; 3] = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"];

#[tokio::test]
async fn a_password_sealed_by_openssl_registers_logs_in_and_changes() {
    let server = shared().await;
    let email = new_email();
    let offer = Offer::of(server).await;
    // Without naming MGF1's digest, as the reference says: OpenSSL takes the same one.
    let seal = |password: &str| STANDARD.encode(offer.openssl(password.as_bytes(), &OAEP[..2]));
    let body = json!({ "name": "Ada", "email": email, "password": seal(PASSWORD) });
    server.post("register", body).await.ok(201);
    let tokens = log_in(server, &email, &seal(PASSWORD)).await.ok(200);
    let change = json!({ "current_password": seal(PASSWORD), "new_password": seal(OTHER_PASSWORD) });
    let access = tokens["access_token"].as_str().unwrap();
    server.with_token(Method::POST, "password", access, change).await.ok(200);
    log_in(server, &email, &seal(OTHER_PASSWORD)).await.ok(200);
}

#[tokio::test]
async fn a_raw_envelope_is_refused_where_only_jwes_are_accepted() {
    let server = TestServer::with(|settings| settings.sealed_forms = Some("jwe".to_owned())).await;
    let email = new_email();
    server.register(&email).await;
    let raw = bulla_seal::seal_raw(&Offer::of(&server).await.key, PASSWORD).unwrap();
    let problem = log_in(&server, &email, &raw).await.problem(400, "invalid_envelope");
    assert!(problem["detail"].as_str().unwrap().contains("JWE"), "{problem}");
    let body = json!({ "name": "Ada", "email": new_email(), "password": raw });
    server.post("register", body).await.problem(400, "invalid_envelope");
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn encryption_with_another_padding_is_a_wrong_password() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(server).await;
    for options in [
        &["rsa_padding_mode:pkcs1"][..],
        &["rsa_padding_mode:oaep", "rsa_oaep_md:sha1", "rsa_mgf1_md:sha1"],
        &["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha1"],
        &["rsa_padding_mode:oaep", "rsa_oaep_md:sha1", "rsa_mgf1_md:sha256"],
        &[OAEP[0], OAEP[1], OAEP[2], "rsa_oaep_label:00"],
    ] {
        let text = STANDARD.encode(offer.openssl(PASSWORD.as_bytes(), options));
        log_in(server, &email, &text).await.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_number_that_is_not_below_the_modulus_is_an_invalid_envelope() {
    let server = shared().await;
    let email = new_email();
    let offer = Offer::of(server).await;
    let modulus = URL_SAFE_NO_PAD.decode(&offer.key.jwk().n).unwrap();
    let mut above = modulus.clone();
    *above.last_mut().unwrap() += 1 - u8::from(above.ends_with(&[255]));
    let largest = vec![0xff; modulus.len()];
    for number in [modulus, above, largest] {
        log_in(server, &email, &STANDARD.encode(&number)).await.problem(400, "invalid_envelope");
        let jwe = offer.login(&email, PASSWORD).with(|parts| parts.rsa = number);
        log_in(server, &email, &jwe).await.problem(400, "invalid_envelope");
    }
}

#[tokio::test]
async fn base64_in_another_spelling_is_an_invalid_envelope() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(server).await;
    let bytes = std::iter::repeat_with(|| offer.wrap(PASSWORD))
        .find(|bytes| STANDARD.encode(bytes).contains(['+', '/']))
        .unwrap();
    let text = STANDARD.encode(&bytes);
    let (first, second) = text.split_at(64);
    for wrong in [
        URL_SAFE.encode(&bytes),
        format!("{first}\n{second}"),
        format!("{text}\n"),
        format!(" {text}"),
        format!("{text}="),
        STANDARD_NO_PAD.encode(&bytes[..383]),
        STANDARD.encode([&[0][..], &bytes].concat()),
    ] {
        log_in(server, &email, &wrong).await.problem(400, "invalid_envelope");
    }
    log_in(server, &email, &text).await.ok(200);
}
