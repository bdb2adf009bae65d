//! Ours alone, beside what the machine can do at that moment.

use std::time::Duration;

use crate::all::{LADDER, Topic};
use crate::field::Entrant;
use crate::limits::Apart;
use crate::question::Question;
use crate::report::time;
use crate::spread::Spread;
use crate::stage::Failure;
use crate::turns::{Contestant, LIMIT_SLICE, SLICE, ratio, take};

/// What the machine can do of it.
type Limit = fn(&mut Apart, Duration) -> Result<f64, Failure>;

#[derive(Default)]
struct Rung {
    rates: Vec<f64>,
    ratios: Vec<f64>,
    p99s: Vec<Duration>,
}

pub fn climb(entrant: &'static Entrant, rounds: usize) -> Result<(), Failure> {
    if !entrant.hashes_as_ours() {
        return Err("not one of ours".into());
    }
    let logins = LADDER.map(|connections| (Topic::Ladder(connections), Apart::logins as Limit));
    let asked: Vec<(Topic, Limit)> = logins.into_iter().chain([(Topic::Verify, Apart::hellos as Limit)]).collect();
    let mut rungs: Vec<Rung> = asked.iter().map(|_| Rung::default()).collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        // Both anew, from fresh copies.
        let (mut limits, server) = (Apart::start(entrant.key_size())?, entrant.start()?);
        for ((topic, limit), rung) in asked.iter().zip(&mut rungs) {
            let question = Question { duration: SLICE, ..topic.question() };
            let mut contestants: [Contestant<'_>; 2] = [
                Box::new(|| {
                    let slice = question.ask(&server)?.ok_or("not one of ours")?;
                    rung.p99s.push(slice.outcome.latencies.percentile(99.0));
                    Ok(slice.outcome.per_second())
                }),
                Box::new(|| limit(&mut limits, LIMIT_SLICE)),
            ];
            let reached = take(&mut contestants)?;
            drop(contestants);
            rung.rates.push(reached[0]);
            rung.ratios.push(reached[0] / reached[1]);
        }
    }
    println!("{:24} {:>22} {:>28} {:>10}", entrant.title, "a second", "of the limit", "p99");
    for ((topic, _), mut rung) in asked.iter().zip(rungs) {
        rung.p99s.sort();
        let (what, p99) = (topic.to_string(), time(rung.p99s[rung.p99s.len() / 2]));
        println!("{what:24} {:>22} {:>28} {p99:>10}", Spread::of(rung.rates).to_string(), ratio(rung.ratios));
    }
    Ok(())
}
