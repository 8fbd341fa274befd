//! Checks the members of answers against the document. Pages of the audit log are checked beside their type.

use std::sync::LazyLock;

use keystile_core::{
    KeyDigest, KeyId, Keyring, TenantId, Timestamp,
    access::{
        challenge::Challenge,
        operator::{Caller, OperatorScope},
        record::{Metadata, Reach, Subject},
        scope::{Catalog, Implies, Preset, Scope, ScopeDefinition, ScopeSet},
        session::Actor,
    },
    api::{
        import::ImportReport,
        shown::{DeletedEndpoint, ShownEndpoint, ShownEndpoints},
        shown::{Holds, SecretUse, SharedSecret, Showing, ShownCatalog, ShownKey, ShownPlans, ShownSources},
        shown::{MintedPortalSession, ShownPortalSession, ShownSession},
        shown::{OrderedErasure, ShownErasure},
        shown::{ShownExposed, ShownExposedKey},
        shown::{ShownKeyList, ShownListedKey, ShownNearCap, ShownNearCaps, ShownOverview, ShownRevocations},
        shown::{ShownLimit, ShownLimitList, ShownLimits, ShownRestore, ShownSuspension, ShownTenant},
    },
    base::{
        id::{DeliveryId, EndpointId, EventId, HandshakeId, SessionId},
        timestamp::Rfc3339,
    },
    config::{
        AddressRules, DefaultScopes, ManageConfig, Replays, ToldApartBy, VerificationMode, WebhookMode, WebhookSummary,
        WebhookUpstreamSummary,
    },
    events::{
        event_type::EventType,
        secret::{NewSecret, SECRET_RANDOM_BYTES},
        settings::{EndpointSecret, EndpointSettings, NewEndpoint},
        terms::SignatureKind::{V1, V1a},
    },
    feed::client::WhenFeedUnreachable,
    key::{Environment, KeyDisplay, PlainKey, keyring::MINT_RANDOM_BYTES},
    ledger::{
        exposure::{Exposure, ExposureStatus, Policies},
        idempotency::{Claim, Remembered},
        import::LineResult,
        lifecycle::{Creator, ImportedKey, Key, NewKey, PendingEnd, Revocation},
        plan::{KeyLimits, Plan, RequestedExpiry},
        reminders::ReminderSettings,
        revocation::{RevokedKey, RevokedStatus},
        summary::KeyCounts,
    },
    limits::{
        definition::{AppliedLimit, ConfiguredLimits, LimitDefinition, LimitKind, Per, WhenLimiterUnreachable},
        own::{OwnLimit, OwnLimits},
        own_patch::LimitField,
        quota,
        state::LimitState,
    },
    objects::event_endpoint::{AttemptOutcome, DeadLetterReason, EndpointStatus, ShownAttempt, ShownDeadLetter, State},
    objects::handshakes::{Handshake, Handshakes, RevealedHandshake, UNAUTHENTICATED},
    receiver::github_keys::KEYS_URL,
    usage::report::{Bucket, CodeCounts, Period, Usage, UsageOf, UsageSummary},
};
use serde::Serialize;
use serde_json::Value;

use super::super::{
    dead_letter::ActedOn,
    event_endpoints::{
        attempts::AttemptList,
        dead_letters::{ActedOnEvent, RedrivenEvents, UnsentList},
    },
    health::Health,
    list_keys::KeyPage,
};
use crate::documented::{assert_documented, sent};

const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
const HOLDS: Holds = Holds::Always;
static LIMITS: LazyLock<ConfiguredLimits> = LazyLock::new(counted_limits);

fn showing() -> Showing<'static> {
    Showing { holds: HOLDS, limits: &LIMITS }
}

#[test]
fn what_became_of_reported_keys() {
    use ExposureStatus::{AlreadyRevoked, Disabled, NotFound, Recorded, Repeat, Revoked};
    let one = |status, id, at: Option<Timestamp>| ShownExposedKey { effective_by: at.map(Rfc3339), id, status };
    let id = || KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs");
    let ended = [Revoked, Disabled].map(|status| one(status, id(), Some(NOW)));
    let others = [AlreadyRevoked, Recorded, Repeat].map(|status| one(status, id(), None));
    let results = ended.into_iter().chain(others).chain([one(NotFound, None, None)]).collect();
    assert_documented("Exposed", &[sent(&ShownExposed { results })]);
}

