//! `/` and its `/assets`: what is served, and under which policy. What it does in a browser is tested in tests/browser.

use std::collections::BTreeSet;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use crate::support::{Answer, TestServer, shared};

/// The text between two marks, which are there once.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split_once(end).unwrap().0
}

#[tokio::test]
async fn the_page_runs_programs_of_this_server_only_and_submits_nothing() {
    let page = shared().await.get("/").await;
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none';",
        "script-src 'self';",
        "connect-src 'self';",
        "form-action 'none';",
        "base-uri 'none';",
        "require-trusted-types-for 'script';",
    ] {
        assert!(policy.contains(rule), "{rule} is not in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.text.matches("<script").count(), 1, "one program, and that from a file");
    assert!(page.text.contains(r#"<script type="module" src="assets/main.js"></script>"#));
    let handlers = [" onclick=", " onsubmit=", " onload=", " onerror=", "javascript:"];
    assert!(!handlers.iter().any(|handler| page.text.contains(handler)), "a program in an attribute");
}

#[tokio::test]
async fn the_policy_allows_the_style_of_the_page_and_no_other() {
    for path in ["/", "/docs"] {
        let page = shared().await.get(path).await;
        let style = between(&page.text, "<style>", "</style>");
        let digest = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        assert!(page.header("content-security-policy").contains(&format!("style-src 'sha256-{digest}';")), "{path}");
        assert!(!page.text.contains(" style="), "{path}: an attribute that the policy forbids");
    }
}

#[tokio::test]
async fn whatever_a_page_or_a_program_loads_is_served() {
    let server = shared().await;
    let mut wanted: Vec<String> = vec!["/assets/main.js".to_owned(), "/assets/logo".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = wanted.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let folder = path.rsplit_once('/').unwrap().0;
        let imports = answer.text.lines().filter(|line| line.starts_with("import") || line.starts_with("export"));
        for import in imports.filter_map(|line| line.rsplit_once("from \"./")) {
            wanted.push(format!("{folder}/{}", import.1.trim_end_matches("\";")));
        }
    }
    assert!(seen.contains("/assets/client/seal.js") && seen.len() > 10, "{seen:?}");
}

#[tokio::test]
async fn the_client_is_the_package_file_by_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("client-js/src");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "js") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let served = shared().await.get(&format!("/assets/client/{name}")).await;
            assert_eq!(served.header("content-type"), "text/javascript; charset=utf-8");
            assert!(served.text == std::fs::read_to_string(&path).unwrap(), "{name}");
        }
    }
}

#[tokio::test]
async fn an_asset_is_asked_about_each_time_and_sent_only_if_it_changed() {
    let server = shared().await;
    let first = server.get("/assets/main.js").await;
    assert_eq!(first.header("cache-control"), "no-cache");
    let ask = async |tag: &str| {
        let request = server.request(Method::GET, "/assets/main.js").header("if-none-match", tag);
        Answer::read(request.send().await.unwrap()).await
    };
    let again = ask(first.header("etag")).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(again.header("etag"), first.header("etag"));
    for known in [format!("W/{}", first.header("etag")), format!("\"x\", {}", first.header("etag")), "*".to_owned()] {
        assert_eq!(ask(&known).await.status, 304, "{known}");
    }
    assert_eq!(ask("\"another\"").await.status, 200);
}

#[tokio::test]
async fn what_is_not_an_asset_is_not_found() {
    for path in ["/assets/", "/assets/none.js", "/assets/../Cargo.toml", "/assets/%2e%2e/Cargo.toml", "/assets/client"]
    {
        shared().await.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn without_pages_there_is_nothing_but_the_api() {
    let server = TestServer::with(|settings| settings.pages = Some("false".to_owned())).await;
    server.get("/").await.problem(404, "not_found");
    server.get("/assets/main.js").await.problem(404, "not_found");
    let reference = server.get("/docs").await.text;
    assert!(reference.contains("href=\"docs\"") && !reference.contains("href=\".\""), "a link to what is not there");
    assert_eq!(server.get("sealing-key").await.status, 200);
}

#[tokio::test]
async fn a_brand_has_its_name_color_and_logo_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.svg");
    let picture = r#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    std::fs::write(&logo, picture).unwrap();
    let server = TestServer::with(|settings| {
        settings.brand_name = Some("Käse & <b>Brot</b>".to_owned());
        settings.brand_color = Some("#0b6e4f".to_owned());
        settings.brand_logo = Some(logo.to_str().unwrap().to_owned());
    })
    .await;
    let page = server.get("/").await;
    assert!(page.text.contains("<title>Käse &amp; &lt;b&gt;Brot&lt;/b&gt;</title>"));
    assert!(page.text.contains("--accent:#0b6e4f"));
    // The panel that explains is there, and not in the way.
    assert!(page.text.contains("<details><summary>") && !page.text.contains("openapi.json"));
    assert!(shared().await.get("/").await.text.contains("<details open>"));
    let served = server.get("/assets/logo").await;
    assert_eq!((served.header("content-type"), served.text.as_str()), ("image/svg+xml", picture));
    // A script in a picture does not run, even when it is opened by itself.
    let policy = served.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
}

#[tokio::test]
async fn the_least_length_of_a_password_is_on_the_page() {
    let server = TestServer::with(|settings| settings.password_min_length = Some("21".to_owned())).await;
    assert!(server.get("/").await.text.contains(r#"data-min-length="21""#));
}
