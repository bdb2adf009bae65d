//! Opaque identifiers. An id says which one it is and nothing else; its shape is no promise.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// To be looked up by a text that is not yet known to be one.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An account: a UUIDv7 for new ones; imported accounts keep the id that they came with (`"42"`).
    AccountId
);
id!(
    /// A session; the `sid` claim and the first half of a refresh token.
    SessionId
);
impl AccountId {
    /// An id that another system gave. It goes into HTTP headers, and into a column of 64 characters.
    pub fn parse(text: &str) -> Option<Self> {
        is_sound(text).then(|| Self::new(text))
    }
}

impl SessionId {
    /// An id that a client sent.
    pub fn parse(text: &str) -> Option<Self> {
        is_sound(text).then(|| Self::new(text))
    }
}

/// Up to 64 visible ASCII characters, as every id of ours.
fn is_sound(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

id!(
    /// One HTTP request, in its answer, in a problem document and in every log line about it.
    RequestId
);
