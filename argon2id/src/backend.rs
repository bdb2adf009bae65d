//! Computing blocks: the compression function G of RFC 9106 §3.5, by whatever the processor has.

use std::fmt;

use zeroize::Zeroizing;

use crate::portable;
use crate::run::{Block, Run};
#[cfg(target_arch = "x86_64")]
use crate::x86_64::{avx2::Avx2, avx512, avx512::Avx512};

/// Which instructions compute a block. All give the same bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Backend(Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Backend {
    /// Runs anywhere.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The fastest that this processor has.
    pub fn fastest() -> Self {
        Self::all().pop().unwrap_or(Self::PORTABLE)
    }

    /// All that this processor has, the slowest first.
    pub fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let faster = [Avx2::detect().map(Kind::Avx2), Avx512::detect().map(Kind::Avx512)];
        #[cfg(not(target_arch = "x86_64"))]
        let faster: [Option<Kind>; 0] = [];
        [Kind::Portable].into_iter().chain(faster.into_iter().flatten()).map(Self).collect()
    }

    /// `portable`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
        }
    }

    /// Computes the blocks of a run.
    pub(crate) fn compute(self, blocks: &mut [Block], run: &Run<'_>, scratch: &mut Block) {
        match self.0 {
            Kind::Portable => portable::compute(blocks, run, scratch),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(avx2) => avx2.compute(blocks, run, scratch),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => avx512.compute(blocks, run),
        }
    }

    /// Where a word of a block lies in memory. The first one is the first everywhere.
    fn place(self, word: usize) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => avx512::place(word),
            _ => word,
        }
    }

    /// Puts the words of a block where `compute` wants them.
    pub(crate) fn arrange(self, block: &mut Block) {
        let natural = Zeroizing::new(*block);
        for (word, value) in natural.iter().enumerate() {
            block[self.place(word)] = *value;
        }
    }

    /// The opposite of `arrange`.
    pub(crate) fn restore(self, block: &mut Block) {
        let arranged = Zeroizing::new(*block);
        for (word, value) in block.iter_mut().enumerate() {
            *value = arranged[self.place(word)];
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Backend({})", self.name())
    }
}
