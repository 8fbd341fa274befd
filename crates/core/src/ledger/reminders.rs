//! Reminders: events that time makes, not a change. A key expires soon or has expired, it is older than keys should grow,
//! or it is unused.
//!
//! For each reminder the keys of a ledger stand in a row, in the order in which they become due. The ledger keeps the
//! place up to which it has told, so each key is told of once. Keys that aren't told of, since for example they
//! were revoked, are passed over.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::lifecycle::{Key, KeyStatus};
use crate::base::timestamp::{DAY_MS, Timestamp};

/// The shortest time between the notice that a key is unused and its disabling, days.
pub const MIN_NOTICE_DAYS: u16 = 7;

/// The reminders of `[keys]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderSettings {
    /// So many days before a key expires `key.expiring` tells of it.
    pub expiry_notice_days: Vec<u16>,
    /// The age at which `key.rotation_due` tells of a key, days.
    pub rotate_after_days: Option<u16>,
    /// The time without use after which `key.unused` tells of a key, days.
    pub unused_after_days: Option<u16>,
    /// The time without use after which a key is disabled, days: at least [`MIN_NOTICE_DAYS`] more.
    pub disable_unused_after_days: Option<u16>,
}

impl ReminderSettings {
    /// The reminders that there are.
    #[must_use]
    pub fn reminders(&self) -> Vec<Reminder> {
        let expiring = self.expiry_notice_days.iter().map(|&days| Reminder::Expiring { days });
        let rotation = self.rotate_after_days.map(|days| Reminder::RotationDue { days });
        let disables = self.disable_unused_after_days.is_some();
        let unused = self.unused_after_days.map(|days| Reminder::Unused { days, disables });
        expiring.chain([Reminder::Expired]).chain(rotation).chain(unused).collect()
    }

    /// The time from which on a key that was created then, or earlier, is due for rotation.
    #[must_use]
    pub fn rotation_due_if_created_by(&self, now: Timestamp) -> Option<Timestamp> {
        self.rotate_after_days.map(|days| earlier(now, days))
    }

    /// When a key is disabled that is unused `since` then, if it is told of `now`; `None` if it isn't.
    #[must_use]
    pub fn disables_at(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let (notice, disable) = (self.unused_after_days?, self.disable_unused_after_days?);
        let least = disable.saturating_sub(notice).max(MIN_NOTICE_DAYS);
        Some(later(since, disable).max(later(now, least)))
    }

    /// When a key that counts as unused since `since` is told of, if such keys are.
    #[must_use]
    pub fn unused_at(&self, since: Timestamp) -> Option<Timestamp> {
        self.unused_after_days.map(|days| later(since, days))
    }
}

/// One reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reminder {
    /// A key expires in so many days.
    Expiring {
        /// The days.
        days: u16,
    },
    /// A key has expired.
    Expired,
    /// A key is so many days old, and wasn't rotated.
    RotationDue {
        /// The days.
        days: u16,
    },
    /// A key is unused for so many days.
    Unused {
        /// The days.
        days: u16,
        /// Whether it is disabled later.
        disables: bool,
    },
}

/// The order in which keys become due for a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// By their expiry.
    ByExpiry,
    /// By their creation.
    ByAge,
    /// By their last use.
    ByUse,
}

impl Reminder {
    /// The name under which the ledger keeps its place. Where unused keys are disabled, they are told of anew.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Expiring { days } => format!("expiring/{days}"),
            Self::Expired => "expired".to_string(),
            Self::RotationDue { .. } => "rotation_due".to_string(),
            Self::Unused { disables: false, .. } => "unused".to_string(),
            Self::Unused { disables: true, .. } => "unused_to_disable".to_string(),
        }
    }

    /// The row of its keys.
    #[must_use]
    pub const fn row(self) -> Row {
        match self {
            Self::Expiring { .. } | Self::Expired => Row::ByExpiry,
            Self::RotationDue { .. } => Row::ByAge,
            Self::Unused { .. } => Row::ByUse,
        }
    }

    /// The last time in the row whose keys are due `now`.
    #[must_use]
    pub fn due_to(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Expiring { days } => later(now, days),
            Self::Expired => now,
            Self::RotationDue { days } | Self::Unused { days, .. } => earlier(now, days),
        }
    }

    /// When the keys of this time in the row become due.
    #[must_use]
    pub fn due_at(self, time: Timestamp) -> Timestamp {
        match self {
            Self::Expiring { days } => earlier(time, days),
            Self::Expired => time,
            Self::RotationDue { days } | Self::Unused { days, .. } => later(time, days),
        }
    }

    /// The place at which a ledger begins that has told of nothing yet. What has passed of an expiry is not told of any
    /// more; a key that is too old or unused still is.
    #[must_use]
    pub fn first_place(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Expiring { .. } | Self::Expired => self.due_to(now),
            Self::RotationDue { .. } | Self::Unused { .. } => Timestamp::from_millis(-1),
        }
    }

    /// Whether a key is told of whose turn it is. `expiry_set_at` is when it got its expiry: there is no notice of what
    /// was nearer than the notice even then.
    #[must_use]
    pub fn concerns(self, key: &Key, expiry_set_at: Timestamp, now: Timestamp) -> bool {
        let status = key.status(now);
        let living = matches!(status, KeyStatus::Active | KeyStatus::Disabled);
        if key.record.id.is_operators() {
            return false;
        }
        match self {
            Self::Expiring { .. } => {
                living && key.record.expires_at.is_some_and(|end| expiry_set_at <= self.due_at(end))
            }
            Self::Expired => status == KeyStatus::Expired,
            Self::RotationDue { .. } => living && key.rotated_to.is_none(),
            Self::Unused { .. } => status == KeyStatus::Active,
        }
    }
}

