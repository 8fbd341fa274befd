//! The lines of an export. SQLite writes them from the rows, so no value changes on its way; this reads them back.
//!
//! Each line is a JSON object with one member, which names its kind. JSON columns are there as JSON. If a column isn't JSON
//! that SQLite can read, its text is there as a string.

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    base::timestamp::rfc3339,
    events::settings::EndpointSettings,
    feed::message::TenantStatus,
    ledger::{
        backup::{Counts, Header},
        exposure::Exposure,
        plan::TenantSettings,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::super::keys;

/// A line of a page.
pub(super) enum Line<'a> {
    /// The tenant's plan, limits and status.
    Tenant(TenantLine),
    /// A key.
    Key(Box<KeyLine>),
    /// An audit entry, as JSON.
    Audit(&'a str),
    /// An endpoint for events.
    Endpoint(Box<EndpointSettings>),
    /// A row of one of the [`TABLES`](super::tables::TABLES), as JSON.
    Row(&'a str, &'a str),
}

/// The line of a tenant. What was never set is null.
#[derive(Deserialize)]
pub(super) struct TenantLine {
    pub(super) settings: Option<TenantSettings>,
    pub(super) standing: Option<Standing>,
}

#[derive(Deserialize)]
pub(super) struct Standing {
    version: u64,
    suspended: u8,
}

impl Standing {
    pub(super) const fn of(&self, tenant: TenantId) -> TenantStatus {
        TenantStatus { tenant, version: self.version, suspended: self.suspended != 0 }
    }
}

/// The line of a key: the columns of its row that don't follow from others.
#[derive(Deserialize)]
pub(super) struct KeyLine {
    pub(super) id: KeyId,
    pub(super) digest: KeyDigest,
    record: Box<RawValue>,
    secret: String,
    revoked_at: Option<Timestamp>,
    revoke_reason: Option<String>,
    rotated_from: Option<KeyId>,
    rotated_to: Option<KeyId>,
    pending_end: Option<Box<RawValue>>,
    pub(super) first_used_at: Option<Timestamp>,
    pub(super) last_used_at: Option<Timestamp>,
    own_limits: Option<Box<RawValue>>,
    counts_as: Option<KeyId>,
    created_by: Option<Box<RawValue>>,
    disabled_by_customer: u8,
    pub(super) expiry_set_at: Option<Timestamp>,
    pub(super) exposure: Option<Exposure>,
}

/// The columns of a key's line, for `json_object`.
pub(super) const KEY_MEMBERS: &str =
    "'id', id, 'digest', digest, 'record', json(iif(json_valid(record), record, json_quote(record))),
    'secret', secret, 'revoked_at', revoked_at, 'revoke_reason', revoke_reason, 'rotated_from', rotated_from,
    'rotated_to', rotated_to, 'pending_end', json(pending_end), 'first_used_at', first_used_at,
    'last_used_at', last_used_at, 'own_limits', json(own_limits), 'counts_as', counts_as,
    'created_by', json(created_by), 'disabled_by_customer', disabled_by_customer, 'expiry_set_at', expiry_set_at,
    'exposure', json(exposure)";

/// The same of an audit entry.
pub(super) const AUDIT_MEMBERS: &str =
    "'seq', seq, 'id', id, 'at', at, 'actor_id', actor_id, 'actor_name', actor_name, 'action', action,
    'key_id', key_id, 'key_name', key_name, 'key_display', key_display, 'source', source, 'request_id', request_id,
    'detail', json(iif(json_valid(detail), detail, json_quote(detail))), 'letter_source', letter_source,
    'letter_id', letter_id, 'behalf_id', behalf_id, 'behalf_name', behalf_name";

/// The statement that restores the audit entry `?1`.
pub(super) const RESTORE_AUDIT: &str =
    "INSERT INTO audit (seq, id, at, actor_id, actor_name, action, key_id, key_name, key_display, source, request_id,
        detail, letter_source, letter_id, behalf_id, behalf_name)
    SELECT ?1 ->> 'seq', ?1 ->> 'id', ?1 ->> 'at', ?1 ->> 'actor_id', ?1 ->> 'actor_name', ?1 ->> 'action',
        ?1 ->> 'key_id', ?1 ->> 'key_name', ?1 ->> 'key_display', ?1 ->> 'source', ?1 ->> 'request_id',
        iif(json_type(?1, '$.detail') = 'text', ?1 ->> 'detail', ?1 -> 'detail'), ?1 ->> 'letter_source',
        ?1 ->> 'letter_id', ?1 ->> 'behalf_id', ?1 ->> 'behalf_name'";

