//! The escapes in strings.

use alloc::{format, string::String};

use crate::explain::code::CauseCode;

/// How characters are written in strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Escapes {
    unicode: Option<Unicode>,
    slash: Option<Slash>,
    html: Option<Html>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unicode {
    Plain,
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slash {
    Plain,
    Escaped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Html {
    Plain,
    /// `<`, `>`, `&`, U+2028 and U+2029 (Go, Rails).
    Lower,
    Upper,
    /// Also quotes, `+` and the backtick (.NET).
    DotNet,
}

const NONE: Escapes = Escapes { unicode: None, slash: None, html: None };
const fn unicode(unicode: Unicode) -> Escapes {
    Escapes { unicode: Some(unicode), ..NONE }
}
const fn slash(slash: Slash) -> Escapes {
    Escapes { slash: Some(slash), ..NONE }
}
const fn html(html: Html) -> Escapes {
    Escapes { html: Some(html), ..NONE }
}

pub(super) const ALL: &[(Escapes, CauseCode, &str)] = &[
    (
        unicode(Unicode::Plain),
        CauseCode::UnicodeEscapes,
        "The sender signed characters outside of ASCII as they are, without `\\u` escapes.",
    ),
    (
        unicode(Unicode::Lower),
        CauseCode::UnicodeEscapes,
        "The sender signed characters outside of ASCII as `\\u` escapes with lower-case digits.",
    ),
    (
        unicode(Unicode::Upper),
        CauseCode::UnicodeEscapes,
        "The sender signed characters outside of ASCII as `\\u` escapes with upper-case digits.",
    ),
    (slash(Slash::Plain), CauseCode::SlashEscapes, "The sender signed `/`, where this body has `\\/`."),
    (
        slash(Slash::Escaped),
        CauseCode::SlashEscapes,
        "The sender signed `\\/`, as PHP writes it, where this body has `/`.",
    ),
    (
        html(Html::Plain),
        CauseCode::HtmlEscapes,
        "The sender signed `<`, `>` and `&` as they are, where this body has escapes.",
    ),
    (
        html(Html::Lower),
        CauseCode::HtmlEscapes,
        "The sender signed `<`, `>` and `&` as escapes such as `\\u003c`, as Go and Rails write them.",
    ),
    (html(Html::Upper), CauseCode::HtmlEscapes, "The sender signed `<`, `>` and `&` as escapes such as `\\u003C`."),
    (
        html(Html::DotNet),
        CauseCode::HtmlEscapes,
        "The sender signed `<`, `>`, `&`, `'` and `+` as escapes such as `\\u003C`, as .NET writes them.",
    ),
];

impl Escapes {
    /// A string, with its quotes, written so.
    pub(super) fn rewrite(&self, string: &str) -> String {
        let mut written = String::with_capacity(string.len());
        let inner = string.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(string);
        let mut rest = inner;
        written.push('"');
        while let Some(char) = rest.chars().next() {
            let (char, length) = match escape(rest) {
                Some((char, length)) => (char, length),
                None if rest.starts_with("\\/") => ('/', 2),
                None if rest.starts_with("\\\"") => ('"', 2),
                None if char == '\\' => ('\\', 1 + rest.chars().nth(1).map_or(0, char::len_utf8)),
                None => (char, char.len_utf8()),
            };
            let (raw, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            self.write(char, raw, &mut written);
            rest = after;
        }
        written.push('"');
        written
    }

    fn write(&self, char: char, raw: &str, written: &mut String) {
        let is_html = matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        let is_dot_net = is_html || matches!(char, '\'' | '"' | '+' | '`');
        match (self.slash, self.html, self.unicode) {
            (Some(Slash::Plain), ..) if char == '/' => written.push('/'),
            (Some(Slash::Escaped), ..) if char == '/' => written.push_str("\\/"),
            (_, Some(Html::Lower), _) if is_html => escaped(char, false, written),
            (_, Some(Html::Upper), _) if is_html => escaped(char, true, written),
            (_, Some(Html::DotNet), _) if is_dot_net => escaped(char, true, written),
            (_, Some(Html::Plain), _) if char == '"' => written.push_str("\\\""),
            (_, Some(Html::Plain), _) if is_dot_net => written.push(char),
            (_, _, Some(Unicode::Plain)) if !char.is_ascii() => written.push(char),
            (_, _, Some(unicode)) if !char.is_ascii() || raw.starts_with("\\u") => {
                if char.is_ascii() && unicode == Unicode::Plain {
                    written.push_str(raw);
                } else {
                    escaped(char, unicode == Unicode::Upper, written);
                }
            }
            _ => written.push_str(raw),
        }
    }
}

/// Writes a character as `\uXXXX`, in UTF-16.
fn escaped(char: char, upper: bool, written: &mut String) {
    for unit in char.encode_utf16(&mut [0; 2]) {
        written.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}

/// The character of a `\u` escape at the beginning of a text, and the length of the escape.
fn escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| {
        let digits =
            text.strip_prefix("\\u")?.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(text)?;
    if let Some(char) = char::from_u32(first.into()) {
        return Some((char, 6));
    }
    let pair = [first, unit(text.get(6..)?)?];
    let char = char::decode_utf16(pair).next()?.ok()?;
    Some((char, 12))
}
