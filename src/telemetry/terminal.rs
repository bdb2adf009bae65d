//! The log on a terminal: one line an event, for the eyes of a person.

use std::fmt::{self, Debug, Write as _};
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

pub(super) struct Terminal {
    pub(super) has_colors: bool,
}

/// Names and values, in order.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";
const DIM: &str = "2";

/// What is worth its place on a terminal of an event of the audit log; `bulla audit` tells all of it.
const OF_AUDIT: [&str; 4] = ["account_id", "session_id", "address", "detail"];

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Terminal {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(around) = span.extensions().get::<Fields>() {
                fields.surround(around);
            }
        }
        let line = self.line(event, &fields).unwrap_or_default();
        // A terminal that is gone is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

impl Terminal {
    fn line(&self, event: &Event<'_>, fields: &Fields) -> Result<String, fmt::Error> {
        let metadata = event.metadata();
        let (level, color) = match *metadata.level() {
            Level::ERROR => ("ERROR", RED),
            Level::WARN => ("WARN ", YELLOW),
            Level::INFO => ("INFO ", DIM),
            Level::DEBUG => ("DEBUG", DIM),
            Level::TRACE => ("TRACE", DIM),
        };
        let mut line = format!("{} {}  ", self.colored(DIM, &time()), self.colored(color, level));
        if fields.of("status").is_some() && fields.of("route").is_some() {
            self.write_request(&mut line, fields)?;
            return Ok(line);
        }
        let target = metadata.target();
        if !target.starts_with("bulla") {
            write!(line, "{target}: ")?;
        }
        line.push_str(&fields.message);
        let mut others = fields.others.iter();
        let is_told = |name: &str| match target {
            "audit" => OF_AUDIT.contains(&name),
            // The rest of what surrounds it stands in the line of the request.
            _ => !["method", "route"].contains(&name),
        };
        let others: String =
            others.by_ref().filter(|(name, _)| is_told(name)).fold(String::new(), |mut text, field| {
                let _ = write!(text, " {}={}", field.0, field.1);
                text
            });
        if !others.is_empty() {
            write!(line, " {}", self.colored(DIM, &others))?;
        }
        Ok(line)
    }

    /// `POST   /api/auth/login              401    23.4 ms  invalid_credentials, from 192.0.2.7, request 0193…`
    fn write_request(&self, line: &mut String, fields: &Fields) -> fmt::Result {
        let of = |name| fields.of(name).unwrap_or_default();
        let status = of("status");
        let color = match status.as_bytes().first() {
            Some(b'5') => RED,
            Some(b'4') => YELLOW,
            _ => GREEN,
        };
        let (method, route, milliseconds) = (of("method"), of("route"), of("milliseconds"));
        write!(line, "{method:6} {route:28} {} {milliseconds:>8} ms", self.colored(color, status))?;
        if let Some(code) = fields.of("code") {
            write!(line, "  {code}")?;
            if let Some(client) = fields.of("client") {
                write!(line, ", from {client}")?;
            }
            let request = format!(", request {}", of("request_id"));
            line.push_str(&self.colored(DIM, &request));
        }
        Ok(())
    }

    fn colored(&self, color: &str, text: &str) -> String {
        if self.has_colors { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// `14:03:27Z`
fn time() -> String {
    let mut text = String::new();
    let written = SystemTime.format_time(&mut Writer::new(&mut text));
    let time = text.get("2026-01-01T".len().."2026-01-01T14:03:27".len()).filter(|_| written.is_ok());
    format!("{}Z", time.unwrap_or("--:--:--"))
}

impl Fields {
    fn of(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }

    /// Adds what is not there yet.
    fn surround(&mut self, around: &Self) {
        for (name, value) in &around.others {
            if self.of(name).is_none() {
                self.others.push((name, value.clone()));
            }
        }
    }

    /// Whatever a value holds, it moves no cursor and begins no line.
    fn keep(&mut self, field: &Field, value: &str) {
        let is_harmless = |character: char| !character.is_control();
        let value = match value.chars().all(is_harmless) {
            true => value.to_owned(),
            false => {
                value.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() }).collect()
            }
        };
        match field.name() {
            "message" => self.message = value,
            name => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.keep(field, &format!("{value:?}"));
    }
}
