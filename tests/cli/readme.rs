//! The walkthrough of README.md, word for word.
//!
//! Between `<!-- walkthrough -->` and `<!-- /walkthrough -->`, each `sh` block is run and what it prints is compared
//! with the `text` block that follows it, if one does; `…` there stands for anything.

use std::fmt::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Home, Process, Server};

/// Where the README says that the server is.
const ADDRESS: &str = "localhost:8080";
const DONE: &str = "---- done ----";

#[derive(Debug, Default)]
struct Step {
    commands: String,
    expected: Option<String>,
}

#[test]
fn the_walkthrough_of_the_readme_works_word_for_word() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- walkthrough -->").expect("README.md has a walkthrough");
    let (walkthrough, _) = rest.split_once("<!-- /walkthrough -->").expect("the walkthrough has an end");
    let steps = steps(walkthrough);
    assert!(!steps.is_empty(), "the walkthrough has commands");

    let home = Home::new();
    let server = Server::start(&home);
    let printed = run(&home, &steps, &server.address);
    for (step, printed) in steps.iter().zip(printed) {
        if let Some(expected) = &step.expected {
            let is_as_said = matches(expected.trim(), printed.trim());
            assert!(is_as_said, "the README says that\n{}\nprints\n{expected}\nbut it is\n{printed}", step.commands);
        }
    }
}

fn steps(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let block = lines.by_ref().take_while(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n");
        match language {
            "sh" => steps.push(Step { commands: block, expected: None }),
            "text" => steps.last_mut().expect("an output follows its commands").expected = Some(block),
            _ => panic!("a walkthrough has sh and text blocks only, not {language:?}"),
        }
    }
    steps
}

/// Runs all steps in one bash, as a reader would, and returns what each printed.
fn run(home: &Home, steps: &[Step], address: &str) -> Vec<String> {
    let programs = home.path("programs");
    std::fs::create_dir(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_bulla"), programs.join("bulla")).unwrap();
    std::fs::create_dir(home.path("reader")).unwrap();
    let mut script = "exec 2>&1\n".to_owned();
    for step in steps {
        let commands = step.commands.replace(ADDRESS, address);
        writeln!(script, "{commands}\nprintf '\\n%s %s\\n' '{DONE}' $?").unwrap();
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-o", "pipefail", "-c", &script]).current_dir(home.path("reader")).env("PATH", path);
    let output = Process::run(&mut command, "").ok();
    let mut printed = Vec::new();
    let mut rest = output.as_str();
    for step in steps {
        let (before, after) = rest.split_once(DONE).unwrap_or_else(|| panic!("{} did not end: {rest}", step.commands));
        let (status, after) = after.split_once('\n').unwrap();
        assert_eq!(status.trim(), "0", "{}\nfailed:\n{before}", step.commands);
        printed.push(before.replace(address, ADDRESS));
        rest = after;
    }
    printed
}

/// Whether `text` is `pattern`, where `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, pattern)) = pattern.split_once('…') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (between, last) = pattern.rsplit_once('…').unwrap_or(("", pattern));
    for part in between.split('…') {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[test]
fn an_ellipsis_stands_for_anything_and_nothing_else_does() {
    for (pattern, text) in [("", ""), ("a", "a"), ("…", ""), ("…", "x\ny"), ("a…c", "abc"), ("a…b…c", "a1b2c")]
    {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a", "b"), ("a", "ab"), ("a…", "ba"), ("…a", "ab"), ("a…b…c", "acb"), ("a…a", "a")]
    {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
