//! The verdict on a request: one closed set of outcomes, in a fixed order.
//!
//! A refusal is a value, never an error. Errors are for faults, and a fault is answered 503, never 401. The checks run
//! in the order of [`Refusal`]'s variants; the first that fails is the answer. The checks up to
//! [`Refusal::WrongEnvironment`] need the request alone, the others need the record. The exception is an imported key:
//! its environment is in its record. Limits come last, and the limiter decides on them: see [`limits`](crate::limits).

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::net::IpAddr;

use crate::{
    access::{
        record::{KeyRecord, KeyState, Subject},
        scope::{Catalog, Scope, ScopeSet},
    },
    base::{
        code::Code,
        id::TenantId,
        timestamp::{Timestamp, whole_seconds},
    },
    key::{Environment, ParseKeyError, credential::CredentialError},
};

/// The reason why a request is refused. The variants stand in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No credential was sent.
    MissingCredential,
    /// A key was sent in the query string.
    CredentialInQuery,
    /// A key was sent in the path.
    CredentialInPath,
    /// Two different credentials were sent.
    ConflictingCredentials,
    /// The text is not a key of this deployment.
    Malformed(ParseKeyError),
    /// A test key on a live route, or the reverse.
    WrongEnvironment {
        /// The key's own environment.
        of_key: Environment,
    },
    /// The key is well formed, but it does not exist, or this caller may not know of it.
    NotFound,
    /// The key was revoked, for good.
    Revoked,
    /// The tenant is suspended, so all its keys are refused.
    TenantSuspended,
    /// The key is switched off.
    Disabled,
    /// The key has expired.
    Expired,
    /// The key may not be used from this address.
    IpNotAllowed,
    /// The key lacks a needed scope.
    InsufficientScope {
        /// The scopes that the request needs.
        needed: Vec<Scope>,
        /// Whether one of them is enough.
        any_of: bool,
    },
    /// The request is over a rate limit.
    RateLimited(Excess),
    /// The request is over a quota, and over no rate limit.
    QuotaExceeded(Excess),
}

/// The limits that a request is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Their names.
    pub limits: Vec<String>,
    /// The time after which a client that is alone is admitted, milliseconds; `None` if its request costs more than a
    /// limit has.
    pub retry_after_ms: Option<i64>,
}

impl From<CredentialError> for Refusal {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Missing => Self::MissingCredential,
            CredentialError::InQuery => Self::CredentialInQuery,
            CredentialError::InPath => Self::CredentialInPath,
            CredentialError::Conflicting => Self::ConflictingCredentials,
        }
    }
}

impl From<ParseKeyError> for Refusal {
    fn from(error: ParseKeyError) -> Self {
        Self::Malformed(error)
    }
}

