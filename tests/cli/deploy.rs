//! What stands in deploy/: the systemd unit, held against systemd's own judgement and against the kernel, and the
//! command that containers ask for their health.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::support::{EMAIL, Home, Process, Server, free_port, tls_files};

/// The unit, for the program that is tested.
fn unit(home: &Home) -> String {
    let unit = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/bulla.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/bulla serve "));
    let unit = unit.replace("/usr/local/bin/bulla", env!("CARGO_BIN_EXE_bulla"));
    home.write("bulla.service", &unit);
    unit
}

fn systemd_analyze(home: &Home, arguments: &[&str]) -> String {
    let mut command = Command::new("systemd-analyze");
    Process::run(command.args(arguments).current_dir(home.path("")).env("SYSTEMD_COLORS", "0"), "").ok()
}

#[test]
fn systemd_finds_no_fault_with_the_unit_and_little_exposure() {
    let home = Home::new();
    unit(&home);
    systemd_analyze(&home, &["verify", "./bulla.service"]);
    let judged = systemd_analyze(&home, &["security", "--offline=true", "--threshold=14", "./bulla.service"]);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy.md")).unwrap();
    let level = judged.split_once("bulla.service: ").unwrap().1.split(' ').next().unwrap();
    assert!(page.contains(&format!("exposure level {level}")), "docs/deploy.md names another level than {level}");
}

/// The system calls that the unit's filter lets pass, as systemd itself expands its sets.
fn allowed(home: &Home) -> BTreeSet<String> {
    let unit = unit(home);
    let mut allowed = BTreeSet::new();
    for line in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (is_denied, names) = line.strip_prefix('~').map_or((false, line), |names| (true, names));
        for call in names.split(' ').flat_map(|name| expanded(home, name)) {
            if is_denied {
                allowed.remove(&call)
            } else {
                allowed.insert(call)
            };
        }
    }
    allowed
}

fn expanded(home: &Home, name: &str) -> Vec<String> {
    if !name.starts_with('@') {
        return vec![name.to_owned()];
    }
    let printed = systemd_analyze(home, &["syscall-filter", "--no-pager", name]);
    let members = printed.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    members.flat_map(|member| expanded(home, member)).collect()
}

/// Runs a program under a filter as systemd makes it: what is not in a list fails with EPERM, and no memory is both
/// written and executed: from Linux 6.3 on, before which it says so and goes on.
const UNDER_FILTER: &str = r#"
import ctypes, errno, os, sys
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
ALLOW, DENY = 0x7FFF0000, 0x00050000 | errno.EPERM
filter = seccomp.seccomp_init(DENY)
for name in open("allowed").read().split():
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert seccomp.seccomp_rule_add_array(filter, ALLOW, number, 0, None) == 0, name
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
    assert ctypes.get_errno() == errno.EINVAL, os.strerror(ctypes.get_errno())
    print("untested: memory both written and executed, which only Linux 6.3 can refuse", file=sys.stderr, flush=True)
assert seccomp.seccomp_load(filter) == 0
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn a_server_lives_under_the_units_filter_of_system_calls() {
    let home = Home::new();
    let calls = allowed(&home);
    assert!(calls.contains("openat") && calls.contains("setpriority"), "{calls:?}");
    assert!(!calls.contains("ptrace") && !calls.contains("chown") && !calls.contains("mount"), "{calls:?}");
    home.write("allowed", &calls.into_iter().collect::<Vec<_>>().join("\n"));
    home.write("under_filter.py", UNDER_FILTER);

    // The filter is one: what it does not name is refused, even what anyone may do.
    let own = std::fs::metadata(home.path("allowed")).unwrap().uid().to_string();
    let chown = ["/usr/bin/chown", &own, "allowed"];
    Process::run(home.command(chown[0]).args(&chown[1..]), "").ok();
    let denied = Process::run(home.command("python3").arg("under_filter.py").args(chown), "");
    assert!(!denied.status.success(), "{denied:?}");
    assert!(denied.stderr.contains("Operation not permitted"), "{denied:?}");

    let settings = [("BULLA_METRICS_ADDRESS", "127.0.0.1:0"), ("RUST_LOG", "debug,sqlx=warn")];
    let mut command = home.command("python3");
    command.args(["under_filter.py", env!("CARGO_BIN_EXE_bulla"), "serve"]).envs(settings);
    let server = Server::launch(&home, &mut command);
    let tokens = server.ada();
    server.refresh(&tokens.refresh).ok(200);
    home.run(&["keys", "rotate", "sealing"]).ok();
    server.login(EMAIL);
    server.process.terminate();
    let ran = server.process.ended();
    assert!(ran.status.success() && ran.stderr.contains("stopped"), "{ran:?}");
    let is_complaint = |line: &&str| line.contains("WARN") || line.contains("ERROR") || line.contains("not permitted");
    let complaints: Vec<&str> = ran.stderr.lines().filter(is_complaint).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    // Past the harness, which keeps what a test that passes prints to itself.
    if let Some(untested) = ran.stderr.lines().find(|line| line.starts_with("untested: ")) {
        writeln!(std::io::stderr(), "{untested}").unwrap();
    }
}

#[test]
fn health_is_the_readiness_of_the_server_with_the_same_settings() {
    let port = free_port().to_string();
    let home = Home::new().with("PORT", &port);
    home.run(&["health"]).refused(&[&format!("http://127.0.0.1:{port}/readyz does not answer")]);
    let server = Server::start(&home);
    home.run(&["health"]).ok();
    // On all addresses, it is found on this machine.
    home.with("BULLA_HOST", "0.0.0.0").run(&["health"]).ok();
    server.process.terminate();
    assert!(server.process.ended().status.success());

    let home = Home::new().with("PORT", &port).with("BULLA_TLS_CERT", "tls.crt").with("BULLA_TLS_KEY", "tls.key");
    tls_files(&home);
    let _server = Server::with_tls(&home);
    home.run(&["health"]).ok();
}

#[test]
fn a_server_that_says_it_is_not_ready_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new().with("PORT", &listener.local_addr().unwrap().port().to_string());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").unwrap();
        read
    });
    home.run(&["health"]).refused(&["/readyz answered 503"]);
    assert!(answering.join().unwrap() > 0);
}
