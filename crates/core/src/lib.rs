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
//! The areas, and the worker modules that act on their decisions:
//!
//! | area | what it is | worker side |
//! |---|---|---|
//! | [`access`] | records, routes, verdicts | edge: `guard`, `operator`; manage: `ledger::authenticate` |
//! | [`api`] | requests and answers of the APIs | manage: `operations`; edge: `endpoints`; hooks: `verify_endpoint` |
//! | [`base`] | times, ids, paths, bodies, problems | all workers |
//! | [`config`] | each worker's part of the checked `keystile.toml` | all workers |
//! | `events` (a feature) | events for the outside: types, endpoints, the rules of delivery | sender; manage: `ledger` |
//! | [`feed`] | the change feed: messages, lookups, outbox | edge: `finder`; manage: `feed`, `ledger::drain` |
//! | [`key`] | the text of keys, and their places in KV | edge: `credential`; manage: `api::credential` |
//! | [`ledger`] | lifecycle of keys, plans, audit log, queries | manage: `ledger`, `operations` |
//! | [`limits`] | limits at the edge: failures by address, counted grants | edge: `failures` |
//! | [`metrics`] | what the objects know, for Prometheus | manage: `operations::get_metrics` |
//! | [`objects`] | the calls of the Durable Objects | all workers |
//! | [`receiver`] | webhooks that wait in a queue, dead letters | hooks: `producer`, `consumer`, `objects` |
//! | [`usage`] | counts of uses, their batches and reports | edge: `usage`; manage: `ledger::usage` |
//!
//! The crate `keystile-config` reads and checks `keystile.toml` itself.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod access;
pub mod api;
pub mod base;
pub mod config;
#[cfg(feature = "events")]
pub mod events;
pub mod feed;
pub mod key;
pub mod ledger;
pub mod limits;
pub mod metrics;
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
