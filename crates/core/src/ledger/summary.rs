//! The summary that a ledger gives of its tenant: the numbers of its keys, and the keys that an operator of all tenants
//! should look at.
//!
//! Time passes without the ledger: a reader of the summary compares the times in it with its own clock. The lists have
//! at most [`LISTED`] keys, so a ledger summarises again when more than half of a full list have expired
//! ([`Summary::outdated_at`]).

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::lifecycle::KeyStatus;
use crate::{
    base::{
        id::KeyId,
        timestamp::{HOUR_MS, MINUTE_MS, Timestamp},
    },
    feed::outbox::Stage,
    key::Environment,
};

/// The maximum number of keys in a list of a summary.
pub const LISTED: usize = 50;
/// The time after which a summary with entries in its outbox is outdated, milliseconds. An entry of a change is there for
/// a good minute if nothing fails.
pub const OUTBOX_KNOWN_MS: i64 = 2 * MINUTE_MS;
/// That time at most, milliseconds, however long entries have waited.
pub const OUTBOX_KNOWN_AT_MOST_MS: i64 = HOUR_MS;

/// The number of keys with each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct KeyCounts {
    pub active: u64,
    pub disabled: u64,
    pub expired: u64,
    pub revoked: u64,
}

impl KeyCounts {
    fn of(&mut self, status: KeyStatus) -> &mut u64 {
        match status {
            KeyStatus::Active => &mut self.active,
            KeyStatus::Disabled => &mut self.disabled,
            KeyStatus::Expired => &mut self.expired,
            KeyStatus::Revoked => &mut self.revoked,
        }
    }

    /// Counts keys of this status as expired, since they have expired after they were counted.
    pub fn expire(&mut self, status: KeyStatus, keys: u64) {
        let count = self.of(status);
        let keys = keys.min(*count);
        *count -= keys;
        self.expired += keys;
    }
}

impl FromIterator<(KeyStatus, u64)> for KeyCounts {
    fn from_iter<I: IntoIterator<Item = (KeyStatus, u64)>>(counts: I) -> Self {
        let mut all = Self::default();
        for (status, keys) in counts {
            *all.of(status) += keys;
        }
        all
    }
}

/// A tenant as a whole, as its ledger knew it at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its plan.
    pub plan: Option<String>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// The number of its keys by status.
    pub keys: KeyCounts,
    /// The number of its keys that count against `max_active_keys`: neither revoked, nor expired, nor ending by
    /// rotation.
    pub active_keys: u64,
    /// The limit of active keys that holds for it.
    pub max_active_keys: Option<u32>,
    /// The living keys (neither revoked nor expired) that expire soonest, the soonest first.
    pub expiring: Vec<ListedKey>,
    /// The living keys that are unused longest, the longest first.
    pub unused: Vec<ListedKey>,
    /// The living keys of each secret that tagged any; `None` from a version that doesn't count them.
    #[serde(default)]
    pub secrets: Option<Vec<SecretCount>>,
    /// The entries of its outbox by stage, without stages that have none; `None` from a version that doesn't count them.
    #[serde(default)]
    pub outbox: Option<Vec<StageCount>>,
}

/// The number of entries at a stage of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCount {
    /// The stage.
    pub stage: Stage,
    /// The entries.
    pub entries: u64,
}

/// The number of living keys that a secret has tagged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretCount {
    /// The secret's fingerprint.
    pub fingerprint: String,
    /// The keys.
    pub keys: u64,
}

/// A living key in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedKey {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Its display form.
    pub display: String,
    /// Its environment.
    pub environment: Environment,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last let through, to the hour: a key that is used all the time changes the list once an hour.
    pub last_used_at: Option<Timestamp>,
    /// Active or disabled.
    pub status: KeyStatus,
    /// Whether a rotation is to end it, so that it doesn't count against the limit of active keys.
    pub ending: bool,
    /// The fingerprint of the secret that tagged it; empty if none did, or from a version that doesn't say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
}

impl ListedKey {
    /// The time since which the key is unused.
    #[must_use]
    pub fn unused_since(&self) -> Timestamp {
        self.last_used_at.unwrap_or(self.created_at)
    }
}

impl Summary {
    /// The expiry up to which the ledger's keys are all in `expiring`; `None` if those are all that expire.
    #[must_use]
    pub fn expiring_to(&self) -> Option<Timestamp> {
        full(&self.expiring).and_then(|keys| keys.last()).and_then(|key| key.expires_at)
    }

    /// The time since which the last key of `unused` is unused, if other keys are left out that are unused since then
    /// or later.
    #[must_use]
    pub fn unused_to(&self) -> Option<Timestamp> {
        full(&self.unused).and_then(|keys| keys.last()).map(ListedKey::unused_since)
    }

