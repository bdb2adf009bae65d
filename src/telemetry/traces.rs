//! Traces over OTLP, where a collector is named. Spans for it have the target `otel`; no event and no other span gets there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Collector;

pub(super) const TARGET: &str = "otel";

/// Spans that wait to be sent.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

/// A collector that does not answer keeps one thread waiting, and nobody else.
const PATIENCE: Duration = Duration::from_secs(5);
/// For what is left at the end.
const FLUSH: Duration = Duration::from_secs(3);

impl Traces {
    pub(super) fn to(collector: &Collector) -> Result<Self, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(&collector.endpoint)
            .with_headers(collector.headers.iter().cloned().collect())
            .with_timeout(PATIENCE)
            .with_http_client(Client::new(&collector.endpoint))
            .build()
            .map_err(|error| format!("OTEL_EXPORTER_OTLP_*: {error}"))?;
        let resource = Resource::builder().with_service_name(collector.service.clone());
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(collector.ratio))))
            .with_resource(resource.build());
        Ok(Self(provider.build()))
    }

    pub(super) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("bulla"));
        let layer = layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
        layer.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET)).boxed()
    }

    /// Sends what is left, if that does not take too long.
    pub fn end(self) {
        let _ = self.0.shutdown_with_timeout(FLUSH);
    }
}

/// Says once that the collector cannot be reached, and once that it can be again.
#[derive(Debug)]
struct Client {
    agent: ureq::Agent,
    endpoint: String,
    is_failing: AtomicBool,
}

impl Client {
    fn new(endpoint: &str) -> Self {
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let (agent, endpoint) = (agent.tls_config(tls).build().into(), endpoint.to_owned());
        Self { agent, endpoint, is_failing: AtomicBool::new(false) }
    }

    fn note(&self, problem: Option<String>) {
        let was_failing = self.is_failing.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !was_failing => {
                tracing::warn!("traces cannot be sent to {}: {problem}; everything else goes on", self.endpoint);
            }
            None if was_failing => tracing::info!("traces are sent to {} again", self.endpoint),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    /// On the exporter's own thread, so it may wait.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answered = self.agent.run(Request::from_parts(parts, body.to_vec()));
        let refused = |status: u16| (!(200..300).contains(&status)).then(|| format!("it answered {status}"));
        self.note(match &answered {
            Ok(answer) => refused(answer.status().as_u16()),
            Err(error) => Some(error.to_string()),
        });
        // What the collector says of spans that it refused changes nothing here.
        Ok(answered?.map(|_| Bytes::new()))
    }
}
