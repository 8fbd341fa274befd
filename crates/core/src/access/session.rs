//! Sessions of the pages: an operator's at the dashboard, and a customer's at the portal.
//!
//! A session is a random text, of which the operators' ledger stores the digest alone. It ends at its time, with the
//! operator's key behind it, or when its holder ends it. A page sends an operator's session as a cookie. A portal
//! session has a token for `Authorization`, and a code that a page exchanges once for a cookie.
//!
//! The last six characters are a tag, as those of a key are. So a text that was never issued costs no call to the
//! ledger. A session ends when the secret that tagged it is dropped.

use alloc::{format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::scope::{Catalog, ScopeSet};
use crate::{
    base::{
        base62,
        code::Code,
        id::{SessionId, TenantId},
        problem::Problem,
        timestamp::{HOUR_MS, SECOND_MS, Timestamp},
    },
    key::{KeyDigest, TAG_LEN, keyring::Keyring},
};

/// The longest time that an operator's session lasts, milliseconds.
pub const OPERATOR_SESSION_MS: i64 = 12 * HOUR_MS;
/// The time for which the code of a portal session can be exchanged, milliseconds.
pub const CODE_MS: i64 = 300 * SECOND_MS;
/// The number of random bytes that [`SessionText::mint`] needs.
pub const SESSION_RANDOM_BYTES: usize = 2 * RANDOM_LEN;
/// The random characters of a session's text: 154 bits.
const RANDOM_LEN: usize = 26;

/// The form in which a session is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// An operator's session, in a cookie.
    Operator,
    /// The code of a portal session, in the fragment of a link.
    PortalCode,
    /// The cookie of a portal session, which takes the place of the code.
    PortalCookie,
    /// The token of a portal session, in `Authorization`.
    PortalToken,
}

impl SessionKind {
    const ALL: [Self; 4] = [Self::Operator, Self::PortalCode, Self::PortalCookie, Self::PortalToken];

    /// The beginning of the text.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Operator => "kssession_",
            Self::PortalCode => "kscode_",
            Self::PortalCookie => "kspage_",
            Self::PortalToken => "ksportal_",
        }
    }

    /// The name of the cookie, of the kinds that are in one. Browsers keep a cookie with `__Host-` from other hosts and
    /// from plain HTTP.
    #[must_use]
    pub const fn cookie(self) -> Option<&'static str> {
        match self {
            Self::Operator => Some("__Host-keystile"),
            Self::PortalCookie => Some("__Host-keystile-portal"),
            Self::PortalCode | Self::PortalToken => None,
        }
    }

    /// The digest of a text of this kind; `None` if the text isn't one that was tagged with one of the secrets.
    #[must_use]
    pub fn digest(self, text: &str, keyring: &Keyring) -> Option<KeyDigest> {
        let (tagged, tag) = self.parts(text)?;
        let genuine = tags(tagged, keyring).iter().any(|made| bool::from(made.ct_eq(tag.as_bytes())));
        genuine.then(|| KeyDigest::of(text))
    }

    /// Whether a text has the form of a session of any kind, genuine or not.
    #[must_use]
    pub fn any_has_form_of(text: &str) -> bool {
        Self::ALL.iter().any(|kind| kind.parts(text).is_some())
    }

    /// The tagged part of a text of this form, and its tag.
    fn parts(self, text: &str) -> Option<(&str, &str)> {
        let drawn = text.strip_prefix(self.prefix())?;
        if drawn.len() != RANDOM_LEN + TAG_LEN || !drawn.bytes().all(base62::is_base62) {
            return None;
        }
        text.split_at_checked(text.len() - TAG_LEN)
    }
}

/// The tags of a text's beginning, that of the newest secret first. A tag follows from the place in KV where a key of
/// this text would be, which only somebody with the secret can work out.
fn tags(tagged: &str, keyring: &Keyring) -> Vec<[u8; TAG_LEN]> {
    let tag = |address: &str| {
        let first = KeyDigest::of(address).as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        base62::encode(u64::from_be_bytes(first))
    };
    keyring.slots(&KeyDigest::of(tagged)).map(|slot| tag(&slot.address)).collect()
}

/// The text of a session that was just minted. It has no `Debug`, so that no log shows it.
pub struct SessionText(String);

impl SessionText {
    /// A new text, from [`SESSION_RANDOM_BYTES`] random bytes, tagged with the newest secret.
    #[must_use]
    pub fn mint(kind: SessionKind, random: &[u8], keyring: &Keyring) -> Option<Self> {
        let mut text = String::from(kind.prefix());
        text.extend(base62::draw::<RANDOM_LEN>(random)?.map(char::from));
        let tag = tags(&text, keyring).first().copied()?;
        text.extend(tag.map(char::from));
        Some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.0)
    }
}

/// The person for whom a portal session acts, in the words of the operator who minted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The operator's own id of the person.
    pub id: String,
    /// The person's name.
    pub name: String,
}

/// A portal session, as the ledger stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalSession {
    /// Its id, which may be logged.
    pub id: SessionId,
    /// The tenant whose keys it manages.
    pub tenant: TenantId,
    /// The person.
    pub actor: Actor,
    /// The rights, in the words of operators' scopes.
    pub may: ScopeSet,
    /// The scopes that its keys may get.
    pub scopes: ScopeSet,
    /// The end of token and cookie.
    pub expires_at: Timestamp,
}

