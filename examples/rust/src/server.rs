//! A Bulla server, as this program sees it: it sends the password sealed, and follows a key that was rotated.

use std::time::Duration;

use bulla_seal::{Jwk, Payload, PublicKey, Purpose, seal};
use serde_json::{Value, json};
use ureq::{Body, http::Response, tls};

pub type Failure = Box<dyn std::error::Error>;

pub struct Server {
    agent: ureq::Agent,
    base: String,
}

impl Server {
    pub fn at(url: &str) -> Self {
        // Fails if there is one already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(15)))
            .tls_config(tls::TlsConfig::builder().root_certs(tls::RootCerts::PlatformVerifier).build())
            .build();
        Self { agent: config.into(), base: format!("{}/api/auth", url.trim_end_matches('/')) }
    }

    /// Registers or logs in: each route is called like the purpose of its envelope.
    pub fn send(&self, purpose: Purpose, email: &str, password: &str, name: &str) -> Result<Value, Failure> {
        let mut document = self.sealing_key()?;
        for is_last in [false, true] {
            let key = PublicKey::from_jwk(&serde_json::from_value::<Jwk>(document["jwk"].clone())?)?;
            let nonce = document["nonce"].as_str().unwrap_or_default();
            let sealed = seal(&key, &Payload { password, purpose, email, nonce })?;
            let body = json!({"email": email, "name": name, "password": sealed}).to_string();
            let request = self.agent.post(format!("{}/{}", self.base, purpose.as_str()));
            let answer = self.answer(request.content_type("application/json").send(body))?;
            document = match answer["code"].as_str() {
                None => return Ok(answer),
                // The key was rotated, or the nonce has expired: seal again, once. Everything else is final.
                Some("unknown_sealing_key") if !is_last => answer["sealing_key"].clone(),
                Some("stale_envelope") if !is_last => self.sealing_key()?,
                Some(code) => return Err(format!("{} ({code})", answer["detail"].as_str().unwrap_or_default()).into()),
            };
        }
        unreachable!("the second answer is the last")
    }

    fn sealing_key(&self) -> Result<Value, Failure> {
        self.answer(self.agent.get(format!("{}/sealing-key", self.base)).call())
    }

    fn answer(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
        let text = answer.and_then(|mut answer| answer.body_mut().read_to_string());
        let json = text.map_err(Failure::from).and_then(|text| Ok(serde_json::from_str(&text)?));
        json.map_err(|error| format!("{} does not answer as a Bulla server does: {error}", self.base).into())
    }
}
