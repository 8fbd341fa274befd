//! The ledgers: the truth about keys and tenants, and the published part of it.

use std::sync::LazyLock;

use keystile_core::{
    Environment, KeyId, KeyPrefix, Keyring, PlainKey, Scope, ScopeSet, TenantId, Timestamp,
    access::record::{KeyState, Subject as KeySubject},
    base::id::ID_RANDOM_BYTES,
    feed::{
        message::{Change, TenantStatus},
        outbox::OutboxEntry,
    },
    key::keyring::MINT_RANDOM_BYTES,
    ledger::{
        lifecycle::{DisabledBy, Key, KeyPatch, NewKey},
        plan::RequestedExpiry,
    },
};

use crate::{
    Millis,
    plan::{KEYS, KeyChange, TENANTS},
};

/// The subject of an outbox entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Key(usize),
    Tenant(usize),
}

impl Subject {
    pub(crate) fn tenant(self) -> usize {
        match self {
            Self::Key(key) => tenant_of(key),
            Self::Tenant(tenant) => tenant,
        }
    }
}

pub(crate) fn tenant_of(key: usize) -> usize {
    key % TENANTS
}

pub(crate) fn tenant_id(tenant: usize) -> TenantId {
    TenantId::parse(&format!("tenant-{tenant}")).unwrap()
}

/// The scope that every request needs.
pub(crate) fn needed() -> Scope {
    Scope::parse("read").unwrap()
}

fn scopes(names: &[&str]) -> ScopeSet {
    names.iter().map(|name| Scope::parse(name).unwrap()).collect()
}

/// The plain keys, known from the start: some are tried before they exist.
pub(crate) static MINTED: LazyLock<Vec<PlainKey>> = LazyLock::new(|| {
    let keyring = Keyring::parse("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
    let prefix = KeyPrefix::parse("sim").unwrap();
    let mint = |key| keyring.mint_api_key(&prefix, Environment::Live, &[key as u8; MINT_RANDOM_BYTES]).unwrap();
    (0..KEYS).map(mint).collect()
});

/// A state of a subject, as a transaction made it.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Key(Box<Key>),
    Tenant(TenantStatus),
}

impl State {
    pub(crate) fn change(&self) -> Change {
        match self {
            Self::Key(key) => Change::Key { digest: key.digest, record: key.record.encode() },
            Self::Tenant(tenant_status) => Change::Tenant(tenant_status.clone()),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) state: State,
    /// The true time at which the feed took this version or a later one.
    pub(crate) taken_at: Option<Millis>,
    /// The time by which it is in effect, as the ledger noted it.
    pub(crate) effective_by: Option<Millis>,
    /// The time from which somebody relies on it, because of what an answer said.
    relied_on_from: Option<Millis>,
    /// The same, of answers that say that it always holds.
    always_from: Option<Millis>,
}

/// All versions of one subject, beginning with version 1, and its outbox entry.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) versions: Vec<Version>,
    pub(crate) entry: Option<OutboxEntry>,
    /// The identity of the running attempt at a stage.
    pub(crate) attempt: u64,
    pub(crate) put_under_way: bool,
    /// The highest version that the feed had before it was put back, and doesn't have yet.
    lost: u64,
    /// The time at which the feed last got back what it had lost.
    regained_at: Option<Millis>,
}

impl Row {
    pub(crate) fn latest(&self) -> u64 {
        self.versions.len() as u64
    }

    pub(crate) fn version(&self, version: u64) -> Option<&Version> {
        self.versions.get(usize::try_from(version).unwrap().checked_sub(1)?)
    }

    pub(crate) fn key(&self, version: u64) -> Option<&Key> {
        match &self.version(version)?.state {
            State::Key(key) => Some(key),
            State::Tenant(_) => None,
        }
    }

    /// Whether the key can be used as of a version.
    pub(crate) fn is_usable(&self, version: u64) -> bool {
        self.key(version).is_some_and(|key| key.record.state == KeyState::Active)
    }

    /// Whether the tenant is suspended as of a version; before the first it is not.
    pub(crate) fn suspended(&self, version: u64) -> bool {
        self.version(version)
            .is_some_and(|of| matches!(&of.state, State::Tenant(tenant_status) if tenant_status.suspended))
    }

    /// The oldest version that a request which starts at `instant` may be judged by.
    pub(crate) fn in_effect(&self, instant: Millis) -> u64 {
        self.latest_since(instant, |version| version.relied_on_from)
    }

    /// The same, of a request that is served by KV alone.
    pub(crate) fn always_in_effect(&self, instant: Millis) -> u64 {
        self.latest_since(instant, |version| version.always_from)
    }

    fn latest_since(&self, instant: Millis, since: impl Fn(&Version) -> Option<Millis>) -> u64 {
        let in_effect = |version: &Version| since(version).is_some_and(|from| from < instant);
        self.versions.iter().rposition(in_effect).map_or(0, |index| index as u64 + 1)
    }

    /// Records that the feed was put back to a point at which it had `version`. Until it has the later versions again,
    /// nobody can rely on them. Returns whether there are any.
    pub(crate) fn lose_after(&mut self, version: u64) -> bool {
        let mut loses = false;
        for (number, lost) in (1..).zip(&mut self.versions).skip(usize::try_from(version).unwrap()) {
            if lost.taken_at.take().is_some() {
                (self.lost, loses) = (number, true);
            }
            (lost.relied_on_from, lost.always_from) = (None, None);
        }
        loses
    }

