//! Keys and certificates as an operator makes them.

use std::path::PathBuf;
use std::process::Command;

use super::{Home, Process};

/// Runs `openssl …` in the folder and returns what it printed.
#[track_caller]
pub fn openssl(home: &Home, arguments: &[&str], input: &str) -> String {
    Process::run(Command::new("openssl").args(arguments).current_dir(home.path("")), input).ok()
}

/// An RSA private key in PKCS#8 PEM.
pub fn rsa_key(home: &Home, name: &str, bits: u32) -> PathBuf {
    let path = home.write(name, "");
    let bits = format!("rsa_keygen_bits:{bits}");
    openssl(home, &["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", &bits, "-out", name], "");
    path
}

/// `tls.crt` and `tls.key`, for `localhost` and its address.
pub fn tls_files(home: &Home) {
    home.write("tls.key", "");
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    let request = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let files = ["-keyout", "tls.key", "-out", "tls.crt", "-days", "2", "-subj", "/CN=localhost", "-addext", names];
    openssl(home, &[request.as_slice(), files.as_slice()].concat(), "");
}
