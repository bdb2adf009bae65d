//! `/api/auth/profile`
