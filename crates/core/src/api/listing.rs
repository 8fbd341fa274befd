//! Lists by page: the queries of `GET keys`, `GET tenants`, `GET audit` and its export, and the opaque cursors that
//! lead from page to page.
//!
//! A cursor is the place of the last row that was shown, not a number of rows. So pages neither skip nor repeat rows
//! while rows are added, and each page costs the same. The newest rows come first, except in an export.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    access::scope::Scope,
    base::{
        fields::FieldError,
        id::{AuditId, KeyId},
        timestamp::Timestamp,
    },
    key::Environment,
    ledger::{
        lifecycle::KeyStatus,
        plan::MAX_DAYS,
        query::{
            AuditPlace, AuditQuery, DeadLetterPlace, DeadLetterQuery, ExportQuery, KeyPlace, KeyQuery, TenantQuery,
            searchable, tenant_after,
        },
    },
    objects::overview::OverviewQuery,
    receiver::delivery::{DeliveryPlace, DeliveryQuery, Outcome},
    usage::{
        beginning_of,
        export::{Hours, Place, UsageExportQuery},
        hour_of,
        report::Period,
    },
};
#[cfg(feature = "events")]
use crate::{
    base::id::EventId,
    ledger::query::EventPlace,
    objects::event_endpoint::{Attempts, DeadLetters, MAX_PAGE},
};

/// The default number of rows in a page.
pub const DEFAULT_LIMIT: u32 = 50;
/// The maximum number of rows in a page.
pub const MAX_LIMIT: u32 = 200;
/// The maximum length of the text to search for, characters.
pub const MAX_TEXT_CHARS: usize = 100;

/// The maximum length of an id or a type to look for, characters.
const MAX_EXACT_CHARS: usize = 512;

const WITHIN: &str = "expires_within_days";
const UNUSED: &str = "unused_for_days";
const ROTATION_DUE: &str = "rotation_due";

/// Parses the query of `GET keys`. `rotate_after_days` is the age at which keys are due for rotation, if there is one.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_key_query(
    pairs: Vec<(String, String)>,
    rotate_after_days: Option<u16>,
) -> Result<KeyQuery, Vec<FieldError>> {
    let known =
        ["status", "environment", "scope", "q", WITHIN, UNUSED, ROTATION_DUE, "secret", "limit", "cursor", "include"];
    key_query(pairs, &known, rotate_after_days)
}

/// Parses the query of `GET operators`. Operators' keys have no environment.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_operator_query(pairs: Vec<(String, String)>) -> Result<KeyQuery, Vec<FieldError>> {
    key_query(pairs, &["status", "scope", "q", WITHIN, UNUSED, "secret", "limit", "cursor", "include"], None)
}

