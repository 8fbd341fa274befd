//! Compressed bodies: gzip (RFC 1952) and zlib (RFC 1950).

use alloc::{boxed::Box, vec::Vec};

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags},
};

use crate::mac::crc32;

/// The outcome of unpacking a body.
pub(crate) enum Inflated {
    /// The bytes that were compressed.
    Bytes(Vec<u8>),
    /// There are more bytes than are taken.
    TooLong,
    /// The body is neither gzip nor zlib.
    Malformed,
}

#[cfg(feature = "explain")]
impl Inflated {
    /// The bytes, if there are any.
    pub(crate) fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::TooLong | Self::Malformed => None,
        }
    }
}

/// Unpacks a body to `limit` bytes at most. A gzip body is one member to its end: a second one after it would be read by
/// others as more of the same body.
pub(crate) fn inflated(body: &[u8], limit: usize) -> Inflated {
    let unpacked = match body {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => after_head(*flags, rest).map(|rest| gzip(rest, limit)),
        [0x78, ..] => Some(deflated(body, limit, inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER).map(|(bytes, _)| bytes)),
        _ => None,
    };
    match unpacked {
        Some(Ok(bytes)) => Inflated::Bytes(bytes),
        Some(Err(failure)) => failure,
        None => Inflated::Malformed,
    }
}

fn gzip(rest: &[u8], limit: usize) -> Result<Vec<u8>, Inflated> {
    let (bytes, read) = deflated(rest, limit, 0)?;
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    let trailer = [crc32(&bytes).to_le_bytes(), length.to_le_bytes()].concat();
    if rest.get(read..) == Some(&trailer) { Ok(bytes) } else { Err(Inflated::Malformed) }
}

/// The bytes of a deflated stream (RFC 1951), and the length of the stream.
fn deflated(stream: &[u8], limit: usize, flags: u32) -> Result<(Vec<u8>, usize), Inflated> {
    let flags = flags | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let mut bytes = alloc::vec![0; stream.len().saturating_mul(2).clamp(1, limit.max(1))];
    let (mut read, mut written) = (0, 0);
    loop {
        let rest = stream.get(read..).unwrap_or_default();
        let (status, took, gave) = decompress(&mut state, rest, &mut bytes, written, flags);
        read += took;
        written += gave;
        match status {
            TINFLStatus::Done if written <= limit => {
                bytes.truncate(written);
                return Ok((bytes, read));
            }
            TINFLStatus::HasMoreOutput if bytes.len() < limit => {
                bytes.resize(bytes.len().saturating_mul(2).min(limit), 0);
            }
            TINFLStatus::Done | TINFLStatus::HasMoreOutput => return Err(Inflated::TooLong),
            _ => return Err(Inflated::Malformed),
        }
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
