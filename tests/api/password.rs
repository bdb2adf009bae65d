//! `/api/auth/password`
