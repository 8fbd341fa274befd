//! Limits at the edge: what an isolate spends on junk, and the grants by which rate limits are never exceeded.

pub mod account;
pub mod accounts;
pub mod counted_alone;
pub mod definition;
pub mod failures;
pub mod grant;
pub mod grant_log;
pub mod headers;
pub mod holding;
pub mod limiter;
pub mod own;
pub mod own_patch;
pub mod quota;
pub mod state;
