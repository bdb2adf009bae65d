//! How many password hashes a second this machine computes, by this crate and by what others use.
//!
//! All in one run, in turns, so that what disturbs one disturbs all: medians of five rounds, their spread, and of each
//! round the ratio to the ordinary call of the `argon2` crate. Each round is a process of its own, from a fresh copy of this
//! program. `make hash` runs it.

mod fresh_copy;
mod libargon2;
mod spread;
mod threads;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use bulla_argon2::{Backend, Cost, Input, Memory, Scheme, derive};
use fresh_copy::fresh_copy;
use libargon2::Libargon2;
use spread::Spread;
use threads::per_second;

type Failure = Box<dyn std::error::Error>;

const ROUNDS: usize = 5;
const ROUND: &str = "round";
const SLICE: Duration = Duration::from_secs(1);
const PASSWORD: &[u8] = b"quiet tides wander north";
const SALT: &[u8; 16] = b"sixteen bytes, .";
const ORDINARY: &str = "argon2 crate, its ordinary call";
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/peers/hashes");

#[derive(Clone, Copy)]
struct Setting {
    memory_kib: u32,
    passes: u32,
}

/// Someone who hashes, on some threads, for a while; and says how many hashes a second that were.
struct Contestant {
    name: String,
    hashes_per_second: Box<dyn Fn(usize, Setting) -> Result<f64, Failure>>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, round, threads, memory_kib, passes] = arguments.as_slice()
        && round == ROUND
    {
        return play(threads.parse()?, Setting { memory_kib: memory_kib.parse()?, passes: passes.parse()? });
    }
    let cores = std::thread::available_parallelism()?.get();
    prepare_peers()?;
    let contestants = contestants();
    for setting in [Setting { memory_kib: 19_456, passes: 2 }, Setting { memory_kib: 47_104, passes: 1 }] {
        let Setting { memory_kib, passes } = setting;
        agree(setting)?;
        println!("\nArgon2id m={memory_kib}, t={passes}, p=1: hashes a second, least to most of {ROUNDS} rounds");
        for threads in BTreeSet::from([1, cores]) {
            println!("\n{threads} thread{}", if threads == 1 { "" } else { "s" });
            report(&contestants, &measure(threads, setting)?)?;
        }
    }
    Ok(())
}

fn contestants() -> Vec<Contestant> {
    ours().into_iter().chain(in_rust_and_c()).chain(on_node()).collect()
}

/// One round, in a process of its own: a line for each contestant.
fn play(threads: usize, setting: Setting) -> Result<(), Failure> {
    for contestant in contestants() {
        println!("{}", (contestant.hashes_per_second)(threads, setting)?);
    }
    Ok(())
}

/// Those that could be seen to: what is compared computes the same.
fn agree(setting: Setting) -> Result<(), Failure> {
    let Setting { memory_kib, passes } = setting;
    let mut expected = [0; 32];
    argon2(setting).hash_password_into(PASSWORD, SALT, &mut expected)?;
    let mut made = vec![Libargon2::new(memory_kib)?.hash(PASSWORD, memory_kib, passes)];
    for backend in Backend::all() {
        let (mut memory, mut output) = (Memory::with(backend), [0; 32]);
        let cost = Cost::new(memory_kib, passes, 1)?;
        derive(Scheme::default(), &Input::new(PASSWORD, SALT), cost, &mut memory, &mut output)?;
        made.push(output);
    }
    if made.iter().all(|made| *made == expected) { Ok(()) } else { Err("they do not compute the same hash".into()) }
}

/// For each round, what each contestant reached.
fn measure(threads: usize, setting: Setting) -> Result<Vec<Vec<f64>>, Failure> {
    let round = |round| {
        eprintln!("round {round} of {ROUNDS} on {threads}");
        let folder = fresh_copy(std::env::current_exe()?)?;
        let program = folder.path().join(fresh_copy::NAME);
        let arguments = [threads.to_string(), setting.memory_kib.to_string(), setting.passes.to_string()];
        let played = Command::new(program).arg(ROUND).args(arguments).stderr(Stdio::inherit()).output()?;
        let rates: Result<Vec<f64>, _> = String::from_utf8(played.stdout)?.lines().map(str::parse).collect();
        Ok(rates?)
    };
    (1..=ROUNDS).map(round).collect()
}

