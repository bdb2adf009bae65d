//! Whether the server stays responsive while its login is flooded, and what the flood costs. `make overload` runs it.
//!
//! The driver shares the machine with the server, so whatever it needs the server does not get.

mod ada;
mod flood;
mod fresh_copy;
mod offer;
mod probes;
mod stage;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::Value;

use ada::{log_in, users};
use flood::{CLIENTS, Guesses, Tally, flood};
use fresh_copy::fresh_copy;
use offer::Offer;
use probes::Probe;
use stage::{Failure, PROGRAM, Server, import};
use wire::{Wire, get};

const FLOOD: Duration = Duration::from_secs(20);
const BOUND: Duration = Duration::from_millis(50);
const MOST_MEMORY_MIB: u64 = 300;

fn main() -> Result<(), Failure> {
    let metrics = free_address()?;
    let settings =
        [("BULLA_TRUSTED_PROXIES", "127.0.0.1"), ("BULLA_METRICS_ADDRESS", &metrics.to_string()), ("RUST_LOG", "info")];
    let folder = fresh_copy(PROGRAM)?;
    import(folder.path(), &users(), &settings)?;
    let server = Server::start(folder.path(), &settings)?;
    let mut wire = Wire::to(server.address)?;
    let guesses = Guesses::seal(&Offer::fetch(&mut wire)?)?;
    let tokens = log_in(&mut wire)?.json()?;
    let quiet = probe(server.address, &tokens, Instant::now() + FLOOD / 4)?;
    // The last refresh of the quiet time is not known here.
    let tokens = log_in(&mut wire)?.json()?;
    let hashes_before = hashes(metrics)?;

    let end = Instant::now() + FLOOD;
    let flooding = std::thread::spawn(move || flood(server.address, guesses, end).map_err(|error| error.to_string()));
    let flooded = probe(server.address, &tokens, end);
    let tally = flooding.join().map_err(|_| "the flood panicked")??;
    let (flooded, begun) = (flooded?, Instant::now());
    let (honest, honest_after) = (log_in(&mut Wire::to(server.address)?)?, begun.elapsed());
    let hashes = hashes(metrics)? - hashes_before;
    let memory_mib = most_memory_kib(server.process.id())? / 1024;

    println!("{CLIENTS} clients flood the login for {} s; every third leaves after 5 ms", FLOOD.as_secs());
    println!("{:20} {:>7} {:>9} {:>9} {:>9}   without the flood", "", "asked", "median", "p99", "longest");
    for (flooded, quiet) in flooded.iter().zip(&quiet) {
        println!("{}   {}", line(flooded.route, &flooded.latencies), times(&quiet.latencies));
    }
    let mut verdict = Verdict::default();
    for probe in &flooded {
        verdict.bound(&format!("99 of 100 answers of {} within 50 ms", probe.route), at(&probe.latencies, 99) < BOUND);
    }
    report_flood(tally, hashes, &mut verdict);
    println!("memory: {memory_mib} MiB at most");
    println!("the first honest login afterwards: {} in {} ms", honest.status, honest_after.as_millis());
    verdict.bound("memory under 300 MiB", memory_mib < MOST_MEMORY_MIB);
    verdict.bound("the first honest login works", honest.status == 200);
    verdict.close()
}

/// All routes at once.
fn probe(address: SocketAddr, tokens: &Value, end: Instant) -> Result<Vec<Probe>, Failure> {
    let probes = std::thread::scope(|scope| {
        let text = |result: Result<Probe, Failure>| result.map_err(|error| error.to_string());
        let probes = [
            scope.spawn(move || text(probes::verify(address, tokens, end))),
            scope.spawn(move || text(probes::profile(address, tokens, end))),
            scope.spawn(move || text(probes::refresh(address, tokens, end))),
            scope.spawn(move || text(probes::health(address, end))),
        ];
        probes.map(|probe| probe.join().unwrap_or_else(|_| Err("a probe panicked".to_owned())))
    });
    Ok(probes.into_iter().collect::<Result<_, _>>()?)
}

fn report_flood(mut tally: Tally, hashes: u64, verdict: &mut Verdict) {
    tally.refused_after.sort();
    let answers: u64 = tally.answers.values().sum();
    println!(
        "{answers} guesses answered: {:?}; {} left early; {} broke",
        tally.answers, tally.left_early, tally.broken
    );
    println!("{}", line("503", &tally.refused_after));
    let judged = tally.answers.get(&401).copied().unwrap_or(0);
    println!("{hashes} hashes for {judged} judgements that someone waited for, and one honest login");
    verdict.bound("99 of 100 refusals within 50 ms", at(&tally.refused_after, 99) < BOUND);
    verdict.bound("nobody waited for nothing", tally.answers.keys().all(|status| [401, 503].contains(status)));
}

#[derive(Default)]
struct Verdict {
    kept: usize,
    broken: usize,
}

impl Verdict {
    fn bound(&mut self, what: &str, is_kept: bool) {
        if is_kept {
            self.kept += 1;
        } else {
            self.broken += 1;
            println!("BROKEN: {what}");
        }
    }

    fn close(self) -> Result<(), Failure> {
        println!("overload: {} bounds kept, {} broken", self.kept, self.broken);
        if self.broken == 0 { Ok(()) } else { Err("the server did not keep its bounds".into()) }
    }
}

fn line(what: &str, sorted: &[Duration]) -> String {
    format!("{what:20} {:>7} {}", sorted.len(), times(sorted))
}

fn times(sorted: &[Duration]) -> String {
    let milliseconds = |percent| at(sorted, percent).as_secs_f64() * 1000.0;
    format!("{:6.1} ms {:6.1} ms {:6.1} ms", milliseconds(50), milliseconds(99), milliseconds(100))
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn hashes(metrics: SocketAddr) -> Result<u64, Failure> {
    let text = String::from_utf8(Wire::to(metrics)?.ask(&get("/metrics", ""))?.body)?;
    let line = text.lines().find_map(|line| line.strip_prefix("bulla_password_hashes_total "));
    Ok(line.ok_or("no count of hashes")?.trim().parse()?)
}

/// The most that a process ever held.
fn most_memory_kib(process: u32) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no line VmHWM")?;
    Ok(line.trim().split(' ').next().unwrap_or_default().parse()?)
}
