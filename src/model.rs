//! The nouns: values that are valid because they exist. They know nothing of databases, time sources or HTTP.

mod account;
mod argon2_cost;
mod attempts;
mod audit_event;
mod brand;
mod client;
mod common_passwords;
mod email;
mod ids;
mod master_key;
mod name;
mod password;
mod password_hash;
mod refresh_token;
mod session;
mod stored_key;
mod timestamp;
mod verified;

pub use account::Account;
pub use argon2_cost::{Argon2Cost, InvalidArgon2Cost};
pub use attempts::{Attempts, Counter, TooManyAttempts};
pub use audit_event::{Actor, AuditEvent, AuditKind, UnknownAuditKind};
pub use brand::{Brand, Color, InvalidColor, InvalidLogo, Logo, content_tag};
pub use client::Client;
pub use email::{Email, InvalidEmail};
pub use ids::{AccountId, RequestId, SessionId};
pub use master_key::{InvalidMasterKey, MasterKey, WrongMasterKey};
pub use name::{InvalidName, Name};
pub use password::{Password, PasswordPolicy, WeakPassword};
pub use password_hash::{HashMemory, PasswordHash, UnusableHash};
pub use refresh_token::{RefreshDigest, RefreshKey, RefreshSecret, RefreshToken};
pub use session::{EndReason, RecentRotations, Session, TokenPlace};
pub use stored_key::{KeyPurpose, KeyStage, StoredKey};
pub use timestamp::Timestamp;
pub use verified::Verified;
