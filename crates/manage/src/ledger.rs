//! A tenant's ledger: the truth about its keys.
//!
//! Rows, audit log and outbox are in one SQLite database. A change is one
//! transaction of all three and the alarm; then the feed is told, which is when
//! it takes effect; then KV. What fails is retried by the alarm until it took.
//! The reserved ledger `_operators` holds operators' keys in the same way.
//!
//! [`handler`] takes a command and answers it; the commands themselves are in
//! [`operations`](crate::operations). [`changes`] is the way of every change of a key,
//! [`drain`] carries out the [`outbox`], [`idempotency`] remembers answers. [`keys`],
//! [`audit`], [`suspension`], [`settings`], [`dead_letter_acts`] and [`addressing`] are
//! one table each, [`usage`] the counts of edges, [`schema`] the definitions.

mod addressing;
pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod authenticate;
pub(crate) mod changes;
pub(crate) mod dead_letter_acts;
pub(crate) mod drain;
pub(crate) mod handler;
pub(crate) mod idempotency;
pub(crate) mod instance;
pub(crate) mod key_list;
pub(crate) mod keys;
mod lease;
pub(crate) mod open;
pub(crate) mod outbox;
pub(crate) mod overlap;
pub(crate) mod refusals;
mod schema;
pub(crate) mod settings;
pub(crate) mod suspension;
pub(crate) mod usage;
