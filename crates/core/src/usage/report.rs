//! The answers about the uses of a key, of a tenant's keys and of all keys: sums of the last 24 hours, 7 days and 30
//! days, of all time, and a series by the hour.
//!
//! A period is the present hour and the whole hours before it.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{beginning_of, hour_of};
use crate::{
    access::verdict,
    base::{
        id::{KeyId, TenantId},
        timestamp::{Rfc3339, Timestamp},
    },
};

/// A period of sums and of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// 24 hours.
    #[default]
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

impl Period {
    /// All periods, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// Parses [`as_str`](Self::as_str).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == text)
    }

    const fn hours(self) -> i64 {
        match self {
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        }
    }

    /// The first hour of the period that ends with the present hour.
    #[must_use]
    pub const fn first_hour(self, now: Timestamp) -> i64 {
        hour_of(now) - self.hours() + 1
    }
}

/// The number of uses with one code in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The hour, in whole hours since 1970.
    pub hour: i64,
    /// The verdict's code.
    pub code: String,
    /// The number of uses.
    pub count: u64,
}

/// Uses by the code of their verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeCounts(BTreeMap<String, u64>);

impl FromIterator<(String, u64)> for CodeCounts {
    fn from_iter<I: IntoIterator<Item = (String, u64)>>(counts: I) -> Self {
        let mut counts_of = Self::default();
        for (code, count) in counts {
            counts_of.add(&code, count);
        }
        counts_of
    }
}

impl CodeCounts {
    fn of<'a>(buckets: impl IntoIterator<Item = &'a Bucket>) -> Self {
        let mut counts_of = Self::default();
        for bucket in buckets {
            counts_of.add(&bucket.code, bucket.count);
        }
        counts_of
    }

    /// Adds uses.
    pub fn add(&mut self, code: &str, count: u64) {
        *self.0.entry(code.into()).or_default() += count;
    }

    fn sums(&self) -> UsageSums {
        let allowed = self.0.get(verdict::VALID).copied().unwrap_or_default();
        UsageSums { allowed, refused: self.0.values().sum::<u64>() - allowed }
    }

    fn by_code(self) -> UsageByCode {
        let UsageSums { allowed, refused } = self.sums();
        UsageByCode { allowed, codes: self.0, refused }
    }
}

/// Uses that were allowed, and those that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UsageSums {
    pub allowed: u64,
    pub refused: u64,
}

/// Uses that were allowed or refused, and by the code of their verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UsageByCode {
    pub allowed: u64,
    pub codes: BTreeMap<String, u64>,
    pub refused: u64,
}

/// The uses of one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UsageHour {
    pub allowed: u64,
    pub codes: BTreeMap<String, u64>,
    /// The beginning of the hour.
    pub hour: Rfc3339,
    pub refused: u64,
}

/// Uses, as `GET keys/{id}/usage`, `GET tenants/{tenant}/usage` and `GET usage` show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UsageReport {
    #[serde(rename = "24h")]
    pub day: UsageByCode,
    #[serde(rename = "30d")]
    pub month: UsageByCode,
    #[serde(rename = "7d")]
    pub week: UsageByCode,
    pub all: UsageByCode,
    /// The time of the answer. Of all keys alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Rfc3339>,
    /// The hours of the period, the oldest first, including those without uses.
    pub hourly: Vec<UsageHour>,
    /// Of one key alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// Of one key alone; null if it was never let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Option<Rfc3339>>,
    /// The period of `hourly`.
    pub period: &'static str,
    /// Of a tenant's keys alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
}

/// The sums that stand beside a key in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UsageSummary {
    #[serde(rename = "24h")]
    pub day: UsageSums,
    #[serde(rename = "30d")]
    pub month: UsageSums,
    #[serde(rename = "7d")]
    pub week: UsageSums,
}

/// The keys whose uses a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageOf {
    /// One key, and its last use that was allowed.
    Key(KeyId, Option<Timestamp>),
    /// All keys of a tenant.
    Tenant(TenantId),
    /// The keys of all tenants.
    AllTenants,
}

