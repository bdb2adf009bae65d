//! Which rows are refused, and that everyone is told why, but nobody's password.

use serde_json::{Value, json};

use super::{export, import, partly, some_hash};
use crate::support::{EMAIL, Home, OTHER_PASSWORD, PASSWORD};

/// Imports rows with these members besides sound ones, and returns what is said of the second of three.
#[track_caller]
fn refusal(members: &Value) -> String {
    let home = Home::new();
    let row = |id: &str, email: &str| json!({ "id": id, "name": "Ada", "email": email, "password": some_hash() });
    let mut odd = row("2", "odd@example.com");
    for (name, value) in members.as_object().unwrap() {
        odd[name] = value.clone();
    }
    let (first, last) = (row("1", EMAIL), row("3", "last@example.com"));
    home.write("users.jsonl", &format!("{first}\n{odd}\n{last}\n"));
    let said = partly(home.run(&["users", "import", "--from", "users.jsonl", "--report", "report.jsonl"]));
    assert_eq!(export(&home).len(), 2, "the others are in");
    assert!(said.contains("imported 2, already here 0, refused 1 of 3 rows"), "{said}");
    let report: Value = serde_json::from_str(&home.read("report.jsonl")).unwrap();
    assert_eq!((&report["row"], &report["line"], home.mode("report.jsonl")), (&json!(2), &json!(2), 0o600));
    let line = said.lines().next().unwrap();
    assert!(line.starts_with("refused row 2") && line.ends_with(report["reason"].as_str().unwrap()), "{line}");
    format!("{line} [{}]", report["code"].as_str().unwrap())
}

#[test]
fn each_reason_is_said() {
    let long = "x".repeat(65);
    for (members, reason, code) in [
        (json!({ "email": "nobody" }), "the email must contain exactly one @", "invalid_email"),
        (json!({ "email": "ada@exam ple.com" }), "the email must not contain spaces", "invalid_email"),
        (json!({ "email": null }), "the email is missing", "missing_email"),
        (json!({ "email": " ADA@example.com" }), "the same as that of row 1", "duplicate_email"),
        (json!({ "id": "1" }), "the id is the same as that of row 1", "duplicate_id"),
        (json!({ "id": "" }), "the id must be 1 to 64 visible ASCII characters", "invalid_id"),
        (json!({ "id": null }), "the id must be", "invalid_id"),
        (json!({ "id": "a b" }), "the id must be", "invalid_id"),
        (json!({ "id": "a\r\nX-Admin: 1" }), "the id must be", "invalid_id"),
        (json!({ "id": long }), "the id must be", "invalid_id"),
        (json!({ "id": true }), "id must be text or a number", "unreadable_row"),
        (json!({ "name": "x".repeat(201) }), "the name must not be longer", "invalid_name"),
        (json!({ "password": "" }), "the password hash is missing", "missing_password"),
        (json!({ "created_at": "yesterday" }), "the time in created_at cannot be read", "invalid_time"),
        (json!({ "disabled_at": "soon" }), "the time in disabled_at cannot be read", "invalid_time"),
    ] {
        let said = refusal(&members);
        assert!(said.contains(reason) && said.ends_with(&format!("[{code}]")), "{members}: {said}");
        assert!(!said.contains('\r'), "{said:?}");
    }
}

#[test]
fn what_is_no_hash_is_refused_and_never_repeated() {
    let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
    for password in [PASSWORD, md5, "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3"] {
        let said = refusal(&json!({ "password": password }));
        assert!(said.contains("the password hash is of no kind") && said.ends_with("[unknown_hash]"), "{said}");
        assert!(!said.contains(password), "{said}");
    }
}

