//! Ours alone, beside what the machine can do at that moment: each figure has the limit measured right before it, so that
//! a machine whose speed changes from minute to minute changes both.

use std::time::Duration;

use crate::all::{LADDER, Topic};
use crate::field::Entrant;
use crate::limits::Bench;
use crate::report::time;
use crate::spread::Spread;
use crate::stage::Failure;

/// Of each limit.
const SLICE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Rung {
    rates: Vec<f64>,
    ratios: Vec<f64>,
    p99s: Vec<Duration>,
}

pub fn climb(entrant: &'static Entrant, rounds: usize) -> Result<(), Failure> {
    let (bench, server) = (Bench::start()?, entrant.start()?);
    let asked: Vec<Topic> = LADDER.map(Topic::Ladder).into_iter().chain([Topic::Verify]).collect();
    let mut rungs: Vec<Rung> = asked.iter().map(|_| Rung::default()).collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (topic, rung) in asked.iter().zip(&mut rungs) {
            let limit = topic.limit(entrant, &bench, SLICE)?.ok_or("not one of ours")?;
            let slice = topic.question().ask(&server)?.ok_or("not one of ours")?;
            let rate = slice.outcome.per_second();
            rung.rates.push(rate);
            rung.ratios.push(rate / limit);
            rung.p99s.push(slice.outcome.latencies.percentile(99.0));
        }
    }
    println!("{:24} {:>22} {:>28} {:>10}", entrant.title, "a second", "of the limit", "p99");
    for (topic, mut rung) in asked.iter().zip(rungs) {
        let what = topic.to_string();
        let Spread { least, median, most } = Spread::of(rung.ratios);
        rung.p99s.sort();
        let p99 = time(rung.p99s[rung.p99s.len() / 2]);
        println!(
            "{what:24} {:>22} {:>28} {p99:>10}",
            Spread::of(rung.rates).to_string(),
            format!("{median:.2} ({least:.2}–{most:.2})")
        );
    }
    Ok(())
}
