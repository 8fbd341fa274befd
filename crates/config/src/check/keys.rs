//! Checks of `[keys]`.

use keystile_core::key::{
    Environment, KeyForms, KeyPrefix,
    credential_header::{CredentialHeader, shown},
    imported::ImportedForm,
};
use keystile_core::ledger::reminders::{MIN_NOTICE_DAYS, ReminderSettings};
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

    /// Checks the reminders of keys.
    pub(crate) fn reminders(&mut self, keys: &RawKeys) -> ReminderSettings {
        let mut notices = keys.expiry_notice_days.clone();
        notices.sort_unstable_by(|one, other| other.cmp(one));
        let once_each = notices.windows(2).all(|pair| pair.first() != pair.last());
        let fit = notices.len() <= MAX_NOTICES && notices.iter().all(|days| (1..=365).contains(days));
        self.that(once_each && fit, &["keys", "expiry_notice_days"], || {
            format!("write up to {MAX_NOTICES} different numbers of days, each 1 to 365, such as [7, 1], or [] for no notice")
        });
        let mut days = |name: &str, days: Option<u16>, least: u16| {
            self.that(days.is_none_or(|days| (least..=MAX_DAYS).contains(&days)), &["keys", name], || {
                format!("write {least} to {MAX_DAYS} days, or leave it out")
            });
        };
        days("rotate_after_days", keys.rotate_after_days, 1);
        days("unused_after_days", keys.unused_after_days, MIN_UNUSED_DAYS);
        days("disable_unused_after_days", keys.disable_unused_after_days, MIN_UNUSED_DAYS);
        if let Some(disable) = keys.disable_unused_after_days {
            let least = keys.unused_after_days.map(|notice| notice.saturating_add(MIN_NOTICE_DAYS));
            self.that(least.is_some_and(|least| disable >= least), &["keys", "disable_unused_after_days"], || {
                match least {
                    Some(least) => format!(
                        "write {least} or more: a key is disabled at least {MIN_NOTICE_DAYS} days after the notice of \
                     unused_after_days"
                    ),
                    None => "write unused_after_days too, the days after which a notice is given before".into(),
                }
            });
        }
        ReminderSettings {
            expiry_notice_days: notices,
            rotate_after_days: keys.rotate_after_days,
            unused_after_days: keys.unused_after_days,
            disable_unused_after_days: keys.disable_unused_after_days,
        }
    }
}

/// The most notices of one expiry.
const MAX_NOTICES: usize = 5;
/// The longest time of a reminder, days.
const MAX_DAYS: u16 = 3_650;
/// The shortest time without use that counts, days: counts of uses arrive late.
const MIN_UNUSED_DAYS: u16 = 7;

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
