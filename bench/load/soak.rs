//! Whether memory stays flat under a day's mixture of requests.

use std::time::Duration;

use crate::field::Entrant;
use crate::question::{Question, Scenario};
use crate::stage::Failure;

const SLICE: Duration = Duration::from_secs(30);
const CONNECTIONS: usize = 32;
/// Longer than hashing threads keep their memory.
const REST: Duration = Duration::from_secs(30);

pub fn soak(entrant: &'static Entrant, minutes: usize) -> Result<(), Failure> {
    let server = entrant.start()?;
    let question = Question::closed(Scenario::Mixed, CONNECTIONS, SLICE);
    println!("{}, {CONNECTIONS} connections, a mixture of requests\n", entrant.title);
    println!("| after | requests | failed | memory |\n|---:|---:|---:|---:|");
    for slice in 1..=minutes * 2 {
        let answered = question.ask(&server)?.ok_or("no such question")?;
        let (requests, failed) = (answered.outcome.latencies.count(), answered.outcome.failed());
        let after = SLICE.as_secs() as usize * slice;
        println!("| {after} s | {requests} | {failed} | {:.1} MiB |", mib(answered.memory_kib));
    }
    std::thread::sleep(REST);
    println!("\n{:.1} MiB {} s later", mib(server.usage()?.memory_kib), REST.as_secs());
    Ok(())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
