//! Bringing accounts along from another system.
//!
//! Each row gets one of three verdicts: it is imported, it is here already, or it is refused with a reason. A row that
//! is here already is left as it is, so an import that broke off is simply run again.

mod judge_row;
mod refusal;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::{Account, AccountId, Email};
use crate::store::imported_accounts::{self, BATCH, Holder};
use crate::store::seen_rows::{Key, SeenRows, key_of_email, key_of_id};
use crate::store::{self, Db, transaction};

pub use judge_row::{Draft, SourceRow, judge_row};
pub use refusal::{Place, Reason, Refusal};

/// What an import works on. Without a database, which only a dry run may be, nobody is here yet.
#[derive(Debug)]
pub struct Importer {
    db: Option<Db>,
    seen: SeenRows,
    is_dry_run: bool,
}

/// What became of some rows.
#[derive(Debug, Default)]
pub struct Verdicts {
    pub imported: u64,
    pub already_here: u64,
    pub refused: Vec<Refusal>,
}

/// Most rows that are judged and written together. On SQLite others wait while they are written: for milliseconds.
pub const BATCH_ROWS: usize = BATCH;

/// A database that is away or busy for so long ends the import.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

enum Verdict {
    New,
    AlreadyHere,
    Refused(Reason),
}

impl Importer {
    pub fn new(db: Db) -> store::Result<Self> {
        Ok(Self { db: Some(db), seen: SeenRows::open()?, is_dry_run: false })
    }

    /// Finds the same verdicts and writes nothing.
    pub async fn dry(db: Option<Db>) -> store::Result<Self> {
        let is_set_up = match &db {
            Some(db) => imported_accounts::is_set_up(db).await?,
            None => false,
        };
        Ok(Self { db: db.filter(|_| is_set_up), seen: SeenRows::open()?, is_dry_run: true })
    }

    /// Judges and writes at most [`BATCH_ROWS`] rows, in their order.
    pub async fn import(&mut self, rows: Vec<Result<Draft, Refusal>>) -> store::Result<Verdicts> {
        let mut verdicts = Verdicts::default();
        let mut known = self.look_up(&rows).await?;
        let (mut new, mut places) = (Vec::new(), Vec::new());
        for row in rows {
            let draft = match row {
                Ok(draft) => draft,
                Err(refusal) => {
                    verdicts.refused.push(refusal);
                    continue;
                }
            };
            match known.judge(&draft) {
                Verdict::New => {
                    new.push(draft.account);
                    places.push(draft.place);
                }
                Verdict::AlreadyHere => verdicts.already_here += 1,
                Verdict::Refused(reason) => verdicts.refused.push(Refusal::of(&draft, reason)),
            }
        }
        self.seen.insert(&known.newly_seen)?;
        verdicts.imported = new.len() as u64;
        if let Some(db) = self.db.as_ref().filter(|_| !self.is_dry_run) {
            let refused = write(db, &new, &places).await?;
            verdicts.imported -= refused.len() as u64;
            verdicts.refused.extend(refused);
        }
        verdicts.refused.sort_by_key(|refusal| refusal.place.row);
        Ok(verdicts)
    }

    pub async fn close(self) {
        if let Some(db) = self.db {
            db.close().await;
        }
    }

    async fn look_up(&mut self, rows: &[Result<Draft, Refusal>]) -> store::Result<Known> {
        let accounts: Vec<&Draft> = rows.iter().flatten().collect();
        let keys: Vec<Key> = accounts.iter().flat_map(|draft| keys(draft)).collect();
        let mut known = Known { seen: self.seen.find(&keys)?.into_iter().collect(), ..Known::default() };
        let Some(db) = &self.db else { return Ok(known) };
        let emails: Vec<&Email> = accounts.iter().map(|draft| &draft.account.email).collect();
        let ids: Vec<&AccountId> =
            accounts.iter().filter(|draft| draft.has_own_id).map(|draft| &draft.account.id).collect();
        let holders = patiently(async || imported_accounts::by_emails(db, &emails).await).await?;
        let of_ids = patiently(async || imported_accounts::by_ids(db, &ids).await).await?;
        for Holder { id, email } in holders.into_iter().chain(of_ids) {
            known.holder_of_email.insert(email.clone(), id.clone());
            known.email_of_holder.insert(id, email);
        }
        Ok(known)
    }
}

fn keys(draft: &Draft) -> impl Iterator<Item = Key> {
    let id = draft.has_own_id.then(|| key_of_id(&draft.account.id));
    [key_of_email(&draft.account.email)].into_iter().chain(id)
}

/// What there is to know about the rows of one batch.
#[derive(Default)]
struct Known {
    /// The first row of the source with an id or an address.
    seen: HashMap<Key, u64>,
    newly_seen: Vec<(Key, u64)>,
    holder_of_email: HashMap<Email, AccountId>,
    email_of_holder: HashMap<AccountId, Email>,
}

