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
#[cfg(test)]
extern crate std;

pub mod access;
pub mod api;
pub mod base;
pub mod config;
pub mod feed;
pub mod key;
pub mod ledger;
pub mod objects;
pub mod receiver;
pub mod usage;

pub use access::{
    record::KeyRecord,
    scope::{Scope, ScopeSet},
};
pub use base::{
    id::{AuditId, KeyId, TenantId},
    timestamp::Timestamp,
};
pub use key::{Environment, KeyDigest, KeyDisplay, KeyPrefix, PlainKey, keyring::Keyring, root_key::RootKeys};