impl Refusal {
    /// The stable code in JSON and logs. The status of a guarded route follows from it.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::MissingCredential => Code::MissingCredential,
            Self::CredentialInQuery => Code::CredentialInQuery,
            Self::CredentialInPath => Code::CredentialInPath,
            Self::ConflictingCredentials => Code::ConflictingCredentials,
            Self::Malformed(_) => Code::Malformed,
            Self::WrongEnvironment { .. } => Code::WrongEnvironment,
            Self::NotFound => Code::NotFound,
            Self::Revoked => Code::Revoked,
            Self::TenantSuspended => Code::TenantSuspended,
            Self::Disabled => Code::Disabled,
            Self::Expired => Code::Expired,
            Self::IpNotAllowed => Code::IpNotAllowed,
            Self::InsufficientScope { .. } => Code::InsufficientScope,
            Self::RateLimited(_) => Code::RateLimited,
            Self::QuotaExceeded(_) => Code::QuotaExceeded,
        }
    }

    /// The error code of RFC 6750 for the challenge, if one applies.
    #[must_use]
    pub const fn bearer_error(&self) -> Option<&'static str> {
        match self {
            Self::MissingCredential
            | Self::WrongEnvironment { .. }
            | Self::IpNotAllowed
            | Self::RateLimited(_)
            | Self::QuotaExceeded(_) => None,
            Self::CredentialInQuery | Self::CredentialInPath | Self::ConflictingCredentials => Some("invalid_request"),
            Self::Malformed(_)
            | Self::NotFound
            | Self::Revoked
            | Self::TenantSuspended
            | Self::Disabled
            | Self::Expired => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
        }
    }

    /// The time after which a client that is alone is admitted, milliseconds, if waiting helps.
    #[must_use]
    pub const fn retry_after_ms(&self) -> Option<i64> {
        match self {
            Self::RateLimited(excess) | Self::QuotaExceeded(excess) => excess.retry_after_ms,
            _ => None,
        }
    }

    /// A sentence for the person who reads the answer.
    #[must_use]
    pub fn detail(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::MissingCredential => "No key was found.",
            Self::CredentialInQuery | Self::CredentialInPath => {
                "A key was sent in the URL, where logs keep it; send it in a header, and replace it."
            }
            Self::ConflictingCredentials => "Two different keys were sent; send one.",
            Self::Malformed(error) => error.detail(),
            Self::WrongEnvironment { of_key: Environment::Test } => {
                "This is a test key, and this route takes live keys."
            }
            Self::WrongEnvironment { of_key: Environment::Live } => {
                "This is a live key, and this route takes test keys."
            }
            Self::NotFound => "There is no such key.",
            Self::Revoked => "This key was revoked.",
            Self::TenantSuspended => "All keys of this account are suspended.",
            Self::Disabled => "This key is disabled.",
            Self::Expired => "This key has expired.",
            Self::IpNotAllowed => "This key may not be used from this address.",
            Self::InsufficientScope { needed, any_of } => {
                let needed: ScopeSet = needed.iter().cloned().collect();
                let what = if *any_of { "one of these is enough" } else { "this needs" };
                return Cow::Owned(format!("This key lacks a scope; {what}: {}.", needed.joined()));
            }
            Self::RateLimited(excess) => return Cow::Owned(excess.detail("rate limit")),
            Self::QuotaExceeded(excess) => return Cow::Owned(excess.detail("quota")),
        })
    }
}

impl Excess {
    fn detail(&self, kind: &str) -> String {
        let names = self.limits.join(", ");
        match self.retry_after_ms {
            Some(millis) => {
                let seconds = whole_seconds(millis);
                format!("This is over the {kind} of this key ({names}); try again in {seconds} s.")
            }
            None => format!("This costs more than the {kind} of this key ever allows ({names})."),
        }
    }
}

/// The code of a verdict that is not a refusal.
pub const VALID: &str = "VALID";

/// The stable code of a verdict.
#[must_use]
pub fn code(verdict: Result<(), &Refusal>) -> &'static str {
    verdict.map_or_else(|refusal| refusal.code().as_str(), |()| VALID)
}

/// The demands of a request on a tenant's key.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The one environment that is accepted; `None` for both.
    pub environment: Option<Environment>,
    /// The only tenant whose keys the caller may know of; `None` for all.
    pub tenant: Option<&'a TenantId>,
    /// The scopes that are needed.
    pub scopes: &'a [Scope],
    /// Whether one of them is enough. Otherwise all are needed.
    pub any_of: bool,
    /// The source address of the request, if it is known.
    pub ip: Option<IpAddr>,
    /// The time of the judgement.
    pub now: Timestamp,
}

impl Demand<'_> {
    /// Judges a tenant's key by its record.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn judge(&self, record: &KeyRecord, suspended: bool, catalog: &Catalog) -> Result<(), Refusal> {
        let Subject::ApiKey { tenant, environment } = &record.subject else {
            return Err(Refusal::NotFound);
        };
        // If the key's text states the environment, that was judged before the record was read. If it does not, the
        // check of the tenant comes first: an answer about the environment would reveal a key that the caller may not
        // know of.
        if self.tenant.is_some_and(|bound| bound != tenant) {
            return Err(Refusal::NotFound);
        }
        check_environment(*environment, self.environment)?;
        check_life(record, suspended, self.now)?;
        let allowed = |ip: IpAddr| record.allowed_ips.iter().any(|net| net.contains(&canonical(ip)));
        if !record.allowed_ips.is_empty() && !self.ip.is_some_and(allowed) {
            return Err(Refusal::IpNotAllowed);
        }
        check_scopes(&record.scopes, self.scopes, self.any_of, catalog)
    }
}

