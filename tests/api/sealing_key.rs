//! `/api/auth/sealing-key` and `/api/auth/public.pem`
