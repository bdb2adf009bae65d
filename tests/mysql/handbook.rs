//! docs/mysql.md, as an administrator would follow it: every command is run, and what it promises is looked at.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::folder;
use crate::program::{EMAIL, Home, Process, Remote, Server, free_port};

/// Where the page says that the database, the nodes and the proxy are.
const DATABASE: &str = "db.internal:3306";
const NODES: [&str; 2] = ["10.0.0.11:8080", "10.0.0.12:8080"];

/// The blocks of one language, in order.
fn blocks(language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mysql.md");
    let text = fs::read_to_string(page).unwrap();
    let opening = format!("```{language}\n");
    let block = |rest: &str| rest.split_once("\n```").expect("a block has an end").0.to_owned();
    text.split(opening.as_str()).skip(1).map(block).collect()
}

/// Runs a block as it stands, where the database is the one of this test.
fn run(home: &Home, before: &str, block: &str) -> String {
    let programs = [folder().join("bin"), Path::new(env!("CARGO_BIN_EXE_bulla")).parent().unwrap().to_owned()];
    let path = format!("{}:{}:{}", programs[0].display(), programs[1].display(), std::env::var("PATH").unwrap());
    let script = format!("set -eo pipefail\n{before}\n{block}");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(home.path("")).env("PATH", path);
    // Whatever else runs on this machine.
    command.env("PORT", "0").env("BULLA_METRICS_ADDRESS", "off");
    Process::run(&mut command, "").ok()
}

/// The page's nginx in front of both nodes, in the foreground; gone when it is dropped.
fn nginx(home: &Home, nodes: &[&Server], port: u16) -> Process {
    let mut proxy = blocks("nginx").concat().replace("listen 80;", &format!("listen 127.0.0.1:{port};"));
    for (said, node) in NODES.iter().zip(nodes) {
        assert!(proxy.contains(said), "{proxy}");
        proxy = proxy.replace(said, &node.address);
    }
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = folders.iter().map(|name| format!("{name}_temp_path {name};\n")).collect();
    let text = format!(
        "pid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{proxy}\n}}\n"
    );
    home.write("nginx.conf", &text);
    let prefix = home.path("").display().to_string();
    let arguments = ["-p", &prefix, "-c", "nginx.conf", "-g", "daemon off; master_process off;"];
    Process::spawn(Command::new("nginx").args(arguments))
}

#[test]
fn the_page_about_mysql_can_be_followed_word_for_word() {
    let (sql, sh) = (blocks("sql"), blocks("sh"));
    let [connect, certificate, dump, restore, afterwards] = sh.as_slice() else { panic!("{sh:?}") };
    let home = Home::new();
    let address = fs::read_to_string(folder().join("address")).unwrap();

    // A database and a user, with these rights and no others.
    run(&home, "", &format!("mysql <<'END'\n{}\nEND", sql[0]));
    assert!(connect.contains(DATABASE));
    let connect = connect.replace(DATABASE, address.trim());
    assert!(run(&home, "", &connect).contains("Nothing is wrong."));
    let url = connect.split('\'').nth(1).unwrap();

    // Two nodes behind the proxy.
    let key = home.path("master.key").display().to_string();
    let settings = [
        ("DATABASE_URL", url),
        ("BULLA_MASTER_KEY_FILE", &key),
        ("BULLA_PUBLIC_URL", "https://auth.example.com"),
        ("BULLA_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let nodes = [Server::with(&home, &settings), Server::with(&home, &settings)];
    let port = free_port();
    let _nginx = nginx(&home, &[&nodes[0], &nodes[1]], port);
    let proxy = Remote::at(&format!("127.0.0.1:{port}"));
    crate::program::within(crate::program::PATIENCE, "nginx", || proxy.request("/readyz", &[], ""));
    proxy.register(EMAIL);
    let body = proxy.sealed_body(bulla_seal::Purpose::Login, EMAIL).to_string();
    let options = ["--header", "Content-Type: application/json", "--header", "X-Forwarded-For: 203.0.113.9"];
    let login = proxy.request("login", &[options.as_slice(), &["--data-binary", "@-"]].concat(), &body).unwrap();
    let tokens = crate::program::Tokens::of(&login);
    // Either node gets its turn.
    for _ in 0..4 {
        let sessions = proxy.with_token("GET", "sessions", &tokens.access).ok(200);
        assert_eq!(sessions["sessions"][0]["ip"], "203.0.113.9", "{sessions}");
    }

    // A backup, a logout after it, and the backup restored: the session would live again.
    let is_mariadb = run(&home, "", "mysqldump --version").contains("MariaDB");
    run(&home, "", &if is_mariadb { dump.replace(" --set-gtid-purged=OFF", "") } else { dump.clone() });
    proxy.with_token("POST", "logout", &tokens.access).ok(200);
    drop(nodes);
    let exports = format!("export DATABASE_URL='{url}' BULLA_MASTER_KEY_FILE='{key}'");
    // With no more rights than the page gives to the nodes.
    let password = "a long random password";
    assert!(sql[0].contains(password));
    let restore = restore.replace("mysql auth", &format!("mysql --user=auth --password='{password}' auth"));
    assert!(run(&home, &exports, &restore).contains("Nothing is wrong."));
    let risen = Server::with(&home, &settings);
    risen.profile(&tokens.access).ok(200);
    let raw_key = risen.get("sealing-key").ok(200)["kid"].clone();
    drop(risen);
    run(&home, &exports, afterwards);
    let server = Server::with(&home, &settings);
    server.profile(&tokens.access).problem(401, "invalid_token");
    assert_ne!(server.get("sealing-key").ok(200)["kid"], raw_key);
    server.login(EMAIL);

    // What it takes on the disk, and a certificate that names the host.
    assert!(run(&home, "", &format!("mysql <<'END'\n{}\nEND", sql[1])).contains("spent_envelopes"));
    run(&home, "", certificate);
    run(&home, "", "openssl verify -CAfile ca.pem -verify_hostname db.internal server.pem");
}