/// Judges the environment that a key's text states, before any storage is read.
///
/// # Errors
/// [`Refusal::WrongEnvironment`] if only the other environment is accepted.
pub fn check_environment(of_key: Environment, accepted: Option<Environment>) -> Result<(), Refusal> {
    match accepted {
        Some(accepted) if accepted != of_key => Err(Refusal::WrongEnvironment { of_key }),
        _ => Ok(()),
    }
}

/// Judges an operator's key by its record: the same checks for callers of Keystile itself.
///
/// # Errors
/// The first check that fails.
pub fn judge_operator(record: &KeyRecord, needed: &Scope, now: Timestamp) -> Result<(), Refusal> {
    check_operator(record, now)?;
    check_scopes(&record.scopes, core::slice::from_ref(needed), false, &Catalog::default())
}

/// Judges whether an operator's key can be used at all. Its scopes are judged later, by the operation.
///
/// # Errors
/// The first check that fails.
pub fn check_operator(record: &KeyRecord, now: Timestamp) -> Result<(), Refusal> {
    if !matches!(record.subject, Subject::Operator { .. }) {
        return Err(Refusal::NotFound);
    }
    check_life(record, false, now)
}

fn check_life(record: &KeyRecord, suspended: bool, now: Timestamp) -> Result<(), Refusal> {
    match record.state {
        KeyState::Revoked => Err(Refusal::Revoked),
        _ if suspended => Err(Refusal::TenantSuspended),
        KeyState::Disabled => Err(Refusal::Disabled),
        KeyState::Active if record.expires_at.is_some_and(|end| now >= end) => Err(Refusal::Expired),
        KeyState::Active => Ok(()),
    }
}

fn check_scopes(held: &ScopeSet, needed: &[Scope], any_of: bool, catalog: &Catalog) -> Result<(), Refusal> {
    let granted = needed.iter().filter(|scope| catalog.grants(held, scope)).count();
    if granted >= if any_of { 1 } else { needed.len() } {
        Ok(())
    } else {
        Err(Refusal::InsufficientScope { needed: needed.to_vec(), any_of })
    }
}

