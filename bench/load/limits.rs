//! What this machine can do at all: what a login, a checked token and a row cost before any server is in the way.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get as get_route;
use bulla::model::{Argon2Cost, HashMemory, Password, PasswordHash};
use bulla_seal::{Envelope, Expected, KeySize, NonceKey, Opened, Payload, Purpose, SealingKey, seal};
use zeroize::Zeroizing;

use crate::drive::{Pace, drive};
use crate::scripts::{Again, PASSWORD};
use crate::stage::Failure;
use crate::wire::get;

/// All a second, on all cores.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub hashes: f64,
    /// RSA-2048, RSA-3072 and RSA-4096.
    pub openings: [f64; 3],
    /// Answered by a bare axum on connections that are kept.
    pub hellos: f64,
}

pub const SIZES: [KeySize; 3] = [KeySize::Rsa2048, KeySize::Rsa3072, KeySize::Rsa4096];
const HELLO_CONNECTIONS: usize = 16;

/// The keys and the other server, made once.
pub struct Bench {
    keys: [SealingKey; 3],
    hello: Hello,
}

impl Bench {
    pub fn start() -> Result<Self, Failure> {
        let [a, b, c] = SIZES.map(SealingKey::generate);
        Ok(Self { keys: [a?, b?, c?], hello: Hello::start()? })
    }

    pub fn measure(&self, slice: Duration) -> Result<Limits, Failure> {
        let hashes = per_second(slice, |memory| {
            let password = Password::new(Zeroizing::new(PASSWORD.to_owned()));
            PasswordHash::make(&password, [7; 16], Argon2Cost::DEFAULT, memory);
        });
        let mut openings = [0.0; 3];
        for (key, openings) in self.keys.iter().zip(&mut openings) {
            *openings = openings_per_second(key, slice / 2)?;
        }
        let scripts = (0..HELLO_CONNECTIONS).map(|_| Box::new(Again(get("/", ""))) as Box<_>).collect();
        let hellos = drive(self.hello.address, scripts, Pace::Closed, slice)?.per_second();
        Ok(Limits { hashes, openings, hellos })
    }
}

impl Limits {
    /// A hash and the opening of an envelope, both of which take a core.
    pub fn logins(&self, size: KeySize) -> f64 {
        let place = SIZES.iter().position(|other| *other == size).unwrap_or(1);
        1.0 / (1.0 / self.hashes + 1.0 / self.openings[place])
    }
}

fn openings_per_second(key: &SealingKey, slice: Duration) -> Result<f64, Failure> {
    let nonces = NonceKey::new([7; 32]);
    let email = "ada@example.com";
    let payload = Payload { password: PASSWORD, purpose: Purpose::Login, email, nonce: &nonces.issue(0) };
    let text = seal(key.public(), &payload)?;
    Ok(per_second(slice, |_| {
        let envelope = Envelope::parse(&text).expect("our own envelope is one");
        let addressed = envelope.address(std::slice::from_ref(key)).expect("it is for this key");
        let expected = Expected { purpose: Purpose::Login, email_matches: &|sealed| sealed == email };
        assert!(matches!(addressed.open(&expected, &nonces, 0), Opened::Fresh(_)));
    }))
}

fn per_second(slice: Duration, work: impl Fn(&mut HashMemory) + Sync) -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let count: usize = std::thread::scope(|scope| {
        let run = || {
            let (mut memory, mut count) = (HashMemory::default(), 0);
            while begun.elapsed() < slice {
                work(&mut memory);
                count += 1;
            }
            count
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("work does not panic")).sum()
    });
    count as f64 / begun.elapsed().as_secs_f64()
}

/// The other server: this program again. Killed when dropped.
struct Hello {
    process: Child,
    address: SocketAddr,
}

impl Hello {
    fn start() -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?).arg("hello").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok(Self { process, address: line.trim().parse()? })
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn serve_hello() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let router: Router = Router::new().route("/", get_route(async || "hello"));
        Ok(axum::serve(listener, router).await?)
    })
}
