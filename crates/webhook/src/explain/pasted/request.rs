//! What was read from a text.

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
    /// What was changed or passed over, in sentences.
    pub notes: Vec<String>,
}