/// Uses, from which a report is made.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// All uses of the longest [`Period`], in any order.
    pub recent: Vec<Bucket>,
    /// The uses of all time.
    pub all: CodeCounts,
}

impl Usage {
    /// The report, with the series of `period`.
    #[must_use]
    pub fn report(self, of: UsageOf, period: Period, now: Timestamp) -> UsageReport {
        let sums = |period| counts_of(&self.recent, period, now).by_code();
        let report = UsageReport {
            day: sums(Period::Day),
            month: sums(Period::Month),
            week: sums(Period::Week),
            hourly: hourly(&self.recent, period, now),
            all: self.all.by_code(),
            as_of: None,
            key_id: None,
            last_used_at: None,
            period: period.as_str(),
            tenant: None,
        };
        match of {
            UsageOf::Key(id, last) => UsageReport { key_id: Some(id), last_used_at: Some(last.map(Rfc3339)), ..report },
            UsageOf::Tenant(tenant) => UsageReport { tenant: Some(tenant), ..report },
            UsageOf::AllTenants => UsageReport { as_of: Some(Rfc3339(now)), ..report },
        }
    }
}

/// The number of a key's uses with one code in each period.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[allow(missing_docs)]
pub struct PeriodCounts {
    /// The verdict's code.
    pub code: String,
    pub day: u64,
    pub week: u64,
    pub month: u64,
}

impl PeriodCounts {
    const fn of(&self, period: Period) -> u64 {
        match period {
            Period::Day => self.day,
            Period::Week => self.week,
            Period::Month => self.month,
        }
    }
}

impl UsageSummary {
    /// Sums up the uses of each period, given the counts of each code.
    #[must_use]
    pub fn new(counts: &[PeriodCounts]) -> Self {
        let of = |period| {
            let mut counts_of = CodeCounts::default();
            for count in counts {
                counts_of.add(&count.code, count.of(period));
            }
            counts_of.sums()
        };
        Self { day: of(Period::Day), month: of(Period::Month), week: of(Period::Week) }
    }
}

fn counts_of(recent: &[Bucket], period: Period, now: Timestamp) -> CodeCounts {
    CodeCounts::of(recent.iter().filter(|bucket| bucket.hour >= period.first_hour(now)))
}

