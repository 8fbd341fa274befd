//! The comparison of names in a delivery with the name that is looked for.
//!
//! Many receivers match names without case (Go's `encoding/json`, .NET, forms in ASP.NET). If a part of the body isn't
//! signed, anybody could add the name of a signed text there in another case, and such a receiver would read that
//! instead of the text that was verified.

use alloc::borrow::Cow;

/// The rule by which names are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Byte for byte, since all names are the sender's.
    Exact,
    /// Byte for byte, and no name may occur in another case.
    InOneCase,
}

/// The relation of a name to the one that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// It is the same.
    Same,
    /// It is another one.
    Other,
    /// The names differ here, but a receiver may take them for the same.
    Ambiguous,
}

impl Names {
    /// The relation of `given` to `name`.
    pub(crate) fn compare(self, given: &[u8], name: &str) -> Name {
        if given == name.as_bytes() {
            Name::Same
        } else if self == Self::InOneCase
            && with_ascii_letters(given).eq_ignore_ascii_case(&with_ascii_letters(name.as_bytes()))
        {
            Name::Ambiguous
        } else {
            Name::Other
        }
    }
}

/// Replaces the four letters outside of ASCII whose other case is an ASCII letter by that letter, since a receiver that
/// ignores case could take them for it.
fn with_ascii_letters(name: &[u8]) -> Cow<'_, [u8]> {
    match core::str::from_utf8(name) {
        Ok(text) if text.contains(['ſ', '\u{212a}', 'ı', 'İ']) => {
            let folded = text.replace('ſ', "s").replace('\u{212a}', "k").replace(['ı', 'İ'], "i");
            Cow::Owned(folded.into_bytes())
        }
        _ => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn names_in_another_case_are_told_where_it_matters() {
        for twin in ["MessageID", "messageid", "MeſſageId", "Messageıd", "MessageİD"] {
            assert_eq!(Names::InOneCase.compare(twin.as_bytes(), "MessageId"), Name::Ambiguous, "{twin}");
            assert_eq!(Names::Exact.compare(twin.as_bytes(), "MessageId"), Name::Other, "{twin}");
        }
        assert_eq!(Names::InOneCase.compare("to\u{212a}en".as_bytes(), "token"), Name::Ambiguous);
        for names in [Names::Exact, Names::InOneCase] {
            assert_eq!(names.compare(b"MessageId", "MessageId"), Name::Same);
            assert_eq!(names.compare(b"MessageIds", "MessageId"), Name::Other);
            assert_eq!(names.compare(b"\xff", "MessageId"), Name::Other);
        }
    }
}
