//! `bulla users import` from files.

mod hashes;
mod refusals;
mod resumed;

use serde_json::Value;

use crate::support::{EMAIL, Home, PASSWORD, Process, Ran, Server};

/// At the lowest cost: what is tested here is not the hash.
fn bcrypt_of(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

/// A sound hash of nobody's password, for rows by the thousand.
fn some_hash() -> String {
    format!("$2b$10${}", "abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde")
}

fn export(home: &Home) -> Vec<Value> {
    home.run(&["users", "export"]).ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn import(home: &Home, source: &str) -> Ran {
    home.run(&["users", "import", "--from", source])
}

/// All rows are in but those that were refused.
#[track_caller]
fn partly(ran: Ran) -> String {
    assert_eq!(ran.status.code(), Some(2), "{ran:?}");
    ran.stdout
}

#[track_caller]
fn counts(stdout: &str) -> String {
    let summary = stdout.lines().last().unwrap();
    assert!(summary.ends_with(" rows/s)"), "{summary}");
    summary.split(" in ").next().unwrap().to_owned()
}

#[test]
fn a_csv_file_keeps_ids_names_times_and_hashes() {
    let home = Home::new();
    let hash = bcrypt_of(PASSWORD);
    let rows = format!(
        "\u{feff}created_at,id,email,note,password,name,disabled_at\r\n\
         2024-01-02 03:04:05,42, Ada@Example.COM ,x,{hash},\"Lovelace, \"\"Ada\"\"\",\r\n\
         1700000000,43,bob@example.com,\"two\nlines\",{hash},,2024-05-06\r\n"
    );
    home.write("users.csv", &rows);
    let said = import(&home, "users.csv").ok();
    assert_eq!(counts(&said), "imported 2, already here 0, refused 0 of 2 rows");
    let [ada, bob] = export(&home).try_into().unwrap();
    assert_eq!((&ada["id"], &ada["email"], &ada["name"]), (&"42".into(), &EMAIL.into(), &"Lovelace, \"Ada\"".into()));
    assert_eq!((&ada["created_at"], &ada["password"]), (&"2024-01-02T03:04:05.000Z".into(), &hash.into()));
    assert_eq!(ada["disabled_at"], Value::Null);
    assert_eq!((&bob["name"], &bob["created_at"]), (&"bob".into(), &"2023-11-14T22:13:20.000Z".into()));
    assert_eq!(bob["disabled_at"], "2024-05-06T00:00:00.000Z");
}

#[test]
fn someone_who_was_brought_along_logs_in_and_keeps_the_id() {
    let home = Home::new();
    home.write("users.csv", &format!("id,email,password\n42,{EMAIL},{}\n", bcrypt_of(PASSWORD)));
    import(&home, "users.csv").ok();
    let server = Server::start(&home);
    assert_eq!(server.try_login(EMAIL).ok(200)["user"]["id"], "42");
}

#[test]
fn standard_input_and_odd_names_need_a_format() {
    let home = Home::new();
    let line = format!(r#"{{"id": 7, "mail": "{EMAIL}", "hash": "{}", "created_at": 1700000000000}}"#, some_hash());
    let named = ["--email-column", "mail", "--password-column", "hash"];
    let run = |from: &[&str]| home.run_with(&[&["users", "import"], from, &named].concat(), &format!("\n{line}\n\n"));
    run(&["--from", "-"]).refused(&["--format csv or --format jsonl"]);
    assert_eq!(
        counts(&run(&["--from", "-", "--format", "jsonl"]).ok()),
        "imported 1, already here 0, refused 0 of 1 rows"
    );
    home.write("users.txt", &line);
    run(&["--from", "users.txt"]).refused(&["users.txt", "--format"]);
    assert!(run(&["--from", "users.txt", "--format", "jsonl"]).ok().contains("already here 1"));
    assert_eq!(export(&home)[0]["id"], "7");
}

#[test]
fn a_column_that_is_not_there_is_named_beside_those_that_are() {
    let home = Home::new();
    home.write("users.csv", "id,mail,password\n");
    import(&home, "users.csv").refused(&["no column email", "id, mail, password"]);
    let named = ["users", "import", "--from", "users.csv", "--email-column", "mail", "--created-at-column", "since"];
    home.run(&named).refused(&["no column since"]);
    import(&home, "nowhere.csv").refused(&["cannot read nowhere.csv"]);
    home.run(&["users", "import"]).refused(&["--from users.csv", "mysql://"]);
    home.run(&["users", "import", "--table", "users"]).refused(&["MySQL database that Bulla is configured to use"]);
}

#[test]
fn without_ids_everyone_gets_one_and_the_operator_is_told() {
    let home = Home::new();
    let rows = format!("email,password\n{EMAIL},{0}\nbob@example.com,{0}\nADA@example.com,{0}\n", some_hash());
    home.write("users.csv", &rows);
    let ran = import(&home, "users.csv");
    assert!(ran.stderr.contains("--id-column"), "{ran:?}");
    assert!(partly(ran).contains("refused row 3: the email address is the same as that of row 1"));
    let ids = || export(&home).iter().map(|account| account["id"].clone()).collect::<Vec<_>>();
    let before = ids();
    assert!(before.len() == 2 && before.iter().all(|id| id.as_str().unwrap().len() == 36), "{before:?}");
    assert!(partly(import(&home, "users.csv")).contains("already here 2, refused 1 of 3 rows"));
    assert_eq!(ids(), before);
}

#[test]
fn twice_changes_nothing_though_passwords_and_names_changed_since() {
    let home = Home::new();
    let row = |name: &str, hash: &str| format!("id,name,email,password\n42,{name},{EMAIL},{hash}\n");
    home.write("users.csv", &row("Ada", &bcrypt_of(PASSWORD)));
    import(&home, "users.csv").ok();
    let server = Server::start(&home);
    server.login(EMAIL);
    let before = export(&home);
    home.write("users.csv", &row("Eve", &bcrypt_of("another password")));
    assert_eq!(counts(&import(&home, "users.csv").ok()), "imported 0, already here 1, refused 0 of 1 rows");
    assert_eq!(export(&home), before);
    server.login(EMAIL);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let home = Home::new();
    let mut rows = String::from("id,email,password\n");
    for number in 0..2_000 {
        // Every tenth address comes twice, every hundredth row is damaged; more than one batch lies between.
        let (id, hash) = (number, if number % 100 == 7 { "hunter2".to_owned() } else { some_hash() });
        let person = if number % 10 == 3 { (number * 7) % 2_000 } else { number };
        rows.push_str(&format!("{id},Person{person}@example.com,{hash}\n"));
    }
    home.write("users.csv", &rows);
    let dry = || home.run(&["users", "import", "--from", "users.csv", "--dry-run"]);
    let verdicts = |said: &str| said.split(" in ").next().unwrap().to_owned();
    let first = partly(dry());
    assert!(first.trim_end().ends_with("a dry run: nothing was written"), "{first}");
    assert!(!home.path("bulla-data").exists());
    drop(Server::start(&home));
    assert_eq!(verdicts(&partly(dry())), verdicts(&first));
    assert!(export(&home).is_empty());
    let real = partly(import(&home, "users.csv"));
    assert_eq!(verdicts(&real), verdicts(&first));
    assert!(verdicts(&real).contains("is the same as that of row"), "{real}");
    let again = partly(import(&home, "users.csv"));
    assert_eq!(again.lines().filter(|line| line.starts_with("refused row")).count(), first.lines().count() - 1);
    assert!(again.contains("imported 0, "), "{again}");
}

#[test]
fn the_summary_in_json_stands_alone_on_standard_output() {
    let home = Home::new();
    home.write("users.csv", &format!("id,email,password\n1,{EMAIL},{0}\n2,nobody,{0}\n", some_hash()));
    let ran = home.run(&["users", "import", "--from", "users.csv", "--json"]);
    assert!(ran.stderr.contains("refused row 2 (id 2): the email must"), "{ran:?}");
    let summary: Value = serde_json::from_str(&partly(ran)).unwrap();
    for (name, count) in [("rows", 2), ("imported", 1), ("already_here", 0), ("refused", 1)] {
        assert_eq!(summary[name], count, "{summary}");
    }
    assert_eq!(summary["dry_run"], false);
}

#[test]
fn a_reader_that_stops_reading_does_not_stop_the_import() {
    let home = Home::new();
    let rows: String = (0..20_000).map(|number| format!("{number},nobody,{}\n", some_hash())).collect();
    home.write("users.csv", &format!("id,email,password\n{rows}99999,{EMAIL},{}\n", some_hash()));
    let bulla = env!("CARGO_BIN_EXE_bulla");
    let script = format!("'{bulla}' users import --from users.csv | head -n 1; exit ${{PIPESTATUS[0]}}");
    let ran = Process::run(std::process::Command::new("bash").args(["-c", &script]).current_dir(home.path("")), "");
    assert_eq!(partly(ran).lines().count(), 1);
    assert_eq!(export(&home).len(), 1);
}
