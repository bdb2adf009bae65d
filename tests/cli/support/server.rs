//! The real server in a process of its own, and a client that knows its way around.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use bulla_seal::{Jwk, Payload, PublicKey, Purpose};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, EMAIL, Home, PASSWORD, PATIENCE, Process, Ran, curl};

/// Killed when dropped. Talk to it as to any [`Remote`].
pub struct Server {
    pub process: Process,
    remote: Remote,
    /// After the process, so that it goes last.
    _folder: Arc<TempDir>,
}

/// A server as its clients see it: an address.
#[derive(Clone)]
pub struct Remote {
    /// `127.0.0.1:PORT`
    pub address: String,
    pub url: String,
    /// The certificate to trust.
    certificate: Option<PathBuf>,
}

impl Deref for Server {
    type Target = Remote;

    fn deref(&self) -> &Remote {
        &self.remote
    }
}

/// What a login answers, for going on with.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Server {
    /// Starts a bare `bulla` and waits until it says that it is ready.
    #[track_caller]
    pub fn start(home: &Home) -> Self {
        Self::launch(home, &mut home.bulla(&[]))
    }

    /// As `start`, with settings of this start alone.
    #[track_caller]
    pub fn with(home: &Home, settings: &[(&str, &str)]) -> Self {
        Self::launch(home, home.bulla(&[]).envs(settings.iter().copied()))
    }

    /// Started by a shell that runs something else first.
    #[track_caller]
    pub fn after(home: &Home, first: &str) -> Self {
        let bulla = home.bulla(&[]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{first} && exec \"$0\"")]).arg(bulla.get_program());
        shell.current_dir(bulla.get_current_dir().unwrap());
        for (name, value) in bulla.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Self::launch(home, &mut shell)
    }

    /// With the certificate that `tls_files` made.
    #[track_caller]
    pub fn with_tls(home: &Home) -> Self {
        let mut server = Self::with(home, &[("BULLA_TLS_CERT", "tls.crt"), ("BULLA_TLS_KEY", "tls.key")]);
        server.remote = Remote::with_certificate(&server.address, home.path("tls.crt"));
        server
    }

    /// Started by a command that runs it.
    #[track_caller]
    pub fn launch(home: &Home, command: &mut Command) -> Self {
        let process = Process::spawn(command);
        let address = process.stderr.wait_for(PATIENCE, "the line \"ready\"", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["message"] == "ready").then(|| line["address"].as_str().map(str::to_owned))?
        });
        Self { process, remote: Remote::at(&address), _folder: home.folder() }
    }

    pub fn remote(&self) -> Remote {
        self.remote.clone()
    }

    pub fn log(&self) -> String {
        self.process.stderr.text()
    }
}

impl Remote {
    /// Whoever answers there, by plain HTTP.
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned(), url: format!("http://{address}"), certificate: None }
    }

    /// As `at`, by HTTPS, with a certificate to trust.
    pub fn with_certificate(address: &str, certificate: PathBuf) -> Self {
        Self { address: address.to_owned(), url: format!("https://{address}"), certificate: Some(certificate) }
    }

    /// A request by curl, with what curl is told besides. Its answer is `None` when the connection broke.
    #[track_caller]
    pub fn request(&self, path: &str, options: &[&str], body: &str) -> Option<Answer> {
        Answer::of(&self.curl(path, options, body))
    }

    #[track_caller]
    pub fn curl(&self, path: &str, options: &[&str], body: &str) -> Ran {
        let prefix = if path.starts_with('/') { "" } else { "/api/auth/" };
        let url = format!("{}{prefix}{path}", self.url);
        let certificate = self.certificate.as_ref().map(|path| path.display().to_string());
        let trust = certificate.as_ref().map_or(vec![], |path| vec!["--cacert", path]);
        curl(&[trust.as_slice(), options, &[&url]].concat(), body)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.request(path, &[], "").expect("an answer")
    }

    /// `None` when the connection broke before the answer was there.
    pub fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let options = ["--header", "Content-Type: application/json", "--data-binary", "@-"];
        self.request(path, &options, &body.to_string())
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).expect("an answer")
    }

    /// As `try_post`, with an access token.
    pub fn try_post_with_token(&self, path: &str, token: &str, body: &Value) -> Option<Answer> {
        let bearer = format!("Authorization: Bearer {token}");
        let options = ["--header", "Content-Type: application/json", "--header", &bearer, "--data-binary", "@-"];
        self.request(path, &options, &body.to_string())
    }

    pub fn try_with_token(&self, method: &str, path: &str, token: &str) -> Option<Answer> {
        self.request(path, &["--request", method, "--header", &format!("Authorization: Bearer {token}")], "")
    }

    #[track_caller]
    pub fn with_token(&self, method: &str, path: &str, token: &str) -> Answer {
        self.try_with_token(method, path, token).expect("an answer")
    }

    #[track_caller]
    pub fn profile(&self, access: &str) -> Answer {
        self.with_token("GET", "profile", access)
    }

    #[track_caller]
    pub fn refresh(&self, token: &str) -> Answer {
        self.post("refresh", &json!({ "refresh_token": token }))
    }

    /// Seals as a client does: key and nonce from the server.
    #[track_caller]
    pub fn seal(&self, purpose: Purpose, email: &str, password: &str) -> String {
        seal_to(&self.get("sealing-key").ok(200), purpose, email, password)
    }

    /// As `seal`, from a server that may be killed at any moment.
    pub fn try_seal(&self, purpose: Purpose, email: &str, password: &str) -> Option<String> {
        let document = self.request("sealing-key", &[], "")?;
        Some(seal_to(&document.json(), purpose, email, password))
    }

    /// The body of a registration or a login.
    #[track_caller]
    pub fn sealed_body(&self, purpose: Purpose, email: &str) -> Value {
        body(email, &self.seal(purpose, email, PASSWORD))
    }

    /// Registers someone with [`PASSWORD`].
    #[track_caller]
    pub fn register(&self, email: &str) {
        self.post("register", &self.sealed_body(Purpose::Register, email)).ok(201);
    }

    #[track_caller]
    pub fn try_login(&self, email: &str) -> Answer {
        self.post("login", &self.sealed_body(Purpose::Login, email))
    }

    #[track_caller]
    pub fn login(&self, email: &str) -> Tokens {
        Tokens::of(&self.try_login(email))
    }

    /// [`EMAIL`], registered and logged in.
    #[track_caller]
    pub fn ada(&self) -> Tokens {
        self.register(EMAIL);
        self.login(EMAIL)
    }
}

impl Tokens {
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        let body = answer.ok(200);
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {body}")).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// `name` is ignored by a login.
pub fn body(email: &str, envelope: &str) -> Value {
    json!({ "name": "Test Person", "email": email, "password": envelope })
}

#[track_caller]
fn seal_to(document: &Value, purpose: Purpose, email: &str, password: &str) -> String {
    let jwk: Jwk = serde_json::from_value(document["jwk"].clone()).unwrap();
    let key = PublicKey::from_jwk(&jwk).unwrap();
    let nonce = document["nonce"].as_str().unwrap();
    bulla_seal::seal(&key, &Payload { password, purpose, email, nonce }).unwrap()
}
