//! What the REST API asks of a ledger: JSON over the object's `fetch`, one path
//! for each command. The edge sends [`SelfRevoke`] and [`UsageBatch`].

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    access::operator::Caller,
    api::management::Rotation,
    base::id::DeliveryId,
    ledger::{
        idempotency::Claim,
        import::LineResult,
        lifecycle::{ImportedKey, KeyPatch, NewKey},
        plan::TenantPatch,
        query::{AuditQuery, ExportQuery, KeyQuery},
    },
    usage::{batch::UsageBatch, report::Period},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A command: its JSON, and where the ledger takes it.
pub(crate) trait Command: Serialize + DeserializeOwned {
    /// The path.
    const PATH: &'static str;
    /// The request's id, which every answer names.
    fn request_id(&self) -> &str;
    /// Under which it is carried out once, if its request had an idempotency key.
    fn claim(&self) -> Option<&Claim>;
}

/// Who asks, from where: what the audit log keeps of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The operator key's id, `root`, a key that acts for itself, or `keystile`.
    pub(crate) actor_id: String,
    /// Its name.
    pub(crate) actor_name: String,
    /// The source address, as Cloudflare states it.
    pub(crate) ip: Option<String>,
    /// The request's id.
    pub(crate) request_id: String,
    /// What its idempotency key stands for, if it has one.
    pub(crate) claim: Option<Claim>,
    /// Until when the judgement on who asks may be acted on; `None`: nothing ends it.
    #[serde(default)]
    pub(crate) judged_until: Option<Timestamp>,
}

impl Origin {
    /// A caller's request.
    pub(crate) fn new(judged: &Judged, ip: Option<String>, request_id: &str, claim: Option<Claim>) -> Self {
        let Judged { caller: Caller { id, name, .. }, until } = judged;
        let (actor_id, actor_name) = (id.clone(), name.clone());
        Self { actor_id, actor_name, ip, request_id: request_id.into(), claim, judged_until: *until }
    }

    /// Keystile itself, at nobody's request.
    pub(crate) fn keystile() -> Self {
        Self {
            actor_id: "keystile".into(),
            actor_name: "Keystile".into(),
            ip: None,
            request_id: "req_none".into(),
            claim: None,
            judged_until: None,
        }
    }
}

/// A caller who may act, as far as their key is concerned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    #[serde(flatten)]
    pub(crate) caller: Caller,
    /// Until when that may be relied on; `None` of the root key, which nothing ends
    /// but another deployment.
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
}

impl Judged {
    /// The holder of the root key.
    pub(crate) fn root() -> Self {
        Self { caller: Caller::root(), until: None }
    }
}

/// Which key, and of which tenant it has to be to be found: in the operators'
/// ledger a tenant's operator finds that tenant's operators alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The key.
    pub(crate) id: KeyId,
    /// The only tenant whose keys are found.
    pub(crate) within: Option<TenantId>,
}

/// Mint a key and record it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Create {
    pub(crate) origin: Origin,
    pub(crate) new: NewKey,
    /// The operator who must hold all that the key is to hold, where that is asked.
    #[serde(default)]
    pub(crate) granting: Option<Caller>,
}

/// Record keys that another system issued: one batch of an import. Answers
/// [`Imported`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Import {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    /// Each with the number of its line.
    pub(crate) keys: Vec<(usize, ImportedKey)>,
}

/// What came of each key of an [`Import`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Imported {
    /// By line. Of an import that is answered again the lines that were good then.
    pub(crate) results: Vec<(usize, LineResult)>,
    /// When the new ones are in effect everywhere, if there are any and the
    /// feed took them.
    pub(crate) effective_by: Option<Timestamp>,
    /// Whether this was done before, and is only answered again.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(crate) replayed: bool,
}

/// List keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct List {
    pub(crate) request_id: String,
    pub(crate) query: KeyQuery,
    pub(crate) within: Option<TenantId>,
}

/// Show one key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Get {
    pub(crate) request_id: String,
    pub(crate) target: Target,
    /// Whether sums of its uses come along.
    pub(crate) include_usage: bool,
}

