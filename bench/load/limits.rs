//! What this machine can do at all: what a login, a checked token and a row cost before any server is in the way.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::get as get_route;
use bulla::model::{Argon2Cost, HashMemory, Password, PasswordHash};
use bulla_seal::{Envelope, Expected, KeySize, NonceKey, Opened, Payload, Purpose, SealingKey, seal};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::drive::{Pace, drive};
use crate::fresh_copy::{self, fresh_copy};
use crate::scripts::{Again, PASSWORD};
use crate::stage::{Failure, ending_with_us};
use crate::threads::per_second;
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
/// What [`Apart`] is asked for, beside a size in bits.
const HASHES: &str = "hashes";
const HELLOS: &str = "hellos";

/// What this machine can do, measured by another process: this program again, from a fresh copy. Ends when it is dropped,
/// before its folder goes.
pub struct Apart {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Apart {
    pub fn start() -> Result<Self, Failure> {
        let folder = fresh_copy(std::env::current_exe()?)?;
        let mut command = ending_with_us(folder.path().join(fresh_copy::NAME));
        command.arg("limits").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut apart = Self { process, questions, answers, _folder: folder };
        // To make keys takes a core for a while.
        apart.answer()?;
        Ok(apart)
    }

    pub fn measure(&mut self, slice: Duration) -> Result<Limits, Failure> {
        let mut openings = [0.0; 3];
        for (size, openings) in SIZES.into_iter().zip(&mut openings) {
            *openings = self.openings(size, slice / 2)?;
        }
        Ok(Limits { hashes: self.hashes(slice)?, openings, hellos: self.hellos(slice)? })
    }

    /// A hash and the opening of an envelope, both of which take a core.
    pub fn logins(&mut self, size: KeySize, slice: Duration) -> Result<f64, Failure> {
        Ok(together(self.hashes(slice)?, self.openings(size, slice / 2)?))
    }

    pub fn hellos(&mut self, slice: Duration) -> Result<f64, Failure> {
        self.ask(HELLOS, slice)
    }

    fn hashes(&mut self, slice: Duration) -> Result<f64, Failure> {
        self.ask(HASHES, slice)
    }

    fn openings(&mut self, size: KeySize, slice: Duration) -> Result<f64, Failure> {
        self.ask(&size.bits().to_string(), slice)
    }

    fn ask(&mut self, what: &str, slice: Duration) -> Result<f64, Failure> {
        let questions = self.questions.as_mut().ok_or("no input")?;
        writeln!(questions, "{what} {}", slice.as_millis())?;
        Ok(self.answer()?.trim().parse()?)
    }

    fn answer(&mut self) -> Result<String, Failure> {
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? > 0 { Ok(answer) } else { Err("the limits broke off".into()) }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // It ends with what it is asked, and takes its own server along.
        self.questions = None;
        let _ = self.process.wait();
    }
}

/// Answers [`Apart`]'s questions until it has no more.
pub fn answer() -> Result<(), Failure> {
    let keys: Result<Vec<SealingKey>, _> = SIZES.into_iter().map(SealingKey::generate).collect();
    let (keys, hello) = (keys?, Hello::start()?);
    println!("ready");
    for question in std::io::stdin().lines() {
        let question = question?;
        let (what, milliseconds) = question.split_once(' ').ok_or("no question")?;
        let slice = Duration::from_millis(milliseconds.parse()?);
        let answer = match what {
            HELLOS => hello.per_second(slice)?,
            HASHES => hashes_per_second(slice),
            bits => {
                let place = SIZES.iter().position(|size| size.bits().to_string() == bits).ok_or("no question")?;
                openings_per_second(&keys[place], slice)?
            }
        };
        println!("{answer}");
    }
    Ok(())
}

impl Limits {
    /// As [`Apart::logins`].
    pub fn logins(&self, size: KeySize) -> f64 {
        let place = SIZES.iter().position(|other| *other == size).unwrap_or(1);
        together(self.hashes, self.openings[place])
    }
}

/// How often both can be done a second, one after the other.
fn together(one: f64, other: f64) -> f64 {
    1.0 / (1.0 / one + 1.0 / other)
}

fn hashes_per_second(slice: Duration) -> f64 {
    on_all_cores(slice, || {
        let mut memory = HashMemory::default();
        move || {
            let password = Password::new(Zeroizing::new(PASSWORD.to_owned()));
            PasswordHash::make(&password, [7; 16], Argon2Cost::DEFAULT, &mut memory);
        }
    })
}

fn openings_per_second(key: &SealingKey, slice: Duration) -> Result<f64, Failure> {
    let nonces = NonceKey::new([7; 32]);
    let email = "ada@example.com";
    let payload = Payload { password: PASSWORD, purpose: Purpose::Login, email, nonce: &nonces.issue(0) };
    let text = seal(key.public(), &payload)?;
    let open = || {
        let envelope = Envelope::parse(&text).expect("our own envelope is one");
        let addressed = envelope.address(std::slice::from_ref(key)).expect("it is for this key");
        let expected = Expected { purpose: Purpose::Login, email_matches: &|sealed| sealed == email };
        assert!(matches!(addressed.open(&expected, &nonces, 0), Opened::Fresh(_)));
    };
    Ok(on_all_cores(slice, || open))
}

fn on_all_cores<W: FnMut()>(slice: Duration, worker: impl Fn() -> W + Sync) -> f64 {
    per_second(std::thread::available_parallelism().map_or(1, usize::from), slice, worker)
}

/// The other server: this program again. Killed when dropped.
struct Hello {
    process: Child,
    address: SocketAddr,
}

impl Hello {
    fn start() -> Result<Self, Failure> {
        let mut process = ending_with_us(std::env::current_exe()?).arg("hello").stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        // Made before the wait, so that it is killed if it says nothing.
        let mut hello = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        hello.address = line.trim().parse()?;
        Ok(hello)
    }

    fn per_second(&self, slice: Duration) -> Result<f64, Failure> {
        let scripts = (0..HELLO_CONNECTIONS).map(|_| Box::new(Again(get("/", ""))) as Box<_>).collect();
        Ok(drive(self.address, scripts, Pace::Closed, slice)?.per_second())
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
