//! A regular expression that finds keys in texts. The edge uses it to keep keys from upstreams; it searches headers in
//! JavaScript.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{
    environment::Environment,
    forms::KeyForms,
    imported::MIN_IMPORTED_LEN,
    shape::{IssuedKind, OPERATOR_PREFIX, RANDOM_LEN, TAG_LEN, head},
};

/// The characters of imported keys: printable ASCII without space, quote, comma and backslash.
const IMPORTED: &str = r"[!#-+\--\[\]-~]";
/// The characters of both alphabets of base64.
const BASE64: &str = "[0-9A-Za-z+/_-]";
/// The minimum number of base64 characters of a beginning. A shorter one would occur in longer texts by chance.
const MIN_ENCODED_LEN: usize = 6;

/// A regular expression for ECMAScript, without flags. It finds texts in the form of the deployment's keys, and
/// `secrets`, in clear and in base64. It also finds texts in that form that are not keys.
#[must_use]
pub fn key_pattern(forms: KeyForms<'_>, secrets: &[&str]) -> String {
    let mut alternatives = Vec::new();
    let environments = [Environment::Live, Environment::Test];
    let issued = forms.prefixes.iter().flat_map(|prefix| environments.map(|of| head(IssuedKind::Api(of), prefix)));
    for head in issued.chain([format!("{OPERATOR_PREFIX}_")]) {
        alternatives.push(format!("{}[0-9A-Za-z]{{{RANDOM_LEN}}}", literal(&head)));
        alternatives.extend(encoded(&head, RANDOM_LEN + TAG_LEN));
    }
    for prefix in forms.imported {
        let prefix = prefix.as_str();
        // A display form may be as long as a short key.
        let behind = MIN_IMPORTED_LEN.saturating_sub(prefix.len()).max(1);
        alternatives.push(format!("(?:^|[^0-9A-Za-z]){}{IMPORTED}{{{behind},}}", literal(prefix)));
        alternatives.extend(encoded(prefix, behind));
    }
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        alternatives.push(literal(secret));
        alternatives.extend(encoded(secret, 0));
    }
    alternatives.join("|")
}

/// The patterns of `text` with `behind` bytes after it, in base64. There are three, since the encoding depends on the
/// number of bytes before the text. A character that also encodes a byte before or after the text is omitted.
fn encoded(text: &str, behind: usize) -> impl Iterator<Item = String> {
    let each = (0..3usize).filter_map(move |before| {
        let whole: Vec<u8> = core::iter::repeat_n(0, before).chain(text.bytes()).collect();
        let encoded = STANDARD_NO_PAD.encode(&whole);
        let own = encoded.get((before * 8).div_ceil(6)..whole.len() * 8 / 6)?;
        (own.len() >= MIN_ENCODED_LEN).then(|| {
            let own = literal(own).replace(r"\+", "[+-]").replace(r"\/", "[/_]");
            // The first of these bytes shares a character with the last byte of the text.
            format!("{own}{BASE64}{{{}}}", (behind * 8 / 6).saturating_sub(1))
        })
    });
    each.collect::<Vec<_>>().into_iter()
}

/// The pattern of this very text.
fn literal(text: &str) -> String {
    let escaped = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => c.to_string(),
        c if c.is_ascii_graphic() => format!("\\{c}"),
        // A header has such a character in another encoding, if at all.
        _ => ".".to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyPrefix, key::imported::ImportedPrefix};
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use regex::Regex;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const KEY: &str = "knq_live_0123456789ABCDEFGHIJKLMNOPQRSTUVoyVZGU";
    const ROOT: &str = "root+key/of.32~characters?or more";

    fn pattern() -> Regex {
        let prefixes = [KeyPrefix::parse("knq").unwrap(), KeyPrefix::parse("old_one").unwrap()];
        let imported = [ImportedPrefix::parse("sk_live_").unwrap(), ImportedPrefix::parse("a.").unwrap()];
        Regex::new(&key_pattern(KeyForms { prefixes: &prefixes, imported: &imported }, &[ROOT])).unwrap()
    }

    #[test]
    fn keys_are_found_wherever_they_stand_in_a_text() {
        let operator = format!("ksop_{}", "a".repeat(38));
        let old = KEY.replace("knq_live_", "old_one_test_");
        for key in [KEY, &operator, &old, "sk_live_01234567", "a.0123456789abcd", ROOT] {
            for text in [key.into(), format!("Token {key}"), format!("a={key}; b=c"), format!("\"{key}\"")] {
                assert!(pattern().is_match(&text), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        for text in [
            "Basic dXNlcjpwYXNz",
            "knq_live_0123…",
            "knq_live_0123456789",
            "https://example.com/docs/knq_live_keys",
            "sk_live_0123456",
            "task_live_0123456789",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ] {
            assert!(!pattern().is_match(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_found_in_base64_whatever_is_around_them(
            before in "[ -~]{0,20}",
            after in "[ -~]{0,20}",
            url_safe in any::<bool>(),
            which in 0..4usize,
        ) {
            let operator = format!("ksop_{}", "Zz9".repeat(13));
            let key = [KEY, &operator, "sk_live_0123456789", ROOT][which];
            let text = format!("{before}{key}{after}");
            let encoded = if url_safe { URL_SAFE_NO_PAD.encode(text) } else { STANDARD.encode(text) };
            prop_assert!(pattern().is_match(&encoded), "{encoded}");
        }
    }
}
