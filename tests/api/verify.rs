//! `/api/auth/verify`
