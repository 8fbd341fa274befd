//! Lists by page: the queries of `GET keys`, `GET tenants`, `GET audit` and its export, and the opaque cursors that
//! lead from page to page.
//!
//! A cursor is the place of the last row that was shown, not a number of rows. So pages neither skip nor repeat rows
//! while rows are added, and each page costs the same. The newest rows come first, except in an export.

#[cfg(feature = "events")]
mod event_endpoints;
mod parameters;
mod usage;
mod values;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

#[cfg(feature = "events")]
pub use event_endpoints::{parse_attempt_query, parse_unsent_query};
pub use usage::{parse_usage_export_query, parse_usage_query};
pub use values::{DEFAULT_LIMIT, MAX_LIMIT, MAX_TEXT_CHARS};

use self::{
    parameters::Parameters,
    values::{days, exact, fingerprint, foreign_cursor, included, instant, key_id, limit, outcome, searched, whole},
};
use crate::{
    access::scope::Scope,
    base::{fields::FieldError, id::AuditId},
    key::Environment,
    ledger::{
        lifecycle::KeyStatus,
        query::{
            AuditPlace, AuditQuery, DeadLetterPlace, DeadLetterQuery, ExportQuery, KeyPlace, KeyQuery, TenantQuery,
            tenant_after,
        },
    },
    objects::overview::OverviewQuery,
    receiver::delivery::{DeliveryPlace, DeliveryQuery},
};

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

#[cfg(test)]
mod tests {
    use super::{parameters::tests::pairs, *};
    use crate::{
        base::{
            id::{DeliveryId, KeyId, TenantId},
            timestamp::Timestamp,
        },
        ledger::query::tenant_cursor,
        receiver::delivery::Outcome,
        usage::report::Period,
    };
    use alloc::{format, vec};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

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
