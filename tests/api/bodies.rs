//! What every route that takes JSON refuses.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Answer, PASSWORD, Tokens, new_email, shared};

/// A route that takes JSON, and a body of the right shape.
struct Route {
    method: Method,
    path: &'static str,
    body: Value,
    /// Which members may be missing.
    are_members_optional: bool,
}

fn routes() -> [Route; 5] {
    let route = |method, path, body| Route { method, path, body, are_members_optional: path == "profile" };
    [
        route(Method::POST, "register", json!({ "name": "Ada", "email": "ada@example.com", "password": "x" })),
        route(Method::POST, "login", json!({ "email": "ada@example.com", "password": "x" })),
        route(Method::POST, "refresh", json!({ "refresh_token": "x" })),
        route(Method::POST, "password", json!({ "current_password": "x", "new_password": "y" })),
        route(Method::PATCH, "profile", json!({ "name": "Ada" })),
    ]
}

impl Route {
    async fn send(&self, tokens: &Tokens, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
        let request = shared().await.request(self.method.clone(), self.path).bearer_auth(&tokens.access).body(body);
        let request = match content_type {
            Some(content_type) => request.header(CONTENT_TYPE, content_type),
            None => request,
        };
        Answer::read(request.send().await.unwrap()).await
    }

    async fn is_malformed(&self, tokens: &Tokens, body: impl Into<Vec<u8>>) {
        let body = body.into();
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let answer = self.send(tokens, Some("application/json"), body).await;
        assert_eq!(answer.status, 400, "{} {} {shown}: {answer:?}", self.method, self.path);
        answer.problem(400, "malformed_request");
    }

    fn members(&self) -> Vec<String> {
        self.body.as_object().unwrap().keys().cloned().collect()
    }

    /// The body with more JSON text behind its last member.
    fn and(&self, members: &str) -> String {
        let text = self.body.to_string();
        format!("{},{members}}}", text.strip_suffix('}').unwrap())
    }

    fn with(&self, member: &str, value: Value) -> String {
        let mut body = self.body.clone();
        body[member] = value;
        body.to_string()
    }
}

#[tokio::test]
async fn what_is_not_a_json_object_is_malformed() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        let right = route.body.to_string();
        let array = json!([route.body]).to_string();
        let values = json!(route.body.as_object().unwrap().values().collect::<Vec<_>>()).to_string();
        let (cut, comma) = (right[..right.len() - 1].to_owned(), right.replace('}', ",}"));
        let (twice, byte_order_mark) = (format!("{right}{right}"), format!("\u{feff}{right}"));
        for body in [&array, &values, &cut, &comma, &twice, &byte_order_mark] {
            route.is_malformed(&tokens, body.as_str()).await;
        }
        for body in ["", " ", "x", "null", "true", "7", "\"text\"", "[]", "name=Ada&email=ada@example.com", "{'a':1}"] {
            route.is_malformed(&tokens, body).await;
        }
    }
}

#[tokio::test]
async fn a_member_of_another_type_is_malformed() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        for member in route.members() {
            for value in [json!(null), json!(7), json!(1.5), json!(true), json!([]), json!(["x"]), json!({ "a": "x" })]
            {
                route.is_malformed(&tokens, route.with(&member, value)).await;
            }
        }
    }
}

#[tokio::test]
async fn several_emails_are_not_an_email() {
    let (email, tokens) = shared().await.new_person().await;
    for route in routes().iter().filter(|route| route.body["email"].is_string()) {
        route.is_malformed(&tokens, route.with("email", json!([email, "eve@example.com"]))).await;
        route.is_malformed(&tokens, route.with("email", json!({ "0": email }))).await;
    }
}

#[tokio::test]
async fn a_missing_member_is_malformed() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes().iter().filter(|route| !route.are_members_optional) {
        for member in route.members() {
            let mut body = route.body.clone();
            body.as_object_mut().unwrap().remove(&member);
            route.is_malformed(&tokens, body.to_string()).await;
            body[member.to_uppercase()] = json!("x");
            route.is_malformed(&tokens, body.to_string()).await;
        }
    }
}

#[tokio::test]
async fn a_member_that_comes_twice_is_malformed_at_any_depth_and_in_any_spelling() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        for member in route.members() {
            let escaped = format!("\\u{:04x}{}", u32::from(member.as_bytes()[0]), &member[1..]);
            for name in [member, escaped] {
                route.is_malformed(&tokens, route.and(&format!(r#""{name}":"z""#))).await;
            }
        }
        for members in [r#""a":1,"a":1"#, r#""a":{"b":1,"b":2}"#, r#""a":[[{"b":1,"\u0062":2}]]"#] {
            route.is_malformed(&tokens, route.and(members)).await;
        }
    }
}

#[tokio::test]
async fn what_is_not_utf_8_is_malformed() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        let text = route.and(r#""other":"?""#);
        for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\x00", b"\n"] {
            let (before, after) = text.split_once('?').unwrap();
            route.is_malformed(&tokens, [before.as_bytes(), bytes, after.as_bytes()].concat()).await;
        }
        route.is_malformed(&tokens, text.replace('?', "\\ud800")).await;
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        route.is_malformed(&tokens, utf_16).await;
    }
}

