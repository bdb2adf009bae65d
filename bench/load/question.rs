//! One thing that a server is asked for a while, and how it answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::ValueEnum;

use crate::dialect::{Dialect, Person, Session};
use crate::drive::{Outcome, Pace, Script, drive};
use crate::field::Running;
use crate::scripts::{Again, FromStock, Mixed, PASSWORD, Refreshing, Stock, new_email};
use crate::sealer::Sealer;
use crate::stage::Failure;
use crate::wire::Wire;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Right passwords, each in a fresh envelope
    Login,
    /// Each connection exchanges its own refresh token, again and again
    Refresh,
    /// Is this token good?
    Verify,
    /// Who is this, as the database knows them?
    Profile,
    /// New accounts
    Register,
    /// 2 logins, 4 refreshes, 26 profiles and 68 checked tokens in a hundred
    Mixed,
    /// Wrong passwords for accounts that there are not
    Flood,
}

#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub scenario: Scenario,
    pub connections: usize,
    pub pace: Pace,
    pub duration: Duration,
    /// Whether /verify and /profile are asked for meanwhile, in an open loop.
    pub is_probed: bool,
}

#[derive(Debug)]
pub struct Slice {
    pub outcome: Outcome,
    pub probes: Option<Probes>,
    pub cpu_seconds: f64,
    pub memory_kib: u64,
    /// How much that was of what the machine could do at that moment, where that is known.
    pub of_limit: Option<f64>,
}

#[derive(Debug)]
pub struct Probes {
    /// `None` where nobody asks the server whether a token is good.
    pub verify: Option<Outcome>,
    pub profile: Outcome,
}

impl Slice {
    /// Several turns as one slice, without their probes.
    pub fn together(turns: Vec<Self>, of_limit: f64) -> Self {
        let cpu_seconds = turns.iter().map(|turn| turn.cpu_seconds).sum();
        let memory_kib = turns.iter().map(|turn| turn.memory_kib).max().unwrap_or_default();
        let outcome = Outcome::together(turns.into_iter().map(|turn| turn.outcome));
        Self { outcome, probes: None, cpu_seconds, memory_kib, of_limit: Some(of_limit) }
    }

    /// Of the question, and of the probes beside it.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let probes = self.probes.iter().flat_map(|probes| probes.verify.iter().chain([&probes.profile]));
        std::iter::once(&self.outcome).chain(probes)
    }
}

/// One for each connection.
type Scripts = Vec<Box<dyn Script>>;

/// So many a second of each kind.
const PROBES: f64 = 50.0;
/// So that a probe hardly ever waits for the one before.
const PROBE_CONNECTIONS: usize = 8;
/// So many people are logged in before the clock runs, and no others.
const APART: usize = 32;
/// More than a server here answers.
const LOGINS_A_SECOND: f64 = 450.0;

impl Question {
    /// As fast as the answers come, with nobody beside.
    pub fn closed(scenario: Scenario, connections: usize, duration: Duration) -> Self {
        Self { scenario, connections, pace: Pace::Closed, duration, is_probed: false }
    }

    /// `None` where the server has no such thing.
    pub fn ask(&self, server: &Running) -> Result<Option<Slice>, Failure> {
        let Some(scripts) = self.scripts(server)? else { return Ok(None) };
        let probe_sessions = if self.is_probed { log_in(server, 2 * PROBE_CONNECTIONS)? } else { Vec::new() };
        let before = server.usage()?;
        let duration = self.duration;
        let probe = |scripts: Scripts| {
            let answered = drive(server.address, scripts, Pace::Open(PROBES), duration);
            answered.map_err(|error| error.to_string())
        };
        let (outcome, probes) = std::thread::scope(|scope| -> Result<_, Failure> {
            let threads = self.is_probed.then(|| {
                let (verify, profile) = probe_scripts(server.entrant.dialect, &probe_sessions);
                (verify.map(|verify| scope.spawn(move || probe(verify))), scope.spawn(move || probe(profile)))
            });
            let outcome = drive(server.address, scripts, self.pace, duration)?;
            let Some((verify, profile)) = threads else { return Ok((outcome, None)) };
            let panicked = |_| Err("a probe panicked".to_owned());
            let verify = verify.map(|verify| verify.join().unwrap_or_else(panicked)).transpose()?;
            Ok((outcome, Some(Probes { verify, profile: profile.join().unwrap_or_else(panicked)? })))
        })?;
        let after = server.usage()?;
        let cpu_seconds = after.cpu_seconds - before.cpu_seconds;
        Ok(Some(Slice { outcome, probes, cpu_seconds, memory_kib: after.memory_kib, of_limit: None }))
    }