fn key_query(
    pairs: Vec<(String, String)>,
    known: &[&str],
    rotate_after_days: Option<u16>,
) -> Result<KeyQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, known);
    let query = KeyQuery {
        status: parameters.take("status", |text| {
            KeyStatus::parse(text).ok_or_else(|| "allowed are: active, disabled, revoked, expired".into())
        }),
        environment: parameters
            .take("environment", |text| Environment::parse(text).ok_or_else(|| "allowed are: live, test".into())),
        scope: parameters
            .take("scope", |text| Scope::parse(text).ok_or_else(|| "a scope expected, such as \"read:leads\"".into())),
        text: parameters.take("q", searched).flatten(),
        expires_within_days: parameters.take(WITHIN, days),
        unused_for_days: parameters.take(UNUSED, days),
        rotation_due_days: parameters.take(ROTATION_DUE, |text| match (text, rotate_after_days) {
            ("true", Some(days)) => Ok(u32::from(days)),
            ("true", None) => Err("no key is ever due: keystile.toml has no [keys] rotate_after_days".into()),
            _ => Err("allowed is: true".into()),
        }),
        secret: parameters.take("secret", fingerprint),
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        after: parameters.take("cursor", |text| KeyPlace::parse(text).ok_or_else(foreign_cursor)),
        include_usage: parameters.take("include", included).is_some(),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET keys/{id}`: whether the answer includes sums of the key's uses.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_include(pairs: Vec<(String, String)>) -> Result<bool, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["include"]);
    let include_usage = parameters.take("include", included).is_some();
    parameters.finish()?;
    Ok(include_usage)
}

/// Parses the query of `GET keys/{id}/usage`, `GET tenants/{tenant}/usage` and `GET usage`: the period of the series.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_usage_query(pairs: Vec<(String, String)>) -> Result<Period, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["period"]);
    let period =
        parameters.take("period", |text| Period::parse(text).ok_or_else(|| "allowed are: 24h, 7d, 30d".into()));
    parameters.finish()?;
    Ok(period.unwrap_or_default())
}

/// Parses the query of `GET usage/export` and `GET tenants/{tenant}/usage/export`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_usage_export_query(pairs: Vec<(String, String)>) -> Result<UsageExportQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["from", "to", "after"]);
    let (from, to) = (parameters.take("from", whole_hour), parameters.take("to", whole_hour));
    let after = parameters.take("after", |text| {
        Place::parse(text).ok_or_else(|| "the `next` or an `id` of an earlier answer expected".into())
    });
    parameters.finish()?;
    let mistake = |field: &str, detail: &str| FieldError { field: field.into(), detail: detail.into() };
    match (from, to) {
        (Some(from), Some(to)) if from < to => Ok(UsageExportQuery { hours: Hours { from, to }, after }),
        (Some(_), Some(_)) => Err(alloc::vec![mistake("to", "a time after `from` expected")]),
        (from, to) => {
            let missing = [("from", from), ("to", to)].into_iter().filter(|(_, hour)| hour.is_none());
            Err(missing.map(|(name, _)| mistake(name, "required: the beginning of an hour, in RFC 3339")).collect())
        }
    }
}

fn whole_hour(text: &str) -> Result<i64, String> {
    let at = Timestamp::parse_rfc3339(text).filter(|at| beginning_of(hour_of(*at)) == *at);
    at.map(hour_of).ok_or_else(|| "the beginning of an hour expected, such as 2027-01-31T12:00:00Z".into())
}

/// Parses the query of `GET overview`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_overview_query(pairs: Vec<(String, String)>) -> Result<OverviewQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["expiring_within_days", UNUSED, "near_cap_percent"]);
    let query = OverviewQuery {
        expiring_within_days: parameters.take("expiring_within_days", days).unwrap_or(30),
        unused_for_days: parameters.take(UNUSED, days).unwrap_or(90),
        near_cap_percent: parameters.take("near_cap_percent", |text| whole(text, 100)).unwrap_or(80),
        configured_secrets: Vec::new(),
        operators_secrets: Vec::new(),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET tenants`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_tenant_query(pairs: Vec<(String, String)>) -> Result<TenantQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["q", "limit", "cursor"]);
    let query = TenantQuery {
        text: parameters.take("q", searched).flatten(),
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        after: parameters.take("cursor", |text| tenant_after(text).ok_or_else(foreign_cursor)),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET dead-letters`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_dead_letter_query(pairs: Vec<(String, String)>) -> Result<DeadLetterQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["limit", "cursor"]);
    let query = DeadLetterQuery {
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        after: parameters.take("cursor", |text| DeadLetterPlace::parse(text).ok_or_else(foreign_cursor)),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET deliveries`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_delivery_query(pairs: Vec<(String, String)>) -> Result<DeliveryQuery, Vec<FieldError>> {
    let known = ["event_id", "webhook_id", "event_type", "outcome", "since", "until", "limit", "cursor"];
    let mut parameters = Parameters::new(pairs, &known);
    let query = DeliveryQuery {
        event_id: parameters.take("event_id", exact),
        webhook_id: parameters.take("webhook_id", exact),
        event_type: parameters.take("event_type", exact),
        outcome: parameters.take("outcome", outcome),
        since: parameters.take("since", instant),
        until: parameters.take("until", instant),
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        after: parameters.take("cursor", |text| DeliveryPlace::parse(text).ok_or_else(foreign_cursor)),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET event-endpoints/{endpoint}/attempts`.
///
/// # Errors
/// All mistakes in the query.
#[cfg(feature = "events")]
pub fn parse_attempt_query(pairs: Vec<(String, String)>) -> Result<Attempts, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["event", "limit", "cursor"]);
    let query = Attempts {
        event: parameters.take("event", |text| {
            EventId::parse(text).ok_or_else(|| "an event's id expected, such as evt_4bTzV9cXk07Hq2mN1pRs".into())
        }),
        limit: parameters.take("limit", event_limit).unwrap_or(DEFAULT_LIMIT),
        before: parameters.take("cursor", event_place),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET event-endpoints/{endpoint}/dead-letters`.
///
/// # Errors
/// All mistakes in the query.
#[cfg(feature = "events")]
pub fn parse_unsent_query(pairs: Vec<(String, String)>) -> Result<DeadLetters, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["limit", "cursor"]);
    let query = DeadLetters {
        limit: parameters.take("limit", event_limit).unwrap_or(DEFAULT_LIMIT),
        before: parameters.take("cursor", event_place),
    };
    parameters.finish()?;
    Ok(query)
}

#[cfg(feature = "events")]
fn event_limit(text: &str) -> Result<u32, String> {
    whole(text, MAX_PAGE)
}

#[cfg(feature = "events")]
fn event_place(text: &str) -> Result<i64, String> {
    EventPlace::parse(text).map(|EventPlace(place)| place).ok_or_else(foreign_cursor)
}

/// Parses the query of `GET audit`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_audit_query(pairs: Vec<(String, String)>) -> Result<AuditQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["key_id", "limit", "cursor"]);
    let query = AuditQuery {
        key_id: parameters.take("key_id", key_id),
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        before: parameters.take("cursor", |text| AuditPlace::parse(text).ok_or_else(foreign_cursor)),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET audit/export`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_export_query(pairs: Vec<(String, String)>) -> Result<ExportQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["key_id", "after"]);
    let query = ExportQuery {
        key_id: parameters.take("key_id", key_id),
        after: parameters
            .take("after", |text| AuditId::parse(text).ok_or_else(|| "the `id` of an entry expected".into())),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET tenants/{tenant}/export` and `GET export`: the sealed mark behind which it goes on.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_after_mark(pairs: Vec<(String, String)>) -> Result<Option<String>, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["after"]);
    let after = parameters.take("after", |text| Ok::<_, String>(text.to_string()));
    parameters.finish()?;
    Ok(after)
}

