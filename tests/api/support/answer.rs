//! What came back, read once, with assertions that show all of it when they fail.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn read(response: reqwest::Response) -> Self {
        Self { status: response.status(), headers: response.headers().clone(), text: response.text().await.unwrap() }
    }

    /// Of the bytes of a connection that is closed; `None` unless they are one answer, and nothing more.
    pub fn of_connection(bytes: &[u8]) -> Option<Self> {
        let (head, text) = str::from_utf8(bytes).ok()?.split_once("\r\n\r\n")?;
        let (status, lines) = head.split_once("\r\n")?;
        let status = status.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.parse::<HeaderName>().ok()?, value.trim().parse().ok()?))
        };
        let headers = lines.split("\r\n").map(header).collect::<Option<HeaderMap>>()?;
        let answer = Self { status, headers, text: text.to_owned() };
        (answer.header("content-length") == text.len().to_string()).then_some(answer)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The body, if the status is the expected one.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks that this is a complete problem document (RFC 9457) of this status and code, and returns it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        self.checked_problem(status, code).unwrap_or_else(|complaint| panic!("{complaint}"))
    }

    /// As `problem`, for whoever collects what is wrong.
    pub fn checked_problem(&self, status: u16, code: &str) -> Result<Value, String> {
        let problem = serde_json::from_str::<Value>(&self.text).unwrap_or_default();
        let has = |member: &str| problem[member].as_str().is_some_and(|text| !text.is_empty());
        let missing = ["type", "title", "detail", "request_id"].into_iter().find(|member| !has(member));
        let complaint = if self.status != status {
            format!("the status is not {status}")
        } else if self.header("content-type") != "application/problem+json" {
            "it is no problem document".to_owned()
        } else if problem["code"] != code {
            format!("the code is not {code}")
        } else if let Some(member) = missing {
            format!("{member} is missing")
        } else if problem["status"] != status || problem["message"] != problem["detail"] {
            "the document contradicts itself".to_owned()
        } else if problem["request_id"] != self.header("x-request-id") {
            "the request has two ids".to_owned()
        } else {
            return Ok(problem);
        };
        Err(format!("{complaint}: {self:?}"))
    }
}