    fn scripts(&self, server: &Running) -> Result<Option<Scripts>, Failure> {
        let dialect = server.entrant.dialect;
        let stocked = || (self.duration.as_secs_f64() * LOGINS_A_SECOND) as usize + self.connections;
        Ok(Some(match self.scenario {
            Scenario::Login => each(self.connections, &logins(server, stocked())?, false),
            Scenario::Register if !dialect.tells_of_registration() => return Ok(None),
            Scenario::Register => {
                let make = move |sealer: &Sealer, _| dialect.register(&someone_new(), sealer);
                each(self.connections, &stock(server, stocked(), make)?, false)
            }
            Scenario::Flood => {
                let make = move |sealer: &Sealer, _| dialect.login(&someone_new(), sealer);
                each(self.connections, &stock(server, stocked(), make)?, true)
            }
            Scenario::Verify => {
                let sessions = log_in(server, self.connections)?;
                let requests: Option<Vec<_>> = sessions.iter().map(|session| dialect.verify(session)).collect();
                let Some(requests) = requests else { return Ok(None) };
                requests.into_iter().map(again).collect()
            }
            Scenario::Profile => {
                let sessions = log_in(server, self.connections)?;
                sessions.iter().map(|session| again(dialect.profile(session))).collect()
            }
            Scenario::Refresh => {
                let sessions = log_in(server, self.connections)?;
                if sessions.iter().any(|session| !session.can_be_refreshed()) {
                    return Ok(None);
                }
                let script = |session| Box::new(Refreshing { dialect, session }) as Box<dyn Script>;
                sessions.into_iter().map(script).collect()
            }
            Scenario::Mixed => {
                let logins = logins(server, stocked())?;
                let script = |(number, session)| {
                    let refreshing = Refreshing { dialect, session };
                    // Not all at the same place of their day.
                    Box::new(Mixed { logins: Arc::clone(&logins), refreshing, number: number * 7 }) as Box<dyn Script>
                };
                log_in(server, self.connections)?.into_iter().enumerate().map(script).collect()
            }
        }))
    }
}

fn each(connections: usize, stock: &Arc<Stock>, is_guessing: bool) -> Scripts {
    let another = |_| Box::new(FromStock { stock: Arc::clone(stock), is_guessing }) as Box<dyn Script>;
    (0..connections).map(another).collect()
}

fn again(request: Vec<u8>) -> Box<dyn Script> {
    Box::new(Again(request))
}

fn probe_scripts(dialect: Dialect, sessions: &[Session]) -> (Option<Scripts>, Scripts) {
    let (some, others) = sessions.split_at(sessions.len() / 2);
    let verify: Option<Vec<_>> = some.iter().map(|session| dialect.verify(session).map(again)).collect();
    (verify, others.iter().map(|session| again(dialect.profile(session))).collect())
}

fn stock(
    server: &Running,
    count: usize,
    make: impl Fn(&Sealer, usize) -> Result<Vec<u8>, Failure> + Send + Sync + 'static,
) -> Result<Arc<Stock>, Failure> {
    let sealer = server.sealer()?;
    Stock::of(count, Box::new(move |number| make(&sealer, number)))
}

/// Of others each time, as long as there are others.
fn logins(server: &Running, count: usize) -> Result<Arc<Stock>, Failure> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let (dialect, people) = (server.entrant.dialect, server.people);
    let (first, most) = (NEXT.fetch_add(count, Ordering::Relaxed), people.count() - APART);
    stock(server, count, move |sealer, number| dialect.login(&people.number((first + number) % most), sealer))
}

/// Of accounts apart from those that are logged in to meanwhile.
fn log_in(server: &Running, count: usize) -> Result<Vec<Session>, Failure> {
    let (dialect, sealer, mut wire) = (server.entrant.dialect, server.sealer()?, Wire::to(server.address)?);
    let mut sessions = Vec::new();
    for number in 0..count {
        let person = server.people.number(server.people.count() - 1 - number % APART);
        let answer = wire.ask(&dialect.login(&person, &sealer)?)?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            return Err(format!("{}: a login is answered {}: {body}", server.entrant.name, answer.status).into());
        }
        sessions.push(dialect.session(&answer)?);
    }
    Ok(sessions)
}

fn someone_new() -> Person {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Person { email: new_email(NEXT.fetch_add(1, Ordering::Relaxed)), password: PASSWORD }
}