/// A key that is looked at for being unused, beside the row: it was told of, or it counts as unused from a later time on
/// than its row says, since it was imported or enabled then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The time since which it counts as unused.
    pub since: Timestamp,
    /// When it is looked at: to tell of it, or to disable it.
    pub due_at: Timestamp,
    /// Whether it was told of.
    pub told: bool,
}

/// The outcome of looking at a watched key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unused {
    /// It is no longer watched: it was used, or is no longer active, or unused keys aren't of interest any more.
    Forget,
    /// It is told of, and disabled at this time, if at all.
    Tell {
        /// The time.
        disables_at: Option<Timestamp>,
    },
    /// It is disabled.
    Disable,
}

/// The time by which a disabling may be late. If it is later, nobody expects it any more, so the key is told of again.
const LATE_MS: i64 = DAY_MS;

impl Watched {
    /// The outcome of looking at the key, which is due.
    #[must_use]
    pub fn outcome(self, key: &Key, settings: &ReminderSettings, now: Timestamp) -> Unused {
        let used = key.last_used_at.is_some_and(|last| last > self.since);
        if settings.unused_after_days.is_none() || used || key.status(now) != KeyStatus::Active {
            return Unused::Forget;
        }
        let disables_at = settings.disables_at(self.since, now);
        match (self.told, disables_at) {
            (false, disables_at) => Unused::Tell { disables_at },
            (true, None) => Unused::Forget,
            (true, Some(_)) if now.millis_since(self.due_at) <= LATE_MS => Unused::Disable,
            (true, disables_at) => Unused::Tell { disables_at },
        }
    }
}

fn later(at: Timestamp, days: u16) -> Timestamp {
    at.plus_millis(i64::from(days) * DAY_MS)
}

