//! Reads single texts out of JSON, without building a tree.
//!
//! A verifier needs a few texts out of a body of up to megabytes, and needs numbers digit for digit. So this goes
//! through the bytes once for each step of a path. A name that occurs twice on the way is refused: parsers differ in
//! which of the two they take, so the receiver could read another value than the one that was verified.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::{
    name::{Name, Names},
    place::{JsonPath, Step},
};

/// An error: the document isn't JSON, is nested too deeply, or has a name twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

const MAX_DEPTH: usize = 128;
/// The maximum number of elements. No sender batches more.
const MAX_ITEMS: usize = 1_000;

/// The work of one lookup in a document. Values of one byte are read at an eighth of the speed of hashing.
pub(crate) const fn reading(document: &[u8]) -> usize {
    document.len().saturating_mul(8)
}

/// The value at a path, unchanged; `None` if it is missing.
pub(crate) fn find<'a>(document: &'a [u8], path: &[Step], names: Names) -> Result<Option<&'a [u8]>, Malformed> {
    let mut cursor = Cursor::of(document);
    // A member of the document itself is found in the pass that checks the document.
    let (first, path) = match path {
        [Step::Member(name), path @ ..] if cursor.rest.starts_with(b"{") => (cursor.member(name, names)?, path),
        path => (Some(cursor.value()?), path),
    };
    cursor.end()?;
    let Some(mut value) = first else { return Ok(None) };
    for step in path {
        let found = match step {
            Step::Member(name) if value.starts_with(b"{") => Cursor::of(value).member(name, names)?,
            Step::Member(_) => None,
            Step::Element(index) => elements(value)?.and_then(|elements| elements.get(*index).copied()),
            Step::Each => return Err(Malformed),
        };
        match found {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// The values at a path with one `[]`.
pub(crate) fn each<'a>(document: &'a [u8], path: &JsonPath, names: Names) -> Result<Vec<&'a [u8]>, Malformed> {
    let mut halves = path.0.split(|step| *step == Step::Each);
    let (before, after) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let Some(array) = find(document, before, names)? else { return Ok(Vec::new()) };
    let elements = elements(array)?.ok_or(Malformed)?;
    elements.into_iter().map(|element| find(element, after, names)?.ok_or(Malformed)).collect()
}

/// The text of a string, or a number or boolean unchanged; `None` for any other value.
pub(crate) fn text(value: &[u8]) -> Result<Option<Cow<'_, [u8]>>, Malformed> {
    match value.first() {
        Some(b'"') => unescaped(value).map(Some),
        Some(b'{' | b'[') | None => Ok(None),
        Some(_) if value == b"null" => Ok(None),
        Some(_) => Ok(Some(Cow::Borrowed(value))),
    }
}

