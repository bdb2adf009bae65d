//! The load driver: asks a server, ours or another, for one thing over and over, and says how it was answered.
//!
//! ```text
//! cargo bench --workspace --bench load -- run --server bulla --scenario login --connections 32 --probe
//! scripts/with-database mysql cargo bench --workspace --bench load -- all      # make bench
//! ```

mod all;
mod chart;
mod compare;
mod dialect;
mod drive;
mod field;
#[path = "../fresh_copy.rs"]
mod fresh_copy;
mod growth;
mod ladder;
mod latencies;
mod limits;
mod machine;
mod mysql;
#[path = "../offer.rs"]
mod offer;
mod question;
mod report;
mod rows;
mod scripts;
mod sealer;
mod soak;
#[path = "../spread.rs"]
mod spread;
#[path = "../stage.rs"]
mod stage;
mod tables;
#[path = "../threads.rs"]
mod threads;
mod turns;
mod usage;
#[path = "../wire.rs"]
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use all::Topic;
use chart::Bar;
use dialect::Dialect;
use drive::{Outcome, Pace};
use field::Entrant;
use question::{Question, Scenario, Slice};
use stage::Failure;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// What cargo says to every benchmark
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Starts one server and asks it one thing
    Run(Run),
    /// Starts all of them, asks each everything, and writes bench/RESULTS.md; takes forty minutes
    All,
    /// Asks Bulla for logins on 2 to 256 connections and for checked tokens, each beside the limit at that moment
    Ladder {
        #[arg(long, default_value = "bulla")]
        server: String,
        #[arg(long, default_value_t = all::ROUNDS)]
        rounds: usize,
    },
    /// Asks several builds of Bulla for logins, in turns, beside the limit
    Compare {
        #[arg(long, default_value = "bulla")]
        server: String,
        #[arg(long, default_value_t = 8)]
        connections: usize,
        #[arg(long, default_value_t = all::ROUNDS)]
        rounds: usize,
        /// Programs; what each reaches is told beside the first
        #[arg(required = true)]
        programs: Vec<PathBuf>,
    },
    /// Fills the tables of Bulla (bulla or bulla-mysql) and asks again
    Growth {
        #[arg(long, default_value = "bulla")]
        server: String,
        #[arg(long, default_value_t = 1_000_000)]
        accounts: usize,
    },
    /// Asks for a mixture for minutes, and watches the memory
    Soak {
        #[arg(long, default_value = "bulla")]
        server: String,
        #[arg(long, default_value_t = 10)]
        minutes: usize,
    },
    /// The server that says hello
    #[command(hide = true)]
    Hello,
    /// What the machine can do, by a process of its own
    #[command(hide = true)]
    Limits,
}

#[derive(clap::Args)]
struct Run {
    /// bulla, or one of bench/peers
    #[arg(long, default_value = "bulla")]
    server: String,
    #[arg(long, value_enum, default_value = "login")]
    scenario: Scenario,
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// An open loop of so many requests a second, instead of asking as fast as the answers come
    #[arg(long)]
    rate: Option<f64>,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Also asks for /verify and /profile, 50 times a second each
    #[arg(long)]
    probe: bool,
    #[arg(long)]
    json: bool,
}

fn main() -> Result<(), Failure> {
    match Arguments::parse().command {
        Command::Run(run) => run_one(&run),
        Command::All => run_all(),
        Command::Ladder { server, rounds } => ladder::climb(Entrant::named(&server)?, rounds),
        Command::Compare { server, connections, rounds, programs } => {
            compare::compare(Entrant::named(&server)?, &programs, connections, rounds)
        }
        Command::Growth { server, accounts } => growth::grow(Entrant::named(&server)?, accounts),
        Command::Soak { server, minutes } => soak::soak(Entrant::named(&server)?, minutes),
        Command::Hello => limits::serve_hello(),
        Command::Limits => limits::answer(),
    }
}

fn run_one(run: &Run) -> Result<(), Failure> {
    let entrant = Entrant::named(&run.server)?;
    entrant.install()?;
    let server = entrant.start()?;
    let question = Question {
        scenario: run.scenario,
        connections: run.connections,
        pace: run.rate.map_or(Pace::Closed, Pace::Open),
        duration: Duration::from_secs_f64(run.seconds),
        is_probed: run.probe,
    };
    let slice = question.ask(&server)?.ok_or_else(|| format!("{} has no such thing", run.server))?;
    if run.json {
        println!("{:#}", as_json(&slice));
    } else {
        print_table(&format!("{:?}", run.scenario).to_lowercase(), &slice);
    }
    Ok(())
}

fn run_all() -> Result<(), Failure> {
    let measured = all::measure()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
    let bars: Vec<Bar> = Entrant::compared()
        .map(|entrant| Bar {
            title: entrant.title.to_owned(),
            detail: entrant.hash.to_owned(),
            value: report::rate(measured.slices_of(Topic::Login, entrant)).median,
            is_ours: entrant.dialect == Dialect::Bulla,
        })
        .collect();
    for (name, palette) in [("logins-light.svg", chart::LIGHT), ("logins-dark.svg", chart::DARK)] {
        std::fs::write(folder.join(name), chart::draw("Logins a second, 8 connections", &bars, &palette)?)?;
    }
    std::fs::write(folder.join("RESULTS.md"), report::write(&measured)?)?;
    eprintln!("written: bench/RESULTS.md");
    Ok(())
}

fn print_table(scenario: &str, slice: &Slice) {
    println!("{:10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>8}", "", "a second", "p50", "p90", "p99", "max", "failed");
    print_line(scenario, &slice.outcome);
    if let Some(probes) = &slice.probes {
        if let Some(verify) = &probes.verify {
            print_line("/verify", verify);
        }
        print_line("/profile", &probes.profile);
    }
    if slice.outcome.refusals.count() > 0 {
        let (count, p99) = (slice.outcome.refusals.count(), milliseconds(slice.outcome.refusals.percentile(99.0)));
        println!("{count} were answered 503, 99 of 100 within {p99:.1} ms");
    }
    for (status, count) in &slice.outcome.errors {
        println!("{count} were answered {status}");
    }
    let cores = slice.cpu_seconds / slice.outcome.seconds;
    println!("the server took {cores:.2} cores and {} MiB", slice.memory_kib / 1024);
}

fn print_line(what: &str, outcome: &Outcome) {
    let [p50, p90, p99, max] =
        [50.0, 90.0, 99.0, 100.0].map(|percent| milliseconds(outcome.latencies.percentile(percent)));
    let (rate, failed) = (outcome.per_second(), outcome.failed());
    println!("{what:10} {rate:10.1} {p50:7.2} ms {p90:7.2} ms {p99:7.2} ms {max:7.2} ms {failed:8}");
}

fn as_json(slice: &Slice) -> Value {
    let outcome = |outcome: &Outcome| {
        let at = |percent| milliseconds(outcome.latencies.percentile(percent));
        json!({
            "per_second": outcome.per_second(),
            "milliseconds": { "p50": at(50.0), "p90": at(90.0), "p99": at(99.0), "max": at(100.0) },
            "answered_503": outcome.refusals.count(),
            "errors": outcome.errors,
            "broken": outcome.broken,
        })
    };
    let probes = slice.probes.as_ref();
    json!({
        "asked": outcome(&slice.outcome),
        "verify": probes.and_then(|probes| probes.verify.as_ref()).map(outcome),
        "profile": probes.map(|probes| outcome(&probes.profile)),
        "cpu_seconds": slice.cpu_seconds,
        "memory_kib": slice.memory_kib,
    })
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