fn earlier(at: Timestamp, days: u16) -> Timestamp {
    at.plus_millis(-i64::from(days) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::record::{KeyRecord, tests::record},
        base::id::KeyId,
        ledger::lifecycle::{DisabledBy, Overlap, tests::key},
    };
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const WEEK: Reminder = Reminder::Expiring { days: 7 };
    const ROTATION: Reminder = Reminder::RotationDue { days: 90 };
    const UNUSED: Reminder = Reminder::Unused { days: 60, disables: true };

    fn days(days: i64) -> Timestamp {
        NOW.plus_millis(days * DAY_MS)
    }

    /// A key that expires this many days from now.
    fn expiring(in_days: i64) -> Key {
        Key { record: KeyRecord { expires_at: Some(days(in_days)), ..record() }, ..key() }
    }

    fn settings(disables: Option<u16>) -> ReminderSettings {
        ReminderSettings {
            expiry_notice_days: vec![7, 1],
            rotate_after_days: Some(90),
            unused_after_days: Some(60),
            disable_unused_after_days: disables,
        }
    }

    #[test]
    fn the_names_of_places_are_golden() {
        let names: Vec<String> = settings(None).reminders().into_iter().map(Reminder::name).collect();
        assert_eq!(names, ["expiring/7", "expiring/1", "expired", "rotation_due", "unused"]);
        assert_eq!(UNUSED.name(), "unused_to_disable");
        let least: Vec<String> = ReminderSettings::default().reminders().into_iter().map(Reminder::name).collect();
        assert_eq!(least, ["expired"]);
    }

    #[test]
    fn a_key_becomes_due_when_its_time_in_the_row_is_the_last_that_is() {
        for reminder in [WEEK, Reminder::Expired, ROTATION, UNUSED] {
            assert_eq!(reminder.due_at(reminder.due_to(NOW)), NOW, "{reminder:?}");
        }
        assert_eq!((WEEK.due_to(NOW), ROTATION.due_to(NOW)), (days(7), days(-90)));
    }

    #[test]
    fn a_living_key_is_told_to_expire_unless_it_got_a_shorter_expiry() {
        assert!(WEEK.concerns(&expiring(7), days(-1), NOW));
        assert!(WEEK.concerns(&expiring(7), NOW, NOW), "it was set to the very time");
        assert!(!WEEK.concerns(&expiring(6), NOW, NOW), "it was shorter from the beginning");
        assert!(WEEK.concerns(&expiring(6), days(-1), NOW), "it is told of late");
        let disabled = expiring(7).disable(DisabledBy::Operator, NOW).unwrap();
        assert!(WEEK.concerns(&disabled, days(-1), NOW));
        assert!(!WEEK.concerns(&expiring(7).revoke(None, NOW), days(-1), NOW));
        assert!(!WEEK.concerns(&expiring(0), days(-30), NOW), "it has expired");
    }

    #[test]
    fn an_expired_key_is_told_of_unless_it_was_revoked_before() {
        assert!(Reminder::Expired.concerns(&expiring(0), days(-30), NOW));
        assert!(!Reminder::Expired.concerns(&expiring(1), days(-30), NOW));
        assert!(!Reminder::Expired.concerns(&expiring(0).revoke(None, days(-1)), days(-30), NOW));
    }

    #[test]
    fn a_key_that_was_rotated_is_not_due_again() {
        let successor = KeyId::parse("key_00000000000000000000").unwrap();
        let old = expiring(100);
        assert!(ROTATION.concerns(&old, NOW, NOW));
        let rotated = old.rotate(&successor, Overlap::FromRotation(DAY_MS), NOW).unwrap();
        assert!(!ROTATION.concerns(&rotated, NOW, NOW));
    }

    #[test]
    fn operators_keys_are_not_told_of() {
        let id = KeyId::parse("op_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let operators = Key { record: KeyRecord { id, ..expiring(7).record }, ..key() };
        for reminder in settings(Some(90)).reminders() {
            assert!(!reminder.concerns(&operators, days(-30), NOW), "{reminder:?}");
        }
    }

    #[test]
    fn an_unused_key_is_disabled_after_both_its_time_and_the_notice() {
        let settings = settings(Some(90));
        assert_eq!(settings.disables_at(days(-60), NOW), Some(days(30)), "told in time");
        assert_eq!(settings.disables_at(days(-1_000), NOW), Some(days(30)), "told late, and as long before");
        let close = ReminderSettings { disable_unused_after_days: Some(61), ..settings };
        assert_eq!(close.disables_at(days(-60), NOW), Some(days(7)));
        assert_eq!(super::ReminderSettings::default().disables_at(days(-60), NOW), None);
    }

    #[test]
    fn a_watched_key_is_told_of_and_then_disabled_unless_it_was_used() {
        let settings = settings(Some(90));
        let key = Key { last_used_at: None, ..expiring(1_000) };
        let untold = Watched { since: days(-60), due_at: NOW, told: false };
        let told = Watched { since: days(-90), due_at: NOW, told: true };
        let of = |watched: Watched, key: &Key| watched.outcome(key, &settings, NOW);
        assert_eq!(of(untold, &key), Unused::Tell { disables_at: Some(days(30)) });
        assert_eq!(of(told, &key), Unused::Disable);
        let used = Key { last_used_at: Some(days(-89)), ..key.clone() };
        assert_eq!(
            (of(told, &used), of(untold, &used)),
            (Unused::Forget, Unused::Tell { disables_at: Some(days(30)) })
        );
        let revoked = key.revoke(None, NOW);
        let disabled = key.disable(DisabledBy::Customer, NOW).unwrap();
        assert_eq!((of(told, &revoked), of(told, &disabled)), (Unused::Forget, Unused::Forget));
        let late = Watched { due_at: days(-2), ..told };
        assert_eq!(of(late, &key), Unused::Tell { disables_at: Some(days(30)) }, "nobody expects it now");
    }

    #[test]
    fn where_unused_keys_are_no_longer_disabled_a_told_one_is_forgotten() {
        let key = Key { last_used_at: None, ..expiring(1_000) };
        let told = Watched { since: days(-90), due_at: NOW, told: true };
        assert_eq!(told.outcome(&key, &settings(None), NOW), Unused::Forget);
        assert_eq!(told.outcome(&key, &ReminderSettings::default(), NOW), Unused::Forget);
    }
}
