//! Asking as fast as the answers come (a closed loop), or at moments that were fixed before (an open loop).
//!
//! A closed loop hides waiting: a server that stands still for a second is asked nothing for a second. In an open loop the
//! time of an answer counts from the moment at which it was due to be asked for, so that whoever would have had to wait
//! did.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::latencies::Latencies;
use crate::stage::Failure;
use crate::wire::{Answer, Wire, values};

/// What one connection says, one request after the other.
pub trait Script: Send {
    fn next(&mut self) -> Result<Vec<u8>, Failure>;

    fn expects(&self, status: u16) -> bool {
        (200..300).contains(&status)
    }

    /// The answer, if it was what this expects.
    fn heard(&mut self, _answer: &Answer) -> Result<(), Failure> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Pace {
    Closed,
    /// So many requests a second over all connections.
    Open(f64),
}

/// What became of the requests of one slice.
#[derive(Debug, Default)]
pub struct Outcome {
    pub seconds: f64,
    /// Of the answers that were expected.
    pub latencies: Latencies,
    /// Of 503, which a server that is full should say soon.
    pub refusals: Latencies,
    /// Of the other answers.
    pub errors: BTreeMap<u16, u64>,
    /// Connections that broke, or did not answer in time.
    pub broken: u64,
}

/// A client that was refused comes back after a while, as honest ones do: when it was told to, or soon.
const PAUSE: Duration = Duration::from_millis(50);

impl Outcome {
    pub fn per_second(&self) -> f64 {
        self.latencies.count() as f64 / self.seconds
    }

    /// Of what was asked one after the other.
    pub fn together(outcomes: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::default();
        let (mut latencies, mut refusals) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            all.seconds += outcome.seconds;
            latencies.push(outcome.latencies);
            refusals.push(outcome.refusals);
            for (status, count) in outcome.errors {
                *all.errors.entry(status).or_default() += count;
            }
            all.broken += outcome.broken;
        }
        Self { latencies: Latencies::together(&latencies), refusals: Latencies::together(&refusals), ..all }
    }

    pub fn failed(&self) -> u64 {
        self.errors.values().sum::<u64>() + self.broken
    }
}

/// One connection, and one thread, for each script.
pub fn drive(
    address: SocketAddr,
    scripts: Vec<Box<dyn Script>>,
    pace: Pace,
    duration: Duration,
) -> Result<Outcome, Failure> {
    // Connected before the clock runs.
    let connected = |script| Worker { address, wire: Wire::to(address).ok(), script, outcome: Parts::default() };
    let workers: Vec<Worker> = scripts.into_iter().map(connected).collect();
    let schedule = Schedule { begun: Instant::now(), duration, pace, next: AtomicU64::new(0) };
    let workers: Result<Vec<Worker>, String> = std::thread::scope(|scope| {
        let run = |mut worker: Worker| {
            let schedule = &schedule;
            scope.spawn(move || worker.run(schedule).map(|()| worker).map_err(|error| error.to_string()))
        };
        let threads: Vec<_> = workers.into_iter().map(run).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a client panicked".to_owned())))
            .collect()
    });
    let seconds = schedule.begun.elapsed().as_secs_f64();
    let outcomes = workers?.into_iter().map(|worker| worker.outcome.outcome());
    Ok(Outcome { seconds, ..Outcome::together(outcomes) })
}

/// When who asks next.
struct Schedule {
    begun: Instant,
    duration: Duration,
    pace: Pace,
    next: AtomicU64,
}

impl Schedule {
    fn left(&self) -> Duration {
        self.duration.saturating_sub(self.begun.elapsed())
    }

    /// Waits for the moment at which the next request is due; `None` when all is over.
    fn due(&self) -> Option<Instant> {
        let due = match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                self.begun + Duration::from_secs_f64(number as f64 / rate)
            }
        };
        if due >= self.begun + self.duration {
            return None;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        Some(due)
    }
}

struct Worker {
    address: SocketAddr,
    wire: Option<Wire>,
    script: Box<dyn Script>,
    outcome: Parts,
}

impl Worker {
    fn run(&mut self, schedule: &Schedule) -> Result<(), Failure> {
        while let Some(due) = schedule.due() {
            let request = self.script.next()?;
            // In a closed loop, what the client does to make its request is no time of the server's.
            let from = if matches!(schedule.pace, Pace::Closed) { Instant::now() } else { due };
            let Ok(answer) = self.ask(&request) else {
                self.wire = None;
                self.outcome.broken += 1;
                std::thread::sleep(PAUSE);
                continue;
            };
            let took = from.elapsed();
            if self.script.expects(answer.status) {
                self.outcome.latencies.push(took);
                self.script.heard(&answer)?;
                continue;
            }
            if answer.status == 503 {
                self.outcome.refusals.push(took);
            } else {
                *self.outcome.errors.entry(answer.status).or_default() += 1;
            }
            std::thread::sleep(schedule.left().min(retry_after(&answer).unwrap_or(PAUSE)));
        }
        Ok(())
    }

    fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let wire = match &mut self.wire {
            Some(wire) => wire,
            none => none.insert(Wire::to(self.address)?),
        };
        wire.ask(request)
    }
}

/// In seconds.
fn retry_after(answer: &Answer) -> Option<Duration> {
    values(&answer.head, "retry-after").next()?.parse().ok().map(Duration::from_secs)
}

#[derive(Default)]
struct Parts {
    latencies: Vec<Duration>,
    refusals: Vec<Duration>,
    errors: BTreeMap<u16, u64>,
    broken: u64,
}

impl Parts {
    /// Its time is that of all workers together.
    fn outcome(self) -> Outcome {
        let (latencies, refusals) = (Latencies::of(self.latencies), Latencies::of(self.refusals));
        Outcome { seconds: 0.0, latencies, refusals, errors: self.errors, broken: self.broken }
    }
}
