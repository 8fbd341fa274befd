//! The commands of a ledger: JSON over the object's `fetch`, one path for each.
//!
//! A command is defined beside the operation that sends it, in
//! [`operations`](crate::operations). The edge sends two, which
//! are those of [`objects::ledger`](keystile_core::objects::ledger).

use keystile_core::{
    KeyId, TenantId, Timestamp, access::operator::Caller, base::id::DeliveryId, ledger::idempotency::Claim,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A command: its JSON, where the ledger takes it, and what it answers.
pub(crate) trait Command: Serialize + DeserializeOwned {
    /// The path.
    const PATH: &'static str;
    /// The body of the answer if all goes well.
    type Answer: Serialize;
    /// The request's id, which every answer names.
    fn request_id(&self) -> &str;
}

/// The origin of a request, as the audit log keeps it: who asks, from where.
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
    /// The claim of its idempotency key, if it has one.
    pub(crate) claim: Option<Claim>,
    /// The end of the time in which the judgement on who asks may be acted on; `None`:
    /// nothing ends it.
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
    /// The end of the time in which that holds; `None` of the root key, which nothing ends
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

/// A key, and the tenant whose it has to be to be found: in the operators'
/// ledger a tenant's operator finds that tenant's operators alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The key.
    pub(crate) id: KeyId,
    /// The only tenant whose keys are found.
    pub(crate) within: Option<TenantId>,
}

/// An event that could not be delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetterRef {
    /// The source of webhooks that it came to.
    pub(crate) source: String,
    /// The event.
    pub(crate) id: DeliveryId,
}
