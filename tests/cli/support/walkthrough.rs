//! A page for people, whose commands are run word for word.
//!
//! Each `sh` block is run, all of them in one bash that ends at the first failure, and what it prints is compared with
//! the `text` block that follows it, if one does; `…` there stands for anything.

use std::fmt::Write;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::{Home, Process};

#[derive(Debug)]
pub struct Walkthrough {
    steps: Vec<Step>,
    /// What the page says, and what it is here.
    names: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Step {
    commands: String,
    expected: Option<String>,
}

const DONE: &str = "---- done ----";

impl Walkthrough {
    #[track_caller]
    pub fn of(markdown: &str) -> Self {
        let steps = steps(markdown);
        assert!(!steps.is_empty(), "a walkthrough has commands");
        Self { steps, names: Vec::new() }
    }

    /// Where the page says `name`, the commands say `here`, and the other way round in what they print.
    pub fn with(mut self, name: &'static str, here: &str) -> Self {
        self.names.push((name, here.to_owned()));
        self
    }

    /// Follows the page in a folder of `home`, with the real `bulla` and the programs of `home` on the path.
    #[track_caller]
    pub fn follow(&self, home: &Home, folder: &str) {
        let printed = self.run(home, folder);
        for (step, printed) in self.steps.iter().zip(printed) {
            if let Some(expected) = &step.expected {
                let is_as_said = matches(expected.trim(), printed.trim());
                assert!(is_as_said, "the page says that\n{}\nprints\n{expected}\nbut it is\n{printed}", step.commands);
            }
        }
    }

    /// What each step printed.
    #[track_caller]
    fn run(&self, home: &Home, folder: &str) -> Vec<String> {
        let mut script = "exec 2>&1\n".to_owned();
        for step in &self.steps {
            let commands = replaced(&step.commands, self.names.iter().map(|(name, here)| (*name, here.as_str())));
            writeln!(script, "{commands}\nprintf '\\n%s %s\\n' '{DONE}' $?").unwrap();
        }
        let output = run_as_a_group(bash(home, folder).args(["-e", "-o", "pipefail", "-c", &script]));
        let mut printed = Vec::new();
        let mut rest = output.as_str();
        for step in &self.steps {
            let (before, after) =
                rest.split_once(DONE).unwrap_or_else(|| panic!("{} did not end: {rest}", step.commands));
            let (status, after) = after.split_once('\n').unwrap();
            assert_eq!(status.trim(), "0", "{}\nfailed:\n{before}", step.commands);
            printed.push(replaced(before, self.names.iter().map(|(name, here)| (here.as_str(), *name))));
            rest = after;
        }
        printed
    }
}

fn bash(home: &Home, folder: &str) -> Command {
    let programs = home.path("programs");
    std::fs::create_dir_all(&programs).unwrap();
    std::fs::create_dir_all(home.path(folder)).unwrap();
    symlink(env!("CARGO_BIN_EXE_bulla"), programs.join("bulla")).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.current_dir(home.path(folder)).env("PATH", path).env("BULLA_METRICS_ADDRESS", "off").env_remove("PORT");
    command
}

/// Whatever a page starts in the background ends with it.
#[track_caller]
fn run_as_a_group(command: &mut Command) -> String {
    struct Group(u32);
    impl Drop for Group {
        fn drop(&mut self) {
            let _ =
                Command::new("kill").args(["-s", "KILL", "--", &format!("-{}", self.0)]).stderr(Stdio::null()).status();
        }
    }
    let process = Process::spawn(command.process_group(0));
    let _group = Group(process.id());
    process.ended().ok()
}

/// All at once: what takes one name's place may look like another name.
fn replaced<'t>(text: &str, names: impl Iterator<Item = (&'t str, &'t str)> + Clone) -> String {
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let name = names.clone().find(|(from, _)| rest.starts_with(from));
        let (from, to) = name.unwrap_or_else(|| rest.split_at(next.len_utf8()));
        replaced.push_str(if name.is_some() { to } else { from });
        rest = &rest[from.len()..];
    }
    replaced
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
fn names_are_replaced_all_at_once() {
    let names = [("3000", "43001"), ("3001", "52000"), ("é", "e")];
    assert_eq!(replaced("é 3000 3001 300", names.into_iter()), "e 43001 52000 300");
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
