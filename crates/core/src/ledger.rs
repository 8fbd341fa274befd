//! A tenant's ledger: the changes of its keys, their limits, reminders of them, the audit log, and its reports to the overview.

pub mod audit;
pub mod backup;
pub mod erasure;
pub mod exposure;
pub mod idempotency;
pub mod import;
pub mod lifecycle;
pub mod lowering;
pub mod plan;
pub mod query;
pub mod reminders;
pub mod reporting;
pub mod revocation;
pub mod summary;
