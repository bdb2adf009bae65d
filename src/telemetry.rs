//! The log: calm lines on a terminal, JSON for machines. Secrets, tokens, emails and bodies never get into it.

mod terminal;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use terminal::Terminal;

/// Starts logging to standard error, as `filter` says (`RUST_LOG`; `info` if it says nothing).
pub fn start(filter: Option<&str>) -> Result<(), String> {
    let filter = filter.filter(|text| !text.is_empty()).unwrap_or("info");
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG cannot be understood: {error}"))?;
    if std::io::stderr().is_terminal() {
        // https://no-color.org
        let has_colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        tracing_subscriber::registry().with(filter).with(Terminal { has_colors }).init();
    } else {
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        // A log that cannot be written (its disk is full) is no reason to panic: people still want to log in.
        let log = log.log_internal_errors(false);
        log.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    }
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// One line as any other. Without the message: some of the library's own repeat the text that was at hand, which may be
/// a password. The place is enough to find the reason.
fn panicked(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, thread = thread.name(), "panicked; please report this line");
}
