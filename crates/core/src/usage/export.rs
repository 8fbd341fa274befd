//! The export of uses for billing: each use in one line, of closed hours only, with a signature at the end.
//!
//! An hour is closed when [`CLOSES_AFTER_HOURS`] have passed since its end, or earlier if its ledger has been asked for
//! it. From then on no count of it changes: uses that arrive later count in the hour in which they arrive, and the lines
//! of that hour say how many of them are late. So whoever asks for all hours, one after the other, gets each use once.
//! A line's id names tenant, hour, key and code, and is the same in each export.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use super::{beginning_of, hour_of};
use crate::{
    base::{
        id::{KeyId, TenantId},
        timestamp::{Rfc3339, Timestamp},
    },
    key::keyring::{self, KeyringError},
};

pub mod walk;

/// The time after its end at which an hour closes, hours. An isolate sends its counts within seconds, and gives a batch
/// up that is an hour old.
pub const CLOSES_AFTER_HOURS: i64 = 2;
/// The label of the subkey that signs exports.
const SUBKEY: &str = "keystile/v1/usage-export";

/// The first hour that is still open by the clock.
#[must_use]
pub const fn first_open_hour(now: Timestamp) -> i64 {
    hour_of(now) - CLOSES_AFTER_HOURS
}

/// The hours of an export, from the first one up to, but not including, the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Hours {
    pub from: i64,
    pub to: i64,
}

/// The query of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageExportQuery {
    /// The hours.
    pub hours: Hours,
    /// The place after which it goes on.
    pub after: Option<Place>,
}

/// A place in an export, written as `acme/486111/key_…/VALID`, or as `acme` for the end of that tenant's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub tenant: TenantId,
    /// The line; `None` for all of the tenant's.
    pub line: Option<LinePlace>,
}

/// A line's place among its tenant's. Lines are sorted by hour, key and code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LinePlace {
    pub hour: i64,
    pub key_id: KeyId,
    pub code: String,
}

impl Place {
    /// Parses a place.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let tenant = TenantId::parse(parts.next()?)?;
        let line = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(hour), Some(key_id), Some(code)) if is_code(code) => {
                Some(LinePlace { hour: hour.parse().ok()?, key_id: KeyId::parse(key_id)?, code: code.into() })
            }
            _ => return None,
        };
        parts.next().is_none().then_some(Self { tenant, line })
    }
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tenant.as_str())?;
        match &self.line {
            Some(LinePlace { hour, key_id, code }) => write!(f, "/{hour}/{key_id}/{code}"),
            None => Ok(()),
        }
    }
}

/// The uses of one key in one hour with one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledUses {
    /// The hour, in whole hours since 1970.
    pub hour: i64,
    /// The key.
    pub key_id: KeyId,
    /// The verdict's code.
    pub code: String,
    /// The number of uses.
    pub count: u64,
    /// Those of them that arrived after their own hour was closed.
    pub late: u64,
}

impl BilledUses {
    /// The place among the tenant's lines.
    #[must_use]
    pub fn place(&self) -> LinePlace {
        LinePlace { hour: self.hour, key_id: self.key_id.clone(), code: self.code.clone() }
    }

    /// The line of the export, with its end.
    #[must_use]
    pub fn line(&self, tenant: &TenantId) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            id: String,
            tenant: &'a TenantId,
            key_id: &'a KeyId,
            hour: Rfc3339,
            code: &'a str,
            uses: u64,
            late: u64,
        }
        let Self { hour, key_id, code, count, late } = self;
        let id = Place { tenant: tenant.clone(), line: Some(self.place()) }.to_string();
        let hour = Rfc3339(beginning_of(*hour));
        line(&Line { id, tenant, key_id, hour, code, uses: *count, late: *late })
    }
}

