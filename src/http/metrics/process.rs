//! The metrics that Prometheus expects of every process, by their standard names, as Linux tells them. Written by hand: the
//! CPU time is a counter with a fraction, which the recorder has no type for.

use std::fmt::Write;
use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Adds what can be learned to the text of a scrape; where there is no /proc, nothing.
pub(super) fn describe(text: &mut String) {
    let Some(stat) = Stat::read() else { return };
    let mut metric = |kind: &str, name: &str, help: &str, value: f64| {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
    };
    metric(
        "counter",
        "process_cpu_seconds_total",
        "Total user and system CPU time spent in seconds.",
        stat.cpu_seconds,
    );
    metric("gauge", "process_resident_memory_bytes", "Resident memory size in bytes.", stat.resident_bytes);
    metric("gauge", "process_virtual_memory_bytes", "Virtual memory size in bytes.", stat.virtual_bytes);
    metric("gauge", "process_threads", "Number of OS threads.", stat.threads);
    let help = "Start time of the process since unix epoch in seconds.";
    metric("gauge", "process_start_time_seconds", help, stat.start_seconds);
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is this look at them.
        let count = open.count().saturating_sub(1);
        metric("gauge", "process_open_fds", "Number of open file descriptors.", count as f64);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        metric("gauge", "process_max_fds", "Maximum number of open file descriptors.", most as f64);
    }
}

struct Stat {
    cpu_seconds: f64,
    threads: f64,
    virtual_bytes: f64,
    resident_bytes: f64,
    start_seconds: f64,
}

impl Stat {
    fn read() -> Option<Self> {
        // Not from /proc/stat, which a service may be kept from (ProcSubset=pid).
        let booted = seconds(ClockId::Realtime) - seconds(ClockId::Boottime);
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?, booted)
    }

    /// proc_pid_stat(5); `booted` in seconds since the epoch.
    fn parse(stat: &str, booted: f64) -> Option<Self> {
        // The name in brackets may hold anything; the state after it is the third field.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let ticks = clock_ticks_per_second() as f64;
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / ticks,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_bytes: field(24)? * page_size() as f64,
            start_seconds: booted + field(22)? / ticks,
        })
    }
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_moves_no_field() {
        let of_kernel = "S 1 7 7 0 -1 4194560 3000 0 0 0 250 50 0 0 20 0 9 0 12300 104857600 2560 18446744073709551615";
        let stat = Stat::parse(&format!("7 (a) b ( c) {of_kernel}"), 1_700_000_000.0).unwrap();
        let ticks = clock_ticks_per_second() as f64;
        assert_eq!((stat.cpu_seconds, stat.threads, stat.virtual_bytes), (300.0 / ticks, 9.0, 104_857_600.0));
        assert_eq!(stat.resident_bytes, 2560.0 * page_size() as f64);
        assert_eq!(stat.start_seconds, 1_700_000_000.0 + 12300.0 / ticks);
        assert!(Stat::parse("7 (bulla) S 1", 0.0).is_none());
    }
}
