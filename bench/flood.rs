//! Three hundred clients that guess at passwords as fast as they can; every third leaves before it is answered.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bulla_seal::Purpose;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout_at};

use crate::offer::Offer;
use crate::stage::Failure;
use crate::wire::{Answer, post};

pub const CLIENTS: usize = 300;
/// Of one in three.
const LEAVES_AFTER: Duration = Duration::from_millis(5);
/// Between an answer and the next guess.
const PAUSE: Duration = Duration::from_millis(50);
/// More than a client gets judged. One who leaves early begins again with the first, which was hardly ever looked at.
const GUESSES_A_CLIENT: usize = 150;

/// Well-formed and fresh, with a wrong password, each for another account; sealed before the flood begins.
pub struct Guesses(Vec<Vec<Value>>);

#[derive(Default)]
pub struct Tally {
    pub answers: BTreeMap<u16, u64>,
    /// How long each of the refusals (503) took.
    pub refused_after: Vec<Duration>,
    pub left_early: u64,
    pub broken: u64,
}

impl Guesses {
    pub fn seal(offer: &Offer) -> Result<Self, Failure> {
        let guess = |client: usize, number: usize| {
            let email = format!("victim{client}-{number}@example.com");
            let password = offer.seal(Purpose::Login, &email, "seven lanterns drift south")?;
            Ok(json!({ "email": email, "password": password }))
        };
        let of_client = |client| (0..GUESSES_A_CLIENT).map(|number| guess(client, number)).collect();
        Ok(Self((0..CLIENTS).map(of_client).collect::<Result<_, Failure>>()?))
    }
}

/// Floods until `end`, from one thread.
pub fn flood(address: SocketAddr, guesses: Guesses, end: Instant) -> Result<Tally, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let next_address = Arc::new(AtomicU32::new(0));
    let tally = runtime.block_on(async {
        let clients = guesses.0.into_iter().enumerate().map(|(number, guesses)| {
            let client = Client { address, guesses, end, next_address: Arc::clone(&next_address) };
            tokio::spawn(async move { if number % 3 == 0 { client.leave_early().await } else { client.wait().await } })
        });
        let mut tally = Tally::default();
        for client in clients.collect::<Vec<_>>() {
            tally.add(client.await?);
        }
        Ok::<_, Failure>(tally)
    })?;
    Ok(tally)
}

struct Client {
    address: SocketAddr,
    guesses: Vec<Value>,
    end: Instant,
    next_address: Arc<AtomicU32>,
}

impl Client {
    /// Guesses, waits for the answer on a kept connection, and guesses again: the same, when it was not judged.
    async fn wait(self) -> Tally {
        let (mut tally, mut guesses, mut stream) = (Tally::default(), self.guesses.iter().cycle(), None);
        let mut guess = guesses.next();
        while let Some(body) = guess.filter(|_| Instant::now() < self.end) {
            let request = self.request(body);
            let begun = Instant::now();
            match timeout_at(self.end.into(), ask(self.address, &mut stream, &request)).await {
                Ok(Ok(status)) => {
                    *tally.answers.entry(status).or_default() += 1;
                    if status == 503 {
                        tally.refused_after.push(begun.elapsed());
                    } else {
                        guess = guesses.next();
                    }
                }
                Ok(Err(_)) => {
                    tally.broken += 1;
                    stream = None;
                }
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
        tally
    }

    async fn leave_early(self) -> Tally {
        let mut tally = Tally::default();
        for body in self.guesses.iter().cycle() {
            if Instant::now() >= self.end {
                break;
            }
            match asked(self.address, &self.request(body)).await {
                Ok(stream) => {
                    sleep(LEAVES_AFTER).await;
                    drop(stream);
                    tally.left_early += 1;
                }
                Err(_) => tally.broken += 1,
            }
            sleep(PAUSE).await;
        }
        tally
    }

    /// Each request comes from another address, so that no bucket of the server is ever empty.
    fn request(&self, body: &Value) -> Vec<u8> {
        let number = self.next_address.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(11, 0, 0, 0)) + number);
        post("/api/auth/login", &format!("X-Forwarded-For: {address}\r\n"), body)
    }
}

async fn asked(address: SocketAddr, request: &[u8]) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    Ok(stream)
}

async fn ask(address: SocketAddr, stream: &mut Option<TcpStream>, request: &[u8]) -> Result<u16, Failure> {
    let stream = match stream {
        Some(stream) => stream,
        none => none.insert(TcpStream::connect(address).await?),
    };
    stream.write_all(request).await?;
    let mut buffer = Vec::with_capacity(2048);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err("the server hung up".into());
        }
        if let Some(answer) = Answer::parse(&buffer)? {
            return Ok(answer.status);
        }
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
        self.refused_after.extend(other.refused_after);
        self.left_early += other.left_early;
        self.broken += other.broken;
    }
}
