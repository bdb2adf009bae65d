//! Every failure, as the answer that the client gets: status, code and a sentence (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::answers::SealingKeyDocument;
use crate::app::Overloaded;
use crate::flows::{
    ChangePasswordError, EnvelopeError, Internal, InvalidToken, LoginError, RefreshError, RegisterError,
};
use crate::model::{TooManyAttempts, WeakPassword};

/// A refusal. It becomes a response with an empty body; the request's middleware, which knows the request id, writes
/// the document.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    sealing_key: Option<Box<SealingKeyDocument>>,
}

/// What is wrong with one field of the body.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// JSON Pointer into the request (RFC 6901).
    #[schema(example = "/email")]
    pub(super) pointer: &'static str,
    /// For programs; never changes.
    #[schema(example = "invalid")]
    pub(super) code: &'static str,
    /// For a person's eyes.
    #[schema(example = "email must have exactly one @")]
    pub(super) detail: String,
}

/// An `application/problem+json` document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument<'p> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(example = "/docs#invalid_credentials")]
    kind: String,
    /// The status in words.
    #[schema(example = "Unauthorized")]
    title: &'p str,
    /// That of the response.
    #[schema(example = 401)]
    status: u16,
    /// What happened, and what to do next.
    #[schema(example = "the email address or the password is wrong")]
    detail: &'p str,
    /// For programs; never changes.
    #[schema(example = "invalid_credentials")]
    code: &'p str,
    /// Repeats `detail`.
    #[schema(example = "the email address or the password is wrong")]
    message: &'p str,
    /// Under which the server's log has more.
    #[schema(example = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")]
    request_id: &'p str,
    /// With `validation_failed` and `weak_password`: what is wrong, field by field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [FieldError],
    /// With `unknown_sealing_key`: the key to seal to instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealing_key: Option<&'p SealingKeyDocument>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after: None, sealing_key: None }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    pub(super) fn validation(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|error| error.detail.as_str()).collect::<Vec<_>>().join("; ");
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", detail) }
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on the server; its log has more under this request id",
        )
    }

    pub(super) fn unavailable() -> Self {
        let detail = "the database does not answer; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).after(Duration::from_secs(2))
    }

    /// Someone must do something about the disk first, which takes longer than for a database to come back.
    fn unwritable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).after(Duration::from_secs(30))
    }

    pub(super) fn too_many_attempts(wait: Duration) -> Self {
        let detail = "too many requests from this address; wait as long as Retry-After says";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail).after(wait)
    }

    pub(super) fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn document(&self, request_id: &str) -> Vec<u8> {
        let document = ProblemDocument {
            kind: format!("/docs#{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            message: &self.detail,
            request_id,
            errors: &self.errors,
            sealing_key: self.sealing_key.as_deref(),
        };
        serde_json::to_vec(&document).expect("a problem is plain JSON")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == "invalid_token" {
            // RFC 6750 §3.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer error="invalid_token""#));
        }
        if let Some(wait) = self.retry_after {
            // Rounded up: a client that waits as long as it is told must not be told again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Internal> for Problem {
    fn from(error: Internal) -> Self {
        match error {
            Internal::Store(error) if error.is_full_disk() => {
                Self::unwritable("the server has no room for anything new at the moment; try again later")
            }
            Internal::Store(error) if error.is_lost_disk() => {
                Self::unwritable("the server's disk keeps nothing new until someone has mended it; try again later")
            }
            Internal::Store(error) => {
                tracing::error!("{error}");
                Self::unavailable()
            }
            Internal::Key(error) => {
                tracing::error!(%error, "the server's keys are unusable");
                Self::internal()
            }
            Internal::Panicked(error) => {
                tracing::error!("{error}");
                Self::internal()
            }
            Internal::Signing(error) => {
                tracing::error!(%error, "signing failed");
                Self::internal()
            }
        }
    }
}

impl From<Overloaded> for Problem {
    fn from(_: Overloaded) -> Self {
        let detail = "the server is checking as many passwords as it can; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).after(Duration::from_secs(1))
    }
}

impl From<TooManyAttempts> for Problem {
    fn from(error: TooManyAttempts) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", error.to_string()).after(error.wait())
    }
}

impl From<EnvelopeError> for Problem {
    fn from(error: EnvelopeError) -> Self {
        let (status, code) = match &error {
            EnvelopeError::Invalid(_) | EnvelopeError::RawFormOff => (StatusCode::BAD_REQUEST, "invalid_envelope"),
            EnvelopeError::UnknownKey(_) => (StatusCode::BAD_REQUEST, "unknown_sealing_key"),
            EnvelopeError::Stale => (StatusCode::UNAUTHORIZED, "stale_envelope"),
            EnvelopeError::Reused => (StatusCode::UNAUTHORIZED, "reused_envelope"),
        };
        let problem = Self::new(status, code, error.to_string());
        match error {
            EnvelopeError::UnknownKey(offered) => Self { sealing_key: Some(Box::new((*offered).into())), ..problem },
            _ => problem,
        }
    }
}

impl From<InvalidToken> for Problem {
    fn from(error: InvalidToken) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", error.to_string())
    }
}

fn invalid_credentials() -> Problem {
    // The same sentence whatever was wrong.
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_credentials", "the email address or the password is wrong")
}

fn weak_password(pointer: &'static str, weak: &WeakPassword) -> Problem {
    let detail = format!("the password {weak}");
    let errors = vec![FieldError { pointer, code: weak.code(), detail: detail.clone() }];
    Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password", detail) }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Envelope(error) => error.into(),
            LoginError::InvalidCredentials => invalid_credentials(),
            LoginError::AccountDisabled => Self::new(
                StatusCode::FORBIDDEN,
                "account_disabled",
                "this account is disabled; ask whoever runs this service",
            ),
            LoginError::TooManyAttempts(error) => error.into(),
            LoginError::Overloaded(error) => error.into(),
            LoginError::Internal(error) => error.into(),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Envelope(error) => error.into(),
            RegisterError::InvalidCredentials => invalid_credentials(),
            RegisterError::WeakPassword(weak) => weak_password("/password", &weak),
            RegisterError::EmailTaken => Self::new(
                StatusCode::CONFLICT,
                "email_taken",
                "an account with this email address exists already; log in, or use another address",
            ),
            RegisterError::Overloaded(error) => error.into(),
            RegisterError::Internal(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Envelope(error) => error.into(),
            ChangePasswordError::InvalidCredentials => invalid_credentials(),
            ChangePasswordError::WeakPassword(weak) => weak_password("/new_password", &weak),
            ChangePasswordError::TooManyAttempts(error) => error.into(),
            ChangePasswordError::Overloaded(error) => error.into(),
            ChangePasswordError::Internal(error) => error.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::InvalidToken => Self::new(StatusCode::UNAUTHORIZED, "invalid_token", error.to_string()),
            RefreshError::Internal(error) => error.into(),
        }
    }
}
