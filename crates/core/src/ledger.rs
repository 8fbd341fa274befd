//! A tenant's ledger: how its keys change, within which limits, and what is written down of it.

pub mod audit;
pub mod idempotency;
pub mod import;
pub mod lifecycle;
pub mod plan;
pub mod query;