/// The texts of an array's elements, or of the one value.
pub(crate) fn texts(value: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Malformed> {
    match elements(value)? {
        Some(elements) => elements.into_iter().filter_map(|element| text(element).transpose()).collect(),
        None => Ok(text(value)?.into_iter().collect()),
    }
}

fn elements(array: &[u8]) -> Result<Option<Vec<&[u8]>>, Malformed> {
    let Some(rest) = array.strip_prefix(b"[") else { return Ok(None) };
    let mut cursor = Cursor { rest, depth: 0 };
    let mut elements = Vec::new();
    if cursor.eat(b']') {
        return Ok(Some(elements));
    }
    loop {
        elements.push(cursor.value()?);
        if elements.len() > MAX_ITEMS {
            return Err(Malformed);
        }
        if cursor.eat(b']') {
            return Ok(Some(elements));
        }
        if !cursor.eat(b',') {
            return Err(Malformed);
        }
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
    /// The number of lists and objects around it.
    depth: usize,
}

impl<'a> Cursor<'a> {
    /// Before the only value of a document. A byte order mark before it is skipped.
    fn of(document: &'a [u8]) -> Self {
        let mut cursor = Self { rest: document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document), depth: 0 };
        cursor.space();
        cursor
    }

    /// Checks that nothing follows.
    fn end(&mut self) -> Result<(), Malformed> {
        self.space();
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// Passes an object and returns the value of one member.
    fn member(&mut self, name: &str, names: Names) -> Result<Option<&'a [u8]>, Malformed> {
        self.advance(1);
        self.depth += 1;
        let mut found = None;
        if self.eat(b'}') {
            return Ok(None);
        }
        loop {
            self.space();
            let key = self.string()?;
            let compared = names.compare(&unescaped(key)?, name);
            if !self.eat(b':') {
                return Err(Malformed);
            }
            let value = self.value()?;
            match compared {
                Name::Same if found.is_none() => found = Some(value),
                Name::Other => {}
                Name::Same | Name::Ambiguous => return Err(Malformed),
            }
            if self.eat(b'}') {
                return Ok(found);
            }
            if !self.eat(b',') {
                return Err(Malformed);
            }
        }
    }

    fn space(&mut self) {
        let space = self.rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.advance(space);
    }

    fn advance(&mut self, by: usize) {
        self.rest = self.rest.get(by..).unwrap_or_default();
    }

    /// Passes this byte, if it is next after white space.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.rest.first() == Some(&byte);
        self.advance(usize::from(is_next));
        is_next
    }

    /// Passes a string and returns it with its quotes. Escapes are checked, and control characters are refused.
    fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let inner = self.rest.strip_prefix(b"\"").ok_or(Malformed)?;
        let mut at = 0;
        loop {
            at += plain(inner.get(at..).unwrap_or_default());
            match inner.get(at) {
                Some(b'"') => {
                    let (string, rest) = self.rest.split_at_checked(at + 2).ok_or(Malformed)?;
                    self.rest = rest;
                    return Ok(string);
                }
                Some(b'\\') => {
                    let escape = inner.get(at + 1).ok_or(Malformed)?;
                    match escape {
                        b'u' => drop(hex4(inner.get(at + 2..).unwrap_or_default())?),
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        _ => return Err(Malformed),
                    }
                    at += 2;
                }
                _ => return Err(Malformed),
            }
        }
    }

    /// Passes a value and returns it. It must be as RFC 8259 says to its end, so that no parser reads another value.
    fn value(&mut self) -> Result<&'a [u8], Malformed> {
        self.space();
        let start = self.rest;
        let mut closers: Vec<u8> = Vec::new();
        loop {
            self.space();
            match self.rest.first() {
                Some(b'"') => drop(self.string()?),
                Some(open @ (b'{' | b'[')) => {
                    let close = if *open == b'{' { b'}' } else { b']' };
                    self.advance(1);
                    if self.depth + closers.len() >= MAX_DEPTH {
                        return Err(Malformed);
                    }
                    if !self.eat(close) {
                        closers.push(close);
                        self.name(close)?;
                        continue;
                    }
                }
                _ => self.word()?,
            }
            while let Some(close) = closers.last().copied() {
                if self.eat(b',') {
                    self.name(close)?;
                    break;
                }
                if !self.eat(close) {
                    return Err(Malformed);
                }
                closers.pop();
            }
            if closers.is_empty() {
                let len = start.len() - self.rest.len();
                return start.get(..len).ok_or(Malformed);
            }
        }
    }

    /// Passes the name of a member and its colon, if this is in an object.
    fn name(&mut self, close: u8) -> Result<(), Malformed> {
        if close == b'}' {
            self.space();
            self.string()?;
            if !self.eat(b':') {
                return Err(Malformed);
            }
        }
        Ok(())
    }

    /// Passes a number or a literal.
    fn word(&mut self) -> Result<(), Malformed> {
        let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        let len = self.rest.iter().take_while(|b| is_word(b)).count();
        let word = self.rest.get(..len).unwrap_or_default();
        if !matches!(word, b"true" | b"false" | b"null") && !is_number(word) {
            return Err(Malformed);
        }
        self.advance(len);
        Ok(())
    }
}

/// The number of bytes before the next quote, backslash or control character. Whole blocks are looked at in one step by
/// SIMD instructions, since the strings of a long body are most of it.
fn plain(text: &[u8]) -> usize {
    let ends = |byte: u8| (byte == b'"') | (byte == b'\\') | (byte < 0x20);
    let (blocks, rest) = text.as_chunks::<16>();
    let whole =
        blocks.iter().take_while(|block| block.iter().fold(0, |any, byte| any | u8::from(ends(*byte))) == 0).count();
    let rest = blocks.get(whole).map_or(rest, |block| block);
    whole * 16 + rest.iter().take_while(|byte| !ends(**byte)).count()
}

