//! The export of this ledger, and its restoration from one.
//!
//! [`export`] reads the ledger page by page, [`restore`] writes such pages, [`lines`] has the lines of a page, and
//! [`tables`] those tables of which every row goes out and comes in as it is. `keystile_core::ledger::backup` has the header
//! and the marks that hold the pages together.
//!
//! All that a ledger has is in an export, except for what is derived from the rest (`key_places`, `key_counts`,
//! `secret_counts`, `reporting`), what is under way in one deployment alone (`outbox`, `addressing`, `publishing_again`,
//! `adoption`, `letter_acts`, `usage_taken`, `audit_removal`, `audit_erasure`), and what nobody should find again elsewhere
//! (`sessions`, `idempotency`).

pub(crate) mod export;
mod lines;
pub(crate) mod restore;
mod tables;