/// The 422 for an export that should continue after an entry that the log does not have.
#[must_use]
pub fn unknown_entry() -> Vec<FieldError> {
    let detail =
        "this log has no entry with this id; it may have been removed for its age, and others with it: begin anew";
    alloc::vec![FieldError { field: "after".into(), detail: detail.into() }]
}

/// Parses the query of an operation that takes no parameters.
///
/// # Errors
/// The parameters that were sent.
pub fn parse_no_query(pairs: Vec<(String, String)>) -> Result<(), Vec<FieldError>> {
    Parameters::new(pairs, &[]).finish()
}

fn searched(text: &str) -> Result<Option<String>, String> {
    match text.trim() {
        text if text.chars().count() > MAX_TEXT_CHARS => Err(format!("{MAX_TEXT_CHARS} characters at most")),
        "" => Ok(None),
        text => Ok(Some(searchable(text))),
    }
}

fn exact(text: &str) -> Result<String, String> {
    let fits = (1..=MAX_EXACT_CHARS).contains(&text.chars().count());
    fits.then(|| text.to_string()).ok_or_else(|| format!("1 to {MAX_EXACT_CHARS} characters expected"))
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let found = Outcome::ALL.iter().find(|outcome| outcome.as_str() == text);
    found.copied().ok_or_else(|| "allowed are: delivered, queued, failed, dead".into())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| "a time expected, such as 2026-11-26T18:00:00Z".into())
}

/// Six bytes in base64url, as [`Keyring`](crate::Keyring) names its secrets.
fn fingerprint(text: &str) -> Result<String, String> {
    let fits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    fits.then(|| text.to_string()).ok_or_else(|| "the `fingerprint` of a secret expected, 8 characters".into())
}

fn key_id(text: &str) -> Result<KeyId, String> {
    KeyId::parse(text).ok_or_else(|| "a key's id expected, such as key_4bTzV9cXk07Hq2mN1pRs".into())
}

fn included(text: &str) -> Result<(), String> {
    if text == "usage" { Ok(()) } else { Err("allowed is: usage".into()) }
}

fn limit(text: &str) -> Result<u32, String> {
    whole(text, MAX_LIMIT)
}

fn days(text: &str) -> Result<u32, String> {
    whole(text, MAX_DAYS)
}

fn whole(text: &str, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("a whole number from 1 to {most} expected"))
}

fn foreign_cursor() -> String {
    "this is no `next_cursor` of such a list".into()
}

/// The parameters of a query, taken one by one.
struct Parameters {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Parameters {
    fn new(pairs: Vec<(String, String)>, known: &[&str]) -> Self {
        let mut errors = Vec::new();
        for (index, (name, _)) in pairs.iter().enumerate() {
            let field = || name.chars().take(64).collect();
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
                errors.push(FieldError { field: field(), detail: format!("unknown parameter; known are: {known}") });
            } else if pairs.iter().take(index).any(|(earlier, _)| earlier == name) {
                errors.push(FieldError { field: field(), detail: "given twice".into() });
            }
        }
        Self { pairs, errors }
    }

