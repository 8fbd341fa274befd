//! The batch that an edge sends to a ledger: JSON with a golden test, since the workers may run in two versions at
//! once.
//!
//! The edge writes it by hand: ids, codes and numbers need no escaping.

use alloc::{format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{beginning_of, hour_of};
use crate::base::{id::KeyId, timestamp::Timestamp};

/// The maximum number of uses in one batch.
pub const MAX_USES: usize = 500;
/// The maximum age of the hour that a use is counted in, hours. A use from an older hour comes from a wrong clock.
pub const MAX_HOURS_AGO: i64 = 48;

/// Uses of one ledger's keys. An isolate numbers its batches upwards, and sends a ledger the next one only when the
/// ledger took the one before. So the highest number of each isolate tells the ledger which batches it has already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageBatch {
    /// The isolate's random name.
    pub isolate: String,
    /// The batch's number.
    pub sequence: u64,
    /// The uses, at most [`MAX_USES`].
    pub uses: Vec<Use>,
}

/// The uses of one key in one hour with one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The key's id.
    pub key_id: KeyId,
    /// The hour by the edge's clock, in whole hours since 1970.
    pub hour: i64,
    /// The verdict's code.
    pub code: String,
    /// The number of uses.
    pub count: u32,
    /// The time of the last use.
    pub last_at: Timestamp,
}

impl Use {
    /// The use with its times corrected, since an edge's clock may be wrong: not before its key's creation, not after
    /// the ledger's `now`, and not in an hour long past.
    #[must_use]
    pub fn at_possible_times(self, created_at: Timestamp, now: Timestamp) -> Self {
        let earliest = hour_of(created_at).max(hour_of(now) - MAX_HOURS_AGO);
        Self {
            hour: self.hour.max(earliest).min(hour_of(now)),
            last_at: self.last_at.max(created_at).max(beginning_of(earliest)).min(now),
            ..self
        }
    }

    /// The use in an hour that is still open. One that came too late counts in the present hour; the second value says
    /// whether it did.
    #[must_use]
    pub fn in_open_hour(self, first_open: i64, now: Timestamp) -> (Self, bool) {
        let late = self.hour < first_open;
        let hour = if late { hour_of(now).max(first_open) } else { self.hour };
        (Self { hour, ..self }, late)
    }
}

/// Writes a batch.
pub(super) struct Writer {
    text: String,
}

impl Writer {
    pub(super) fn new(isolate: &str, sequence: u64) -> Self {
        Self { text: format!("{{\"isolate\":\"{isolate}\",\"sequence\":{sequence},\"uses\":[") }
    }

    pub(super) fn add(&mut self, key: &KeyId, hour: i64, code: &str, count: u32, last_at: Timestamp) {
        if self.text.ends_with('}') {
            self.text.push(',');
        }
        let last_at = last_at.as_millis();
        self.text.push_str(&format!(
            "{{\"key_id\":\"{key}\",\"hour\":{hour},\"code\":\"{code}\",\"count\":{count},\"last_at\":{last_at}}}"
        ));
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str("]}");
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    fn used(hour: i64, last_at: Timestamp) -> Use {
        let key_id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        Use { key_id, hour, code: "VALID".into(), count: 1, last_at }
    }

    #[test]
    fn the_message_is_golden() {
        let key = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let mut writer = Writer::new("4bTzV9cX", 7);
        writer.add(&key, 486_111, "VALID", 3, NOW);
        writer.add(&key, 486_111, "REVOKED", 1, NOW);
        let text = writer.finish();
        assert_eq!(
            text,
            r#"{"isolate":"4bTzV9cX","sequence":7,"uses":[{"key_id":"key_4bTzV9cXk07Hq2mN1pRs","hour":486111,"code":"VALID","count":3,"last_at":1750000000000},{"key_id":"key_4bTzV9cXk07Hq2mN1pRs","hour":486111,"code":"REVOKED","count":1,"last_at":1750000000000}]}"#
        );
        let read: UsageBatch = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let empty: UsageBatch = serde_json::from_str(&Writer::new("a", 1).finish()).unwrap();
        assert_eq!(empty.uses, vec![]);
    }

    #[test]
    fn a_use_at_a_possible_time_stays_as_it_is() {
        let ago = NOW.plus_millis(-3_600_000);
        let at = used(hour_of(ago), ago);
        assert_eq!(at.clone().at_possible_times(NOW.plus_millis(-7_200_000), NOW), at);
    }

    #[test]
    fn a_use_of_a_closed_hour_counts_in_the_present_one_and_is_late() {
        let (present, at) = (hour_of(NOW), NOW.plus_millis(-5 * 3_600_000));
        let late = used(hour_of(at), at);
        assert_eq!(late.clone().in_open_hour(present - 2, NOW), (Use { hour: present, ..late.clone() }, true));
        assert_eq!(late.clone().in_open_hour(present - 5, NOW), (late.clone(), false));
        // The ledger's clock was ahead when the hours up to then were closed, and was set back.
        assert_eq!(late.clone().in_open_hour(present + 3, NOW), (Use { hour: present + 3, ..late }, true));
    }

    #[test]
    fn no_use_is_in_the_future_before_the_key_or_long_ago() {
        let created = NOW.plus_millis(-30 * 60_000);
        let ahead = NOW.plus_millis(24 * 3_600_000);
        assert_eq!(used(hour_of(ahead), ahead).at_possible_times(created, NOW), used(hour_of(NOW), NOW));
        let before = NOW.plus_millis(-5 * 3_600_000);
        assert_eq!(used(hour_of(before), before).at_possible_times(created, NOW), used(hour_of(created), created));
        let (long_ago, old) = (Timestamp::from_millis(0), Timestamp::from_millis(5));
        let earliest = hour_of(NOW) - MAX_HOURS_AGO;
        let clamped = used(hour_of(long_ago), long_ago).at_possible_times(old, NOW);
        assert_eq!(clamped, used(earliest, beginning_of(earliest)));
    }
}
