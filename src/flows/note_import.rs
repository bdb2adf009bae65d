//! Noting that an operator imports accounts: once before the first and once after the last, since a line for each of
//! millions would bury everything else.

use super::{Internal, audit};
use crate::app::App;
use crate::model::{Actor, AuditKind};

pub async fn note_import_began(app: &App) -> Result<(), Internal> {
    audit::record(app, audit::event(app, AuditKind::ImportBegan, Actor::Operator)).await
}

pub async fn note_import_ended(app: &App, imported: u64, already_here: u64, refused: u64) -> Result<(), Internal> {
    let event = audit::event(app, AuditKind::ImportEnded, Actor::Operator);
    let counts = format_args!("imported {imported}, already here {already_here}, refused {refused}");
    audit::record(app, event.because(counts)).await
}
