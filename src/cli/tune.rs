//! `bulla check --tune 20ms`: the strongest password hash that this machine computes in that time.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Failure, Outcome, print_json};
use crate::model::{Argon2Cost, HashMemory, Password, PasswordHash};

#[derive(Serialize)]
struct Tuned {
    hash_threads: usize,
    strongest: String,
    choices: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    argon2: String,
    milliseconds: f64,
    /// How many times the memory that OWASP asks for with as many passes.
    times_least: f64,
    mib_a_thread: u32,
}

/// Of each measurement, so that one disturbance does not count.
const HASHES_A_THREAD: usize = 7;
/// Each is nearer to the time.
const GUESSES: usize = 5;
const MIB_IN_KIB: u32 = 1024;

pub(super) fn tune(budget: Duration, threads: usize, json: bool) -> Outcome {
    let mut choices = Vec::new();
    for (passes, least_memory_kib) in Argon2Cost::EQUIVALENTS {
        eprintln!("measuring hashes of {passes} {}", if passes == 1 { "pass" } else { "passes" });
        let least = Argon2Cost { memory_kib: least_memory_kib, passes, lanes: 1 };
        choices.extend(strongest_within(budget, least, threads));
    }
    let strongest = choices.iter().max_by(|one, other| one.times_least.total_cmp(&other.times_least));
    let Some(strongest) = strongest.map(|choice| choice.argon2.clone()) else {
        return Err(Failure::new(format!(
            "no hash that is strong enough takes {} ms or less here, with {threads} at once; give more time, or lower \
             BULLA_HASH_THREADS",
            budget.as_millis()
        )));
    };
    let tuned = Tuned { hash_threads: threads, strongest, choices };
    if json { print_json(&tuned) } else { tell(&tuned, budget) }
}

fn tell(tuned: &Tuned, budget: Duration) -> Outcome {
    let Tuned { hash_threads, strongest, choices } = tuned;
    println!("Within {} ms, {hash_threads} at once:\n", budget.as_millis());
    for Choice { argon2, milliseconds, times_least, mib_a_thread } in choices {
        println!(
            "  {argon2:20} {milliseconds:6.1} ms   {times_least:5.2} × what OWASP asks for   {mib_a_thread} MiB a thread"
        );
    }
    println!("\nThe strongest: BULLA_ARGON2={strongest}");
    println!("Passwords that are hashed otherwise get it at the next login.");
    Ok(())
}

/// The most memory that as many passes manage in time; nothing, where the least takes longer.
fn strongest_within(budget: Duration, least: Argon2Cost, threads: usize) -> Option<Choice> {
    let mut best = (least, measure(least, threads));
    if best.1 > budget {
        return None;
    }
    let mut last = best;
    for _ in 0..GUESSES {
        // The time grows with the memory, a little faster once it outgrows a cache.
        let guess = scaled(last.0, budget.as_secs_f64() / last.1.as_secs_f64());
        if guess.memory_kib <= best.0.memory_kib {
            break;
        }
        last = (guess, measure(guess, threads));
        if last.1 <= budget {
            best = last;
        }
    }
    let (cost, time) = best;
    Some(Choice {
        argon2: cost.to_string(),
        milliseconds: (time.as_secs_f64() * 10_000.0).round() / 10.0,
        times_least: f64::from(cost.memory_kib) / f64::from(least.memory_kib),
        mib_a_thread: cost.memory_kib / MIB_IN_KIB,
    })
}

/// To whole MiB, and to what a setting may be.
fn scaled(cost: Argon2Cost, by: f64) -> Argon2Cost {
    let memory_kib = (f64::from(cost.memory_kib) * by) as u32 / MIB_IN_KIB * MIB_IN_KIB;
    Argon2Cost { memory_kib: memory_kib.min(Argon2Cost::COSTLIEST.memory_kib), ..cost }
}

/// The median time of a hash while all threads hash, as they do when it matters: they share one memory.
fn measure(cost: Argon2Cost, threads: usize) -> Duration {
    let (password, start) =
        (Password::new(Zeroizing::new("quiet tides wander north".to_owned())), Barrier::new(threads));
    let run = || {
        let mut memory = HashMemory::default();
        let mut hash = || {
            let begun = Instant::now();
            PasswordHash::make(&password, [7; 16], cost, &mut memory);
            begun.elapsed()
        };
        hash();
        start.wait();
        (0..HASHES_A_THREAD).map(|_| hash()).collect::<Vec<_>>()
    };
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a hash does not panic")).collect()
    });
    times.sort_unstable();
    times[times.len() / 2]
}
