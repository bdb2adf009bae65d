//! The reference implementation in C, given every advantage: compiled for this machine, its memory kept from one hash to
//! the next, on huge pages, and not wiped in between.
#![expect(unsafe_code, reason = "calls a library in C")]

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;
use std::sync::Once;

use argon2_sys::{Argon2_id, argon2_context, argon2_ctx};
use memmap2::{Advice, MmapMut};

const HUGE_PAGE: usize = 2 << 20;

unsafe extern "C" {
    /// Whether memory is overwritten with zeros after each hash, which takes a tenth of the time (argon2.h).
    static mut FLAG_clear_internal_memory: c_int;
}

thread_local! {
    /// Where the hash of this thread finds its memory.
    static ARENA: Cell<(*mut u8, usize)> = const { Cell::new((ptr::null_mut(), 0)) };
}

pub struct Libargon2 {
    arena: MmapMut,
}

impl Libargon2 {
    pub fn new(memory_kib: u32) -> std::io::Result<Self> {
        static WIPES_NOTHING: Once = Once::new();
        // SAFETY: a number of the library's own. Nobody hashes before this is done: it takes one of these to hash.
        WIPES_NOTHING.call_once(|| unsafe { FLAG_clear_internal_memory = 0 });
        let arena = MmapMut::map_anon(memory_kib as usize * 1024 + 2 * HUGE_PAGE)?;
        // As ours: a system without huge pages is slower.
        let _ = arena.advise(Advice::HugePage);
        Ok(Self { arena })
    }

    pub fn hash(&mut self, password: &[u8], memory_kib: u32, passes: u32) -> [u8; 32] {
        let offset = self.arena.as_ptr().align_offset(HUGE_PAGE);
        let arena = &mut self.arena[offset..];
        ARENA.set((arena.as_mut_ptr(), arena.len()));
        let (mut password, mut salt, mut output) = (password.to_vec(), *b"sixteen bytes, .", [0; 32]);
        let mut context = argon2_context {
            out: output.as_mut_ptr(),
            outlen: 32,
            pwd: password.as_mut_ptr(),
            pwdlen: password.len() as u32,
            salt: salt.as_mut_ptr(),
            saltlen: 16,
            secret: ptr::null_mut(),
            secretlen: 0,
            ad: ptr::null_mut(),
            adlen: 0,
            t_cost: passes,
            m_cost: memory_kib,
            lanes: 1,
            threads: 1,
            version: 0x13,
            allocate_cbk: Some(allocate),
            free_cbk: Some(free),
            flags: 0,
        };
        // SAFETY: each pointer is that of a buffer of the length beside it, and all of them outlive the call; so does the
        // arena, which `allocate` hands out, and which nobody else reads or writes meanwhile.
        let code = unsafe { argon2_ctx(&raw mut context, Argon2_id) };
        assert_eq!(code, 0, "libargon2 refused");
        output
    }
}

/// Hands out the arena of this thread, if it is large enough.
unsafe extern "C" fn allocate(memory: *mut *mut u8, bytes: usize) -> i32 {
    const MEMORY_ALLOCATION_ERROR: i32 = -22;
    let (arena, length) = ARENA.get();
    if bytes > length {
        return MEMORY_ALLOCATION_ERROR;
    }
    // SAFETY: libargon2 gives the address of a pointer of its own.
    unsafe { *memory = arena };
    0
}

/// The arena is kept.
unsafe extern "C" fn free(_memory: *mut u8, _bytes: usize) {}