fn report(contestants: &[Contestant], rounds: &[Vec<f64>]) -> Result<(), Failure> {
    let ordinary = contestants.iter().position(|contestant| contestant.name == ORDINARY).ok_or("nobody is ordinary")?;
    if rounds.iter().any(|rates| rates.len() != contestants.len()) {
        return Err("a round broke off".into());
    }
    for (place, Contestant { name, .. }) in contestants.iter().enumerate() {
        let Spread { least, median, most } = Spread::of(rounds.iter().map(|rates| rates[place]));
        let ratio = Spread::of(rounds.iter().map(|rates| rates[place] / rates[ordinary])).median;
        println!("{name:52} {median:6.1}   {least:6.1} … {most:6.1}   {ratio:5.2} ×");
    }
    Ok(())
}

fn ours() -> Vec<Contestant> {
    let contestant = |backend: Backend| {
        let work = move |setting: Setting| {
            let (mut memory, mut output) = (Memory::with(backend), [0; 32]);
            let cost = Cost::new(setting.memory_kib, setting.passes, 1).expect("a usual cost");
            move || {
                derive(Scheme::default(), &Input::new(PASSWORD, SALT), cost, &mut memory, &mut output)
                    .expect("there is room");
            }
        };
        on_threads(&format!("bulla-argon2, {}", backend.name()), work)
    };
    Backend::all().into_iter().map(contestant).collect()
}

fn argon2(Setting { memory_kib, passes }: Setting) -> Argon2<'static> {
    let params = Params::new(memory_kib, passes, 1, None).expect("a usual cost");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn in_rust_and_c() -> Vec<Contestant> {
    let ordinary = move |setting| {
        let (argon2, mut output) = (argon2(setting), [0; 32]);
        move || argon2.hash_password_into(PASSWORD, SALT, &mut output).expect("a usual cost")
    };
    let reused = move |setting| {
        let (argon2, mut output) = (argon2(setting), [0; 32]);
        let mut blocks = vec![argon2::Block::default(); argon2.params().block_count()];
        move || {
            argon2.hash_password_into_with_memory(PASSWORD, SALT, &mut output, &mut blocks).expect("a usual cost");
        }
    };
    let c = |Setting { memory_kib, passes }| {
        let mut libargon2 = Libargon2::new(memory_kib).expect("there is room");
        move || {
            libargon2.hash(PASSWORD, memory_kib, passes);
        }
    };
    vec![
        on_threads(ORDINARY, ordinary),
        on_threads("argon2 crate, memory reused", reused),
        on_threads("libargon2 (C, for this CPU), reused on huge pages", c),
    ]
}

/// One worker a thread, each of its own.
fn on_threads<W: FnMut()>(name: &str, worker: impl Fn(Setting) -> W + Sync + 'static) -> Contestant {
    let hashes_per_second = move |threads, setting| Ok(per_second(threads, SLICE, || worker(setting)));
    Contestant { name: name.to_owned(), hashes_per_second: Box::new(hashes_per_second) }
}

/// Programs of their own. The last two have parameters of their own, too.
fn on_node() -> Vec<Contestant> {
    let peers = [
        ("argon2", "argon2 for Node, as Express services use it"),
        ("libsodium", "libsodium"),
        ("bcryptjs", "bcryptjs, cost 10, on its only thread"),
        ("scrypt", "scrypt of Node, N=16384, r=16 (Better Auth)"),
    ];
    peers.map(|(peer, name)| on_node_as(peer, name)).into()
}

fn on_node_as(peer: &'static str, name: &str) -> Contestant {
    let hashes_per_second = move |threads: usize, Setting { memory_kib, passes }| {
        let seconds = SLICE.as_secs();
        let arguments = [threads.to_string(), seconds.to_string(), memory_kib.to_string(), passes.to_string()];
        let mut node = Command::new("node");
        node.current_dir(PEERS).env("UV_THREADPOOL_SIZE", threads.to_string());
        let ran = node.args(["hashes.mjs", peer]).args(arguments).output()?;
        let said = String::from_utf8_lossy(&ran.stdout);
        said.trim().parse().map_err(|_| format!("{peer}: {}", String::from_utf8_lossy(&ran.stderr)).into())
    };
    Contestant { name: name.to_owned(), hashes_per_second: Box::new(hashes_per_second) }
}

/// Their packages, from npm.
fn prepare_peers() -> Result<(), Failure> {
    if !std::path::Path::new(PEERS).join("node_modules").exists() {
        let installed = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(PEERS).status()?;
        if !installed.success() {
            return Err("npm could not install the peers of bench/peers/hashes".into());
        }
    }
    Ok(())
}