/// Whether this is a number as RFC 8259 writes it.
fn is_number(word: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || whole > 1 && rest.starts_with(b"0") {
        return false;
    }
    rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        rest = fraction.get(count..).unwrap_or_default();
        if count == 0 {
            return false;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// A string without its quotes and escapes.
fn unescaped(string: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
    let inner = string.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).ok_or(Malformed)?;
    if !inner.contains(&b'\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            text.push(*byte);
            continue;
        }
        let (escape, after) = rest.split_first().ok_or(Malformed)?;
        rest = after;
        match escape {
            b'"' | b'\\' | b'/' => text.push(*escape),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'u' => {
                let (char, after) = unicode(rest)?;
                let mut buffer = [0; 4];
                text.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
                rest = after;
            }
            _ => return Err(Malformed),
        }
    }
    Ok(Cow::Owned(text))
}

/// The character after `\u`, with the second half of a surrogate pair.
fn unicode(rest: &[u8]) -> Result<(char, &[u8]), Malformed> {
    let (high, after) = hex4(rest)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Ok((char::from_u32(high).ok_or(Malformed)?, after));
    }
    let (low, after) = hex4(after.strip_prefix(b"\\u").ok_or(Malformed)?)?;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(Malformed)?;
    Ok((char::from_u32(0x10000 + ((high - 0xd800) << 10) + low).ok_or(Malformed)?, after))
}

fn hex4(rest: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (digits, after) = rest.split_at_checked(4).ok_or(Malformed)?;
    let digits = core::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    Ok((u32::from_str_radix(digits.ok_or(Malformed)?, 16).map_err(|_| Malformed)?, after))
}

