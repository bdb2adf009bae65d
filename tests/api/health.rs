//! `/healthz` and `/readyz`
