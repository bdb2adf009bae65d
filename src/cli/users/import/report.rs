//! Which rows were refused, and why: a line each for a person, and a line of JSON each for a program.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{BufWriter, ErrorKind, Write, stderr, stdout};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use serde::Serialize;

use crate::cli::Failure;
use crate::flows::Refusal;

pub(super) struct Report {
    file: Option<BufWriter<File>>,
    /// Because standard output is for the summary alone.
    on_stderr: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    id: Option<&'a str>,
    code: &'static str,
    reason: String,
}

/// Of an id that is none: enough to find the row by.
const MOST_ID_CHARACTERS: usize = 64;

impl Report {
    pub(super) fn open(path: Option<&Path>, on_stderr: bool) -> Result<Self, Failure> {
        let open = |path: &Path| {
            // Ids are nobody else's business.
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            // One that was there already, too.
            let file = file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)).map(|()| file));
            file.map_err(|error| Failure::new(format!("cannot write the report {}: {error}", path.display())))
        };
        Ok(Self { file: path.map(open).transpose()?.map(BufWriter::new), on_stderr })
    }

    pub(super) fn write(&mut self, refusals: &[Refusal]) -> Result<(), Failure> {
        for refusal in refusals {
            let line = sentence(refusal);
            if self.on_stderr {
                let _ = writeln!(stderr(), "{line}");
            } else {
                say(&line)?;
            }
            let Some(file) = &mut self.file else { continue };
            let line = Line {
                row: refusal.place.row,
                line: refusal.place.line,
                id: refusal.id.as_deref(),
                code: refusal.reason.code(),
                reason: refusal.reason.to_string(),
            };
            serde_json::to_writer(&mut *file, &line).map_err(Failure::new)?;
            file.write_all(b"\n").map_err(failed)?;
        }
        self.file.as_mut().map_or(Ok(()), Write::flush).map_err(failed)
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        self.file.map_or(Ok(()), |mut file| file.flush()).map_err(failed)
    }
}

/// Whoever stops reading does not stop the import.
pub(super) fn say(line: &str) -> Result<(), Failure> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(format!("standard output: {error}"))),
        _ => Ok(()),
    }
}

fn sentence(refusal: &Refusal) -> String {
    let row = refusal.place.row;
    match refusal.id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => format!("refused row {row} (id {}): {}", shown(id), refusal.reason),
        None => format!("refused row {row}: {}", refusal.reason),
    }
}

/// A foreign text must not move the cursor of whoever reads this.
fn shown(id: &str) -> String {
    let mut shown: String = id.chars().take(MOST_ID_CHARACTERS).flat_map(char::escape_debug).collect();
    if id.chars().count() > MOST_ID_CHARACTERS {
        shown.push('…');
    }
    shown
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(format!("cannot write the report: {error}"))
}
