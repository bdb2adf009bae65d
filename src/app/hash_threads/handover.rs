//! Answers that are handed over together.
//!
//! An answer wakes whoever waits for it, on a core that hashes: the hash is pushed aside, for work whose code and data the
//! hashes have driven out of the caches long ago. Where every core hashes, and while at least as many passwords are ready
//! as there are threads (two, if there is one), that costs everyone who waits, and an answer at once helps only one. So a
//! few are kept for a moment. Then the runtime is woken once for all of them, and what they write to the database is waited
//! for together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// Says what came of the work to whoever asked, and lets the next one come.
pub(super) struct Answer {
    runtime: Handle,
    give: Box<dyn FnOnce() + Send>,
}

/// With so many, all go out.
pub(super) const MOST: usize = 4;
/// Who was kept for so long is answered at the next pause of a thread that hashes.
const LONGEST: Duration = Duration::from_millis(12);

/// What was kept, in the order in which it was finished.
#[derive(Default)]
pub(super) struct Finished {
    answers: Vec<Answer>,
    since: Option<Instant>,
}

/// To be handed over.
#[must_use = "someone waits for it"]
pub(super) struct Due(Vec<Answer>);

impl Answer {
    pub(super) fn new(runtime: Handle, give: impl FnOnce() + Send + 'static) -> Self {
        Self { runtime, give: Box::new(give) }
    }

    /// A panic is this request's alone; the panic hook has said more.
    fn give(self) {
        let _ = catch_unwind(AssertUnwindSafe(self.give));
    }
}

