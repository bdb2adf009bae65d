//! What is computed: blocks, one after the other, each of two others.

/// 1 KiB.
pub(crate) type Block = [u64; 128];
pub(crate) const BLOCK_BYTES: usize = size_of::<Block>();

/// Blocks where a cache line begins.
#[repr(align(64))]
pub(crate) struct Aligned<const BLOCKS: usize>(pub(crate) [Block; BLOCKS]);

/// Blocks that follow one another in a segment. Each is computed of the one before it and of one that lies anywhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    /// The block before the first.
    pub(crate) previous: usize,
    /// The first block; those after it come one by one.
    pub(crate) target: usize,
    pub(crate) count: usize,
    /// Whether what is in a target is mixed in (from the second pass on) or overwritten.
    pub(crate) mixes: bool,
    /// The words that choose the other blocks, where the password may not; else the first word of the block before.
    pub(crate) words: Option<&'a [u64]>,
    pub(crate) window: Window,
}

/// The blocks that may be chosen, by the place in a segment of the block that is computed (RFC 9106 §3.4.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) lane: u32,
    /// 1 where other lanes may not be read yet.
    pub(crate) lanes: u32,
    pub(crate) lane_blocks: u32,
    /// The place in its segment of the run's first block.
    pub(crate) index: u32,
    /// The first block, as a place in its lane, behind whose end its beginning follows.
    pub(crate) start: u32,
    /// How many blocks of each lane the segments before have finished.
    pub(crate) finished: u32,
}

impl Run<'_> {
    /// One block of two that are known: there is nothing but `reference` to choose.
    pub(crate) fn single(previous: usize, reference: usize, target: usize) -> Self {
        let window = Window {
            lane: 0,
            lanes: 1,
            lane_blocks: reference as u32 + 1,
            index: 1,
            start: reference as u32,
            finished: 1,
        };
        Self { previous, target, count: 1, mixes: false, words: None, window }
    }

    /// Which block the one at `place` of the run is computed of, beside `previous`, whose first word this is.
    #[inline(always)]
    pub(crate) fn reference(&self, place: usize, first_word: u64) -> usize {
        let word = self.words.map_or(first_word, |words| words[place]);
        self.window.choose(word, self.window.index + place as u32)
    }

    /// The one before the block at `place`, and that block.
    #[inline(always)]
    pub(crate) fn previous_and_target(&self, place: usize) -> (usize, usize) {
        let target = self.target + place;
        (if place == 0 { self.previous } else { target - 1 }, target)
    }
}

impl Window {
    /// RFC 9106 §3.4.2; `index` is the place in its segment of the block that is computed.
    #[inline(always)]
    fn choose(&self, word: u64, index: u32) -> usize {
        let lane = if self.lanes == 1 { self.lane } else { ((word >> 32) % u64::from(self.lanes)) as u32 };
        let is_own = lane == self.lane;
        let blocks = if is_own { self.finished + index - 1 } else { self.finished - u32::from(index == 0) };
        let low = word & 0xffff_ffff;
        let back = (u64::from(blocks) * ((low * low) >> 32)) >> 32;
        let place = u64::from(self.start) + u64::from(blocks) - 1 - back;
        let beyond = u64::from(self.lane_blocks);
        let place = if place >= beyond { place - beyond } else { place };
        lane as usize * self.lane_blocks as usize + place as usize
    }
}

/// Three blocks, which are never the same: what is read twice, and what is written.
#[inline(always)]
pub(crate) fn three<T>(blocks: &mut [T], previous: usize, reference: usize, target: usize) -> (&T, &T, &mut T) {
    let chosen = blocks.get_disjoint_mut([previous, reference, target]);
    let [previous, reference, target] = chosen.expect("two blocks are read and a third is written");
    (previous, reference, target)
}