impl KeyLine {
    /// The key as the ledger has it.
    pub(super) fn row(self) -> worker::Result<keys::KeyRow> {
        let text = |raw: Option<Box<RawValue>>| raw.map(|raw| text_of(&raw));
        let row = keys::Row {
            id: self.id.to_string(),
            digest: self.digest,
            record: text_of(&self.record),
            secret: self.secret,
            revoked_at: self.revoked_at,
            revoke_reason: self.revoke_reason,
            effective_by: None,
            rotated_from: self.rotated_from,
            rotated_to: self.rotated_to,
            pending_end: text(self.pending_end),
            last_used_at: self.last_used_at,
            own_limits: text(self.own_limits),
            counts_as: self.counts_as,
            limits_effective_by: None,
            created_by: text(self.created_by),
            disabled_by_customer: self.disabled_by_customer,
            exposure: self.exposure.as_ref().map(serde_json::to_string).transpose()?,
        };
        row.try_into()
    }

    /// Whether another system issued the key: no secret tagged it.
    pub(super) fn is_imported(&self) -> bool {
        self.secret.is_empty()
    }
}

/// The text of a column: JSON, or a string that holds what isn't.
fn text_of(raw: &RawValue) -> String {
    match serde_json::from_str(raw.get()) {
        Ok(Value::String(text)) => text,
        _ => raw.get().into(),
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Option<Line<'_>> {
    let (kind, rest) = line.strip_prefix("{\"")?.split_once("\":")?;
    let inner = rest.strip_suffix('}')?;
    match kind {
        "tenant" => serde_json::from_str(inner).ok().map(Line::Tenant),
        "key" => serde_json::from_str(inner).ok().map(Line::Key),
        "event_endpoint" => serde_json::from_str(inner).ok().map(Line::Endpoint),
        "audit" => super::tables::is_object(inner).then_some(Line::Audit(inner)),
        _ => super::tables::is_object(inner).then_some(Line::Row(kind, inner)),
    }
}

/// The line with the header, without its end.
pub(super) fn header(header: &Header) -> worker::Result<String> {
    #[derive(Serialize)]
    struct Outer<'a> {
        header: &'a Header,
    }
    Ok(serde_json::to_string(&Outer { header })?)
}

/// Reads [`header`].
pub(super) fn read_header(line: &str) -> Option<Header> {
    #[derive(Deserialize)]
    struct Outer {
        header: Header,
    }
    serde_json::from_str(line).ok().map(|outer: Outer| outer.header)
}

/// The line of a tenant that was erased.
#[derive(Serialize, Deserialize)]
pub(super) struct Erased {
    pub(super) tenant: TenantId,
    pub(super) mark: String,
}

#[derive(Serialize, Deserialize)]
struct OuterErased {
    erased: Erased,
}

/// The line of a tenant that was erased, without its end.
pub(super) fn erased(tenant: &TenantId, mark: String) -> worker::Result<String> {
    let erased = Erased { tenant: tenant.clone(), mark };
    Ok(serde_json::to_string(&OuterErased { erased })?)
}

/// Reads [`erased`].
pub(super) fn read_erased(line: &str) -> Option<Erased> {
    serde_json::from_str(line).ok().map(|outer: OuterErased| outer.erased)
}

/// The line that ends a page, without its end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Closing {
    /// Another page follows.
    Page {
        /// The number of the page, from 1.
        number: u64,
        /// The running digest.
        digest: KeyDigest,
        /// The sealed mark.
        mark: String,
    },
    /// This was the last page.
    End {
        number: u64,
        digest: KeyDigest,
        /// The lines of the export.
        counts: Counts,
        /// The time at which the export ended.
        #[serde(with = "rfc3339")]
        at: Option<Timestamp>,
        mark: String,
    },
}

