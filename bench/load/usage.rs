//! What a server and its workers take of the machine.

use std::fs::read_to_string;

use crate::stage::Failure;

/// Of a process and all that descend from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Proportional: what two processes share counts half for each.
    pub memory_kib: u64,
    pub cpu_seconds: f64,
}

/// As Linux counts it for every program (USER_HZ).
const TICKS_A_SECOND: f64 = 100.0;

impl Usage {
    pub fn of(process: u32) -> Result<Self, Failure> {
        let mut sum = Self::default();
        for process in descendants(process)? {
            // One that ended meanwhile takes nothing.
            let Ok(stat) = read_to_string(format!("/proc/{process}/stat")) else { continue };
            sum.cpu_seconds += cpu_ticks(&stat).ok_or("an unknown form of /proc/…/stat")? as f64 / TICKS_A_SECOND;
            sum.memory_kib += memory_kib(process).unwrap_or(0);
        }
        Ok(sum)
    }
}

fn descendants(process: u32) -> Result<Vec<u32>, Failure> {
    let mut found = vec![process];
    let mut place = 0;
    while let Some(parent) = found.get(place) {
        for task in std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten() {
            let children = read_to_string(task?.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        place += 1;
    }
    Ok(found)
}

/// utime and stime, the 14th and 15th field; the second is a name in parentheses, which may contain spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map_while(|field| field.parse::<u64>().ok());
    Some(times.next()? + times.next()?)
}

fn memory_kib(process: u32) -> Option<u64> {
    let rollup = read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().split(' ').next()?.parse().ok()
}
