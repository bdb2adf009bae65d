//! CSV files of users, read row by row, each row judged by itself.
#![no_main]

use std::io::Cursor;

use bulla::cli::judge_csv;
use bulla::model::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let now = Timestamp::from_milliseconds(1_700_000_000_000);
    let Ok(rows) = judge_csv(Cursor::new(file.to_vec()), now) else { return };
    let (mut count, mut broke_off) = (0, false);
    for row in rows {
        match row {
            Ok(Ok(_)) => count += 1,
            Ok(Err(refusal)) => {
                count += 1;
                assert_eq!(refusal.place.row, count, "a row that counts twice, or not at all");
                assert!(!refusal.reason.code().is_empty() && !refusal.reason.to_string().is_empty());
            }
            Err(_) => broke_off = true,
        }
    }
    // Whoever counts the rows otherwise comes to the same number: none is lost, and none made up.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let counted = reader.byte_records().filter(Result::is_ok).count() as u64;
    assert!(broke_off || count == counted, "{count} rows were judged of {counted}");
});
