//! The export of this ledger, and its restoration from one.
//!
//! [`export`] reads the ledger page by page, [`restore`] writes such pages, [`lines`] has the lines of a page, and
//! [`tables`] those tables of which every row goes out and comes in as it is. `keystile_core::ledger::backup` has the header
//! and the marks that hold the pages together.
//!
//! All that a ledger has is in an export, except for what is derived from the rest, what is under way in one deployment
//! alone, and what nobody should find again elsewhere: `decided` has the reason for each column.

#[cfg(test)]
mod decided;
pub(crate) mod export;
mod lines;
pub(crate) mod restore;
mod tables;
