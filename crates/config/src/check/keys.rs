//! Checks of `[keys]`.

use keystile_core::key::{Environment, KeyForms, KeyPrefix, credential::CredentialHeader, imported::ImportedPrefix};

use super::Check;
use crate::raw::RawKeys;

impl Check {
    pub(crate) fn prefixes(&mut self, keys: &RawKeys) -> Vec<KeyPrefix> {
        let mut prefixes = Vec::new();
        match KeyPrefix::parse(&keys.prefix) {
            Ok(prefix) => prefixes.push(prefix),
            Err(message) => self.mistake(&["keys", "prefix"], message),
        }
        for (index, former) in keys.former_prefixes.iter().enumerate() {
            match KeyPrefix::parse(former) {
                Ok(prefix) => prefixes.push(prefix),
                Err(message) => self.mistake(&["keys", "former_prefixes", &index.to_string()], message),
            }
        }
        prefixes
    }

    pub(crate) fn imported(&mut self, texts: &[String], prefixes: &[KeyPrefix]) -> Vec<ImportedPrefix> {
        let issued = KeyForms { prefixes, imported: &[] };
        let mut checked: Vec<ImportedPrefix> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let index = index.to_string();
            let at = ["keys", "allow_imported", &index];
            match ImportedPrefix::parse(text) {
                Ok(_) if issued.begins_as_issued(text) => {
                    self.mistake(&at, "keys that are issued here begin so, and those have a tag; write what the keys begin with that another system issued");
                }
                Ok(prefix) if checked.contains(&prefix) => self.mistake(&at, "this is listed twice"),
                Ok(prefix) => checked.push(prefix),
                Err(message) => self.mistake(&at, message),
            }
        }
        checked
    }

    pub(crate) fn environments(&mut self, environments: &[Environment]) {
        self.that(!environments.is_empty(), &["keys", "environments"], || {
            "write [\"live\"], [\"test\"] or both".into()
        });
    }

    pub(crate) fn headers(&mut self, headers: &[CredentialHeader]) {
        self.that(!headers.is_empty(), &["keys", "headers"], || "write [\"bearer\"], [\"x-api-key\"] or both".into());
    }
}
