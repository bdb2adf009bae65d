//! `bulla check`

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::support::{Home, Process, Ran, Server, free_port, openssl, tls_files};

fn check_json(home: &Home) -> (Option<i32>, Value) {
    let ran = home.run(&["check", "--json"]);
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    (ran.status.code(), report)
}

#[test]
fn everything_in_force_is_told_when_nothing_is_wrong() {
    let home = Home::new();
    drop(Server::start(&home));
    let report = home.run(&["check"]).ok();
    for (setting, value) in [
        ("listen", "127.0.0.1:0"),
        ("database", "sqlite:./bulla-data/bulla.db"),
        ("master key", "./bulla-data/master.key"),
        ("tokens", "ES256, valid for 600 s"),
        ("sealed forms", "jwe, raw"),
        ("passwords in clear", "refused"),
        ("least password length", "15"),
        ("password hash", "argon2id m=19456,t=2,p=1"),
        ("address rate", "2/s, 60 at once"),
        ("trusted proxies", "none"),
        ("cors origins", "none"),
        ("connections", "10000"),
        ("tls", "off"),
    ] {
        let is_told = |line: &str| line.strip_prefix(setting).is_some_and(|rest| rest.trim() == value);
        assert!(report.lines().any(is_told), "{setting} is not {value}:\n{report}");
    }
    assert!(report.ends_with("Nothing is wrong.\n"), "{report}");
}

#[test]
fn before_the_first_start_it_makes_nothing() {
    let home = Home::new();
    home.run(&["check"]).ok();
    assert_eq!(std::fs::read_dir(home.path("")).unwrap().count(), 0);
}

#[test]
fn secrets_are_never_printed() {
    let (password, secret, key) = ("hunter2hunter2", "a-shared-secret-of-at-least-32-bytes", "ab".repeat(32));
    // Nothing listens on port 1, so that the failure to connect is part of what is printed.
    let home = Home::new()
        .with("DATABASE_URL", &format!("mysql://app:{password}@127.0.0.1:1/shop"))
        .with("JWT_SECRET", secret)
        .with("BULLA_MASTER_KEY", &key)
        .with("RUST_LOG", "trace");
    for arguments in [&["check"][..], &["check", "--json"]] {
        let ran = home.run(arguments);
        assert!(ran.stdout.contains("mysql://app:…@127.0.0.1:1/shop"), "{ran:?}");
        assert!(ran.stdout.contains("HS256") && ran.stdout.contains("given in the environment"), "{ran:?}");
        for hidden in [password, secret, &key] {
            assert!(!ran.stdout.contains(hidden) && !ran.stderr.contains(hidden), "{hidden} is in {ran:?}");
        }
        ran.refused(&["cannot connect to mysql://app:…@127.0.0.1:1/shop"]);
    }
}

#[test]
fn help_shows_no_secret_either() {
    let home = Home::new()
        .with("DATABASE_URL", "mysql://app:hunter2hunter2@localhost/shop")
        .with("DB_PASSWORD", "hunter2hunter2")
        .with("JWT_SECRET", "hunter2hunter2")
        .with("BULLA_MASTER_KEY", "hunter2hunter2");
    let help = home.run(&["serve", "--help"]).ok();
    assert!(help.contains("JWT_SECRET") && !help.contains("hunter2"), "{help}");
}

#[test]
fn all_problems_are_told_at_once() {
    let home = Home::new()
        .with("BULLA_TLS_CERT", "no.crt")
        .with("BULLA_TLS_KEY", "no.key")
        .with("BULLA_MASTER_KEY_FILE", "no.master");
    home.run(&["check"]).refused(&["no.crt", "no.master"]);
    let home = Home::new().with("PORT", "x").with("BULLA_HOST", "y").with("BULLA_HSOT", "z");
    home.run(&["check"]).refused(&["PORT", "BULLA_HOST", "BULLA_HSOT"]);
}

