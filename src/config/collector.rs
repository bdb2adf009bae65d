//! Where traces go, by the names that OpenTelemetry gives these settings.

use axum::http::{HeaderName, HeaderValue};

use super::Settings;
use super::reader::Reader;
use super::values;

/// A collector that takes spans over OTLP (HTTP, protobuf).
#[derive(Clone)]
pub struct Collector {
    /// The whole URL.
    pub endpoint: String,
    /// Sent along with each request; secret, more often than not.
    pub headers: Vec<(String, String)>,
    pub service: String,
    /// What part of the traces is kept that begin here.
    pub ratio: f64,
}

impl Reader<'_> {
    /// `None`: no traces.
    pub(super) fn collector(&mut self, settings: &Settings) -> Option<Collector> {
        let base = self.with("OTEL_EXPORTER_OTLP_ENDPOINT", &settings.otel_exporter_otlp_endpoint, url);
        let whole = self.with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &settings.otel_exporter_otlp_traces_endpoint, url);
        let (given, file) = (&settings.otel_exporter_otlp_headers, &settings.otel_exporter_otlp_headers_file);
        let given = self.secret("OTEL_EXPORTER_OTLP_HEADERS", given, file).map(|text| text.to_string());
        let headers = self.with("OTEL_EXPORTER_OTLP_HEADERS", &given, headers);
        let ratio = self.with("OTEL_TRACES_SAMPLER_ARG", &settings.otel_traces_sampler_arg, ratio);
        let endpoint = whole.or(base.map(|base| format!("{}/v1/traces", base.trim_end_matches('/'))))?;
        Some(Collector {
            endpoint,
            headers: headers.unwrap_or_default(),
            service: self.text(&settings.otel_service_name).unwrap_or("bulla").to_owned(),
            ratio: ratio.unwrap_or(1.0),
        })
    }
}

fn url(text: &str) -> Result<String, String> {
    match values::after_scheme(text) {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ', '@']) => Ok(text.to_owned()),
        _ => Err("must be like http://localhost:4318".to_owned()),
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| format!("must be a number from 0 to 1 (it is {text:?})"))
}

/// `name=value,name=value`, with `%20` and the like; never repeated, for it may be a secret.
fn headers(text: &str) -> Result<Vec<(String, String)>, String> {
    let header = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let (name, value) = (name.trim().to_owned(), decoded(value.trim())?);
        let can_be_sent = HeaderName::try_from(&name).is_ok() && HeaderValue::try_from(&value).is_ok();
        can_be_sent.then_some((name, value))
    };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| header(part).ok_or_else(|| "must be like name=value,name=value".to_owned())).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Collector({})", self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(change: impl FnOnce(&mut Settings)) -> Result<Option<Collector>, Vec<String>> {
        let mut settings = Settings::default();
        change(&mut settings);
        Config::resolve(&settings).map(|config| config.collector)
    }

    #[test]
    fn traces_go_nowhere_until_a_collector_is_named() {
        assert!(read(|settings| settings.otel_service_name = Some("shop".into())).unwrap().is_none());
        let base = read(|settings| settings.otel_exporter_otlp_endpoint = Some("http://localhost:4318/".into()));
        let base = base.unwrap().unwrap();
        assert_eq!((base.endpoint.as_str(), base.service.as_str()), ("http://localhost:4318/v1/traces", "bulla"));
        let whole = read(|settings| {
            settings.otel_exporter_otlp_endpoint = Some("http://localhost:4318".into());
            settings.otel_exporter_otlp_traces_endpoint = Some("https://traces.example.com/in".into());
        });
        assert_eq!(whole.unwrap().unwrap().endpoint, "https://traces.example.com/in");
    }

    #[test]
    fn what_is_wrong_is_said_without_repeating_a_secret() {
        let problems = read(|settings| {
            settings.otel_exporter_otlp_endpoint = Some("localhost:4317".into());
            settings.otel_exporter_otlp_headers = Some("hunter2".into());
            settings.otel_traces_sampler_arg = Some("2".into());
        });
        let problems = problems.unwrap_err();
        assert!(problems.len() == 3 && !problems.concat().contains("hunter2"), "{problems:?}");
    }

    #[test]
    fn headers_are_pairs_and_may_be_encoded() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![pair("authorization", "Bearer a=b"), pair("x", "")];
        assert_eq!(headers("authorization=Bearer%20a=b, x="), Ok(expected));
        for text in ["=a", "a b=c", "a=b%0Ac", "a", "a=%2", "a=%zz", "a=%ff"] {
            assert!(headers(text).is_err(), "{text}");
        }
    }
}
