//! docs/deploy.md, as an administrator would follow it: with a real Caddy and a real nginx in front of real servers.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use bulla_seal::Purpose;

use crate::support::{Answer, EMAIL, Home, PATIENCE, Process, Remote, Server, Tokens, free_port, tls_files, within};

const PUBLIC_URL: &str = "https://auth.example.com";
/// Another address of the loopback network, so that it is told apart from the proxy's.
const CLIENT: &str = "127.0.0.7";
const SPOOFED: &str = "203.0.113.9";

/// The blocks of one language, in order.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy.md")).unwrap();
    let block = |rest: &str| rest.split_once("\n```").expect("a block has an end").0.to_owned();
    text.split(&format!("```{language}\n")).skip(1).map(block).collect()
}

/// Runs a block as root would, where the folders of the system are in `home`.
#[track_caller]
fn run(home: &Home, block: &str) -> String {
    let root = home.path("root").display().to_string();
    let here = ["/etc/", "/usr/local/", "/var/"]
        .iter()
        .fold(block.to_owned(), |block, folder| block.replace(folder, &format!("{root}{folder}")));
    let path = format!("{root}/usr/local/bin:{}", std::env::var("PATH").unwrap());
    let mut command = home.bash(&format!("set -euo pipefail\n{here}"));
    Process::run(command.env("PATH", path), "").ok()
}

