//! A JSON document as tokens, each with its own text.

use alloc::{borrow::Cow, vec::Vec};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// White space.
    Space(Cow<'t, [u8]>),
    /// `{` or `[`.
    Open(u8),
    /// `}` or `]`.
    Close(u8),
    /// `,`.
    Comma,
    /// `:`.
    Colon,
    /// A string with its quotes.
    String(Cow<'t, [u8]>),
    /// A number, or a literal.
    Word(Cow<'t, [u8]>),
}

impl Token<'_> {
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Word(word) if word.first().is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit()))
    }
}

/// The tokens of a document that is known to be JSON; `None` if it isn't.
pub(crate) fn tokens(document: &[u8]) -> Option<Vec<Token<'_>>> {
    let mut rest = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut tokens = Vec::new();
    while let Some(first) = rest.first() {
        let (token, length) = match first {
            open @ (b'{' | b'[') => (Token::Open(*open), 1),
            close @ (b'}' | b']') => (Token::Close(*close), 1),
            b',' => (Token::Comma, 1),
            b':' => (Token::Colon, 1),
            b'"' => {
                let length = string(rest)?;
                (Token::String(Cow::Borrowed(rest.get(..length)?)), length)
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                let length = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                (Token::Space(Cow::Borrowed(rest.get(..length)?)), length)
            }
            _ => {
                let length = rest.iter().take_while(|byte| is_of_word(**byte)).count();
                (Token::Word(Cow::Borrowed(rest.get(..length).filter(|word| !word.is_empty())?)), length)
            }
        };
        tokens.push(token);
        rest = rest.get(length..)?;
    }
    Some(tokens)
}

const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// The length of a string with its quotes.
fn string(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}
