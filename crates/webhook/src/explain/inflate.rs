//! Compressed bodies: gzip (RFC 1952) and zlib (RFC 1950).

use alloc::vec::Vec;

use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// The maximum length of what a body is inflated to, bytes.
const MAX_LEN: usize = 16 * 1024 * 1024;

/// The bytes that were compressed; `None` if the body is no gzip and no zlib.
pub(super) fn inflated(body: &[u8]) -> Option<Vec<u8>> {
    match body {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => {
            decompress_to_vec_with_limit(after_head(*flags, rest)?, MAX_LEN).ok()
        }
        [0x78, ..] => decompress_to_vec_zlib_with_limit(body, MAX_LEN).ok(),
        _ => None,
    }
}

/// Passes the optional fields of a gzip head.
fn after_head(flags: u8, mut rest: &[u8]) -> Option<&[u8]> {
    if flags & 4 != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}
