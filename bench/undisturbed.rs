//! How two classes of requests differ where nothing disturbed them.
//!
//! Whatever else a machine does only ever adds to an answer's time, so the low quantiles say most about the work itself
//! (the box test of Crosby, Wallach and Riedi, 2009). The limits of the difference come from the bootstrap: blocks are
//! drawn again and again, each as a whole, because what disturbs a block disturbs all of its classes.

/// Of an answer's times, in ascending order, this part is taken for undisturbed.
const QUANTILE: f64 = 0.1;
const DRAWS: usize = 4000;

/// A difference between its confidence limits.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub low: f64,
    pub difference: f64,
    pub high: f64,
}

impl Interval {
    /// Of two classes that were measured in the same blocks. Of a hundred intervals, `confidence` × 100 hold.
    pub fn of(class: &[f64], baseline: &[f64], confidence: f64) -> Self {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        let (mut ours, mut theirs) = (class.to_vec(), baseline.to_vec());
        let mut drawn: Vec<f64> = (0..DRAWS)
            .map(|_| {
                for place in 0..class.len() {
                    let block = noise.below(class.len());
                    (ours[place], theirs[place]) = (class[block], baseline[block]);
                }
                quantile(&mut ours, QUANTILE) - quantile(&mut theirs, QUANTILE)
            })
            .collect();
        let difference = quantile(&mut class.to_vec(), QUANTILE) - quantile(&mut baseline.to_vec(), QUANTILE);
        let beyond = (1.0 - confidence) / 2.0;
        Self { low: quantile(&mut drawn, beyond), difference, high: quantile(&mut drawn, 1.0 - beyond) }
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

/// The value below which `part` of all values lie.
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    let place = ((values.len() - 1) as f64 * part).round() as usize;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

/// xorshift: the same draws each time, so that the same times make the same table.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
