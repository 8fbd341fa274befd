//! The change feed: it brings a revocation to every edge within a stated bound.
//!
//! KV alone gives no bound ("60 seconds or more"). So the ledger publishes each change to one Durable Object, the feed,
//! before it reports the change as effective. An edge isolate accepts a key only on a *view* of the feed that is at
//! most `max_staleness` old. [`message`] has the messages, [`client`] the isolate's side as a state machine without
//! I/O, [`lookup`] the steps of one request, and [`outbox`] the ledger's side. [`claim`] keeps two tenants from
//! importing the same key, and [`owners`] says whose keys some are. [`log`] has the numbers of the log's entries, [`entry`] their short form, and
//! [`mirror`] the log in memory. A [`relay`] follows the log by the messages of [`mod@follow`], and answers many
//! isolates.

pub mod claim;
pub mod client;
pub mod entry;
pub mod follow;
pub mod log;
pub mod lookup;
pub mod message;
pub mod mirror;
pub mod outbox;
mod overlay;
pub mod owners;
mod record_cache;
pub mod relay;
mod settings;
