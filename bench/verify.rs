//! How near `/verify` comes to what HTTP itself costs on this machine.
//!
//! The same connections ask the real server to check a token, and a bare axum server to say hello, in turns; both share
//! the machine with whoever asks. `make verify` runs it.

mod ada;
mod median;
mod offer;
mod stage;
mod wire;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get as get_route;

use ada::{log_in, users};
use median::median;
use stage::{Failure, Stage};
use wire::{Wire, get};

const ROUNDS: usize = 5;
const SLICE: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 16;
/// How this program is told to be the other server.
const HELLO: &str = "--hello";

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == HELLO) {
        return hello();
    }
    let stage = Stage::start(&users(), &[])?;
    let other = Hello::start()?;
    let tokens = log_in(&mut Wire::to(stage.address)?)?.json()?;
    let token = tokens["access_token"].as_str().ok_or("no token")?;
    let verify = get("/api/auth/verify", &format!("Authorization: Bearer {token}\r\n"));
    let (mut verified, mut greeted) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        verified.push(requests_per_second(stage.address, &verify)?);
        greeted.push(requests_per_second(other.address, &get("/", ""))?);
    }
    let (verified, greeted) = (median(&mut verified), median(&mut greeted));
    println!("{CONNECTIONS} connections that are kept; medians of {ROUNDS} rounds of {} s", SLICE.as_secs());
    println!("hello of a bare axum {greeted:9.0} /s");
    println!("/api/auth/verify     {verified:9.0} /s, {:.2} of it", verified / greeted);
    Ok(())
}

fn requests_per_second(address: SocketAddr, request: &[u8]) -> Result<f64, Failure> {
    let begun = Instant::now();
    let ask = || -> Result<u64, String> {
        let mut wire = Wire::to(address).map_err(|error| error.to_string())?;
        let mut count = 0;
        while begun.elapsed() < SLICE {
            let answer = wire.ask(request).map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body)));
            }
            count += 1;
        }
        Ok(count)
    };
    let counts: Result<Vec<u64>, String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("panicked".to_owned()))).collect()
    });
    Ok(counts?.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64())
}

/// The other server. Killed when dropped.
struct Hello {
    process: Child,
    address: SocketAddr,
}

impl Hello {
    fn start() -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?).arg(HELLO).stdout(Stdio::piped()).spawn()?;
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

fn hello() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let router: Router = Router::new().route("/", get_route(|| async { "hello" }));
        let (_keep, never) = tokio::sync::watch::channel(false);
        bulla::http::server::serve(listener, None, router, 1000, never).await;
        Ok(())
    })
}
