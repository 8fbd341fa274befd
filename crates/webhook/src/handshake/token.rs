//! Tokens: the texts that a handshake signs for anybody.

use alloc::borrow::Cow;

use crate::scheme::{Handshake, ResponseAlgorithm, Scheme};

/// Bytes of a token, at most.
const MAX_TOKEN: usize = 128;

/// Whether this is a text that a handshake may have signed: up to 128 letters,
/// digits and `-._~+/`, and `=` at the end. No JSON object or list, no form, no
/// message with a time before it.
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