    /// Whether the feed doesn't have `version` any more.
    pub(crate) fn is_lost(&self, version: u64) -> bool {
        version <= self.lost && self.version(version).is_some_and(|version| version.taken_at.is_none())
    }

    /// Whether the feed may have stated an older version than it once had, at `instant` or later.
    pub(crate) fn was_lost_since(&self, instant: Millis) -> bool {
        self.is_lost(self.lost) || self.regained_at.is_some_and(|at| at >= instant)
    }

    /// Publishes the present state again if the feed took it at `since` or later. When a version that it took then
    /// is in effect isn't known any more.
    pub(crate) fn publish_again(&mut self, since: Millis, now: Timestamp) {
        let present = self.versions.last().and_then(|version| version.effective_by);
        for version in &mut self.versions {
            version.effective_by = version.effective_by.filter(|by| *by < since);
        }
        if present.is_some_and(|by| by >= since) {
            self.entry = Some(OutboxEntry::new(self.latest(), now));
            self.attempt += 1;
        }
    }

    fn push(&mut self, state: State, now: Timestamp) {
        self.versions.push(Version {
            state,
            taken_at: None,
            effective_by: None,
            relied_on_from: None,
            always_from: None,
        });
        self.entry = Some(OutboxEntry::new(self.latest(), now));
        self.attempt += 1;
    }

    /// Makes a change to a key, if it is possible and changes anything.
    pub(crate) fn change_key(&mut self, key: usize, change: KeyChange, now: Timestamp) {
        let changed = match (self.key(self.latest()), change) {
            (None, KeyChange::Create) => Some(create(key, now)),
            (None, _) | (Some(_), KeyChange::Create) => None,
            (Some(known), KeyChange::TakeScopeAway) => known.patch(with_scopes(&["write"]), true, now).ok(),
            (Some(known), KeyChange::GiveScopeBack) => known.patch(with_scopes(&["read", "write"]), true, now).ok(),
            (Some(known), KeyChange::Disable) => known.disable(DisabledBy::Operator, now).ok(),
            (Some(known), KeyChange::Enable) => known.enable(now).ok(),
            (Some(known), KeyChange::ExpireSoon) => known.patch(expiring(Some(now.plus_millis(1_000))), true, now).ok(),
            (Some(known), KeyChange::ExpireNever) => known.patch(expiring(None), true, now).ok(),
            (Some(known), KeyChange::Revoke) => Some(known.revoke(None, now)),
        };
        if let Some(changed) = changed.filter(|changed| changed.record.version > self.latest()) {
            assert_eq!(changed.record.version, self.latest() + 1);
            self.push(State::Key(Box::new(changed)), now);
        }
    }

    /// Suspends or resumes a tenant, unless it is so already.
    pub(crate) fn change_tenant_status(&mut self, tenant: usize, suspended: bool, now: Timestamp) {
        if self.suspended(self.latest()) != suspended {
            let tenant_status = TenantStatus { tenant: tenant_id(tenant), version: self.latest() + 1, suspended };
            self.push(State::Tenant(tenant_status), now);
        }
    }

    /// Records that the feed took `version`, which includes all earlier ones.
    pub(crate) fn taken(&mut self, version: u64, now: Millis) {
        if version >= self.lost && self.is_lost(self.lost) {
            self.regained_at = Some(now);
        }
        for earlier in self.versions.iter_mut().take(usize::try_from(version).unwrap()) {
            earlier.taken_at.get_or_insert(now);
        }
    }

    pub(crate) fn effective(&mut self, version: u64, by: Millis) {
        for earlier in self.versions.iter_mut().take(usize::try_from(version).unwrap()) {
            earlier.effective_by.get_or_insert(by);
        }
    }

    /// Records that an answer speaks of `version`: from `from` on it is relied on, and all that it includes.
    pub(crate) fn relied_on(&mut self, version: u64, from: Millis, always: bool) {
        for earlier in self.versions.iter_mut().take(usize::try_from(version).unwrap()) {
            earlier.relied_on_from.get_or_insert(from);
            if always {
                earlier.always_from.get_or_insert(from);
            }
        }
    }
}

fn create(key: usize, now: Timestamp) -> Key {
    let id = KeyId::key_from_random(&[key as u8; ID_RANDOM_BYTES]).unwrap();
    let new = NewKey {
        name: format!("key {key}"),
        subject: KeySubject::ApiKey { tenant: tenant_id(tenant_of(key)), environment: Environment::Live },
        scopes: scopes(&["read", "write"]),
        expires_at: RequestedExpiry::Never,
        allowed_ips: vec![],
        metadata: Default::default(),
        own_limits: Default::default(),
    };
    Key::create(id, new, None, &MINTED[key], "secret", now)
}

fn with_scopes(names: &[&str]) -> KeyPatch {
    KeyPatch { scopes: Some(scopes(names)), ..KeyPatch::default() }
}

fn expiring(expires_at: Option<Timestamp>) -> KeyPatch {
    KeyPatch { expires_at: Some(expires_at), ..KeyPatch::default() }
}