/// The address, with an IPv4 address that is written as IPv6 turned back into IPv4.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{
        record::{Reach, tests::record},
        scope::{Implies, ScopeDefinition},
    };
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn scope(name: &str) -> Scope {
        Scope::parse(name).unwrap()
    }

    fn demand(scopes: &[Scope]) -> Demand<'_> {
        Demand {
            environment: Some(Environment::Live),
            tenant: None,
            scopes,
            any_of: false,
            ip: Some("192.0.2.7".parse().unwrap()),
            now: Timestamp::from_millis(1_750_000_000_000),
        }
    }

    fn judge(record: &KeyRecord, suspended: bool, demand: Demand<'_>) -> Result<(), Refusal> {
        demand.judge(record, suspended, &Catalog::default())
    }

    /// A record with every fault loses them one by one. Each removal uncovers the next check.
    #[test]
    fn the_first_check_that_fails_wins() {
        let other = TenantId::parse("other").unwrap();
        let needed = [scope("write:leads")];
        let mut demand =
            Demand { environment: Some(Environment::Test), tenant: Some(&other), ip: None, ..demand(&needed) };
        let mut record = record();
        record.state = KeyState::Revoked;
        record.expires_at = Some(Timestamp::from_millis(0));
        assert_eq!(
            check_environment(Environment::Live, demand.environment).unwrap_err().code(),
            Code::WrongEnvironment
        );
        assert_eq!(judge(&record, true, demand), Err(Refusal::NotFound), "nor is its environment told");
        demand.tenant = None;
        assert_eq!(judge(&record, true, demand), Err(Refusal::WrongEnvironment { of_key: Environment::Live }));
        demand.environment = Some(Environment::Live);
        assert_eq!(judge(&record, true, demand), Err(Refusal::Revoked));
        record.state = KeyState::Disabled;
        assert_eq!(judge(&record, true, demand), Err(Refusal::TenantSuspended));
        assert_eq!(judge(&record, false, demand), Err(Refusal::Disabled));
        record.state = KeyState::Active;
        assert_eq!(judge(&record, false, demand), Err(Refusal::Expired));
        record.expires_at = None;
        assert_eq!(judge(&record, false, demand), Err(Refusal::IpNotAllowed));
        demand.ip = Some("192.0.2.7".parse().unwrap());
        assert_eq!(
            judge(&record, false, demand),
            Err(Refusal::InsufficientScope { needed: vec![scope("write:leads")], any_of: false })
        );
        demand.scopes = &[];
        assert_eq!(judge(&record, false, demand), Ok(()));
    }

    #[test]
    fn one_of_several_scopes_is_enough_where_that_is_said() {
        let record = record();
        let held = record.scopes.iter().next().unwrap().clone();
        let both = [scope("write:other"), held.clone()];
        let any_of = |scopes| judge(&record, false, Demand { any_of: true, ..demand(scopes) });
        assert_eq!(any_of(&both), Ok(()));
        let refused = any_of(&both[..1]).unwrap_err();
        assert_eq!(refused, Refusal::InsufficientScope { needed: vec![scope("write:other")], any_of: true });
        assert_eq!(refused.detail(), "This key lacks a scope; one of these is enough: write:other.");
        assert!(judge(&record, false, demand(&both)).is_err(), "all are needed where nothing else is said");
        let catalog = Catalog::new(vec![
            ScopeDefinition {
                name: held,
                description: String::new(),
                unavailable: None,
                implies: Implies::These(vec![scope("write:other")]),
            },
            ScopeDefinition {
                name: scope("write:other"),
                description: String::new(),
                unavailable: None,
                implies: Implies::These(vec![]),
            },
        ])
        .unwrap();
        let implied = Demand { any_of: true, ..demand(&both[..1]) };
        assert_eq!(implied.judge(&record, false, &catalog), Ok(()), "an implied one is held");
    }

    #[test]
    fn a_key_expires_at_the_instant_it_says() {
        let record = record();
        let end = record.expires_at.unwrap();
        assert_eq!(judge(&record, false, Demand { now: end.plus_millis(-1), ..demand(&[]) }), Ok(()));
        assert_eq!(judge(&record, false, Demand { now: end, ..demand(&[]) }), Err(Refusal::Expired));
    }

    #[test]
    fn addresses_are_compared_as_networks_and_v4_in_v6_is_v4() {
        let record = record();
        let from = |ip: &str| judge(&record, false, Demand { ip: Some(ip.parse().unwrap()), ..demand(&[]) });
        assert_eq!(from("192.0.2.255"), Ok(()));
        assert_eq!(from("::ffff:192.0.2.1"), Ok(()));
        assert_eq!(from("192.0.3.1"), Err(Refusal::IpNotAllowed));
        assert_eq!(from("2001:db8::1"), Err(Refusal::IpNotAllowed));
    }

    #[test]
    fn operators_and_customers_keys_are_not_found_in_each_others_place() {
        let mut operator = record();
        operator.subject = Subject::Operator { reach: Reach::All };
        operator.scopes = [scope("verify")].into_iter().collect();
        let now = Timestamp::from_millis(0);
        assert_eq!(judge(&operator, false, demand(&[])), Err(Refusal::NotFound));
        assert_eq!(judge_operator(&record(), &scope("read:leads"), now), Err(Refusal::NotFound));
        assert_eq!(judge_operator(&operator, &scope("verify"), now), Ok(()));
        assert_eq!(judge_operator(&operator, &scope("keys:write"), now).unwrap_err().code(), Code::InsufficientScope);
    }
}
