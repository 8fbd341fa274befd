//! The order of the members of objects.

use alloc::vec::Vec;
use core::{cmp::Ordering, iter::Peekable, slice::Iter};

use super::Token;

/// An order of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// By their names.
    Alphabetic,
    /// Names that are array indices first, by number; the others as they are (JavaScript).
    IntegersFirst,
}

pub(super) const ALL: [(Sort, &str); 2] = [
    (Sort::Alphabetic, "The sender signed the members sorted by name; their order was changed on the way."),
    (
        Sort::IntegersFirst,
        "The sender signed the members with numbers as names first, as JavaScript orders them; their order was changed \
         on the way.",
    ),
];

/// A document with its members in this order, without white space.
pub(super) fn sorted<'t>(document: &[Token<'t>], sort: Sort) -> Vec<Token<'t>> {
    let bare: Vec<Token<'t>> = document.iter().filter(|token| !matches!(token, Token::Space(_))).cloned().collect();
    value(&mut bare.iter().peekable(), sort)
}

fn value<'t>(tokens: &mut Peekable<Iter<'_, Token<'t>>>, sort: Sort) -> Vec<Token<'t>> {
    let Some(first) = tokens.next() else { return Vec::new() };
    let Token::Open(open) = first else { return alloc::vec![first.clone()] };
    let mut members: Vec<Vec<Token<'t>>> = Vec::new();
    let close = loop {
        match tokens.peek() {
            Some(Token::Close(close)) => {
                tokens.next();
                break *close;
            }
            Some(Token::Comma) => {
                tokens.next();
            }
            Some(_) => {
                let mut member = value(tokens, sort);
                if tokens.next_if_eq(&&Token::Colon).is_some() {
                    member.push(Token::Colon);
                    member.extend(value(tokens, sort));
                }
                members.push(member);
            }
            None => break if *open == b'{' { b'}' } else { b']' },
        }
    };
    if *open == b'{' {
        members.sort_by(|one, other| compared(name(one), name(other), sort));
    }
    let mut written = alloc::vec![first.clone()];
    for (index, member) in members.into_iter().enumerate() {
        if index > 0 {
            written.push(Token::Comma);
        }
        written.extend(member);
    }
    written.push(Token::Close(close));
    written
}

fn name<'m>(member: &'m [Token<'_>]) -> &'m [u8] {
    match member.first() {
        Some(Token::String(name)) => name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name),
        _ => &[],
    }
}

fn compared(one: &[u8], other: &[u8], sort: Sort) -> Ordering {
    let index = |name: &[u8]| {
        let text = core::str::from_utf8(name).ok().filter(|text| *text == "0" || !text.starts_with(['0', '+']))?;
        text.parse::<u32>().ok()
    };
    match (sort, index(one), index(other)) {
        (Sort::Alphabetic, ..) => one.cmp(other),
        (_, Some(one), Some(other)) => one.cmp(&other),
        (_, Some(_), None) => Ordering::Less,
        (_, None, Some(_)) => Ordering::Greater,
        // The sort is stable.
        (_, None, None) => Ordering::Equal,
    }
}
