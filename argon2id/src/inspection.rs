//! What the operating system tells of a hash, its processor, its memory and its stack, is what we say of them.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::{Backend, Cost, Error, HASH_BYTES, Input, Memory, Scheme, derive, derive_on_stack, hash};

/// Of the mapping that an address belongs to, where it begins and its flags.
fn mapping_of(address: usize) -> (usize, Vec<String>) {
    let described = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut start = None;
    for line in described.lines() {
        let number = |text| usize::from_str_radix(text, 16).ok();
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        if let Some((Some(from), Some(to))) = range.map(|(from, to)| (number(from), number(to))) {
            start = (from..to).contains(&address).then_some(from);
        }
        if let (Some(start), Some(flags)) = (start, line.strip_prefix("VmFlags:")) {
            return (start, flags.split_whitespace().map(str::to_owned).collect());
        }
    }
    panic!("{address:x} is not mapped");
}

/// Or the tests that go through all backends would pass for none.
#[test]
fn all_are_what_the_processor_has_and_the_fastest_is_the_last() {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap();
    let has = |feature| processor.split_whitespace().any(|word| word == feature);
    let faster = [("avx2", "avx2"), ("avx512f", "avx512")].into_iter().filter(|(feature, _)| has(*feature));
    let expected: Vec<&str> = std::iter::once("portable").chain(faster.map(|(_, name)| name)).collect();
    let names: Vec<&str> = Backend::all().into_iter().map(Backend::name).collect();
    assert_eq!(names, expected);
    assert_eq!(Some(&Backend::fastest().name()), expected.last());
    assert_eq!(Some(&Memory::new().backend().name()), expected.last());
}

#[test]
fn the_system_is_asked_for_huge_pages_and_leaves_them_out_of_core_dumps() {
    let (mut memory, cost) = (Memory::new(), Cost::new(4096, 1, 1).unwrap());
    hash(b"open sesame", b"some salt", cost, &mut memory).unwrap();
    let (blocks, _) = memory.blocks(cost).unwrap();
    let (_, flags) = mapping_of(blocks.as_ptr().addr());
    let has = |flag| flags.iter().any(|found| found == flag);
    // Not every kernel is built with huge pages.
    let has_huge_pages = Path::new("/sys/kernel/mm/transparent_hugepage").exists();
    assert!(has("dd") && has("hg") == has_huge_pages, "{flags:?}");
}

/// The words that lie below on this thread's stack after some work.
#[inline(never)]
fn left_on_stack(work: impl FnOnce()) -> HashSet<u64> {
    let here = (&raw const work).addr();
    let (start, _) = mapping_of(here);
    let memory = File::open("/proc/self/mem").unwrap();
    let mut stack = vec![0; (here - start) / 8 * 8];
    work();
    memory.read_exact_at(&mut stack, start as u64).unwrap();
    stack.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word)).collect()
}

type Derive = fn(Scheme, &Input<'_>, Cost, &mut Memory, &mut [u8]) -> Result<(), Error>;

/// How many words of the password or of the blocks are left: without that which overwrites the stack, and with it.
fn secrets_left(cost: Cost, memory: &mut Memory) -> [usize; 2] {
    let password: Vec<u8> = (0..200_u32).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    let (input, mut output) = (Input::new(&password, b"some salt"), [0; HASH_BYTES]);
    let mut left_by = |derive: Derive, memory: &mut Memory| {
        let mut derived = || derive(Scheme::default(), &input, cost, memory, &mut output);
        left_on_stack(|| drop(catch_unwind(AssertUnwindSafe(&mut derived))))
    };
    let left = left_by(derive_on_stack, memory);
    let (blocks, _) = memory.blocks(cost).unwrap();
    let of_password = password.array_windows().map(|bytes| u64::from_le_bytes(*bytes));
    let of_blocks = blocks.as_flattened().iter().copied();
    // What was not filled yet tells nothing.
    let secrets: HashSet<u64> = of_password.chain(of_blocks).filter(|word| *word != 0).collect();
    [left, left_by(derive, memory)].map(|left| left.intersection(&secrets).count())
}

#[test]
fn nothing_of_the_password_or_of_a_block_is_left_on_the_stack() {
    for backend in Backend::all() {
        let [before, after] = secrets_left(Cost::new(32, 2, 1).unwrap(), &mut Memory::with(backend));
        assert!(before > 0, "or the test would see nothing");
        assert_eq!(after, 0, "{}", backend.name());
    }
}

#[test]
fn nor_is_anything_of_a_hash_that_a_pause_broke_off() {
    let mut memory = Memory::new().pausing(|| panic!("on purpose, for this test"));
    let [before, after] = secrets_left(Cost::new(4096, 1, 1).unwrap(), &mut memory);
    assert!(before > 0, "or the test would see nothing");
    assert_eq!(after, 0);
}

#[test]
fn a_cost_that_the_system_does_not_give_is_an_error_and_the_next_hash_is_made() {
    if fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap().trim() == "1" {
        // It promises whatever it is asked for.
        return;
    }
    let mut memory = Memory::new();
    let mut hashed = |memory_kib| hash(b"open sesame", b"some salt", Cost::new(memory_kib, 1, 1).unwrap(), &mut memory);
    let made = hashed(64).unwrap();
    let refused = hashed(u32::MAX);
    assert!(matches!(refused, Err(Error::Memory { mib: 4_194_303, .. })), "{refused:?}");
    assert_eq!(hashed(64), Ok(made));
}
