//! An import that is killed and run again, and one beside a running server.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{bcrypt_of, export, import, some_hash};
use crate::support::{EMAIL, Home, PASSWORD, Pace, Process, Server, rows, within};

const ROWS: usize = 60_000;

fn write_many(home: &Home) {
    let rows = (0..ROWS).map(|number| format!("{number},p{number}@example.com,{}\n", some_hash()));
    home.write("users.csv", &format!("id,email,password\n{}", rows.collect::<String>()));
}

/// Counted without the program: by the time it had listed them, the import might be over.
fn here(home: &Home) -> usize {
    let conn = rows::open(&home.path("bulla-data/bulla.db"));
    let count: i64 = conn.query_one("SELECT COUNT(*) FROM accounts", [], |row| row.get(0)).unwrap();
    count as usize
}

#[test]
fn killed_in_the_middle_and_run_again_it_is_complete() {
    let home = Home::new();
    drop(Server::start(&home));
    write_many(&home);
    let mut seen = BTreeSet::new();
    for round in 1..=3 {
        let mut process = Process::spawn(&mut home.bulla(&["users", "import", "--from", "users.csv"]));
        let least = seen.last().copied().unwrap_or(0);
        within(Duration::from_secs(60), "some more rows", || (here(&home) > least).then_some(()));
        assert!(process.is_running(), "round {round} was over before it was killed");
        process.kill();
        seen.insert(here(&home));
    }
    assert!(seen.iter().all(|count| (1..ROWS).contains(count)), "{seen:?}");
    let said = import(&home, "users.csv").ok();
    let already = said.split("already here ").nth(1).unwrap().split(", refused").next().unwrap().replace(',', "");
    assert_eq!(already.parse::<usize>().unwrap(), *seen.last().unwrap(), "{said}");
    let ids: BTreeSet<String> = export(&home).iter().map(|account| account["id"].to_string()).collect();
    assert_eq!(ids.len(), ROWS);
    assert!(import(&home, "users.csv").ok().contains("imported 0, already here 60,000, refused 0 of 60,000 rows"));
}

#[test]
fn beside_a_running_server_nobody_waits_for_long_and_nothing_fails() {
    let home = Home::new().with("BULLA_ADDRESS_RATE", "off");
    home.write("ada.csv", &format!("id,email,password\nada,{EMAIL},{}\n", bcrypt_of(PASSWORD)));
    import(&home, "ada.csv").ok();
    let server = Server::start(&home);
    write_many(&home);
    let mut process = Process::spawn(&mut home.bulla(&["users", "import", "--from", "users.csv"]));
    let (mut logins, mut longest) = (0, Duration::ZERO);
    while process.is_running() {
        let begun = Pace::now();
        server.login(EMAIL);
        longest = longest.max(begun.elapsed());
        logins += 1;
    }
    let ran = process.ended();
    assert!(ran.stdout.contains("imported 60,000, already here 0, refused 0"), "{ran:?}");
    assert!(logins >= 3, "{logins} logins");
    assert!(longest < Duration::from_secs(2), "a login took {longest:?}");
}