/// Show one key's uses.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) request_id: String,
    pub(crate) target: Target,
    /// What the series by the hour is of.
    pub(crate) period: Period,
}

/// Change what a patch says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Patch {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) patch: KeyPatch,
    /// Only if the key has one of these versions.
    pub(crate) if_match: Option<Vec<u64>>,
}

/// End a key's life.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Revoke {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) reason: Option<String>,
}

/// Replace a key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rotate {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) rotation: Rotation,
    /// Who must hold what the key holds, where that is asked.
    pub(crate) granting: Option<Caller>,
}

/// Take back the end that a rotation set.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CancelRotation {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    /// As in [`Rotate`].
    pub(crate) granting: Option<Caller>,
}

/// Change a tenant's plan and limits.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PatchTenant {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    pub(crate) patch: TenantPatch,
}

/// Switch a key off.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Disable {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
}

/// Switch a key on again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Enable {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
}

/// Put all of a tenant's keys out of use.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Suspend {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
}

/// Put them back into use.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Resume {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
}

/// An event that could not be delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    /// The source of webhooks that it came to.
    pub(crate) source: String,
    /// The event.
    pub(crate) id: DeliveryId,
}

/// Put an event back into its queue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Redrive {
    pub(crate) origin: Origin,
    pub(crate) letter: Letter,
}

/// Delete an event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Discard {
    pub(crate) origin: Origin,
    pub(crate) letter: Letter,
}

/// What there is to say of a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) request_id: String,
    pub(crate) tenant: TenantId,
}

/// Read the audit log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Audit {
    pub(crate) request_id: String,
    pub(crate) query: AuditQuery,
}

/// Read a page of the audit log from its beginning on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Export {
    pub(crate) request_id: String,
    pub(crate) query: ExportQuery,
}

/// Whose operator key is this, and can it be used? Answers [`Judged`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Authenticate {
    pub(crate) request_id: String,
    pub(crate) digest: KeyDigest,
}

/// A key's holder revokes it, through the edge.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SelfRevoke {
    pub(crate) key_id: KeyId,
    pub(crate) request_id: String,
    pub(crate) ip: Option<String>,
}

macro_rules! commands {
    ($($command:ident $path:literal $($origin:ident)?;)+) => {
        $(impl Command for $command {
            const PATH: &'static str = $path;
            fn request_id(&self) -> &str {
                &self.$($origin.)?request_id
            }
            fn claim(&self) -> Option<&Claim> {
                None$(.or(self.$origin.claim.as_ref()))?
            }
        })+
    };
}

commands! {
    Create "/create" origin;
    Import "/import" origin;
    List "/list";
    Get "/get";
    Usage "/key-usage";
    Patch "/patch" origin;
    Revoke "/revoke" origin;
    Rotate "/rotate" origin;
    CancelRotation "/cancel-rotation" origin;
    PatchTenant "/patch-tenant" origin;
    Disable "/disable" origin;
    Enable "/enable" origin;
    Suspend "/suspend" origin;
    Resume "/resume" origin;
    Redrive "/redrive" origin;
    Discard "/discard" origin;
    Summary "/summary";
    Audit "/audit";
    Export "/export";
    Authenticate "/authenticate";
    SelfRevoke "/self-revoke";
}

/// Uses that an edge has counted.
impl Command for UsageBatch {
    const PATH: &'static str = "/usage";
    /// No one request's: the isolate's name, which is part of their ids.
    fn request_id(&self) -> &str {
        &self.isolate
    }

    fn claim(&self) -> Option<&Claim> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edge may run in another version than this worker.
    #[test]
    fn what_the_edge_sends_is_golden() {
        let text = r#"{"key_id":"key_4bTzV9cXk07Hq2mN1pRs","request_id":"req_1","ip":null}"#;
        let command: SelfRevoke = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
        assert_eq!(SelfRevoke::PATH, "/self-revoke");
        // The batch itself is the core's to pin.
        assert_eq!(UsageBatch::PATH, "/usage");
    }
}
