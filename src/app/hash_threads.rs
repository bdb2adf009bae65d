//! The threads that hash passwords and open envelopes: their own, so that nothing else ever waits for them, behind a
//! bounded queue, so that a flood is answered "overloaded" in milliseconds instead of late.

mod handover;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use handover::{Answer, Finished};
use metrics::Histogram;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::courtesy::{Courtesy, lower_priority};
use crate::model::HashMemory;

/// Work, and the answer to whoever asked for it, if somebody still waits.
type Job = Box<dyn FnOnce(&mut HashMemory) -> Option<Answer> + Send>;

pub struct HashThreads {
    threads: usize,
    most_places: usize,
    queue: Arc<Queue>,
    places: Arc<Semaphore>,
    front: Arc<Semaphore>,
}

/// A place in the queue. Taken before anything is spent, so that whoever is turned away can come again with the same
/// envelope.
#[derive(Debug)]
pub struct Place {
    taken_at: Instant,
    _permit: OwnedSemaphorePermit,
}

/// A place at the front of the queue: only here envelopes are spent. If a whole queue did that on arrival, everybody else
/// who writes to the database would wait behind it, and those who left meanwhile would have spent theirs for nothing.
/// Given back with the answer, or when a thread finds that nobody waits for it any more; the place in the queue already
/// when the work is done.
#[derive(Debug)]
pub struct Turn {
    place: Place,
    front: OwnedSemaphorePermit,
}

/// The queue is full, or hardly moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all hashing threads are busy")]
pub struct Overloaded;

/// The work broke off; the panic hook has said more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("work on a hashing thread panicked")]
pub struct Panicked;

struct Queue {
    line: Mutex<Line>,
    arrival: Condvar,
    /// While so many jobs are ready, answers are kept; `None`: never.
    enough: Option<usize>,
    busy: AtomicUsize,
    hashes: AtomicU64,
    waits: Histogram,
    durations: Histogram,
}

/// Under one lock: an answer is kept only while there is work whose end brings it out.
#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    finished: Finished,
}

/// A thread without work for so long gives its memory back.
const IDLE: Duration = Duration::from_secs(5);
/// For each thread: one who is judged, and one who writes meanwhile.
const FRONT: usize = 2;
/// Who would wait longer is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl HashThreads {
    pub fn start(threads: usize, queue: usize) -> Self {
        Self::start_on(thread::available_parallelism().map_or(1, usize::from), threads, queue)
    }

    /// Where a core is left that does not hash, answers are in no hash's way, and none is kept.
    fn start_on(cores: usize, threads: usize, queue: usize) -> Self {
        let most_places = threads + queue;
        // A job for each thread, and for a single one two: whoever hears of an answer takes a while to come again.
        let enough = (threads >= cores).then_some(threads.max(2));
        // Those whose answers are kept are still there.
        let front = threads * FRONT + enough.map_or(0, |_| handover::MOST - 1);
        let (places, front) = (Arc::new(Semaphore::new(most_places)), Arc::new(Semaphore::new(front)));
        let queue = Arc::new(Queue::new(enough));
        for number in 0..threads {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || {
                    lower_priority();
                    queue.work()
                })
                .expect("the operating system lets a server start its threads");
        }
        Self { threads, most_places, queue, places, front }
    }

    /// Whether there is room, for whoever would otherwise ask the database first only to be turned away.
    pub fn check_room(&self) -> Result<(), Overloaded> {
        if self.free_places() > 0 { Ok(()) } else { Err(Overloaded) }
    }

    /// Answers at once, whether there is room or not.
    pub fn reserve(&self) -> Result<Place, Overloaded> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Overloaded)?;
        Ok(Place { taken_at: Instant::now(), _permit: permit })
    }

    /// Waits, in the order of arrival, until a thread will soon have time.
    pub async fn turn(&self, place: Place) -> Result<Turn, Overloaded> {
        let front = tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.front).acquire_owned()).await;
        let front = front.map_err(|_| Overloaded)?.expect("the semaphore is never closed");
        Ok(Turn { place, front })
    }

    /// How many more requests could take a place now.
    pub fn free_places(&self) -> usize {
        self.places.available_permits()
    }

    /// How many requests wait until a thread has time for them.
    pub fn waiting(&self) -> usize {
        self.most_places.saturating_sub(self.free_places() + self.busy_threads())
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    pub fn busy_threads(&self) -> usize {
        self.queue.busy.load(Ordering::Relaxed)
    }

    /// How many password hashes were computed since the start.
    pub fn hashes(&self) -> u64 {
        self.queue.hashes.load(Ordering::Relaxed)
    }

    /// Runs work on a hashing thread. Work whose future was dropped before it began is not done. While others are ready,
    /// the answer may come some milliseconds later, together with a few more.
    pub async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&mut HashMemory) -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let (reply, result) = oneshot::channel();
        let (queue, span) = (Arc::clone(&self.queue), tracing::info_span!(target: "otel", "hashing"));
        let runtime = Handle::current();
        self.queue.push(Box::new(move |memory| {
            if reply.is_closed() {
                return None;
            }
            let Turn { place, front } = turn;
            queue.waits.record(place.taken_at.elapsed());
            let result = span.in_scope(|| work(memory));
            // Over before what it is a part of.
            drop(span);
            // Counted before the requester hears of it.
            queue.count(&memory.take_durations());
            drop(place);
            let give = move || {
                let _ = reply.send(result);
                drop(front);
            };
            Some(Answer::new(runtime, give))
        }));
        result.await.map_err(|_| Panicked)
    }
}

