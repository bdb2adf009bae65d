//! How long answers took.

use std::time::Duration;

/// In ascending order.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    pub fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        Self(latencies)
    }

    /// Of several slices of one run.
    pub fn together<'a>(slices: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::of(slices.into_iter().flat_map(|slice| slice.0.iter().copied()).collect())
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time within which this many of a hundred were answered, by the nearest rank.
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.0.len() as f64 * percent / 100.0).ceil() as usize;
        self.0.get(rank.max(1) - 1).copied().unwrap_or_default()
    }
}
