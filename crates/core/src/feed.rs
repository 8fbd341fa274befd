//! The change feed: how a revocation reaches every edge within a stated bound.
//!
//! KV alone bounds nothing ("60 seconds or more"). So the ledger publishes each
//! change to one Durable Object, the feed, before it is said to be in effect,
//! and an edge isolate accepts a key only on a *view* of that feed which is at
//! most `max_staleness` old. [`message`] has what travels, [`client`] the
//! isolate's side as a state machine without I/O, [`lookup`] one request's way
//! through it, [`outbox`] the ledger's side. [`claim`] keeps two tenants from
//! importing one key.

pub mod claim;
pub mod client;
pub mod lookup;
pub mod message;
pub mod outbox;
mod overlay;
mod record_cache;
