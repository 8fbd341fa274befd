//! The first difference between two texts.

use super::report::{Difference, Excerpt};
use crate::encoding;

/// The number of bytes that are shown before a difference, and from it on.
const BEFORE: usize = 16;
const AFTER: usize = 24;

/// The first difference; `None` if there is none.
pub(super) fn first(given: &[u8], signed: &[u8]) -> Option<Difference> {
    if given == signed {
        return None;
    }
    let same = given.iter().zip(signed).take_while(|(one, other)| one == other).count();
    Some(Difference { offset: same, given: excerpt(given, same), signed: excerpt(signed, same) })
}

fn excerpt(bytes: &[u8], at: usize) -> Excerpt {
    let start = at.saturating_sub(BEFORE);
    let end = bytes.len().min(at + AFTER);
    let byte = bytes.get(at).map(|byte| encoding::to_hex(&[*byte]));
    Excerpt { byte, hex: encoding::to_hex(bytes.get(start..end).unwrap_or_default()), start, length: bytes.len() }
}
