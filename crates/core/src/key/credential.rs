//! Extraction of the one credential from a request.
//!
//! A key is sent where `[keys] headers` of `keystile.toml` allows it. It must never be in the path or the query string,
//! since logs and browser histories would keep it.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt};

use serde::{Deserialize, Serialize};

use super::{
    credential_header::CredentialHeader,
    environment::Environment,
    forms::KeyForms,
    imported::{ImportedForm, MAX_DISPLAYED, MIN_IMPORTED_LEN, is_imported_character},
    shape::{IssuedKind, RANDOM_LEN, head},
};
use crate::base::{base62, path};

/// The places of a request that may carry a key, as [`CredentialHeader`]s name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The schemes of `Authorization` that stand before a key.
    pub schemes: Vec<String>,
    /// The names of the headers whose whole value is a key.
    pub named: Vec<String>,
    /// Whether the user name of `Authorization: Basic …` may be a key.
    pub basic_username: bool,
    /// Whether the password may be one.
    pub basic_password: bool,
}

impl Places {
    /// `Authorization: Bearer …` alone, the place for operators' keys.
    #[must_use]
    pub fn bearer() -> Self {
        Self::of(&[CredentialHeader::bearer()])
    }

    /// The places that these name.
    #[must_use]
    pub fn of(headers: &[CredentialHeader]) -> Self {
        let mut places = Self { schemes: Vec::new(), named: Vec::new(), basic_username: false, basic_password: false };
        for header in headers {
            match header {
                CredentialHeader::Scheme(scheme) => places.schemes.push(scheme.to_string()),
                CredentialHeader::Named(name) => places.named.push(name.to_string()),
                CredentialHeader::BasicUsername => places.basic_username = true,
                CredentialHeader::BasicPassword => places.basic_password = true,
            }
        }
        places
    }
}

/// The parts of a request that are searched for credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carriers<'a> {
    /// The `Authorization` header. Several are joined by `, `, as `Headers.get` joins them.
    pub authorization: Option<&'a str>,
    /// User name and password of `Authorization: Basic …`, decoded.
    pub basic: Option<&'a str>,
    /// The values of the headers that `[keys] headers` names, in its order, joined in the same way.
    pub named: &'a [Option<String>],
    /// The part of the URL that holds a key, if one does: [`key_in_url`].
    pub in_url: Option<CredentialError>,
}

/// The reason why there is not exactly one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// No credential was sent.
    Missing,
    /// A credential was sent in the query string.
    InQuery,
    /// A credential was sent in the path.
    InPath,
    /// Two different credentials were sent.
    Conflicting,
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no credential was sent",
            Self::InQuery => "a credential is in the query string",
            Self::InPath => "a credential is in the path",
            Self::Conflicting => "two different credentials were sent",
        })
    }
}

impl Error for CredentialError {}

impl<'a> Carriers<'a> {
    /// The text of the credential, still to be parsed.
    ///
    /// # Errors
    /// The reason why there is not exactly one.
    pub fn credential(&self, places: &Places, forms: KeyForms<'_>) -> Result<&'a str, CredentialError> {
        if let Some(in_url) = self.in_url {
            return Err(in_url);
        }
        let mut found = None;
        for scheme in &places.schemes {
            if let Some(joined) = self.authorization.and_then(|header| after_scheme(header, scheme)) {
                add(&mut found, once(joined, scheme)?)?;
            }
        }
        for joined in places.named.iter().zip(self.named).filter_map(|(_, value)| value.as_deref()) {
            add(&mut found, once(joined, "")?)?;
        }
        if let Some(decoded) = self.basic {
            let (username, password) = decoded.split_once(':').unwrap_or((decoded, ""));
            let (is_username, is_password) = (forms.begins_as_key(username), forms.begins_as_key(password));
            // A part is not the key if only the other one looks like one. If none does, it is the first that is there.
            let by_username = places.basic_username && (is_username || !is_password);
            if by_username {
                add(&mut found, username)?;
            }
            let no_username = !by_username || username.is_empty();
            if places.basic_password && (is_password || !is_username && no_username) {
                add(&mut found, password)?;
            }
        }
        found.ok_or(CredentialError::Missing)
    }
}

/// The part of a URL that holds a key, if one does. `query` is without its `?`. The edge searches by
/// [`url_key_pattern`](super::pattern::url_key_pattern).
#[must_use]
pub fn key_in_url(path: &str, query: &str, forms: KeyForms<'_>) -> Option<CredentialError> {
    if holds_key(query, forms) {
        return Some(CredentialError::InQuery);
    }
    holds_key(path, forms).then_some(CredentialError::InPath)
}

/// Adds a text that may be the credential. An empty one doesn't count beside another.
fn add<'a>(found: &mut Option<&'a str>, text: &'a str) -> Result<(), CredentialError> {
    match found {
        Some(first) if !first.is_empty() && !text.is_empty() && *first != text => {
            return Err(CredentialError::Conflicting);
        }
        Some(first) if !first.is_empty() => {}
        _ => *found = Some(text),
    }
    Ok(())
}

