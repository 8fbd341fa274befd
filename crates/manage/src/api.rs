//! The calls of the REST API: who asks, what they ask, and what they are answered.
//!
//! All that is wrong with a request itself is found before a ledger is asked, all of
//! it at once. What depends on the state of keys is the ledger's to say.

pub(crate) mod ask;
pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod credential;
mod parameters;
pub(crate) mod path;
pub(crate) mod prefer;
mod query;
pub(crate) mod reply;
