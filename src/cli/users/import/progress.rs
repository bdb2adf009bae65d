//! How far an import is: a bar on a terminal, a line now and then elsewhere, nothing for what is over at once.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(super) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    last_line: Instant,
}

const BETWEEN_LINES: Duration = Duration::from_secs(10);

impl Progress {
    /// `total` in whatever the source counts: rows, or bytes of a file. Unknown for a pipe.
    pub(super) fn new(total: Option<u64>) -> Self {
        let is_terminal = stderr().is_terminal();
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{bar:40} {percent:>3}%  {msg}  {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is sound"));
        bar.set_draw_target(if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        Self { bar, is_terminal, last_line: Instant::now() }
    }

    pub(super) fn show(&mut self, position: u64, rows: u64, refused: u64) {
        self.bar.set_position(position);
        let message = format!("{} rows, {} refused", thousands(rows), thousands(refused));
        if !self.is_terminal && self.last_line.elapsed() > BETWEEN_LINES {
            self.last_line = Instant::now();
            match self.bar.length() {
                Some(total) => eprintln!("{message}, {} %", position.saturating_mul(100) / total.max(1)),
                None => eprintln!("{message}"),
            }
        }
        self.bar.set_message(message);
    }

    /// Does something that prints, without the bar in its way.
    pub(super) fn pause<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let is_start = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if is_start(place) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (9_998, "9,998"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
