//! No core dumps: the memory of this process holds private keys and, for milliseconds, passwords.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Failure, Outcome};

/// Whatever kills the process, nothing of its memory is written to a disk or handed to a crash reporter. There is no
/// setting to allow it: a debugger that root attaches sees all that a dump would hold.
pub(super) fn forbid() -> Outcome {
    let problem = |error| Failure::new(format!("cannot forbid core dumps of this process: {error}"));
    // Only as far as it can be lowered by anyone: a limit that was lower stays.
    let maximum = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum }).map_err(problem)?;
    // A crash reporter that is fed through a pipe is not asked about that limit (core(5)). And whoever runs under the
    // same user, as a web shell might, could attach a debugger or read /proc/PID/mem: that needs this as well.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).map_err(problem)?;
    Ok(())
}