    fn take<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (_, text) = self.pairs.iter().find(|(parameter, _)| parameter == name)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.errors.push(FieldError { field: name.into(), detail });
                None
            }
        }
    }

    fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::id::{DeliveryId, TenantId},
        ledger::query::tenant_cursor,
    };
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn mistakes(query: &[(&str, &str)]) -> Vec<String> {
        let errors = parse_key_query(pairs(query), None).unwrap_err();
        errors.into_iter().map(|error| format!("{}: {}", error.field, error.detail)).collect()
    }

    #[test]
    fn nothing_said_is_the_first_fifty_of_all() {
        let query = parse_key_query(Vec::new(), None).unwrap();
        let all = KeyQuery {
            status: None,
            environment: None,
            scope: None,
            text: None,
            expires_within_days: None,
            unused_for_days: None,
            rotation_due_days: None,
            secret: None,
            limit: 50,
            after: None,
            include_usage: false,
        };
        assert_eq!(query, all);
        assert_eq!(parse_key_query(pairs(&[("q", " ")]), None).unwrap().text, None);
    }

    #[test]
    fn deliveries_are_filtered_by_what_they_are_called_when_they_came_and_how_they_ended() {
        let id = DeliveryId::parse("dlv_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let place = DeliveryPlace { received_at: Timestamp::from_millis(7), id };
        let cursor = place.cursor();
        let said = [
            ("event_id", "evt_1"),
            ("webhook_id", "demo_1"),
            ("event_type", "invoice.paid"),
            ("outcome", "dead"),
            ("since", "1970-01-01T00:00:00.005Z"),
            ("until", "1970-01-01T01:00:00.006+01:00"),
            ("limit", "3"),
            ("cursor", &cursor),
        ];
        let expected = DeliveryQuery {
            event_id: Some("evt_1".into()),
            webhook_id: Some("demo_1".into()),
            event_type: Some("invoice.paid".into()),
            outcome: Some(Outcome::Dead),
            since: Some(Timestamp::from_millis(5)),
            until: Some(Timestamp::from_millis(6)),
            limit: 3,
            after: Some(place),
        };
        assert_eq!(parse_delivery_query(pairs(&said)), Ok(expected));
        for wrong in [("outcome", "lost"), ("since", "yesterday"), ("event_id", ""), ("cursor", "x"), ("body", "1")] {
            let errors = parse_delivery_query(pairs(&[wrong])).unwrap_err();
            assert_eq!(errors.len(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn an_export_of_uses_is_of_whole_hours_and_goes_on_after_a_place() {
        let export = |query: &[(&str, &str)]| parse_usage_export_query(pairs(query));
        let hours = [("from", "2025-06-15T15:00:00Z"), ("to", "2025-06-15T19:00:00+02:00")];
        let query = export(&[hours[0], hours[1], ("after", "acme")]).unwrap();
        assert_eq!(query.hours, Hours { from: 486_111, to: 486_113 });
        assert_eq!(query.after, Place::parse("acme"));
        for (query, field) in [
            (vec![hours[0]], "to"),
            (vec![hours[1]], "from"),
            (vec![hours[0], ("to", "2025-06-15T15:00:00Z")], "to"),
            (vec![hours[0], ("to", "2025-06-15T17:00:01Z")], "to"),
            (vec![hours[0], hours[1], ("after", "a/b")], "after"),
            (vec![hours[0], hours[1], ("period", "24h")], "period"),
        ] {
            assert_eq!(export(&query).unwrap_err()[0].field, field, "{query:?}");
        }
        assert_eq!(export(&[]).unwrap_err().len(), 2);
    }

    #[test]
    fn everything_said_is_taken() {
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let place = KeyPlace { created_at: Timestamp::from_millis(-5), id };
        let cursor = place.cursor();
        let query = [
            ("status", "expired"),
            ("environment", "test"),
            ("scope", "read:leads"),
            ("q", "ZÄHLER"),
            ("expires_within_days", "1"),
            ("unused_for_days", "3650"),
            ("rotation_due", "true"),
            ("secret", "aZ09-_bc"),
            ("limit", "200"),
            ("cursor", &cursor),
            ("include", "usage"),
        ];
        let expected = KeyQuery {
            status: Some(KeyStatus::Expired),
            environment: Some(Environment::Test),
            scope: Scope::parse("read:leads"),
            text: Some("zähler".into()),
            expires_within_days: Some(1),
            unused_for_days: Some(3_650),
            rotation_due_days: Some(90),
            secret: Some("aZ09-_bc".into()),
            limit: 200,
            after: Some(place.clone()),
            include_usage: true,
        };
        assert_eq!(parse_key_query(pairs(&query), Some(90)), Ok(expected));
        let id = ("key_id", place.id.as_str());
        let audit = parse_audit_query(pairs(&[id, ("cursor", &AuditPlace(7).cursor())])).unwrap();
        assert_eq!(audit, AuditQuery { key_id: Some(place.id.clone()), limit: 50, before: Some(AuditPlace(7)) });
        let after = AuditId::parse("aud_4bTzV9cXk07Hq2mN1pRs");
        let export = parse_export_query(pairs(&[id, ("after", "aud_4bTzV9cXk07Hq2mN1pRs")])).unwrap();
        assert_eq!(export, ExportQuery { key_id: Some(place.id), after });
    }

    #[test]
    fn tenants_page_by_name() {
        let acme = TenantId::parse("acme").unwrap();
        let query = parse_tenant_query(pairs(&[("cursor", &tenant_cursor(&acme)), ("q", "AC")])).unwrap();
        assert_eq!(query, TenantQuery { text: Some("ac".into()), limit: 50, after: Some(acme) });
        assert!(parse_tenant_query(pairs(&[("cursor", &AuditPlace(7).cursor())])).is_err());
    }

    #[test]
    fn one_key_and_its_usage_have_parameters_of_their_own() {
        assert_eq!(parse_include(pairs(&[])), Ok(false));
        assert_eq!(parse_include(pairs(&[("include", "usage")])), Ok(true));
        assert_eq!(parse_include(pairs(&[("include", "all")])).unwrap_err()[0].detail, "allowed is: usage");
        assert_eq!(parse_usage_query(pairs(&[])), Ok(Period::Day));
        assert_eq!(parse_usage_query(pairs(&[("period", "30d")])), Ok(Period::Month));
        assert_eq!(parse_usage_query(pairs(&[("period", "1y")])).unwrap_err()[0].detail, "allowed are: 24h, 7d, 30d");
    }

    #[test]
    fn the_overview_looks_a_month_ahead_and_three_back_unless_it_is_told_otherwise() {
        let query = |expiring_within_days, unused_for_days, near_cap_percent| OverviewQuery {
            expiring_within_days,
            unused_for_days,
            near_cap_percent,
            configured_secrets: vec![],
            operators_secrets: vec![],
        };
        assert_eq!(parse_overview_query(Vec::new()), Ok(query(30, 90, 80)));
        let said = [("expiring_within_days", "7"), ("unused_for_days", "365"), ("near_cap_percent", "100")];
        assert_eq!(parse_overview_query(pairs(&said)), Ok(query(7, 365, 100)));
        let said = [("expiring_within_days", "0"), ("unused_for_days", "x"), ("near_cap_percent", "101"), ("q", "")];
        assert_eq!(parse_overview_query(pairs(&said)).unwrap_err().len(), 4);
    }

    #[test]
    fn each_mistake_names_its_parameter() {
        assert_eq!(mistakes(&[("limit", "0"), ("status", "on"), ("page", "2")]).len(), 3);
        for limit in ["0", "201", "-1", "1.5", "", "99999999999"] {
            assert_eq!(mistakes(&[("limit", limit)]), ["limit: a whole number from 1 to 200 expected"]);
        }
        assert_eq!(
            mistakes(&[("page", "2")]),
            ["page: unknown parameter; known are: status, environment, scope, q, expires_within_days, \
              unused_for_days, rotation_due, secret, limit, cursor, include"]
        );
        for days in ["0", "3651", "-1", "x"] {
            let expected = "unused_for_days: a whole number from 1 to 3650 expected";
            assert_eq!(mistakes(&[("unused_for_days", days)]), [expected]);
        }
        assert!(mistakes(&[("rotation_due", "true")])[0].contains("rotate_after_days"));
        assert_eq!(mistakes(&[("rotation_due", "false")]), ["rotation_due: allowed is: true"]);
        assert!(mistakes(&[("secret", "short")])[0].contains("the `fingerprint` of a secret"));
        assert_eq!(mistakes(&[("environment", "Live"), ("scope", "no scope")]).len(), 2);
        assert!(parse_operator_query(pairs(&[("environment", "live")])).is_err());
        assert!(parse_audit_query(pairs(&[("key_id", "aud_4bTzV9cXk07Hq2mN1pRs")])).is_err());
        assert!(parse_export_query(pairs(&[("after", "key_4bTzV9cXk07Hq2mN1pRs")])).is_err());
        assert_eq!(mistakes(&[("limit", "1"), ("limit", "2")]), ["limit: given twice"]);
        for cursor in ["", "x", "é", AuditPlace(7).cursor().as_str()] {
            assert_eq!(mistakes(&[("cursor", cursor)]), vec![format!("cursor: {}", foreign_cursor())]);
        }
    }
}
