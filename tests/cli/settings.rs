//! Where settings come from, which one wins, and what is refused.

use std::net::TcpListener;

use crate::support::{Home, SECRET, Server, openssl};

/// `bulla check`, which tells the setting that is in force.
fn in_force(home: &Home, setting: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = home.bulla(&[&["check"], arguments].concat());
    command.envs(environment.iter().copied());
    let report = crate::support::Process::run(&mut command, "").ok();
    let line = report.lines().find_map(|line| line.strip_prefix(setting)).unwrap_or_else(|| panic!("{report}"));
    line.trim().to_owned()
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_a_line_in_dot_env() {
    let home = Home::new();
    let setting = "public url (issuer)";
    home.write(".env", "BULLA_PUBLIC_URL=https://from.file\n");
    assert_eq!(in_force(&home, setting, &[], &[]), "https://from.file");
    let environment = [("BULLA_PUBLIC_URL", "https://from.environment")];
    assert_eq!(in_force(&home, setting, &[], &environment), "https://from.environment");
    let flag = ["--public-url", "https://from.flag"];
    assert_eq!(in_force(&home, setting, &flag, &environment), "https://from.flag");
}

#[test]
fn a_server_takes_its_settings_from_dot_env() {
    let home = Home::new();
    home.write(".env", "BULLA_DATA_DIR=elsewhere\nJWT_EXPIRES=15m\n");
    let server = Server::start(&home);
    assert!(home.path("elsewhere/bulla.db").exists() && !home.path("bulla-data").exists());
    server.register(crate::support::EMAIL);
    assert_eq!(server.try_login(crate::support::EMAIL).ok(200)["expires_in"], 900);
}

#[test]
fn a_dot_env_that_cannot_be_read_stops_the_start() {
    let home = Home::new();
    home.write(".env", "PORT=0\nhunter2 and more\n");
    home.start_refused(&[".env: line 2 is not of the form NAME=value"]);
}

#[test]
fn a_port_in_use_is_said_with_the_setting_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let home = Home::new().with("PORT", &port);
    home.start_refused(&[&format!("127.0.0.1:{port} is in use"), "PORT"]);
    assert!(!home.path("bulla-data").exists(), "a start that fails leaves nothing behind");
}

#[test]
fn a_metrics_address_in_use_is_said_with_the_setting_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Home::new()
        .with("BULLA_METRICS_ADDRESS", &address)
        .start_refused(&[&format!("{address} is in use"), "BULLA_METRICS_ADDRESS"]);
}

#[test]
fn a_misspelled_setting_stops_the_start_and_the_nearest_is_suggested() {
    let home = Home::new().with("BULLA_PUBLIC_ULR", "https://auth.example.com");
    home.start_refused(&["BULLA_PUBLIC_ULR is not a setting; did you mean BULLA_PUBLIC_URL?"]);
    let home = Home::new();
    home.write(".env", "BULLA_MASTR_KEY=x\n");
    home.start_refused(&["BULLA_MASTR_KEY is not a setting; did you mean BULLA_MASTER_KEY?"]);
}

#[test]
fn a_name_that_resembles_no_setting_stops_the_start_without_a_suggestion() {
    let complaint = Home::new().with("BULLA_XYZZY", "1").start_refused(&["BULLA_XYZZY is not a setting"]);
    assert!(!complaint.contains("did you mean"), "{complaint}");
}

#[test]
fn the_tutorials_secret_is_refused_with_the_reason() {
    Home::new().with("JWT_SECRET", "super_secret_key").start_refused(&["JWT_SECRET", "well-known", "openssl rand"]);
}

#[test]
fn a_weak_shared_secret_is_refused_and_not_repeated() {
    for (secret, reason) in [(&SECRET[..31], "at least 32"), (&"ab".repeat(32), "regular")] {
        let complaint = Home::new().with("JWT_SECRET", secret).start_refused(&["JWT_SECRET", reason]);
        assert!(!complaint.contains(secret), "{complaint}");
    }
    Server::start(&Home::new().with("JWT_SECRET", SECRET));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let home = Home::new()
        .with("PORT", "eighty")
        .with("BULLA_ARGON2", "m=8,t=1,p=1")
        .with("BULLA_PASSWORD_MIN_LENGTH", "7")
        .with("BULLA_TLS_CERT", "tls.crt")
        .with("BULLA_SIGNING_ALG", "none")
        .with("BULLA_SEALING_BITS", "1024")
        .with("DB_HOST", "localhost")
        .with("BULLA_HSOT", "::");
    let settings = [
        "PORT",
        "BULLA_ARGON2",
        "BULLA_PASSWORD_MIN_LENGTH",
        "BULLA_TLS_KEY",
        "BULLA_SIGNING_ALG",
        "BULLA_SEALING_BITS",
    ];
    home.start_refused(&[&settings[..], &["DB_NAME is missing", "BULLA_HSOT"]].concat());
}