impl Queue {
    fn new(enough: Option<usize>) -> Self {
        Self {
            line: Mutex::default(),
            arrival: Condvar::new(),
            enough,
            busy: AtomicUsize::new(0),
            hashes: AtomicU64::new(0),
            waits: metrics::histogram!("bulla_hash_queue_wait_seconds"),
            durations: metrics::histogram!("bulla_password_hash_duration_seconds"),
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().expect(NO_PANIC)
    }

    fn count(&self, hashes: &[Duration]) {
        self.hashes.fetch_add(hashes.len() as u64, Ordering::Relaxed);
        hashes.iter().for_each(|duration| self.durations.record(*duration));
    }

    fn push(&self, job: Job) {
        self.line().jobs.push_back(job);
        self.arrival.notify_one();
    }

    /// One hashing thread, for as long as the process lives.
    fn work(self: &Arc<Self>) -> ! {
        let (mut courtesy, pausing, leaving) = (Courtesy::default(), Arc::clone(self), Arc::clone(self));
        let pause = move || {
            pausing.hand_over_late();
            courtesy.make_way();
        };
        let mut memory = HashMemory::pausing(pause, move || leaving.hand_over_all());
        loop {
            let Some(job) = self.next() else {
                memory.release();
                continue;
            };
            // A panic ends one request, not the thread: every later login would find one thread less.
            self.busy.fetch_add(1, Ordering::Relaxed);
            let answer = catch_unwind(AssertUnwindSafe(|| job(&mut memory))).unwrap_or_else(|_| {
                memory.release();
                None
            });
            self.busy.fetch_sub(1, Ordering::Relaxed);
            self.finish(answer);
        }
    }

    /// The oldest job; `None` when there was none for a while.
    fn next(&self) -> Option<Job> {
        let (mut line, _) =
            self.arrival.wait_timeout_while(self.line(), IDLE, |line| line.jobs.is_empty()).expect(NO_PANIC);
        line.jobs.pop_front()
    }

    /// Keeps an answer while so much is ready that no thread waits for whoever hears of it.
    fn finish(&self, answer: Option<Answer>) {
        let mut line = self.line();
        line.finished.extend(answer);
        let may_wait = self.enough.is_some_and(|enough| line.jobs.len() >= enough);
        let due = if may_wait { line.finished.take_if_due() } else { line.finished.take() };
        drop(line);
        due.hand_over();
    }

    fn hand_over_late(&self) {
        let due = self.line().finished.take_if_due();
        due.hand_over();
    }

    /// Before this thread does something that has no pauses.
    fn hand_over_all(&self) {
        let due = self.line().finished.take();
        due.hand_over();
    }
}

const NO_PANIC: &str = "no thread panics while it holds the queue";

impl fmt::Debug for HashThreads {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HashThreads({} places free)", self.places.available_permits())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_turns_away_at_once_and_a_finished_job_makes_room() {
        let threads = HashThreads::start(1, 1);
        let (first, second) = (threads.reserve().unwrap(), threads.reserve().unwrap());
        assert_eq!(threads.reserve().unwrap_err(), Overloaded);
        assert_eq!(threads.check_room(), Err(Overloaded));
        drop(second);
        assert_eq!(threads.run(threads.turn(first).await.unwrap(), |_| 7).await, Ok(7));
        assert!(threads.check_room().is_ok() && threads.reserve().is_ok());
    }