impl Finished {
    pub(super) fn extend(&mut self, answer: Option<Answer>) {
        if let Some(answer) = answer {
            self.answers.push(answer);
            self.since.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn take(&mut self) -> Due {
        self.since = None;
        Due(std::mem::take(&mut self.answers))
    }

    /// All, once they are many or one of them is late.
    pub(super) fn take_if_due(&mut self) -> Due {
        let is_late = self.since.is_some_and(|since| since.elapsed() >= LONGEST);
        if is_late || self.answers.len() >= MOST { self.take() } else { Due(Vec::new()) }
    }
}

impl Due {
    /// Several are handed over by a task: whoever is woken first from here would push this thread aside before it wakes
    /// the next.
    pub(super) fn hand_over(self) {
        let Self(answers) = self;
        match answers.as_slice() {
            [first, _, ..] => {
                let runtime = first.runtime.clone();
                runtime.spawn(async move { answers.into_iter().for_each(Answer::give) });
            }
            _ => answers.into_iter().for_each(Answer::give),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::mpsc::{self, Sender};

    use futures_util::poll;
    use zeroize::Zeroizing;

    use super::super::{HashThreads, Panicked};
    use super::*;
    use crate::model::{Argon2Cost, HashMemory, Password, PasswordHash};

    type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Panicked>> + 'a>>;

    /// Longer than one is kept, by far.
    const LONG: Duration = LONGEST.saturating_mul(5);

    /// As many as there are cores; it has enough to do with two jobs.
    fn one_thread() -> HashThreads {
        HashThreads::start_on(1, 1, 8)
    }

    /// Begun once the thread has time for it.
    async fn begin(threads: &HashThreads, work: impl FnOnce(&mut HashMemory) + Send + 'static) -> Running<'_> {
        let turn = threads.turn(threads.reserve().unwrap()).await.unwrap();
        let mut running: Running<'_> = Box::pin(threads.run(turn, work));
        assert!(poll!(&mut running).is_pending());
        running
    }

    /// Takes until it is told to end, and makes no pause.
    async fn begin_gated(threads: &HashThreads) -> (Sender<()>, Running<'_>) {
        let (end, ends) = mpsc::channel();
        let gate = move |_: &mut HashMemory| {
            let _ = ends.recv();
        };
        (end, begin(threads, gate).await)
    }

    async fn assert_answered(running: Running<'_>) {
        assert!(matches!(tokio::time::timeout(LONG * 100, running).await, Ok(Ok(()))));
    }

    fn password() -> Password {
        Password::new(Zeroizing::new("open sesame".to_owned()))
    }

    #[tokio::test]
    async fn while_there_is_more_to_do_answers_are_kept_and_handed_over_together() {
        let threads = one_thread();
        let (end_first, mut first) = begin_gated(&threads).await;
        let (end_second, second) = begin_gated(&threads).await;
        let (_end, mut third) = begin_gated(&threads).await;
        let _last = begin(&threads, |_| ()).await;
        end_first.send(()).unwrap();
        tokio::time::sleep(LONG).await;
        assert!(poll!(&mut first).is_pending(), "it was answered");
        // There is enough to do; but the first has waited for long.
        end_second.send(()).unwrap();
        assert_answered(first).await;
        assert_answered(second).await;
        assert!(poll!(&mut third).is_pending());
    }

    #[tokio::test]
    async fn where_a_core_is_left_or_no_thread_has_enough_to_do_none_is_kept() {
        for (cores, ready) in [(3, 2), (2, 1)] {
            let threads = HashThreads::start_on(cores, 2, 8);
            let (end_first, first) = begin_gated(&threads).await;
            let mut others = Vec::new();
            for _ in 0..=ready {
                others.push(begin_gated(&threads).await);
            }
            // Or one of the ready is not taken yet.
            while threads.busy_threads() < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            end_first.send(()).unwrap();
            assert_answered(first).await;
            for (_, other) in &mut others {
                assert!(poll!(other).is_pending());
            }
        }
    }

    #[tokio::test]
    async fn a_hash_lets_the_answers_out_at_a_pause_or_before_it_begins_where_it_has_none() {
        let argon2: fn(&mut HashMemory) = |memory| {
            PasswordHash::make(&password(), [7; 16], Argon2Cost::DEFAULT, memory);
        };
        let bcrypt: fn(&mut HashMemory) = |memory| {
            let hash = PasswordHash::from_existing(bcrypt::hash("open sesame", 4).unwrap());
            assert_eq!(hash.matches(&password(), memory), Ok(true));
        };
        for hash in [argon2, bcrypt] {
            let threads = one_thread();
            let (end_first, first) = begin_gated(&threads).await;
            let (end, ends) = mpsc::channel::<()>();
            let mut hashing = begin(&threads, move |memory| {
                while ends.try_recv().is_err_and(|error| error == mpsc::TryRecvError::Empty) {
                    hash(memory);
                }
            })
            .await;
            let (second, third) = (begin(&threads, |_| ()).await, begin(&threads, |_| ()).await);
            end_first.send(()).unwrap();
            assert_answered(first).await;
            assert!(poll!(&mut hashing).is_pending());
            end.send(()).unwrap();
            for answered in [hashing, second, third] {
                assert_answered(answered).await;
            }
        }
    }

    #[tokio::test]
    async fn whatever_is_kept_comes_out_though_nobody_is_answered_after_it() {
        let threads = one_thread();
        let (end_first, first) = begin_gated(&threads).await;
        let panicking = || begin(&threads, |_| panic!("on purpose, for this test"));
        let (one, other) = (panicking().await, panicking().await);
        end_first.send(()).unwrap();
        assert_answered(first).await;
        assert_eq!((one.await, other.await), (Err(Panicked), Err(Panicked)));

        let (end_first, first) = begin_gated(&threads).await;
        for _ in 0..2 {
            drop(begin(&threads, |_| ()).await);
        }
        end_first.send(()).unwrap();
        assert_answered(first).await;
    }

    #[tokio::test]
    async fn few_are_kept_and_none_for_long() {
        let (given, gets) = mpsc::channel();
        let answer = |number| {
            let given = given.clone();
            Some(Answer::new(Handle::current(), move || given.send(number).unwrap()))
        };
        let mut finished = Finished::default();
        for number in 1..=MOST {
            finished.take_if_due().hand_over();
            assert!(gets.try_recv().is_err(), "of {number}");
            finished.extend(answer(number));
            // Not late, however long this takes.
            finished.since = Some(Instant::now() + LONG * 100);
        }
        finished.take_if_due().hand_over();
        tokio::task::yield_now().await;
        assert_eq!(gets.try_iter().collect::<Vec<_>>(), (1..=MOST).collect::<Vec<_>>());

        finished.extend(answer(7));
        finished.since = Instant::now().checked_sub(LONGEST);
        finished.take_if_due().hand_over();
        assert_eq!(gets.try_recv(), Ok(7));
        assert!(finished.since.is_none(), "the next one's time begins anew");
    }
}
