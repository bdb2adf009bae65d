//! Answers that are handed over together.
//!
//! An answer wakes whoever waits for it, on a core that hashes: the hash is pushed aside, for work whose code and data the
//! hashes have driven out of the caches long ago. Where more passwords wait than there are threads, that costs everyone
//! who waits, and an answer at once helps only one. So a few are kept for a moment. Then one thread is woken for all of
//! them, what they write is waited for together, and only the first of them finds the caches cold.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// Says what came of the work to whoever asked, and lets the next one come.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// More are not kept.
pub(super) const MOST: usize = 4;
/// No longer than this is one kept, or until the end of a hash of another system's that was begun meanwhile.
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

impl Finished {
    pub(super) fn extend(&mut self, answer: Option<Answer>) {
        if let Some(answer) = answer {
            self.answers.push(answer);
            self.since.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.answers.len()
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
    pub(super) fn hand_over(self, runtime: &Handle) {
        let Self(answers) = self;
        let each = |answers: Vec<Answer>| answers.into_iter().for_each(|answer| answer());
        if answers.len() > 1 {
            runtime.spawn(async move { each(answers) });
        } else {
            each(answers);
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

    async fn assert_kept(running: &mut Running<'_>) {
        tokio::time::sleep(LONG).await;
        assert!(poll!(running).is_pending(), "it was answered");
    }

    async fn assert_answered(running: Running<'_>) {
        assert!(matches!(tokio::time::timeout(LONG * 100, running).await, Ok(Ok(()))));
    }

    #[tokio::test]
    async fn while_there_is_more_to_do_answers_are_kept_and_handed_over_together_in_time() {
        let threads = HashThreads::start(1, 8);
        let (end_first, mut first) = begin_gated(&threads).await;
        let mut second = begin(&threads, |_| ()).await;
        let (end_third, third) = begin_gated(&threads).await;
        let (end_last, mut last) = begin_gated(&threads).await;
        end_first.send(()).unwrap();
        assert_kept(&mut first).await;
        assert_kept(&mut second).await;
        end_third.send(()).unwrap();
        for answered in [first, second, third] {
            assert_answered(answered).await;
        }
        assert!(poll!(&mut last).is_pending());
        end_last.send(()).unwrap();
        assert_answered(last).await;
    }

    #[tokio::test]
    async fn not_many_are_kept() {
        let threads = HashThreads::start(1, 8);
        let (end_first, first) = begin_gated(&threads).await;
        let mut few = vec![first];
        while few.len() < MOST {
            few.push(begin(&threads, |_| ()).await);
        }
        let (_end, mut working) = begin_gated(&threads).await;
        end_first.send(()).unwrap();
        for answered in few {
            assert_answered(answered).await;
        }
        assert!(poll!(&mut working).is_pending());
    }

    #[tokio::test]
    async fn a_hash_that_takes_long_lets_the_answers_out() {
        let threads = HashThreads::start(1, 8);
        let (end_first, first) = begin_gated(&threads).await;
        let (end, ends) = mpsc::channel::<()>();
        let hashing = begin(&threads, move |memory| {
            while ends.try_recv().is_err_and(|error| error == mpsc::TryRecvError::Empty) {
                let password = Password::new(Zeroizing::new("open sesame".to_owned()));
                PasswordHash::make(&password, [7; 16], Argon2Cost::DEFAULT, memory);
            }
        });
        let mut hashing = hashing.await;
        let last = begin(&threads, |_| ()).await;
        end_first.send(()).unwrap();
        assert_answered(first).await;
        assert!(poll!(&mut hashing).is_pending());
        end.send(()).unwrap();
        assert_answered(hashing).await;
        assert_answered(last).await;
    }

    #[tokio::test]
    async fn whatever_is_kept_comes_out_though_nobody_is_answered_after_it() {
        let threads = HashThreads::start(1, 8);
        let (end_first, first) = begin_gated(&threads).await;
        let panicking = begin(&threads, |_| panic!("on purpose, for this test")).await;
        end_first.send(()).unwrap();
        assert_answered(first).await;
        assert_eq!(panicking.await, Err(Panicked));

        let (end_first, first) = begin_gated(&threads).await;
        drop(begin(&threads, |_| ()).await);
        end_first.send(()).unwrap();
        assert_answered(first).await;
    }
}
