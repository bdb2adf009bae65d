//! Several builds of Bulla beside each other, and beside what the machine can do at that moment.

use std::path::PathBuf;

use crate::dialect::Dialect;
use crate::field::{Entrant, Running};
use crate::limits::Apart;
use crate::question::{Question, Scenario};
use crate::spread::Spread;
use crate::stage::Failure;
use crate::turns::{Contestant, LIMIT_SLICE, SLICE, ratio, take};

#[derive(Default)]
struct Build {
    rates: Vec<f64>,
    of_first: Vec<f64>,
    of_limit: Vec<f64>,
}

pub fn compare(
    entrant: &'static Entrant,
    programs: &[PathBuf],
    connections: usize,
    rounds: usize,
) -> Result<(), Failure> {
    if entrant.dialect != Dialect::Bulla {
        return Err(format!("{} has no builds", entrant.title).into());
    }
    let question = Question::closed(Scenario::Login, connections, SLICE);
    let mut builds: Vec<Build> = programs.iter().map(|_| Build::default()).collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        let mut limits = Apart::start()?;
        let servers: Result<Vec<Running>, Failure> =
            programs.iter().map(|program| entrant.start_build(program)).collect();
        let servers = servers?;
        let logins =
            |server| question.ask(server)?.map(|slice| slice.outcome.per_second()).ok_or("not one of ours".into());
        let mut contestants: Vec<Contestant<'_>> = Vec::new();
        for server in &servers {
            contestants.push(Box::new(move || logins(server)));
        }
        contestants.push(Box::new(|| limits.logins(entrant.key_size(), LIMIT_SLICE)));
        let reached = take(&mut contestants)?;
        for (build, rate) in builds.iter_mut().zip(&reached) {
            build.rates.push(*rate);
            build.of_first.push(rate / reached[0]);
            build.of_limit.push(rate / reached[reached.len() - 1]);
        }
    }
    println!("{:32} {:>22} {:>20} {:>20}", "", "logins a second", "of the first", "of the limit");
    for (program, Build { rates, of_first, of_limit }) in programs.iter().zip(builds) {
        let (name, rate) = (program.display().to_string(), Spread::of(rates).to_string());
        println!("{name:32} {rate:>22} {:>20} {:>20}", ratio(of_first), ratio(of_limit));
    }
    Ok(())
}