/// A text as a JSON string, quotes included.
pub(crate) fn quote(text: &str, into: &mut String) {
    into.push('"');
    for char in text.chars() {
        match char {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            char if (char as u32) < 0x20 => into.push_str(&alloc::format!("\\u{:04x}", char as u32)),
            char => into.push(char),
        }
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn at(document: &str, path: &str) -> Result<Option<String>, Malformed> {
        let path = JsonPath::parse(path).unwrap();
        let Some(value) = find(document.as_bytes(), &path.0, Names::Exact)? else { return Ok(None) };
        Ok(text(value)?.map(|text| String::from_utf8(text.into_owned()).unwrap()))
    }

    #[test]
    fn texts_are_found_and_numbers_keep_their_digits() {
        let document = r#" {"a": {"b": [1.500, {"c": "x\u00e9\ud83d\ude00\n"}], "n": null}, "d": -0.10e+5, "t":true} "#;
        assert_eq!(at(document, "a.b[0]"), Ok(Some("1.500".into())));
        assert_eq!(at(document, "a.b[1].c"), Ok(Some("xé😀\n".into())));
        assert_eq!(at(document, "d"), Ok(Some("-0.10e+5".into())));
        assert_eq!(at(document, "t"), Ok(Some("true".into())));
        for absent in ["a", "a.n", "a.x", "a.b[2]", "d.x", "x[0]"] {
            assert_eq!(at(document, absent), Ok(None), "{absent}");
        }
        assert_eq!(at("\u{feff}{\"a\":1}", "a"), Ok(Some("1".into())));
    }

    #[test]
    fn a_document_is_as_deep_for_a_member_as_for_an_element() {
        for (depth, taken) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
            let nested = std::format!("{{\"a\":{}0{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
            assert_eq!(at(&nested, "b").is_ok(), taken, "{depth}");
            assert_eq!(at(&std::format!("{nested}x"), "b"), Err(Malformed));
            let listed = std::format!("[0,{}0{}]", "[".repeat(depth - 1), "]".repeat(depth - 1));
            assert_eq!(find(listed.as_bytes(), &[Step::Element(0)], Names::Exact).is_ok(), taken, "{depth}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert_eq!(at(r#"{"a":1,"a":1}"#, "a"), Err(Malformed));
        assert_eq!(at(r#"{"a":1,"\u0061":2}"#, "a"), Err(Malformed));
        assert_eq!(at(r#"{"b":1,"b":2,"a":3}"#, "a"), Ok(Some("3".into())), "of no concern here");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for document in ["", "{", "{}x", "{\"a\":}", "{\"a\":1,}", "[1", "{]", "{\"a\" 1}", "nul", "\"\\", "{a:1}"] {
            assert_eq!(at(document, "a"), Err(Malformed), "{document}");
        }
        let deep = |n: usize| ["{\"a\":", &"[".repeat(n), &"]".repeat(n), "}"].concat();
        assert_eq!(at(&deep(100), "b"), Ok(None));
        assert_eq!(at(&deep(200), "b"), Err(Malformed));
    }

    /// JSON's own parser agrees on every document: this one reads none that it refuses.
    #[test]
    fn what_no_json_parser_takes_is_refused_between_brackets_too() {
        for inner in [
            "1 2",
            "1,,2",
            ",1",
            "1,",
            ":",
            "1:2",
            "{\"x\"}",
            "{\"x\":}",
            "{1:2}",
            "{\"x\":1,}",
            "{,}",
            "[1 2,,:]",
            "01",
            "-",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e+",
            "--1",
            "1-1",
            "1.5.2",
            "\"\\q\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "tru",
            "nulll",
            "\"a\" \"b\"",
            "{\"x\" 1}",
            "{\"x\":1 \"y\":2}",
        ] {
            for document in [std::format!("{{\"b\":[{inner}],\"a\":1}}"), std::format!("{{\"b\":{inner},\"a\":1}}")] {
                let parsed = serde_json::from_str::<serde_json::Value>(&document);
                assert_eq!(at(&document, "a").is_ok(), parsed.is_ok(), "{document}");
            }
        }
        for inner in
            ["0", "-0", "1.50", "-0.10e+5", "1E5", "1e-05", "\"\\u00e9\\/\"", " [ ] ", "{ }", "[[],{\"x\":[ 1 , 2 ]}]"]
        {
            let document = std::format!("{{\"b\":{inner},\"a\":1}}");
            assert_eq!(at(&document, "a"), Ok(Some("1".into())), "{document}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_is_read_that_a_json_parser_refuses(pieces in proptest::collection::vec(
            proptest::sample::select(std::vec![
                "{", "}", "[", "]", ",", ":", " ", "\"a\"", "\"", "\\", "\\u00", "0", "1", "-", ".", "e", "true", "n", "null", "\t",
            ]), 0..12,
        )) {
            let text = pieces.concat();
            for document in [std::format!("{{\"b\":{text}}}"), std::format!("{{{text},\"a\":1}}"), text] {
                let taken = at(&document, "a").is_ok();
                let parsed = serde_json::from_str::<serde::de::IgnoredAny>(&document).is_ok();
                proptest::prop_assert!(!taken || parsed, "{}", document);
            }
        }
    }

    #[test]
    fn a_string_ends_where_a_json_parser_ends_it_wherever_that_is_in_a_block() {
        for (length, at_byte) in (0..50).flat_map(|length| (0..length).map(move |at| (length, at))) {
            for special in [&b"\""[..], b"\\n", b"\\x", b"\x1f", b"\n", b"\x7f", "é".as_bytes()] {
                let string = [&vec![b'x'; at_byte], special, &vec![b'y'; length - at_byte]].concat();
                let document = [b"{\"a\":\"", &string[..], b"\"}"].concat();
                let parsed: Option<serde_json::Value> = serde_json::from_slice(&document).ok();
                let read = at(core::str::from_utf8(&document).unwrap(), "a").ok().flatten();
                assert_eq!(read.as_deref(), parsed.as_ref().and_then(|parsed| parsed["a"].as_str()), "{document:?}");
            }
        }
    }

    #[test]
    fn items_are_found_with_what_they_stand_in() {
        let path = JsonPath::parse("items[].it").unwrap();
        let each = |document| each(document, &path, Names::Exact);
        let found = each(br#"{"items":[{"it":{"a":1}},{"it":2}]}"#).unwrap();
        assert_eq!(found, vec![&br#"{"a":1}"#[..], b"2"]);
        assert_eq!(each(br#"{"items":[{"it":1},{}]}"#), Err(Malformed), "an item that is none");
        assert_eq!(each(br#"{}"#), Ok(vec![]));
    }
}
