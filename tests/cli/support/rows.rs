//! The rows of a SQLite file, made and counted without the program.

use std::path::Path;

use rusqlite::Connection;

/// Two hundred thousand take the program a second or so.
const ACCOUNTS: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO accounts SELECT printf('%07d', i), 'Somebody', printf('%d@example.com', i), '$argon2id$', 0, i, NULL
    FROM n";

/// Texts in which databases tend to differ; the first are keys that only bytes tell apart.
const ODD: [&str; 16] = [
    "a",
    "A",
    "é",
    "e\u{301}",
    "ß",
    "ss",
    "İ",
    "K",
    "\u{212a}",
    "\ttab first",
    "👩‍👩‍👧‍👦 \u{1f3f4}",
    "trailing spaces  ",
    "' \" \\ % _ `",
    "שלום",
    "\u{feff}bom",
    "\u{1}control\u{7f}",
];

pub fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

/// Runs statements on a file.
pub fn change(path: &Path, sql: &str) {
    open(path).execute_batch(sql).unwrap();
}

/// Adds many accounts like any other.
pub fn add_accounts(path: &Path, count: u32) {
    open(path).execute(ACCOUNTS, [count]).unwrap();
}

/// Adds one account for every odd text, as id and as name.
pub fn add_odd_accounts(path: &Path) {
    let conn = open(path);
    for (index, text) in ODD.iter().enumerate() {
        let insert = "INSERT INTO accounts VALUES (?, ?, ?, '$2b$10$', 9223372036854775807, -1, NULL)";
        let email = format!("odd{index}+{}@example.com", text.trim());
        conn.execute(insert, [text, text, email.as_str()]).unwrap();
    }
}

/// How many rows all tables of ours have.
pub fn count(path: &Path) -> i64 {
    let conn = open(path);
    let count = |table: &bulla::store::tables::Table| -> i64 {
        conn.query_one(&format!("SELECT COUNT(*) FROM {}", table.name), [], |row| row.get(0)).unwrap()
    };
    bulla::store::tables::TABLES.iter().map(count).sum()
}
