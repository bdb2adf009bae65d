//! The log: calm lines on a terminal, JSON for machines. Secrets, tokens, emails and bodies never get into it.

mod terminal;
mod traces;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::Collector;
use terminal::Terminal;
pub use traces::Traces;

/// Starts logging to standard error, as `filter` says (`RUST_LOG`; `info` if it says nothing), and sending traces to a
/// collector, if there is one.
pub fn start(filter: Option<&str>, collector: Option<&Collector>) -> Result<Option<Traces>, String> {
    let filter = filter.filter(|text| !text.is_empty()).unwrap_or("info");
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG cannot be understood: {error}"))?;
    // Spans for a collector are none of the log's.
    let none = format!("{}=off", traces::TARGET).parse().map_err(|error| format!("{error}"))?;
    let traces = collector.map(Traces::to).transpose()?;
    let mut layers = vec![log().with_filter(filter.add_directive(none)).boxed()];
    layers.extend(traces.as_ref().map(Traces::layer));
    tracing_subscriber::registry().with(layers).init();
    std::panic::set_hook(Box::new(panicked));
    Ok(traces)
}

fn log() -> Box<dyn Layer<Registry> + Send + Sync> {
    if std::io::stderr().is_terminal() {
        // https://no-color.org
        let has_colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        return Terminal { has_colors }.boxed();
    }
    // A log that cannot be written (its disk is full) is no reason to panic: people still want to log in.
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    log.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
}

/// One line as any other. Without the message: some of the library's own repeat the text that was at hand, which may be
/// a password. The place is enough to find the reason.
fn panicked(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, thread = thread.name(), "panicked; please report this line");
}
