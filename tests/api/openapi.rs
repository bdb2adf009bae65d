//! `/openapi.json`, and the copy of it in `spec/`.

use std::collections::BTreeSet;
use std::path::Path;

use bulla::http;
use serde_json::Value;

use crate::support::shared;

/// Written anew by `BULLA_TEST_WRITE_SPEC=1 cargo test --workspace --test api openapi`.
#[test]
fn the_committed_description_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.json");
    let current = serde_json::to_string_pretty(&http::openapi::description()).unwrap() + "\n";
    if std::env::var_os("BULLA_TEST_WRITE_SPEC").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "spec/openapi.json is stale; run: BULLA_TEST_WRITE_SPEC=1 cargo test --workspace --test api openapi";
    assert!(committed == current, "{hint}");
}

#[tokio::test]
async fn the_description_is_served() {
    let served = shared().await.get("/openapi.json").await.ok(200);
    assert_eq!(served, serde_json::to_value(http::openapi::description()).unwrap());
}

#[test]
fn every_route_is_described_and_every_described_route_exists() {
    let description = serde_json::to_value(http::openapi::description()).unwrap();
    let described: BTreeSet<&str> = description["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    // Pages are for people, and the longer forms of /verify for one gateway.
    let is_page = |path: &&str| ["/", "/assets/{*path}", "/docs", "/openapi.json"].contains(path);
    let is_described = |path: &&str| !is_page(path) && !path.starts_with("/api/auth/verify/");
    let served: BTreeSet<&str> = http::paths().into_iter().filter(is_described).collect();
    assert_eq!(described, served);
}

#[test]
fn every_member_is_described_and_every_value_has_an_example() {
    let description = serde_json::to_value(http::openapi::description()).unwrap();
    for (name, schema) in description["components"]["schemas"].as_object().unwrap() {
        for (member, property) in schema["properties"].as_object().unwrap() {
            let is_composed = ["$ref", "oneOf", "items"].iter().any(|word| property.get(word).is_some());
            let words = ["/description", "/oneOf/0/description"];
            let has_words = words.iter().any(|pointer| property.pointer(pointer).is_some());
            let has_example = property.get("example").is_some() || property.get("examples").is_some();
            assert!(has_words, "{name}.{member} is not described");
            assert!(has_example || is_composed, "{name}.{member} has no example");
        }
    }
}

#[tokio::test]
async fn the_reference_shows_every_route_member_and_code() {
    let description = serde_json::to_value(http::openapi::description()).unwrap();
    let page = shared().await.get("/docs").await.text;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(page.contains(&format!("id=\"{method}-{path}\"")), "{method} {path}");
            assert!(page.contains(operation["summary"].as_str().unwrap()), "{method} {path}");
        }
    }
    for schema in description["components"]["schemas"].as_object().unwrap().values() {
        for member in schema["properties"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("{member}</code>")), "{member}");
        }
    }
    for (code, _) in bulla::pages::CODES {
        assert!(page.contains(&format!("id=\"{code}\"")), "{code}");
    }
    // Its examples are for this server, whose name may be anything.
    assert!(page.contains("curl -s https://auth.test/api/auth/sealing-key") && !page.contains("auth.example.com"));
    // All that it shows is there: no example is left empty, nothing comes from elsewhere.
    let elsewhere = page.split("src=\"").skip(1).filter(|rest| rest.starts_with("http") || rest.starts_with("//"));
    assert_eq!((page.matches("{}").count(), elsewhere.count()), (0, 0));
}

#[test]
fn every_code_in_the_description_is_explained_on_the_page() {
    let description = http::openapi::description();
    let codes: BTreeSet<String> = problem_codes(&serde_json::to_value(&description).unwrap());
    assert!(codes.len() > 10, "{codes:?}");
    let explained: BTreeSet<String> = bulla::pages::CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert!(codes.is_subset(&explained), "not explained: {:?}", codes.difference(&explained).collect::<Vec<_>>());
}

fn problem_codes(description: &Value) -> BTreeSet<String> {
    let operations =
        description["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    operations
        .flat_map(|operation| operation["responses"].as_object().unwrap().values())
        .filter(|response| response["content"]["application/problem+json"].is_object())
        .flat_map(|response| {
            response["description"].as_str().unwrap().split(", ").map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}
