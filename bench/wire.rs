//! HTTP/1.1 over one kept connection, with nothing between the clock and the socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::stage::Failure;

pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Wire {
    pub fn to(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends a whole request and reads the whole answer.
    pub fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        loop {
            match self.stream.read(&mut self.buffer[filled..])? {
                0 => return Err("the server hung up".into()),
                count => filled += count,
            }
            if let Some(answer) = Answer::parse(&self.buffer[..filled])? {
                return Ok(answer);
            }
        }
    }
}

impl Answer {
    /// `None` where there is more to come.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let (head, rest) = (std::str::from_utf8(&bytes[..end])?, &bytes[end + 4..]);
        let status = head.get(9..12).ok_or("no status line")?.parse()?;
        let body = match values(head, "content-length").next() {
            Some(length) => rest.get(..length.parse()?).map(<[u8]>::to_vec),
            None if values(head, "transfer-encoding").any(|coding| coding == "chunked") => chunks(rest)?,
            None => return Err("an answer without a length".into()),
        };
        Ok(body.map(|body| Self { status, head: head.to_owned(), body }))
    }

    pub fn json(&self) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.body).map_err(|error| format!("{error}: {}", self.head))?)
    }
}

pub fn values<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    headers.filter(move |(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A body in chunks (RFC 9112 §7.1), as servers send that do not know its length before; `None` where there is more to come.
fn chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end])?.trim(), 16)?;
        let Some(chunk) = rest.get(end + 2..end + 2 + length + 2) else { return Ok(None) };
        if length == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&chunk[..length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

pub fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n").into_bytes()
}

pub fn post(path: &str, headers: &str, body: &Value) -> Vec<u8> {
    post_as("application/json", path, headers, &body.to_string())
}

pub fn post_as(content_type: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let (fixed, length) = (format!("Host: bench\r\nContent-Type: {content_type}\r\n"), body.len());
    format!("POST {path} HTTP/1.1\r\n{fixed}{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}
