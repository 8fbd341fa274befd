//! Keystile's logic: API keys, their records, and the verdict on a request.
//!
//! Nothing here does I/O, reads a clock or draws randomness: time and random
//! bytes come in as arguments, and decisions go out as values that the workers
//! carry out. A request's way through it, in the order of the modules:
//!
//! 1. [`credential`] pulls the key's text out of headers and URL;
//! 2. [`Keyring`] parses it and checks its tag, before any storage is read
//!    ([`imported`] keys have none);
//! 3. [`feed`] finds the key's [`record`], no staler than promised;
//! 4. [`verdict`] judges the record against what the [`route`] demands;
//! 5. [`problem`] says a refusal in the words of RFC 9457 and RFC 6750;
//! 6. [`usage`] counts it.
//!
//! The other side, the management of keys, is in [`lifecycle`] and
//! [`management`], the taking over of keys in [`import`]; [`config`] is `keystile.toml`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "registry"))]
extern crate std;

pub mod audit;
pub mod base62;
pub mod config;
pub mod credential;
pub mod feed;
pub mod fields;
pub mod http_signature;
pub mod id;
pub mod idempotency;
pub mod import;
pub mod imported;
#[cfg(any(test, feature = "bounded-json"))]
pub mod json_object;
pub mod key;
pub mod key_pattern;
pub mod keyring;
pub mod lifecycle;
pub mod listing;
pub mod management;
pub mod path;
pub mod plan;
pub mod problem;
pub mod record;
pub mod root_key;
pub mod route;
pub mod scope;
pub mod timestamp;
pub mod usage;
pub mod verdict;
pub mod verify;
pub mod webhook;

pub use id::{AuditId, KeyId, TenantId};
pub use key::{Environment, KeyDigest, KeyDisplay, KeyPrefix, PlainKey};
pub use keyring::Keyring;
pub use record::KeyRecord;
pub use root_key::RootKeys;
pub use scope::{Scope, ScopeSet};
pub use timestamp::Timestamp;
