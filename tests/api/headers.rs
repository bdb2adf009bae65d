//! The headers of every answer, and what is not believed of a request's.

mod in_trouble;

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_seal::Purpose;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, new_email, shared};

async fn with_headers(server: &TestServer, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let pairs = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()));
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(name, value);
    }
    Answer::read(server.request(method, path).headers(map).send().await.unwrap()).await
}

/// One answer of every status that the shared server gives.
async fn an_answer_of_each_kind() -> Vec<(u16, Answer)> {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let seal = async |purpose, password| server.seal(purpose, &email, password).await;
    let taken = json!({ "name": "Ada", "email": email, "password": seal(Purpose::Register, PASSWORD).await });
    let weak = json!({ "name": "Ada", "email": email, "password": seal(Purpose::Register, "short").await });
    let other = new_email();
    let new = server.seal(Purpose::Register, &other, PASSWORD).await;
    let new = json!({ "name": "Ada", "email": other, "password": new });
    let text = server.request(Method::POST, "login").body("x").send().await.unwrap();
    let ended = server.login(&email).await;
    vec![
        (200, server.try_login(&email, PASSWORD).await),
        (200, server.verify(&tokens.access).await),
        (201, server.post("register", new).await),
        (204, server.with_token(Method::DELETE, "sessions", &ended.access, Value::Null).await),
        (400, server.post("login", json!([])).await),
        (401, server.try_login(&email, OTHER_PASSWORD).await),
        (401, server.profile("x").await),
        (404, server.get("nothing").await),
        (405, server.get("login").await),
        (409, server.post("register", taken).await),
        (413, server.post("login", json!("x".repeat(17_000))).await),
        (415, Answer::read(text).await),
        (422, server.post("register", weak).await),
    ]
}

#[tokio::test]
async fn every_answer_forbids_caching_sniffing_and_framing() {
    for (status, answer) in an_answer_of_each_kind().await {
        assert_guarded(status, &answer);
    }
}

#[track_caller]
fn assert_guarded(status: u16, answer: &Answer) {
    assert_eq!(answer.status, status, "{answer:?}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(answer.header(name), value, "{name}: {answer:?}");
    }
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{answer:?}");
    assert_ne!(answer.header("x-request-id"), "", "{answer:?}");
}

#[tokio::test]
async fn every_refusal_is_a_problem_document_and_no_answer_names_the_software() {
    for (status, answer) in an_answer_of_each_kind().await {
        if status >= 400 {
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            answer.problem(status, &code);
        }
        assert!(["server", "x-powered-by", "set-cookie"].iter().all(|name| !answer.headers.contains_key(*name)));
    }
}

