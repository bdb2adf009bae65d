//! The key set of a Bulla server: fetched when it is first needed, kept for an hour, and followed when a key is new.

use std::time::{Duration, Instant};

use bulla_token::{JwkSet, Verifier, kid_of};
use tokio::sync::{Mutex, RwLock};
use ureq::tls::{RootCerts, TlsConfig};

pub struct KeySet {
    url: String,
    agent: ureq::Agent,
    keyless: Verifier,
    /// What the last good answer made, and when the server was last asked.
    known: RwLock<(Option<Verifier>, Option<Instant>)>,
    fetching: Mutex<()>,
}

impl KeySet {
    pub fn of(issuer: &str, audience: &str) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).tls_config(tls).build();
        let url = format!("{issuer}/.well-known/jwks.json");
        let keyless = Verifier::new(issuer, audience);
        Self { url, agent: agent.into(), keyless, known: RwLock::default(), fetching: Mutex::default() }
    }

    /// A verifier that knows the key of this token, if the server does. None: the server could not be asked so far.
    pub async fn verifier_for(&self, token: &str) -> Option<Verifier> {
        let kid = kid_of(token).unwrap_or_default();
        if self.is_due(&kid).await {
            let _one_at_a_time = self.fetching.lock().await;
            // Whoever had to wait finds it done.
            if self.is_due(&kid).await {
                let fetched = self.fetch().await.inspect_err(|error| eprintln!("{}: {error}", self.url)).ok();
                let mut known = self.known.write().await;
                *known = (fetched.or(known.0.take()), Some(Instant::now()));
            }
        }
        self.known.read().await.0.clone()
    }

    async fn is_due(&self, kid: &str) -> bool {
        let (verifier, asked) = &*self.known.read().await;
        let pause_seconds = match verifier {
            Some(verifier) if verifier.knows(kid) => 3600,
            // Anyone can invent a name: that must not make us ask more often.
            Some(_) => 60,
            None => 1,
        };
        asked.is_none_or(|asked| asked.elapsed() >= Duration::from_secs(pause_seconds))
    }

    async fn fetch(&self) -> Result<Verifier, Box<dyn std::error::Error + Send + Sync>> {
        let request = self.agent.get(&self.url);
        let text = tokio::task::spawn_blocking(|| request.call()?.body_mut().read_to_string()).await??;
        Ok(self.keyless.clone().with_jwks(&serde_json::from_str::<JwkSet>(&text)?)?)
    }
}
