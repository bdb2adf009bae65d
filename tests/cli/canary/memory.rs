//! The memory of a process, as root may have it though the process forbids core dumps.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::process::Command;

use crate::support::{Home, Process};

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// What the process has written to its memory, as it is now.
#[track_caller]
pub fn memory(home: &Home, process: &Process) -> Vec<u8> {
    if !is_root() {
        return core_dump(home, process);
    }
    // Takes a tenth of the time of a dump.
    let maps = fs::read_to_string(format!("/proc/{}/maps", process.id())).unwrap();
    let memory = File::open(format!("/proc/{}/mem", process.id())).unwrap();
    maps.lines().filter(|line| line.contains(" rw")).flat_map(|line| region(&memory, line)).collect()
}

/// One line of `maps`: `7f12a8000000-7f12a8021000 rw-p …` (proc(5)).
fn region(memory: &File, line: &str) -> Vec<u8> {
    let (begin, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
    let [begin, end] = [begin, end].map(|address| u64::from_str_radix(address, 16).unwrap());
    let mut bytes = vec![0; (end - begin) as usize];
    // It may be gone since.
    if memory.read_exact_at(&mut bytes, begin).is_err() {
        bytes.clear();
    }
    bytes
}

/// A core dump, made on purpose with gdb's gcore.
#[track_caller]
pub fn core_dump(home: &Home, process: &Process) -> Vec<u8> {
    let (id, prefix) = (process.id().to_string(), home.path("core").display().to_string());
    let dump = format!("gcore -o {prefix} {id} && chmod 644 {prefix}.{id}");
    let mut command = Command::new(if is_root() { "bash" } else { "sudo" });
    command.args(if is_root() { &["-c"][..] } else { &["-n", "bash", "-c"] }).arg(&dump);
    let ran = Process::run(&mut command, "");
    assert!(ran.status.success(), "root alone may dump the memory of bulla, by gdb's gcore: {ran:?}");
    let path = home.path(&format!("core.{id}"));
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(path).unwrap();
    bytes
}
