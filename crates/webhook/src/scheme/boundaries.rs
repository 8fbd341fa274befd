//! Checks whether the boundaries of a text are fixed in the signed message.
//!
//! A signature covers one text, put together from parts. In `{header:topic}{header:id}`, `a` and `bc` give the same
//! text as `ab` and `c`: both verify, with two different ids. So an id identifies a delivery only if its ends, and all
//! boundaries before it, are fixed. A boundary is fixed by a literal whose first character can't be in the text before
//! it (which is checked with each delivery), by the end of a line, or by a timestamp that is enforced, since a
//! timestamp with a digit more or less is out of its window.

use super::model::Scheme;
use crate::{
    place::Place,
    template::{Part, Template},
};

/// Whether nobody can shift the boundaries of the text at this place, in any of the messages or in the text of a signed
/// hash.
pub(super) fn are_fixed(scheme: &Scheme, place: &Place) -> bool {
    if place.is_of_token() && scheme.is_jws() {
        return true;
    }
    let of_hash = scheme.hashes.iter().map(|rule| &rule.of).any(|of| are_fixed_in(scheme, of, place));
    of_hash || !scheme.messages.is_empty() && scheme.messages.iter().all(|message| are_fixed_in(scheme, message, place))
}

fn are_fixed_in(scheme: &Scheme, template: &Template, place: &Place) -> bool {
    let mut parts = template.0.as_slice();
    while let [part, rest @ ..] = parts {
        let is_it = match part {
            Part::Value(other) | Part::ValueOrEmpty(other) => other == place,
            Part::Optional(segment) => segment.place == *place,
            // They are listed with their names, or each has a line of its own.
            Part::SignedHeaders(_) | Part::HeaderLines(_) => matches!(place, Place::Header(_)),
            Part::Present(_) => matches!(place, Place::Json(_)),
            Part::Body | Part::EscapedBody | Part::JsonEscapedBody | Part::UnpackedBody | Part::Sha256Hex => {
                place.is_of_body()
            }
            Part::Url | Part::Query | Part::PathAndQuery => matches!(place, Place::Query(_)),
            _ => false,
        };
        let ends = ends(scheme, part, rest, place);
        if is_it || !ends {
            return is_it && (ends || rest.is_empty());
        }
        parts = rest;
    }
    false
}

/// Whether the boundary between a part and the text after it can't be shifted.
fn ends(scheme: &Scheme, part: &Part, rest: &[Part], place: &Place) -> bool {
    let next = rest.first();
    let before_time = next.is_some_and(|next| is_time(scheme, next));
    let before_literal = matches!(next, Some(Part::Literal(_)));
    match part {
        Part::Literal(_) => true,
        // The JWS itself lists them, and each has a line of its own.
        Part::HeaderLines(place) => place.is_of_token() && scheme.is_jws(),
        // No method or path has a space or a line's end in it.
        Part::Method | Part::Path => matches!(next, Some(Part::Literal(text)) if text.starts_with([' ', '\n'])),
        part if is_time(scheme, part) => true,
        Part::Value(Place::Header(_) | Place::Field(_) | Place::Position(_))
        | Part::ValueOrEmpty(Place::Header(_) | Place::Field(_) | Place::Position(_))
        | Part::Sha256Hex
        | Part::Crc32 => before_literal || before_time,
        // Only the first such text of a message may have several lines. Its end can be told if everything after it has
        // one line each (SNS).
        Part::Present(_) | Part::Value(Place::Json(_)) | Part::ValueOrEmpty(Place::Json(_)) => {
            is_line(part, rest) && have_one_line_each(rest)
        }
        Part::Body | Part::EscapedBody | Part::JsonEscapedBody | Part::UnpackedBody => before_time,
        // No URL ends like the beginning of a JSON document, and the document must be complete.
        Part::Url | Part::UrlWithoutQuery => next == Some(&Part::Body) && matches!(place, Place::Json(_)),
        // The text can't contain the character after it, which is fixed.
        Part::Optional(_) => true,
        // The receiver itself sets these.
        Part::Param(_) | Part::Secret => true,
        _ => false,
    }
}

/// Whether the part has a line of its own, because the next part begins with the line's end.
fn is_line(part: &Part, rest: &[Part]) -> bool {
    matches!(part, Part::Present(_)) || matches!(rest.first(), Some(Part::Literal(text)) if text.starts_with('\n'))
}

fn have_one_line_each(mut parts: &[Part]) -> bool {
    while let [part, rest @ ..] = parts {
        let one_line = match part {
            Part::Literal(_) | Part::Timestamp | Part::Present(_) => true,
            Part::Value(Place::Header(_)) | Part::ValueOrEmpty(Place::Header(_)) => true,
            Part::Value(Place::Json(_)) | Part::ValueOrEmpty(Place::Json(_)) => is_line(part, rest),
            _ => false,
        };
        if !one_line {
            return false;
        }
        parts = rest;
    }
    true
}

fn is_time(scheme: &Scheme, part: &Part) -> bool {
    let rule = scheme.timestamp.as_ref().filter(|rule| rule.enforce);
    rule.is_some_and(|rule| match part {
        Part::Timestamp => true,
        Part::Value(place) => *place == rule.at,
        _ => false,
    })
}