/// Nothing is made, and nothing is told twice.
#[test]
fn problems_of_all_kinds_are_told_at_once() {
    let taken = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [port, metrics] = taken.each_ref().map(|taken| taken.local_addr().unwrap().port());
    let metrics = format!("127.0.0.1:{metrics}");
    let home = Home::new()
        .with("PORT", &port.to_string())
        .with("BULLA_METRICS_ADDRESS", &metrics)
        .with("BULLA_DATA_DIR", "file/data")
        .with("BULLA_MASTER_KEY_FILE", "master")
        .with("DATABASE_URL", "mysql://app:hunter2@127.0.0.1:1/shop")
        .with("BULLA_TLS_CERT", "no.crt")
        .with("BULLA_TLS_KEY", "no.key")
        .with("RUST_LOG", "info,=x=")
        .with("BULLA_HASH_QUEUE", "none")
        .with("BULLA_CROS_ORIGINS", "https://app.example.com");
    home.write("file", "");
    home.write("master", &"ab".repeat(32));
    home.set_mode("master", 0o644);
    home.write(".env", "no setting\nBULLA_ADDRESS_RATE=fast\n");
    let problems = [
        ".env: line 1 is not of the form NAME=value",
        "RUST_LOG cannot be understood",
        "BULLA_CROS_ORIGINS is not a setting; did you mean BULLA_CORS_ORIGINS?",
        "BULLA_HASH_QUEUE must be a whole number",
        "BULLA_ADDRESS_RATE must be like 2/s,60",
        "cannot read no.crt",
        &format!("127.0.0.1:{port} is in use; choose another one with PORT"),
        &format!("{metrics} is in use; choose another one with BULLA_METRICS_ADDRESS"),
        "cannot connect to mysql://app:…@127.0.0.1:1/shop",
        "others can read master (mode 644); run: chmod 600 master",
    ];
    let complaint = home.run(&["check"]).refused(&problems);
    assert_eq!(complaint.lines().count(), problems.len(), "{complaint}");
    // Of the default database, which nobody asked for, nothing is said.
    let complaint = home.with("DATABASE_URL", "oracle://x").run(&["check"]).refused(&["DATABASE_URL"]);
    assert!(!complaint.contains("no folder"), "{complaint}");
}

/// Runs `bulla …` as someone whom the modes of files bind; root is bound by them once it gave that power away.
#[track_caller]
fn run_bound_by_modes(home: &Home, arguments: &[&str]) -> Ran {
    if std::fs::metadata(home.path("")).unwrap().uid() != 0 {
        return home.run(arguments);
    }
    let mut command = home.command("setpriv");
    command.args(["--inh-caps=-dac_override", "--bounding-set=-dac_override", env!("CARGO_BIN_EXE_bulla")]);
    Process::run(command.args(arguments), "")
}

#[test]
fn a_folder_that_cannot_be_written_to_is_a_problem() {
    for folder in ["locked", "locked/data"] {
        let home = Home::new().with("BULLA_DATA_DIR", folder);
        std::fs::create_dir(home.path("locked")).unwrap();
        run_bound_by_modes(&home, &["check"]).ok();
        home.set_mode("locked", 0o500);
        run_bound_by_modes(&home, &["check"]).refused(&["cannot write to locked: Permission denied"]);
        run_bound_by_modes(&home, &[]).refused(&[&format!("cannot create {folder}")]);
    }
    let home = Home::new().with("BULLA_DATA_DIR", "file/data");
    home.write("file", "");
    home.run(&["check"]).refused(&["file is no folder"]);
    home.start_refused(&["cannot create file/data", "file is no folder"]);
    let home = Home::new().with("DATABASE_URL", "sqlite:nowhere/bulla.db");
    home.run(&["check"]).refused(&["nowhere does not exist"]);
}

#[test]
fn a_start_that_fails_tells_everything_that_stands_in_its_way() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let home = Home::new()
        .with("PORT", &port)
        .with("BULLA_MASTER_KEY_FILE", "no.master")
        .with("BULLA_TLS_CERT", "no.crt")
        .with("BULLA_TLS_KEY", "no.key")
        .with("DATABASE_URL", "mysql://app@127.0.0.1:1/shop");
    let complaint = home.start_refused(&["no.crt", "in use", "no.master", "cannot connect to mysql://"]);
    assert_eq!(complaint.lines().count(), 4, "{complaint}");
}

