//! A tenant's ledger: the changes of its keys, their limits, and the audit log.

pub mod audit;
pub mod idempotency;
pub mod import;
pub mod lifecycle;
pub mod lowering;
pub mod plan;
pub mod query;
