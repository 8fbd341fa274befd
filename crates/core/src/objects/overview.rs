//! The overview of all tenants: one object. Every tenant's ledger reports to it.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls;
use crate::{
    base::timestamp::Timestamp,
    ledger::{
        reporting::Report,
        summary::{KeyCounts, SecretCount, StageCount},
    },
    usage::report::Period,
};

/// The binding.
pub const BINDING: &str = "OVERVIEW";
/// The name of the one object.
pub const NAME: &str = "overview";

calls! { BINDING;
    // Ledgers report. The answer comes once the report is durable.
    Report, "/report" => Taken;
    // The management worker calls these. The answers are those of the API.
    OverviewQuery, "/overview" => Value;
    UsageQuery, "/usage" => Value;
    // It asks for the numbers of `GET /metrics`.
    ReadState, "/state" => OverviewState;
}

/// The request for the overview's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {}

/// The overview's numbers, as the ledgers last reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewState {
    /// The tenants whose ledgers have reported.
    pub tenants: u64,
    /// Those that are suspended.
    pub suspended: u64,
    /// Their keys by status.
    pub keys: KeyCounts,
    /// All verdicts on their keys by code.
    pub uses: BTreeMap<String, u64>,
    /// The entries of their outboxes by stage, without stages that have none.
    pub outbox: Vec<StageCount>,
    /// The tenants whose last report doesn't say what is in their outbox.
    pub outbox_unknown: u64,
    /// When a ledger last reported.
    pub last_report_at: Option<Timestamp>,
}

/// The answer to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The highest number of this tenant's reports that the object has.
    pub number: u64,
}

/// The query of `GET overview`, and what the object doesn't know itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewQuery {
    /// Keys that expire within this many days are listed.
    pub expiring_within_days: u32,
    /// Keys that are unused for this many days are listed.
    pub unused_for_days: u32,
    /// Tenants that have at least this percentage of the active keys that they may have are listed.
    pub near_cap_percent: u32,
    /// The fingerprints of the configured secrets, newest first.
    #[serde(default)]
    pub configured_secrets: Vec<String>,
    /// The living operators' keys of each secret.
    #[serde(default)]
    pub operators_secrets: Vec<SecretCount>,
}

/// The query of `GET usage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageQuery {
    /// The period of the hourly series.
    pub period: Period,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_messages_are_golden() {
        let before = r#"{"expiring_within_days":30,"unused_for_days":90,"near_cap_percent":80}"#;
        assert!(serde_json::from_str::<OverviewQuery>(before).is_ok());
        let text = r#"{"expiring_within_days":30,"unused_for_days":90,"near_cap_percent":80,"configured_secrets":["fingerpr"],"operators_secrets":[{"fingerprint":"fingerpr","keys":2}]}"#;
        let query: OverviewQuery = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&query).unwrap(), text);
        assert_eq!(serde_json::to_string(&UsageQuery { period: Period::Week }).unwrap(), r#"{"period":"Week"}"#);
        assert_eq!(serde_json::from_str::<Taken>(r#"{"number":7,"later":1}"#).unwrap(), Taken { number: 7 });
    }
}