#[test]
fn keys_are_shown_as_documented() {
    for (subject, name) in [(api_key(), "Key"), (operator(), "Operator")] {
        let fresh = || ShownKey::new(&key(subject.clone()), showing(), NOW);
        let mut examples = vec![sent(&fresh()), sent(&fresh().with_usage(UsageSummary::new(&[])))];
        examples.extend(stages(subject.clone()).iter().map(|key| sent(&ShownKey::new(key, showing(), NOW))));
        assert_documented(name, &examples);
        let unreadable = vec!["key_4bTzV9cXk07Hq2mN1pRs".to_string()];
        let keys = || stages(subject.clone()).iter().map(|key| ShownKey::new(key, showing(), NOW)).collect::<Vec<_>>();
        let with_usage = fresh().with_usage(UsageSummary::new(&[]));
        let page = |keys, next_cursor, unreadable| sent(&KeyPage { keys, next_cursor, unreadable });
        let first = page(keys().into_iter().chain([fresh(), with_usage]).collect(), Some("c".into()), unreadable);
        assert_documented(&format!("{name}Page"), &[first, page(Vec::new(), None, Vec::new())]);
    }
}

#[test]
fn changed_keys_are_shown_as_documented() {
    for (subject, name) in [(api_key(), "Key"), (operator(), "Operator")] {
        let shown = |effective_by: Option<Timestamp>| {
            let all = [key(subject.clone())].into_iter().chain(stages(subject.clone()));
            all.map(|key| ShownKey::changed(&key, effective_by, showing(), NOW)).collect::<Vec<_>>()
        };
        let changed = || shown(Some(NOW)).into_iter();
        let kept = || changed().chain(shown(None));
        let created = || kept().map(|key| key.with_text(&text()));
        let replaced = |key: ShownKey| {
            stages(subject.clone())
                .into_iter()
                .chain([self::key(subject.clone())])
                .map(move |old| key.clone().replacing(ShownKey::new(&old, showing(), NOW)))
        };
        assert_documented(&format!("Changed{name}"), &with_replays(changed()));
        assert_documented(&format!("Kept{name}"), &with_replays(kept()));
        assert_documented(&format!("Created{name}"), &with_replays(created()));
        let mut rotated = with_replays(created().flat_map(replaced));
        // The replaced key is not shown with its uses.
        let with_usage = created().map(|key| {
            key.replacing(ShownKey::new(&self::key(subject.clone()), showing(), NOW).with_usage(UsageSummary::new(&[])))
        });
        rotated.extend(with_usage.map(|key| sent(&key)));
        assert_documented(&format!("Rotated{name}"), &rotated);
    }
}

#[test]
fn sessions_are_shown_as_documented() {
    let session = |ends_at| sent(&ShownSession::new(&Caller::root(), ends_at));
    assert_documented("Session", &[session(None), session(Some(NOW))]);
    let id = SessionId::parse("ps_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let portal = |limits: KeyLimits| ShownPortalSession {
        actor: actor(),
        expires_at: Rfc3339(NOW),
        id: id.clone(),
        keys: KeyCounts::default(),
        limits: limits.into(),
        may: [OperatorScope::KeysRead.scope()].into_iter().collect(),
        scopes: scopes(),
        tenant: acme(),
    };
    assert_documented("PortalSession", &[sent(&portal(limits())), sent(&portal(KeyLimits::default()))]);
    let (token, url) = ("ksportal_x".into(), "https://manage.example/portal#code=x".into());
    let minted = MintedPortalSession { expires_at: Rfc3339(NOW), id: id.clone(), token, url };
    assert_documented("MintedPortalSession", &[sent(&minted)]);
}

