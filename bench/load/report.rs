//! What was measured, as `bench/RESULTS.md`.

use std::fmt::Write;
use std::time::Duration;

use bulla_seal::KeySize;

use crate::all::{HAMMERING, LADDER, Measured, ROUNDS, SLICE, Topic};
use crate::dialect::Dialect;
use crate::drive::Outcome;
use crate::field::{Entrant, FIELD};
use crate::latencies::Latencies;
use crate::limits::{Limits, SIZES};
use crate::machine;
use crate::question::Slice;
use crate::rows::RowRates;
use crate::spread::Spread;
use crate::stage::Failure;
use crate::turns::{self, TURNS, ratio};

pub fn write(measured: &Measured) -> Result<String, Failure> {
    let mut page = String::new();
    writeln!(page, "# How fast Bulla is, and others beside it\n")?;
    writeln!(
        page,
        "`make bench` measures all of this and writes this page. All servers run side by side and are warm. Each \
         is asked every question in each of {ROUNDS} rounds, in another order each time, for {} s ({} s while the \
         login is hammered). A rate is the median of the rounds, with the least and the most of them in \
         parentheses; a percentile is of the answers of all rounds. \"Of the limit\" and \"of hello\" compare with \
         what the machine could do meanwhile: in every round, server and limit take {TURNS} turns each, the server \
         of {} s ({} s where it refuses some). Bulla and the limit are started anew for each round. Driver, servers \
         and MySQL share the machine, so whatever one of them needs the others do not get.\n",
        SLICE.as_secs(),
        2 * SLICE.as_secs(),
        turns::SLICE.as_secs(),
        turns::LONG_SLICE.as_secs()
    )?;
    page += &machine::description()?;
    writeln!(
        page,
        "\n<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"logins-dark.svg\">\n  \
         <img alt=\"Logins a second, of each server\" src=\"logins-light.svg\">\n</picture>\n"
    )?;
    page += &limits(measured)?;
    page += &logins(measured)?;
    page += &isolation(measured)?;
    page += &routes(measured)?;
    page += &ladder(measured)?;
    page += &key_sizes(measured)?;
    page += &failures(measured)?;
    page += NOTES;
    Ok(page)
}

/// What a fair reader would ask.
const NOTES: &str = "
## To be fair

- What is asked of each, and what it was told that is not its default, stands in `bench/peers/*/README.md`. All were
  tuned for speed but the tutorial, which runs as people write it: in one process, with bcrypt in JavaScript. Those on
  SQLite do not wait for the disk (`synchronous=NORMAL`), while Bulla does.
- loco hashes where it answers others, as its starter does; so its profiles wait for logins.
- A login of Bulla writes five rows in two transactions: the envelope is spent and the attempt counted before it is judged,
  and then there are a session that can be ended and an event in the audit log. Better Auth writes a session; the tutorial,
  FastAPI and loco write nothing, and can end nothing.
- Bulla's hash is faster than others' at equal cost ([argon2id](../argon2id/README.md)): an attacker gains nothing by that.
- Which pages of memory a program and its data get decides up to a tenth of how fast it hashes here. The limit is measured
  in another program than the server, so a single round says little of the share of it: both are drawn anew for each.
- While every core hashes and at least as many passwords wait as there are hashing threads, Bulla keeps up to four answers
  for up to 12 ms, to hand them over together. That is in its p50 and p99.
- Each of the 16 connections shows its own token again and again. Bulla, the tuned tutorial and Better Auth remember a
  token that they found good; FastAPI and the tutorial check it each time.
- A token that Better Auth's cache says yes to may be of a session that ended up to five minutes ago; Bulla's `/verify`
  knows within a second. The tutorial's check is its logout, which forgets nothing.
- loco answers a registration that failed as one that did not, so its registrations cannot be counted.
- \"Idle\" is what a server takes that is warm and was asked for nothing for ten seconds or more, the median of what it
  took before each round; \"busy\" the most that it took right after logins. MySQL's own memory is in neither.
