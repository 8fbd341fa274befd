//! Bodies of requests from outside, bounded in bytes and in time. Every worker reads them here.

use core::{error::Error, fmt};

use js_sys::{Promise, Uint8Array};
use keystile_core::base::{code::Code, problem::Problem};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The time by which a body must be complete, milliseconds. The sender of an incomplete body occupies memory, and the
/// earlier judgement on it grows old.
pub const DEADLINE_MS: u32 = 30_000;

/// The reason why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// The body is longer than the limit. The rest was not read.
    TooLarge {
        /// The limit, bytes.
        limit: u32,
    },
    /// The body was not complete after [`DEADLINE_MS`].
    TooSlow,
    /// The sender hung up.
    BrokenOff,
    /// The body is compressed, where only plain ones are taken.
    Encoded,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body has more than {limit} bytes"),
            Self::TooSlow => f.write_str("the body took too long"),
            Self::BrokenOff => f.write_str("the body broke off"),
            Self::Encoded => f.write_str("the body is compressed"),
        }
    }
}

impl Error for BodyError {}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => {
                Self::new(Code::BodyTooLarge, format!("This takes a body of {limit} bytes at most."))
            }
            BodyError::TooSlow => {
                let seconds = DEADLINE_MS / 1_000;
                Self::new(Code::BodyTimeout, format!("The body was not there whole after {seconds} seconds."))
            }
            BodyError::BrokenOff => Self::new(Code::MalformedBody, "The body broke off."),
            BodyError::Encoded => Self::new(Code::UnsupportedMediaType, "Send the body without a Content-Encoding.")
                .with_header("Accept-Encoding", "identity"),
        }
    }
}

/// Reads a body of JSON, which must not be compressed (RFC 7694): a small one could hold any amount.
///
/// # Errors
/// [`BodyError`].
pub async fn read_json(request: &JsValue, limit: u32) -> Result<Vec<u8>, BodyError> {
    if is_encoded(request) { Err(BodyError::Encoded) } else { read(request, limit).await }
}

/// Says that a body of JSON must not be compressed, before it is [received](receive).
///
/// # Errors
/// [`BodyError::Encoded`].
pub fn refuse_encoded(request: &JsValue) -> Result<(), BodyError> {
    if is_encoded(request) { Err(BodyError::Encoded) } else { Ok(()) }
}

/// Reads the body of a `Request` as it came. The memory is in proportion to the bytes received, even if the chunks are small. It
/// can be called once.
///
/// # Errors
/// [`BodyError`].
pub async fn read(request: &JsValue, limit: u32) -> Result<Vec<u8>, BodyError> {
    read_within(request, limit, &JsValue::UNDEFINED)
        .await
        .map(|bytes| bytes.to_vec())
        .map_err(|word| failure(&word, limit))
}

/// Reads the body of a `Request` into a buffer of the platform. `room` is an object whose `read` reads the stream
/// (`body.js`), and answers "no room" if there is no memory for the body; then this returns `None`.
///
/// # Errors
/// [`BodyError`].
pub async fn receive(request: &JsValue, limit: u32, room: &JsValue) -> Result<Option<Uint8Array>, BodyError> {
    match read_within(request, limit, room).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(word) if word == "no room" => Ok(None),
        Err(word) => Err(failure(&word, limit)),
    }
}

/// Reads a body, or returns the word that says why there is none. The promise never rejects.
async fn read_within(request: &JsValue, limit: u32, room: &JsValue) -> Result<Uint8Array, JsValue> {
    JsFuture::from(read_body(request, limit, DEADLINE_MS, room)).await.unwrap_or_default().dyn_into()
}

fn failure(word: &JsValue, limit: u32) -> BodyError {
    match word.as_string().as_deref() {
        Some("too large") => BodyError::TooLarge { limit },
        Some("too slow") => BodyError::TooSlow,
        _ => BodyError::BrokenOff,
    }
}

#[wasm_bindgen(module = "/src/body.js")]
extern "C" {
    #[wasm_bindgen(js_name = isEncoded)]
    fn is_encoded(request: &JsValue) -> bool;

    #[wasm_bindgen(js_name = readBody)]
    fn read_body(request: &JsValue, limit: u32, deadline_ms: u32, room: &JsValue) -> Promise;
}
