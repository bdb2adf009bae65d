//! A disk that is full: nothing that was not stored is answered yes, reading goes on, and everybody is told what to do.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use bulla_seal::Purpose;
use serde_json::json;

use crate::support::{Answer, EMAIL, Home, PATIENCE, Process, Remote, Server, Tokens, within};

/// A file system of 8 MiB, in memory. Gone when it is dropped.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    #[track_caller]
    fn mount(home: &Home) -> Self {
        let folder = home.path("disk");
        fs::create_dir(&folder).unwrap();
        let ran = as_root(&["mount", "-t", "tmpfs", "-o", "size=8m,mode=1777", "tmpfs", &folder.display().to_string()]);
        assert!(
            ran,
            "only root may mount the small disk that this test fills; run it as root, or let sudo ask nothing"
        );
        Self { folder }
    }

    /// Down to the last byte.
    fn fill(&self) {
        let mut filling = File::options().create(true).append(true).open(self.folder.join("filling")).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while filling.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.folder.join("filling")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        as_root(&["umount", "--lazy", &self.folder.display().to_string()]);
    }
}

fn as_root(command: &[&str]) -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let sudo: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
    let words = [sudo, command].concat();
    Process::run(Command::new(words[0]).args(&words[1..]), "").status.success()
}

/// To fill a disk takes more requests than one address may send.
fn home() -> Home {
    let home = Home::new().with("BULLA_DATA_DIR", "disk/data").with("BULLA_PUBLIC_URL", "https://auth.test");
    home.with("BULLA_ADDRESS_RATE", "off")
}

/// Answers of everything that writes; each a yes that was stored, or "unavailable".
#[track_caller]
fn write_everything(server: &Remote, tokens: &Tokens, number: u32) -> Vec<Answer> {
    let email = format!("p{number}@example.com");
    let change = json!({
        "current_password": server.seal(Purpose::CurrentPassword, EMAIL, "a wrong one, but nobody gets to see that"),
        "new_password": server.seal(Purpose::NewPassword, EMAIL, "another one, which nobody gets to see either"),
    });
    vec![
        server.post("register", &server.sealed_body(Purpose::Register, &email)),
        server.try_login(EMAIL),
        server.refresh(&tokens.refresh),
        server.try_post_with_token("password", &tokens.access, &change).unwrap(),
        server.with_token("DELETE", "sessions", &tokens.access),
        server.with_token("POST", "logout", &tokens.access),
    ]
}

#[track_caller]
fn assert_told_to_come_again(answer: &Answer) {
    answer.problem(503, "unavailable");
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{answer:?}");
}

fn lines_of(server: &Server, text: &str) -> usize {
    server.log().lines().filter(|line| line.contains(text)).count()
}

#[test]
fn on_a_full_disk_writes_are_refused_reads_go_on_and_room_is_all_it_takes() {
    let home = home();
    let disk = SmallDisk::mount(&home);
    let server = Server::start(&home);
    let tokens = server.ada();
    disk.fill();

    // What was written before left some room in the write-ahead log.
    let mut stored = Vec::new();
    let refused = (0..400).find(|number| {
        let email = format!("q{number}@example.com");
        let answer = server.post("register", &server.sealed_body(Purpose::Register, &email));
        match answer.status {
            201 => stored.push(email),
            _ => assert_told_to_come_again(&answer),
        }
        answer.status == 503
    });
    let refused = format!("q{}@example.com", refused.expect("a disk can be filled"));
    for number in 0..3 {
        write_everything(&server, &tokens, number).iter().for_each(assert_told_to_come_again);
    }
    for path in ["profile", "verify", "sessions"] {
        server.with_token("GET", path, &tokens.access).ok(200);
    }
    for path in ["sealing-key", "/.well-known/jwks.json", "/healthz", "/readyz"] {
        server.get(path).ok(200);
    }
    assert_eq!(lines_of(&server, "the disk of the database is full"), 1, "{}", server.log());
    assert_eq!(lines_of(&server, r#""level":"ERROR""#), 1, "{}", server.log());
    home.run(&["check"]).refused(&["the disk of disk/data/bulla.db is full", "make room"]);

    disk.make_room();
    home.run(&["check"]).ok();
    within(PATIENCE, "a write, and the line that says so", || {
        server.login(EMAIL);
        (lines_of(&server, "there is room") == 1).then_some(())
    });
    // The session was not ended, for that could not be written.
    let tokens = Tokens::of(&server.refresh(&tokens.refresh));
    server.with_token("POST", "logout", &tokens.access).ok(200);
    server.register(&refused);
    for email in stored {
        server.login(&email);
    }
}

#[test]
fn a_start_on_a_full_disk_says_what_to_do() {
    let home = home();
    let disk = SmallDisk::mount(&home);
    let server = Server::start(&home);
    server.ada();
    server.process.terminate();
    server.process.ended();
    disk.fill();
    home.start_refused(&["the disk of disk/data/bulla.db is full", "make room"]);
    home.run(&["check"]).refused(&["the disk of disk/data/bulla.db is full", "make room"]);
    disk.make_room();
    Server::start(&home).login(EMAIL);
}

#[test]
fn a_first_start_on_a_full_disk_says_so_and_leaves_nothing_half_made() {
    let home = home();
    let disk = SmallDisk::mount(&home);
    disk.fill();
    let ran = home.run(&[]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(ran.stderr.contains("full") || ran.stderr.contains("No space left"), "{ran:?}");
    disk.make_room();
    Server::start(&home).ada();
}
