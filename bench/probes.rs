//! What honest clients ask for meanwhile: at fixed moments, whether or not the answer before has come. How long an
//! answer took is counted from the moment at which it was due to be asked for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stage::Failure;
use crate::wire::{Wire, get, post};

const PERIOD: Duration = Duration::from_millis(20);
/// Refreshing writes, and people do so every ten minutes.
const REFRESH_PERIOD: Duration = Duration::from_millis(100);

pub struct Probe {
    pub route: &'static str,
    /// In ascending order.
    pub latencies: Vec<Duration>,
}

/// Asks until `end`.
pub fn verify(address: SocketAddr, tokens: &Value, end: Instant) -> Result<Probe, Failure> {
    with_token(address, "/api/auth/verify", tokens, end)
}

pub fn profile(address: SocketAddr, tokens: &Value, end: Instant) -> Result<Probe, Failure> {
    with_token(address, "/api/auth/profile", tokens, end)
}

fn with_token(address: SocketAddr, route: &'static str, tokens: &Value, end: Instant) -> Result<Probe, Failure> {
    let access = tokens["access_token"].as_str().ok_or("no access token")?;
    let request = get(route, &format!("Authorization: Bearer {access}\r\n"));
    let mut wire = Wire::to(address)?;
    probe(route, PERIOD, end, |_| expect(200, wire.ask(&request)?.status))
}

/// Each answer brings the token for the next question.
pub fn refresh(address: SocketAddr, tokens: &Value, end: Instant) -> Result<Probe, Failure> {
    let route = "/api/auth/refresh";
    let (mut wire, mut token) = (Wire::to(address)?, tokens["refresh_token"].clone());
    probe(route, REFRESH_PERIOD, end, |number| {
        // Behind a trusted proxy, many people; one of them alone would be throttled.
        let from = format!("X-Forwarded-For: 10.{}.{}.1\r\n", number / 250, number % 250);
        let answer = wire.ask(&post(route, &from, &json!({ "refresh_token": token })))?;
        expect(200, answer.status)?;
        token = answer.json()?["refresh_token"].take();
        Ok(())
    })
}

/// On a new connection each time, which has to be accepted first.
pub fn health(address: SocketAddr, end: Instant) -> Result<Probe, Failure> {
    let request = get("/healthz", "");
    probe("/healthz", PERIOD, end, |_| expect(200, Wire::to(address)?.ask(&request)?.status))
}

fn probe(
    route: &'static str,
    period: Duration,
    end: Instant,
    mut ask: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Probe, Failure> {
    let (mut latencies, mut due) = (Vec::new(), Instant::now());
    while due < end {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        ask(latencies.len()).map_err(|error| format!("{route}: {error}"))?;
        latencies.push(due.elapsed());
        due += period;
    }
    latencies.sort();
    Ok(Probe { route, latencies })
}

fn expect(wanted: u16, status: u16) -> Result<(), Failure> {
    if status == wanted { Ok(()) } else { Err(format!("answered {status}").into()) }
}
