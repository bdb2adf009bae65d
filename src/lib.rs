//! Bulla, a self-hosted authentication server: passwords arrive sealed, tokens go out.
//!
//! `main → cli → http, pages → flows → app → store → model`: each layer knows only what stands to its right.

pub mod app;
pub mod background;
pub mod cli;
pub mod clock;
pub mod config;
pub mod flows;
pub mod http;
pub mod model;
pub mod pages;
pub mod private_file;
pub mod random;
pub mod store;
pub mod telemetry;
