//! Publishes again what the feed has taken since a time. The feed asks for it, if it was put back to an earlier point.

use keystile_core::{
    ledger::idempotency::Claim,
    objects::{Call, Done, ledger::PublishAgain},
};
use keystile_runtime::clock;

use crate::{
    command::Command,
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger, outbox},
};

impl Command for PublishAgain {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// The drain that follows publishes.
impl Change for PublishAgain {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        let now = clock::now();
        ledger.database.transaction(|| {
            outbox::publish_again(&ledger.database, self.since, now)?;
            ledger.arm(now)
        })?;
        Ok(Done {})
    }
}
