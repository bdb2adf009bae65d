//! What one Argon2id hash costs.

use std::fmt;
use std::str::FromStr;

/// Argon2id parameters, written `m=19456,t=2,p=1` as in a PHC string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArgon2Cost {
    #[error("must be written like m=19456,t=2,p=1 (memory in KiB, passes, lanes)")]
    Format,
    #[error("is weaker than OWASP's recommendation: with t={passes}, m must be at least {least_memory_kib}")]
    Weak { passes: u32, least_memory_kib: u32 },
    #[error("asks for more than a server should spend on one hash: at most m=262144, t=16 and p=16")]
    Excessive,
}

impl Argon2Cost {
    /// OWASP Password Storage Cheat Sheet: settings of equal strength, as passes and least memory in KiB.
    pub const EQUIVALENTS: [(u32, u32); 5] = [(1, 47_104), (2, 19_456), (3, 12_288), (4, 9_216), (5, 7_168)];
    /// Several times anyone's sane setting, still no weapon. Whatever can be set can also be checked.
    pub const COSTLIEST: Self = Self { memory_kib: 262_144, passes: 16, lanes: 16 };
    pub const DEFAULT: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    fn check(self) -> Result<Self, InvalidArgon2Cost> {
        let Self { memory_kib, passes, lanes } = self;
        if passes == 0 || lanes == 0 {
            return Err(InvalidArgon2Cost::Format);
        }
        let most = Self::COSTLIEST;
        if memory_kib > most.memory_kib || passes > most.passes || lanes > most.lanes {
            return Err(InvalidArgon2Cost::Excessive);
        }
        let strongest = Self::EQUIVALENTS.len() - 1;
        let (_, least_memory_kib) = Self::EQUIVALENTS[(passes as usize - 1).min(strongest)];
        if memory_kib < least_memory_kib {
            return Err(InvalidArgon2Cost::Weak { passes, least_memory_kib });
        }
        Ok(self)
    }
}

impl FromStr for Argon2Cost {
    type Err = InvalidArgon2Cost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',').map(str::trim);
        let mut value = |name: &str| {
            let part = parts.next().and_then(|part| part.strip_prefix(name)).ok_or(InvalidArgon2Cost::Format)?;
            part.parse::<u32>().map_err(|_| InvalidArgon2Cost::Format)
        };
        let cost = Self { memory_kib: value("m=")?, passes: value("t=")?, lanes: value("p=")? };
        if parts.next().is_some() {
            return Err(InvalidArgon2Cost::Format);
        }
        cost.check()
    }
}

impl fmt::Display for Argon2Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_owasp_calls_equal_is_accepted() {
        for text in ["m=19456,t=2,p=1", "m=47104,t=1,p=1", "m=12288,t=3,p=1", "m=9216,t=4,p=1", "m=7168,t=5,p=1"] {
            assert_eq!(text.parse::<Argon2Cost>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_weaker_setting_is_refused() {
        for text in ["m=19455,t=2,p=1", "m=47103,t=1,p=1", "m=7167,t=9,p=1", "m=8,t=1,p=1"] {
            assert!(matches!(text.parse::<Argon2Cost>(), Err(InvalidArgon2Cost::Weak { .. })), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "19456,2,1", "m=19456,t=2", "m=19456,t=0,p=1", "m=19456,t=2,p=1,x=1", "t=2,m=19456,p=1"] {
            assert_eq!(text.parse::<Argon2Cost>(), Err(InvalidArgon2Cost::Format), "{text}");
        }
        assert_eq!("m=9999999,t=2,p=1".parse::<Argon2Cost>(), Err(InvalidArgon2Cost::Excessive));
    }
}
