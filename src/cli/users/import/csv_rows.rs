//! The rows of a CSV file (RFC 4180), whose first line names the columns.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::rows::{COLUMNS, Counted, Names};
use crate::cli::Failure;
use crate::flows::{Place, Reason, Refusal, SourceRow};

/// A quote that is never closed would make one row of the rest of the file.
const LONGEST_ROW_BYTES: u64 = 1024 * 1024;

struct CsvRows {
    reader: Reader<Limited>,
    /// Where in a row each of the columns stands.
    places: [Option<usize>; COLUMNS],
    width: usize,
    row: u64,
    record: ByteRecord,
    /// Up to which byte the file may be read for the next row.
    limit: Arc<AtomicU64>,
    is_over: bool,
}

pub(super) fn open(
    file: Counted,
    names: &Names,
) -> Result<impl Iterator<Item = Result<Result<SourceRow, Refusal>, Failure>> + Send + use<>, Failure> {
    let limit = Arc::new(AtomicU64::new(LONGEST_ROW_BYTES));
    let limited = Limited { file, limit: Arc::clone(&limit) };
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(limited);
    let header = reader.byte_headers().map_err(unreadable)?.clone();
    let header: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let mut places = [None; COLUMNS];
    for (place, name) in places.iter_mut().zip(&names.0) {
        *place = header.iter().position(|column| *column == name.text);
        if place.is_none() && name.must_exist {
            let (name, header) = (&name.text, header.join(", "));
            return Err(Failure::new(format!("the first line names no column {name}; it names {header}")));
        }
    }
    names.warn_without_ids(places[0].is_some());
    let record = ByteRecord::new();
    Ok(CsvRows { reader, places, width: header.len(), row: 0, record, limit, is_over: false })
}

impl Iterator for CsvRows {
    type Item = Result<Result<SourceRow, Refusal>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.limit
            .store(self.reader.get_ref().file.bytes.load(Ordering::Relaxed) + LONGEST_ROW_BYTES, Ordering::Relaxed);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {
                self.row += 1;
                Some(Ok(self.source_row()))
            }
            Ok(false) => None,
            Err(error) => {
                self.is_over = true;
                Some(Err(unreadable(error)))
            }
        }
    }
}

impl CsvRows {
    fn source_row(&self) -> Result<SourceRow, Refusal> {
        let place = Place { row: self.row, line: self.record.position().map(csv::Position::line) };
        let refuse = |reason| Refusal { place, id: None, reason: Reason::Unreadable(reason) };
        if self.record.len() != self.width {
            let (found, named) = (self.record.len(), self.width);
            return Err(refuse(format!("the row has {found} fields, but the first line names {named} columns")));
        }
        let field = |column: usize| {
            let bytes = self.places[column].and_then(|place| self.record.get(place));
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec());
            bytes.map(text).transpose().map_err(|_| refuse("the row is not UTF-8".to_owned()))
        };
        Ok(SourceRow {
            place,
            id: field(0)?.map(|id| id.trim().to_owned()),
            name: field(1)?,
            email: field(2)?,
            password: field(3)?,
            created_at: field(4)?,
            disabled_at: field(5)?,
        })
    }
}

fn unreadable(error: csv::Error) -> Failure {
    Failure::new(format!("the CSV file cannot be read: {error}"))
}

struct Limited {
    file: Counted,
    limit: Arc<AtomicU64>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.file.bytes.load(Ordering::Relaxed) > self.limit.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("a row is longer than 1 MiB; is a closing quote missing before it?"));
        }
        self.file.read(buffer)
    }
}
