//! Everyone, side by side: in each round every server is asked every question once, so that whatever disturbs the machine
//! disturbs all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::field::{Entrant, FIELD, Running};
use crate::limits::{Bench, Limits};
use crate::question::{Question, Scenario, Slice};
use crate::rows::{RowRates, Rows};
use crate::stage::Failure;

pub const ROUNDS: usize = 5;
pub const SLICE: Duration = Duration::from_secs(2);
/// Connections that hammer the login while others ask for something else.
pub const HAMMERING: usize = 32;
pub const LADDER: [usize; 8] = [2, 4, 8, 16, 32, 64, 128, 256];

/// Everything that was measured.
pub struct Measured {
    /// Of each round, right before the question.
    pub limits: BTreeMap<Topic, Vec<Limits>>,
    pub sqlite_rows: Vec<RowRates>,
    pub mysql_rows: Vec<RowRates>,
    pub idle_memory_kib: BTreeMap<&'static str, u64>,
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
    let (bench, sqlite, mysql) = (Bench::start()?, Rows::in_sqlite()?, Rows::in_mysql()?);
    let mut measured = Measured {
        limits: BTreeMap::new(),
        sqlite_rows: Vec::new(),
        mysql_rows: Vec::new(),
        idle_memory_kib: BTreeMap::new(),
        slices: BTreeMap::new(),
    };
    let mut servers = Vec::new();
    for entrant in &FIELD {
        eprintln!("starting {}", entrant.title);
        servers.push(entrant.start()?);
        // Hashing threads give their memory back after a while.
        std::thread::sleep(Duration::from_secs(1));
    }
    std::thread::sleep(Duration::from_secs(10));
    for server in &servers {
        measured.idle_memory_kib.insert(server.entrant.name, server.usage()?.memory_kib);
    }
    let mut topics = vec![
        Topic::Login,
        Topic::CrowdedLogin,
        Topic::Verify,
        Topic::Profile,
        Topic::Refresh,
        Topic::Register,
        Topic::Isolation,
    ];
    topics.extend(LADDER.map(Topic::Ladder));
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: rows");
        measured.sqlite_rows.push(sqlite.measure(SLICE / 2)?);
        measured.mysql_rows.push(mysql.measure(SLICE / 2)?);
        for topic in &topics {
            eprintln!("round {round} of {ROUNDS}: {topic:?}");
            measured.limits.entry(*topic).or_default().push(bench.measure(SLICE / 4)?);
            ask_everyone(*topic, &servers, &mut measured)?;
        }
    }
    Ok(measured)
}

fn ask_everyone(topic: Topic, servers: &[Running], measured: &mut Measured) -> Result<(), Failure> {
    for server in servers.iter().filter(|server| topic.is_for(server.entrant)) {
        if let Some(slice) = topic.question().ask(server)? {
            measured.slices.entry((topic, server.entrant.name)).or_default().push(slice);
        }
    }
    Ok(())
}
