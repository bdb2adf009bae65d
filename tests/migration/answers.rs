//! Clients of the tutorial's service find in our answers what they found in its.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::database::Database;
use crate::people::ada;
use crate::support::{Home, PASSWORD, Remote, Server};
use crate::tutorial::{Tutorial, install, log_in, new_secret};

/// Where the two differ, as the guide says: the field or its type at the service, and here.
const DIFFERENCES: [(&str, &str); 3] = [
    ("/token: string", "/access_token: string"),
    ("/id: number", "/id: string"),
    ("/user/id: number", "/user/id: string"),
];

/// Every route of the service, used well and badly, and what it answers.
#[track_caller]
fn answers(remote: &Remote, register: &Value, password: &str) -> BTreeMap<&'static str, Value> {
    let mut answers = BTreeMap::new();
    answers.insert("register", remote.post("register", register).json());
    answers.insert("register again", remote.post("register", register).json());
    answers.insert("register nothing", remote.post("register", &json!({})).json());
    let login = log_in(remote, &ada().email, password).json();
    let token = login["token"].as_str().or(login["access_token"].as_str()).unwrap().to_owned();
    answers.insert("login", login);
    answers.insert("login with a wrong password", log_in(remote, &ada().email, "wrong").json());
    answers.insert("profile", remote.profile(&token).json());
    answers.insert("profile of nobody", remote.get("profile").json());
    answers.insert("profile by a wrong token", remote.profile("a.b.c").json());
    answers.insert("logout", remote.with_token("POST", "logout", &token).json());
    answers
}

/// `/user/id: string` for every member, however deep.
fn members(value: &Value, path: &str, found: &mut Vec<String>) {
    let kind = match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| members(value, &format!("{path}/{name}"), found));
            return;
        }
        Value::String(_) => "string",
        Value::Number(_) => "number",
        other => panic!("{path} is {other}"),
    };
    found.push(format!("{path}: {kind}"));
}

fn members_of(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    members(value, "", &mut found);
    found
}

#[test]
fn what_the_service_answers_is_in_our_answers_but_for_the_known_differences() {
    let (home, database) = (Home::new(), Database::create());
    install(&home, &database, &new_secret());
    let tutorial = Tutorial::start(&home);
    let ada = ada();
    let register = json!({ "name": ada.name, "email": ada.email, "password": PASSWORD });
    let theirs = answers(&tutorial, &register, PASSWORD);
    tutorial.stop();
    // Register in clear, as its clients do, over the bridge for them.
    let server = Server::with(&home, &[("BULLA_ALLOW_PLAINTEXT", "true")]);
    let ours = answers(&server, &register, PASSWORD);

    for (what, theirs) in &theirs {
        let here = members_of(&ours[what]);
        for member in members_of(theirs) {
            let difference = DIFFERENCES.iter().find(|(there, _)| *there == member);
            let expected = difference.map_or(member.as_str(), |(_, here)| *here);
            assert!(here.iter().any(|found| found == expected), "{what}: {expected} is not in {here:?}");
        }
    }
}
