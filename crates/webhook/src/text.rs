//! Encodings, forms and URLs: small, strict, and linear.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

use super::algorithm::Encoding;

/// The bytes that a text stands for. Exactly one reading, no character is passed over.
pub(crate) fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => from_hex(text),
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Base64Url => {
            let bare = text.trim_end_matches('=');
            let padded = text.len() != bare.len();
            let fits = !padded || (text.len().is_multiple_of(4) && text.len() - bare.len() <= 2);
            if fits { URL_SAFE_NO_PAD.decode(bare).ok() } else { None }
        }
        Encoding::Utf8 => Some(text.as_bytes().to_vec()),
    }
}

/// The text that stands for bytes.
pub(crate) fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => to_hex(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Base64 with or without padding: how people paste keys.
pub(crate) fn from_base64_lenient(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

/// More fields than any form has.
const MAX_PAIRS: usize = 2_000;

/// A form's names and values, decoded once.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>;

/// The pairs of an urlencoded text; `None` if there are too many.
pub(crate) fn urlencoded(text: &[u8]) -> Option<Pairs<'_>> {
    let mut pairs = Vec::new();
    for pair in text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(at)?;
        pairs.push((percent_decoded(name), percent_decoded(value.get(1..).unwrap_or_default())));
        if pairs.len() > MAX_PAIRS {
            return None;
        }
    }
    Some(pairs)
}

fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|b| matches!(b, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escape = match (byte, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = escape {
            decoded.push(high << 4 | low);
            rest = rest.get(2..).unwrap_or_default();
        } else {
            decoded.push(if *byte == b'+' { b' ' } else { *byte });
        }
    }
    Cow::Owned(decoded)
}

/// The fields of a multipart form that are no files.
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
        // With a `;` in quotes it could be a file to us, and a field to others.
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

/// A parameter of a header's value: `; name=value` or `; name="value"`.
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

/// A URL in its parts, as they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Url<'a> {
    whole: &'a str,
    scheme: &'a str,
    authority: &'a str,
    /// From the path on.
    rest: &'a str,
}

impl<'a> Url<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let whole = text.split('#').next().unwrap_or_default();
        let (scheme, after) = whole.split_once("://").unwrap_or(("", whole));
        let after = if scheme.is_empty() { "" } else { after };
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end).unwrap_or_default();
        let rest = if scheme.is_empty() { whole } else { rest };
        Self { whole, scheme, authority, rest }
    }

    pub(crate) fn path(&self) -> &'a str {
        let path = self.rest.split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    pub(crate) fn query(&self) -> &'a str {
        self.rest.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn path_and_query(&self) -> Cow<'a, str> {
        match self.rest {
            rest if rest.starts_with('/') => Cow::Borrowed(rest),
            rest => Cow::Owned(format!("/{rest}")),
        }
    }

    /// Contentful's form: the query percent-encoded as one text, delimiters
    /// too; then the whole as JavaScript's `encodeURI` has it.
    pub(crate) fn escaped_path_and_query(&self) -> String {
        const MARKS: &[u8] = b"-_.!~*'()";
        const URI: &[u8] = b"-_.!~*'();,/?:@&=+$#";
        let whole = self.path_and_query();
        let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
        let query = query.split('?').next().unwrap_or_default();
        let text = if query.is_empty() { path.into() } else { format!("{path}?{}", escaped(query.as_bytes(), MARKS)) };
        escaped(text.as_bytes(), URI)
    }

    pub(crate) fn without_query(&self) -> &'a str {
        self.whole.split('?').next().unwrap_or_default()
    }

    /// The port, with its colon, if it is written.
    fn port(&self) -> &'a str {
        let at = self.authority.rfind(':').filter(|at| {
            self.authority
                .get(at + 1..)
                .is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        });
        at.and_then(|at| self.authority.get(at..)).unwrap_or_default()
    }

    pub(crate) fn without_port(&self) -> String {
        let host = self.authority.strip_suffix(self.port()).unwrap_or(self.authority);
        format!("{}://{host}{}", self.scheme, self.rest)
    }

    pub(crate) fn with_port(&self) -> String {
        let port = match (self.port(), self.scheme) {
            ("", "https") => ":443",
            ("", "http") => ":80",
            (port, _) => port,
        };
        let host = self.authority.strip_suffix(self.port()).unwrap_or(self.authority);
        format!("{}://{host}{port}{}", self.scheme, self.rest)
    }

    /// Names and values percent-encoded and sorted, a name's values joined by
    /// commas, `jwt` left out: Atlassian's `qsh`.
    pub(crate) fn canonical_query(&self) -> Option<String> {
        let mut pairs: Vec<(String, String)> = urlencoded(self.query().as_bytes())?
            .iter()
            .map(|(name, value)| (percent_encoded(name), percent_encoded(value)))
            .filter(|(name, _)| name != "jwt")
            .collect();
        pairs.sort();
        let mut text = String::new();
        let mut last: Option<&str> = None;
        for (name, value) in &pairs {
            if last == Some(name) {
                text.push(',');
            } else {
                if last.is_some() {
                    text.push('&');
                }
                text.push_str(name);
                text.push('=');
            }
            text.push_str(value);
            last = Some(name);
        }
        Some(text)
    }
}

