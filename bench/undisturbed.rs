//! Paired differences, without a belief about how they are distributed.

/// The median of paired differences between its confidence limits.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Interval {
    /// By the sign test turned around: the limits are order statistics, so only the order of the differences matters,
    /// and no outlier does. `z` is the standard normal quantile of the confidence that is wanted.
    pub fn of(differences: &[f64], z: f64) -> Self {
        let mut sorted = differences.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len() as f64;
        let reach = (z * count.sqrt() / 2.0).ceil();
        let at = |place: f64| sorted[(place.max(0.0) as usize).min(sorted.len() - 1)];
        Self { low: at((count / 2.0).floor() - reach), median: median(&sorted), high: at((count / 2.0).ceil() + reach) }
    }

    pub fn excludes_zero(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// How far it reaches to either side of zero.
    pub fn reach(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    pub fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// Of values in ascending order.
pub fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}