/// The text after the scheme, if the header has this scheme. The grammar has one space between them; the parser of keys
/// refuses further ones.
fn after_scheme<'h>(header: &'h str, scheme: &str) -> Option<&'h str> {
    let (given, rest) = header.split_at_checked(scheme.len())?;
    if !given.eq_ignore_ascii_case(scheme) {
        return None;
    }
    match rest.strip_prefix(' ') {
        Some(token) => Some(token),
        None if rest.is_empty() => Some(""),
        None => None,
    }
}

/// The one key of a header that was sent more than once, joined by `, `, each time with the scheme. A text that is not a
/// list of keys is returned unchanged, and the parser of keys refuses it.
fn once<'h>(joined: &'h str, scheme: &str) -> Result<&'h str, CredentialError> {
    let mut parts = joined.split(", ").map(|part| after_scheme(part, scheme).unwrap_or(part));
    let first = parts.next().unwrap_or(joined);
    let repeats: Vec<&str> = parts.collect();
    let is_short = |part: &&str| part.len() < MIN_IMPORTED_LEN;
    if repeats.is_empty() || is_short(&first) || repeats.iter().any(is_short) {
        return Ok(joined);
    }
    if repeats.iter().all(|part| *part == first) { Ok(first) } else { Err(CredentialError::Conflicting) }
}

/// Whether any part of a text looks like a key, percent-encoded or not. That is `{prefix}_{environment}_` with
/// enough characters after it; or a word that begins like an imported key, is as long as one, and is longer than a
/// display form. An imported key without a beginning of its own, such as a UUID, can't be told from other values.
#[must_use]
pub fn holds_key(part: &str, forms: KeyForms<'_>) -> bool {
    if part.len() < MIN_IMPORTED_LEN {
        return false;
    }
    let decoded = path::percent_decoded(part);
    let issued = |head: &str| {
        decoded.match_indices(head).any(|(at, _)| {
            let behind = decoded.get(at + head.len()..).unwrap_or_default();
            count_while(behind, base62::is_base62) >= RANDOM_LEN
        })
    };
    let imported = |head: &str| {
        decoded.match_indices(head).any(|(at, _)| {
            let (before, word) = decoded.split_at_checked(at).unwrap_or_default();
            let begins = !before.as_bytes().last().is_some_and(u8::is_ascii_alphanumeric);
            let shown = forms.longest_covering(word).unwrap_or_default() + MAX_DISPLAYED;
            begins && count_while(word, is_imported_in_url) >= MIN_IMPORTED_LEN.max(shown + 1)
        })
    };
    issued("ksop_")
        || [Environment::Live, Environment::Test]
            .iter()
            .any(|environment| forms.prefixes.iter().any(|prefix| issued(&head(IssuedKind::Api(*environment), prefix))))
        || forms.imported.iter().filter_map(ImportedForm::beginning).any(imported)
}

fn count_while(text: &str, of_key: fn(u8) -> bool) -> usize {
    text.bytes().take_while(|&byte| of_key(byte)).count()
}

