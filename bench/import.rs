//! How fast `bulla users import` is, and how much memory it takes: into SQLite, and into MySQL where
//! `BULLA_TEST_DATABASE_URL` names an empty database. `make import` runs it.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// The second import finds ten times as many rows: memory must not grow with them.
const ROWS: [usize; 2] = [20_000, 200_000];

fn main() -> Result<(), Failure> {
    let mysql = std::env::var("BULLA_TEST_DATABASE_URL").ok();
    for rows in ROWS {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("users.csv"), users(rows)?)?;
        measure("SQLite, a dry run", folder.path(), None, &["--dry-run"])?;
        measure("SQLite", folder.path(), None, &[])?;
        measure("SQLite, all are here already", folder.path(), None, &[])?;
        // Once only: it must be empty.
        if let Some(url) = mysql.as_ref().filter(|_| rows == ROWS[1]) {
            measure("MySQL", folder.path(), Some(url), &[])?;
        }
    }
    Ok(())
}

/// As the tutorial's system would have them; ids and addresses come in no order that an index likes.
fn users(rows: usize) -> Result<String, Failure> {
    let mut text = String::from("id,name,email,password,created_at\n");
    for row in 0..rows {
        let (id, mixed) = (rows * 10 + row, (row * 7919) % rows);
        let salt = format!("{mixed:022}");
        writeln!(text, "{id},Person {row},Person{mixed}@Example.com,$2b$10${salt}{:031},2024-01-02 03:04:05", row)?;
    }
    Ok(text)
}

fn measure(what: &str, folder: &Path, database: Option<&str>, options: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulla"));
    command.args(["users", "import", "--from", "users.csv", "--json"]).args(options).current_dir(folder);
    command.env_remove("BULLA_TEST_DATABASE_URL").stdout(Stdio::piped());
    if let Some(url) = database {
        command.env("DATABASE_URL", url);
    }
    let mut child = command.spawn()?;
    let mut most_kib = 0;
    while child.try_wait()?.is_none() {
        most_kib = most_kib.max(most_memory_kib(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output()?;
    let summary: Value = serde_json::from_slice(&output.stdout)?;
    if !output.status.success() {
        return Err(format!("{what}: {summary}").into());
    }
    println!(
        "{what:30} {:>8} rows  {:>8} rows/s  {:>4} MiB",
        summary["rows"],
        summary["rows_per_second"].as_f64().unwrap_or_default(),
        most_kib / 1024
    );
    Ok(())
}

/// The most that a process ever held, which the kernel forgets with it.
fn most_memory_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().split(' ').next()?.parse().ok()
}
