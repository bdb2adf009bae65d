//! `/api/auth/refresh`
