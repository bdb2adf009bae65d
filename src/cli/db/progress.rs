//! How far a copy is, on standard error: a bar on a terminal, a line a table elsewhere.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use crate::flows::CopyStep;

pub(super) enum Progress {
    Bar(ProgressBar),
    Lines,
}

const TEMPLATE: &str = "{msg:26} {wide_bar} {percent:>3} %, {eta} left";

impl Progress {
    pub(super) fn new() -> Self {
        if !stderr().is_terminal() {
            return Self::Lines;
        }
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is a valid one");
        Self::Bar(ProgressBar::new(0).with_style(style))
    }

    pub(super) fn show(&mut self, step: CopyStep) {
        match (self, step) {
            // Every row is written once and read back once.
            (Self::Bar(bar), CopyStep::Counted(rows)) => bar.set_length(2 * rows),
            (Self::Bar(bar), CopyStep::Writing(table)) => bar.set_message(format!("writing {table}")),
            (Self::Bar(bar), CopyStep::Checking(table)) => bar.set_message(format!("checking {table}")),
            (Self::Bar(bar), CopyStep::Rows(rows)) => bar.inc(rows),
            (Self::Lines, CopyStep::Counted(rows)) => eprintln!("copying {rows} rows"),
            (Self::Lines, CopyStep::Writing(table)) => eprintln!("writing {table}"),
            (Self::Lines, CopyStep::Checking(table)) => eprintln!("checking {table}"),
            (Self::Lines, CopyStep::Rows(_)) => {}
        }
    }

    pub(super) fn finish(self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
