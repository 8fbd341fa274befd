//! The export of a ledger, from which another deployment restores it: its header, its marks, and what a deployment needs
//! to take it.
//!
//! An export is lines of JSON, in pages. The first line is the [`Header`]. Each page ends with a line that holds a
//! sealed [`Mark`]; the last page ends with the end. A mark has the running digest of the pages so far, so whoever has the
//! header and the end can check every byte between them, and only a holder of `KEYSTILE_SECRET` can make an export that a
//! restore takes. It also says where the export goes on, so it is its cursor.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::summary::SecretCount;
use crate::{
    base::{
        code::Code,
        fields::{FieldError, Fields},
        id::{KeyId, TenantId},
        problem::Problem,
    },
    key::{
        KeyDigest, KeyForms,
        keyring::{Keyring, OpenExportError},
    },
};

/// The format that this build writes. It reads formats up to this one.
pub const FORMAT: u32 = 1;
/// The maximum length of a restore's body, bytes.
pub const MAX_BODY_BYTES: u32 = 4 * 1024 * 1024;

/// The first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format, [`FORMAT`].
    pub format: u32,
    /// The version of Keystile that wrote it.
    pub keystile: String,
    /// A random text, so that no two exports are the same.
    pub nonce: String,
    /// The time at which the export began, RFC 3339.
    pub exported_at: String,
    /// The tenant; `None` for the operators.
    pub tenant: Option<TenantId>,
    /// The secrets that living keys depend on, and how many each, when the export began.
    pub secrets: Vec<SecretCount>,
    /// The prefixes of keys that the deployment issued, the present one first.
    pub prefixes: Vec<String>,
    /// What `allow_imported` has.
    pub imported: Vec<String>,
}

impl Header {
    /// The deployment's own part of the header.
    #[must_use]
    pub fn prefixes_of(forms: KeyForms<'_>) -> (Vec<String>, Vec<String>) {
        let prefixes = forms.prefixes.iter().map(|prefix| prefix.as_str().to_string()).collect();
        let imported = forms.imported.iter().map(|form| form.stated().to_string()).collect();
        (prefixes, imported)
    }

    /// Checks that keys of this export would work in a deployment.
    ///
    /// # Errors
    /// The 409 that names all that is missing. `sealed_with` is the fingerprint of a secret that is missing to check the
    /// export's seal, if one is.
    pub fn check(&self, forms: KeyForms<'_>, keyring: &Keyring, sealed_with: Option<&str>) -> Result<(), Problem> {
        let configured = |fingerprint: &str| keyring.fingerprints().any(|known| known == fingerprint);
        let needed = self.secrets.iter().filter(|secret| secret.keys > 0).map(|secret| secret.fingerprint.as_str());
        let mut secrets: Vec<&str> = needed.chain(sealed_with).filter(|fingerprint| !configured(fingerprint)).collect();
        secrets.sort_unstable();
        secrets.dedup();
        let (here, imported_here) = Self::prefixes_of(forms);
        let lacking = |there: &[String], here: &[String]| -> Vec<String> {
            there.iter().filter(|each| !here.contains(each)).cloned().collect()
        };
        // Operators' keys have a prefix of their own.
        let of_tenant = self.tenant.is_some();
        let prefixes = if of_tenant { lacking(&self.prefixes, &here) } else { Vec::new() };
        let imported = if of_tenant { lacking(&self.imported, &imported_here) } else { Vec::new() };
        if secrets.is_empty() && prefixes.is_empty() && imported.is_empty() {
            return Ok(());
        }
        let mut missing = Vec::new();
        if !secrets.is_empty() {
            missing.push(format!("the KEYSTILE_SECRET with the fingerprint {}", secrets.join(", ")));
        }
        if !prefixes.is_empty() {
            missing.push(format!("the prefix {} (`former_prefixes`)", prefixes.join(", ")));
        }
        if !imported.is_empty() {
            missing.push(format!("{} in `allow_imported`", imported.join(", ")));
        }
        let detail = format!("Keys of this export would not work here. This deployment lacks: {}.", missing.join("; "));
        let problem = refused(detail).with("missing_secrets", json!(secrets));
        Err(problem.with("missing_prefixes", json!(prefixes)).with("missing_imported", json!(imported)))
    }
}

/// The numbers of lines of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Keys. One that changed while it was exported has more than one line; the last one counts.
    pub keys: u64,
    /// Audit entries.
    pub audit: u64,
    /// Rows of other tables.
    pub rows: u64,
}

/// The state of an export behind one of its pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The SHA-256 of the header's line, which names the export.
    pub export: KeyDigest,
    /// The ledger's tenant; `None` for the operators.
    pub tenant: Option<TenantId>,
    /// The number of pages so far.
    pub number: u64,
    /// The running digest of them, see [`running_digest`].
    pub digest: KeyDigest,
    /// The last audit entry when the export began.
    pub audit_began: u64,
    /// The last audit entry so far.
    pub audit_last: u64,
    /// The lines so far.
    pub counts: Counts,
    /// The place where the next page begins.
    pub place: Place,
    /// The first hour of which uses go out by the hour; of those before it only totals do. The export goes on for as long
    /// as this hour is kept. 0 in marks of versions before, which have all hours.
    #[serde(default)]
    pub hours_from: i64,
}

