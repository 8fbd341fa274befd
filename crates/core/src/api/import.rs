//! `POST keys/import`: imports keys of another system, by their digests.
//!
//! Each line stands for itself: a wrong line is reported with all its mistakes, and the others are imported. A digest
//! is imported once. A later line about it changes nothing; the answer names the fields that differ.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde::Serialize;
use serde_json::Value;

use super::{exposed::Secrets, management};
use crate::{
    base::{
        code::Code,
        fields::{FieldError, Fields},
        id::{KeyId, TenantId},
        problem::Problem,
        timestamp::Timestamp,
    },
    config::ManageConfig,
    key::KeyDigest,
    ledger::{import::LineResult, lifecycle::ImportedKey, plan::RequestedExpiry},
};

/// The maximum number of lines in a request.
pub const MAX_LINES: usize = 5_000;
/// The maximum length of the body, bytes.
pub const MAX_BODY_BYTES: u32 = 4 * 1024 * 1024;

/// The maximum length of all named mistakes in an answer, bytes. Each line that fails says so, whatever is left.
const MAX_NAMED_BYTES: usize = 256 * 1024;

/// Parses the body: for each line its key, or all its mistakes.
///
/// # Errors
/// The mistakes of the body as a whole.
#[allow(clippy::type_complexity, reason = "a list of parsed lines has no simpler name")]
pub fn parse(
    body: Value,
    tenant: &TenantId,
    config: &ManageConfig,
    secrets: Secrets<'_>,
    now: Timestamp,
) -> Result<Vec<Result<ImportedKey, Vec<FieldError>>>, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let lines = fields.required("keys", |value| match value {
        Value::Array(lines) if (1..=MAX_LINES).contains(&lines.len()) => Ok(lines),
        Value::Array(lines) => Err(format!("it has {} lines; 1 to {MAX_LINES} expected", lines.len())),
        _ => Err("a list of keys expected".to_string()),
    });
    fields.finish()?;
    let mut room = MAX_NAMED_BYTES;
    let line = |line: Value| {
        let parsed = no_key(&line, secrets).and_then(|()| parse_line(line, tenant, config, now));
        parsed.map_err(|mistakes| within(&mut room, mistakes))
    };
    Ok(lines.unwrap_or_default().into_iter().map(line).collect())
}

/// Checks that a line holds no key. Its display form has a check of its own.
fn no_key(line: &Value, secrets: Secrets<'_>) -> Result<(), Vec<FieldError>> {
    secrets.check(line).or_else(|mut found| {
        found.retain(|mistake| mistake.field != "display");
        if found.is_empty() { Ok(()) } else { Err(found) }
    })
}

/// The mistakes of a line, or that there is no room to name them.
fn within(room: &mut usize, mistakes: Vec<FieldError>) -> Vec<FieldError> {
    let length = mistakes.iter().map(|mistake| mistake.field.len() + mistake.detail.len()).sum();
    match room.checked_sub(length) {
        Some(left) => {
            *room = left;
            mistakes
        }
        None => {
            *room = 0;
            let detail = "its mistakes are not named, since those of other lines are so many; mend those first";
            alloc::vec![FieldError { field: String::new(), detail: detail.into() }]
        }
    }
}

fn parse_line(
    line: Value,
    tenant: &TenantId,
    config: &ManageConfig,
    now: Timestamp,
) -> Result<ImportedKey, Vec<FieldError>> {
    let mut fields = Fields::new(line)?;
    let digest = fields.required("digest", parse_digest);
    let display = fields.required("display", |value| {
        let text = value.as_str().ok_or("a string expected")?;
        // A client that sends the key itself as display form would put it into every list and log.
        if digest == Some(KeyDigest::of(text)) {
            return Err("this is the key itself; show a few characters of it".to_string());
        }
        Ok(config.key_forms().parse_display(text)?)
    });
    let created_at = fields.optional("created_at", |value| past(value, now));
    let revoked = fields.optional("status", is_revoked).unwrap_or(false);
    // The expiry of a key that is over may be over, too.
    let expires_after = if revoked { Timestamp::from_millis(0) } else { now };
    let mut new = management::new_key(&mut fields, tenant, config, expires_after);
    // A customer's old key must not end by a default.
    if new.expires_at == RequestedExpiry::Default {
        new.expires_at = RequestedExpiry::Never;
    }
    fields.finish()?;
    // `finish` has returned already if either is missing.
    let (Some(digest), Some(display)) = (digest, display) else { return Err(Vec::new()) };
    Ok(ImportedKey { digest, display, new, created_at, revoked })
}

