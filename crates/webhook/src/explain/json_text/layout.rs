//! White space between tokens.

use alloc::vec::Vec;

use super::Token;
use crate::explain::code::CauseCode;

/// Where a library puts white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Where the document has it.
    AsIs,
    /// After commas and colons, or nowhere.
    Line { comma: &'static str, colon: &'static str },
    /// Each member and element on a line of its own.
    Lines { indent: &'static str, end: &'static str, colon: &'static str },
    /// Each member on a line of its own, and the elements of a list on one (Jackson).
    Members { end: &'static str },
}

impl Layout {
    pub(super) const COMPACT: Self = Self::Line { comma: ",", colon: ":" };
}

const fn lines(indent: &'static str, end: &'static str) -> Layout {
    Layout::Lines { indent, end, colon: ": " }
}

pub(super) const AS_IS: (Layout, CauseCode, &str) = (Layout::AsIs, CauseCode::CompactJson, "");

type End = (CauseCode, &'static str);

/// The ends after a document that are tried together with a layout.
pub(super) const ENDS: &[(&[u8], Option<End>)] =
    &[(b"", None), (b"\n", Some((CauseCode::OuterSpace, "It ended with a line feed.")))];

/// The layouts of common libraries.
pub(super) const LAYOUTS: &[(Layout, CauseCode, &str)] = &[
    (
        Layout::COMPACT,
        CauseCode::CompactJson,
        "The sender signed this JSON document without white space; it was parsed and written again on the way.",
    ),
    (
        Layout::Line { comma: ", ", colon: ": " },
        CauseCode::SpacedJson,
        "The sender signed this JSON document with a space after each comma and colon, as Python writes it; it was \
         parsed and written again on the way.",
    ),
    (
        Layout::Line { comma: ",", colon: ": " },
        CauseCode::SpacedJson,
        "The sender signed this JSON document with a space after each colon; it was parsed and written again on \
         the way.",
    ),
    (lines("  ", "\n"), CauseCode::IndentedJson, INDENTED),
    (lines("    ", "\n"), CauseCode::IndentedJson, INDENTED),
    (lines("\t", "\n"), CauseCode::IndentedJson, INDENTED),
    (lines("  ", "\r\n"), CauseCode::IndentedJson, INDENTED),
    (lines("    ", "\r\n"), CauseCode::IndentedJson, INDENTED),
    (lines("\t", "\r\n"), CauseCode::IndentedJson, INDENTED),
    (Layout::Lines { indent: "  ", end: "\n", colon: " : " }, CauseCode::IndentedJson, INDENTED),
    (Layout::Members { end: "\n" }, CauseCode::IndentedJson, INDENTED),
    (Layout::Members { end: "\r\n" }, CauseCode::IndentedJson, INDENTED),
];

const INDENTED: &str = "The sender signed this JSON document with line breaks and indentation; it was parsed and \
                        written again on the way.";

impl Layout {
    pub(super) fn write(self, document: &[Token<'_>]) -> Vec<u8> {
        let mut writer = Writer { text: Vec::new(), depth: Vec::new(), layout: self };
        let all: Vec<&Token<'_>> = match self {
            Self::AsIs => document.iter().collect(),
            _ => document.iter().filter(|token| !matches!(token, Token::Space(_))).collect(),
        };
        for (index, token) in all.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| all.get(index)).copied();
            writer.token(token, before, all.get(index + 1).copied());
        }
        writer.text
    }
}

struct Writer {
    text: Vec<u8>,
    /// The brackets that are open.
    depth: Vec<u8>,
    layout: Layout,
}

impl Writer {
    fn token(&mut self, token: &Token<'_>, before: Option<&Token<'_>>, after: Option<&Token<'_>>) {
        match token {
            Token::Space(text) | Token::String(text) | Token::Word(text) => self.text.extend_from_slice(text),
            Token::Colon => self.text.extend_from_slice(match self.layout {
                Layout::Line { colon, .. } | Layout::Lines { colon, .. } => colon.as_bytes(),
                Layout::Members { .. } => b" : ",
                Layout::AsIs => b":",
            }),
            Token::Comma => match self.layout {
                Layout::Line { comma, .. } => self.text.extend_from_slice(comma.as_bytes()),
                _ => {
                    self.text.push(b',');
                    self.line();
                }
            },
            Token::Open(open) => {
                self.depth.push(*open);
                self.text.push(*open);
                if !matches!(after, Some(Token::Close(_))) {
                    self.line();
                }
            }
            Token::Close(close) => {
                let opened = self.depth.last().copied();
                let inline = matches!(self.layout, Layout::Members { .. }) && opened == Some(b'[');
                match before {
                    Some(Token::Open(_)) if matches!(self.layout, Layout::Members { .. }) => self.text.push(b' '),
                    Some(Token::Open(_)) => {}
                    _ if inline => self.line(),
                    _ => {
                        self.depth.pop();
                        self.line();
                        self.depth.extend(opened);
                    }
                }
                self.depth.pop();
                self.text.push(*close);
            }
        }
    }

    /// Begins a line with its indentation.
    fn line(&mut self) {
        let objects = self.depth.iter().filter(|bracket| **bracket == b'{').count();
        let (end, indent, depth) = match self.layout {
            Layout::Lines { end, indent, .. } => (end, indent, self.depth.len()),
            Layout::Members { .. } if self.depth.last() == Some(&b'[') => (" ", "", 0),
            Layout::Members { end } => (end, "  ", objects),
            Layout::AsIs | Layout::Line { .. } => return,
        };
        self.text.extend_from_slice(end.as_bytes());
        for _ in 0..depth {
            self.text.extend_from_slice(indent.as_bytes());
        }
    }
}