/// The server as the unit starts it.
fn start_as_installed(home: &Home) -> Server {
    let unit = home.read("root/etc/systemd/system/bulla.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let root = home.path("root").display().to_string();
    let line = line.replace("/usr/local", &format!("{root}/usr/local"));
    let line = line.replace("%S", &format!("{root}/var/lib")).replace("%d", &format!("{root}/etc/bulla"));
    Server::launch(home, &mut home.bash(&format!("cd '{root}/etc/bulla' && exec {line}")))
}

/// Something in front of servers; gone when it is dropped.
struct Proxy {
    _process: Process,
    remote: Remote,
}

impl Proxy {
    /// Once it passes requests on.
    #[track_caller]
    fn ready(home: &Home, process: Process, port: u16) -> Self {
        let remote = Remote::with_certificate(&format!("localhost:{port}"), home.path("tls.crt"));
        within(PATIENCE, "the proxy", || remote.request("/readyz", &[], "").filter(|answer| answer.status == 200));
        Self { _process: process, remote }
    }

    /// A block of the page, where the name is one of this machine and the certificate one of this test.
    #[track_caller]
    fn caddy(home: &Home, block: &str, servers: &[(&str, &Server)]) -> Self {
        let port = free_port();
        let site = block.replace("auth.example.com {", &format!("https://localhost:{port} {{\n\ttls tls.crt tls.key"));
        assert_ne!(site, block);
        home.write("Caddyfile", &format!("{{\n\tadmin off\n\tauto_https off\n}}\n{}", behind(site, servers)));
        let mut caddy = home.command("caddy");
        caddy.args(["run", "--adapter", "caddyfile", "--config", "Caddyfile"]).env("HOME", home.path(""));
        Self::ready(home, Process::spawn(&mut caddy), port)
    }

    #[track_caller]
    fn nginx(home: &Home, block: &str, servers: &[(&str, &Server)]) -> Self {
        let (port, plain) = (free_port(), free_port());
        let site = block
            .replace("listen 80;", &format!("listen 127.0.0.1:{plain};"))
            .replace("listen 443 ", &format!("listen 127.0.0.1:{port} "))
            .replace("/etc/ssl/auth.example.com.pem", &home.path("tls.crt").display().to_string())
            .replace("/etc/ssl/auth.example.com.key", &home.path("tls.key").display().to_string());
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let mut text = "pid nginx.pid;\nerror_log error.log;\nevents {}\nhttp {\naccess_log off;\n".to_owned();
        folders.iter().for_each(|name| writeln!(text, "{name}_temp_path {name};").unwrap());
        home.write("nginx.conf", &format!("{text}{}\n}}\n", behind(site, servers)));
        let prefix = home.path("").display().to_string();
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-g", "daemon off; master_process off;"];
        let process = Process::spawn(Command::new("nginx").args(arguments));
        let proxy = Self::ready(home, process, port);
        let redirected = Remote::at(&format!("127.0.0.1:{plain}"));
        let answer = redirected.request("/docs?x=1", &["--header", "Host: auth.example.com"], "").unwrap();
        assert_eq!((answer.status, answer.header("location")), (301, Some("https://auth.example.com/docs?x=1")));
        proxy
    }

    /// Logs in from the client's address, which pretends to be another one.
    #[track_caller]
    fn log_in(&self) -> Tokens {
        let body = self.remote.sealed_body(Purpose::Login, EMAIL).to_string();
        let (json, spoofed) = ("Content-Type: application/json", format!("X-Forwarded-For: {SPOOFED}"));
        let forwarded = format!("Forwarded: for={SPOOFED}");
        let headers = ["--header", json, "--header", &spoofed, "--header", &forwarded];
        let options = [&["--interface", CLIENT, "--data-binary", "@-"][..], &headers].concat();
        Tokens::of(&self.remote.request("login", &options, &body).expect("an answer"))
    }
}

/// A configuration whose servers are those of this test.
#[track_caller]
fn behind(mut text: String, servers: &[(&str, &Server)]) -> String {
    for (said, server) in servers {
        assert!(text.contains(said), "{text}");
        text = text.replace(said, &server.address);
    }
    text
}

#[test]
fn the_page_about_deployment_can_be_followed_word_for_word() {
    let [install, backup, restore] = blocks("sh").try_into().expect("three blocks of commands");
    let home = Home::new();
    tls_files(&home);
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/bulla.service");
    std::fs::copy(env!("CARGO_BIN_EXE_bulla"), home.path("bulla")).unwrap();
    std::fs::copy(deploy, home.path("bulla.service")).unwrap();
    assert!(run(&home, &install).contains("Nothing is wrong."));
    assert_eq!([home.mode("root/etc/bulla/master.key"), home.mode("root/etc/bulla/.env")], [0o600; 2]);

    let server = start_as_installed(&home);
    assert!(server.log().contains(&format!(r#""url":"{PUBLIC_URL}""#)), "{}", server.log());
    server.register(EMAIL);
    let [one_machine, _] = blocks("caddyfile").try_into().expect("two of Caddy");
    let behind = [("127.0.0.1:8080", &server)];
    let proxies = [Proxy::caddy(&home, &one_machine, &behind), Proxy::nginx(&home, &blocks("nginx").concat(), &behind)];
    for proxy in &proxies {
        let tokens = proxy.log_in();
        let sessions = proxy.remote.with_token("GET", "sessions", &tokens.access).ok(200);
        assert_eq!(sessions["sessions"][0]["ip"], CLIENT, "{sessions}");
        assert!(!sessions.to_string().contains(SPOOFED), "{sessions}");
    }

    // A backup while the server runs, a logout after it, and the backup restored.
    let tokens = server.login(EMAIL);
    run(&home, &backup);
    run(&home, &backup);
    server.with_token("POST", "logout", &tokens.access).ok(200);
    let key = server.get("sealing-key").ok(200)["kid"].clone();
    server.process.terminate();
    assert!(server.process.ended().status.success());
    run(&home, &restore);
    let server = start_as_installed(&home);
    server.profile(&tokens.access).problem(401, "invalid_token");
    assert_ne!(server.get("sealing-key").ok(200)["kid"], key);
    server.login(EMAIL);
}

#[test]
fn a_rolling_restart_behind_the_pages_load_balancer_turns_nobody_away() {
    let [_, several_nodes] = blocks("caddyfile").try_into().expect("two of Caddy");
    let home = Home::new()
        .with("BULLA_PUBLIC_URL", PUBLIC_URL)
        .with("BULLA_TRUSTED_PROXIES", "127.0.0.1")
        .with("BULLA_ADDRESS_RATE", "off");
    tls_files(&home);
    let [first, second] = [free_port(), free_port()].map(|port| port.to_string());
    let start = |port: &str| Server::with(&home, &[("PORT", port)]);
    // Two nodes on one database file, which takes the place of MySQL here.
    let nodes = [start(&first), start(&second)];
    let said = [("10.0.0.11:8080", &nodes[0]), ("10.0.0.12:8080", &nodes[1])];
    let proxy = Proxy::caddy(&home, &several_nodes, &said);
    proxy.remote.register(EMAIL);
    let tokens = proxy.log_in();
    let ask = |count: usize| -> Vec<Answer> { (0..count).map(|_| proxy.remote.profile(&tokens.access)).collect() };
    let mut answers = ask(10);
    let mut restarted = Vec::new();
    for (node, port) in nodes.into_iter().zip([&first, &second]) {
        node.process.terminate();
        answers.extend(ask(10));
        assert!(node.process.ended().status.success());
        answers.extend(ask(10));
        let again = start(port);
        again.get("/readyz").ok(200);
        answers.extend(ask(10));
        restarted.push(again);
    }
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
