//! What an operator types.

mod audit;
mod check;
mod core_dumps;
mod db;
mod files;
mod keys;
mod listeners;
mod obstacles;
mod open;
mod password_input;
mod running;
mod seal;
mod serve;
mod tune;
mod users;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
pub use users::judge_csv;
use zeroize::Zeroizing;

use crate::config::{self, Config, Draft, Settings, dot_env};
use crate::private_file;
use crate::telemetry::{self, Traces};

/// Authentication server: passwords arrive sealed, tokens go out.
#[derive(Parser, Debug)]
#[command(name = "bulla", version, after_help = EXAMPLES, max_term_width = 100, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "Examples:
  bulla                                      start the server on embedded SQLite
  bulla serve --port 9000 --data-dir /var/lib/bulla
  bulla seal --url http://localhost:8080 --email ada@example.com
  bulla users create --name Ada --email ada@example.com
  bulla keys rotate sealing
  bulla db copy --to mysql://bulla:…@localhost/bulla
  bulla audit --since 1h --follow
  bulla check                                say what is in force and what is wrong
  bulla check --tune 20ms                    find the strongest password hash for that time

Every setting is a flag, an environment variable or a line in .env: see `bulla serve --help`.";

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the server (also what a bare `bulla` does)
    Serve,
    /// Seal a password, as a client would
    Seal(seal::Seal),
    /// List, rotate, import or show the server's keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// List, create, import, export, disable, enable, log out or unlock accounts, or set a password
    #[command(subcommand, after_help = users::EXAMPLES)]
    Users(users::Users),
    /// Copy the database to another one, from SQLite to MySQL for example
    #[command(subcommand)]
    Db(db::Db),
    /// Tell what happened to accounts, sessions and keys
    #[command(after_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// Say what is in force and what is wrong; changes nothing
    Check(check::Check),
    /// Ask the server on this machine whether it is ready; for containers, whose health is asked for by a command
    Health,
}

/// Why a command failed, in sentences for whoever typed it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}", .0.join("\n"))]
    Settings(Vec<String>),
    #[error("{0}")]
    Command(String),
    /// All others are in. Each was named already.
    #[error("")]
    RowsRefused,
    /// Nobody reads on, `head` for example has seen enough. That is no failure, but the end.
    #[error("")]
    ReaderGone,
}

impl Failure {
    fn new(error: impl ToString) -> Self {
        Self::Command(error.to_string())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::RowsRefused => ExitCode::from(2),
            Self::ReaderGone => ExitCode::SUCCESS,
            Self::Settings(_) | Self::Command(_) => ExitCode::FAILURE,
        }
    }
}

type Outcome = Result<(), Failure>;

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    // Before a secret is read, be it from `.env`.
    let result = core_dumps::forbid().and_then(|()| {
        let mut problems = Vec::new();
        let flags = dot_env_flags(&mut problems);
        let arguments = std::env::args_os().take(1).chain(flags).chain(std::env::args_os().skip(1));
        let cli = Cli::parse_from(arguments);
        let serves = matches!(cli.command, None | Some(Command::Serve));
        let mut settings = cli.settings;
        if !serves && !matches!(cli.command, Some(Command::Check(_))) {
            // A picture for the pages, which nobody else shows: that it is missing must not keep an operator from working.
            settings.brand_logo = None;
        }
        let draft = Config::read(&settings);
        let collector = draft.config.collector.as_ref().filter(|_| serves);
        let traces = telemetry::start(settings.log.as_deref(), collector).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        problems.extend(draft.problems);
        let outcome = dispatch(cli.command, Draft { config: draft.config, problems });
        traces.into_iter().for_each(Traces::end);
        outcome
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.to_string().lines() {
                eprintln!("bulla: {line}");
            }
            failure.exit_code()
        }
    }
}

/// The settings of `.env` as flags that stand before the real ones, which win. The environment wins as well, so what
/// stands there is left out.
fn dot_env_flags(problems: &mut Vec<String>) -> Vec<OsString> {
    let text = match std::fs::read_to_string(".env") {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.push(format!(".env cannot be read: {error}"));
            return Vec::new();
        }
    };
    let (settings, unreadable) = dot_env::parse(&text);
    problems.extend(unreadable.into_iter().map(|problem| format!(".env: {problem}")));
    problems.extend(config::unknown_names(settings.iter().map(|(name, _)| name.clone())));
    warn_if_read_by_others(&settings);
    let is_free = |name: &str| std::env::var_os(name).is_none();
    let flags = settings.into_iter().filter(|(name, _)| is_free(name));
    flags.filter_map(|(name, value)| Some(format!("{}={value}", config::flag_of(&name)?).into())).collect()
}

/// `.env` files that are there already are often open to all, and a service that moves here must start with them.
fn warn_if_read_by_others(settings: &[(String, String)]) {
    const SECRETS: [&str; 5] =
        ["BULLA_MASTER_KEY", "DATABASE_URL", "DB_PASSWORD", "JWT_SECRET", "OTEL_EXPORTER_OTLP_HEADERS"];
    let secret = SECRETS.into_iter().find(|secret| settings.iter().any(|(name, _)| name == secret));
    if let Some(secret) = secret.filter(|_| private_file::is_exposed_at(Path::new(".env"))) {
        eprintln!("bulla: others can read .env, which holds {secret}; run: chmod 600 .env");
    }
}

fn dispatch(command: Option<Command>, draft: Draft) -> Outcome {
    let command = command.unwrap_or(Command::Serve);
    // Sealing needs no settings: it is what a client does.
    if let Command::Seal(seal) = command {
        return seal.run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
    if let Command::Check(check) = command {
        return runtime.block_on(check.run(draft));
    }
    let config = draft.finished().map_err(Failure::Settings)?;
    runtime.block_on(async {
        match command {
            Command::Serve => serve::run(config).await,
            Command::Keys(keys) => keys.run(config).await,
            Command::Users(users) => users.run(config).await,
            Command::Db(db) => db.run(config).await,
            Command::Audit(audit) => audit.run(config).await,
            Command::Health => running::health(&config).await,
            Command::Seal(_) | Command::Check(_) => Ok(()),
        }
    })
}

/// Reads a file that the command line names.
fn read_file(path: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

fn print_line(line: impl std::fmt::Display) -> Outcome {
    writeln!(std::io::stdout(), "{line}").map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::ReaderGone,
        _ => Failure::new(format!("standard output: {error}")),
    })
}

fn print_json(value: &impl serde::Serialize) -> Outcome {
    println!("{}", serde_json::to_string_pretty(value).map_err(Failure::new)?);
    Ok(())
}
