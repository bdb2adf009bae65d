//! Copies of programs that nobody has run yet.
//!
//! Where the pages of memory lie that hold a program's code makes up to a fifth of its speed, and they stay as long as its
//! file is cached. A program that is started again from the same file is the same draw; one from a new file is another.

use std::path::Path;

use tempfile::TempDir;

/// What the copy is called in its folder.
pub const NAME: &str = "program";

/// A folder with nothing else in it.
pub fn fresh_copy(program: impl AsRef<Path>) -> Result<TempDir, Box<dyn std::error::Error>> {
    let (program, folder) = (program.as_ref(), tempfile::tempdir()?);
    std::fs::copy(program, folder.path().join(NAME)).map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(folder)
}
