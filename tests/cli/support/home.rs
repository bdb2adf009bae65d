//! A folder of one test's own, where `bulla` runs with nothing configured but what the test says.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use super::process::{Process, Ran};

/// Gone when it is dropped, and every server that runs in it.
pub struct Home {
    folder: Arc<TempDir>,
    environment: Vec<(String, String)>,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: Arc::new(TempDir::new().unwrap()), environment: Vec::new() }
    }

    /// With a setting for every command that runs here.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps the folder for as long as someone works in it.
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.set_mode(name, 0o600);
        path
    }

    pub fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    /// `bulla …`, ready to run here. Only what the machine could get in the way of is set: the port, the listener of the
    /// metrics, and how long the database may take.
    pub fn bulla(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_bulla"));
        command.args(arguments);
        command
    }

    /// A script, ready to run here, to which `bulla` is `"$0"`.
    pub fn bash(&self, script: &str) -> Command {
        let mut command = self.command("bash");
        command.args(["-c", script, env!("CARGO_BIN_EXE_bulla")]);
        command
    }

    /// Any program, ready to run here as `bulla` would.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = bare(program, self.folder.path());
        command.env("PORT", "0").env("BULLA_METRICS_ADDRESS", "off");
        command.env("BULLA_DATABASE_TIMEOUT", super::DATABASE_TIMEOUT);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `bulla …` to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// As `run`, with something on standard input.
    #[track_caller]
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        Process::run(&mut self.bulla(arguments), input)
    }

    /// What a start that must not succeed complains of.
    #[track_caller]
    pub fn start_refused(&self, sentences: &[&str]) -> String {
        let ran = self.run(&[]);
        assert!(!ran.stderr.contains(r#""message":"ready""#), "{ran:?}");
        ran.refused(sentences)
    }
}

/// A program without anything that the environment of the tests could tell `bulla`.
fn bare(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let is_ours = |name: &String| {
        ["BULLA_", "DB_", "JWT_", "OTEL_", "DATABASE_URL"].iter().any(|prefix| name.starts_with(prefix))
            || name == "RUST_LOG"
    };
    for (name, _) in std::env::vars().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command.current_dir(folder);
    command
}