#[test]
fn the_addresses_of_a_running_server_are_no_problem_of_its_own() {
    let metrics = format!("127.0.0.1:{}", free_port());
    let home = Home::new().with("PORT", &free_port().to_string()).with("BULLA_METRICS_ADDRESS", &metrics);
    let server = Server::start(&home);
    home.run(&["check"]).ok();
    // A server with other keys is in the way.
    let address = server.address.clone();
    home.with("BULLA_DATA_DIR", "other").run(&["check"]).refused(&[&format!("{address} is in use"), &metrics]);
}

#[test]
fn in_json_the_problems_stand_beside_what_is_in_force() {
    let home = Home::new();
    let (code, report) = check_json(&home);
    assert_eq!((code, &report["problems"]), (Some(0), &Value::Array(vec![])));
    assert!(report["in_force"].as_array().unwrap().contains(&serde_json::json!(["connections", "10000"])));
    drop(Server::start(&home));
    home.set_mode("bulla-data/master.key", 0o644);
    let (code, report) = check_json(&home);
    assert_eq!(code, Some(1));
    assert!(report["problems"][0].as_str().unwrap().contains("chmod 600"), "{report}");
    assert!(!report["in_force"].as_array().unwrap().is_empty());
}

#[test]
fn a_master_key_that_does_not_fit_the_database_is_a_problem_of_each_key() {
    let home = Home::new();
    drop(Server::start(&home));
    home.write("bulla-data/master.key", &openssl(&home, &["rand", "-hex", "32"], ""));
    let complaint = home.run(&["check"]).refused(&["sealing key", "signing key", "another master key"]);
    assert_eq!(complaint.lines().count(), 2, "{complaint}");
}

#[test]
fn a_missing_master_key_is_a_problem_once_there_are_keys() {
    let home = Home::new();
    home.run(&["check"]).ok();
    drop(Server::start(&home));
    std::fs::remove_file(home.path("bulla-data/master.key")).unwrap();
    home.run(&["check"]).refused(&["master.key is missing"]);
    assert!(!home.path("bulla-data/master.key").exists());
}

#[test]
fn what_stops_the_first_start_is_a_problem_before_it() {
    let home = Home::new();
    home.write("bulla-data/master.key", &"ab".repeat(32));
    home.set_mode("bulla-data/master.key", 0o644);
    home.run(&["check"]).refused(&["chmod 600"]);
    home.start_refused(&["chmod 600"]);
}

#[test]
fn a_tls_key_that_others_can_read_is_a_problem() {
    let home = Home::new().with("BULLA_TLS_CERT", "tls.crt").with("BULLA_TLS_KEY", "tls.key");
    tls_files(&home);
    home.run(&["check"]).ok();
    home.set_mode("tls.key", 0o644);
    home.run(&["check"]).refused(&["others can read", "chmod 600 tls.key"]);
}

#[test]
fn tuning_finds_a_hash_that_is_strong_enough_and_keeps_to_the_time() {
    let home = Home::new().with("BULLA_HASH_THREADS", "1");
    let ran = home.run(&["check", "--tune", "400ms", "--json"]);
    let tuned: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let choices = tuned["choices"].as_array().unwrap();
    assert!(
        choices.len() > 1 && choices.iter().all(|choice| choice["milliseconds"].as_f64().unwrap() <= 400.0),
        "{tuned}"
    );
    assert!(choices.iter().all(|choice| choice["times_least"].as_f64().unwrap() >= 1.0), "{tuned}");
    // What it advises can be set, and is in force then.
    let strongest = tuned["strongest"].as_str().unwrap();
    let report = home.with("BULLA_ARGON2", strongest).run(&["check"]).ok();
    assert!(report.contains(&format!("argon2id {strongest}")), "{report}");
}

#[test]
fn tuning_to_a_time_that_no_strong_hash_keeps_says_so() {
    let home = Home::new();
    home.run(&["check", "--tune", "1ms"]).refused(&["takes 1 ms or less here", "give more time"]);
    let refused = home.run(&["check", "--tune", "soon"]);
    assert!(!refused.status.success() && refused.stderr.contains("15m"), "{refused:?}");
    assert!(!home.path("bulla-data").exists());
}
