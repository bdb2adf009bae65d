//! How near a login comes to its physical limit: one password hash and one RSA operation.
//!
//! Hashes, RSA openings and logins over loopback HTTP are measured in turns in one run, so that what disturbs one
//! disturbs all, and printed with their ratio. `make bench` runs it.

mod median;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla::app::{App, Parts};
use bulla::clock::Clock;
use bulla::config::{Config, Settings};
use bulla::http::{router, server};
use bulla::model::{Argon2Cost, Email, HashMemory, MasterKey, Name, Password, PasswordHash};
use bulla::{flows, store};
use bulla_seal::{KeySize, NonceKey, Payload, Purpose, SealingKey, seal};
use secrecy::SecretString;
use zeroize::Zeroizing;

use median::median;

type Failure = Box<dyn std::error::Error>;

const ROUNDS: usize = 5;
const SLICE: Duration = Duration::from_secs(2);
const CLIENTS: usize = 8;
const PASSWORD: &str = "quiet tides wander north";
/// One account has four logins at a time at most, and a hundred sessions.
const ACCOUNTS: usize = 256;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let bench = runtime.block_on(Bench::start(folder.path()))?;
    let cores = std::thread::available_parallelism()?.get();
    let (mut hashes, mut openings, mut logins) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        hashes.push(hashes_per_second(cores));
        openings.push(openings_per_second(cores)?);
        logins.push(runtime.block_on(bench.logins_per_second())?);
    }
    let (hash, opening, login) = (median(&mut hashes), median(&mut openings), median(&mut logins));
    let limit = 1.0 / (1.0 / hash + 1.0 / opening);
    println!(
        "{cores} cores, Argon2id {}, RSA-3072; medians of {ROUNDS} rounds of {} s",
        Argon2Cost::DEFAULT,
        SLICE.as_secs()
    );
    println!("password hashes  {hash:8.1} /s");
    println!("RSA openings     {opening:8.1} /s");
    println!("limit of a login {limit:8.1} /s");
    println!("logins           {login:8.1} /s, {CLIENTS} clients, {:.2} of the limit", login / limit);
    Ok(())
}

fn hashes_per_second(threads: usize) -> f64 {
    per_second(threads, |memory| {
        let password = Password::new(Zeroizing::new(PASSWORD.to_owned()));
        PasswordHash::make(&password, [7; 16], Argon2Cost::DEFAULT, memory);
    })
}

fn openings_per_second(threads: usize) -> Result<f64, Failure> {
    let key = SealingKey::generate(KeySize::Rsa3072)?;
    let nonces = NonceKey::new([7; 32]);
    let email = email(0);
    let payload = Payload { password: PASSWORD, purpose: Purpose::Login, email: &email, nonce: &nonces.issue(0) };
    let text = seal(key.public(), &payload)?;
    Ok(per_second(threads, |_| {
        let envelope = bulla_seal::Envelope::parse(&text).expect("our own envelope is one");
        let addressed = envelope.address(std::slice::from_ref(&key)).expect("it is for this key");
        let expected = bulla_seal::Expected { purpose: Purpose::Login, email_matches: &|sealed| sealed == email };
        assert!(matches!(addressed.open(&expected, &nonces, 0), bulla_seal::Opened::Fresh(_)));
    }))
}

fn per_second(threads: usize, work: impl Fn(&mut HashMemory) + Sync) -> f64 {
    let begun = Instant::now();
    let count: usize = std::thread::scope(|scope| {
        let run = || {
            let (mut memory, mut count) = (HashMemory::default(), 0);
            while begun.elapsed() < SLICE {
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

struct Bench {
    app: Arc<App>,
    url: String,
    http: reqwest::Client,
}

impl Bench {
    async fn start(folder: &std::path::Path) -> Result<Self, Failure> {
        let settings = Settings {
            data_dir: Some(folder.display().to_string()),
            address_rate: Some("off".to_owned()),
            ..Settings::default()
        };
        let config = Config::resolve(&settings).map_err(|problems| problems.join("\n"))?;
        let db = store::connect(&config.database, config.database_limits).await?;
        store::migrate(&db).await?;
        let parts = Parts {
            config,
            public_url: "http://bench".to_owned(),
            clock: Clock::system(),
            db,
            master_key: MasterKey::new([7; 32]),
        };
        let app = Arc::new(App::new(parts));
        flows::keep_keys(&app).await?;
        for number in 0..ACCOUNTS {
            let password = SecretString::from(PASSWORD);
            flows::create_account(&app, Name::parse("Ada")?, Email::parse(&email(number))?, password).await?;
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/api/auth/login", listener.local_addr()?);
        // Whoever could ask it to stop is gone at once, so it serves for as long as its runtime lives.
        let (_, never) = tokio::sync::watch::channel(false);
        tokio::spawn(server::serve(listener, None, router(Arc::clone(&app)), 1000, never));
        Ok(Self { app, url, http: reqwest::Client::new() })
    }

    async fn logins_per_second(&self) -> Result<f64, Failure> {
        let begun = Instant::now();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (app, url, http) = (Arc::clone(&self.app), self.url.clone(), self.http.clone());
                tokio::spawn(async move {
                    let mut count = 0;
                    while begun.elapsed() < SLICE {
                        log_in(&app, &url, &http, &email((client + count * CLIENTS) % ACCOUNTS)).await;
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let mut count = 0;
        for client in clients {
            count += client.await?;
        }
        Ok(count as f64 / begun.elapsed().as_secs_f64())
    }
}

async fn log_in(app: &App, url: &str, http: &reqwest::Client, email: &str) {
    let offered = flows::offer_sealing_key(app).expect("there is an active key");
    let payload = Payload { password: PASSWORD, purpose: Purpose::Login, email, nonce: &offered.nonce };
    let envelope = seal(&offered.key, &payload).expect("a short password always seals");
    let body = serde_json::json!({ "email": email, "password": envelope });
    let status = http.post(url).json(&body).send().await.expect("the server answers").status();
    assert!(status.is_success(), "{status}");
}

fn email(number: usize) -> String {
    format!("user-{number}@example.com")
}
