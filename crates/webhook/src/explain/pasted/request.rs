//! The request that was read from a pasted text.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

/// A request that was read from a text. What the text doesn't have is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PastedRequest {
    /// The form in which it was written, such as `HAR`.
    pub form: &'static str,
    /// The method.
    pub method: Option<String>,
    /// The URL, or the path if the text has no host.
    pub url: Option<String>,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// Whether the body is in base64.
    pub body_is_base64: bool,
    /// Sentences that say what was changed or ignored.
    pub notes: Vec<String>,
}
