//! The memory of the process is nobody's to read but root's, whatever happens to it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use crate::support::{Home, PATIENCE, Process, openssl, rsa_key, within};

/// Whom nothing belongs to, on every Linux.
const NOBODY: u32 = 65534;

/// A program in a folder of its own, where the user and the system allow core dumps of any size.
fn dumping(home: &Home, program: &str) -> Process {
    let script = format!("ulimit -c unlimited; echo '\"started\"' >&2; exec {program}");
    Process::spawn(&mut home.bash(&script))
}

fn wait_for(word: &str, process: &Process) {
    process.stderr.wait_for(PATIENCE, word, |line| line.contains(word).then_some(()));
}

fn after(signal: &str, process: Process) -> ExitStatus {
    process.signal(signal);
    process.ended().status
}

fn core_files(home: &Home) -> Vec<String> {
    let names = fs::read_dir(home.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("core")).collect()
}

#[test]
fn no_signal_leaves_a_core_dump() {
    for signal in ["ABRT", "SYS"] {
        let home = Home::new();
        let another = dumping(&home, "cat");
        wait_for("started", &another);
        assert!(after(signal, another).core_dumped(), "this machine dumps nothing, so this test would see nothing");
        core_files(&home).iter().for_each(|core| fs::remove_file(home.path(core)).unwrap());

        let server = dumping(&home, "\"$0\"");
        wait_for("\"ready\"", &server);
        let status = after(signal, server);
        assert!(status.signal().is_some() && !status.core_dumped(), "{signal}: {status:?}");
        assert_eq!(core_files(&home), [""; 0], "{signal}");
    }
}

/// What the kernel lets nobody else attach to belongs to root in /proc, whoever runs it (proc(5)).
#[test]
fn no_process_of_the_same_user_may_look_into_the_memory() {
    let home = Home::new();
    let program = home.path("bulla");
    // By a program of its own: while this process wrote it, a child of another test would keep it from being run.
    Process::run(Command::new("cp").arg(env!("CARGO_BIN_EXE_bulla")).arg(&program), "").ok();
    let root_runs_this = fs::metadata("/proc/self").unwrap().uid() == 0;
    let as_nobody = |command: &mut Command| {
        if root_runs_this {
            chown(home.path(""), Some(NOBODY), Some(NOBODY)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
    };
    let owner = |process: &Process| fs::metadata(format!("/proc/{}/mem", process.id())).unwrap().uid();

    let mut another = Command::new("cat");
    as_nobody(&mut another);
    let another = Process::spawn(&mut another);
    assert_ne!(owner(&another), 0, "any other process is its user's");

    rsa_key(&home, "key.pem", 2048);
    openssl(&home, &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"], "");
    // The second one waits for its password.
    for arguments in ["", "seal --pem public.pem"] {
        let mut command = home.command(&program);
        command.args(arguments.split_whitespace());
        as_nobody(&mut command);
        let mut process = Process::spawn(&mut command);
        within(PATIENCE, "a process that is closed to its user", || (owner(&process) == 0).then_some(()));
        let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
        let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        assert_eq!(limit.split_whitespace().next(), Some("0"), "{limits}");
        // What has ended is root's as well.
        assert!(process.is_running(), "bulla {arguments}");
    }
}