/// Parses a time that is over, and no earlier than 1970.
fn past(value: Value, now: Timestamp) -> Result<Timestamp, String> {
    let instant = management::time(&value)?;
    if instant > now {
        return Err(format!("this is in the future; it is {} now", now.to_rfc3339()));
    }
    if instant < Timestamp::from_millis(0) {
        return Err("a time from 1970 on expected".to_string());
    }
    Ok(instant)
}

fn is_revoked(value: Value) -> Result<bool, String> {
    match value.as_str() {
        Some("active") => Ok(false),
        Some("revoked") => Ok(true),
        _ => Err("allowed are: active, revoked".to_string()),
    }
}

/// Parses 32 bytes in hexadecimal digits, base64 or base64url. Other systems use any of these.
fn parse_digest(value: Value) -> Result<KeyDigest, String> {
    let text = value.as_str().ok_or("a string expected")?;
    let unpadded = text.trim_end_matches('=');
    let base64 = || {
        let bytes = STANDARD_NO_PAD.decode(unpadded).or_else(|_| URL_SAFE_NO_PAD.decode(unpadded)).ok()?;
        bytes.try_into().ok().map(KeyDigest::from_bytes)
    };
    KeyDigest::from_hex(text).or_else(base64).ok_or_else(|| {
        "the SHA-256 of the key expected: 64 hexadecimal digits, or 32 bytes in base64 or base64url".to_string()
    })
}

/// The answer: the result of each line in order, and the number of lines with each result.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ImportReport {
    pub existing: usize,
    pub failed: usize,
    pub imported: usize,
    /// Whether all of it was done before, and is only answered again.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub replayed: bool,
    pub results: Vec<ReportedLine>,
}

impl ImportReport {
    /// Whether nothing came of it: every line failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.failed == self.results.len()
    }

    /// The 422 of an import of which every line failed: the first line's mistake, and the report.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let first = self.results.first().and_then(|line| line.errors.first());
        let (field, why) = first.map(|first| (first.field.as_str(), first.detail.as_str())).unwrap_or_default();
        let detail =
            format!("Nothing was imported: each of the {} lines failed. The first: {field}: {why}", self.failed);
        let mut problem = Problem::new(Code::ImportFailed, detail);
        if let Ok(Value::Object(report)) = serde_json::to_value(self) {
            problem.extensions = report;
        }
        problem
    }

    /// Of the lines' results, in their order.
    #[must_use]
    pub fn new(results: Vec<LineResult>, replayed: bool) -> Self {
        let count = |status: &str| results.iter().filter(|result| result.status() == status).count();
        Self {
            existing: count("existing"),
            failed: count("failed"),
            imported: count("imported"),
            replayed,
            results: results.into_iter().enumerate().map(|(line, result)| ReportedLine::new(line, result)).collect(),
        }
    }
}

/// A line of the report.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ReportedLine {
    /// Of an existing key: the fields in which the line says something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// Of a line that failed: all that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    pub id: Option<KeyId>,
    pub line: usize,
    pub status: &'static str,
}