- Better Auth signs up in a transaction that reads before it writes. Of two of its processes on one SQLite file one is then
  told that the file is busy, and answers with an error: about half of its registrations, which are not counted.
- Of a server that answers a dozen logins a second, the p99 is nearly the longest of them.
- Bold is the best of a column, whoever it is, where a column has one.
";

fn limits(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::new();
    let of = |pick: fn(&Limits) -> f64| Spread::of(measured.limits.iter().map(pick));
    let rows = |rates: &[RowRates], pick: fn(&RowRates) -> f64| Spread::of(rates.iter().map(pick));
    writeln!(
        text,
        "## What the machine can do\n\nA second, on all cores, with nothing else to do. Rows are asked for by eight at a \
         time; each that is written is on the disk before the next of the same asker.\n"
    )?;
    writeln!(text, "| what | a second |\n|---|---:|")?;
    writeln!(text, "| Argon2id m=19456 KiB, t=2, as the server computes it | {} |", of(|limits| limits.hashes))?;
    for (place, size) in SIZES.iter().enumerate() {
        let openings = Spread::of(measured.limits.iter().map(|limits| limits.openings[place]));
        writeln!(text, "| envelopes opened with RSA-{} | {openings} |", size.bits())?;
    }
    writeln!(
        text,
        "| **logins, if they were nothing but a hash and an opened envelope** | {} |",
        of(|limits| limits.logins(KeySize::Rsa3072))
    )?;
    writeln!(text, "| \"hello\" of a bare axum, 16 connections | {} |", of(|limits| limits.hellos))?;
    writeln!(text, "| single rows read, SQLite | {} |", rows(&measured.sqlite_rows, |rates| rates.reads))?;
    writeln!(text, "| single rows written, SQLite | {} |", rows(&measured.sqlite_rows, |rates| rates.writes))?;
    writeln!(text, "| single rows read, MySQL | {} |", rows(&measured.mysql_rows, |rates| rates.reads))?;
    writeln!(text, "| single rows written, MySQL | {} |\n", rows(&measured.mysql_rows, |rates| rates.writes))?;
    Ok(text)
}

fn logins(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::from("## Logins\n\n");
    writeln!(
        text,
        "With the right password, on 8 and on 64 connections in a closed loop. \"Of the limit\" compares with a login \
         that is nothing but one hash like Bulla's and one opened envelope; so it is left out where another hash is used.\n"
    )?;
    writeln!(text, "| server | hash | logins/s, 8 | of the limit | p50 | p99 | logins/s, 64 | p99 | idle | busy |")?;
    writeln!(text, "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
    let best = best(measured, Topic::Login, |outcome| outcome.per_second());
    for entrant in Entrant::compared() {
        let (few, many) = (measured.slices_of(Topic::Login, entrant), measured.slices_of(Topic::CrowdedLogin, entrant));
        let (few_latencies, many_latencies) = (latencies(few), latencies(many));
        let rate = rate(few);
        let ratio = measured.part(Topic::Login, entrant);
        let idle = Spread::of(measured.idle_memory_kib[entrant.name].iter().map(|kib| *kib as f64)).median;
        let busy = few.iter().chain(many).map(|slice| slice.memory_kib).max().unwrap_or_default();
        writeln!(
            text,
            "| {} | {} | {} | {ratio} | {} | {} | {} | {} | {:.0} MiB | {} MiB |",
            entrant.title,
            entrant.hash,
            strong(&rate.to_string(), best == entrant.name),
            time(few_latencies.percentile(50.0)),
            time(few_latencies.percentile(99.0)),
            self::rate(many),
            time(many_latencies.percentile(99.0)),
            idle / 1024.0,
            busy / 1024,
        )?;
    }
    text.push('\n');
    Ok(text)
}

fn isolation(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::from("## While the login is hammered\n\n");
    writeln!(
        text,
        "{HAMMERING} connections log in as fast as they can; meanwhile others ask, 50 times a second each, whether a token \
         is good and who its bearer is. Their times count from the moment at which each request was due.\n"
    )?;
    writeln!(text, "| server | logins/s | token p50 | token p99 | profile p50 | profile p99 | longest |")?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---:|")?;
    for entrant in Entrant::compared() {
        let slices = measured.slices_of(Topic::Isolation, entrant);
        let probes = || slices.iter().filter_map(|slice| slice.probes.as_ref());
        let profile = Latencies::together(probes().map(|probes| &probes.profile.latencies));
        let verify =
            Latencies::together(probes().filter_map(|probes| probes.verify.as_ref()).map(|verify| &verify.latencies));
        let of_verify = |percent| if verify.count() == 0 { "—".to_owned() } else { time(verify.percentile(percent)) };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            entrant.title,
            rate(slices),
            of_verify(50.0),
            of_verify(99.0),
            time(profile.percentile(50.0)),
            time(profile.percentile(99.0)),
            time(profile.percentile(100.0).max(verify.percentile(100.0))),
        )?;
    }
    text.push('\n');
    Ok(text)
}

