//! Rows that a service which checks nothing let in, and that cannot move.

use serde_json::Value;

use crate::moving::{bulla, import, left_by};
use crate::people::{ada, person};
use crate::tutorial::log_in;

#[test]
fn a_refused_row_is_named_with_its_reason_and_all_others_move() {
    let (home, database) = left_by(&[
        ada(),
        person("Carol", "carol", "secret"),
        person("Eve", "eve@exämple.com", "first"),
        // The same domain in another spelling.
        person("Eve again", "eve@xn--exmple-cua.com", "second"),
        person("Zed", "zed@example.com", "last"),
    ]);
    for options in [&["--dry-run"][..], &["--report", "refused.jsonl"]] {
        let ran = import(&home, options);
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
        let refused: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("refused row")).collect();
        assert_eq!(refused.len(), 2, "{ran:?}");
        assert!(refused[0].contains("id 2") && refused[0].contains('@'), "{refused:?}");
        assert!(refused[1].contains("id 4") && refused[1].contains('3'), "{refused:?}");
        assert!(!ran.stdout.contains("exämple") && !ran.stdout.contains("$2b$"), "{ran:?}");
    }
    assert_eq!(database.texts("SELECT id FROM accounts ORDER BY id"), ["1", "3", "5"]);
    let report = home.read("refused.jsonl");
    let rows: Vec<Value> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, ["2", "4"], "{report}");
    let server = bulla(&home);
    log_in(&server, "zed@example.com", "last").ok(200);
    log_in(&server, "eve@xn--exmple-cua.com", "first").ok(200);
    log_in(&server, "eve@xn--exmple-cua.com", "second").problem(401, "invalid_credentials");
}
