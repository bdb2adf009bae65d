//! Whether a server with many accounts is as fast as one with few, what they weigh, and who notices the pruning.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::drive::{Outcome, Pace};
use crate::field::{Entrant, Running};
use crate::question::{Question, Scenario, Slice};
use crate::report::{rate, time};
use crate::scripts::{PASSWORD, People};
use crate::spread::Spread;
use crate::stage::{Failure, password_hash};
use crate::tables::Tables;

const ROUNDS: usize = 3;
const SLICE: Duration = Duration::from_secs(3);
const SCENARIOS: [(Scenario, usize); 5] = [
    (Scenario::Login, 8),
    (Scenario::Verify, 16),
    (Scenario::Profile, 16),
    (Scenario::Refresh, 8),
    (Scenario::Register, 8),
];
/// Sessions that expire all at once: more than are removed while people are asked about it.
const EXPIRING: usize = 200_000;
/// Logins a second meanwhile: a sixth of what two cores can do.
const RATE: f64 = 50.0;
const LONGEST_PRUNING: Duration = Duration::from_secs(600);

pub fn grow(entrant: &'static Entrant, accounts: usize) -> Result<(), Failure> {
    let mut server = entrant.start()?;
    let people = server.people;
    let mut tables = Tables::open(&server.database_url().ok_or("only the tables of Bulla are known here")?)?;
    let (few, few_bytes) = (ask(&server)?, tables.bytes()?);
    tables.fill(accounts, password_hash(PASSWORD).as_str())?;
    let many_bytes = tables.bytes()?;
    server.people = People::Filled(accounts);
    let starts = server.restart_times()?;
    let many = ask(&server)?;
    println!("{}: {accounts} accounts, and ten sessions for each tenth of them\n", entrant.title);
    println!("| a second | with {} accounts | with {accounts} more | |", people.count());
    println!("|---|---:|---:|---:|");
    for (place, (scenario, connections)) in SCENARIOS.iter().enumerate() {
        let (few, many) = (&few[place], &many[place]);
        let ratio = many.median / few.median;
        println!("| {scenario:?}, {connections} connections | {few} | {many} | {ratio:.2} |");
    }
    let each = (many_bytes - few_bytes) / accounts as i64;
    println!("\n{each} bytes for an account and a session; {} MiB in all", many_bytes / 1024 / 1024);
    println!("from the start of the program to \"ready\": {starts} ms");
    println!("an index of all sessions, as a migration makes one: {:.1} s", tables.time_of_an_index()?.as_secs_f64());
    prune(&server, &mut tables, accounts.min(EXPIRING))
}

fn ask(server: &Running) -> Result<Vec<Spread>, Failure> {
    let mut slices: Vec<Vec<Slice>> = SCENARIOS.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for ((scenario, connections), slices) in SCENARIOS.into_iter().zip(&mut slices) {
            slices.extend(Question::closed(scenario, connections, SLICE).ask(server)?);
        }
    }
    Ok(slices.iter().map(|slices| rate(slices)).collect())
}

fn prune(server: &Running, tables: &mut Tables, sessions: usize) -> Result<(), Failure> {
    let question =
        Question { pace: Pace::Open(RATE), is_probed: true, ..Question::closed(Scenario::Login, 16, 2 * SLICE) };
    let nothing = || Failure::from("no such question");
    let quiet = question.ask(server)?.ok_or_else(nothing)?;
    tables.let_expire(sessions)?;
    let expired = tables.expired()?;
    let waiting = Instant::now();
    while tables.expired()? == expired {
        if waiting.elapsed() > LONGEST_PRUNING {
            return Err("nothing is pruned".into());
        }
        sleep(Duration::from_millis(50));
    }
    let begun = Instant::now();
    let (pruned, took) = std::thread::scope(|scope| -> Result<_, Failure> {
        let asking = scope.spawn(|| question.ask(server).map_err(|error| error.to_string()));
        while tables.expired()? > 0 {
            if begun.elapsed() > LONGEST_PRUNING {
                return Err("the pruning comes to no end".into());
            }
            // To count them takes time, too.
            sleep(Duration::from_millis(500));
        }
        let took = begun.elapsed();
        Ok((asking.join().map_err(|_| "the driver panicked")??.ok_or_else(nothing)?, took))
    })?;
    println!("\n{expired} expired sessions were gone {:.1} s after the first of them\n", took.as_secs_f64());
    println!("| p50, p99 | before | while they were pruned |\n|---|---:|---:|");
    let line = |what: &str, quiet: &Outcome, pruned: &Outcome| {
        let times =
            |outcome: &Outcome| [50.0, 99.0].map(|percent| time(outcome.latencies.percentile(percent))).join(", ");
        println!("| {what} | {} | {} |", times(quiet), times(pruned));
    };
    line("logins, 50 a second", &quiet.outcome, &pruned.outcome);
    if let (Some(quiet), Some(pruned)) = (&quiet.probes, &pruned.probes) {
        line("profiles, 50 a second", &quiet.profile, &pruned.profile);
        if let (Some(quiet), Some(pruned)) = (&quiet.verify, &pruned.verify) {
            line("tokens checked, 50 a second", quiet, pruned);
        }
    }
    Ok(())
}