#[test]
fn every_secret_has_a_file_twin() {
    let home = Home::new();
    home.write("jwt.secret", SECRET);
    home.write("database.url", "sqlite:./other.db\n");
    home.write("master", &openssl(&home, &["rand", "-hex", "32"], ""));
    let files =
        [("JWT_SECRET_FILE", "jwt.secret"), ("DATABASE_URL_FILE", "database.url"), ("BULLA_MASTER_KEY_FILE", "master")];
    Server::with(&home, &files);
    assert!(home.path("other.db").exists());
    assert!(!home.path("bulla-data/master.key").exists());
    assert!(in_force(&home, "tokens", &[], &files).starts_with("HS256"));
    home.write("db.password", "hunter2\n");
    let mysql = [("DB_HOST", "localhost"), ("DB_NAME", "shop"), ("DB_PASSWORD_FILE", "missing")];
    let mut command = home.bulla(&["check"]);
    crate::support::Process::run(command.envs(mysql), "").refused(&["DB_PASSWORD_FILE: cannot read missing"]);
}

#[test]
fn a_secret_and_its_file_twin_together_are_refused() {
    let home = Home::new();
    home.write("file", &"a".repeat(64));
    for name in ["JWT_SECRET", "DATABASE_URL", "BULLA_MASTER_KEY"] {
        let home = Home::new().with(name, &"a".repeat(64)).with(&format!("{name}_FILE"), "file");
        home.start_refused(&[&format!("{name} and {name}_FILE are both given")]);
    }
}

#[test]
fn a_file_twin_that_is_missing_is_named() {
    for name in ["JWT_SECRET", "DATABASE_URL", "BULLA_MASTER_KEY", "OTEL_EXPORTER_OTLP_HEADERS"] {
        Home::new().with(&format!("{name}_FILE"), "nowhere").start_refused(&["nowhere", "No such file"]);
    }
}

#[test]
fn a_file_twin_that_others_can_read_stops_the_start() {
    for (name, secret) in [("JWT_SECRET", SECRET), ("DATABASE_URL", "sqlite:./other.db")] {
        let home = Home::new().with(&format!("{name}_FILE"), "secret");
        home.write("secret", secret);
        for mode in [0o644, 0o640, 0o604] {
            home.set_mode("secret", mode);
            home.start_refused(&[&format!("{name}_FILE: others can read secret (mode {mode:o})"), "chmod 600 secret"]);
        }
        home.set_mode("secret", 0o400);
        Server::start(&home);
    }
}

#[test]
fn a_dot_env_that_others_can_read_is_warned_about_if_a_secret_is_in_it() {
    let (home, warning) = (Home::new(), "others can read .env, which holds JWT_SECRET; run: chmod 600 .env");
    for (text, mode, expected) in
        [("JWT_SECRET=", 0o644, true), ("JWT_SECRET=", 0o600, false), ("BULLA_AUDIENCE=", 0o644, false)]
    {
        home.write(".env", &format!("{text}{SECRET}\n"));
        home.set_mode(".env", mode);
        let ran = home.run(&["check"]);
        assert_eq!(ran.stderr.contains(warning), expected, "{text} {mode:o}: {}", ran.stderr);
    }
}

#[test]
fn a_master_key_file_that_others_can_read_stops_the_start() {
    let home = Home::new().with("BULLA_MASTER_KEY_FILE", "master");
    home.write("master", &openssl(&home, &["rand", "-hex", "32"], ""));
    home.set_mode("master", 0o644);
    home.start_refused(&["others can read", "chmod 600 master"]);
    home.set_mode("master", 0o600);
    Server::start(&home);
}

#[test]
fn plaintext_passwords_are_warned_about_at_every_start() {
    let home = Home::new().with("BULLA_ALLOW_PLAINTEXT", "true");
    for _ in 0..2 {
        let log = Server::start(&home).log();
        assert!(log.contains("WARN") && log.contains("passwords are accepted in clear"), "{log}");
    }
    let home = Home::new();
    assert!(!Server::start(&home).log().contains("accepted in clear"));
}
