//! What a person sees of the log, through a terminal as `script` (util-linux) makes one.

use std::process::Command;

use crate::support::{EMAIL, Home, PATIENCE, Process, Remote, within};

/// A server that writes to a terminal of 200 columns.
struct OnTerminal {
    process: Process,
    remote: Remote,
}

impl OnTerminal {
    fn start(home: &Home) -> Self {
        let server = home.bulla(&["serve"]);
        let mut script = Command::new("script");
        let program = server.get_program().to_str().unwrap().to_owned() + " serve";
        script.args(["--quiet", "--return", "--command", &program, "/dev/null"]);
        script.current_dir(server.get_current_dir().unwrap());
        for (name, value) in server.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        let process = Process::spawn(&mut script);
        let address = |line: &str| line.split_once("address=")?.1.split(' ').next().map(str::to_owned);
        let address = process.stdout.wait_for(PATIENCE, "the line \"ready\"", address);
        Self { process, remote: Remote::at(&address) }
    }

    /// Everything until now, once `last` is there.
    fn lines_until(&self, last: &str) -> Vec<String> {
        self.process.stdout.wait_for(PATIENCE, last, |line| line.contains(last).then_some(()));
        self.process.stdout.text().lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

impl Drop for OnTerminal {
    /// Asks `script`, which asks the server. That its terminal is gone would not end one whose tests run under `nohup`.
    fn drop(&mut self) {
        self.process.terminate();
        within(PATIENCE, "the end of the server", || (!self.process.is_running()).then_some(()));
    }
}

/// `14:03:27Z INFO  …`
fn rest_after_time<'l>(line: &'l str, level: &str) -> Option<&'l str> {
    let (time, rest) = line.split_once("Z ")?;
    let is_time = time.len() == 8 && time.split(':').all(|part| part.len() == 2 && part.parse::<u8>().is_ok());
    rest.strip_prefix(&format!("{level:5}  ")).filter(|_| is_time)
}

#[test]
fn a_request_is_one_short_line_with_what_matters() {
    let home = Home::new().with("NO_COLOR", "1");
    let server = OnTerminal::start(&home);
    server.remote.register(EMAIL);
    let refused = server.remote.get("/nowhere");
    let id = refused.header("x-request-id").unwrap();
    let lines = server.lines_until(id);
    let line =
        |part: &str| lines.iter().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {lines:#?}"));

    let registered = rest_after_time(line("/api/auth/register"), "INFO").expect("a time and a level");
    let words: Vec<&str> = registered.split_whitespace().collect();
    assert_eq!([words[0], words[1], words[2], words[4]], ["POST", "/api/auth/register", "201", "ms"], "{registered}");
    assert!(words[3].parse::<f64>().unwrap() > 0.0 && words.len() == 5, "{registered}");

    let nowhere = rest_after_time(line("(none)"), "INFO").expect("a time and a level");
    assert!(nowhere.ends_with(&format!("ms  not_found, from 127.0.0.1, request {id}")), "{nowhere}");
    assert_eq!(registered.find("201"), nowhere.find("404"), "the statuses stand below each other");
    assert!(line("audit: ").len() < 200 && !lines.concat().contains("user_agent"), "{lines:#?}");
}

#[test]
fn colors_are_on_a_terminal_only_and_not_for_who_wants_none() {
    let escape = '\u{1b}';
    let colored = OnTerminal::start(&Home::new().with("BULLA_ALLOW_PLAINTEXT", "true")).lines_until("ready").concat();
    assert!(colored.contains("\u{1b}[33mWARN \u{1b}[0m") && colored.contains("\u{1b}[2m"), "{colored:?}");
    let plain = OnTerminal::start(&Home::new().with("NO_COLOR", "1")).lines_until("ready").concat();
    assert!(!plain.contains(escape), "{plain:?}");
    // An empty one counts as none (https://no-color.org).
    let colored = OnTerminal::start(&Home::new().with("NO_COLOR", "")).lines_until("ready").concat();
    assert!(colored.contains(escape), "{colored:?}");
    let piped = crate::support::Server::start(&Home::new()).log();
    assert!(!piped.contains(escape) && piped.starts_with('{'), "{piped}");
}

#[test]
fn an_error_on_a_terminal_names_its_request_and_not_more_of_it() {
    let home = Home::new().with("NO_COLOR", "1");
    let server = OnTerminal::start(&home);
    server.remote.register(EMAIL);
    let tables = "ALTER TABLE accounts RENAME TO elsewhere";
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])";
    let database = home.path("bulla-data/bulla.db").display().to_string();
    Process::run(Command::new("python3").args(["-c", script, &database, tables]), "").ok();
    let id = server.remote.try_login(EMAIL).header("x-request-id").unwrap().to_owned();
    let lines = server.lines_until(&format!(", request {id}"));
    let error = lines.iter().find_map(|line| rest_after_time(line, "ERROR")).unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(error.contains(&format!("request_id={id}")) && !error.contains("route="), "{error}");
}
