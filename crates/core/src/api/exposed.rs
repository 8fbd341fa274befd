//! Keys in the texts of a request, where they would be shown in lists, logs and exports.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde_json::Value;

use crate::{
    access::session::SessionKind,
    base::{
        fields::{FieldError, MAX_FIELD_CHARS},
        json::MAX_MISTAKES,
    },
    key::{
        KeyForms,
        credential::holds_key,
        root_key::{MIN_ROOT_KEY_LEN, RootKeys},
    },
};

/// The detail of a field that holds a key.
const EXPOSED: &str = "it holds a key, which lists and logs would show; leave it out, and revoke that key";

/// The keys that no text may hold: those of this deployment, of its operators, its root keys, and sessions.
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a> {
    /// The forms of the keys.
    pub forms: KeyForms<'a>,
    /// The root keys, which may have any form.
    pub root_keys: &'a RootKeys,
}

impl Secrets<'_> {
    /// Checks all texts of a body, names of members included.
    ///
    /// # Errors
    /// The fields that hold a key. None repeats it.
    pub fn check(&self, body: &Value) -> Result<(), Vec<FieldError>> {
        let mut found = Vec::new();
        self.search(body, &mut String::new(), &mut found);
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// Whether a text is, or holds, a key.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        let is_root = |word: &str| word.len() >= MIN_ROOT_KEY_LEN && self.root_keys.include(word);
        let is_secret = |word: &str| SessionKind::any_has_form_of(word) || is_root(word);
        let separators = |char: char| !char.is_ascii_alphanumeric() && !matches!(char, '_' | '-');
        holds_key(text, self.forms)
            || is_root(text.trim())
            || text.split_whitespace().any(is_secret)
            || text.split(separators).any(is_secret)
    }

    fn search(&self, value: &Value, place: &mut String, found: &mut Vec<FieldError>) {
        match value {
            Value::String(text) if self.are_in(text) => expose(place, found),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.inside(&index.to_string(), item, place, found);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    if self.are_in(name) {
                        expose(place, found);
                    } else {
                        self.inside(name, member, place, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn inside(&self, step: &str, value: &Value, place: &mut String, found: &mut Vec<FieldError>) {
        let length = place.len();
        if length > 0 {
            place.push('.');
        }
        place.push_str(step);
        self.search(value, place, found);
        place.truncate(length);
    }
}

fn expose(place: &str, found: &mut Vec<FieldError>) {
    if found.len() < MAX_MISTAKES {
        found.push(FieldError { field: place.chars().take(MAX_FIELD_CHARS).collect(), detail: EXPOSED.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::manage::tests::config;
    use alloc::format;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const KEY: &str = "vcrm_live_0123456789ABCDEFGHIJKLMNOPQRSTUVoyVZGU";
    const ROOT: &str = "a root key, of thirty-two characters";

    fn fields(body: Value) -> Vec<String> {
        let (config, root_keys) = (config(), RootKeys::parse(&ROOT.replace(',', "")));
        let checked = Secrets { forms: config.key_forms(), root_keys: &root_keys }.check(&body);
        checked.err().unwrap_or_default().into_iter().map(|mistake| mistake.field).collect()
    }

    #[test]
    fn a_key_is_found_wherever_it_is_and_never_repeated() {
        let texts = [
            KEY.to_string(),
            format!("Bearer {KEY}"),
            format!("x{KEY}x"),
            KEY.replace('_', "%5F"),
            format!("ksop_{}", "a".repeat(38)),
            format!("see ksportal_{}, please", "a".repeat(32)),
            ROOT.replace(',', ""),
            "sk_live_0123456789abcdef".into(),
        ];
        for text in texts {
            assert_eq!(fields(json!({ "name": text })), ["name"], "{text}");
            assert_eq!(fields(json!({"metadata": {"a": [1, {"b": text}]}})), ["metadata.a.1.b"], "{text}");
            assert_eq!(fields(json!({"metadata": {text.clone(): 1}})), ["metadata"], "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_a_key_is_none() {
        for text in ["vcrm_live_0123", "sk_live_ab12", "key_4bTzV9cXk07Hq2mN1pRs", "vcrm_live_ is our prefix", ""] {
            assert!(fields(json!({"name": text, "metadata": {text: text}})).is_empty(), "{text}");
        }
    }

    #[test]
    fn not_more_than_a_few_are_named() {
        assert_eq!(fields(json!(alloc::vec![KEY; 100])).len(), MAX_MISTAKES);
    }
}
