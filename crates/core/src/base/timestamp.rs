//! Instants, in whole milliseconds since 1970-01-01T00:00:00Z.

use alloc::string::String;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known};

/// The milliseconds of a second, a minute, an hour and a day.
pub const SECOND_MS: i64 = 1_000;
#[allow(missing_docs)]
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
#[allow(missing_docs)]
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
#[allow(missing_docs)]
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Whole seconds that are at least this time, and at least one, as `Retry-After` tells a client to wait.
#[must_use]
pub const fn whole_seconds(millis: i64) -> i64 {
    if millis <= SECOND_MS { 1 } else { (millis - 1) / SECOND_MS + 1 }
}

/// An instant. Its stored form, and that of serde, is the number of milliseconds. In answers it is RFC 3339 in UTC
/// ([`to_rfc3339`](Self::to_rfc3339)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant this many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant this long after the epoch.
    #[must_use]
    pub fn from_unix(since_epoch: Duration) -> Self {
        Self(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    /// The time since the epoch; zero for an instant before it.
    #[must_use]
    pub fn since_unix(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// The instant `millis` milliseconds later (earlier if negative).
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; negative if `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses RFC 3339 with any offset, such as `2027-01-31T12:00:00Z`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        // The parser takes any character there.
        if !matches!(text.as_bytes().get("2027-01-31".len()), Some(b'T' | b't')) {
            return None;
        }
        let nanos = OffsetDateTime::parse(text, &well_known::Rfc3339).ok()?.unix_timestamp_nanos();
        // An offset may move the last hours of the year 9999 into one that can't be written.
        OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        i64::try_from(nanos.div_euclid(1_000_000)).ok().map(Self)
    }

    /// The text in RFC 3339 in UTC with three digits of milliseconds: `2027-01-31T12:00:00.000Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        // The seconds alone: a division of 128 bits would be half a kilobyte of the edge.
        let instant = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1_000));
        let (instant, millisecond) =
            instant.map_or((OffsetDateTime::UNIX_EPOCH, 0), |instant| (instant, self.0.rem_euclid(1_000)));
        alloc::format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            instant.year(),
            u8::from(instant.month()),
            instant.day(),
            instant.hour(),
            instant.minute(),
            instant.second(),
            millisecond
        )
    }
}

/// An instant that is shown: RFC 3339 in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfc3339(pub Timestamp);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Rfc3339 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).map(Self).ok_or_else(|| serde::de::Error::custom("a time in RFC 3339 expected"))
    }
}

/// Serde functions for fields that are RFC 3339 or null in JSON: `#[serde(with = "timestamp::rfc3339")]`.
pub mod rfc3339 {
    use super::{Deserialize as _, String, Timestamp};
    use serde::{Deserializer, Serializer};

    /// Writes the text or null.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(instant: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match instant {
            Some(instant) => serializer.serialize_str(&instant.to_rfc3339()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the text or null.
    ///
    /// # Errors
    /// An error if the text is not an RFC 3339 time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| {
                Timestamp::parse_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("a time in RFC 3339 expected"))
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn whole_seconds_are_rounded_up_and_never_zero() {
        for (millis, seconds) in [(-5, 1), (0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60), (60_000, 60)] {
            assert_eq!(whole_seconds(millis), seconds, "{millis} ms");
        }
    }

    #[test]
    fn rfc3339_reads_any_offset_and_writes_utc() {
        let instant = Timestamp::parse_rfc3339("2027-01-31T12:00:00.25+01:00").unwrap();
        assert_eq!(instant.to_rfc3339(), "2027-01-31T11:00:00.250Z");
        assert_eq!(Timestamp::parse_rfc3339(&instant.to_rfc3339()), Some(instant));
        assert_eq!(Timestamp::from_millis(-1).to_rfc3339(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2027-02-30T00:00:00Z",
            "2027-01-31",
            "1700000000",
            "2027-01-31x12:00:00Z",
            "2027-01-31 12:00:00Z",
            "9999-12-31T23:59:59-05:00",
            "0000-01-01T00:00:00+05:00é",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }
}
