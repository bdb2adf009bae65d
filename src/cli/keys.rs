//! `bulla keys`

use std::path::PathBuf;

use bulla_seal::SealingKey;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use zeroize::Zeroizing;

use super::open::{open_beside, open_database};
use super::{Failure, Outcome, print_json, read_file};
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::{self, Rotation, Urgency};
use crate::model::{KeyPurpose, KeyStage, StoredKey, Timestamp};
use crate::store::server_keys;

#[derive(Subcommand, Debug)]
pub(super) enum Keys {
    /// List all keys and where they stand in their life
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the next key; running servers follow within seconds
    #[command(after_help = "Examples:
  bulla keys rotate                 both keys; a signing key is published an hour before it signs
  bulla keys rotate sealing
  bulla keys rotate signing --compromised")]
    Rotate {
        /// Which key; both when not given
        purpose: Option<Purpose>,
        /// The old key is in the wrong hands: it stops working at once, and clients must fetch or log in anew
        #[arg(long)]
        compromised: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an RSA key from OpenSSL the sealing key
    #[command(after_help = "Example:\n  bulla keys import storage/rsa/private.pem")]
    Import {
        /// PKCS#1 or PKCS#8 PEM, 2048 to 4096 bits, not encrypted
        file: PathBuf,
    },
    /// Print the public sealing key
    Public {
        /// Print the JWK instead of PEM
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Purpose {
    Sealing,
    Signing,
}

#[derive(Serialize)]
struct Listed {
    kid: String,
    purpose: String,
    algorithm: String,
    stage: KeyStage,
    active_at: Timestamp,
    retiring_at: Option<Timestamp>,
    retired_at: Option<Timestamp>,
    has_private_part: bool,
}

impl Keys {
    pub(super) async fn run(self, config: Config) -> Outcome {
        match self {
            Self::List { json } => list(&config, json).await,
            Self::Rotate { purpose, compromised, json } => rotate(config, purpose, compromised, json).await,
            Self::Import { file } => import(config, &file).await,
            Self::Public { json } => public(config, json).await,
        }
    }
}

async fn list(config: &Config, json: bool) -> Outcome {
    let now = Clock::system().now();
    let db = open_database(config).await?;
    let rows = server_keys::list(&db).await.map_err(Failure::new)?;
    let keys: Vec<Listed> = rows.into_iter().map(|row| listed(row, now)).collect();
    if json {
        return print_json(&keys);
    }
    println!("{:43}  {:8} {:13} {:9} {:24}  RETIRED AT", "KID", "PURPOSE", "ALGORITHM", "STAGE", "ACTIVE AT");
    for key in keys {
        let retired_at = key.retired_at.map_or("-".to_owned(), |time| time.to_string());
        println!(
            "{:43}  {:8} {:13} {:9} {:24}  {retired_at}",
            key.kid,
            key.purpose,
            key.algorithm,
            key.stage,
            key.active_at.to_string()
        );
    }
    Ok(())
}

fn listed(row: StoredKey, now: Timestamp) -> Listed {
    Listed {
        stage: row.stage(now),
        has_private_part: row.private_key.is_some(),
        kid: row.kid,
        purpose: row.purpose,
        algorithm: row.algorithm,
        active_at: row.active_at,
        retiring_at: row.retiring_at,
        retired_at: row.retired_at,
    }
}

async fn rotate(config: Config, purpose: Option<Purpose>, compromised: bool, json: bool) -> Outcome {
    let app = open_beside(config).await?;
    let urgency = if compromised { Urgency::Compromised } else { Urgency::Planned };
    let purposes = match purpose {
        Some(Purpose::Sealing) => vec![KeyPurpose::Sealing],
        Some(Purpose::Signing) => vec![KeyPurpose::Signing],
        None => KeyPurpose::ALL.to_vec(),
    };
    if app.shared_secret.is_some() && purposes.contains(&KeyPurpose::Signing) {
        return Err(Failure::new(
            "tokens are signed with JWT_SECRET, which only you can change; rotate `sealing` alone",
        ));
    }
    let mut report = Vec::new();
    for purpose in purposes {
        let rotation = flows::rotate_key(&app, purpose, urgency).await.map_err(Failure::new)?;
        let (kid, active_at, said) = match rotation {
            Rotation::Made { kid, active_at } => (kid, Some(active_at), "new key, active"),
            Rotation::Waiting { kid, active_at } => (kid, Some(active_at), "a next key waits already, active"),
            Rotation::ByAnotherNode => (String::new(), None, "another node rotated at this very moment"),
        };
        let at = active_at.map_or(String::new(), |at| at.to_string());
        if !json {
            println!("{purpose}: {said} {at} {kid}");
        }
        report.push(serde_json::json!({ "purpose": purpose.as_str(), "kid": kid, "active_at": active_at }));
    }
    app.db.close().await;
    if json { print_json(&report) } else { Ok(()) }
}

async fn import(config: Config, file: &PathBuf) -> Outcome {
    let pem = Zeroizing::new(read_file(file)?);
    let key = SealingKey::from_pem(&pem).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let app = open_beside(config).await?;
    flows::import_sealing_key(&app, &key).await.map_err(Failure::new)?;
    app.db.close().await;
    println!("{} is now the active sealing key; delete {} or keep it safe", key.kid(), file.display());
    if let Some(advice) = flows::advice_on_exposed(file) {
        eprintln!("bulla: {advice}");
    }
    Ok(())
}

async fn public(config: Config, json: bool) -> Outcome {
    let app = open_beside(config).await?;
    let offered = flows::offer_sealing_key(&app).map_err(Failure::new)?;
    app.db.close().await;
    if json {
        return print_json(offered.key.jwk());
    }
    print!("{}", offered.key.to_pem());
    Ok(())
}
