//! The log: calm lines on a terminal, JSON for machines. Secrets, tokens, emails and bodies never get into it.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error, as `filter` says (`RUST_LOG`; `info` if it says nothing).
pub fn start(filter: Option<&str>) -> Result<(), String> {
    let filter = filter.filter(|text| !text.is_empty()).unwrap_or("info");
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG cannot be understood: {error}"))?;
    // A log that cannot be written (its disk is full) is no reason to panic: people still want to log in.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        log.with_target(false).compact().init();
    } else {
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