#[test]
fn tenants_are_shown_as_documented() {
    let own = |field| own_limits().shown(&LIMITS, field);
    let tenant = |plan: Option<&str>, limits: KeyLimits| ShownTenant {
        effective_by: plan.map(|_| Rfc3339(NOW)),
        erasure: None,
        keys: KeyCounts::default(),
        limits: limits.into(),
        own_limits: ShownLimits::from(limits),
        plan: plan.map(String::from),
        quotas: own(LimitField::Quotas),
        rate_limits: own(LimitField::RateLimits),
        secrets: vec![SecretUse { configured: true, fingerprint: "fingerpr".into(), keys: 1 }],
        suspended: false,
        tenant: acme(),
        version: 1,
    };
    let erased = |erased_at| {
        let erasure = ShownErasure { begun_at: Rfc3339(NOW), erased_at, erased_by: Rfc3339(NOW), keys_left: 7 };
        sent(&ShownTenant { erasure: Some(erasure), ..tenant(None, KeyLimits::default()) })
    };
    let examples = [sent(&tenant(Some("pro"), limits())), erased(None), erased(Some(Rfc3339(NOW)))];
    assert_documented("Tenant", &examples);
    assert_documented("OrderedErasure", &[sent(&OrderedErasure { erased_by: Rfc3339(NOW), tenant: acme() })]);
    let suspension = ShownSuspension {
        effective_by: Rfc3339(NOW),
        holds: HOLDS,
        keys: 1,
        suspended: true,
        tenant: acme(),
        version: 1,
    };
    assert_documented("Standing", &with_replays([suspension]));
}

#[test]
fn limits_are_shown_as_documented() {
    let state = |definition: &LimitDefinition| {
        let LimitDefinition { name, kind, per, limit, .. } = definition.clone();
        LimitState { applied: AppliedLimit { name, kind, per, limit }, remaining: 1, more_in_ms: 0 }
    };
    let shown = || LIMITS.definitions.iter().map(|definition| ShownLimit::new(&state(definition), NOW));
    assert_documented("LimitStates", &[sent(&ShownLimitList { limits: shown().collect() })]);
    assert_documented("AddedToLimit", &with_replays(shown()));
    assert_documented("RestoredLimits", &with_replays([ShownRestore { restored_to: Rfc3339(NOW) }]));
}

#[test]
fn the_configuration_is_shown_as_documented() {
    let config = config();
    assert_documented("Catalog", &[sent(&ShownCatalog::new(&config))]);
    let without = ManageConfig { limits: KeyLimits::default(), ..config.clone() };
    assert_documented("Plans", &[sent(&ShownPlans::new(&config)), sent(&ShownPlans::new(&without))]);
    assert_documented("WebhookSources", &[sent(&ShownSources::new(&config))]);
    assert_documented("Health", &[sent(&Health { status: "ok", version: "0.1.0" })]);
}

#[test]
fn an_import_is_reported_as_documented() {
    let id = || KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let results = || {
        vec![
            LineResult::Imported { id: id() },
            LineResult::Existing { id: id(), differs: vec!["name".into()] },
            LineResult::refused("digest", "another tenant has claimed it"),
        ]
    };
    let reports = [false, true].map(|replayed| sent(&ImportReport::new(results(), replayed)));
    assert_documented("Imported", &reports);
}

#[test]
fn many_revocations_are_shown_as_documented() {
    let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let statuses = [RevokedStatus::AlreadyRevoked, RevokedStatus::NotFound, RevokedStatus::Revoked];
    let revocations = ShownRevocations {
        already_revoked: 1,
        effective_by: Rfc3339(NOW),
        holds: HOLDS,
        more: false,
        not_found: 1,
        results: statuses.map(|status| RevokedKey { id: id.clone(), status }).into(),
        revoked: 1,
    };
    assert_documented("RevokedKeys", &with_replays([revocations]));
}

#[test]
fn uses_are_shown_as_documented() {
    let report = |of| {
        let recent = vec![Bucket { hour: 486_111, code: "VALID".into(), count: 1 }];
        sent(&Usage { recent, all: CodeCounts::default() }.report(of, Period::Day, NOW))
    };
    let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
    assert_documented("Usage", &[None, Some(NOW)].map(|last| report(UsageOf::Key(id.clone(), last))));
    assert_documented("TenantUsage", &[report(UsageOf::Tenant(acme()))]);
    assert_documented("TotalUsage", &[report(UsageOf::AllTenants)]);
}

