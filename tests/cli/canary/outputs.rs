//! Everything that a server and its proxy leave behind: on the disk, in the log, in answers, in memory.

use std::fs;
use std::path::{Path, PathBuf};

use super::search::{Finding, Secret};
use crate::support::{Answer, Home};

/// Each with its name.
#[derive(Default)]
pub struct Outputs(Vec<(String, Vec<u8>)>);

impl Outputs {
    pub fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((name.to_owned(), bytes.into()));
    }

    /// Heads and bodies.
    pub fn add_answers(&mut self, answers: &[Answer]) {
        self.add("answers", format!("{answers:?}"));
    }

    /// Every file below a folder.
    #[track_caller]
    pub fn add_folder(&mut self, home: &Home, name: &str) {
        for path in files(&home.path(name)) {
            // A file may go while we look, as SQLite's shared memory does.
            if let Ok(bytes) = fs::read(&path) {
                self.0.push((path.display().to_string(), bytes));
            }
        }
    }

    /// Whether a text stands in an output whose name ends like this, in clear.
    pub fn contain(&self, name: &str, text: &str) -> bool {
        let mut named = self.0.iter().filter(|(found, _)| found.ends_with(name));
        named.any(|(_, bytes)| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }

    /// Fails and says where, if one of these secrets is in any of the outputs.
    #[track_caller]
    pub fn hold_none_of(&self, secrets: &[Secret]) {
        let findings: Vec<String> = self.0.iter().flat_map(|(name, bytes)| described(name, bytes, secrets)).collect();
        assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    }
}

/// With what stands around it, which tells whose buffer it was.
fn described(name: &str, bytes: &[u8], secrets: &[Secret]) -> Vec<String> {
    let around = |at: usize| bytes[at.saturating_sub(48)..bytes.len().min(at + 80)].escape_ascii().to_string();
    let describe = |Finding { name: secret, form, at }| format!("{secret} in {form} in {name} at {at}: {}", around(at));
    Secret::findings(secrets, bytes).into_iter().map(describe).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
