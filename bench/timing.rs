//! Whether a failed login tells by its time what was wrong.
//!
//! As marvin-toolkit does it: every class of failure once in each block, in random order, on one connection; each
//! compared with a wrong password in the same blocks; a confidence interval for the difference. A second class of wrong
//! passwords shows how large a difference is that means nothing, and one that is answered late on purpose shows that a
//! leak would be seen. `make timing` runs it, in about two minutes; `cargo bench --workspace --bench timing -- 4000` looks closer.

mod fresh_copy;
mod offer;
mod spoiled;
mod stage;
mod undisturbed;
mod wire;

use std::fmt::Write;
use std::time::{Duration, Instant};

use bulla::random::Random;
use bulla_seal::Purpose;
use serde_json::json;

use fresh_copy::fresh_copy;
use offer::Offer;
use spoiled::{Part, damaged, sealed};
use stage::{Failure, PROGRAM, Server, import, password_hash};
use undisturbed::{Interval, quantile};
use wire::{Wire, post};

const BLOCKS: usize = 400;
const WARM_UP_BLOCKS: usize = 10;
/// Envelopes are sealed before the clock runs, for so many blocks at a time: their nonce lives for five minutes.
const BLOCKS_A_BATCH: usize = 20;
/// What a class that is late on purpose is late by.
const PLANTED: Duration = Duration::from_millis(1);
/// Eleven intervals hold at once in 95 of 100 runs.
const CONFIDENCE: f64 = 0.995;
/// How much more than the control a class may differ before that is a verdict.
const MARGIN_MICROSECONDS: f64 = 20.0;

const PASSWORD: &str = "quiet tides wander north";
const WRONG: &str = "seven lanterns drift sou";
const CONTENT_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Whose password is guessed at: the first letter of their addresses.
const KNOWN: char = 'k';
const UNKNOWN: char = 'u';
const DISABLED: char = 'd';
const BCRYPT: char = 'b';

#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// What all others are compared with.
    Baseline,
    /// The same once more.
    Control,
    Planted,
    Judged,
    /// Known to differ, and said so.
    Shown,
}
use Role::{Baseline, Control, Judged, Planted, Shown};

type Sealing = fn(&Offer, &str) -> Result<String, Failure>;

struct Class {
    name: &'static str,
    role: Role,
    who: char,
    seal: Sealing,
    microseconds: Vec<f64>,
}

fn classes() -> Vec<Class> {
    let wrong: Sealing = |offer, email| offer.seal(Purpose::Login, email, WRONG);
    let class = |name, role, who, seal| Class { name, role, who, seal, microseconds: Vec::new() };
    vec![
        class("a wrong password", Baseline, KNOWN, wrong),
        class("a wrong password again (control)", Control, KNOWN, wrong),
        class("a wrong password, 1 ms late (planted)", Planted, KNOWN, wrong),
        class("unknown account", Judged, UNKNOWN, wrong),
        class("disabled account, wrong password", Judged, DISABLED, wrong),
        class("broken OAEP", Judged, KNOWN, |offer, email| {
            damaged(&offer.seal(Purpose::Login, email, PASSWORD)?, Part::WrappedKey)
        }),
        class("broken tag", Judged, KNOWN, |offer, email| {
            damaged(&offer.seal(Purpose::Login, email, PASSWORD)?, Part::Tag)
        }),
        class("content key of 16 bytes", Judged, KNOWN, |offer, email| {
            sealed(offer, &payload(offer, email), CONTENT_KEY, &CONTENT_KEY[..16])
        }),
        class("payload that is no JSON", Judged, KNOWN, |offer, email| {
            sealed(offer, &payload(offer, email)[1..], CONTENT_KEY, CONTENT_KEY)
        }),
        class("wrong purpose", Judged, KNOWN, |offer, email| offer.seal(Purpose::Register, email, PASSWORD)),
        class("another account's envelope", Judged, KNOWN, |offer, email| {
            offer.seal(Purpose::Login, &format!("x{}", &email[1..]), PASSWORD)
        }),
        class("imported bcrypt, cost 10", Shown, BCRYPT, wrong),
    ]
}

fn payload(offer: &Offer, email: &str) -> String {
    json!({ "password": PASSWORD, "purpose": "login", "email": email, "nonce": offer.nonce }).to_string()
}

fn main() -> Result<(), Failure> {
    // `cargo bench` adds a flag of its own.
    let blocks = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(BLOCKS).max(20);
    let mut classes = classes();
    let attempts = (WARM_UP_BLOCKS + blocks + BLOCKS_A_BATCH) * classes.len();
    let (folder, settings) = (fresh_copy(PROGRAM)?, [("BULLA_ADDRESS_RATE", "off")]);
    import(folder.path(), &users(&classes, attempts)?, &settings)?;
    let server = Server::start(folder.path(), &settings)?;
    let (begun, mut wire) = (Instant::now(), Wire::to(server.address)?);
    measure(&mut wire, &mut classes, WARM_UP_BLOCKS, 0)?;
    classes.iter_mut().for_each(|class| class.microseconds.clear());
    measure(&mut wire, &mut classes, blocks, WARM_UP_BLOCKS)?;
    println!("{blocks} blocks of one request of each class, in {} s", begun.elapsed().as_secs());
    report(&classes)
}