#[test]
fn the_overview_is_shown_as_documented() {
    let key = |time: Option<Timestamp>| ShownListedKey {
        created_at: Rfc3339(NOW),
        display: "knq_live_7Hq2".into(),
        environment: Environment::Live,
        expires_at: time.map(Rfc3339),
        id: KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap(),
        last_used_at: time.map(Rfc3339),
        name: "Zapier".into(),
        tenant: acme(),
    };
    let keys = || ShownKeyList::new(vec![key(None), key(Some(NOW))], false);
    let near = |plan: Option<&str>| ShownNearCap {
        active_keys: 4,
        max_active_keys: 5,
        plan: plan.map(String::from),
        tenant: acme(),
    };
    let overview = ShownOverview {
        as_of: Rfc3339(NOW),
        expiring: keys(),
        keys: KeyCounts::default(),
        near_caps: ShownNearCaps::new(vec![near(None), near(Some("pro"))]),
        secrets: vec![SharedSecret { configured: true, fingerprint: "fingerpr".into(), keys: 1, operators: 1 }],
        secrets_unknown: 0,
        suspended: 0,
        tenants: 1,
        unused: keys(),
    };
    assert_documented("Overview", &[sent(&overview)]);
}

#[test]
fn an_undelivered_event_is_shown_as_documented() {
    let id = DeliveryId::parse("dlv_4bTzV9cXk07Hq2mN1pRs").unwrap();
    assert_documented("ActedOnDeadLetter", &with_replays([ActedOn { id, status: "queued" }]));
}

#[test]
fn endpoints_for_events_are_shown_as_documented() {
    let id = EndpointId::parse("ep_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let settings = |kind, description: &str, rotated: bool| {
        let new = NewEndpoint {
            url: "https://example.com/events".into(),
            types: vec![EventType::KeyRevoked],
            signature: kind,
            description: description.into(),
        };
        let secret =
            EndpointSecret { sealed: "x".into(), public_key: (kind == V1a).then(|| "whpk_x".into()), until: None };
        let made = EndpointSettings::create(id.clone(), new, secret.clone(), NOW);
        if rotated { made.rotated(secret, 1_000, NOW) } else { made }
    };
    let state = |at: Option<Rfc3339>| State {
        status: EndpointStatus::Active,
        waiting: 1,
        dead_letters: 2,
        last_success_at: at,
        failing_since: at,
        disabled_at: at,
    };
    let tenant = acme();
    let shown = [
        ShownEndpoint::new(&settings(V1, "", false), None, false, Some(state(None)), NOW),
        ShownEndpoint::new(&settings(V1a, "Billing", true), Some(&tenant), true, Some(state(Some(Rfc3339(NOW)))), NOW),
        ShownEndpoint::new(&settings(V1a, "Billing", true), Some(&tenant), true, None, NOW),
    ];
    assert_documented("EventEndpoints", &[sent(&ShownEndpoints { endpoints: shown.to_vec() })]);
    let made = shown.map(|endpoint| {
        let kind = endpoint.signature;
        endpoint.with_secret(&NewSecret::from_random(kind, &[7; SECRET_RANDOM_BYTES]))
    });
    assert_documented("CreatedEventEndpoint", &with_replays(made));
    assert_documented("DeletedEventEndpoint", &[sent(&DeletedEndpoint { deleted: true, id })]);
}

