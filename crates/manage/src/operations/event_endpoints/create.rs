//! Makes an endpoint. The answer has its secret, which nobody is shown again.

use keystile_core::{
    TenantId,
    api::{event_endpoints::parse_new, management::MAX_BODY_BYTES, shown::ShownEndpoint},
    events::settings::{EndpointSettings, NewEndpoint, difference},
    ledger::{audit::Action, idempotency::Claim},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{
        audit, event_endpoints,
        handler::{self, Change},
        open::OpenLedger,
    },
};

/// Makes an endpoint.
pub(crate) async fn create(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let new = parse_new(body, &|url| call.deployment.endpoint_url(url))?;
    call.scopes_ledger(&CreateEndpoint { origin, tenant: call.path_tenant().cloned(), new }).await
}

/// The command to make an endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreateEndpoint {
    origin: Origin,
    /// Whose; `None` for the deployment.
    tenant: Option<TenantId>,
    new: NewEndpoint,
}

impl Command for CreateEndpoint {
    const PATH: &'static str = "/create-event-endpoint";
    type Answer = ShownEndpoint;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

/// Answers with the secret even if the router doesn't take the endpoint now, since the caller would have no other way to
/// get it.
impl Change for CreateEndpoint {
    const STATUS: u16 = 201;

    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownEndpoint, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        let Self { origin, tenant, new } = self;
        let (settings, secret) = ledger.change_for(&origin, now, || {
            event_endpoints::check_one_more(database, tenant.as_ref())?;
            let id = event_endpoints::new_id()?;
            let (secret, sealed) = event_endpoints::draw_secret(&ledger.deployment.keyring, &id, new.signature)?;
            let settings = EndpointSettings::create(id, new.clone(), sealed, now);
            ledger.store_endpoint(&settings, tenant.as_ref(), now)?;
            let (action, detail) = (Action::EndpointCreated, difference(None, Some(&settings)));
            audit::endpoint_changed(database, &origin, action, &settings.id, detail, now)?;
            let answer = ledger.endpoint_without_asking(&settings, tenant.as_ref(), None, now)?.with_secret(&secret);
            handler::note::<Self>(ledger, origin.claim.as_ref(), &answer, now)?;
            ledger.arm(now)?;
            Ok((settings, secret))
        })?;
        ledger.tell_router_now().await?;
        Ok(ledger.shown_endpoint(&settings, tenant.as_ref()).await?.with_secret(&secret))
    }
}