fn routes(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::from("## The other routes\n\n");
    writeln!(
        text,
        "A second. Tokens are checked on 16 connections, beside the \"hello\" of a bare axum; profiles are read on 16; \
         refresh tokens are exchanged on 8; accounts are registered on 8. \"—\": the server has no such thing, or does not \
         tell whether it was done.\n"
    )?;
    writeln!(text, "| server | tokens checked | of hello | profiles | refreshes | registrations |")?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|")?;
    let topics = [Topic::Verify, Topic::Profile, Topic::Refresh, Topic::Register];
    let best = topics.map(|topic| best(measured, topic, |outcome| outcome.per_second()));
    for entrant in Entrant::compared() {
        let rates = topics
            .map(|topic| measured.slices_of(topic, entrant))
            .map(|slices| if slices.is_empty() { None } else { Some(rate(slices)) });
        let cells: Vec<String> = rates
            .iter()
            .zip(best)
            .map(|(rate, best)| {
                rate.as_ref().map_or("—".to_owned(), |rate| strong(&rate.to_string(), best == entrant.name))
            })
            .collect();
        let of_hello = measured.part(Topic::Verify, entrant);
        writeln!(
            text,
            "| {} | {} | {of_hello} | {} | {} | {} |",
            entrant.title, cells[0], cells[1], cells[2], cells[3]
        )?;
    }
    text.push('\n');
    Ok(text)
}

fn ladder(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::from("## From two connections to 256\n\n");
    writeln!(
        text,
        "Bulla on SQLite. Up to the length of its queue (32 a hashing thread) everyone waits; beyond it, those who are too \
         many are answered 503 at once, and come again when they are told to, a second later. p50 and p99 are of the \
         logins that were let in, from their last try on.\n"
    )?;
    writeln!(text, "| connections | logins/s | of the limit | p50 | p99 | answered 503 | p99 of these |")?;
    writeln!(text, "|---:|---:|---:|---:|---:|---:|---:|")?;
    for connections in LADDER {
        let (topic, entrant) = (Topic::Ladder(connections), &FIELD[0]);
        let slices = measured.slices_of(topic, entrant);
        let (rate, latencies) = (rate(slices), latencies(slices));
        let refusals = Latencies::together(slices.iter().map(|slice| &slice.outcome.refusals));
        writeln!(
            text,
            "| {connections} | {rate} | {} | {} | {} | {} | {} |",
            measured.part(topic, entrant),
            time(latencies.percentile(50.0)),
            time(latencies.percentile(99.0)),
            refusals.count(),
            if refusals.count() == 0 { "—".to_owned() } else { time(refusals.percentile(99.0)) },
        )?;
    }
    text.push('\n');
    Ok(text)
}

