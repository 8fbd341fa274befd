//! The patterns by which an upstream of a source chooses events.

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

/// The maximum length of a pattern, bytes. No event's type is longer.
const MAX_LEN: usize = 512;

/// Types of events: one, such as `push`, or all below a name, such as `invoice.*`. Case matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypePattern {
    /// The type itself.
    Exact(String),
    /// The types that begin with this text and go on. It ends with `.`, `/` or `:`.
    Below(String),
}

impl TypePattern {
    /// Parses a pattern: a type, or the beginning of types up to a `.`, `/` or `:` with a `*` after it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.chars().all(|c| !c.is_control()) && text.trim() == text;
        if text.is_empty() || text.len() > MAX_LEN || !printable {
            return None;
        }
        match text.strip_suffix('*') {
            None if text.contains('*') => None,
            None => Some(Self::Exact(text.to_string())),
            Some(above) if above.contains('*') || !above.ends_with(['.', '/', ':']) => None,
            Some(above) => Some(Self::Below(above.to_string())),
        }
    }

    /// Whether this is a type of the pattern.
    #[must_use]
    pub fn matches(&self, event_type: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == event_type,
            Self::Below(above) => event_type.len() > above.len() && event_type.starts_with(above.as_str()),
        }
    }

    /// Whether some type is of both patterns.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(exact), pattern) | (pattern, Self::Exact(exact)) => pattern.matches(exact),
            (Self::Below(a), Self::Below(b)) => a.starts_with(b.as_str()) || b.starts_with(a.as_str()),
        }
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Below(above) => write!(f, "{above}*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn pattern(text: &str) -> TypePattern {
        let pattern = TypePattern::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(pattern.to_string(), text);
        pattern
    }

    #[test]
    fn a_pattern_is_a_type_or_the_beginning_of_types() {
        for (text, of, not_of) in [
            ("push", "push", "Push"),
            ("Push Hook", "Push Hook", "Push"),
            ("invoice.*", "invoice.paid", "invoice"),
            ("invoice.*", "invoice.payment.failed", "invoices.paid"),
            ("invoice.*", "invoice.paid", "invoice."),
            ("orders/*", "orders/create", "Orders/create"),
            ("package:*", "package:publish", "package.publish"),
        ] {
            assert!(pattern(text).matches(of), "{text} {of}");
            assert!(!pattern(text).matches(not_of), "{text} {not_of}");
        }
        for text in ["", " push", "push ", "*", "in*", "invoice*", "*.paid", "a.*.b", "a.**", "a\nb"] {
            assert_eq!(TypePattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_patterns_overlap_if_a_type_is_of_both() {
        for (a, b, overlap) in [
            ("push", "push", true),
            ("push", "pull", false),
            ("invoice.*", "invoice.paid", true),
            ("invoice.*", "invoice", false),
            ("invoice.*", "invoice.item.*", true),
            ("invoice.*", "invoices.*", false),
        ] {
            assert_eq!(pattern(a).overlaps(&pattern(b)), overlap, "{a} {b}");
            assert_eq!(pattern(b).overlaps(&pattern(a)), overlap, "{b} {a}");
        }
    }
}
