//! The pages in a look of one's own, as docs/pages.md tells it.

use std::path::Path;

use crate::support::{Home, Server};

/// The blocks of settings that the page shows, in its order.
fn shown() -> Vec<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pages.md")).unwrap();
    page.split("```env\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_settings_of_the_page_give_the_pages_their_look() {
    let home = Home::new();
    home.write(".env", &shown()[0]);
    home.start_refused(&["BULLA_BRAND_LOGO cannot be read"]);
    let health = home.run(&["health"]);
    assert!(!health.stderr.contains("LOGO"), "whoever shows no pages needs no picture: {health:?}");
    home.write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    let server = Server::start(&home);
    let page = server.get("/").body;
    assert!(page.contains("<title>Example Bank</title>") && page.contains("--accent:#0b6e4f"), "{page}");
    assert_eq!(server.get("/assets/logo").header("content-type"), Some("image/svg+xml"));
}

#[test]
fn the_pages_are_switched_off_as_the_page_says() {
    let home = Home::new();
    home.write(".env", &shown()[1]);
    let server = Server::start(&home);
    server.get("/").problem(404, "not_found");
    assert_eq!(server.get("/docs").status, 200);
}

#[test]
fn a_brand_that_cannot_be_shown_stops_the_start() {
    let home = Home::new();
    home.write("logo.gif", "GIF89a");
    home.write("large.png", &"x".repeat(300_000));
    home.write(".env", "BULLA_BRAND_COLOR=red\nBULLA_BRAND_LOGO=logo.gif\n");
    home.start_refused(&[
        "BULLA_BRAND_COLOR must be like #a3441c",
        "BULLA_BRAND_LOGO must be a picture whose name ends in .svg",
    ]);
    home.write(".env", "BULLA_BRAND_LOGO=large.png\n");
    home.start_refused(&["BULLA_BRAND_LOGO must not be larger than 256 KiB"]);
}
