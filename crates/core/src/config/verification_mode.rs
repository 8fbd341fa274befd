//! The two ways to deal with a delivery whose signature does not fit.

use serde::{Deserialize, Serialize};

/// The way in which a source deals with a delivery that fails its verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerificationMode {
    /// The delivery is refused.
    #[default]
    Enforce,
    /// The delivery is logged, and forwarded as it came, without Keystile's signature.
    LogOnly,
}