/// Percent-encoded, but for letters, digits and these.
fn escaped(text: &[u8], plain: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_alphanumeric() || plain.contains(byte) {
            escaped.push(char::from(*byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// RFC 3986: all but unreserved characters.
fn percent_encoded(text: &[u8]) -> String {
    escaped(text, b"-._~")
}

/// A text that somebody wrote, for an error message: short and without control characters.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let cut = if text.chars().nth(64).is_some() { "…" } else { "" };
    alloc::format!("\"{short}{cut}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::ToString, vec};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn each_encoding_has_one_reading() {
        assert_eq!(decode(Encoding::Hex, "00fFa0"), Some(vec![0, 255, 160]));
        for text in ["0", "0g", "+1", "0x00", "00 ", "--00"] {
            assert_eq!(decode(Encoding::Hex, text), None, "{text}");
        }
        assert_eq!(decode(Encoding::Base64, "+/8="), Some(vec![251, 255]));
        for text in ["+/8", "-_8=", "+/9=", "+/8=\n", " +/8=", "+/8=="] {
            assert_eq!(decode(Encoding::Base64, text), None, "{text}");
        }
        assert_eq!(decode(Encoding::Base64Url, "-_8"), Some(vec![251, 255]));
        assert_eq!(decode(Encoding::Base64Url, "-_8="), Some(vec![251, 255]));
        for text in ["+/8", "-_8==", "-_9", "====", "-_8\n"] {
            assert_eq!(decode(Encoding::Base64Url, text), None, "{text}");
        }
    }

    #[test]
    fn urls_come_apart_as_they_stand() {
        let url = Url::of("https://u:p@example.com:8443/a%20b/?x=1&y='#z");
        assert_eq!((url.path(), url.query()), ("/a%20b/", "x=1&y='"));
        assert_eq!(url.with_port(), "https://u:p@example.com:8443/a%20b/?x=1&y='");
        assert_eq!(url.without_port(), "https://u:p@example.com/a%20b/?x=1&y='");
        assert_eq!(url.without_query(), "https://u:p@example.com:8443/a%20b/");
        assert_eq!(Url::of("https://[::1]?a").with_port(), "https://[::1]:443?a");
        assert_eq!(Url::of("https://[::1]:443/").without_port(), "https://[::1]/");
        assert_eq!(Url::of("http://h").path_and_query(), "/");
        assert_eq!(Url::of("http://h?a=1").path_and_query(), "/?a=1");
        assert_eq!(Url::of("/only/path?q").path_and_query(), "/only/path?q");
    }

    #[test]
    fn a_query_is_canonical_as_atlassian_has_it() {
        assert_eq!(Url::of("https://h/test?param=value").canonical_query().unwrap(), "param=value");
        let url = Url::of("https://h/?b=2&a=x+y&a=%41&jwt=secret&c");
        assert_eq!(url.canonical_query().unwrap(), "a=A,x%20y&b=2&c=");
    }

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
}
