//! The calls of the REST API: who asks, what they ask, and the answer they get.
//!
//! Everything that is wrong with a request by itself is found before a ledger is asked, and reported all at once.
//! The ledger decides everything that depends on the state of keys.

pub(crate) mod ask;
pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod cookie;
pub(crate) mod credential;
pub(crate) mod origin;
mod parameters;
pub(crate) mod path;
pub(crate) mod prefer;
pub(crate) mod query;
pub(crate) mod reply;
pub(crate) mod sign_in;
pub(crate) mod streaming;