    #[tokio::test]
    async fn work_for_someone_who_left_is_not_done() {
        let threads = one_thread();
        let (release, gate) = mpsc::channel::<()>();
        let blocked = threads.run(turn(&threads).await, move |_| gate.recv().is_ok());
        let (done, was_done) = mpsc::channel::<()>();
        let mut blocked = Box::pin(blocked);
        assert!(poll_once(&mut blocked).is_none());
        let mut abandoned = Box::pin(threads.run(turn(&threads).await, move |_| done.send(())));
        assert!(poll_once(&mut abandoned).is_none());
        drop(abandoned);
        release.send(()).unwrap();
        assert_eq!(blocked.await, Ok(true));
        // Whoever comes next is judged after the abandoned one would have been.
        threads.run(turn(&threads).await, |_| ()).await.unwrap();
        assert_eq!(was_done.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[tokio::test]
    async fn a_panic_ends_one_job_and_no_thread() {
        let threads = one_thread();
        let panicking = threads.run(turn(&threads).await, |_| panic!("on purpose, for this test"));
        assert_eq!(panicking.await, Err::<(), _>(Panicked));
        assert_eq!(threads.run(turn(&threads).await, |_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn the_front_of_the_queue_is_short_and_who_leaves_it_makes_room() {
        let threads = one_thread();
        let mut front = fill_front(&threads).await;
        let (mut left, mut next) = (Box::pin(turn(&threads)), Box::pin(turn(&threads)));
        assert!(poll_once(&mut left).is_none() && poll_once(&mut next).is_none());
        drop(left);
        front.pop();
        assert!(poll_once(&mut next).is_some());
    }

    #[tokio::test]
    async fn whoever_would_wait_for_too_long_is_told_so_and_makes_room() {
        let threads = one_thread();
        let _front = fill_front(&threads).await;
        let (began, free) = (std::time::Instant::now(), threads.free_places());
        let place = threads.reserve().unwrap();
        assert_eq!(threads.turn(place).await.unwrap_err(), Overloaded);
        assert!(began.elapsed() >= LONGEST_WAIT && began.elapsed() < LONGEST_WAIT * 4);
        assert_eq!(threads.free_places(), free);
    }

    /// With a core beside it, so that no answers are kept.
    fn one_thread() -> HashThreads {
        HashThreads::start_on(2, 1, 8)
    }

    /// Of one thread.
    async fn fill_front(threads: &HashThreads) -> Vec<Turn> {
        let mut turns = Vec::new();
        for _ in 0..FRONT {
            turns.push(turn(threads).await);
        }
        turns
    }

    async fn turn(threads: &HashThreads) -> Turn {
        threads.turn(threads.reserve().unwrap()).await.unwrap()
    }

    fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