/// Whether an imported key may have this character in a URL. The separators of its parts and words end a key there.
const fn is_imported_in_url(byte: u8) -> bool {
    is_imported_character(byte) && !matches!(byte, b'&' | b'=' | b';' | b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPrefix;
    use alloc::{format, vec};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const KEY: &str = "knq_live_0123456789ABCDEFGHIJKLMNOPQRSTUVoyVZGU";
    const BOTH: &[&str] = &["bearer", "x-api-key"];

    fn credential(carriers: Carriers<'_>, accepted: &[&str]) -> Result<String, CredentialError> {
        let prefixes = [KeyPrefix::parse("knq").unwrap()];
        let imported = [ImportedForm::prefix("sk_live_").unwrap(), ImportedForm::named("uuid").unwrap()];
        let accepted: Vec<_> = accepted.iter().map(|text| CredentialHeader::parse(text).unwrap()).collect();
        carriers
            .credential(&Places::of(&accepted), KeyForms { prefixes: &prefixes, imported: &imported })
            .map(Into::into)
    }

    fn authorization(value: &str) -> Carriers<'_> {
        Carriers { authorization: Some(value), ..Carriers::default() }
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(credential(authorization(&format!("{scheme} {KEY}")), BOTH).as_deref(), Ok(KEY));
        }
    }

    #[test]
    fn another_scheme_is_no_credential() {
        for header in ["Basic dXNlcjpwYXNz", "Bearers abc", "Digest", "", "é"] {
            assert_eq!(credential(authorization(header), BOTH), Err(CredentialError::Missing), "{header}");
        }
    }

    #[test]
    fn stray_spaces_stay_for_the_parser_to_name() {
        assert_eq!(credential(authorization(&format!("Bearer  {KEY}")), BOTH).unwrap(), format!(" {KEY}"));
        assert_eq!(credential(authorization("Bearer"), BOTH).as_deref(), Ok(""));
    }

    #[test]
    fn only_the_configured_headers_count() {
        let sent = [Some(KEY.into()), Some(KEY.into())];
        let carriers = Carriers { named: &sent, ..Carriers::default() };
        assert_eq!(credential(carriers, &["x-api-key", "api-key"]).as_deref(), Ok(KEY));
        let bearer = format!("Bearer {KEY}");
        assert_eq!(credential(authorization(&bearer), &["x-api-key"]), Err(CredentialError::Missing));
        assert_eq!(credential(carriers, &["bearer"]), Err(CredentialError::Missing), "operators have one place");
        let token = format!("tOKEN {KEY}");
        assert_eq!(credential(authorization(&token), &["bearer", "scheme:Token"]).as_deref(), Ok(KEY));
        assert_eq!(credential(authorization(&token), BOTH), Err(CredentialError::Missing));
        assert_eq!(credential(authorization(KEY), BOTH), Err(CredentialError::Missing));
    }

    #[test]
    fn a_key_in_basic_is_the_configured_part_or_the_one_that_looks_like_a_key() {
        let read = |text: &str, accepted: &[&str]| {
            credential(
                Carriers { authorization: Some("Basic eDp5"), basic: Some(text), ..Carriers::default() },
                accepted,
            )
        };
        let (user, password, either) =
            (&["basic:username"], &["basic:password"], &["basic:username", "basic:password"]);
        assert_eq!(read(&format!("{KEY}:"), user).as_deref(), Ok(KEY));
        assert_eq!(read(KEY, user).as_deref(), Ok(KEY));
        assert_eq!(read(&format!("{KEY}:x"), user).as_deref(), Ok(KEY));
        assert_eq!(read(&format!("api:{KEY}"), password).as_deref(), Ok(KEY));
        for text in [format!("{KEY}:"), format!("{KEY}:x"), format!("api:{KEY}"), format!(":{KEY}")] {
            assert_eq!(read(&text, either).as_deref(), Ok(KEY), "{text}");
        }
        assert_eq!(read(&format!("api:{KEY}"), user), Err(CredentialError::Missing));
        assert_eq!(read(&format!("{KEY}:knq_live_other"), either), Err(CredentialError::Conflicting));
        for (text, accepted, part) in
            [("user:pass", &user[..], "user"), ("user:pass", either, "user"), (":pass", either, "pass")]
        {
            assert_eq!(read(text, accepted).as_deref(), Ok(part), "the parser of keys says what is wrong with it");
        }
        assert_eq!(read(&format!("{KEY}:"), BOTH), Err(CredentialError::Missing));
    }

    #[test]
    fn the_same_key_twice_is_one_credential_and_two_keys_conflict() {
        let bearer = format!("Bearer {KEY}");
        let (sent, another) = (vec![Some(KEY.into())], vec![Some("knq_live_other".into())]);
        let same = Carriers { authorization: Some(&bearer), named: &sent, ..Carriers::default() };
        assert_eq!(credential(same, BOTH).as_deref(), Ok(KEY));
        let other = Carriers { named: &another, ..same };
        assert_eq!(credential(other, BOTH), Err(CredentialError::Conflicting));
        let twice = format!("Bearer {KEY}, Bearer knq_live_{}", "z".repeat(38));
        assert_eq!(credential(authorization(&twice), BOTH), Err(CredentialError::Conflicting));
        let repeated = format!("Bearer {KEY}, Bearer {KEY}");
        assert_eq!(credential(authorization(&repeated), BOTH).as_deref(), Ok(KEY));
        let empty = Carriers { authorization: Some("Bearer"), named: &sent, ..Carriers::default() };
        assert_eq!(credential(empty, BOTH).as_deref(), Ok(KEY));
    }

    #[test]
    fn a_key_in_the_url_is_refused_whatever_the_header_says() {
        let sent = [Some(KEY.into())];
        for in_url in [CredentialError::InQuery, CredentialError::InPath] {
            let carriers = Carriers { named: &sent, in_url: Some(in_url), ..Carriers::default() };
            assert_eq!(credential(carriers, BOTH), Err(in_url));
        }
    }

    /// By the parser, and by the edge's pattern.
    fn in_url(path: &str, query: &str) -> Option<CredentialError> {
        let prefixes = [KeyPrefix::parse("knq").unwrap()];
        let imported = ["sk_live_", "sk_"].map(|prefix| ImportedForm::prefix(prefix).unwrap());
        let imported = [&imported[..], &[ImportedForm::named("uuid").unwrap()]].concat();
        let found = key_in_url(path, query, KeyForms { prefixes: &prefixes, imported: &imported });
        #[cfg(not(target_arch = "wasm32"))]
        {
            // The engine of this test has no lookahead, which is for `sk_` before `live_` alone.
            let imported: Vec<_> = imported.into_iter().filter(|form| form.beginning() != Some("sk_")).collect();
            let forms = KeyForms { prefixes: &prefixes, imported: &imported };
            let pattern = regex::Regex::new(&super::super::pattern::url_key_pattern(forms, &[])).unwrap();
            let holds = |part: &str| pattern.is_match(&path::percent_decoded(part));
            assert_eq!(holds(query) || holds(path), found.is_some(), "{path}?{query}");
        }
        found
    }

    #[test]
    fn a_key_in_the_query_is_found() {
        for query in [
            format!("api_key={KEY}"),
            format!("a=b&t={KEY}&c"),
            KEY.replace('_', "%5F"),
            KEY.replace('k', "%6b").replace('0', "%30"),
            format!("%zz%{KEY}"),
            format!("ksop_{}", "a".repeat(38)),
            "api_key=sk_live_012345678".into(),
            "Bearer%20sk%5Flive%5F0123-4567.89".into(),
        ] {
            assert_eq!(in_url("/", &query), Some(CredentialError::InQuery), "{query}");
        }
        for query in [
            "q=knq_live_search_for_a_long_enough_word&page=2",
            "q=sk_live_&page=0123456789",
            "q=sk_live_01234567",
            "q=sk_live_what+is+this&a=b",
            "q=task_live_01234567",
            "lead=550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(in_url("/", query), None, "{query}");
        }
    }

    #[test]
    fn a_key_in_the_path_is_found() {
        for path in [
            format!("/api/leads/{KEY}"),
            format!("/api/{KEY}/leads"),
            format!("/api/leads;k={KEY}"),
            format!("/api/leads/{}", KEY.replace('_', "%5f")),
            format!("/ksop_{}", "a".repeat(38)),
            "/api/sk_live_012345678/x".into(),
        ] {
            assert_eq!(in_url(&path, ""), Some(CredentialError::InPath), "{path}");
        }
        for path in [
            "/keys/knq_live_4bTz",
            "/docs/knq_live_keys/and-what-they-are-good-for-in-this-api",
            "/keys/sk_live_0123",
            "/sk_live_/0123456789abcdef",
        ] {
            assert_eq!(in_url(path, ""), None, "{path}");
        }
    }
}