#[test]
fn what_was_sent_and_what_was_not_is_shown_as_documented() {
    let event = EventId::parse("evt_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let attempt = |next_attempt_at: Option<Rfc3339>| ShownAttempt {
        event: event.clone(),
        event_type: EventType::KeyRevoked,
        at: Rfc3339(NOW),
        status: next_attempt_at.map(|_| 503),
        duration_ms: 12,
        outcome: AttemptOutcome::Refused,
        next_attempt_at,
    };
    let attempts = || vec![attempt(None), attempt(Some(Rfc3339(NOW)))];
    let pages = [None, Some("cursor".to_string())].map(|next_cursor| AttemptList { attempts: attempts(), next_cursor });
    assert_documented("EventAttempts", &pages.map(|page| serde_json::to_value(page).unwrap()));
    let letter = |key: Option<KeyId>| ShownDeadLetter {
        event: event.clone(),
        event_type: EventType::KeyRevoked,
        tenant: key.as_ref().map(|_| acme()),
        last_attempt_at: key.as_ref().map(|_| Rfc3339(NOW)),
        last_status: key.as_ref().map(|_| 500),
        key,
        created_at: Rfc3339(NOW),
        attempts: 10,
        reason: DeadLetterReason::AttemptsFailed,
    };
    let letters = || vec![letter(None), letter(KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs"))];
    let pages =
        [None, Some("cursor".to_string())].map(|next_cursor| UnsentList { dead_letters: letters(), next_cursor });
    assert_documented("UnsentEvents", &pages.map(|page| serde_json::to_value(page).unwrap()));
    assert_documented("RedrivenEvents", &with_replays([RedrivenEvents { redriven: 2 }]));
    assert_documented("ActedOnEvent", &with_replays([ActedOnEvent { id: event.clone(), status: "queued" }]));
}

#[test]
fn a_handshake_is_shown_as_documented_with_its_secret_and_without() {
    let id = HandshakeId::parse("hsk_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let from = || [None, Some("192.0.2.7".to_string())];
    let shown = |from: Option<String>| Handshake {
        id: id.clone(),
        received_at: Some(NOW),
        revealed_at: from.as_ref().map(|_| NOW),
        from,
    };
    let handshakes = from().map(shown).into();
    assert_documented("Handshakes", &[sent(&Handshakes { dropped: 1, handshakes })]);
    let revealed = |from: Option<String>| RevealedHandshake {
        from,
        id: id.clone(),
        note: UNAUTHENTICATED.into(),
        received_at: Some(NOW),
        secret: "secret".into(),
    };
    assert_documented("RevealedHandshake", &from().map(|from| sent(&revealed(from))));
}

/// The answers, each with the answer that a repeated request gets.
fn with_replays<A: Serialize>(answers: impl IntoIterator<Item = A>) -> Vec<Value> {
    let claim = Claim { id: "id".into(), fingerprint: "fingerprint".into() };
    let both = |answer: A| {
        let answer = sent(&answer);
        [Remembered::new(&claim, 200, answer.clone(), NOW).replayed(), answer]
    };
    answers.into_iter().flat_map(both).collect()
}

/// A key at stages of its life that together show everything that can be shown of a key.
fn stages(subject: Subject) -> [Key; 3] {
    let id = || Some(key(subject.clone()).record.id);
    let creator = |on_behalf_of| Some(Creator { id: "root".into(), name: "root key".into(), on_behalf_of });
    let created_by = creator(Some(actor()));
    let exposure = Some(Exposure { at: NOW, source: "commit".into(), url: "https://a.example".into() });
    let used = Key { rotated_from: id(), last_used_at: Some(NOW), created_by, exposure, ..key(subject.clone()) };
    let unplaced = used.exposure.clone().map(|exposure| Exposure { url: String::new(), ..exposure });
    let mut ending = Key { rotated_to: id(), created_by: creator(None), exposure: unplaced, ..used.clone() };
    ending.record.expires_at = Some(NOW.plus_millis(1_000));
    ending.pending_end = Some(PendingEnd { rotated_at: NOW, overlap_ms: 1_000, begun_at: Some(NOW), own_expiry: None });
    let revoked = |reason: Option<&str>, effective_by| {
        let revocation = Revocation { at: NOW, reason: reason.map(String::from), effective_by };
        Key { revocation: Some(revocation), ..used.clone() }
    };
    [ending, revoked(Some("leaked"), Some(NOW)), revoked(None, None)]
}

fn key(subject: Subject) -> Key {
    let id = match &subject {
        Subject::ApiKey { .. } => "key_4bTzV9cXk07Hq2mN1pRs",
        Subject::Operator { .. } => "op_4bTzV9cXk07Hq2mN1pRs",
    };
    let new = NewKey {
        name: "Zapier".into(),
        subject,
        scopes: scopes(),
        expires_at: RequestedExpiry::Never,
        allowed_ips: Vec::new(),
        metadata: Metadata::new(),
        own_limits: own_limits(),
    };
    let imported = ImportedKey {
        digest: KeyDigest::of("x"),
        display: KeyDisplay::parse("sk_live_ab12").unwrap(),
        new,
        created_at: None,
        revoked: false,
    };
    Key::import(KeyId::parse(id).unwrap(), imported, None, NOW)
}

fn api_key() -> Subject {
    Subject::ApiKey { tenant: acme(), environment: Environment::Live }
}

fn operator() -> Subject {
    Subject::Operator { reach: Reach::All }
}

fn actor() -> Actor {
    Actor { id: "u_7".into(), name: "Ann".into() }
}

fn text() -> PlainKey {
    let keyring = Keyring::parse(&"A".repeat(43)).unwrap();
    keyring.mint_operator_key(&[7; MINT_RANDOM_BYTES]).unwrap()
}

fn acme() -> TenantId {
    TenantId::parse("acme").unwrap()
}

fn scopes() -> ScopeSet {
    [Scope::parse("read:leads").unwrap()].into_iter().collect()
}

/// A rate limit and a quota.
fn counted_limits() -> ConfiguredLimits {
    let definition = |name: &str, kind| LimitDefinition {
        name: name.into(),
        kind,
        limit: 20,
        per: Per::Key,
        when_unreachable: WhenLimiterUnreachable::Deny,
    };
    let definitions = vec![
        definition("per-second", LimitKind::Rate(1)),
        definition("monthly", LimitKind::Quota(quota::Period::Month)),
    ];
    ConfiguredLimits { definitions, ..ConfiguredLimits::default() }
}

fn own_limits() -> OwnLimits {
    let own = |(name, limit): (&str, _)| (name.to_string(), OwnLimit { limit, at_most: false });
    [("per-second", Some(5)), ("monthly", None)].into_iter().map(own).collect()
}

fn limits() -> KeyLimits {
    KeyLimits { max_active_keys: Some(1), default_expiry_days: Some(1), max_expiry_days: Some(1) }
}

/// A configuration that has one or two of everything.
fn config() -> ManageConfig {
    let scope = |name: &str, unavailable: Option<&str>, implies| ScopeDefinition {
        name: Scope::parse(name).unwrap(),
        description: "Read leads.".into(),
        unavailable: unavailable.map(String::from),
        implies,
    };
    let plan = |limits| Plan { name: "pro".into(), description: "Pro".into(), limits };
    ManageConfig {
        name: "Voice".into(),
        challenge: Challenge::of_operators("Voice"),
        prefixes: Vec::new(),
        allow_imported: Vec::new(),
        environments: vec![Environment::Live],
        default_scopes: DefaultScopes::None,
        catalog: Catalog::new(vec![
            scope("read:leads", None, Implies::Everything),
            scope("write:leads", Some("leads are read only"), Implies::These(scopes().iter().cloned().collect())),
        ])
        .unwrap(),
        presets: vec![Preset { name: "reader".into(), description: "Reads.".into(), scopes: scopes() }],
        max_staleness_ms: 2_000,
        when_feed_unreachable: WhenFeedUnreachable::Deny,
        limits: limits(),
        plans: vec![plan(limits()), plan(KeyLimits::default())],
        counted_limits: counted_limits(),
        audit_retention_days: None,
        reminders: ReminderSettings::default(),
        webhooks: vec![
            WebhookSummary {
                source: "stripe-eu".into(),
                provider: "stripe".into(),
                mode: WebhookMode::Queue,
                body_authenticated: true,
                replays: Replays::RefuseSameId,
                told_apart_by: ToldApartBy::SignedId,
                keep_bodies_hours: 24,
                event_type: Some("json:type".into()),
                event_type_authenticated: true,
                verification: VerificationMode::LogOnly,
                upstreams: vec![WebhookUpstreamSummary {
                    upstream: "billing".into(),
                    path: "/events".into(),
                    types: vec!["invoice.*".into()],
                }],
                notes: Vec::new(),
            },
            WebhookSummary {
                source: "replicate".into(),
                provider: "replicate".into(),
                mode: WebhookMode::Queue,
                body_authenticated: true,
                replays: Replays::RefuseSameId,
                told_apart_by: ToldApartBy::SignedId,
                keep_bodies_hours: 24,
                event_type: None,
                event_type_authenticated: false,
                verification: VerificationMode::LogOnly,
                upstreams: vec![WebhookUpstreamSummary {
                    upstream: "billing".into(),
                    path: "/events".into(),
                    types: vec!["invoice.*".into()],
                }],
                notes: Vec::new(),
            },
        ],
        portal_origins: Vec::new(),
        exposure: Policies::default(),
        github_keys_url: KEYS_URL.into(),
        event_addresses: AddressRules::default(),
        headers: vec!["bearer".into(), "api-key".into()],
        api_url: None,
    }
}