#[tokio::test]
async fn pages_may_not_be_framed_nor_sniffed() {
    for path in ["/", "/docs", "/openapi.json", "/.well-known/jwks.json", "/healthz"] {
        let answer = shared().await.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn without_https_nothing_promises_it() {
    let server = TestServer::with(|settings| settings.public_url = Some("http://localhost:8080".to_owned())).await;
    assert_eq!(server.get("/healthz").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let mut ids = HashSet::new();
    for _ in 0..10 {
        ids.insert(shared().await.get("/healthz").await.header("x-request-id").to_owned());
        ids.insert(shared().await.get("nothing").await.header("x-request-id").to_owned());
    }
    assert!(ids.len() == 20 && !ids.contains(""), "{ids:?}");
}

#[tokio::test]
async fn a_requests_own_id_is_not_believed() {
    let server = shared().await;
    let theirs = server.get("/healthz").await.header("x-request-id").to_owned();
    for id in ["mine", &theirs] {
        let headers = [("x-request-id", id), ("x-correlation-id", id), ("traceparent", id)];
        let answer = with_headers(server, Method::GET, "nothing", &headers).await;
        assert!(!answer.text.contains(id) && answer.header("x-request-id") != id, "{answer:?}");
    }
}

#[tokio::test]
async fn the_host_header_is_never_reflected() {
    let server = shared().await;
    let (email, _) = server.new_person().await;
    let body = json!({ "email": email, "password": server.seal(Purpose::Login, &email, PASSWORD).await });
    let evil = |request: reqwest::RequestBuilder| {
        request
            .header("host", "eve.example")
            .header("x-forwarded-host", "eve.example")
            .header("forwarded", "host=eve.example")
    };
    let login = evil(server.request(Method::POST, "login")).json(&body).send().await.unwrap();
    let login = Answer::read(login).await;
    let access = login.ok(200)["access_token"].as_str().unwrap().to_owned();
    let claims = URL_SAFE_NO_PAD.decode(access.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://auth.test"), &json!("https://auth.test")));
    for path in ["/", "/docs", "/openapi.json", "/.well-known/jwks.json", "sealing-key", "nothing", "profile"] {
        let answer = Answer::read(evil(server.request(Method::GET, path)).send().await.unwrap()).await;
        assert!(!format!("{answer:?}").contains("eve.example"), "{path}: {answer:?}");
    }
}

mod cors {
    use super::*;

    const OURS: &str = "https://app.example.com";
    const PREFLIGHT: [(&str, &str); 2] =
        [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization,content-type")];

    /// Answers to a preflight, a good and a refused request of a page of `origin`.
    async fn answers(server: &TestServer, origin: &str) -> [Answer; 3] {
        let origin = ("origin", origin);
        [
            with_headers(server, Method::OPTIONS, "login", &[origin, PREFLIGHT[0], PREFLIGHT[1]]).await,
            with_headers(server, Method::GET, "sealing-key", &[origin]).await,
            with_headers(server, Method::GET, "verify", &[origin]).await,
        ]
    }

    async fn open() -> TestServer {
        TestServer::with(|settings| settings.cors_origins = Some(format!("{OURS},http://localhost:3000"))).await
    }

    #[tokio::test]
    async fn no_page_of_another_origin_is_let_in_by_default() {
        for answer in answers(shared().await, OURS).await {
            let opened = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(opened, None, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_page_of_a_named_origin_is_let_in() {
        let server = open().await;
        for origin in [OURS, "http://localhost:3000"] {
            let [preflight, good, refused] = answers(&server, origin).await;
            for answer in [&preflight, &good, &refused] {
                assert_eq!(answer.header("access-control-allow-origin"), origin, "{answer:?}");
                assert!(answer.header("vary").to_lowercase().contains("origin"), "{answer:?}");
            }
            assert!(preflight.status.is_success(), "{preflight:?}");
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                assert!(preflight.header("access-control-allow-methods").contains(method), "{preflight:?}");
            }
            let allowed = preflight.header("access-control-allow-headers").to_lowercase();
            assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{preflight:?}");
            refused.problem(401, "invalid_token");
        }
    }

    #[tokio::test]
    async fn a_page_of_an_origin_that_only_looks_like_it_is_not_let_in() {
        let server = open().await;
        for origin in [
            "https://app.example.com.eve.example",
            "https://eve.example",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://sub.app.example.com",
            "null",
            "*",
        ] {
            for answer in answers(&server, origin).await {
                assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}: {answer:?}");
            }
        }
    }

    #[tokio::test]
    async fn nobody_is_let_in_by_a_wildcard_or_with_credentials() {
        let server = open().await;
        for origin in [OURS, "https://eve.example", "null"] {
            for answer in answers(&server, origin).await {
                let values = answer.headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
                assert!(values.into_iter().all(|(_, value)| value != "*"), "{answer:?}");
                assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{answer:?}");
            }
        }
    }
}

mod client_address {
    use super::*;

    /// The address that a session remembers of a login with these headers.
    async fn seen(server: &TestServer, headers: &[(&str, &str)]) -> Value {
        let email = new_email();
        server.register(&email).await;
        let body = json!({ "email": email, "password": server.seal(Purpose::Login, &email, PASSWORD).await });
        let request = server.request(Method::POST, "login").json(&body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = Answer::read(request.send().await.unwrap()).await.ok(200);
        let access = answer["access_token"].as_str().unwrap();
        let sessions = server.with_token(Method::GET, "sessions", access, Value::Null).await.ok(200);
        sessions["sessions"][0]["ip"].clone()
    }

    #[tokio::test]
    async fn a_client_cannot_say_where_it_comes_from() {
        for name in ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"] {
            assert_eq!(seen(shared().await, &[(name, "203.0.113.7")]).await, "127.0.0.1", "{name}");
        }
        let server = TestServer::with(|settings| settings.trusted_proxies = Some("10.0.0.0/8".to_owned())).await;
        assert_eq!(seen(&server, &[("x-forwarded-for", "203.0.113.7")]).await, "127.0.0.1");
    }

    #[tokio::test]
    async fn a_trusted_proxy_is_believed_from_right_to_left() {
        let server =
            TestServer::with(|settings| settings.trusted_proxies = Some("127.0.0.1,10.0.0.0/8".to_owned())).await;
        assert_eq!(seen(&server, &[]).await, "127.0.0.1");
        for (lines, address) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            (&["198.51.100.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            (&["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
            (&["2001:db8::7"], "2001:db8::7"),
            (&["nonsense"], "127.0.0.1"),
        ] {
            let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            assert_eq!(seen(&server, &headers).await, address, "{lines:?}");
        }
        let forwarded = ("forwarded", "for=198.51.100.1, for=203.0.113.7;proto=https, for=10.0.0.2");
        assert_eq!(seen(&server, &[forwarded]).await, "203.0.113.7");
        assert_eq!(seen(&server, &[forwarded, ("x-forwarded-for", "192.0.2.9")]).await, "127.0.0.1");
    }

    #[tokio::test]
    async fn another_header_is_not_believed_even_of_a_trusted_proxy() {
        let server = TestServer::with(|settings| settings.trusted_proxies = Some("127.0.0.1".to_owned())).await;
        for name in ["x-real-ip", "cf-connecting-ip", "x-client-ip"] {
            assert_eq!(seen(&server, &[(name, "203.0.113.7")]).await, "127.0.0.1", "{name}");
        }
    }
}

mod throttle {
    use super::*;

    async fn start() -> TestServer {
        TestServer::with(|settings| {
            settings.address_rate = Some("1/s,3".to_owned());
            settings.trusted_proxies = Some("127.0.0.1".to_owned());
        })
        .await
    }

    async fn ask(server: &TestServer, method: &Method, path: &str, address: &str) -> Answer {
        let request = server.request(method.clone(), path).header("x-forwarded-for", address).json(&json!({}));
        Answer::read(request.send().await.unwrap()).await
    }

    /// How many requests are let through before the refusal; a slow machine fills the bucket again meanwhile.
    async fn exhaust(server: &TestServer, method: &Method, path: &str, address: &str) -> (usize, Answer) {
        for count in 0..30 {
            let answer = ask(server, method, path, address).await;
            if answer.status == 429 {
                return (count, answer);
            }
        }
        panic!("{method} {path} is not throttled");
    }

    #[tokio::test]
    async fn every_costly_route_takes_from_the_bucket_of_its_caller() {
        let server = start().await;
        for (number, (method, path)) in [
            (Method::POST, "register"),
            (Method::POST, "login"),
            (Method::POST, "refresh"),
            (Method::PATCH, "profile"),
            (Method::POST, "logout"),
            (Method::DELETE, "sessions"),
            (Method::DELETE, "sessions/1"),
            (Method::POST, "password"),
        ]
        .into_iter()
        .enumerate()
        {
            let (count, answer) = exhaust(&server, &method, path, &format!("192.0.2.{number}")).await;
            assert!(count >= 3, "{method} {path} was refused after {count}");
            answer.problem(429, "too_many_attempts");
            assert_eq!(answer.header("retry-after"), "1", "{answer:?}");
        }
    }

    #[tokio::test]
    async fn the_routes_share_one_bucket_and_addresses_do_not() {
        let server = start().await;
        exhaust(&server, &Method::POST, "refresh", "192.0.2.1").await;
        assert_eq!(ask(&server, &Method::POST, "logout", "192.0.2.1").await.status, 429);
        assert_eq!(ask(&server, &Method::POST, "logout", "192.0.2.2").await.status, 401);
    }

    #[tokio::test]
    async fn one_ipv6_network_is_one_client() {
        let server = start().await;
        exhaust(&server, &Method::POST, "refresh", "2001:db8::1").await;
        assert_eq!(ask(&server, &Method::POST, "refresh", "2001:db8::ffff:2").await.status, 429);
        assert_eq!(ask(&server, &Method::POST, "refresh", "2001:db8:0:1::1").await.status, 400);
    }

    #[tokio::test]
    async fn what_costs_little_is_never_throttled() {
        let server = start().await;
        exhaust(&server, &Method::POST, "refresh", "192.0.2.1").await;
        for path in [
            "sealing-key",
            "public.pem",
            "profile",
            "sessions",
            "verify",
            "/.well-known/jwks.json",
            "/openapi.json",
            "/docs",
            "/",
            "/healthz",
            "/readyz",
        ] {
            for _ in 0..5 {
                assert_ne!(ask(&server, &Method::GET, path, "192.0.2.1").await.status, 429, "{path}");
            }
        }
    }

    #[tokio::test]
    async fn a_client_does_not_get_another_bucket_by_naming_another_address() {
        let server = TestServer::with(|settings| settings.address_rate = Some("1/s,3".to_owned())).await;
        for number in 0..30 {
            if ask(&server, &Method::POST, "refresh", &format!("192.0.2.{number}")).await.status == 429 {
                return;
            }
        }
        panic!("an address that the client made up was believed");
    }

    #[tokio::test]
    async fn an_envelope_that_was_turned_away_is_not_spent() {
        let server = start().await;
        let email = new_email();
        server.register(&email).await;
        let body = json!({ "email": email, "password": server.seal(Purpose::Login, &email, PASSWORD).await });
        let log_in = async |address: &str| {
            let request = server.request(Method::POST, "login").header("x-forwarded-for", address).json(&body);
            Answer::read(request.send().await.unwrap()).await
        };
        exhaust(&server, &Method::POST, "refresh", "192.0.2.1").await;
        log_in("192.0.2.1").await.problem(429, "too_many_attempts");
        log_in("192.0.2.2").await.ok(200);
    }
}
