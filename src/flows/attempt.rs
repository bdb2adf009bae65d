//! An attempt at an account's password: counted as a failure before it is judged, in the transaction that spends its
//! envelopes. A good login forgets the failures; an attempt that was not judged is given back.

use std::time::{Duration, Instant};

use super::receive_envelope::{Received, Spent, remember, spent};
use super::{Internal, audit};
use crate::app::{App, Lane};
use crate::model::{
    Account, Attempts, AuditEvent, AuditKind, Client, Counter, Email, Session, Timestamp, TooManyAttempts,
};
use crate::store::attempts::{self, Standing};
use crate::store::{self, Tx, audit_events, transaction, transaction_before_another};

/// Who tries: at which account, and where from.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    email: &'a Email,
    client: &'a Client,
    of_everyone: Counter,
    of_known: Counter,
}

/// The right to make an attempt now.
#[derive(Debug)]
pub(super) struct Entered<'a> {
    attempt: Attempt<'a>,
    found: Found,
    _lane: Lane,
}

/// Where an attempt is counted, what had been counted there before, and whose password it is.
#[derive(Clone, Debug)]
struct Found {
    counter: Counter,
    before: Option<Attempts>,
    /// Or may yet, because it is counted with everyone's.
    anyone_failed: bool,
    /// Whether someone succeeded from this network before.
    is_known: bool,
    account: Option<Account>,
    sessions: i64,
}

/// What was counted, and what had been there before.
#[derive(Debug)]
pub(super) struct Counted {
    found: Found,
    now: Attempts,
}

const LOOKING_AGAIN: Duration = Duration::from_millis(20);

impl<'a> Attempt<'a> {
    pub(super) fn new(email: &'a Email, client: &'a Client) -> Self {
        let of_known = Counter::of_known(email, client.network());
        Self { email, client, of_everyone: Counter::of_everyone(email), of_known }
    }

    /// Takes one of the account's lanes, and turns away who must wait.
    pub(super) async fn enter(self, app: &App) -> Result<Result<Entered<'a>, TooManyAttempts>, Internal> {
        let mut counter = self.of_everyone.clone();
        if app.attempt_lanes.are_taken(&counter) {
            // By strangers, perhaps: the owner has other lanes. And while the database is away, those in the lanes wait
            // for it, and "too many attempts" would not be true.
            counter = self.look(app).await?.counter;
        }
        let Some(lane) = app.attempt_lanes.enter(&counter).await else {
            return self.turn_away(app, TooManyAttempts::CROWDED).await;
        };
        match self.count_another(app, None, Instant::now()).await? {
            Ok(counted) => Ok(Ok(Entered { attempt: self, found: counted.found, _lane: lane })),
            Err(refusal) => self.turn_away(app, refusal).await,
        }
    }

    async fn turn_away<T>(&self, app: &App, refusal: TooManyAttempts) -> Result<Result<T, TooManyAttempts>, Internal> {
        app.counts.throttled.note("account");
        audit::note_throttled_attempt(app, self.email, self.client).await?;
        Ok(Err(refusal))
    }

    /// Whoever tries from where it succeeded before is counted apart, unless that failed too often in a row.
    async fn look(&self, app: &App) -> Result<Found, Internal> {
        let counters = [&self.of_everyone, &self.of_known];
        let Standing { account, sessions, attempts } = attempts::with_account(&app.db, self.email, counters).await?;
        let [of_everyone, of_known] = attempts;
        let known = of_known.filter(|attempts| attempts.failures < Attempts::MOST_OF_KNOWN);
        let (counter, before, anyone_failed) = match known {
            Some(_) => (self.of_known.clone(), known, of_everyone.is_some()),
            None => (self.of_everyone.clone(), of_everyone, true),
        };
        Ok(Found { counter, before, anyone_failed, is_known: of_known.is_some(), account, sessions })
    }

    /// Of someone's devices that log in at the same moment at several nodes, each counts against the others until it is
    /// judged. So those that are too many wait for a moment, in which another one may succeed and forget them all.
    async fn count_another(
        &self,
        app: &App,
        mut found: Option<Found>,
        begun: Instant,
    ) -> Result<Result<Counted, TooManyAttempts>, Internal> {
        loop {
            let found = match found.take() {
                Some(found) => found,
                None => self.look(app).await?,
            };
            let now = app.clock.now();
            let refusal = match Attempts::and_another(found.before, now) {
                Ok(now) => return Ok(Ok(Counted { found, now })),
                Err(refusal) => refusal,
            };
            let may_pass = found.before.is_some_and(|attempts| attempts.are_in_judgement(now));
            if !may_pass || begun.elapsed() > Attempts::JUDGEMENT {
                return Ok(Err(refusal));
            }
            tokio::time::sleep(LOOKING_AGAIN).await;
        }
    }
}

