//! Webhooks: every sender's way of signing as data, and one interpreter for it.
//!
//! A [`Scheme`](scheme::Scheme) says where a signature stands, how it is
//! written and made, what it covers, and how old it may be. It verifies and
//! signs; no sender has code of its own. [`place`] says where a text stands,
//! [`template`] how a message is put together.

pub mod algorithm;
pub mod place;
#[cfg(feature = "registry")]
pub mod registry;
pub mod scheme;
pub mod template;

#[cfg(test)]
mod tests;