#[tokio::test]
async fn deep_nesting_is_malformed() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        for depth in [200, 7_500] {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            route.is_malformed(&tokens, route.and(&format!(r#""a":{nested}"#))).await;
            route.is_malformed(&tokens, nested).await;
        }
        route.is_malformed(&tokens, route.and(&format!(r#""a":{}"#, r#"{"a":"#.repeat(3_000)))).await;
    }
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_was_sent() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        let number = route.with(&route.members()[0], json!(271_828_182));
        let texts = [json!("271828182").to_string(), number, route.with("name", json!({ "271828182": 1 }))];
        for body in texts {
            let answer = route.send(&tokens, Some("application/json"), body.clone()).await;
            assert!(!answer.text.contains("271828182"), "{} {body}: {answer:?}", route.path);
        }
    }
}

#[tokio::test]
async fn what_is_not_called_json_is_an_unsupported_media_type() {
    let (_, tokens) = shared().await.new_person().await;
    let types = ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/json;charset=x"];
    for route in routes() {
        for content_type in types.map(Some).into_iter().chain([None, Some(""), Some("multipart/form-data")]) {
            let answer = route.send(&tokens, content_type, route.body.to_string()).await;
            answer.problem(415, "unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn json_in_utf_8_may_be_called_so() {
    let server = shared().await;
    for content_type in ["application/json", "Application/JSON", "application/json; charset=utf-8"] {
        let (_, tokens) = server.new_person().await;
        let body = json!({ "refresh_token": tokens.refresh }).to_string();
        let answer = routes()[2].send(&tokens, Some(content_type), body).await;
        answer.ok(200);
    }
}

#[tokio::test]
async fn a_body_may_have_16_kib_and_not_a_byte_more() {
    let (_, tokens) = shared().await.new_person().await;
    for route in routes() {
        let most = route.and(&format!(r#""a":"{}""#, "x".repeat(16 * 1024 - route.body.to_string().len() - 7)));
        assert_eq!(most.len(), 16 * 1024);
        let answer = route.send(&tokens, Some("application/json"), most.clone()).await;
        assert_ne!(answer.status, 413, "{answer:?}");
        let answer = route.send(&tokens, Some("application/json"), most + " ").await;
        answer.problem(413, "payload_too_large");
    }
}

#[tokio::test]
async fn a_body_that_does_not_say_its_length_has_the_same_limit() {
    let server = shared().await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /api/auth/refresh HTTP/1.1\r\nhost: bulla\r\ncontent-type: application/json\r\n\
                connection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("{{\"refresh_token\":\"{}\"}}", "x".repeat(17 * 1024));
    let request = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains(r#""code":"payload_too_large""#), "{answer}");
}

#[tokio::test]
async fn members_that_nobody_asked_for_are_ignored() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let password = server.seal(bulla_seal::Purpose::Login, &email, PASSWORD).await;
    let body = json!({ "email": email, "password": password, "role": "admin", "more": [{ "a": null }] });
    server.post("login", body).await.ok(200);
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let server = shared().await;
    for path in ["nothing", "/nothing", "login/", "/api/auth", "/API/auth/login", "/api/auth//login", "/metrics"] {
        server.get(path).await.problem(404, "not_found");
        server.post(path, json!({})).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = shared().await;
    for (method, path, allowed) in [
        (Method::GET, "login", &["POST"][..]),
        (Method::PUT, "register", &["POST"]),
        (Method::GET, "refresh", &["POST"]),
        (Method::GET, "logout", &["POST"]),
        (Method::PUT, "password", &["POST"]),
        (Method::POST, "profile", &["GET", "PATCH"]),
        (Method::POST, "sessions", &["GET", "DELETE"]),
        (Method::GET, "sessions/1", &["DELETE"]),
        (Method::POST, "sealing-key", &["GET"]),
        (Method::POST, "verify", &["GET"]),
        (Method::DELETE, "/healthz", &["GET"]),
    ] {
        let answer = server.with_token(method.clone(), path, "x", Value::Null).await;
        answer.problem(405, "method_not_allowed");
        let told: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        assert!(allowed.iter().all(|method| told.contains(method)), "{method} {path}: {told:?}");
        assert!(!told.contains(&method.as_str()), "{method} {path}: {told:?}");
    }
}