#[test]
fn a_hash_that_costs_too_much_is_refused() {
    let tail = "c2FsdHNhbHRzYWx0$EgDGi/IGmRbuAZ4RjLZPPg";
    for hash in [
        some_hash().replace("$10$", "$16$"),
        some_hash().replace("$10$", "$31$"),
        format!("$argon2id$v=19$m=262145,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=65536,t=4294967295,p=1${tail}"),
        format!("$pbkdf2-sha256$i=2000001${tail}"),
        format!("$scrypt$ln=19,r=8,p=1${tail}"),
        format!("$scrypt$ln=14,r=8,p=1000${tail}"),
        format!("$scrypt$ln=1,r=4294967295,p=1${tail}"),
    ] {
        let said = refusal(&json!({ "password": hash }));
        assert!(said.contains("costs more to check than is allowed") && said.ends_with("[costly_hash]"), "{said}");
    }
}

#[test]
fn a_damaged_hash_is_refused() {
    for hash in [
        some_hash()[..59].to_owned(),
        some_hash().replace("abc", "a!c"),
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$EgDGi/IGmRbuAZ4R".to_owned(),
        "$pbkdf2-sha256$i=1000$$EgDGi/IGmRbuAZ4RjLZPPg".to_owned(),
        "$scrypt$ln=14,r=8,p=1$c2FsdA$".to_owned(),
    ] {
        let said = refusal(&json!({ "password": hash }));
        assert!(said.contains("but is damaged") && said.ends_with("[damaged_hash]"), "{hash}: {said}");
        assert!(!said.contains(&hash), "{said}");
    }
}

#[test]
fn someone_elses_id_or_address_is_refused_and_theirs_stays() {
    let home = Home::new();
    let create = ["users", "create", "--name", "Ada", "--email", EMAIL];
    home.run_with(&create, OTHER_PASSWORD).ok();
    let before = export(&home);
    let id = before[0]["id"].as_str().unwrap();
    home.write("users.csv", &format!("id,email,password\n7,{EMAIL},{0}\n{id},eve@example.com,{0}\n", some_hash()));
    for run in 0..2 {
        let said = partly(import(&home, "users.csv"));
        assert!(
            said.contains(&format!(
                "refused row 1 (id 7): the email address belongs to another account here, with the id {id}"
            )),
            "{run}: {said}"
        );
        assert!(said.contains(&format!("refused row 2 (id {id}): the id is taken by an account here")), "{said}");
    }
    assert_eq!(export(&home), before);
}

#[test]
fn lines_that_are_no_rows_are_refused_one_by_one() {
    let home = Home::new();
    let sound = |id| json!({ "id": id, "email": format!("p{id}@example.com"), "password": some_hash() }).to_string();
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(2 << 20));
    let lines = [sound(1), "secret-of-ada".to_owned(), "[1]".to_owned(), "{\"id\": 4".to_owned(), long, sound(6)];
    home.write("users.jsonl", &lines.join("\n"));
    let said = partly(import(&home, "users.jsonl"));
    for (row, reason) in [(2, "no JSON object"), (3, "no JSON object"), (4, "no JSON object"), (5, "longer than 1 MiB")]
    {
        assert!(
            said.lines().any(|line| line.starts_with(&format!("refused row {row}:")) && line.contains(reason)),
            "{said}"
        );
    }
    assert!(!said.contains("secret"), "{said}");
    assert_eq!(export(&home).len(), 2);

    let rows = format!("id,email,password\n11,p11@example.com,{0}\n12,short\n13,p13@example.com,{0}\n", some_hash());
    std::fs::write(home.path("users.csv"), [rows.as_bytes(), b"14,p\xff@example.com,x\n"].concat()).unwrap();
    let said = partly(import(&home, "users.csv"));
    assert!(said.contains("refused row 2: the row has 2 fields, but the first line names 3 columns"), "{said}");
    assert!(said.contains("refused row 4: the row is not UTF-8"), "{said}");
    assert_eq!(export(&home).len(), 4);
}

#[test]
fn a_quote_that_is_never_closed_ends_the_import_and_not_the_memory() {
    let home = Home::new();
    let rows = format!("id,email,password\n1,{EMAIL},{}\n2,\"p2@example.com,x\n", some_hash());
    home.write("users.csv", &(rows + &"3,p3@example.com,x\n".repeat(200_000)));
    import(&home, "users.csv").refused(&["longer than 1 MiB", "closing quote"]);
    assert_eq!(export(&home).len(), 1);
}
