//! The tutorial's service: installed, run, and used by its clients.

use std::ops::Deref;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::database::Database;
use crate::people::Person;
use crate::support::{Answer, Home, PATIENCE, Process, Remote, free_port};

/// The running service. Killed when dropped. Talk to it as to any [`Remote`].
pub struct Tutorial {
    process: Process,
    remote: Remote,
}

const FILES: [&str; 5] = ["server.js", "db.js", "routes/auth.js", "middleware/auth.js", "utils/rsa.js"];

/// Puts the service into `home`, with a `.env` for this database.
#[track_caller]
pub fn install(home: &Home, database: &Database, secret: &str) {
    let source = with_packages();
    for file in FILES {
        home.write(file, &std::fs::read_to_string(source.join(file)).unwrap());
    }
    symlink(source.join("node_modules"), home.path("node_modules")).unwrap();
    home.write(".env", &dot_env(database, free_port(), secret));
}

/// Where the service of this home listens.
#[track_caller]
pub fn port_of(home: &Home) -> u16 {
    home.read(".env").lines().find_map(|line| line.strip_prefix("PORT=")?.parse().ok()).unwrap()
}

pub fn dot_env(database: &Database, port: u16, secret: &str) -> String {
    let Database { name, user, password, host, port: database_port, .. } = database;
    format!(
        "PORT={port}\nDB_HOST={host}\nDB_PORT={database_port}\nDB_USER={user}\nDB_PASSWORD={password}\n\
         DB_NAME={name}\nJWT_SECRET={secret}\nJWT_EXPIRES=1h\n"
    )
}

/// As `openssl rand -base64 48` makes them.
pub fn new_secret() -> String {
    Process::run(Command::new("openssl").args(["rand", "-base64", "48"]), "").ok().trim().to_owned()
}

/// The service's source, with its packages beside it as its lock file names them.
fn with_packages() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/peers/tutorial");
        let arguments = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
        Process::run(Command::new("npm").args(arguments).current_dir(&source), "").ok();
        source
    })
}

impl Tutorial {
    #[track_caller]
    pub fn start(home: &Home) -> Self {
        let mut command = Command::new("node");
        let names = ["PORT", "DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME", "JWT_SECRET", "JWT_EXPIRES"];
        for name in names {
            command.env_remove(name);
        }
        let process = Process::spawn(command.arg("server.js").current_dir(home.path("")));
        process.stdout.wait_for(PATIENCE, "the service", |line| line.contains("running").then_some(()));
        Self { process, remote: Remote::at(&format!("127.0.0.1:{}", port_of(home))) }
    }

    /// In clear, as the tutorial does it.
    #[track_caller]
    pub fn register(&self, person: &Person) -> Answer {
        let Person { name, email, password } = person;
        self.post("register", &json!({ "name": name, "email": email, "password": password }))
    }

    pub fn stop(mut self) {
        self.process.kill();
    }
}

impl Deref for Tutorial {
    type Target = Remote;

    fn deref(&self) -> &Remote {
        &self.remote
    }
}

/// A login with nothing but curl and OpenSSL, which both services understand.
#[track_caller]
pub fn log_in(remote: &Remote, email: &str, password: &str) -> Answer {
    let options = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";
    let pem = remote.get("public.pem").body;
    let script = format!("openssl pkeyutl -encrypt -pubin -inkey <(printf %s \"$0\") {options} | base64 -w0");
    let sealed = Process::run(Command::new("bash").args(["-o", "pipefail", "-c", &script, &pem]), password).ok();
    remote.post("login", &json!({ "email": email, "password": sealed.trim() }))
}

/// What the service's own middleware makes of a token: the claims, or the answer that it gives instead.
#[track_caller]
pub fn middleware(home: &Home, token: &str) -> Value {
    let script = "
        require('dotenv').config({ quiet: true });
        const request = { headers: { authorization: `Bearer ${process.argv[1]}` } };
        const response = { status: () => response, json: (body) => console.log(JSON.stringify({ refused: body })) };
        require('./middleware/auth')(request, response, () => console.log(JSON.stringify(request.user)));";
    let mut command = Command::new("node");
    let said = Process::run(command.args(["-e", script, token]).current_dir(home.path("")), "").ok();
    serde_json::from_str(&said).unwrap()
}