/// Every hour of the period, those without uses too, the oldest first.
fn hourly(recent: &[Bucket], period: Period, now: Timestamp) -> Vec<UsageHour> {
    let mut hours: BTreeMap<i64, CodeCounts> =
        (period.first_hour(now)..=hour_of(now)).map(|hour| (hour, CodeCounts::default())).collect();
    for bucket in recent {
        if let Some(counts_of) = hours.get_mut(&bucket.hour) {
            counts_of.add(&bucket.code, bucket.count);
        }
    }
    let shown = |(hour, counts_of): (i64, CodeCounts)| {
        let UsageByCode { allowed, codes, refused } = counts_of.by_code();
        UsageHour { allowed, codes, hour: Rfc3339(beginning_of(hour)), refused }
    };
    hours.into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Twenty minutes past three.
    const NOW: Timestamp = Timestamp::from_millis(486_111 * 3_600_000 + 20 * 60_000);

    fn usage(buckets: &[(i64, &str, u64)]) -> Usage {
        let bucket = |&(ago, code, count): &(i64, &str, u64)| Bucket { hour: 486_111 - ago, code: code.into(), count };
        let recent: Vec<_> = buckets.iter().map(bucket).collect();
        let mut all = CodeCounts::of(&recent);
        all.add("VALID", 100);
        Usage { recent, all }
    }

    fn of_key() -> UsageOf {
        UsageOf::Key(KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap(), Some(NOW))
    }

    #[test]
    fn a_period_is_the_present_hour_and_the_whole_hours_before_it() {
        let shown =
            usage(&[(0, "VALID", 1), (23, "VALID", 2), (24, "VALID", 4), (167, "VALID", 8), (168, "VALID", 16)])
                .report(of_key(), Period::Day, NOW);
        let shown = json!(shown);
        let allowed = |period: &str| shown[period]["allowed"].as_u64().unwrap();
        assert_eq!((allowed("24h"), allowed("7d"), allowed("30d"), allowed("all")), (3, 15, 31, 131));
    }

    #[test]
    fn what_is_not_valid_is_refused_by_its_code() {
        let shown = usage(&[(1, "VALID", 3), (1, "REVOKED", 1), (0, "REVOKED", 1), (0, "EXPIRED", 2)]).report(
            of_key(),
            Period::Week,
            NOW,
        );
        let shown = json!(shown);
        assert_eq!(
            shown["24h"],
            json!({"allowed": 3, "refused": 4, "codes": {"VALID": 3, "REVOKED": 2, "EXPIRED": 2}})
        );
        assert_eq!((&shown["key_id"], &shown["period"]), (&json!("key_4bTzV9cXk07Hq2mN1pRs"), &json!("7d")));
        assert_eq!(shown["last_used_at"], NOW.to_rfc3339());
    }

    #[test]
    fn a_report_says_whose_uses_it_is_about() {
        let members = |of| {
            let shown = json!(usage(&[]).report(of, Period::Day, NOW));
            let own = ["as_of", "key_id", "last_used_at", "tenant"];
            own.map(|name| shown.get(name).cloned())
        };
        let (now, acme) = (json!(NOW.to_rfc3339()), TenantId::parse("acme").unwrap());
        let key = json!("key_4bTzV9cXk07Hq2mN1pRs");
        assert_eq!(members(of_key()), [None, Some(key), Some(now.clone()), None]);
        assert_eq!(members(UsageOf::Tenant(acme)), [None, None, None, Some(json!("acme"))]);
        assert_eq!(members(UsageOf::AllTenants), [Some(now), None, None, None]);
    }

    #[test]
    fn the_series_has_every_hour_the_oldest_first() {
        let usage = usage(&[(0, "VALID", 1), (23, "REVOKED", 2), (24, "VALID", 4)]);
        for (period, hours) in [(Period::Day, 24), (Period::Week, 168), (Period::Month, 720)] {
            let series = json!(usage.clone().report(of_key(), period, NOW))["hourly"].clone();
            let series = series.as_array().unwrap();
            assert_eq!(series.len(), hours);
            let last =
                json!({"hour": beginning_of(486_111).to_rfc3339(), "allowed": 1, "refused": 0, "codes": {"VALID": 1}});
            assert_eq!(series.last(), Some(&last));
            let times: Vec<_> = series.iter().map(|bucket| bucket["hour"].as_str().unwrap()).collect();
            assert!(times.is_sorted());
        }
        let day = json!(usage.report(of_key(), Period::Day, NOW));
        assert_eq!(day["hourly"][0]["codes"], json!({"REVOKED": 2}));
        assert_eq!(
            day["hourly"][1],
            json!({"hour": beginning_of(486_089).to_rfc3339(), "allowed": 0, "refused": 0, "codes": {}})
        );
    }

    #[test]
    fn a_list_shows_the_sums_alone() {
        let counts = |code: &str, day, week, month| PeriodCounts { code: code.into(), day, week, month };
        assert_eq!(
            json!(UsageSummary::new(&[
                counts("VALID", 1, 2, 3),
                counts("DISABLED", 0, 2, 2),
                counts("EXPIRED", 0, 0, 5)
            ])),
            json!({
                "24h": {"allowed": 1, "refused": 0},
                "7d": {"allowed": 2, "refused": 2},
                "30d": {"allowed": 3, "refused": 7},
            })
        );
        assert_eq!(json!(UsageSummary::new(&[]))["24h"], json!({"allowed": 0, "refused": 0}));
    }

    #[test]
    fn periods_read_back() {
        for period in Period::ALL {
            assert_eq!(Period::parse(period.as_str()), Some(period));
        }
        assert_eq!(Period::parse("1h"), None);
    }
}
