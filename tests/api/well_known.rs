//! `/.well-known/jwks.json`