fn line(value: &impl Serialize) -> String {
    // Plain data always serialises.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Makes the signature of an export: the HMAC-SHA256 of everything before it, by a subkey of the newest secret.
pub struct Signer {
    fingerprint: String,
    mac: Hmac<Sha256>,
    lines: u64,
    uses: u64,
}

impl Signer {
    /// The signer of a new export, given the value of `KEYSTILE_SECRET`.
    ///
    /// # Errors
    /// The mistake in the secret.
    pub fn new(secrets: &str, fingerprint: &str) -> Result<Self, KeyringError> {
        let too_short = KeyringError::TooShort { position: 1 };
        let secrets = keyring::decoded(secrets)?;
        let newest = secrets.first().ok_or(KeyringError::Empty { position: 1 })?;
        let mut subkey = [0; 32];
        Hkdf::<Sha256>::new(None, newest).expand(SUBKEY.as_bytes(), &mut subkey).map_err(|_| too_short)?;
        let mac = Hmac::<Sha256>::new_from_slice(&subkey).map_err(|_| too_short)?;
        Ok(Self { fingerprint: fingerprint.into(), mac, lines: 0, uses: 0 })
    }

    /// Takes the next uses into account, and returns their lines.
    pub fn lines(&mut self, tenant: &TenantId, uses: &[BilledUses]) -> String {
        let text: String = uses.iter().map(|each| each.line(tenant)).collect();
        self.mac.update(text.as_bytes());
        self.lines += uses.len() as u64;
        self.uses += uses.iter().map(|each| each.count).sum::<u64>();
        text
    }

    /// The last line of the answer. It repeats the question, so that no answer can be taken for that to another one: the
    /// tenant whose uses were asked for, `None` for all tenants, and the query. `next` is the place after which the next
    /// answer goes on, if there is more.
    #[must_use]
    pub fn end(mut self, tenant: Option<&TenantId>, query: &UsageExportQuery, next: Option<&Place>) -> String {
        let UsageExportQuery { hours: Hours { from, to }, after } = query;
        let end = json!({
            "tenant": tenant, "after": after.as_ref().map(Place::to_string),
            "from": Rfc3339(beginning_of(*from)), "to": Rfc3339(beginning_of(*to)),
            "lines": self.lines, "uses": self.uses,
            "next": next.map(Place::to_string), "secret": self.fingerprint,
        });
        let end = end.to_string();
        let signed = format!("{{\"end\":{end}");
        self.mac.update(signed.as_bytes());
        let signature = Base64UrlUnpadded::encode_string(&self.mac.finalize().into_bytes());
        format!("{signed},\"signature\":\"{signature}\"}}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// 32 bytes 1.
    const SECRET: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn uses(hour: i64) -> BilledUses {
        let key_id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        BilledUses { hour, key_id, code: "VALID".into(), count: 3, late: 1 }
    }

    #[test]
    fn an_hour_closes_two_hours_after_its_end() {
        let end = beginning_of(486_112);
        let closed = |at: Timestamp| 486_111 < first_open_hour(at);
        assert!(!closed(end.plus_millis(2 * 3_600_000 - 1)));
        assert!(closed(end.plus_millis(2 * 3_600_000)));
    }

    #[test]
    fn places_read_back_and_nothing_else_does() {
        for text in ["acme", "acme/486111/key_4bTzV9cXk07Hq2mN1pRs/INSUFFICIENT_SCOPE"] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "a b", "acme/", "acme/1", "acme/1/key_4bTzV9cXk07Hq2mN1pRs", "acme/x/key_4bTzV9cXk07Hq2mN1pRs/VALID"]
        {
            assert_eq!(Place::parse(text), None, "{text}");
        }
        assert_eq!(Place::parse("acme/1/key_4bTzV9cXk07Hq2mN1pRs/VALID/x"), None);
        assert_eq!(Place::parse("acme/1/key_4bTzV9cXk07Hq2mN1pRs/valid"), None);
    }

    #[test]
    fn the_lines_and_the_signature_are_golden() {
        let mut signer = Signer::new(SECRET, "fingerpr").unwrap();
        let acme = TenantId::parse("acme").unwrap();
        let mut text = signer.lines(&acme, &[uses(486_111), uses(486_112)]);
        let next = Place { tenant: acme, line: None };
        let after = Place::parse("aardvark/486111/key_4bTzV9cXk07Hq2mN1pRs/VALID");
        let query = UsageExportQuery { hours: Hours { from: 486_111, to: 486_113 }, after };
        text.push_str(&signer.end(None, &query, Some(&next)));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"id":"acme/486111/key_4bTzV9cXk07Hq2mN1pRs/VALID","tenant":"acme","key_id":"key_4bTzV9cXk07Hq2mN1pRs","hour":"2025-06-15T15:00:00.000Z","code":"VALID","uses":3,"late":1}"#,
                r#"{"id":"acme/486112/key_4bTzV9cXk07Hq2mN1pRs/VALID","tenant":"acme","key_id":"key_4bTzV9cXk07Hq2mN1pRs","hour":"2025-06-15T16:00:00.000Z","code":"VALID","uses":3,"late":1}"#,
                r#"{"end":{"after":"aardvark/486111/key_4bTzV9cXk07Hq2mN1pRs/VALID","from":"2025-06-15T15:00:00.000Z","lines":2,"next":"acme","secret":"fingerpr","tenant":null,"to":"2025-06-15T17:00:00.000Z","uses":6},"signature":"sh0gQLZKiuCz9hj5cOIL769vY5AjsiUizJC9cHxi-Cc"}"#,
            ]
        );
    }

    #[test]
    fn another_text_and_the_answer_to_another_question_have_another_signature() {
        let signature = |count, tenant: Option<&str>, after: Option<&str>| {
            let mut signer = Signer::new(SECRET, "fingerpr").unwrap();
            signer.lines(&TenantId::parse("acme").unwrap(), &[BilledUses { count, ..uses(1) }]);
            let query = UsageExportQuery { hours: Hours { from: 1, to: 2 }, after: after.and_then(Place::parse) };
            let text = signer.end(tenant.and_then(TenantId::parse).as_ref(), &query, None);
            text.split_once("\"signature\"").unwrap().1.to_string()
        };
        let first = signature(1, None, None);
        assert_eq!(signature(1, None, None), first);
        for other in [(2, None, None), (1, Some("acme"), None), (1, None, Some("aardvark"))] {
            assert_ne!(signature(other.0, other.1, other.2), first, "{other:?}");
        }
        assert!(Signer::new("short", "fingerpr").is_err());
    }
}
