//! The sender's part of the configuration: the addresses to which events may be sent.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

/// The rules of a deployment beside those for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRules {
    /// Whether `http://127.0.0.1` and `http://localhost` are allowed: on a developer's machine alone.
    pub allow_loopback: bool,
    /// The deployment's own hosts, which are refused.
    pub own_hosts: Vec<String>,
}
