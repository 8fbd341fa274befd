//! Keystile's logic: API keys, their records, and the verdict on a request.
//!
//! Nothing here does I/O, reads a clock or draws randomness. Time and random bytes are arguments, and decisions are
//! return values that the workers carry out. The steps of a request, by module:
//!
//! 1. [`credential`](key::credential) extracts the key's text from headers and URL;
//! 2. [`Keyring`] parses it and checks its tag, before any storage is read ([`imported`](key::imported) keys have no
//!    tag);
//! 3. [`feed`] finds the key's [`record`](access::record), no staler than promised;
//! 4. [`verdict`](access::verdict) judges the record against the demands of the [`route`](access::route);
//! 5. [`problem`](base::problem) turns a refusal into the form of RFC 9457, with the challenge of RFC 6750;
//! 6. [`usage`] counts the use.
//!
//! The management of keys is in [`lifecycle`](ledger::lifecycle) and [`management`](api::management), the import of
//! keys in [`import`](mod@api::import). [`config`] is `keystile.toml`.
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
pub mod limits;
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
