//! The forms of a deployment's keys: their beginnings, and forms of whole keys.

use super::{
    display::KeyDisplay,
    imported::{ImportedForm, MAX_DISPLAYED, OPERATORS},
    prefix::KeyPrefix,
};

/// The forms of the texts that are keys of a deployment.
#[derive(Clone, Copy, Debug)]
pub struct KeyForms<'a> {
    /// The prefixes of keys that were issued here.
    pub prefixes: &'a [KeyPrefix],
    /// The forms of keys that were issued elsewhere. If empty, none are known.
    pub imported: &'a [ImportedForm],
}

impl<'a> KeyForms<'a> {
    /// Whether a text begins like an imported key, or has the form of one, and doesn't begin like a key that is issued
    /// here.
    #[must_use]
    pub fn begins_as_imported(&self, text: &str) -> bool {
        self.imported.iter().any(|form| form.covers(text)) && !self.begins_as_issued(text)
    }

    /// Whether a text begins like a key of any sort.
    pub(crate) fn begins_as_key(&self, text: &str) -> bool {
        self.begins_as_issued(text) || self.begins_as_imported(text)
    }

    /// The length of the longest listed beginning that the text has.
    pub(crate) fn longest_covering(&self, text: &str) -> Option<usize> {
        let beginnings = self.imported.iter().filter_map(ImportedForm::beginning);
        beginnings.filter(|beginning| text.starts_with(beginning)).map(str::len).max()
    }

    /// Whether a text begins like a key that is issued here.
    #[must_use]
    pub fn begins_as_issued(&self, text: &str) -> bool {
        let of = |prefix: &KeyPrefix| text.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('_'));
        self.prefixes.iter().any(of) || OPERATORS.iter().any(|operators| text.starts_with(operators))
    }

    /// Parses the display form of an imported key, as its importer states it.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse_display(&self, text: &str) -> Result<KeyDisplay, &'static str> {
        if self.begins_as_issued(text) {
            return Err("keys that are issued here begin so");
        }
        // Of keys without a beginning of their own, everything that is shown belongs to the secret.
        let any_form = || self.imported.iter().any(|form| form.beginning().is_none()).then_some(0);
        let covering = self
            .longest_covering(text)
            .or_else(any_form)
            .ok_or("it begins with none of the texts that `allow_imported` in keystile.toml lists")?;
        if text.len() > covering + MAX_DISPLAYED {
            return Err("it shows too much of the key: 8 characters at most behind what all such keys begin with");
        }
        KeyDisplay::parse(text).ok_or("printable ASCII characters without space, quote, comma and backslash expected")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String, vec, vec::Vec};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Calls `judge` with forms that the function owns, since [`KeyForms`] borrows.
    fn with_forms<T>(imported: &[&str], judge: impl FnOnce(KeyForms<'_>) -> T) -> T {
        let prefixes = vec![KeyPrefix::parse("knq").unwrap(), KeyPrefix::parse("old").unwrap()];
        let form = |text: &&str| ImportedForm::named(text).or_else(|_| ImportedForm::prefix(text)).unwrap();
        let imported: Vec<_> = imported.iter().map(form).collect();
        judge(KeyForms { prefixes: &prefixes, imported: &imported })
    }

    #[test]
    fn keys_that_are_issued_here_are_told_first() {
        with_forms(&["kn", "old", "ks", "sk_", "sk_live_"], |forms| {
            for issued in ["knq_live_x", "knq_", "old_test_x", "ksop_x", "ksroot_x"] {
                assert!(!forms.begins_as_imported(issued), "{issued}");
            }
            for imported in ["knqlive", "older", "sk_x", "sk_live_x"] {
                assert!(forms.begins_as_imported(imported), "{imported}");
            }
            assert!(!forms.begins_as_imported("SK_live_x"));
        });
        with_forms(&[], |forms| assert!(!forms.begins_as_imported("sk_live_x")));
        let forms = ["uuid", "hex32", "hex40", "hex64"];
        with_forms(&forms, |forms| {
            assert!(forms.begins_as_imported(&"ab".repeat(16)));
            for issued in ["knq_live_", "knq_test_", "ksop_"] {
                let key = format!("{issued}{}", "a".repeat(38));
                assert!(!forms.begins_as_imported(&key), "no form takes a key that is issued here: {key}");
            }
        });
    }

    #[test]
    fn a_display_form_begins_as_allowed_and_shows_little() {
        with_forms(&["sk_", "sk_live_"], |forms| {
            for good in ["sk_", "sk_live_ab12", "sk_live_...ab12", "sk_test_"] {
                assert_eq!(forms.parse_display(good).map(|display| format!("{display}")), Ok(String::from(good)));
            }
            for bad in ["", "pk_live_ab12", "knq_live_ab12", "sk_live_ab12ab12a", "sk_ab12ab12a", "sk_live_ab 12"] {
                assert!(forms.parse_display(bad).is_err(), "{bad}");
            }
        });
    }

    #[test]
    fn of_a_key_without_a_beginning_eight_characters_may_be_shown() {
        with_forms(&["uuid", "sk_"], |forms| {
            assert!(forms.parse_display("550e8400").is_ok());
            assert!(forms.parse_display("sk_live_...").is_ok());
            assert!(forms.parse_display("550e8400-").unwrap_err().contains("too much"));
        });
    }

    proptest! {
        #[test]
        fn no_display_form_shows_more_than_eight_characters_of_a_key(text in "(sk_|sk_live_|pk_|knq_)[!-~]{0,20}") {
            with_forms(&["sk_live_", "sk_"], |forms| {
                if forms.parse_display(&text).is_ok() {
                    let begins = if text.starts_with("sk_live_") { 8 } else { 3 };
                    prop_assert!(text.len() <= begins + MAX_DISPLAYED);
                    prop_assert!(forms.begins_as_imported(&text));
                }
                Ok(())
            })?;
        }
    }
}
