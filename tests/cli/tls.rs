//! HTTPS, with a certificate by OpenSSL.

use crate::support::{EMAIL, Home, Server, curl, openssl, tls_files};

const FILES: [(&str, &str); 2] = [("BULLA_TLS_CERT", "tls.crt"), ("BULLA_TLS_KEY", "tls.key")];

fn home_with_tls() -> Home {
    let home = FILES.iter().fold(Home::new(), |home, (name, file)| home.with(name, file));
    tls_files(&home);
    home
}

#[test]
fn both_protocols_are_spoken_over_tls() {
    let home = home_with_tls();
    let server = Server::with_tls(&home);
    for (option, protocol) in [("--http2", "HTTP/2"), ("--http1.1", "HTTP/1.1")] {
        for version in ["1.2", "1.3"] {
            let answer = server.request("/healthz", &[option, "--tls-max", version], "").unwrap();
            assert_eq!((answer.protocol.as_str(), answer.status), (protocol, 200), "TLS {version}");
        }
    }
}

#[test]
fn someone_registers_and_logs_in_over_tls() {
    let home = home_with_tls();
    let server = Server::with_tls(&home);
    let tokens = server.ada();
    assert_eq!(server.profile(&tokens.access).ok(200)["email"], EMAIL);
    assert!(server.log().contains(&format!(r#""url":"https://{}""#, server.address)), "{}", server.log());
}

#[test]
fn a_client_that_trusts_another_certificate_is_not_served() {
    let server = Server::with_tls(&home_with_tls());
    let ran = curl(&[&format!("{}/healthz", server.url)], "");
    assert!(!ran.status.success() && ran.stderr.contains("certificate"), "{ran:?}");
}

#[test]
fn plain_http_is_not_answered_on_a_tls_port() {
    let server = Server::with_tls(&home_with_tls());
    let ran = curl(&[&format!("http://{}/healthz", server.address)], "");
    assert!(!ran.status.success() && !ran.stdout.contains("HTTP/1.1 200"), "{ran:?}");
    server.get("/healthz").ok(200);
}

#[test]
fn a_missing_file_is_named() {
    for (name, _) in FILES {
        let home = home_with_tls().with(name, "nowhere.pem");
        home.start_refused(&["cannot read nowhere.pem"]);
    }
}

#[test]
fn one_file_without_the_other_is_refused() {
    for (name, file) in FILES {
        Home::new().with(name, file).start_refused(&["belong together"]);
    }
}

#[test]
fn a_key_that_others_can_read_stops_the_start() {
    let home = home_with_tls();
    for mode in [0o644, 0o604, 0o640] {
        home.set_mode("tls.key", mode);
        home.start_refused(&["others can read", "chmod 600 tls.key"]);
    }
    home.set_mode("tls.key", 0o600);
    home.set_mode("tls.crt", 0o644);
    Server::with_tls(&home);
}

#[test]
fn files_that_hold_something_else_are_refused() {
    for (_, file) in FILES {
        let home = home_with_tls();
        home.write(file, "nothing of the kind\n");
        let complaint = home.start_refused(&[file]);
        assert!(complaint.lines().count() == 1, "{complaint}");
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let home = home_with_tls();
    openssl(&home, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "tls.key"], "");
    home.set_mode("tls.key", 0o600);
    home.start_refused(&["certificate and key do not make a TLS server"]);
}
