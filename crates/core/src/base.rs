//! The vocabulary of all modules: times, ids, paths, bodies, problems.

pub mod base62;
pub mod code;
pub mod fields;
pub mod id;
pub mod json;
#[cfg(any(test, feature = "bounded-json"))]
pub mod json_object;
pub mod path;
pub mod problem;
pub mod timestamp;
