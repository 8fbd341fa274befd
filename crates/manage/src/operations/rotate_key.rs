//! Rotates a key or an operator: replaces it by one that differs only in its text.

use futures_util::join;
use keystile_core::{
    Timestamp,
    access::operator::Caller,
    api::{
        management::{self, MAX_BODY_BYTES, Rotation},
        shown::ShownKey,
    },
    key::PlainKey,
    ledger::{
        audit::Action,
        idempotency::Claim,
        lifecycle::{Key, Overlap},
    },
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{
        handler::{self, Change},
        open::OpenLedger,
        outbox::Changed,
        refusals::{self, not_so_long},
    },
};

/// Rotates a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = command(call, call.key()?, None).await?;
    call.tenants_ledger(&command).await
}

/// Rotates an operator. The caller gets a key that can do what the old one could, so they must hold everything that it
/// holds.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = command(call, call.operator()?, Some(call.caller().clone())).await?;
    call.operators_ledger(&command).await
}

async fn command(call: &ApiCall<'_>, target: Target, granting: Option<Caller>) -> Result<Rotate, Failure> {
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    Ok(Rotate { origin, target, rotation: management::parse_rotate(body, clock::now())?, granting })
}

/// The command to replace a key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rotate {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) rotation: Rotation,
    /// The operator who must hold everything that the key holds; `None` if that isn't required.
    pub(crate) granting: Option<Caller>,
}

impl Command for Rotate {
    const PATH: &'static str = "/rotate";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for Rotate {
    const STATUS: u16 = 201;

    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let Self { origin, target, rotation, granting } = self;
        let (successor, minted, replaced) = ledger.change_for(&origin, now, || {
            let old = ledger.find(&target)?.key;
            origin.may_manage(&old, &ledger.deployment.config.catalog)?;
            let limits = ledger.limits(&old.record.subject)?;
            let granting = granting.as_ref().map(|caller| ledger.granting(&origin, caller)).transpose()?;
            let rotators_end = granting.as_ref().and_then(|caller| caller.expires_at);
            let expires_at = old.successors_expiry(rotation.expires_at, &limits, rotators_end, now);
            let expires_at = expires_at.map_err(not_so_long)?;
            if let Some(caller) = &granting {
                caller.may_grant(&old.record.scopes, &old.reach(), expires_at)?;
            }
            if rotation.overlap != Overlap::None {
                ledger.check_one_more_ends(&limits, now)?;
            }
            let (successor, minted) = ledger.mint(&origin, old.as_new(), expires_at, now)?;
            let successor = successor.replacing(&old);
            let replaced = old.rotate(&successor.record.id, rotation.overlap, now).map_err(refusals::impossible)?;
            origin.check_key(&old)?;
            ledger.record_new(&origin, Action::Created, &successor, now)?;
            ledger.record_changed(&origin, Action::Rotated, &old, &replaced, now)?;
            let answer = rotated(ledger, &successor, &minted, &replaced, None, now);
            handler::note::<Self>(ledger, origin.claim.as_ref(), &answer, now)?;
            ledger.arm(now)?;
            Ok((successor, minted, replaced))
        })?;
        let [successors, olds] = [&successor, &replaced].map(|key| [Changed::Key(key.record.id.clone())]);
        // The end of the old key doesn't wait for the limiter.
        let begins = async {
            ledger.tell_of_new(&[Changed::KeyLimits(successor.record.id.clone())]).await;
            ledger.publish_now(&successors).await
        };
        let effective_by = match join!(begins, ledger.publish_now(&olds)) {
            (Ok(begins), Ok(ends)) => begins.max(ends),
            _ => None,
        };
        Ok(rotated(ledger, &successor, &minted, &replaced, effective_by, now))
    }
}

fn rotated(
    ledger: &OpenLedger,
    successor: &Key,
    minted: &PlainKey,
    replaced: &Key,
    effective_by: Option<Timestamp>,
    now: Timestamp,
) -> ShownKey {
    let showing = ledger.deployment.showing();
    let replaced = ShownKey::new(replaced, showing, now);
    ShownKey::changed(successor, effective_by, showing, now).with_text(minted).replacing(replaced)
}
