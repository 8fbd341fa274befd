//! Tokens: the texts that a handshake signs for anybody.

use alloc::borrow::Cow;

use crate::scheme::{Handshake, ResponseAlgorithm, Scheme};

/// The maximum length of a token, bytes.
const MAX_TOKEN: usize = 128;

/// Whether a handshake may have signed this text: up to 128 letters, digits and `-._~+/`, with `=` only at the end. So
/// it is not a JSON object or list, not a form, and not a message that begins with a time.
pub(crate) fn is_token(message: &[Cow<'_, [u8]>]) -> bool {
    let len: usize = message.iter().map(|piece| piece.len()).sum();
    if len == 0 || len > MAX_TOKEN {
        return false;
    }
    let bytes = message.concat();
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    padding <= 2 && bytes.iter().take(len - padding).all(allowed)
}

/// Whether one of the scheme's handshakes would sign this message for anybody.
pub(crate) fn would_sign(scheme: &Scheme, message: &[Cow<'_, [u8]>]) -> bool {
    let signs = |handshake: &Handshake| {
        handshake.response.as_ref().is_some_and(|rule| rule.algorithm == ResponseAlgorithm::Hmac)
    };
    scheme.handshakes.iter().any(signs) && is_token(message)
}
