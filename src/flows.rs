//! What people and operators can do, one verb a file. Each takes the app and a parsed request; its result is one value
//! or one of the outcomes that the caller can act on.

mod attempt;
mod audit;
mod authenticate;
mod change_password;
mod check_token;
mod copy_database;
mod create_account;
mod disable_account;
mod end_sessions;
mod follow_ended_sessions;
mod hash_password;
mod import_accounts;
mod import_sealing_key;
mod keep_decoys;
mod keep_keys;
mod list_sessions;
mod login;
mod logout;
mod make_key;
mod note_import;
mod offer_sealing_key;
mod open_session;
mod prune;
mod receive_envelope;
mod refresh;
mod register;
mod rotate_key;
mod set_password;
mod succeed_key;
mod unlock_password;
mod update_profile;
mod wait_for_turn;
mod watch_clock;

pub use audit::note_throttled_address;
pub use authenticate::{Caller, InvalidToken, authenticate};
pub use change_password::{ChangePassword, ChangePasswordError, change_password};
pub use check_token::{check_token, look_at_token};
pub use copy_database::{Copied, CopyError, CopyStep, copy_database};
pub use create_account::{CreateAccountError, create_account};
pub use disable_account::{disable_account, enable_account};
pub use end_sessions::{end_every_session, end_session, log_out_account, log_out_everyone};
pub use follow_ended_sessions::follow_ended_sessions;
pub use hash_password::HashPasswordError;
pub use import_accounts::{BATCH_ROWS, Draft, Importer, Place, Reason, Refusal, SourceRow, Verdicts, judge_row};
pub use import_sealing_key::{ImportKeyError, import_sealing_key};
pub use keep_decoys::keep_decoys;
pub use keep_keys::{given_first_key, keep_keys};
pub use list_sessions::list_sessions;
pub use login::{Login, LoginError, login};
pub use logout::logout;
pub use make_key::{KeyError, advice_on_exposed};
pub use note_import::{note_import_began, note_import_ended};
pub use offer_sealing_key::{OfferedKey, offer_sealing_key};
pub use open_session::TokenAnswer;
pub use prune::prune;
pub use receive_envelope::EnvelopeError;
pub use refresh::{RefreshError, refresh};
pub use register::{Register, RegisterError, register};
pub use rotate_key::rotate_key;
pub use set_password::{SetPasswordError, set_password};
pub use succeed_key::{Rotation, Urgency};
pub use unlock_password::unlock_password;
pub use update_profile::update_profile;
pub use watch_clock::watch_clock;

use crate::app::{Panicked, UnusableKey};
use crate::store;

/// Nothing that the caller could do about: the database is away, or the server is broken.
#[derive(Debug, thiserror::Error)]
pub enum Internal {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Key(#[from] UnusableKey),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("signing a token failed: {0}")]
    Signing(#[from] bulla_token::KeyError),
}
