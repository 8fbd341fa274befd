//! A regular expression that finds keys in texts. The edge uses it to keep keys from upstreams; it searches headers in
//! JavaScript.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64ct::{Base64Unpadded, Encoding as _};

use super::{
    credential::Places,
    environment::Environment,
    forms::KeyForms,
    imported::{ImportedForm, MAX_DISPLAYED, MIN_IMPORTED_LEN},
    shape::{IssuedKind, OPERATOR_PREFIX, RANDOM_LEN, TAG_LEN, head},
};

/// The characters of imported keys: printable ASCII without space, quote, comma and backslash.
const IMPORTED: &str = r"[!#-+\--\[\]-~]";
/// The characters that an imported key may have in a URL. The separators of its parts and words end a key there.
const IMPORTED_IN_URL: &str = r"[!#-%'-*\-.0-:<>-\[\]-~]";
/// The characters of both alphabets of base64.
const BASE64: &str = "[0-9A-Za-z+/_-]";
/// The minimum number of base64 characters of a beginning. A shorter one would occur in longer texts by chance.
const MIN_ENCODED_LEN: usize = 6;

/// A regular expression for ECMAScript, without flags. It finds texts in the form of the deployment's keys, and
/// `secrets`, in clear and in base64. It also finds texts in that form that are not keys.
#[must_use]
pub fn key_pattern(forms: KeyForms<'_>, secrets: &[&str]) -> String {
    // A display form may be as long as a short key.
    let imported = |prefix: &str| {
        let behind = behind(prefix).max(1);
        (format!("{}{IMPORTED}{{{behind},}}", literal(prefix)), behind)
    };
    pattern(forms, secrets, imported)
}

/// The same for URLs. A display form is no key there, since callers may ask for a key by it.
#[must_use]
pub fn url_key_pattern(forms: KeyForms<'_>, secrets: &[&str]) -> String {
    let imported = |prefix: &str| {
        let behind = behind(prefix).max(MAX_DISPLAYED + 1);
        // A text that begins as longer keys do has a longer display form.
        let longer = forms.imported.iter().filter_map(ImportedForm::beginning).filter_map(|it| it.strip_prefix(prefix));
        let others: String =
            longer.filter(|rest| !rest.is_empty()).map(|rest| format!("(?!{})", literal(rest))).collect();
        (format!("{}{others}{IMPORTED_IN_URL}{{{behind},}}", literal(prefix)), behind)
    };
    pattern(forms, secrets, imported)
}

/// The length of an imported key behind its beginning, at least.
fn behind(prefix: &str) -> usize {
    MIN_IMPORTED_LEN.saturating_sub(prefix.len())
}

fn pattern(forms: KeyForms<'_>, secrets: &[&str], imported: impl Fn(&str) -> (String, usize)) -> String {
    let mut alternatives = Vec::new();
    let environments = [Environment::Live, Environment::Test];
    let issued = forms.prefixes.iter().flat_map(|prefix| environments.map(|of| head(IssuedKind::Api(of), prefix)));
    for head in issued.chain([format!("{OPERATOR_PREFIX}_")]) {
        alternatives.push(format!("{}[0-9A-Za-z]{{{RANDOM_LEN}}}", literal(&head)));
        alternatives.extend(encoded(&head, RANDOM_LEN + TAG_LEN));
    }
    // A form of whole keys has no beginning to search for: other ids have the same form.
    for prefix in forms.imported.iter().filter_map(ImportedForm::beginning) {
        let (whole, behind) = imported(prefix);
        alternatives.push(format!("(?:^|[^0-9A-Za-z]){whole}"));
        alternatives.extend(encoded(prefix, behind));
    }
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        alternatives.push(literal(secret));
        alternatives.extend(encoded(secret, 0));
    }
    alternatives.join("|")
}

/// The pattern of an `Authorization` that is for Keystile alone, for ECMAScript with the flag `i`: it has a scheme that
/// may stand before a key, or holds a text in the form of an imported key. [`key_pattern`] can't search for keys that
/// have no beginning of their own.
#[must_use]
pub fn own_authorization(places: &Places, imported: &[ImportedForm]) -> String {
    let basic = (places.basic_username || places.basic_password).then_some("Basic");
    let schemes = ["Bearer"].into_iter().chain(places.schemes.iter().map(String::as_str)).chain(basic);
    let schemes = schemes.map(literal).collect::<Vec<_>>().join("|");
    let schemes = format!("(?:^|, )(?:{schemes})(?:[^0-9A-Za-z-]|$)");
    core::iter::once(schemes).chain(imported.iter().filter_map(ImportedForm::whole)).collect::<Vec<_>>().join("|")
}

/// The patterns of `text` with `behind` bytes after it, in base64. There are three, since the encoding depends on the
/// number of bytes before the text. A character that also encodes a byte before or after the text is omitted.
fn encoded(text: &str, behind: usize) -> impl Iterator<Item = String> {
    let each = (0..3usize).filter_map(move |before| {
        let whole: Vec<u8> = core::iter::repeat_n(0, before).chain(text.bytes()).collect();
        let encoded = Base64Unpadded::encode_string(&whole);
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
    use crate::{KeyPrefix, key::credential_header::CredentialHeader};
    use base64ct::{Base64, Base64UrlUnpadded};
    use proptest::prelude::*;
    use regex::Regex;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const KEY: &str = "knq_live_0123456789ABCDEFGHIJKLMNOPQRSTUVoyVZGU";
    const ROOT: &str = "root+key/of.32~characters?or more";

    fn pattern() -> Regex {
        let prefixes = [KeyPrefix::parse("knq").unwrap(), KeyPrefix::parse("old_one").unwrap()];
        let imported = [
            ImportedForm::prefix("sk_live_").unwrap(),
            ImportedForm::prefix("a.").unwrap(),
            ImportedForm::named("hex32").unwrap(),
        ];
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
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ] {
            assert!(!pattern().is_match(text), "{text}");
        }
    }

    #[test]
    fn an_authorization_that_may_carry_a_key_is_known_by_its_scheme_or_by_the_form_of_a_key() {
        let places =
            ["scheme:api-token", "basic:password", "x-api-key"].map(|text| CredentialHeader::parse(text).unwrap());
        let imported = [ImportedForm::prefix("sk_").unwrap(), ImportedForm::named("uuid").unwrap()];
        let pattern = own_authorization(&Places::of(&places), &imported);
        assert_eq!(
            pattern,
            r"(?:^|, )(?:Bearer|api\-token|Basic)(?:[^0-9A-Za-z-]|$)|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
        );
        let pattern = Regex::new(&format!("(?i){pattern}")).unwrap();
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        for own in
            ["bearer x", "BASIC eA==", "Api-Token x", uuid, &format!("Key {uuid}"), &format!("T token=\"{uuid}\"")]
        {
            assert!(pattern.is_match(own), "{own}");
        }
        for other in
            ["Digest a", "Negotiate", "Token x", "OAuth api-token=\"x\"", "Bearers x", &uuid[1..], &format!("0{uuid}")]
        {
            assert!(!pattern.is_match(other), "{other}");
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
            let encoded = if url_safe { Base64UrlUnpadded::encode_string(text.as_bytes()) } else { Base64::encode_string(text.as_bytes()) };
            prop_assert!(pattern().is_match(&encoded), "{encoded}");
        }
    }
}
