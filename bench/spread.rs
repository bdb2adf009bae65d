//! What several rounds reached.

use std::fmt;

#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let [Some(least), Some(most)] = [values.first(), values.last()] else { return Self::default() };
        Self { least: *least, median: values[values.len() / 2], most: *most }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.median < 100.0 { 1 } else { 0 };
        let Self { least, median, most } = self;
        write!(formatter, "{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}