/// A place in a ledger: what an export has had so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Among the keys, behind this one.
    Keys(Option<KeyId>),
    /// Among the audit entries, behind the one with this number.
    Audit(u64),
    /// Among the rows of the table of this number, behind the row with this key, JSON.
    Rows(usize, Option<String>),
    /// At the end.
    End,
}

impl Mark {
    /// The mark before the first page.
    #[must_use]
    pub fn beginning(header_line: &str, tenant: Option<TenantId>, audit_began: u64) -> Self {
        let export = KeyDigest::of(header_line);
        Self {
            export,
            tenant,
            number: 0,
            digest: export,
            audit_began,
            audit_last: 0,
            counts: Counts::default(),
            place: Place::Keys(None),
            hours_from: 0,
        }
    }

    /// The mark of a tenant that was erased, which has no export. No page has one without a number.
    #[must_use]
    pub fn of_erased(tenant: TenantId) -> Self {
        Self { place: Place::End, ..Self::beginning("", Some(tenant), 0) }
    }

    /// The mark as text that only holders of the secret can make.
    #[must_use]
    pub fn seal(&self, keyring: &Keyring) -> String {
        keyring.seal_export(&URL_SAFE_NO_PAD.encode(json!(self).to_string()))
    }

    /// Reads [`seal`](Self::seal).
    ///
    /// # Errors
    /// See [`OpenExportError`].
    pub fn open(sealed: &str, keyring: &Keyring) -> Result<Self, OpenExportError> {
        let text = keyring.open_export(sealed)?;
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenExportError::Broken)?;
        serde_json::from_slice(&json).map_err(|_| OpenExportError::Broken)
    }
}

/// The running digest behind a page: SHA-256 over the digest before it and the bytes of its lines, line ends included,
/// without the line that has its mark. Before the first page it is the SHA-256 of the header's line, without line end.
#[must_use]
pub fn running_digest(before: &KeyDigest, lines: &str) -> KeyDigest {
    KeyDigest::from_bytes(
        Sha256::new().chain_update(before.as_bytes()).chain_update(lines.as_bytes()).finalize().into(),
    )
}

/// A part of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestorePart {
    /// The first and the last line of the export.
    Begin {
        /// The header's line.
        header: String,
        /// The end's line.
        end: String,
    },
    /// One page, with the line that ends it.
    Page(String),
    /// In place of an export the line of a tenant that was erased.
    Erased(String),
}

/// Parses the body of a restore: `{"header", "end"}` or `{"page"}`.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_part(body: serde_json::Value) -> Result<RestorePart, Vec<FieldError>> {
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Ok(text),
        _ => Err("a string expected: lines of an export as they are".to_string()),
    };
    let mut fields = Fields::new(body)?;
    let page = fields.optional("page", text);
    if let Some(page) = page {
        fields.finish()?;
        return Ok(RestorePart::Page(page));
    }
    if let Some(erased) = fields.optional("erased", text) {
        fields.finish()?;
        return Ok(RestorePart::Erased(erased.trim_end_matches('\n').into()));
    }
    let header = fields.required("header", text);
    let end = fields.required("end", text);
    fields.finish()?;
    // `finish` has returned already if either is missing.
    let (Some(header), Some(end)) = (header, end) else { return Err(Vec::new()) };
    Ok(RestorePart::Begin { header: header.trim_end_matches('\n').into(), end: end.trim_end_matches('\n').into() })
}

/// The 409: this ledger doesn't take this export.
#[must_use]
pub fn refused(detail: impl Into<alloc::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::RestoreRefused, detail)
}

