//! What one hash costs.

use std::fmt;

use crate::Error;

/// Argon2's parameters (RFC 9106 §3.1), written `m=19456,t=2,p=1`.
///
/// That one and its like (`m=47104,t=1,p=1`; `m=12288,t=3,p=1`) are the least that OWASP recommends for passwords. RFC 9106
/// §4 has `m=2097152,t=1,p=4`, and `m=65536,t=3,p=4` where memory is scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A lane is filled in four slices, and other lanes are read between them (RFC 9106 §3.4).
pub(crate) const SLICES: u32 = 4;
pub(crate) const MOST_LANES: u32 = (1 << 24) - 1;

impl Cost {
    /// `memory_kib` (m) at least 8 × `lanes`, `passes` (t) at least 1, `lanes` (p) from 1 to 2²⁴-1.
    ///
    /// # Errors
    /// Anything else.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        let cost = Self { memory_kib, passes, lanes };
        let is_allowed = passes >= 1 && (1..=MOST_LANES).contains(&lanes) && memory_kib / 8 >= lanes;
        if is_allowed { Ok(cost) } else { Err(Error::Cost(cost.to_string())) }
    }

    /// Memory in KiB (m).
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// How often it is written (t).
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes (p).
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    /// Whether it is at most another one in each of the three.
    pub fn is_within(self, most: Self) -> bool {
        self.memory_kib <= most.memory_kib && self.passes <= most.passes && self.lanes <= most.lanes
    }

    /// Blocks of one slice of one lane; `m` is rounded down to whole ones.
    pub(crate) fn segment_blocks(self) -> u32 {
        self.memory_kib / (SLICES * self.lanes)
    }

    /// All blocks of 1 KiB.
    pub(crate) fn blocks(self) -> usize {
        self.segment_blocks() as usize * (SLICES * self.lanes) as usize
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_the_rfc_hold() {
        for (m, t, p) in [(8, 1, 1), (15, 1, 1), (16, 1, 2), (u32::MAX, u32::MAX, 0xff_ffff)] {
            assert!(Cost::new(m, t, p).is_ok(), "{m} {t} {p}");
        }
        for (m, t, p) in [(7, 1, 1), (8, 0, 1), (8, 1, 0), (15, 1, 2), (u32::MAX, 1, 0x100_0000)] {
            let refused = Cost::new(m, t, p).unwrap_err().to_string();
            assert!(refused.contains(&format!("m={m},t={t},p={p}")) && refused.contains("to 16777215"), "{refused}");
        }
    }

    #[test]
    fn one_is_within_another_if_no_part_of_it_is_beyond() {
        let most = Cost::new(64, 2, 2).unwrap();
        for (m, t, p, is_within) in
            [(64, 2, 2, true), (16, 1, 1, true), (65, 2, 2, false), (64, 3, 2, false), (64, 2, 3, false)]
        {
            assert_eq!(Cost::new(m, t, p).unwrap().is_within(most), is_within, "{m} {t} {p}");
        }
    }

    #[test]
    fn memory_is_rounded_down_to_whole_slices() {
        assert_eq!(Cost::new(19_459, 2, 1).unwrap().blocks(), 19_456);
        assert_eq!(Cost::new(4095, 1, 4).unwrap().blocks(), 4080);
    }
}
