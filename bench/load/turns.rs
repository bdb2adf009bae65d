//! Those who are compared take short turns: a machine whose speed changes from one second to the next changes it for all of
//! them.

use std::time::Duration;

use crate::field::Running;
use crate::question::{Question, Slice};
use crate::spread::Spread;
use crate::stage::Failure;

/// Measures for a while how often something is done a second.
pub type Contestant<'a> = Box<dyn FnMut() -> Result<f64, Failure> + 'a>;

/// One turn of a server.
pub const SLICE: Duration = Duration::from_secs(1);
/// Of one that refuses some: they are told to come again in a second, and do so several times.
pub const LONG_SLICE: Duration = Duration::from_secs(4);
/// Of a limit.
pub const LIMIT_SLICE: Duration = Duration::from_millis(500);
pub const TURNS: usize = 4;

/// What each did a second, over all of its turns.
pub fn take(contestants: &mut [Contestant<'_>]) -> Result<Vec<f64>, Failure> {
    let mut sums = vec![0.0; contestants.len()];
    for turn in 0..TURNS {
        for step in 0..contestants.len() {
            // So that nobody is always the first, or always after the same one.
            let step = if turn % 2 == 0 { step } else { contestants.len() - 1 - step };
            let place = (step + turn / 2) % contestants.len();
            sums[place] += contestants[place]()?;
        }
    }
    Ok(sums.into_iter().map(|sum| sum / TURNS as f64).collect())
}

/// A server, for so long in each of its turns, beside what the machine can do at that moment; `None` where the server has
/// no such thing.
pub fn beside(
    question: Question,
    server: &Running,
    mut limit: impl FnMut(Duration) -> Result<f64, Failure>,
) -> Result<Option<Slice>, Failure> {
    let mut slices = Vec::new();
    let mut contestants: [Contestant<'_>; 2] = [
        Box::new(|| {
            let slice = question.ask(server)?;
            let rate = slice.as_ref().map_or(0.0, |slice| slice.outcome.per_second());
            slices.push(slice);
            Ok(rate)
        }),
        Box::new(|| limit(LIMIT_SLICE)),
    ];
    let reached = take(&mut contestants)?;
    drop(contestants);
    let slices: Option<Vec<Slice>> = slices.into_iter().collect();
    Ok(slices.map(|slices| Slice::together(slices, reached[0] / reached[1])))
}

/// A ratio of several rounds.
pub fn ratio(rounds: Vec<f64>) -> String {
    let Spread { least, median, most } = Spread::of(rounds);
    format!("{median:.2} ({least:.2}–{most:.2})")
}
