//! An attempt at an account's password: counted as a failure before it is judged, in the transaction that spends its
//! envelopes. A good login forgets the failures; an attempt that was not judged is given back.

use std::time::{Duration, Instant};

use super::Internal;
use super::receive_envelope::{Received, Spent, remember, spent};
use crate::app::{App, Lane};
use crate::model::{Attempts, Email, TooManyAttempts};
use crate::store::{attempts, transaction};

/// What was counted, and what had been there before.
#[derive(Debug)]
pub(super) struct Attempt {
    email: Email,
    before: Option<Attempts>,
    /// `None` for envelopes that were seen before: they are not judged.
    counted: Option<Attempts>,
}

/// So many attempts at one account that win a race against ours are more than may be made for free.
const MOST_RACES: usize = 20;
const LOOKING_AGAIN: Duration = Duration::from_millis(20);

/// Takes one of the account's lanes, and turns away who must wait.
pub(super) async fn enter(app: &App, email: &Email) -> Result<Result<Lane, TooManyAttempts>, Internal> {
    if app.attempt_lanes.are_taken(email) {
        // While the database is away, those in the lanes wait for it, and "too many attempts" would not be true.
        app.db.ping().await?;
    }
    let Some(lane) = app.attempt_lanes.enter(email).await else { return Ok(Err(TooManyAttempts::CROWDED)) };
    Ok(count_another(app, email, Instant::now()).await?.map(|_| lane))
}

/// When there were too many attempts, no envelope is spent: the client may come again with it.
pub(super) async fn spend_attempt<const N: usize>(
    app: &App,
    email: &Email,
    received: [Received; N],
) -> Result<Result<([Spent; N], Attempt), TooManyAttempts>, Internal> {
    let begun = Instant::now();
    // Whoever loses the race for a count looks again. Each time someone else got further, so this soon ends with a wait.
    for _ in 0..MOST_RACES {
        let Count { before, counted } = match count_another(app, email, begun).await? {
            Ok(count) => count,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let outcome = transaction!(app.db, |tx| {
            let seen = remember(app, tx, &received).await?;
            if seen.contains(&true) {
                Some((seen, None))
            } else {
                let is_first = attempts::replace(tx, email, before.as_ref(), &counted).await?;
                is_first.then_some((seen, Some(counted)))
            }
        });
        if let Some((seen, counted)) = outcome? {
            return Ok(Ok((spent(received, seen), Attempt { email: email.clone(), before, counted })));
        }
    }
    Ok(Err(TooManyAttempts::CROWDED))
}

/// What is there, and what it will be with one more.
struct Count {
    before: Option<Attempts>,
    counted: Attempts,
}

/// Of someone's devices that log in at the same moment at several nodes, each counts against the others until it is
/// judged. So those that are too many wait for a moment, in which another one may succeed and forget them all.
async fn count_another(app: &App, email: &Email, begun: Instant) -> Result<Result<Count, TooManyAttempts>, Internal> {
    loop {
        let (before, now) = (attempts::by_email(&app.db, email).await?, app.clock.now());
        let refusal = match Attempts::and_another(before, now) {
            Ok(counted) => return Ok(Ok(Count { before, counted })),
            Err(refusal) => refusal,
        };
        let may_pass = before.is_some_and(|attempts| attempts.are_in_judgement(now));
        if !may_pass || begun.elapsed() > Attempts::JUDGEMENT {
            return Ok(Err(refusal));
        }
        tokio::time::sleep(LOOKING_AGAIN).await;
    }
}

impl Attempt {
    /// For an attempt that was no guess: its envelope was too old to be judged, or its password was right. Where another
    /// attempt was counted since, this one stays counted too.
    pub(super) async fn give_back(&self, app: &App) -> Result<(), Internal> {
        let Some(counted) = self.counted else { return Ok(()) };
        let now = app.clock.now();
        let before = self.before.unwrap_or(Attempts { failures: 0, next_at: now, updated_at: now });
        transaction!(app.db, |tx| {
            attempts::replace(tx, &self.email, Some(&counted), &before).await?.then_some(())
        })?;
        Ok(())
    }
}
