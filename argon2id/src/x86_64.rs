//! What x86-64 processors have beyond the plain ones.

pub(crate) mod avx2;
pub(crate) mod avx512;
mod fetch;
