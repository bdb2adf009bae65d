//! Everyone, side by side: in each round every server is asked every question once, so that whatever disturbs the machine
//! disturbs all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::dialect::Dialect;
use crate::field::{Entrant, FIELD, Running};
use crate::limits::{Apart, Limits};
use crate::question::{Question, Scenario, Slice};
use crate::rows::{RowRates, Rows};
use crate::stage::Failure;
use crate::turns::{self, beside};

pub const ROUNDS: usize = 5;
pub const SLICE: Duration = Duration::from_secs(2);
/// Connections that hammer the login while others ask for something else.
pub const HAMMERING: usize = 32;
pub const LADDER: [usize; 8] = [2, 4, 8, 16, 32, 64, 128, 256];
/// More are refused by two hashing threads.
const QUEUE: usize = 64;
const TOPICS: [Topic; 7] = [
    Topic::Login,
    Topic::CrowdedLogin,
    Topic::Verify,
    Topic::Profile,
    Topic::Refresh,
    Topic::Register,
    Topic::Isolation,
];
const REST: Duration = Duration::from_secs(10);

/// Everything that was measured.
pub struct Measured {
    /// Of each round.
    pub limits: Vec<Limits>,
    pub sqlite_rows: Vec<RowRates>,
    pub mysql_rows: Vec<RowRates>,
    /// Of each round.
    pub idle_memory_kib: BTreeMap<&'static str, Vec<u64>>,
    pub slices: BTreeMap<(Topic, &'static str), Vec<Slice>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Login,
    CrowdedLogin,
    Verify,
    Profile,
    Refresh,
    Register,
    Isolation,
    Ladder(usize),
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Question { scenario, connections, is_probed, .. } = self.question();
        let probes = if is_probed { ", and probes" } else { "" };
        write!(formatter, "{}, {connections} connections{probes}", format!("{scenario:?}").to_lowercase())
    }
}

impl Topic {
    pub fn question(self) -> Question {
        let ask = |scenario, connections| Question::closed(scenario, connections, SLICE);
        match self {
            Self::Login => ask(Scenario::Login, 8),
            Self::CrowdedLogin => ask(Scenario::Login, 64),
            Self::Verify => ask(Scenario::Verify, 16),
            Self::Profile => ask(Scenario::Profile, 16),
            Self::Refresh => ask(Scenario::Refresh, 8),
            Self::Register => ask(Scenario::Register, 8),
            Self::Isolation => Question { is_probed: true, duration: 2 * SLICE, ..ask(Scenario::Login, HAMMERING) },
            Self::Ladder(connections) => ask(Scenario::Login, connections),
        }
    }

    /// In turns with what the machine can do of it at that moment, where that is known. `None` where the server has no such
    /// thing.
    pub fn ask(self, server: &Running, limits: &mut Apart) -> Result<Option<Slice>, Failure> {
        let (question, size) = (self.question(), server.entrant.key_size());
        let turn = Question { duration: self.turn(), ..question };
        match self {
            Self::Login | Self::Ladder(_) if server.entrant.hashes_as_ours() => {
                beside(turn, server, |slice| limits.logins(size, slice))
            }
            Self::Verify if server.entrant.dialect.checks_tokens() => {
                beside(turn, server, |slice| limits.hellos(slice))
            }
            _ => question.ask(server),
        }
    }

    fn turn(self) -> Duration {
        match self {
            Self::Ladder(connections) if connections > QUEUE => turns::LONG_SLICE,
            _ => turns::SLICE,
        }
    }

    /// Ours in several versions; of the others, only what the comparison is about.
    fn is_for(self, entrant: &Entrant) -> bool {
        match self {
            Self::Ladder(_) => entrant.name == "bulla",
            _ if !entrant.is_compared() => self == Self::Login,
            _ => true,
        }
    }
}

pub fn measure() -> Result<Measured, Failure> {
    for entrant in &FIELD {
        eprintln!("installing {}", entrant.title);
        entrant.install()?;
    }
    let (sqlite, mysql) = (Rows::in_sqlite()?, Rows::in_mysql()?);
    let mut measured = Measured {
        limits: Vec::new(),
        sqlite_rows: Vec::new(),
        mysql_rows: Vec::new(),
        idle_memory_kib: BTreeMap::new(),
        slices: BTreeMap::new(),
    };
    let topics: Vec<Topic> = TOPICS.into_iter().chain(LADDER.map(Topic::Ladder)).collect();
    let (ours, theirs): (Vec<_>, Vec<_>) = FIELD.iter().partition(|entrant| entrant.dialect == Dialect::Bulla);
    let theirs = start(&theirs)?;
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: rows");
        // Anew, as are ours, from fresh copies.
        let mut limits = Apart::start()?;
        measured.limits.push(limits.measure(SLICE)?);
        measured.sqlite_rows.push(sqlite.measure(SLICE / 2)?);
        measured.mysql_rows.push(mysql.measure(SLICE / 2)?);
        let ours = start(&ours)?;
        let servers: Vec<&Running> = ours.iter().chain(&theirs).collect();
        // Hashing threads give their memory back after a while.
        std::thread::sleep(REST);
        for server in &servers {
            measured.idle_memory_kib.entry(server.entrant.name).or_default().push(server.usage()?.memory_kib);
        }
        let servers: Vec<&Running> = order(round).map(|place| servers[place]).collect();
        for topic in &topics {
            eprintln!("round {round} of {ROUNDS}: {topic}");
            ask_everyone(*topic, &servers, &mut limits, &mut measured)?;
        }
    }
    Ok(measured)
}

fn start(entrants: &[&'static Entrant]) -> Result<Vec<Running>, Failure> {
    let mut servers = Vec::new();
    for entrant in entrants {
        eprintln!("starting {}", entrant.title);
        servers.push(entrant.start()?);
    }
    for server in &servers {
        warm_up(server)?;
    }
    Ok(servers)
}

/// What is asked of all of them is asked once for nothing: connections of pools are made, code is compiled, pages are
/// read.
fn warm_up(server: &Running) -> Result<(), Failure> {
    eprintln!("warming up {}", server.entrant.title);
    for topic in TOPICS.into_iter().filter(|topic| topic.is_for(server.entrant)) {
        Question { duration: SLICE / 2, ..topic.question() }.ask(server)?;
    }
    Ok(())
}

/// Another one in each round, so that nobody is always the first or always after the same one: in steps of another length,
/// of which each reaches all, as their number is prime.
fn order(round: usize) -> impl Iterator<Item = usize> {
    (0..FIELD.len()).map(move |step| (round + step * (round + 1)) % FIELD.len())
}

fn ask_everyone(
    topic: Topic,
    servers: &[&Running],
    limits: &mut Apart,
    measured: &mut Measured,
) -> Result<(), Failure> {
    for server in servers.iter().filter(|server| topic.is_for(server.entrant)) {
        if let Some(slice) = topic.ask(server, limits)? {
            measured.slices.entry((topic, server.entrant.name)).or_default().push(slice);
        }
    }
    Ok(())
}