/// Each attempt is at an account of its own: none is ever throttled.
fn email(who: char, attempt: usize) -> String {
    // Kinds of accounts take turns in the order of addresses: decoys are made after a sample in that order.
    format!("p{attempt:07}{who}@example.com")
}

/// Accounts for every attempt.
fn users(classes: &[Class], attempts: usize) -> Result<String, Failure> {
    let own = password_hash(PASSWORD);
    let bcrypt = bcrypt::hash(PASSWORD, 10)?;
    let mut rows = String::from("id,name,email,password,created_at,disabled_at\n");
    for attempt in 0..attempts {
        let who = classes[attempt % classes.len()].who;
        let (hash, disabled) = match who {
            UNKNOWN => continue,
            BCRYPT => (bcrypt.as_str(), ""),
            DISABLED => (own.as_str(), "2026-01-02 03:04:05"),
            _ => (own.as_str(), ""),
        };
        let email = email(who, attempt);
        writeln!(rows, "{attempt},Some Person,{email},\"{hash}\",2024-01-02 03:04:05,{disabled}")?;
    }
    Ok(rows)
}

fn measure(wire: &mut Wire, classes: &mut [Class], blocks: usize, first: usize) -> Result<(), Failure> {
    let random = Random::new();
    for batch in (0..blocks).step_by(BLOCKS_A_BATCH) {
        let blocks = first + batch..first + (batch + BLOCKS_A_BATCH).min(blocks);
        let offer = Offer::fetch(wire)?;
        let requests = blocks.map(|block| requests(classes, &offer, block)).collect::<Result<Vec<_>, Failure>>()?;
        for block in requests {
            let mut order: Vec<usize> = (0..classes.len()).collect();
            order.sort_by_cached_key(|_| random.bytes::<8>());
            for place in order {
                let microseconds = time(wire, &block[place], classes[place].role)?;
                classes[place].microseconds.push(microseconds);
            }
        }
    }
    Ok(())
}

/// One request of each class.
fn requests(classes: &[Class], offer: &Offer, block: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let request = |(place, class): (usize, &Class)| {
        let email = email(class.who, block * classes.len() + place);
        Ok(post("/api/auth/login", "", &json!({ "email": email, "password": (class.seal)(offer, &email)? })))
    };
    classes.iter().enumerate().map(request).collect()
}

fn time(wire: &mut Wire, request: &[u8], role: Role) -> Result<f64, Failure> {
    let begun = Instant::now();
    let answer = wire.ask(request)?;
    if role == Planted {
        let answered = Instant::now();
        while answered.elapsed() < PLANTED {
            std::hint::spin_loop();
        }
    }
    let microseconds = begun.elapsed().as_secs_f64() * 1e6;
    if answer.status != 401 || answer.json()?["code"] != "invalid_credentials" {
        return Err(format!("not a wrong password: {}", String::from_utf8_lossy(&answer.body)).into());
    }
    Ok(microseconds)
}

fn report(classes: &[Class]) -> Result<(), Failure> {
    let baseline = &classes[0].microseconds;
    let interval = |class: &Class| Interval::of(&class.microseconds, baseline, CONFIDENCE);
    let intervals: Vec<Interval> = classes.iter().map(interval).collect();
    let control = classes.iter().position(|class| class.role == Control).ok_or("no control")?;
    let threshold = intervals[control].reach() + MARGIN_MICROSECONDS;
    let differs = |interval: &Interval| interval.excludes_zero() && interval.difference.abs() > threshold;

    println!("{:40} {:>9} {:>14} {:>22}", "", "median", "difference", "99.5 %");
    let (mut alike, mut different, mut is_planted_seen) = (0, 0, false);
    for (class, interval) in classes.iter().zip(&intervals) {
        let verdict = match (class.role, differs(interval)) {
            (Baseline | Control, _) => "",
            (Shown, true) => "different, as is known",
            (Shown, false) => "alike",
            (Planted, is_seen) => {
                is_planted_seen = is_seen;
                if is_seen { "seen, as it must be" } else { "NOT SEEN" }
            }
            (Judged, true) => {
                different += 1;
                "DIFFERENT"
            }
            (Judged, false) => {
                alike += 1;
                "alike"
            }
        };
        let Interval { low, difference, high } = *interval;
        let limits = if class.role == Baseline { String::new() } else { format!("{low:+.0} … {high:+.0} µs") };
        let median = quantile(&mut class.microseconds.clone(), 0.5) / 1000.0;
        println!("{:40} {median:6.2} ms {difference:+11.0} µs {limits:>22}  {verdict}", class.name);
    }
    let widest = intervals.iter().zip(classes).filter(|(_, class)| class.role == Judged);
    let visible = threshold + widest.map(|(interval, _)| interval.half_width()).fold(0.0, f64::max);
    println!("\nA difference counts beyond {threshold:.0} µs; a leak of {visible:.0} µs would have been seen.");
    println!("timing: {alike} classes alike, {different} different");
    match (different, is_planted_seen) {
        (0, true) => Ok(()),
        (0, false) => Err("the difference that was planted was not seen: this machine is too busy to tell".into()),
        _ => Err("a failed login tells what was wrong".into()),
    }
}
