//! `/api/auth/sessions` and `/api/auth/logout`