impl Entered<'_> {
    /// As it was when the attempt was let in. What is done with it later must look whether it still is.
    pub(super) fn take_account(&mut self) -> Option<Account> {
        self.found.account.take()
    }

    /// Whether one session more may be one too many.
    pub(super) fn has_all_sessions(&self) -> bool {
        self.found.sessions >= Session::MOST.into()
    }

    /// When there were too many attempts, no envelope is spent: the client may come again with it. Nothing is counted
    /// for envelopes that were seen before: they are not judged.
    pub(super) async fn spend<const N: usize>(
        &self,
        app: &App,
        received: [Received; N],
    ) -> Result<Result<([Spent; N], Option<Counted>), TooManyAttempts>, Internal> {
        let begun = Instant::now();
        // Most often nobody counted since it was looked at. Whoever loses the race for a count looks again: against
        // guesses it soon ends with a wait, and against good logins, each of which forgets the others, it is soon won.
        let mut found = Some(self.found.clone());
        while begun.elapsed() < Attempts::JUDGEMENT {
            let counted = match self.attempt.count_another(app, found.take(), begun).await? {
                Ok(counted) => counted,
                Err(refusal) => return self.attempt.turn_away(app, refusal).await,
            };
            // Whatever is found inside, another transaction tells of it.
            let outcome = transaction_before_another!(app.db, |tx| {
                let seen = remember(app, tx, &received).await?;
                if seen.contains(&true) {
                    Some((seen, false))
                } else {
                    let Found { counter, before, .. } = &counted.found;
                    attempts::replace(tx, counter, before.as_ref(), &counted.now).await?.then_some((seen, true))
                }
            });
            if let Some((seen, is_counted)) = outcome? {
                return Ok(Ok((spent(received, seen), is_counted.then_some(counted))));
            }
        }
        self.attempt.turn_away(app, TooManyAttempts::CROWDED).await
    }

    /// After a success: nobody's failures count any more, and this network is known.
    pub(super) async fn forget_failures(&self, tx: &mut Tx, now: Timestamp) -> store::Result<()> {
        let Found { anyone_failed, is_known, .. } = self.found;
        if anyone_failed {
            attempts::delete(tx, &self.attempt.of_everyone).await?;
        }
        attempts::restart(tx, &self.attempt.of_known, is_known, now).await
    }
}

impl Counted {
    /// Whether no other attempt will be let in after this one, unless it turns out to be right.
    fn locks(&self) -> bool {
        self.now.failures >= Attempts::MOST
    }

    async fn end(&self, tx: &mut Tx, was: Was, now: Timestamp) -> store::Result<()> {
        let Found { counter, before, .. } = &self.found;
        match was {
            Was::Guess => attempts::settle(tx, counter).await,
            Was::NoGuess => {
                let before = before.unwrap_or_else(|| Attempts::none(now));
                attempts::give_back(tx, counter, &self.now, &before).await
            }
        }
    }
}

/// What an attempt that was refused turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Was {
    Guess,
    /// Its envelope was too old to be judged, or its password was right.
    NoGuess,
}

/// Notes a refusal, whether it stays counted, and whether it was the last one before the password is locked.
pub(super) async fn end_refused(
    app: &App,
    counted: Option<&Counted>,
    was: Was,
    refused: AuditEvent,
) -> Result<(), Internal> {
    let now = app.clock.now();
    let locks = was == Was::Guess && counted.is_some_and(Counted::locks);
    let locked = locks.then(|| {
        let id = app.event_ids.next(&app.random, now);
        AuditEvent { id, kind: AuditKind::PasswordLocked.as_str().to_owned(), detail: None, ..refused.clone() }
    });
    let events: Vec<AuditEvent> = std::iter::once(refused).chain(locked).collect();
    transaction!(app.db, |tx| {
        if let Some(counted) = counted {
            counted.end(tx, was, now).await?;
        }
        for event in &events {
            audit_events::insert(tx, event).await?;
        }
        Some(())
    })?;
    events.iter().for_each(audit::tell);
    Ok(())
}
