//! The real binary on a loopback port, with accounts that were brought along before it started.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub type Failure = Box<dyn std::error::Error>;

/// Killed when dropped.
pub struct Stage {
    pub process: Child,
    pub address: SocketAddr,
    /// After the process, so that it goes last.
    _folder: TempDir,
}

impl Stage {
    /// `users` is a CSV file for `bulla users import`; `settings` are environment variables.
    pub fn start(users: &str, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("users.csv"), users)?;
        let imported = bulla(folder.path()).args(["users", "import", "--from", "users.csv", "--json"]).output()?;
        if !imported.status.success() {
            return Err(String::from_utf8_lossy(&imported.stderr).into());
        }
        let mut command = bulla(folder.path());
        command.env("PORT", "0").env("BULLA_METRICS_ADDRESS", "off").envs(settings.iter().copied());
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let log = process.stderr.take().ok_or("no log")?;
        // Made before the wait, so that a server that never gets ready is killed too.
        let mut stage = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)), _folder: folder };
        stage.address = wait_until_ready(log)?;
        Ok(stage)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn bulla(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulla"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BULLA_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.current_dir(folder);
    command
}

/// Reads the log to its end, as whoever keeps it would; a server whose log nobody reads stands still.
fn wait_until_ready(log: ChildStderr) -> Result<SocketAddr, Failure> {
    let mut log = BufReader::new(log);
    let mut line = String::new();
    while log.read_line(&mut line)? > 0 {
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if said["message"] == "ready" {
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return Ok(said["address"].as_str().ok_or("no address")?.parse()?);
        }
        line.clear();
    }
    Err("the server did not get ready".into())
}
