//! Access: a key's record, the demands of a route, and the verdict.

pub mod challenge;
pub mod http_signature;
pub mod operator;
pub mod record;
pub mod refused;
pub mod route;
pub mod scope;
pub mod session;
pub mod verdict;
