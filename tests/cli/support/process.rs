//! A child process that does not outlive its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{PATIENCE, within};

/// Killed when dropped. Both of its outputs are collected while it runs.
pub struct Process {
    child: Child,
    pub stdout: Output,
    pub stderr: Output,
    readers: Vec<JoinHandle<()>>,
}

/// What a process has written to one of its outputs so far.
#[derive(Clone, Default)]
pub struct Output(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    text: String,
    is_over: bool,
}

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// The most that a process ever held.
pub fn most_memory_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (stdout, stderr) = (Output::default(), Output::default());
        let readers = vec![stdout.collect(child.stdout.take().unwrap()), stderr.collect(child.stderr.take().unwrap())];
        Self { child, stdout, stderr, readers }
    }

    /// Runs a command to its end. One that does not end is killed, and fails the test.
    #[track_caller]
    pub fn run(command: &mut Command, input: &str) -> Ran {
        let mut process = Self::spawn(command);
        // Who does not read what it is given breaks the pipe, which is its right.
        let _ = process.child.stdin.take().unwrap().write_all(input.as_bytes());
        process.ended()
    }

    /// Waits for the end, and for all output before it.
    #[track_caller]
    pub fn ended(mut self) -> Ran {
        drop(self.child.stdin.take());
        let log = self.stderr.clone();
        let status = within(PATIENCE, "the end of the process", || self.child.try_wait().unwrap());
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        Ran { status, stdout: self.stdout.text(), stderr: log.text() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: the process has no say in it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: the process is asked to end.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    fn collect(&self, source: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        std::thread::spawn(move || {
            let (written, changed) = &*output.0;
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                let mut written = written.lock().unwrap();
                written.text.push_str(&line);
                written.text.push('\n');
                changed.notify_all();
            }
            written.lock().unwrap().is_over = true;
            changed.notify_all();
        })
    }

    pub fn text(&self) -> String {
        self.0.0.lock().unwrap().text.clone()
    }

    /// The first line that `find` finds something in.
    #[track_caller]
    pub fn wait_for<T>(&self, limit: Duration, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let (begun, (written, changed)) = (Instant::now(), &*self.0);
        let mut written = written.lock().unwrap();
        loop {
            if let Some(found) = written.text.lines().find_map(&find) {
                return found;
            }
            let left = limit.saturating_sub(begun.elapsed());
            assert!(!written.is_over && !left.is_zero(), "{what} did not come; there is only:\n{}", written.text);
            written = changed.wait_timeout(written, left).unwrap().0;
        }
    }
}

impl Ran {
    /// What it printed, if it succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout
    }

    /// What it complained of, if it failed as it should: with the code 1 and every sentence of these in its message.
    #[track_caller]
    pub fn refused(self, sentences: &[&str]) -> String {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        for sentence in sentences {
            assert!(self.stderr.contains(sentence), "{sentence:?} is missing: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}
