//! `[[upstreams]]`

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// Where requests are forwarded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// What routes call it.
    pub name: String,
    /// How it is reached.
    pub target: Target,
    /// The Worker secret that forwarded requests are signed with.
    pub signing_secret: Option<String>,
}

/// How an upstream is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// By this service binding.
    Service(String),
    /// At this URL, without a slash at its end.
    Url(String),
}
