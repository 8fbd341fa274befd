//! Tells the limits of a tenant and its keys to a limiter that doesn't know them. An edge asks for it.

use keystile_core::{
    base::problem::Problem,
    objects::{Call, Done, ledger::TellLimits},
};

use crate::{
    command::Command,
    failure::Failure,
    ledger::{
        handler::Consult,
        limits::{self, NotTold},
        open::OpenLedger,
    },
};

impl Command for TellLimits {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Consult for TellLimits {
    async fn consult(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        let no_tenant = || Problem::unavailable("The ledger has no tenant.");
        let tenant = ledger.tenant()?.ok_or_else(no_tenant)?;
        ledger.tell_all(&tenant).await.map_err(|NotTold| limits::unavailable())?;
        Ok(Done {})
    }
}
