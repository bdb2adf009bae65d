//! `bulla seal`: what a client does, from the command line.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bulla_seal::{Jwk, Payload, PublicKey, Purpose};
use clap::Args;
use serde::Deserialize;

use super::password_input::read_password;
use super::{Failure, Outcome, read_file};

/// Seals a password to a server's key and prints the envelope.
///
/// The password is read from a prompt, or from standard input.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  bulla seal --url http://localhost:8080 --email ada@example.com
  printf '%s' \"$PASSWORD\" | bulla seal --url https://auth.example.com --email ada@example.com --purpose register
  printf '%s' \"$PASSWORD\" | bulla seal --pem public.pem")]
pub(super) struct Seal {
    /// The server; its key and a nonce are fetched
    #[arg(long, required_unless_present = "pem", conflicts_with = "pem")]
    url: Option<String>,
    /// A public key (SPKI PEM) instead of a server: makes the raw form, which is bound to nothing but the key
    #[arg(long, value_name = "FILE")]
    pem: Option<PathBuf>,
    /// The account that the password is for
    #[arg(long, required_unless_present = "pem")]
    email: Option<String>,
    /// What the password is for: register, login, current_password or new_password
    #[arg(long, default_value = "login")]
    purpose: String,
    /// Print JSON: {"envelope": …, "kid": …}
    #[arg(long)]
    json: bool,
}

/// What we need of the sealing-key document.
#[derive(Deserialize)]
struct Offered {
    jwk: Jwk,
    nonce: String,
}

impl Seal {
    pub(super) fn run(self) -> Outcome {
        let (envelope, kid) = match (&self.url, &self.pem) {
            (Some(url), _) => self.seal_for_server(url)?,
            (None, Some(pem)) => {
                let key = PublicKey::from_pem(&read_file(pem)?)
                    .map_err(|error| Failure::new(format!("{}: {error}", pem.display())))?;
                let envelope = bulla_seal::seal_raw(&key, &read_password()?).map_err(Failure::new)?;
                (envelope, key.kid().to_owned())
            }
            (None, None) => return Err(Failure::new("give --url or --pem")),
        };
        if self.json {
            return super::print_json(&serde_json::json!({ "envelope": envelope, "kid": kid }));
        }
        println!("{envelope}");
        Ok(())
    }

    fn seal_for_server(&self, url: &str) -> Result<(String, String), Failure> {
        let list = "register, login, current_password or new_password";
        let purpose: Purpose = self.purpose.parse().map_err(|_| Failure::new(format!("--purpose must be {list}")))?;
        let email = self.email.as_deref().unwrap_or_default();
        // Before the nonce is fetched: a person takes their time to type.
        let password = read_password()?;
        let offered = fetch(url)?;
        let key = PublicKey::from_jwk(&offered.jwk).map_err(Failure::new)?;
        let payload = Payload { password: &password, purpose, email, nonce: &offered.nonce };
        let envelope = bulla_seal::seal(&key, &payload).map_err(Failure::new)?;
        Ok((envelope, key.kid().to_owned()))
    }
}

fn fetch(url: &str) -> Result<Offered, Failure> {
    let url = format!("{}/api/auth/sealing-key", url.trim_end_matches('/'));
    let problem = |error: ureq::Error| match error {
        ureq::Error::StatusCode(status) => Failure::new(format!("{url} answered {status}; is it a Bulla server?")),
        _ => Failure::new(format!("cannot fetch {url}: {error}")),
    };
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(15))).tls_config(tls).build().into();
    let text = agent.get(&url).call().map_err(problem)?.body_mut().read_to_string().map_err(problem)?;
    serde_json::from_str(&text)
        .map_err(|_| Failure::new(format!("{url} did not answer with a sealing key; is it a Bulla server?")))
}
