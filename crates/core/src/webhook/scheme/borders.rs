//! Whether a text keeps its borders in what is signed.
//!
//! A signature is over one text, put together. In `{header:topic}{header:id}`
//! `a` and `bc` are the same as `ab` and `c`: both verify, with two ids. So an
//! id identifies a delivery only where its ends, and all before it, are fixed:
//! by a literal whose first character can't be in the text before it (which is
//! checked with each delivery), by the end of a line, or by a timestamp that is
//! enforced, since one with a digit more or less is out of its window.

use super::Scheme;
use crate::webhook::{
    place::Place,
    template::{Part, Template},
};

/// Whether nobody can shift the borders of what stands at this place, in any of
/// the messages, or in what a signed hash is of.
pub(super) fn hold(scheme: &Scheme, place: &Place) -> bool {
    if matches!(place, Place::Claim(_)) {
        return true;
    }
    let of_hash = scheme.hashes.iter().map(|rule| &rule.of).any(|of| hold_in(scheme, of, place));
    of_hash || !scheme.messages.is_empty() && scheme.messages.iter().all(|message| hold_in(scheme, message, place))
}

fn hold_in(scheme: &Scheme, template: &Template, place: &Place) -> bool {
    let mut has_lines = false;
    for (index, part) in template.0.iter().enumerate() {
        let next = template.0.get(index + 1);
        let is_it = match part {
            Part::Value(other) | Part::ValueOrEmpty(other) => other == place,
            // Listed with their names, or alone in their line.
            Part::SignedHeaders(_) => matches!(place, Place::Header(_)),
            Part::Present(_) => matches!(place, Place::Json(_)),
            Part::Body | Part::EscapedBody | Part::Sha256Hex => place.is_of_body(),
            Part::Url | Part::Query | Part::PathAndQuery => matches!(place, Place::Query(_)),
            _ => false,
        };
        let ends = ends(scheme, part, next, place);
        if is_it {
            return ends || next.is_none() && !has_lines;
        }
        if !ends {
            return false;
        }
        has_lines |= is_line(part, next);
    }
    false
}

/// Whether a part can neither take from the next one nor give to it.
fn ends(scheme: &Scheme, part: &Part, next: Option<&Part>, place: &Place) -> bool {
    let before_time = next.is_some_and(|next| is_time(scheme, next));
    let before_literal = matches!(next, Some(Part::Literal(_)));
    match part {
        Part::Literal(_) | Part::Present(_) => true,
        part if is_time(scheme, part) || is_line(part, next) => true,
        Part::Value(Place::Header(_) | Place::Field(_) | Place::Position(_))
        | Part::ValueOrEmpty(Place::Header(_) | Place::Field(_) | Place::Position(_))
        | Part::Method
        | Part::Sha256Hex
        | Part::Crc32
        | Part::Secret => before_literal || before_time,
        Part::Body | Part::EscapedBody => before_time,
        // No URL ends like the beginning of a JSON document, which must be whole.
        Part::Url | Part::UrlWithoutQuery => next == Some(&Part::Body) && matches!(place, Place::Json(_)),
        Part::Param(_) => next.is_some(),
        _ => false,
    }
}

/// Whether this is a JSON text with a line of its own. Only the first of a
/// message may have several, and is told apart from the end (SNS).
fn is_line(part: &Part, next: Option<&Part>) -> bool {
    let json = matches!(part, Part::Value(Place::Json(_)) | Part::ValueOrEmpty(Place::Json(_)));
    json && matches!(next, Some(Part::Literal(literal)) if literal.starts_with('\n'))
}

fn is_time(scheme: &Scheme, part: &Part) -> bool {
    let rule = scheme.timestamp.as_ref().filter(|rule| rule.enforce);
    rule.is_some_and(|rule| match part {
        Part::Timestamp => true,
        Part::Value(place) => *place == rule.at,
        _ => false,
    })
}
