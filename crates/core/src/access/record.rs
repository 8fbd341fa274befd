//! A key's record, as ledger, feed and KV store it and the edge reads it.
//!
//! The stored form is JSON with two version numbers. `v` is the version of the format. `min_reader` is the reader that
//! is needed to *understand every restriction* in the record. A reader that is older than `min_reader` must not serve
//! the key, so the record decodes to [`Stored::TooNew`] and the edge answers 503. Unknown fields alone are ignored, so
//! purely informative fields may be added freely.
//!
//! The record is decoded field by field, each field by its own parser: serde's derived decoders would take a tenth of
//! the edge worker's permitted size.

use alloc::{
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::cmp::Ordering;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    access::scope::{Scope, ScopeSet},
    base::{
        id::{KeyId, TenantId},
        timestamp::Timestamp,
    },
    key::{Environment, KeyDisplay},
};

/// The version of the format that this build writes.
pub const RECORD_VERSION: u32 = 1;
/// The newest `min_reader` that this build understands.
pub const READER: u32 = 1;

/// The facts about a key that its verdict needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyRecord {
    /// The key's id.
    pub id: KeyId,
    /// The record's version. It grows by one with each change, in the ledger's transaction.
    pub version: u64,
    /// The owner and the kind of the key.
    pub subject: Subject,
    /// The state: active, disabled or revoked.
    pub state: KeyState,
    /// The name that the owner gave it.
    pub name: String,
    /// The display form.
    pub display: KeyDisplay,
    /// The granted scopes, without the implied ones; the edge works those out.
    pub scopes: ScopeSet,
    /// The expiry: from this instant on the key is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The source addresses that it may be used from; empty means any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<IpNet>,
    /// The owner's own data. `verify` returns it.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The time of creation.
    pub created_at: Timestamp,
}

/// A JSON object with the owner's data.
pub type Metadata = Map<String, Value>;

/// The owner and the kind of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A tenant's key for the guarded API.
    ApiKey {
        /// The tenant.
        tenant: TenantId,
        /// The environment, live or test.
        environment: Environment,
    },
    /// An operator's key for the management API and `verify`.
    Operator {
        /// The tenants that it may act for.
        reach: Reach,
    },
}

/// The tenants that an operator may act for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// All tenants, future ones included.
    All,
    /// One tenant.
    Tenant(TenantId),
}

impl Subject {
    fn decode(value: &Value) -> Option<Self> {
        if let Some(key) = value.get("api_key") {
            let tenant = TenantId::parse(key.get("tenant")?.as_str()?)?;
            return Some(Self::ApiKey { tenant, environment: Environment::parse(key.get("environment")?.as_str()?)? });
        }
        let reach = match value.get("operator")?.get("reach")? {
            Value::String(all) if all == "all" => Reach::All,
            reach => Reach::Tenant(TenantId::parse(reach.get("tenant")?.as_str()?)?),
        };
        Some(Self::Operator { reach })
    }
}

impl Reach {
    /// Whether it includes `tenant`.
    #[must_use]
    pub fn includes(&self, tenant: &TenantId) -> bool {
        match self {
            Self::All => true,
            Self::Tenant(own) => own == tenant,
        }
    }

    /// Whether it includes all that `other` includes.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match other {
            Self::All => *self == Self::All,
            Self::Tenant(tenant) => self.includes(tenant),
        }
    }
}

/// A key's state, apart from expiry. Ordered from the least to the most restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// In use.
    Active,
    /// Switched off; it can be switched on again.
    Disabled,
    /// Ended for good.
    Revoked,
}

impl KeyState {
    /// The name, as messages and tables have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "disabled" => Some(Self::Disabled),
            "revoked" => Some(Self::Revoked),
            _ => None,
        }
    }
}

/// A record as it was read: understood, or written for newer readers.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A record whose every restriction this build understands.
    Known(Rc<KeyRecord>),
    /// A record that needs a newer reader. This build must not serve the key.
    TooNew {
        /// The version, for comparison with later records.
        version: u64,
    },
}

/// An error: the text is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

#[derive(Serialize)]
struct Envelope<'a> {
    v: u32,
    min_reader: u32,
    #[serde(flatten)]
    record: &'a KeyRecord,
}

impl KeyRecord {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> String {
        let envelope = Envelope { v: RECORD_VERSION, min_reader: 1, record: self };
        // Every part serialises to JSON, since all map keys are strings.
        serde_json::to_string(&envelope).unwrap_or_default()
    }

    fn decode(version: u64, stored: &mut Map<String, Value>) -> Option<Self> {
        let metadata = match stored.remove("metadata") {
            None => Metadata::new(),
            Some(Value::Object(metadata)) => metadata,
            Some(_) => return None,
        };
        let text = |field: &str| stored.get(field)?.as_str();
        let texts = |field: &str| stored.get(field).map_or(Some(&[][..]), |list| list.as_array().map(Vec::as_slice));
        Some(Self {
            id: KeyId::parse(text("id")?)?,
            version,
            subject: Subject::decode(stored.get("subject")?)?,
            state: KeyState::parse(text("state")?)?,
            name: text("name")?.into(),
            display: KeyDisplay::parse(text("display")?)?,
            scopes: texts("scopes")?.iter().map(|scope| Scope::parse(scope.as_str()?)).collect::<Option<_>>()?,
            expires_at: match stored.get("expires_at") {
                None => None,
                Some(instant) => Some(Timestamp::from_millis(instant.as_i64()?)),
            },
            allowed_ips: texts("allowed_ips")?.iter().map(|net| network(net.as_str()?)).collect::<Option<_>>()?,
            metadata,
            created_at: Timestamp::from_millis(stored.get("created_at")?.as_i64()?),
        })
    }

