//! The walkthrough of README.md, word for word: what stands between `<!-- walkthrough -->` and `<!-- /walkthrough -->`.

use std::path::Path;

use crate::support::{Home, Server, Walkthrough};

#[test]
fn the_walkthrough_of_the_readme_works_word_for_word() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- walkthrough -->").expect("README.md has a walkthrough");
    let (walkthrough, _) = rest.split_once("<!-- /walkthrough -->").expect("the walkthrough has an end");
    let home = Home::new();
    let server = Server::start(&home);
    Walkthrough::of(walkthrough).with("localhost:8080", &server.address).follow(&home, "reader");
}
