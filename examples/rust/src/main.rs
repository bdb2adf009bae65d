//! Logs in at a Bulla server, or registers first: the password travels sealed, by the crate bulla-seal.
//!
//!     PASSWORD='quiet tides wander north' cargo run -- URL EMAIL [NAME]     with a name: registers first

mod server;

use std::time::Duration;

use bulla_seal::Purpose;
use server::{Failure, Server};

fn main() -> std::process::ExitCode {
    if let Err(failure) = run() {
        eprintln!("login: {failure}");
        return 1.into();
    }
    0.into()
}

fn run() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let (Ok(password), [url, email, name @ ..]) = (std::env::var("PASSWORD"), given.as_slice()) else {
        return Err("usage: PASSWORD=… cargo run -- URL EMAIL [NAME]     with a name: registers first".into());
    };
    let server = Server::at(url);
    if let [name] = name {
        server.send(Purpose::Register, email, &password, name)?;
    }
    let login = server.send(Purpose::Login, email, &password, "")?;
    let [name, email, id] = ["name", "email", "id"].map(|member| login["user"][member].as_str().unwrap_or_default());
    let lifetime = Duration::from_secs(login["expires_in"].as_u64().unwrap_or_default());
    println!("{name} <{email}>, account {id}");
    println!("access token until {:.0}", jiff::Timestamp::now() + lifetime);
    Ok(())
}