impl ReportedLine {
    fn new(line: usize, result: LineResult) -> Self {
        let status = result.status();
        let (id, differs, errors) = match result {
            LineResult::Imported { id } => (Some(id), Vec::new(), Vec::new()),
            LineResult::Existing { id, differs } => (Some(id), differs, Vec::new()),
            LineResult::Failed { errors } => (None, Vec::new(), errors),
        };
        Self { differs, errors, id, line, status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::manage::tests::config,
        key::root_key::RootKeys,
        ledger::{
            import::differences,
            lifecycle::{Key, KeyStatus},
        },
        limits::definition::tests::limits,
    };
    use alloc::vec;
    use proptest::prelude::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn lines(body: Value) -> Result<Vec<Result<ImportedKey, Vec<FieldError>>>, Vec<FieldError>> {
        let (config, root_keys) = (config(), RootKeys::default());
        let secrets = Secrets { forms: config.key_forms(), root_keys: &root_keys };
        parse(body, &TenantId::parse("acme").unwrap(), &config, secrets, NOW)
    }

    fn line() -> Value {
        json!({"digest": HEX, "display": "sk_live_ab12", "name": "Zapier", "scopes": ["read:leads"]})
    }

    /// The mistakes of one line, each as field and detail.
    fn mistakes(line: Value) -> Vec<String> {
        let errors = lines(json!({ "keys": [line] })).unwrap().remove(0).unwrap_err();
        errors.into_iter().map(|error| format!("{}: {}", error.field, error.detail)).collect()
    }

    fn with(field: &str, value: Value) -> Value {
        let mut line = line();
        line[field] = value;
        line
    }

    #[test]
    fn a_digest_comes_as_hex_or_base64_in_any_of_their_dresses() {
        let digest = KeyDigest::of("abc");
        let standard = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        for text in [
            HEX.into(),
            HEX.to_uppercase(),
            standard.into(),
            standard.trim_end_matches('=').into(),
            standard.replace('+', "-").replace('/', "_"),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0".to_string(),
        ] {
            assert_eq!(parse_digest(json!(text)), Ok(digest), "{text}");
        }
        for text in ["", "abc", &HEX[1..], &standard[2..], &format!("{HEX}00"), "é", &format!(" {HEX}")] {
            assert!(parse_digest(json!(text)).unwrap_err().contains("SHA-256"), "{text}");
        }
        assert!(parse_digest(json!(7)).is_err());
    }

    #[test]
    fn good_lines_survive_bad_ones_and_each_mistake_of_a_line_is_named() {
        let bad = json!({"digest": "x", "display": "pk_live_ab12", "scopes": [], "colour": 1});
        let parsed = lines(json!({"keys": [line(), bad, 7, line()]})).unwrap();
        assert_eq!(parsed.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
        let fields: Vec<_> = parsed[1].as_ref().unwrap_err().iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["digest", "display", "name", "scopes", "colour"]);
        assert_eq!(parsed[2].as_ref().unwrap_err()[0].detail, "a JSON object expected");
    }

    #[test]
    fn a_body_that_is_no_list_of_lines_is_refused_as_a_whole() {
        let too_many = Value::Array(vec![json!(1); MAX_LINES + 1]);
        for (body, expected) in [
            (json!([]), "a JSON object expected"),
            (json!({}), "this is required"),
            (json!({"keys": {}}), "a list of keys expected"),
            (json!({"keys": []}), "it has 0 lines"),
            (json!({ "keys": too_many }), "it has 5001 lines"),
            (json!({"keys": [line()], "dry_run": true}), "unknown field"),
        ] {
            let errors = lines(body).unwrap_err();
            assert!(errors[0].detail.starts_with(expected), "{errors:?}");
        }
    }

    #[test]
    fn the_key_itself_is_not_taken_for_its_display_form() {
        let mut line = with("display", json!("sk_live_0123456"));
        line["digest"] = json!(KeyDigest::of("sk_live_0123456").to_hex());
        assert!(mistakes(line)[0].contains("the key itself"));
        assert!(mistakes(with("display", json!("sk_live_0123456789")))[0].contains("too much"));
        assert!(mistakes(with("display", json!("vcrm_live_ab12")))[0].contains("issued here"));
        assert!(mistakes(with("display", json!("ab12")))[0].contains("allow_imported"));
        assert!(mistakes(with("expires_at", json!("2020-01-01T00:00:00Z")))[0].contains("in the past"));
    }

    #[test]
    fn what_is_imported_is_told_from_what_was_minted_and_from_what_the_line_says() {
        let imported = lines(json!({ "keys": [line()] })).unwrap().remove(0).unwrap();
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let key = Key::import(id, imported.clone(), None, NOW);
        assert!(key.is_imported() && !crate::ledger::lifecycle::tests::key().is_imported());
        assert_eq!((key.digest, key.record.version), (KeyDigest::of("abc"), 1));
        assert!(differences(&imported, &key, &limits()).is_empty());
        let other = json!({"digest": HEX, "display": "sk_live_", "name": "n8n", "scopes": ["read:leads"],
            "environment": "test", "expires_at": "2027-01-01T00:00:00Z", "allowed_ips": ["192.0.2.1"],
            "metadata": {"a": 1}, "rate_limits": {"per-second": {"limit": 5}}});
        let other = lines(json!({ "keys": [other] })).unwrap().remove(0).unwrap();
        let all = ["display", "name", "environment", "expires_at", "allowed_ips", "metadata", "rate_limits"];
        assert_eq!(differences(&other, &key, &limits()), all);
    }

    #[test]
    fn the_mistakes_of_many_lines_are_named_within_bounds() {
        let scopes: Vec<String> = (0..50).map(|index| format!("no-scope-{index}")).collect();
        let bad = with("scopes", json!(scopes));
        let parsed = lines(json!({ "keys": vec![bad; 5_000] })).unwrap();
        let mistakes: Vec<_> = parsed.into_iter().map(Result::unwrap_err).collect();
        assert!(mistakes.iter().all(|of_line| of_line.len() == 1));
        assert!(mistakes[0][0].detail.contains("no-scope-7") && !mistakes[0][0].detail.contains("no-scope-8"));
        assert!(mistakes[4_999][0].detail.contains("not named"));
        assert!(json!(mistakes).to_string().len() < 1024 * 1024);
    }

    #[test]
    fn a_line_that_holds_a_key_fails_by_itself() {
        let key = "vcrm_live_0123456789ABCDEFGHIJKLMNOPQRSTUVoyVZGU";
        let parsed = lines(json!({ "keys": [line(), with("metadata", json!({ "old": key })), line()] })).unwrap();
        assert_eq!(parsed.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(parsed[1].as_ref().unwrap_err()[0].field, "metadata.old");
    }

    #[test]
    fn an_import_of_which_every_line_failed_is_a_problem_with_its_report() {
        let failed = |line: usize| LineResult::refused("digest", format!("mistake {line}"));
        let report = ImportReport::new((0..3).map(failed).collect(), false);
        assert!(report.is_failure());
        let problem = report.problem();
        assert_eq!(problem.status(), 422);
        assert_eq!(problem.detail, "Nothing was imported: each of the 3 lines failed. The first: digest: mistake 0");
        assert_eq!((&problem.extensions["failed"], &problem.extensions["imported"]), (&json!(3), &json!(0)));
        assert_eq!(problem.extensions["results"][2]["errors"][0]["detail"], "mistake 2");
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let some = ImportReport::new(vec![failed(0), LineResult::Existing { id, differs: vec![] }], false);
        assert!(!some.is_failure());
    }

    #[test]
    fn a_key_that_is_over_is_imported_as_revoked_and_keeps_its_dates() {
        let mut over = with("status", json!("revoked"));
        over["created_at"] = json!("2020-01-01T00:00:00Z");
        over["expires_at"] = json!("2021-01-01T00:00:00Z");
        let imported = lines(json!({ "keys": [over] })).unwrap().remove(0).unwrap();
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let key = Key::import(id, imported.clone(), Timestamp::parse_rfc3339("2021-01-01T00:00:00Z"), NOW);
        assert_eq!(key.record.created_at.to_rfc3339(), "2020-01-01T00:00:00.000Z");
        assert_eq!((key.status(NOW), key.record.version), (KeyStatus::Revoked, 1));
        assert_eq!(key.revocation.as_ref().unwrap().at, NOW);
        assert!(differences(&imported, &key, &limits()).is_empty());
        let living = lines(json!({ "keys": [line()] })).unwrap().remove(0).unwrap();
        assert_eq!(differences(&living, &key, &limits()), ["expires_at"], "an unsaid date differs from none");
        let known = Key::import(key.record.id, living, None, NOW);
        assert_eq!(differences(&imported, &known, &limits()), ["expires_at", "created_at", "status"]);
    }

    #[test]
    fn a_creation_is_over_and_a_status_is_one_of_two() {
        assert!(mistakes(with("created_at", json!("2100-01-01T00:00:00Z")))[0].contains("in the future"));
        assert!(mistakes(with("created_at", json!("1969-12-31T00:00:00Z")))[0].contains("from 1970"));
        assert!(mistakes(with("created_at", json!("yesterday")))[0].contains("RFC 3339"));
        assert!(mistakes(with("status", json!("disabled")))[0].contains("active, revoked"));
        assert!(lines(json!({ "keys": [with("status", json!("active"))] })).unwrap()[0].is_ok());
    }

    #[test]
    fn the_report_has_a_line_for_each() {
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let results = [
            LineResult::Imported { id: id.clone() },
            LineResult::Existing { id: id.clone(), differs: vec![] },
            LineResult::Existing { id, differs: vec!["name".into()] },
            LineResult::refused("digest", "it belongs to another tenant"),
        ];
        let expected = json!({
            "imported": 1, "existing": 2, "failed": 1,
            "results": [
                {"line": 0, "status": "imported", "id": "key_4bTzV9cXk07Hq2mN1pRs"},
                {"line": 1, "status": "existing", "id": "key_4bTzV9cXk07Hq2mN1pRs"},
                {"line": 2, "status": "existing", "id": "key_4bTzV9cXk07Hq2mN1pRs", "differs": ["name"]},
                {"line": 3, "status": "failed", "id": null,
                 "errors": [{"field": "digest", "detail": "it belongs to another tenant"}]},
            ],
        });
        assert_eq!(json!(ImportReport::new(results.into(), false)), expected);
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(digest: String, display: String) {
            let _ = lines(json!({"keys": [{"digest": digest, "display": display, "name": 1}]}));
        }
    }
}
