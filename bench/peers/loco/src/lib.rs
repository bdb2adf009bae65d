pub mod app;
pub mod controllers;
pub mod mailers;
pub mod models;
pub mod views;
