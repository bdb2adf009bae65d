//! A disk that is slow, and one that loses what was written: who is answered has waited for it, and is not told yes by
//! mistake.

use std::fs::{self, File};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bulla_seal::Purpose;

use crate::support::{Answer, EMAIL, Home, Pace, Process, Server, Tokens};

/// Stands between a program and the C library, and does as the files in its folder say.
const DISK: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int file) {
    int asked = open("disk-asked", O_WRONLY | O_APPEND);
    if (asked >= 0 && write(asked, ".", 1) == 1)
        close(asked);
    if (access("disk-hesitates", F_OK) == 0)
        usleep(3000000);
    if (access("disk-loses", F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    if (access("disk-is-slow", F_OK) == 0)
        usleep(300000);
    return (int)syscall(SYS_fdatasync, file);
}
"#;
const SLOW: Duration = Duration::from_millis(300);

#[track_caller]
fn home() -> Home {
    let home = Home::new().with("BULLA_PUBLIC_URL", "https://auth.test");
    let library = home.path("disk.so");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-x", "c", "-", "-o"]).arg(&library);
    Process::run(&mut compile, DISK).ok();
    home.with("LD_PRELOAD", &library.display().to_string()).with("BULLA_DATABASE_TIMEOUT", "1500ms")
}

#[track_caller]
fn timed(ask: impl FnOnce() -> Answer) -> Duration {
    let begun = Instant::now();
    let answer = ask();
    assert!(answer.status < 300, "{answer:?}");
    begun.elapsed()
}

#[test]
fn whoever_writes_waits_for_the_disk_and_together() {
    let home = home();
    let server = Server::start(&home);
    let (mut tokens, other) = (server.ada(), server.login(EMAIL));
    let sessions: Vec<Tokens> = (0..8).map(|_| server.login(EMAIL)).collect();
    File::create(home.path("disk-is-slow")).unwrap();

    let another = server.sealed_body(Purpose::Register, "grace@example.com");
    assert!(timed(|| server.post("register", &another)) >= SLOW);
    let login = server.sealed_body(Purpose::Login, EMAIL);
    assert!(timed(|| server.post("login", &login)) >= SLOW);
    let refreshed = timed(|| {
        let answer = server.refresh(&tokens.refresh);
        tokens = Tokens::of(&answer);
        answer
    });
    assert!(refreshed >= SLOW);
    assert!(timed(|| server.with_token("POST", "logout", &other.access)) >= SLOW);

    // One after the other would take eight times as long.
    let begun = Pace::now();
    let all = timed(|| {
        thread::scope(|scope| {
            let refreshing: Vec<_> =
                sessions.iter().map(|tokens| scope.spawn(|| server.refresh(&tokens.refresh))).collect();
            refreshing.into_iter().map(|refreshing| refreshing.join().unwrap()).max_by_key(|answer| answer.status)
        })
        .unwrap()
    });
    assert!(all >= SLOW && begun.elapsed() < SLOW * 6, "{all:?}, {:?}", begun.elapsed());
}

/// Its first transaction is before the second one in the log.
#[test]
fn a_login_asks_the_disk_once() {
    let home = home();
    let server = Server::start(&home);
    server.ada();
    // In the background, a start writes for a moment longer.
    thread::sleep(Duration::from_secs(1));
    let asked = home.path("disk-asked");
    File::create(&asked).unwrap();
    for logins in 1..=3 {
        server.login(EMAIL);
        assert_eq!(fs::metadata(&asked).unwrap().len(), logins);
    }
}

#[test]
fn what_the_disk_lost_is_not_answered_yes_and_nothing_is_written_after_it() {
    let home = home();
    let server = Server::start(&home);
    let tokens = server.ada();
    let login = || server.post("login", &server.sealed_body(Purpose::Login, EMAIL));

    server.get("/readyz").ok(200);
    File::create(home.path("disk-loses")).unwrap();
    login().problem(503, "unavailable");
    // What comes later in the log would not be found either.
    fs::remove_file(home.path("disk-loses")).unwrap();
    login().problem(503, "unavailable");
    server.refresh(&tokens.refresh).problem(503, "unavailable");
    assert_eq!(server.log().matches("the disk could not keep what was written").count(), 1, "{}", server.log());
    for path in ["profile", "verify"] {
        server.with_token("GET", path, &tokens.access).ok(200);
    }
    // Whoever asks that takes the server out of service.
    server.get("/readyz").problem(503, "unavailable");
    server.get("/healthz").ok(200);

    drop(server);
    let server = Server::start(&home);
    server.get("/readyz").ok(200);
    server.refresh(&tokens.refresh).ok(200);
    server.login(EMAIL);
}

/// The one request that asked for it has been told "unavailable" long before, and nobody else writes.
#[test]
fn a_loss_that_nobody_waited_for_is_known_all_the_same() {
    let home = home();
    let server = Server::start(&home);
    server.ada();
    File::create(home.path("disk-hesitates")).unwrap();
    File::create(home.path("disk-loses")).unwrap();
    server.post("login", &server.sealed_body(Purpose::Login, EMAIL)).problem(503, "unavailable");
    server.get("/readyz").ok(200);
    thread::sleep(Duration::from_secs(3));
    server.get("/readyz").problem(503, "unavailable");
}
