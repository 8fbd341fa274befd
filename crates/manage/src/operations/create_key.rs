//! Creates a key or an operator. A new operator can't have more rights than the operator who creates it.

use keystile_core::{
    access::{
        operator::Caller,
        record::{Reach, Subject},
    },
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownKey,
    },
    ledger::{audit::Action, idempotency::Claim, lifecycle::NewKey},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{
        handler::{self, Change},
        open::OpenLedger,
        outbox::Changed,
        refusals::not_so_long,
    },
};

/// Creates a key of the tenant.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let config = &call.deployment.config;
    let new = management::parse_new_key(body, call.tenant()?, config, clock::now())?;
    if let Some(portal) = &origin.portal {
        portal.may_create(&new, &config.catalog)?;
    }
    call.tenants_ledger(&CreateKey { origin, new, granting: None }).await
}

/// Creates an operator.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let new = management::parse_new_operator(body, clock::now())?;
    let granting = Some(call.caller().clone());
    call.operators_ledger(&CreateKey { origin, new, granting }).await
}

/// The command to mint a key and record it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreateKey {
    pub(crate) origin: Origin,
    pub(crate) new: NewKey,
    /// The operator who must hold everything that the new key is to hold; `None` if that isn't required.
    #[serde(default)]
    pub(crate) granting: Option<Caller>,
}

impl Command for CreateKey {
    const PATH: &'static str = "/create";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

/// Answers with the key even if the feed doesn't take it now, since the caller would have no other way to get it.
impl Change for CreateKey {
    const STATUS: u16 = 201;

    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let (now, showing) = (clock::now(), ledger.deployment.showing());
        let Self { origin, new, granting } = self;
        let (key, minted) = ledger.change_for(&origin, now, || {
            let limits = ledger.limits(&new.subject)?;
            ledger.check_one_more(&limits, now)?;
            let expires_at = limits.expiry(new.expires_at, now).map_err(not_so_long)?;
            if let Subject::Operator { reach: Reach::Tenant(tenant) } = &new.subject {
                ledger.refuse_for_erased(tenant)?;
            }
            if let (Some(caller), Subject::Operator { reach }) = (&granting, &new.subject) {
                ledger.granting(&origin, caller)?.may_grant(&new.scopes, reach, expires_at)?;
            }
            let own_limits = ledger.own_limits_of_new_key(&origin, &new.own_limits)?;
            let (key, minted) = ledger.mint(&origin, NewKey { own_limits, ..new.clone() }, expires_at, now)?;
            ledger.record_new(&origin, Action::Created, &key, now)?;
            let answer = ShownKey::changed(&key, None, showing, now).with_text(&minted);
            handler::note::<Self>(ledger, origin.claim.as_ref(), &answer, now)?;
            ledger.arm(now)?;
            Ok((key, minted))
        })?;
        ledger.tell_of_new(&[Changed::KeyLimits(key.record.id.clone())]).await;
        let effective_by = ledger.publish_now(&[Changed::Key(key.record.id.clone())]).await.unwrap_or_default();
        Ok(ShownKey::changed(&key, effective_by, showing, now).with_text(&minted))
    }
}
