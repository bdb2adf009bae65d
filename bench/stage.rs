//! The real binary on a loopback port, with accounts that were brought along before it started.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub type Failure = Box<dyn std::error::Error>;

/// For an import, and for a start.
const PATIENCE: Duration = Duration::from_secs(60);

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
        let log = folder.path().join("log");
        let mut command = bulla(folder.path());
        command.env("PORT", "0").env("BULLA_METRICS_ADDRESS", "off").envs(settings.iter().copied());
        let process = command.stdout(Stdio::null()).stderr(std::fs::File::create(&log)?).spawn()?;
        // Made before the wait, so that a server that never gets ready is killed too.
        let mut stage = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)), _folder: folder };
        stage.address = wait_until_ready(&log)?;
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

fn wait_until_ready(log: &Path) -> Result<SocketAddr, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let text = std::fs::read_to_string(log)?;
        let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = lines.find(|line| line["message"] == "ready") {
            return Ok(line["address"].as_str().ok_or("no address")?.parse()?);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("the server did not get ready: {}", std::fs::read_to_string(log)?).into())
}