    /// The tenant, if it is a tenant's key.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        match &self.subject {
            Subject::ApiKey { tenant, .. } => Some(tenant),
            Subject::Operator { .. } => None,
        }
    }

    /// The remaining fields, to order two different records of one version. Only a faulty ledger makes such records.
    fn content(&self) -> impl Ord + '_ {
        // Every field is named, so that the compiler asks about a new one.
        let Self {
            id,
            version: _,
            subject,
            state: _,
            name,
            display,
            scopes,
            expires_at: _,
            allowed_ips,
            metadata,
            created_at,
        } = self;
        ((id, display, created_at, subject), name, scopes, allowed_ips, json!(metadata).to_string())
    }

    fn restriction(&self) -> impl Ord + '_ {
        let expires = core::cmp::Reverse(self.expires_at.map_or(i64::MAX, Timestamp::as_millis));
        let scopes = core::cmp::Reverse(self.scopes.len());
        // An empty list of addresses restricts least. Among the others, a longer list restricts less.
        let addresses = match self.allowed_ips.len() {
            0 => 0,
            length => usize::MAX - length,
        };
        (self.state, expires, scopes, addresses)
    }
}

/// Parses a network in its stored form. (`IpNet`'s own parser would bring a second address parser into the edge, which
/// already has that of `core`.)
fn network(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    IpNet::new(address.parse().ok()?, length.parse().ok()?).ok()
}

impl Stored {
    /// Reads a stored form.
    ///
    /// # Errors
    /// [`Corrupt`] if the text is not a record.
    pub fn decode(text: &str) -> Result<Self, Corrupt> {
        let mut stored: Map<String, Value> = match serde_json::from_str(text) {
            Ok(Value::Object(stored)) => stored,
            _ => return Err(Corrupt),
        };
        let number = |field: &str| stored.get(field).and_then(Value::as_u64).ok_or(Corrupt);
        let version = number("version")?;
        if number("min_reader")? > u64::from(READER) {
            return Ok(Self::TooNew { version });
        }
        KeyRecord::decode(version, &mut stored).map(|record| Self::Known(Rc::new(record))).ok_or(Corrupt)
    }

    /// The record's version.
    #[must_use]
    pub fn version(&self) -> u64 {
        match self {
            Self::Known(record) => record.version,
            Self::TooNew { version } => *version,
        }
    }

    /// Whether it is known to be revoked. No later record can change that.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        matches!(self, Self::Known(record) if record.state == KeyState::Revoked)
    }

    /// The record that wins of two records of one key: a revoked one, else the higher version, else the more
    /// restrictive one. This is a total order, so neither order nor repetition changes the outcome.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.compare(&other) == Ordering::Less { other } else { self }
    }

    /// Whether `other` is a revocation, and this is none.
    #[must_use]
    pub fn yields_to_revocation(&self, other: &Self) -> bool {
        other.is_revoked() && !self.is_revoked()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.is_revoked().cmp(&other.is_revoked()).then_with(|| self.version().cmp(&other.version())).then_with(|| {
            match (self, other) {
                (Self::Known(a), Self::Known(b)) if Rc::ptr_eq(a, b) => Ordering::Equal,
                (Self::Known(a), Self::Known(b)) => {
                    a.restriction().cmp(&b.restriction()).then_with(|| a.content().cmp(&b.content()))
                }
                (Self::TooNew { .. }, Self::Known(_)) => Ordering::Greater,
                (Self::Known(_), Self::TooNew { .. }) => Ordering::Less,
                (Self::TooNew { .. }, Self::TooNew { .. }) => Ordering::Equal,
            }
        })
    }

    /// The approximate memory that it takes, bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::TooNew { .. } => 64,
            Self::Known(record) => {
                // Every field is named, so that the compiler asks about a new one. Those of a fixed size are in the 400.
                let KeyRecord {
                    id: _,
                    version: _,
                    subject: _,
                    state: _,
                    name,
                    display: _,
                    scopes,
                    expires_at: _,
                    allowed_ips,
                    metadata,
                    created_at: _,
                } = record.as_ref();
                let scopes: usize = scopes.iter().map(|scope| scope.as_str().len() + 48).sum();
                let metadata: usize = metadata.iter().map(|(key, value)| key.len() + value_weight(value) + 64).sum();
                400 + name.len() + scopes + metadata + allowed_ips.len() * 20
            }
        }
    }
}

fn value_weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
        Value::String(text) => 32 + text.len(),
        Value::Array(values) => 32 + values.iter().map(value_weight).sum::<usize>(),
        Value::Object(members) => {
            32 + members.iter().map(|(key, value)| 64 + key.len() + value_weight(value)).sum::<usize>()
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
