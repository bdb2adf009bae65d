//! Ours alone, beside what the machine can do at that moment.

use crate::all::{LADDER, Topic};
use crate::field::Entrant;
use crate::limits::Apart;
use crate::question::Slice;
use crate::report::{part, rate, time};
use crate::stage::Failure;

pub fn climb(entrant: &'static Entrant, rounds: usize) -> Result<(), Failure> {
    if !entrant.hashes_as_ours() {
        return Err("not one of ours".into());
    }
    let topics: Vec<Topic> = LADDER.map(Topic::Ladder).into_iter().chain([Topic::Verify]).collect();
    let mut rungs: Vec<Vec<Slice>> = topics.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        // Both anew, from fresh copies.
        let (mut limits, server) = (Apart::start()?, entrant.start()?);
        for (topic, rung) in topics.iter().zip(&mut rungs) {
            rung.push(topic.ask(&server, &mut limits)?.ok_or("not one of ours")?);
        }
    }
    println!("{:24} {:>22} {:>28} {:>10}", entrant.title, "a second", "of the limit", "p99");
    for (topic, slices) in topics.iter().zip(rungs) {
        let mut p99s: Vec<_> = slices.iter().map(|slice| slice.outcome.latencies.percentile(99.0)).collect();
        p99s.sort();
        let (what, rate, p99) = (topic.to_string(), rate(&slices).to_string(), time(p99s[p99s.len() / 2]));
        println!("{what:24} {rate:>22} {:>28} {p99:>10}", part(&slices));
    }
    Ok(())
}
