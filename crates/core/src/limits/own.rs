//! The limits that a tenant or a key has of its own.
//!
//! Operators of all tenants set any value. Others only lower a key's. Such a value is a maximum: if the plan or the
//! tenant's value becomes lower, that holds.

use alloc::{collections::BTreeMap, string::String};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Own values, by the names of the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnLimits(BTreeMap<String, OwnLimit>);

/// An own value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnLimit {
    /// The units; `None` lifts the limit.
    pub limit: Option<u64>,
    /// Whether a lower value of the tenant or the plan holds.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub at_most: bool,
}

impl OwnLimit {
    /// The value that holds where `other` would hold without this one.
    #[must_use]
    pub fn value(self, other: Option<u64>) -> Option<u64> {
        match (self, other) {
            (Self { limit: Some(limit), at_most: true }, Some(other)) => Some(limit.min(other)),
            (Self { limit, .. }, _) => limit,
        }
    }
}

impl FromIterator<(String, OwnLimit)> for OwnLimits {
    fn from_iter<I: IntoIterator<Item = (String, OwnLimit)>>(limits: I) -> Self {
        Self(limits.into_iter().collect())
    }
}

impl OwnLimits {
    /// The own value for the limit of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<OwnLimit> {
        self.0.get(name).copied()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The own values, by the names of the limits.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &OwnLimit)> {
        self.0.iter()
    }

    /// Gives the limit of this name an own value, or takes it back.
    pub fn set(&mut self, name: &str, own: Option<OwnLimit>) {
        match own {
            Some(own) => drop(self.0.insert(name.into(), own)),
            None => drop(self.0.remove(name)),
        }
    }

    /// The facts for an audit entry: each own value by its name, and a maximum as `{"at_most": 5}`.
    #[must_use]
    pub fn facts(&self) -> Value {
        let fact = |own: &OwnLimit| if own.at_most { json!({ "at_most": own.limit }) } else { json!(own.limit) };
        self.0.iter().map(|(name, own)| (name.clone(), fact(own))).collect::<Map<_, _>>().into()
    }
}