/// The 422: the field isn't what a deployment exported.
#[must_use]
pub fn broken(field: &str, detail: impl Into<String>) -> Vec<FieldError> {
    alloc::vec![FieldError { field: field.into(), detail: detail.into() }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyPrefix, imported::ImportedForm};
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SECRET: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const OTHER: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

    fn keyring(secrets: &[&str]) -> Keyring {
        Keyring::parse(&secrets.join(",")).unwrap()
    }

    fn header() -> Header {
        Header {
            format: FORMAT,
            keystile: "1.0.0".into(),
            nonce: "n".into(),
            exported_at: "2026-11-27T04:50:00.000Z".into(),
            tenant: TenantId::parse("acme"),
            secrets: vec![SecretCount { fingerprint: "FgaiTqr6".into(), keys: 2 }],
            prefixes: vec!["vcrm".into()],
            imported: vec!["sk_live_".into()],
        }
    }

    fn mark() -> Mark {
        let mark = Mark::beginning("{}", TenantId::parse("acme"), 7);
        let place = Place::Rows(1, Some("[1]".into()));
        let counts = Counts { keys: 1, audit: 2, rows: 3 };
        Mark { number: 3, audit_last: 9, counts, place, hours_from: 486_000, ..mark }
    }

    #[test]
    fn header_and_mark_are_golden() {
        let text = concat!(
            r#"{"format":1,"keystile":"1.0.0","nonce":"n","exported_at":"2026-11-27T04:50:00.000Z","tenant":"acme","#,
            r#""secrets":[{"fingerprint":"FgaiTqr6","keys":2}],"prefixes":["vcrm"],"imported":["sk_live_"]}"#,
        );
        assert_eq!(serde_json::to_string(&header()).unwrap(), text);
        assert_eq!(serde_json::from_str::<Header>(text).unwrap(), header());
        let digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let text = format!(
            concat!(
                r#"{{"export":"{0}","tenant":"acme","number":3,"digest":"{0}","audit_began":7,"audit_last":9,"#,
                r#""counts":{{"keys":1,"audit":2,"rows":3}},"place":{{"rows":[1,"[1]"]}},"hours_from":486000}}"#,
            ),
            digest
        );
        assert_eq!(serde_json::to_string(&mark()).unwrap(), text);
        assert_eq!(serde_json::from_str::<Mark>(&text).unwrap(), mark());
        let of_before = text.replace(r#","hours_from":486000"#, "");
        assert_eq!(serde_json::from_str::<Mark>(&of_before).unwrap(), Mark { hours_from: 0, ..mark() });
    }

    #[test]
    fn a_mark_opens_with_any_of_the_secrets_and_with_no_other() {
        let sealed = mark().seal(&keyring(&[SECRET]));
        assert_eq!(Mark::open(&sealed, &keyring(&[OTHER, SECRET])), Ok(mark()));
        assert_eq!(Mark::open(&sealed, &keyring(&[OTHER])), Err(OpenExportError::MissingSecret("FgaiTqr6".into())));
        let forged = keyring(&[SECRET]).seal_export("e30").replace("e30.", "e31.");
        for broken in ["", "a.b", forged.as_str(), &sealed[..sealed.len() - 1], &keyring(&[SECRET]).seal_export("e30")]
        {
            let opened = Mark::open(broken, &keyring(&[SECRET]));
            assert!(matches!(opened, Err(OpenExportError::Broken | OpenExportError::MissingSecret(_))), "{broken}");
        }
    }

    #[test]
    fn the_mark_of_an_erased_tenant_is_no_mark_of_an_export() {
        let acme = TenantId::parse("acme").unwrap();
        let erased = Mark::of_erased(acme.clone());
        assert_eq!((erased.number, &erased.place, erased.tenant.as_ref()), (0, &Place::End, Some(&acme)));
        let end = Mark { number: 1, place: Place::End, ..Mark::beginning("", Some(acme), 0) };
        assert_ne!(end, erased);
    }

    #[test]
    fn the_running_digest_covers_all_pages_and_their_order() {
        let first = running_digest(&KeyDigest::of("{}"), "a\n");
        assert_ne!(running_digest(&first, "b\n"), running_digest(&running_digest(&KeyDigest::of("{}"), "b\n"), "a\n"));
        assert_ne!(running_digest(&first, "b\n"), running_digest(&first, "b"));
    }

    #[test]
    fn what_a_deployment_lacks_is_named_at_once() {
        let (prefixes, imported) = ([KeyPrefix::parse("vcrm").unwrap()], [ImportedForm::prefix("sk_live_").unwrap()]);
        let here = KeyForms { prefixes: &prefixes, imported: &imported };
        let mut there = header();
        assert_eq!(there.check(here, &keyring(&[SECRET]), None), Ok(()));
        there.prefixes.push("old".into());
        there.imported.push("pk_".into());
        let problem = there.check(here, &keyring(&[OTHER]), Some("FgaiTqr6")).unwrap_err();
        assert_eq!(problem.status(), 409);
        assert_eq!(problem.extensions["missing_secrets"], json!(["FgaiTqr6"]));
        assert_eq!(problem.extensions["missing_prefixes"], json!(["old"]));
        assert_eq!(problem.extensions["missing_imported"], json!(["pk_"]));
        assert!(problem.detail.contains("FgaiTqr6") && problem.detail.contains("old"));
        there.tenant = None;
        assert_eq!(there.check(here, &keyring(&[SECRET]), None), Ok(()), "operators' keys have their own prefix");
    }

    #[test]
    fn a_body_is_a_beginning_a_page_or_an_erased_tenant() {
        let begin = RestorePart::Begin { header: "h".into(), end: "e".into() };
        assert_eq!(parse_part(json!({"header": "h\n", "end": "e"})), Ok(begin));
        assert_eq!(parse_part(json!({"page": "p\n"})), Ok(RestorePart::Page("p\n".into())));
        assert_eq!(parse_part(json!({"erased": "e\n"})), Ok(RestorePart::Erased("e".into())));
        for wrong in [
            json!({}),
            json!({"page": 1}),
            json!({"header": "h"}),
            json!({"page": "p", "end": "e"}),
            json!({"page": "p", "erased": "e"}),
            json!([]),
        ] {
            assert!(parse_part(wrong).is_err());
        }
    }
}