fn key_sizes(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::from("## What the size of the sealing key costs\n\n");
    writeln!(
        text,
        "`BULLA_SEALING_BITS`, on SQLite with 8 connections. 2048 bits are about 112 bits of strength, 3072 about 128 (NIST \
         SP 800-57 part 1).\n"
    )?;
    writeln!(text, "| key | opening it takes | logins/s | of the limit |\n|---|---:|---:|---:|")?;
    for (place, size) in SIZES.iter().enumerate() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let openings = Spread::of(measured.limits.iter().map(|limits| limits.openings[place]));
        let entrant = FIELD.iter().find(|entrant| entrant.dialect == Dialect::Bulla && entrant.key_size() == *size);
        let entrant = entrant.ok_or("a size that nobody has")?;
        let rate = rate(measured.slices_of(Topic::Login, entrant));
        writeln!(
            text,
            "| RSA-{} | {} | {rate} | {} |",
            size.bits(),
            time(Duration::from_secs_f64(cores / openings.median)),
            measured.part(Topic::Login, entrant)
        )?;
    }
    Ok(text)
}

fn failures(measured: &Measured) -> Result<String, Failure> {
    let mut text = String::from("\n## What was not answered as it should\n\n");
    writeln!(
        text,
        "Whatever was asked, and the probes beside it. A refusal is a 503; no answer is one that did not come within 30 s, or \
         a connection that was closed instead. None of them counts as a request that was done.\n"
    )?;
    writeln!(text, "| server | asked for | as it should | refusals | other answers | no answer |")?;
    writeln!(text, "|---|---|---:|---:|---:|---:|")?;
    for ((topic, name), slices) in &measured.slices {
        let outcomes = || slices.iter().flat_map(Slice::outcomes);
        let count = |of: fn(&Outcome) -> u64| outcomes().map(of).sum::<u64>();
        let done = count(|outcome| outcome.latencies.count() as u64);
        let refused = count(|outcome| outcome.refusals.count() as u64);
        let (others, broken) = (count(|outcome| outcome.errors.values().sum()), count(|outcome| outcome.broken));
        if refused + others + broken > 0 {
            let title = Entrant::named(name)?.title;
            writeln!(text, "| {title} | {topic} | {done} | {refused} | {others} | {broken} |")?;
        }
    }
    Ok(text)
}

impl Measured {
    fn part(&self, topic: Topic, entrant: &Entrant) -> String {
        part(self.slices_of(topic, entrant))
    }

    pub fn slices_of(&self, topic: Topic, entrant: &Entrant) -> &[Slice] {
        self.slices.get(&(topic, entrant.name)).map_or(&[], Vec::as_slice)
    }
}

/// How much of a limit was reached; a dash where none is known.
pub fn part(slices: &[Slice]) -> String {
    let parts: Vec<f64> = slices.iter().filter_map(|slice| slice.of_limit).collect();
    if parts.is_empty() { "—".to_owned() } else { ratio(parts) }
}

pub fn rate(slices: &[Slice]) -> Spread {
    Spread::of(slices.iter().map(|slice| slice.outcome.per_second()))
}

fn latencies(slices: &[Slice]) -> Latencies {
    Latencies::together(slices.iter().map(|slice| &slice.outcome.latencies))
}

/// The name of the entrant that reached most.
fn best(measured: &Measured, topic: Topic, of: fn(&Outcome) -> f64) -> &'static str {
    let reached = |entrant: &&Entrant| {
        Spread::of(measured.slices_of(topic, entrant).iter().map(|slice| of(&slice.outcome))).median
    };
    let compared = Entrant::compared();
    compared.max_by(|a, b| reached(a).total_cmp(&reached(b))).map_or("", |entrant| entrant.name)
}

fn strong(text: &str, is_best: bool) -> String {
    if is_best { format!("**{text}**") } else { text.to_owned() }
}

pub fn time(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        0.0..10.0 => format!("{milliseconds:.2} ms"),
        10.0..1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", milliseconds / 1000.0),
    }
}
