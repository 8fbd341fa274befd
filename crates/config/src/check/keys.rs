//! Checks of `[keys]`.

use keystile_core::key::{
    Environment, KeyForms, KeyPrefix,
    credential_header::{CredentialHeader, shown},
    imported::ImportedForm,
};
use serde_json::Value;

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

    pub(crate) fn imported(&mut self, items: &[Value], prefixes: &[KeyPrefix]) -> Vec<ImportedForm> {
        let issued = KeyForms { prefixes, imported: &[] };
        let mut checked: Vec<ImportedForm> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let index = index.to_string();
            let at = ["keys", "allow_imported", &index];
            match imported(item) {
                Ok(form) if form.beginning().is_some_and(|text| issued.begins_as_issued(text)) => {
                    self.mistake(&at, "keys that are issued here begin so, and those have a tag; write what the keys begin with that another system issued");
                }
                Ok(form) if checked.contains(&form) => self.mistake(&at, "this is listed twice"),
                Ok(form) => checked.push(form),
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

    pub(crate) fn headers(&mut self, texts: &[String]) -> Vec<CredentialHeader> {
        self.that((1..=8).contains(&texts.len()), &["keys", "headers"], || {
            "write one to eight places for the key, such as [\"bearer\", \"x-api-key\"]".into()
        });
        let mut checked: Vec<CredentialHeader> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let index = index.to_string();
            let at = ["keys", "headers", &index];
            match CredentialHeader::parse(text) {
                Ok(header) if checked.iter().any(|other| is_same(other, &header)) => {
                    self.mistake(&at, "this is listed twice");
                }
                Ok(header) => checked.push(header),
                Err(message) => self.mistake(&at, message),
            }
        }
        checked
    }
}

/// The headers that browsers may send from other origins: those that may carry a key, and those of the settings.
pub(crate) fn sent_by_browsers(places: &[CredentialHeader], others: &[String]) -> Vec<String> {
    let named = places.iter().filter_map(CredentialHeader::name).map(shown);
    core::iter::once("Authorization".to_string()).chain(named).chain(others.iter().cloned()).collect()
}

fn imported(item: &Value) -> Result<ImportedForm, &'static str> {
    match item {
        Value::String(text) => ImportedForm::prefix(text),
        Value::Object(table) if table.len() == 1 && table.contains_key("form") => {
            ImportedForm::named(table.get("form").and_then(Value::as_str).unwrap_or_default())
        }
        _ => Err("write what the keys begin with, such as \"sk_live_\", or the form of all keys that have no common \
                  beginning, such as { form = \"uuid\" }"),
    }
}

/// Whether two places are one: a scheme's case doesn't count.
fn is_same(one: &CredentialHeader, other: &CredentialHeader) -> bool {
    one.to_string().eq_ignore_ascii_case(&other.to_string())
}