impl Closing {
    /// Reads the line.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The sealed mark, and whether it is that of the end.
    pub(super) fn mark(&self) -> (&str, bool) {
        match self {
            Self::Page { mark, .. } => (mark, false),
            Self::End { mark, .. } => (mark, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_core::access::record::KeyState;

    const KEY: &str = concat!(
        r#"{"key":{"id":"key_4bTzV9cXk07Hq2mN1pRs","digest":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
        r#""record":{"v":1,"min_reader":1,"id":"key_4bTzV9cXk07Hq2mN1pRs","version":3,"subject":{"api_key":{"tenant":"acme","#,
        r#""environment":"live"}},"state":"revoked","name":"Zapier","display":"knq_live_7Hq2","scopes":["read:leads"],"#,
        r#""metadata":{"plan":1.0},"created_at":1700000000000},"secret":"FgaiTqr6","revoked_at":1700000000001,"#,
        r#""revoke_reason":"leaked","rotated_from":null,"rotated_to":null,"pending_end":null,"first_used_at":null,"#,
        r#""last_used_at":null,"own_limits":{"per-second":{"limit":5}},"counts_as":null,"#,
        r#""created_by":{"id":"root","name":"root key","on_behalf_of":null},"disabled_by_customer":0,"#,
        r#""expiry_set_at":1700000000000,"exposure":{"at":1700000000001,"source":"commit","url":"https://example.com/1"}}}"#,
    );

    #[test]
    fn a_key_s_line_is_golden() {
        let Some(Line::Key(line)) = read(KEY) else { panic!("a key's line expected") };
        assert!(!line.is_imported());
        let key = line.row().unwrap().key;
        assert_eq!((key.record.version, key.record.state), (3, KeyState::Revoked));
        assert_eq!(key.revocation.unwrap().reason.as_deref(), Some("leaked"));
        assert_eq!(serde_json::to_string(&key.own_limits).unwrap(), r#"{"per-second":{"limit":5}}"#);
        assert_eq!(key.exposure.unwrap().source, "commit");
        assert!(key.record.encode().contains(r#""metadata":{"plan":1.0}"#));
    }

    #[test]
    fn other_lines_are_golden() {
        let tenant = r#"{"tenant":{"settings":{"plan":"free","own_limits":{},"own_counted":{},"limits_version":3,"version":5},"standing":{"version":2,"suspended":1}}}"#;
        let Some(Line::Tenant(line)) = read(tenant) else { panic!("a tenant's line expected") };
        assert_eq!(line.settings.unwrap().plan.as_deref(), Some("free"));
        assert!(line.standing.unwrap().of(TenantId::parse("acme").unwrap()).suspended);
        let endpoint = concat!(
            r#"{"event_endpoint":{"id":"ep_4bTzV9cXk07Hq2mN1pRs","url":"https://example.com/","types":["key.revoked"],"#,
            r#""signature":"v1","description":"","paused":false,"secrets":[{"sealed":"FgaiTqr6.AAAA"}],"#,
            r#""created_at":1700000000000,"version":1700000000000}}"#,
        );
        let Some(Line::Endpoint(endpoint)) = read(endpoint) else { panic!("an endpoint's line expected") };
        assert_eq!(endpoint.secrets.len(), 1);
        assert!(matches!(read(r#"{"audit":{"seq":1}}"#), Some(Line::Audit(r#"{"seq":1}"#))));
        assert!(matches!(read(r#"{"usage":{"hour":1}}"#), Some(Line::Row("usage", r#"{"hour":1}"#))));
        for broken in ["", "{}", "[1]", r#"{"key":{}}"#, r#"{"audit":[1]}"#, r#"{"usage":{"hour":1}"#] {
            assert!(read(broken).is_none(), "{broken}");
        }
        let line = r#"{"erased":{"tenant":"acme","mark":"m"}}"#;
        assert_eq!(erased(&TenantId::parse("acme").unwrap(), "m".into()).unwrap(), line);
        assert_eq!(read_erased(line).unwrap().mark, "m");
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let closings = [
            format!(r#"{{"page":{{"number":1,"digest":"{digest}","mark":"m"}}}}"#),
            format!(
                r#"{{"end":{{"number":2,"digest":"{digest}","counts":{{"keys":1,"audit":2,"rows":3}},"at":"2026-11-27T04:50:00.000Z","mark":"m"}}}}"#
            ),
        ];
        for (closing, is_end) in closings.into_iter().zip([false, true]) {
            let read = Closing::read(&closing).unwrap();
            assert_eq!(read.mark(), ("m", is_end));
            assert_eq!(serde_json::to_string(&read).unwrap(), closing);
        }
    }

    #[test]
    fn a_text_that_is_no_json_is_itself() {
        let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
        assert_eq!(text_of(&raw(r#""no JSON""#)), "no JSON");
        assert_eq!(text_of(&raw(r#"{"a":1.0}"#)), r#"{"a":1.0}"#);
    }
}
