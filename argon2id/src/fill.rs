//! Filling the memory: which block comes from which (RFC 9106 §3.4).

use zeroize::Zeroizing;

use crate::Cost;
use crate::backend::Backend;
use crate::cost::SLICES;
use crate::long_hash::long_hash;
use crate::memory::Compressor;
use crate::run::{Aligned, Block, Run, Window};
use crate::scheme::{Scheme, Seed, Variant, Version};

/// Cost and scheme, as the loops need them.
pub(crate) struct Shape {
    scheme: Scheme,
    cost: Cost,
    segment: u32,
    lane_blocks: u32,
}

/// A segment: what one lane gets in one slice of one pass.
#[derive(Clone, Copy)]
struct Segment {
    pass: u32,
    slice: u32,
    lane: u32,
}

impl Shape {
    pub(crate) fn of(cost: Cost, scheme: Scheme) -> Self {
        let segment = cost.segment_blocks();
        Self { scheme, cost, segment, lane_blocks: segment * SLICES }
    }

    /// Whether the password has no say in which blocks are read.
    fn is_independent(&self, segment: Segment) -> bool {
        match self.scheme.variant {
            Variant::Argon2d => false,
            Variant::Argon2i => true,
            Variant::Argon2id => segment.pass == 0 && segment.slice < SLICES / 2,
        }
    }

    /// The blocks of a segment from `index` on.
    fn run(&self, segment: Segment, index: u32, count: u32) -> Run<'static> {
        let lane_start = segment.lane as usize * self.lane_blocks as usize;
        let place = segment.slice * self.segment + index;
        let before = if place == 0 { self.lane_blocks - 1 } else { place - 1 };
        Run {
            previous: lane_start + before as usize,
            target: lane_start + place as usize,
            count: count as usize,
            mixes: segment.pass > 0 && self.scheme.version == Version::V0x13,
            words: None,
            window: self.window(segment, index),
        }
    }

    /// All that is finished may be referred to, but for the block just before.
    fn window(&self, Segment { pass, slice, lane }: Segment, index: u32) -> Window {
        let (finished, start) = match pass {
            0 => (slice * self.segment, 0),
            // All but the slice that is being overwritten; the oldest first. After the last slice comes the first.
            _ => (self.lane_blocks - self.segment, (slice + 1) * self.segment),
        };
        let lanes = if pass == 0 && slice == 0 { 1 } else { self.cost.lanes() };
        Window { lane, lanes, lane_blocks: self.lane_blocks, index, start, finished }
    }
}

/// Fills all blocks, as often as there are passes.
pub(crate) fn fill(blocks: &mut [Block], shape: &Shape, seed: &Seed, compressor: &mut Compressor) {
    for lane in 0..shape.cost.lanes() {
        for number in 0..2_u32 {
            let block = &mut blocks[lane as usize * shape.lane_blocks as usize + number as usize];
            long_hash(&[&**seed, &number.to_le_bytes(), &lane.to_le_bytes()], bytemuck::bytes_of_mut(block));
            swap_if_big_endian(block);
            compressor.backend.arrange(block);
        }
    }
    for pass in 0..shape.cost.passes() {
        for slice in 0..SLICES {
            for lane in 0..shape.cost.lanes() {
                let segment = Segment { pass, slice, lane };
                if shape.is_independent(segment) {
                    fill_independent(blocks, shape, segment, compressor);
                } else {
                    fill_dependent(blocks, shape, segment, compressor);
                }
            }
        }
    }
}

/// The first two blocks of each lane come from the seed.
fn first_index(Segment { pass, slice, .. }: Segment) -> u32 {
    if pass == 0 && slice == 0 { 2 } else { 0 }
}

fn fill_dependent(blocks: &mut [Block], shape: &Shape, segment: Segment, compressor: &mut Compressor) {
    let mut first = first_index(segment);
    while first < shape.segment {
        let count = (shape.segment - first).min(compressor.until_pause());
        compressor.compute(blocks, &shape.run(segment, first, count));
        first += count;
    }
}

fn fill_independent(blocks: &mut [Block], shape: &Shape, segment: Segment, compressor: &mut Compressor) {
    let mut addresses = Addresses::new(shape, segment);
    let mut first = first_index(segment);
    while first < shape.segment {
        let words = addresses.words_from(first, compressor);
        let count = (shape.segment - first).min(words.len() as u32);
        compressor.compute(blocks, &Run { words: Some(words), ..shape.run(segment, first, count) });
        first += count;
    }
}

/// The words that choose blocks where the password may not (RFC 9106 §3.4.1.2), 128 at a time.
struct Addresses {
    /// Zeros, the place as a counter, its compression, and the words, which are the compression of that.
    blocks: Aligned<4>,
    counter: Block,
}

impl Addresses {
    fn new(shape: &Shape, Segment { pass, slice, lane }: Segment) -> Self {
        let mut counter = [0; 128];
        let (blocks, cost) = (shape.cost.blocks() as u64, shape.cost);
        let variant = u64::from(shape.scheme.variant.number());
        counter[..6].copy_from_slice(&[pass.into(), lane.into(), slice.into(), blocks, cost.passes().into(), variant]);
        Self { blocks: Aligned([[0; 128]; 4]), counter }
    }

    /// The words from `index` on, as far as they are made at once.
    fn words_from(&mut self, index: u32, compressor: &mut Compressor) -> &[u64] {
        let [zero, counter, between, words] = [0, 1, 2, 3];
        let blocks = &mut self.blocks.0;
        blocks[counter] = self.counter;
        blocks[counter][6] = u64::from(index / 128) + 1;
        compressor.backend.arrange(&mut blocks[counter]);
        for (reference, target) in [(counter, between), (between, words)] {
            compressor.compute(blocks, &Run::single(zero, reference, target));
        }
        compressor.backend.restore(&mut blocks[words]);
        &blocks[words][index as usize % 128..]
    }
}

/// The block that the output is made of (RFC 9106 §3.2, step 7).
pub(crate) fn xor_of_last_blocks(blocks: &[Block], lanes: u32, backend: Backend) -> Zeroizing<Block> {
    let mut xor = Zeroizing::new([0; 128]);
    for lane in blocks.chunks_exact(blocks.len() / lanes as usize) {
        for (word, last) in xor.iter_mut().zip(lane[lane.len() - 1]) {
            *word ^= last;
        }
    }
    backend.restore(&mut xor);
    swap_if_big_endian(&mut xor);
    xor
}

/// The words of a block are little-endian (RFC 9106 §2). There and back are the same.
fn swap_if_big_endian(block: &mut Block) {
    block.iter_mut().for_each(|word| *word = word.to_le());
}
