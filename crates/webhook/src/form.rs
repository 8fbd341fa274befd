//! Forms in a body, and the query of a URL: names and values, decoded once.

use alloc::{borrow::Cow, format, vec::Vec};

use percent_encoding::percent_decode;

/// The maximum number of fields. No form has more.
const MAX_PAIRS: usize = 2_000;

/// A form's names and values, decoded once.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>;

/// The pairs of an urlencoded text; `None` if there are too many.
pub(crate) fn urlencoded(text: &[u8]) -> Option<Pairs<'_>> {
    let mut pairs = Vec::new();
    for pair in text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(at)?;
        pairs.push((decoded(name), decoded(value.get(1..).unwrap_or_default())));
        if pairs.len() > MAX_PAIRS {
            return None;
        }
    }
    Some(pairs)
}

/// Decodes a text: `+` is a space, and a `%` without two digits after it stays as it is.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return percent_decode(text).into();
    }
    let with_spaces: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Cow::Owned(percent_decode(&with_spaces).collect())
}

/// The fields of a multipart form, without its files.
pub(crate) fn multipart<'a>(content_type: &str, body: &'a [u8]) -> Option<Pairs<'a>> {
    let boundary = parameter(content_type, "boundary")?;
    if boundary.is_empty() || boundary.len() > 70 {
        return None;
    }
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut rest = match body.strip_prefix(opening.as_bytes()) {
        Some(rest) => rest,
        None => split_once(body, between.as_bytes())?.1,
    };
    let mut pairs = Vec::new();
    while !rest.starts_with(b"--") {
        let (part, after) = split_once(rest.strip_prefix(b"\r\n")?, between.as_bytes())?;
        let (head, value) = split_once(part, b"\r\n\r\n")?;
        let head = core::str::from_utf8(head).ok()?;
        let disposition = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition").then_some(value)
        })?;
        // If a `;` were in quotes, the part could be a file to this reader and a field to others.
        if disposition.contains('\\') || disposition.split(';').any(|part| part.matches('"').count() % 2 == 1) {
            return None;
        }
        if parameter(disposition, "filename").is_none() {
            let name = parameter(disposition, "name")?;
            pairs.push((Cow::Owned(name.as_bytes().to_vec()), Cow::Borrowed(value)));
        }
        if pairs.len() > MAX_PAIRS {
            return None;
        }
        rest = after;
    }
    Some(pairs)
}

/// Finds a parameter in a header's value: `; name=value` or `; name="value"`.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn split_once<'a>(text: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(by.len()).position(|window| window == by)?;
    Some((text.get(..at)?, text.get(at + by.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        string::{String, ToString},
        vec,
    };
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn forms_are_decoded_once() {
        let texts = |pairs: Pairs<'_>| -> Vec<(String, String)> {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_string();
            pairs.iter().map(|(name, value)| (text(name), text(value))).collect()
        };
        let expected = vec![("a b".to_string(), "%20+".to_string()), ("c".to_string(), String::new())];
        assert_eq!(texts(urlencoded(b"a+b=%2520%2B&&c").unwrap()), expected);
        let body = "--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{\"a\":\"\r\n\"}\r\n--x\r\n\
                    content-disposition: form-data; name=f; filename=f.txt\r\n\r\nfile\r\n--x--\r\n";
        let pairs = multipart("multipart/form-data; boundary=x", body.as_bytes()).unwrap();
        assert_eq!(texts(pairs), vec![("json".to_string(), "{\"a\":\"\r\n\"}".to_string())]);
        assert!(multipart("multipart/form-data", body.as_bytes()).is_none());
        assert!(multipart("multipart/form-data; boundary=x", b"--x\r\n").is_none());
        let hidden = body.replace("name=f; filename=f.txt", "name=f; x=\"; filename=f.txt\"");
        assert!(multipart("multipart/form-data; boundary=x", hidden.as_bytes()).is_none(), "a field, for others");
    }

    #[test]
    fn a_percent_sign_without_its_digits_is_text() {
        for (written, read) in
            [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%+1", "% 1"), ("%%41", "%A"), ("%c3%A4", "ä")]
        {
            assert_eq!(decoded(written.as_bytes()), read.as_bytes(), "{written}");
        }
    }
}
