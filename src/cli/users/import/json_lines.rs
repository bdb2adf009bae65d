//! Rows as JSON objects, one a line, as `bulla users export` writes them.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::rows::{Counted, Names};
use crate::cli::Failure;
use crate::flows::{Place, Reason, Refusal, SourceRow};

const LONGEST_LINE_BYTES: u64 = 1024 * 1024;

struct JsonLines {
    reader: BufReader<Counted>,
    names: Names,
    row: u64,
    line: u64,
    buffer: Vec<u8>,
}

pub(super) fn open(
    file: Counted,
    names: Names,
) -> impl Iterator<Item = Result<Result<SourceRow, Refusal>, Failure>> + Send {
    JsonLines { reader: BufReader::with_capacity(64 * 1024, file), names, row: 0, line: 0, buffer: Vec::new() }
}

impl Iterator for JsonLines {
    type Item = Result<Result<SourceRow, Refusal>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Ok(None) => return None,
                Ok(Some(_)) if self.buffer.trim_ascii().is_empty() => {}
                Ok(Some(is_whole)) => {
                    self.row += 1;
                    return Some(Ok(self.source_row(is_whole)));
                }
                Err(error) => return Some(Err(Failure::new(format!("the file cannot be read: {error}")))),
            }
        }
    }
}

impl JsonLines {
    /// Whether the next line is whole: of one that is too long only the beginning is kept.
    fn read_line(&mut self) -> std::io::Result<Option<bool>> {
        self.buffer.clear();
        self.line += 1;
        if (&mut self.reader).take(LONGEST_LINE_BYTES).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        let is_whole = self.buffer.ends_with(b"\n") || (self.buffer.len() as u64) < LONGEST_LINE_BYTES;
        if !is_whole {
            self.reader.skip_until(b'\n')?;
        }
        if self.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        Ok(Some(is_whole))
    }

    fn source_row(&self, is_whole: bool) -> Result<SourceRow, Refusal> {
        let place = Place { row: self.row, line: Some(self.line) };
        let refuse = |reason: &str| Refusal { place, id: None, reason: Reason::Unreadable(reason.to_owned()) };
        if !is_whole {
            return Err(refuse("the line is longer than 1 MiB"));
        }
        // The parser's own message could repeat what it met, which may be a password.
        let mut object: Map<String, Value> =
            serde_json::from_slice(&self.buffer).map_err(|_| refuse("the line is no JSON object"))?;
        // An id that is null is refused and not replaced.
        let has_id = object.contains_key(&self.names.0[0].text);
        let mut text = |column: usize| {
            let name = &self.names.0[column].text;
            match object.remove(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text)),
                Some(Value::Number(number)) => Ok(Some(number.to_string())),
                Some(_) => Err(refuse(&format!("{name} must be text or a number"))),
            }
        };
        let id = text(0)?;
        Ok(SourceRow {
            place,
            id: has_id.then(|| id.unwrap_or_default()),
            name: text(1)?,
            email: text(2)?,
            password: text(3)?,
            created_at: text(4)?,
            disabled_at: text(5)?,
        })
    }
}
