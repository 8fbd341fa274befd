//! The upstreams of `[[upstreams]]`.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// A service that requests are forwarded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its name in routes and signatures.
    pub name: String,
    /// The way in which it is reached.
    pub target: Target,
    /// The name of the Worker secret that forwarded requests are signed with.
    pub signing_secret: Option<String>,
    /// The time from a request until its answer's headers, seconds.
    pub timeout_seconds: u32,
}

/// The way in which an upstream is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A service binding, by its name.
    Service(String),
    /// A URL, without a slash at its end.
    Url(String),
}
