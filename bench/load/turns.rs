//! Those who are compared take short turns: a machine whose speed changes from one second to the next changes it for all of
//! them.

use std::time::Duration;

use crate::spread::Spread;
use crate::stage::Failure;

/// Measures for a while how often something is done a second.
pub type Contestant<'a> = Box<dyn FnMut() -> Result<f64, Failure> + 'a>;

/// One turn of a server.
pub const SLICE: Duration = Duration::from_secs(1);
/// Of a limit.
pub const LIMIT_SLICE: Duration = Duration::from_millis(500);
const TURNS: usize = 4;

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

/// A ratio of several rounds.
pub fn ratio(rounds: Vec<f64>) -> String {
    let Spread { least, median, most } = Spread::of(rounds);
    format!("{median:.2} ({least:.2}–{most:.2})")
}
