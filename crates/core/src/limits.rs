//! Limits at the edge.

pub mod failures;
