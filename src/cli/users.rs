//! `bulla users`

mod export;
mod import;

use clap::Subcommand;
pub use import::judge_csv;
use secrecy::SecretString;
use serde::Serialize;

use super::open::{open_beside, open_database};
use super::password_input::read_password;
use super::{Failure, Outcome, print_json, print_line};
use crate::config::Config;
use crate::flows;
use crate::model::{Account, AccountId, Email, Name, Timestamp};
use crate::store::{Db, accounts};

pub(super) const EXAMPLES: &str = "Examples:
  bulla users list
  bulla users create --name 'Ada Lovelace' --email ada@example.com
  bulla users set-password ada@example.com
  bulla users import --from mysql://app:secret@localhost/app --table users --dry-run
  bulla users import --from users.csv --report refused.jsonl
  bulla users export > users.jsonl";

#[derive(Subcommand, Debug)]
pub(super) enum Users {
    /// List all accounts
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Create an account; the password is read from a prompt or from standard input
    #[command(after_help = "Examples:
  bulla users create --name 'Ada Lovelace' --email ada@example.com
  printf '%s' \"$PASSWORD\" | bulla users create --name Ada --email ada@example.com")]
    Create {
        /// What the person goes by
        #[arg(long)]
        name: String,
        /// The address that the person logs in with
        #[arg(long)]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring accounts along from a MySQL table, a CSV file or JSON lines, with their ids and password hashes
    #[command(after_help = import::EXAMPLES)]
    Import(Box<import::Import>),
    /// Write all accounts as JSON lines, with their password hashes, for `bulla users import`
    #[command(after_help = "Example:
  umask 077; bulla users export > users.jsonl")]
    Export,
    /// Keep someone out: no login, and all sessions end at once
    Disable {
        /// Email address or id
        user: String,
    },
    /// Let someone in again
    Enable {
        /// Email address or id
        user: String,
    },
    /// End someone's sessions, or everyone's: they must log in again
    #[command(arg_required_else_help = true)]
    Logout {
        /// Email address or id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        user: Option<String>,
        /// Everyone, as after restoring a backup
        #[arg(long)]
        all: bool,
    },
    /// Set another password for someone who forgot theirs, read from a prompt or from standard input; their sessions end
    #[command(after_help = "Examples:
  bulla users set-password ada@example.com
  openssl rand -base64 18 | tee /dev/tty | bulla users set-password ada@example.com")]
    SetPassword {
        /// Email address or id
        user: String,
    },
    /// Forget failed logins: a locked password can be tried again at once
    Unlock {
        /// Email address
        email: String,
    },
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

const PAGE: u32 = 500;

impl Users {
    pub(super) async fn run(self, config: Config) -> Outcome {
        match self {
            Self::List { json } => list(&config, json).await,
            Self::Create { name, email, json } => create(config, &name, &email, json).await,
            Self::Import(import) => import.run(config).await,
            Self::Export => export::run(&config).await,
            Self::Disable { user } => {
                let app = open_beside(config).await?;
                let account = find(&app.db, &user).await?;
                let ended = flows::disable_account(&app, &account).await.map_err(Failure::new)?;
                app.db.close().await;
                println!("{} is disabled; {ended} sessions ended", account.email);
                Ok(())
            }
            Self::Enable { user } => {
                let app = open_beside(config).await?;
                let account = find(&app.db, &user).await?;
                flows::enable_account(&app, &account).await.map_err(Failure::new)?;
                app.db.close().await;
                println!("{} is enabled and can log in again", account.email);
                Ok(())
            }
            Self::Logout { user, .. } => logout(config, user.as_deref()).await,
            Self::SetPassword { user } => set_password(config, &user).await,
            Self::Unlock { email } => unlock(config, &email).await,
        }
    }
}

async fn list(config: &Config, json: bool) -> Outcome {
    let db = open_database(config).await?;
    let mut after = String::new();
    if !json {
        print_line(format_args!("{:36}  {:32}  {:24}  {:8}  NAME", "ID", "EMAIL", "CREATED AT", "STATE"))?;
    }
    loop {
        let page = accounts::list(&db, &after, PAGE).await.map_err(Failure::new)?;
        for account in &page {
            print_account(account, json)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = last.id.to_string(),
            _ => return Ok(()),
        }
    }
}

fn print_account(account: &Account, json: bool) -> Outcome {
    if json {
        return print_line(serde_json::to_string(&listed(account)).map_err(Failure::new)?);
    }
    let state = if account.is_disabled() { "disabled" } else { "enabled" };
    let (email, created_at) = (account.email.as_str(), account.created_at.to_string());
    let (id, name) = (account.id.as_str(), account.name.as_str());
    print_line(format_args!("{id:36}  {email:32}  {created_at:24}  {state:8}  {name}"))
}

fn listed(account: &Account) -> Listed<'_> {
    Listed {
        id: account.id.as_str(),
        name: account.name.as_str(),
        email: account.email.as_str(),
        created_at: account.created_at,
        disabled_at: account.disabled_at,
    }
}

async fn create(config: Config, name: &str, email: &str, json: bool) -> Outcome {
    let name = Name::parse(name).map_err(|error| Failure::new(format!("--name {error}")))?;
    let email = Email::parse(email).map_err(|error| Failure::new(format!("--email {error}")))?;
    let password = SecretString::from(read_password()?.as_str());
    let app = open_beside(config).await?;
    let account = flows::create_account(&app, name, email, password).await.map_err(Failure::new)?;
    app.db.close().await;
    if json {
        return print_json(&listed(&account));
    }
    println!("created {} with the id {}", account.email, account.id);
    Ok(())
}

/// Everyone, unless a user is named.
async fn logout(config: Config, user: Option<&str>) -> Outcome {
    let app = open_beside(config).await?;
    let (whose, ended) = match user {
        Some(user) => {
            let account = find(&app.db, user).await?;
            let ended = flows::log_out_account(&app, &account).await.map_err(Failure::new)?;
            (account.email.to_string(), ended)
        }
        None => ("everyone".to_owned(), flows::log_out_everyone(&app).await.map_err(Failure::new)?),
    };
    app.db.close().await;
    println!("{ended} sessions of {whose} ended");
    Ok(())
}

async fn set_password(config: Config, user: &str) -> Outcome {
    let app = open_beside(config).await?;
    let account = find(&app.db, user).await?;
    let password = SecretString::from(read_password()?.as_str());
    let ended = flows::set_password(&app, &account, password).await.map_err(Failure::new)?;
    app.db.close().await;
    println!("{} logs in with the new password from now on; {ended} sessions ended", account.email);
    Ok(())
}

async fn unlock(config: Config, email: &str) -> Outcome {
    let email = Email::parse(email).map_err(|error| Failure::new(format!("the email address {error}")))?;
    let app = open_beside(config).await?;
    let was_tried = flows::unlock_password(&app, &email).await.map_err(Failure::new)?;
    app.db.close().await;
    match was_tried {
        true => println!("{email} can log in again; the failed attempts are forgotten"),
        false => println!("{email} was not locked: no attempt has failed since the last login"),
    }
    Ok(())
}

pub(super) async fn find(db: &Db, user: &str) -> Result<Account, Failure> {
    let found = match Email::parse(user) {
        Ok(email) => accounts::by_email(db, &email).await,
        Err(_) => accounts::by_id(db, &AccountId::new(user)).await,
    };
    let none = || {
        Failure::new(format!("there is no account with the email address or id {user}; `bulla users list` shows all"))
    };
    found.map_err(Failure::new)?.ok_or_else(none)
}