/// A caller's portal session, as far as it restricts the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// The session's id.
    pub session: SessionId,
    /// The person.
    pub actor: Actor,
    /// The scopes that its keys may get.
    pub scopes: ScopeSet,
}

impl Portal {
    /// Checks whether the session may manage a key with these scopes: each must be among its own, or implied by them.
    ///
    /// # Errors
    /// The 403 that names a scope beyond its own.
    pub fn covers(&self, scopes: &ScopeSet, catalog: &Catalog) -> Result<(), Problem> {
        match scopes.iter().find(|scope| !catalog.grants(&self.scopes, scope)) {
            None => Ok(()),
            Some(beyond) => Err(exceeds(format!(
                "This session may not manage keys with the scope \"{beyond}\"; ask for a session that may."
            ))),
        }
    }
}

/// The 403: the session may do such things, but not this one.
#[must_use]
pub fn exceeds(detail: impl Into<alloc::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::ExceedsOwnRights, detail).with("lacking_scopes", json!([]))
}

/// The 401: the session is over, was ended, or never was. `realm` is the deployment's name.
#[must_use]
pub fn ended(realm: &str) -> Problem {
    Problem::new(Code::SessionEnded, "This session has ended; sign in again.")
        .with_header("WWW-Authenticate", format!("Bearer realm=\"{realm}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::scope::{Implies, Scope, ScopeDefinition};
    use alloc::{string::ToString, vec};
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The keyring of secrets that consist of these bytes.
    fn keyring(secrets: &[u8]) -> Keyring {
        let secrets: Vec<String> = secrets.iter().map(|byte| STANDARD.encode([*byte; 32])).collect();
        Keyring::parse(&secrets.join(",")).unwrap()
    }

    #[test]
    fn a_text_is_known_by_its_kind_alone() {
        let keyring = keyring(&[1]);
        for kind in SessionKind::ALL {
            let text = SessionText::mint(kind, &[7; SESSION_RANDOM_BYTES], &keyring).unwrap();
            for other in SessionKind::ALL {
                let expected = (kind == other).then(|| text.digest());
                assert_eq!(other.digest(text.reveal(), &keyring), expected, "{kind:?} as {other:?}");
            }
            assert!(SessionKind::any_has_form_of(text.reveal()));
            for junk in [format!("{}x", text.reveal()), text.reveal()[1..].to_string(), kind.prefix().to_string()] {
                assert_eq!(kind.digest(&junk, &keyring), None, "{junk}");
                assert!(!SessionKind::any_has_form_of(&junk), "{junk}");
            }
        }
    }

    #[test]
    fn a_text_that_no_present_secret_tagged_is_none() {
        let kind = SessionKind::PortalToken;
        let text = SessionText::mint(kind, &[7; SESSION_RANDOM_BYTES], &keyring(&[1])).unwrap();
        assert_eq!(kind.digest(text.reveal(), &keyring(&[2, 1])), Some(text.digest()));
        assert_eq!(kind.digest(text.reveal(), &keyring(&[2])), None);
        for at in kind.prefix().len()..text.reveal().len() {
            let mut altered = text.reveal().to_string();
            let other = if &altered[at..=at] == "0" { "1" } else { "0" };
            altered.replace_range(at..=at, other);
            assert_eq!(kind.digest(&altered, &keyring(&[1])), None, "{altered}");
            assert!(SessionKind::any_has_form_of(&altered));
        }
    }

    #[test]
    fn a_portal_session_manages_keys_within_its_scopes() {
        let scope = |name: &str| Scope::parse(name).unwrap();
        let set = |names: &[&str]| names.iter().map(|name| scope(name)).collect::<ScopeSet>();
        let definition = |name: &str, implies| ScopeDefinition {
            name: scope(name),
            description: String::new(),
            unavailable: None,
            implies,
        };
        let catalog = Catalog::new(vec![
            definition("read", Implies::These(vec![])),
            definition("write", Implies::These(vec![scope("read")])),
            definition("admin", Implies::Everything),
        ])
        .unwrap();
        let portal = |scopes| Portal {
            session: SessionId::parse("ps_4bTzV9cXk07Hq2mN1pRs").unwrap(),
            actor: Actor { id: "7".into(), name: "Ann".to_string() },
            scopes,
        };
        assert!(portal(set(&["write"])).covers(&set(&["read", "write"]), &catalog).is_ok());
        assert!(portal(set(&["read"])).covers(&set(&["write"]), &catalog).is_err());
        assert!(portal(set(&["write"])).covers(&set(&["admin"]), &catalog).is_err());
        assert!(portal(set(&["admin"])).covers(&set(&["write", "admin"]), &catalog).is_ok());
        assert!(portal(set(&[])).covers(&set(&["read"]), &catalog).is_err());
        assert!(portal(set(&[])).covers(&set(&[]), &catalog).is_ok());
        // A scope that left the catalog is covered by itself alone.
        assert!(portal(set(&["admin"])).covers(&set(&["gone"]), &catalog).is_err());
    }
}
