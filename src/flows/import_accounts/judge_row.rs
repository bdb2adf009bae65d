//! What a row says by itself, before anyone asks who is here already.

use super::refusal::{Place, Reason, Refusal};
use crate::model::{Account, AccountId, Email, Name, PasswordHash, Timestamp};

/// One row as another system wrote it.
#[derive(Clone, Debug)]
pub struct SourceRow {
    pub place: Place,
    /// `None` where the source has no ids; an empty one is no id.
    pub id: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    pub created_at: Option<String>,
    pub disabled_at: Option<String>,
}

/// A row that is an account, unless someone else has its id or its address.
#[derive(Debug)]
pub struct Draft {
    pub(super) place: Place,
    pub(super) account: Account,
    /// Otherwise it got one just now.
    pub(super) has_own_id: bool,
}

const LONGEST_NAME_CHARACTERS: usize = 200;

/// `now` is when an account was created that does not say so; `new_id` makes ids for those that have none.
pub fn judge_row(row: SourceRow, now: Timestamp, new_id: impl Fn() -> String) -> Result<Draft, Refusal> {
    match account(&row, now, new_id) {
        Ok(account) => Ok(Draft { place: row.place, account, has_own_id: row.id.is_some() }),
        Err(reason) => Err(Refusal { place: row.place, id: row.id, reason }),
    }
}

fn account(row: &SourceRow, now: Timestamp, new_id: impl Fn() -> String) -> Result<Account, Reason> {
    let id = match &row.id {
        Some(_) => given(&row.id).and_then(AccountId::parse).ok_or(Reason::Id)?,
        None => AccountId::new(new_id()),
    };
    let email = Email::parse(given(&row.email).ok_or(Reason::NoEmail)?)?;
    let name = match given(&row.name) {
        Some(name) => Name::parse(name)?,
        None => Name::parse(&email.local_part().chars().take(LONGEST_NAME_CHARACTERS).collect::<String>())?,
    };
    Ok(Account {
        id,
        name,
        password: PasswordHash::parse(given(&row.password).ok_or(Reason::NoPassword)?.trim())?,
        password_version: 1,
        created_at: time(&row.created_at, "created_at")?.unwrap_or(now),
        disabled_at: time(&row.disabled_at, "disabled_at")?,
        email,
    })
}

/// `\N` is how MySQL writes NULL into a file.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty() && *text != "\\N")
}

/// A date of zeros is how older MySQL wrote "never".
fn time(text: &Option<String>, column: &'static str) -> Result<Option<Timestamp>, Reason> {
    match given(text) {
        Some(text) if !text.starts_with("0000-00-00") => Timestamp::parse(text).map(Some).ok_or(Reason::Time(column)),
        _ => Ok(None),
    }
}