impl Known {
    /// Looks into the source first and into the database second, so that the rows that this import wrote and a dry run
    /// did not write are judged alike.
    fn judge(&mut self, draft: &Draft) -> Verdict {
        let Account { id, email, .. } = &draft.account;
        let row_of_email = self.seen.get(&key_of_email(email)).copied();
        let row_of_id = draft.has_own_id.then(|| self.seen.get(&key_of_id(id)).copied()).flatten();
        match (row_of_email, row_of_id) {
            (Some(of_email), Some(of_id)) if of_email == of_id => return Verdict::AlreadyHere,
            (Some(row), _) => return Verdict::Refused(Reason::EmailOfRow(row)),
            (None, Some(row)) => return Verdict::Refused(Reason::IdOfRow(row)),
            (None, None) => {}
        }
        let verdict = match (self.holder_of_email.get(email), self.email_of_holder.get(id)) {
            (Some(holder), _) if holder != id && draft.has_own_id => {
                return Verdict::Refused(Reason::EmailTaken(holder.clone()));
            }
            (Some(_), _) => Verdict::AlreadyHere,
            (None, Some(_)) => return Verdict::Refused(Reason::IdTaken),
            (None, None) => Verdict::New,
        };
        for key in keys(draft) {
            self.seen.insert(key, draft.place.row);
            self.newly_seen.push((key, draft.place.row));
        }
        verdict
    }
}

/// All at once; where that fails, one by one, which also finds out what a lost answer left in doubt.
async fn write(db: &Db, accounts: &[Account], places: &[Place]) -> store::Result<Vec<Refusal>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let written = transaction!(db, |tx| { imported_accounts::insert_all(tx, accounts).await?.made() });
    match written {
        Ok(Some(())) => return Ok(Vec::new()),
        Ok(None) => {}
        Err(error) if error.may_pass() => {}
        Err(error) => return Err(error),
    }
    let mut refused = Vec::new();
    for (account, place) in accounts.iter().zip(places) {
        if let Some(reason) = patiently(async || write_one(db, account).await).await? {
            refused.push(Refusal { place: *place, id: Some(account.id.to_string()), reason });
        }
    }
    Ok(refused)
}

/// The reason if it could not be: someone else came first, a moment ago.
async fn write_one(db: &Db, account: &Account) -> store::Result<Option<Reason>> {
    let one = std::slice::from_ref(account);
    if transaction!(db, |tx| { imported_accounts::insert_all(tx, one).await?.made() })?.is_some() {
        return Ok(None);
    }
    let of_email = imported_accounts::by_emails(db, &[&account.email]).await?;
    Ok(match of_email.into_iter().next() {
        Some(holder) if holder.id == account.id => None,
        Some(holder) => Some(Reason::EmailTaken(holder.id)),
        None => Some(Reason::IdTaken),
    })
}

/// Asks again while the database is busy or away. A request would be answered "unavailable" at once, but whoever
/// imports millions of rows would rather wait a minute than begin again.
async fn patiently<T>(mut ask: impl AsyncFnMut() -> store::Result<T>) -> store::Result<T> {
    let (begun, mut pause) = (Instant::now(), Duration::from_millis(20));
    loop {
        match ask().await {
            Err(error) if error.may_pass() && begun.elapsed() < LONGEST_WAIT => {
                tracing::debug!(%error, "the import waits for the database");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde";

    fn draft(row: u64, id: Option<&str>, new_id: &str) -> Result<Draft, Refusal> {
        let row = SourceRow {
            place: Place { row, line: None },
            id: id.map(str::to_owned),
            name: None,
            email: Some(format!("p{row}@example.com")),
            password: Some(HASH.to_owned()),
            created_at: None,
            disabled_at: None,
        };
        judge_row(row, Timestamp::from_milliseconds(0), || new_id.to_owned())
    }

    /// Nobody looks for the id of a row that has none, so this meets the unique key as one does who came meanwhile.
    #[tokio::test]
    async fn a_row_that_meets_someone_who_came_meanwhile_is_refused_alone() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("bulla.db").display()).parse().unwrap();
        let db = store::connect(&url, store::Limits::default()).await.unwrap();
        store::migrate(&db).await.unwrap();
        let mut importer = Importer::new(db.clone()).unwrap();
        let first = importer.import(vec![draft(1, Some("taken"), "")]).await.unwrap();
        assert_eq!((first.imported, first.refused.len()), (1, 0));
        let new_id = |row| if row == 50 { "taken".to_owned() } else { format!("new-{row}") };
        let rows = (2..=100).map(|row| draft(row, None, &new_id(row)));
        let second = importer.import(rows.collect()).await.unwrap();
        assert_eq!((second.imported, second.refused.len()), (98, 1));
        assert_eq!((second.refused[0].place.row, &second.refused[0].reason), (50, &Reason::IdTaken));
        assert_eq!(store::accounts::list(&db, "", 1000).await.unwrap().len(), 99);
    }
}
