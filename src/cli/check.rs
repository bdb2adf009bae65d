//! `bulla check`: what is in force, and what is wrong.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::tune::tune;
use super::{Failure, Outcome, obstacles, open, print_json};
use crate::config::{self, Config, Draft, MasterKeySource, Metrics};

#[derive(Args, Debug)]
pub(super) struct Check {
    /// Instead, find the strongest password hash that this machine computes in a time like 20ms, on all hashing threads
    #[arg(long, value_name = "TIME", value_parser = config::duration)]
    tune: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    in_force: Vec<(&'static str, String)>,
    problems: Vec<String>,
}

impl Check {
    /// Fails when something is wrong, after telling all of it.
    pub(super) async fn run(self, draft: Draft) -> Outcome {
        if let Some(budget) = self.tune {
            let config = draft.finished().map_err(Failure::Settings)?;
            return tune(budget, config.hash_threads, self.json);
        }
        open::warn_if_exposed(&draft.config.database);
        let in_force = if draft.problems.is_empty() { in_force(&draft.config) } else { Vec::new() };
        let report = Report { in_force, problems: obstacles::all(&draft).await };
        if self.json {
            print_json(&report)?;
        } else {
            for (name, value) in &report.in_force {
                println!("{name:28} {value}");
            }
            if report.problems.is_empty() {
                println!("\nNothing is wrong.");
            }
        }
        if report.problems.is_empty() { Ok(()) } else { Err(Failure::Settings(report.problems)) }
    }
}

fn in_force(config: &Config) -> Vec<(&'static str, String)> {
    let or_none = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let master_key = match &config.master_key {
        MasterKeySource::Given(_) => "given in the environment".to_owned(),
        MasterKeySource::File(path) | MasterKeySource::DataDir(path) => path.display().to_string(),
    };
    let tls = config.tls.as_ref().map_or("off".to_owned(), |files| files.cert.display().to_string());
    let rate =
        config.address_rate.map_or("off".to_owned(), |rate| format!("{}/s, {} at once", rate.per_second, rate.burst));
    vec![
        ("listen", config.listen.to_string()),
        ("public url (issuer)", config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen))),
        ("database", config.database.to_string()),
        ("tls to the database", config.database.ssl_mode().unwrap_or("not needed").to_owned()),
        ("database patience", format!("{} ms a statement", config.database_limits.patience.as_millis())),
        ("database connections", database_connections(config)),
        ("data folder", config.data_dir.display().to_string()),
        ("master key", master_key),
        ("tokens", format!("{:?}, valid for {} s", config.tokens, config.access_lifetime.as_secs())),
        ("new sealing keys", format!("RSA-{}", config.sealing_key_size.bits())),
        ("sealed forms", if config.accepts_raw_form { "jwe, raw" } else { "jwe" }.to_owned()),
        ("passwords in clear", if config.accepts_plaintext { "ACCEPTED" } else { "refused" }.to_owned()),
        ("least password length", config.password_policy.min_length.to_string()),
        ("password hash", format!("argon2id {}", config.argon2)),
        ("hash threads and queue", format!("{} and {}", config.hash_threads, config.hash_queue)),
        ("address rate", rate),
        ("audit log", format!("kept for {} days", config.audit_kept.as_secs() / 86400)),
        ("trusted proxies", or_none(config.trusted_proxies.iter().map(ToString::to_string).collect())),
        ("cors origins", or_none(config.cors_origins.clone())),
        ("pages", if config.has_pages { format!("at /, as {:?}", config.brand.name) } else { "off".to_owned() }),
        ("connections", config.max_connections.to_string()),
        ("metrics", metrics(config.metrics)),
        ("traces", config.collector.as_ref().map_or("off".to_owned(), |collector| collector.endpoint.clone())),
        ("tls", tls),
    ]
}

fn database_connections(config: &Config) -> String {
    config.database_limits.connections.map_or("32 to MySQL, 8 to SQLite".to_owned(), |count| count.to_string())
}

fn metrics(metrics: Metrics) -> String {
    match metrics {
        Metrics::Off => "off".to_owned(),
        Metrics::IfFree(address) => format!("{address}, if it is free"),
        Metrics::On(address) => address.to_string(),
    }
}