    /// The time from which on the summary, which was made at `made_at`, says too little: more than half of a list that
    /// leaves keys out have expired, or its outbox should have less by then. `waits` is [`Reporting::waits`] of its report:
    /// what waits for long is looked at less and less often, so that the ledgers of all tenants don't report all the time
    /// while the feed is out of reach.
    ///
    /// [`Reporting::waits`]: super::reporting::Reporting::waits
    #[must_use]
    pub fn outdated_at(&self, made_at: Timestamp, waits: u32) -> Option<Timestamp> {
        let waiting = self.outbox.as_ref().is_some_and(|outbox| !outbox.is_empty());
        let known_ms = OUTBOX_KNOWN_MS.saturating_mul(2_i64.saturating_pow(waits)).min(OUTBOX_KNOWN_AT_MOST_MS);
        let outbox = waiting.then(|| made_at.plus_millis(known_ms));
        outbox.into_iter().chain(self.lists_outdated_at()).min()
    }

    fn lists_outdated_at(&self) -> Option<Timestamp> {
        let half = |keys: &[ListedKey]| {
            let mut ends: Vec<Timestamp> = keys.iter().filter_map(|key| key.expires_at).collect();
            ends.sort_unstable();
            ends.get(LISTED / 2).copied()
        };
        [&self.expiring, &self.unused].into_iter().filter_map(|keys| full(keys).and_then(half)).min()
    }
}

/// The list, if it may leave keys out.
fn full(keys: &[ListedKey]) -> Option<&[ListedKey]> {
    (keys.len() >= LISTED).then_some(keys)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::format;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A key that was created at 0 and is unused since.
    pub(crate) fn listed(number: i64, expires_at: Option<i64>) -> ListedKey {
        ListedKey {
            id: KeyId::parse(&format!("key_{number:020}")).unwrap(),
            name: "Zapier".into(),
            display: "knq_live_7Hq2".into(),
            environment: Environment::Live,
            created_at: Timestamp::from_millis(0),
            expires_at: expires_at.map(Timestamp::from_millis),
            last_used_at: None,
            status: KeyStatus::Active,
            ending: false,
            secret: String::new(),
        }
    }

    fn list(keys: i64, expires_at: impl Fn(i64) -> Option<i64>) -> Vec<ListedKey> {
        (1..=keys).map(|number| listed(number, expires_at(number))).collect()
    }

    #[test]
    fn a_list_with_all_keys_is_never_outdated_and_reaches_everywhere() {
        let whole = Summary { expiring: list(49, Some), unused: list(49, Some), ..Summary::default() };
        assert_eq!((whole.lists_outdated_at(), whole.expiring_to(), whole.unused_to()), (None, None, None));
    }

    #[test]
    fn a_full_list_is_outdated_once_more_than_half_of_it_have_expired() {
        let at = |millis| Some(Timestamp::from_millis(millis));
        let soonest = Summary { expiring: list(50, Some), ..Summary::default() };
        assert_eq!((soonest.lists_outdated_at(), soonest.expiring_to()), (at(26), at(50)));
        // In the order of their last use, not of their expiry.
        let unused = Summary { unused: list(50, |number| Some(100 - number)), ..Summary::default() };
        assert_eq!((unused.lists_outdated_at(), unused.unused_to()), (at(75), at(0)));
        let few_expire = Summary { unused: list(50, |number| (number > 25).then_some(number)), ..Summary::default() };
        assert_eq!(few_expire.lists_outdated_at(), None);
        let both = Summary { expiring: soonest.expiring, ..unused };
        assert_eq!(both.lists_outdated_at(), at(26));
    }

    #[test]
    fn a_summary_with_entries_in_its_outbox_is_outdated_after_two_minutes() {
        let waiting = |outbox| Summary { outbox, expiring: list(50, Some), ..Summary::default() };
        let made_at = Timestamp::from_millis(-OUTBOX_KNOWN_MS);
        let lists = Some(Timestamp::from_millis(26));
        assert_eq!(waiting(None).outdated_at(made_at, 0), lists);
        assert_eq!(waiting(Some(Vec::new())).outdated_at(made_at, 0), lists);
        let entries = Some([StageCount { stage: Stage::Put, entries: 1 }].into());
        assert_eq!(waiting(entries.clone()).outdated_at(made_at, 0), Some(Timestamp::from_millis(0)));
        assert_eq!(waiting(entries).outdated_at(made_at, 1), lists);
    }

    #[test]
    fn entries_that_go_on_waiting_are_looked_at_less_and_less_often() {
        let outbox = Some([StageCount { stage: Stage::Publish, entries: 1 }].into());
        let summary = Summary { outbox, ..Summary::default() };
        let minutes = |waits| {
            let outdated_at = summary.outdated_at(Timestamp::from_millis(0), waits).unwrap();
            outdated_at.as_millis() / MINUTE_MS
        };
        assert_eq!([0, 1, 2, 3, 4, 5, 6, u32::MAX].map(minutes), [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn keys_that_have_expired_since_count_as_expired() {
        let mut counts = KeyCounts { active: 3, disabled: 1, expired: 2, revoked: 9 };
        counts.expire(KeyStatus::Active, 2);
        counts.expire(KeyStatus::Disabled, 5);
        assert_eq!(counts, KeyCounts { active: 1, disabled: 0, expired: 5, revoked: 9 });
    }
}
