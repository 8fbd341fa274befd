//! Changes of a body as bytes: its ends, its lines, its wrapping, its compression.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use base64::{
    Engine as _,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    },
};

use super::{
    case::Case,
    code::CauseCode,
    trial::{Edit, Put, Trial, Try, What},
};
use crate::json;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The maximum length of what a body is inflated to, bytes.
const MAX_INFLATED: usize = 16 * 1024 * 1024;

/// The bytes that were compressed; `None` if the body is no gzip and no zlib.
pub(super) fn inflated(body: &[u8]) -> Option<Vec<u8>> {
    crate::inflate::inflated(body, MAX_INFLATED).bytes()
}

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let body: &[u8] = &trial.body;
    let mut put = |code: CauseCode, sentence: &str, body: Vec<u8>| attempt(Edit::new(code, sentence, What::Body(body)));
    byte_order_mark(body, &mut put)?;
    outer_space(body, &mut put)?;
    line_ends(body, &mut put)?;
    empty(body, &mut put)?;
    if body.is_empty() {
        return ControlFlow::Continue(());
    }
    if let Some(inner) = json_string(body) {
        put(CauseCode::DoubleJson, "The sender signed the document that stands in this JSON string.", inner)?;
    }
    if let Ok(text) = core::str::from_utf8(body) {
        let mut quoted = String::new();
        json::quote(text, &mut quoted);
        let sentence = "The sender signed a JSON string with this document in it: it was unwrapped on the way.";
        put(CauseCode::DoubleJson, sentence, quoted.into_bytes())?;
    }
    base64(body, &mut put)?;
    if let Some(inflated) = inflated(body) {
        put(CauseCode::CompressedBody, "The sender signed the body before it was compressed.", inflated)?;
    }
    ControlFlow::Continue(())
}

fn byte_order_mark(body: &[u8], put: Put<'_>) -> ControlFlow<()> {
    match body.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => {
            let sentence =
                "The sender signed the body without the byte order mark (EF BB BF) that this one begins with.";
            put(CauseCode::ByteOrderMark, sentence, rest.to_vec())
        }
        None => {
            let sentence = "The sender signed a byte order mark (EF BB BF) before the body; it was lost on the way.";
            put(CauseCode::ByteOrderMark, sentence, [BYTE_ORDER_MARK, body].concat())
        }
    }
}

fn outer_space(body: &[u8], put: Put<'_>) -> ControlFlow<()> {
    let code = CauseCode::OuterSpace;
    for (end, name) in [(&b"\r\n"[..], "CR LF"), (b"\n", "line feed"), (b"\0", "NUL byte")] {
        if let Some(rest) = body.strip_suffix(end) {
            put(code, &format!("The sender signed the body without the {name} at its end."), rest.to_vec())?;
        }
    }
    for (end, name) in [(&b"\n"[..], "line feed"), (b"\r\n", "CR LF"), (b" ", "space")] {
        let sentence = format!("The sender signed a {name} at the end of the body; it was lost on the way.");
        put(code, &sentence, [body, end].concat())?;
    }
    let trimmed = body.trim_ascii();
    if trimmed.len() != body.len() {
        put(code, "The sender signed the body without the white space around it.", trimmed.to_vec())?;
        put(code, "The sender signed the body without the white space at its end.", body.trim_ascii_end().to_vec())?;
        put(code, "The sender signed the body without the white space before it.", body.trim_ascii_start().to_vec())?;
    }
    ControlFlow::Continue(())
}

fn line_ends(body: &[u8], put: Put<'_>) -> ControlFlow<()> {
    if !body.contains(&b'\n') && !body.contains(&b'\r') {
        return ControlFlow::Continue(());
    }
    let code = CauseCode::LineEnds;
    let unix = replaced(&replaced(body, b"\r\n", b"\n"), b"\r", b"\n");
    let windows = replaced(&unix, b"\n", b"\r\n");
    let ended = |end: &[u8]| [unix.trim_ascii_end(), end].concat();
    put(code, "The sender signed lines that end with CR LF; here they end otherwise.", windows.clone())?;
    put(code, "The sender signed lines that end with LF; here they end otherwise.", unix.clone())?;
    put(code, "The sender signed the body without its line breaks.", replaced(&unix, b"\n", b""))?;
    let sentence = "The sender signed lines that end with CR LF, and the last one, too.";
    put(code, sentence, replaced(&ended(b"\n"), b"\n", b"\r\n"))?;
    let sentence = "The sender signed lines that end with CR LF, but for the last one.";
    put(code, sentence, replaced(&ended(b""), b"\n", b"\r\n"))?;
    put(code, "The sender signed lines that end with LF, but for the last one.", ended(b""))
}

/// Tries the bodies that a client may send, or a framework may hand over, when there is no content.
fn empty(body: &[u8], put: Put<'_>) -> ControlFlow<()> {
    const NOTHING: [&str; 6] = ["", "{}", "null", "[]", "\"\"", "undefined"];
    let given = body.trim_ascii();
    if !NOTHING.iter().any(|nothing| nothing.as_bytes() == given) {
        return ControlFlow::Continue(());
    }
    for nothing in NOTHING {
        let name = if nothing.is_empty() { "an empty body" } else { nothing };
        put(CauseCode::EmptyBody, &format!("The sender signed {name}."), nothing.as_bytes().to_vec())?;
    }
    ControlFlow::Continue(())
}

/// The text of a body that is one JSON string.
fn json_string(body: &[u8]) -> Option<Vec<u8>> {
    let value = json::find(body, &[], crate::name::Names::Exact).ok()??;
    let text = if value.starts_with(b"\"") { json::text(value).ok()?? } else { return None };
    Some(text.to_vec())
}

fn base64(body: &[u8], put: Put<'_>) -> ControlFlow<()> {
    let code = CauseCode::Base64Body;
    if let Some(decoded) = decoded(body) {
        if let Some(inflated) = inflated(&decoded) {
            put(
                CauseCode::CompressedBody,
                "The sender signed the body before it was compressed and written in base64.",
                inflated,
            )?;
        }
        put(code, "The sender signed the bytes that this body writes in base64.", decoded)?;
    }
    let sentence = "The sender signed the body in base64; it was decoded on the way.";
    put(code, sentence, STANDARD.encode(body).into_bytes())?;
    put(code, sentence, URL_SAFE_NO_PAD.encode(body).into_bytes())
}

/// The bytes of a text in base64 of either alphabet, with or without padding and line breaks. Short texts are left
/// alone: any word could be one.
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    if text.len() < 8 {
        return None;
    }
    GeneralPurpose::new(&::base64::alphabet::STANDARD, LENIENT).decode(&text).ok()
}

/// A text with every occurrence of some bytes replaced.
pub(super) fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from).filter(|_| !from.is_empty()) {
            result.extend_from_slice(to);
            rest = after;
        } else {
            result.push(*first);
            rest = after;
        }
    }
    result
}

/// The value of a header, if it is there.
pub(super) fn header(trial: &Trial<'_>, name: &str) -> Option<String> {
    trial.header(&[name.to_string()]).map(|(_, value)| value.trim().to_ascii_lowercase())
}
