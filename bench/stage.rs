//! The real binary in a folder of its own, on a loopback port, and the accounts that it begins with.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use bulla::model::{Argon2Cost, HashMemory, Password, PasswordHash};
use bulla::random::Random;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::fresh_copy;

pub type Failure = Box<dyn std::error::Error>;

/// As it was built with this benchmark. A server's folder is a [`fresh_copy`](fresh_copy::fresh_copy) of it.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_bulla");

/// Killed when dropped.
pub struct Server {
    pub process: Child,
    pub address: SocketAddr,
}

/// As the server itself makes it. Accounts may share one, which costs the same for each.
pub fn password_hash(password: &str) -> PasswordHash {
    let password = Password::new(Zeroizing::new(password.to_owned()));
    PasswordHash::make(&password, Random::new().bytes(), Argon2Cost::DEFAULT, &mut HashMemory::default())
}

/// Brings accounts along. `users` is a CSV file for `bulla users import`; `settings` are environment variables.
pub fn import(folder: &Path, users: &str, settings: &[(&str, &str)]) -> Result<(), Failure> {
    std::fs::write(folder.join("users.csv"), users)?;
    let mut import = bulla(folder);
    import.args(["users", "import", "--from", "users.csv", "--json"]);
    let imported = import.envs(settings.iter().copied()).output()?;
    if imported.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&imported.stderr).into()) }
}

impl Server {
    /// Ready to answer, on any free port.
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut command = bulla(folder);
        command.env("PORT", "0").env("BULLA_METRICS_ADDRESS", "off").envs(settings.iter().copied());
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let log = process.stderr.take().ok_or("no log")?;
        // Made before the wait, so that a server that never gets ready is killed too.
        let mut server = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        server.address = wait_until_ready(log)?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program that is told to end when this one does, however that ends.
pub fn ending_with_us(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

fn bulla(folder: &Path) -> Command {
    let mut command = ending_with_us(folder.join(fresh_copy::NAME));
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
