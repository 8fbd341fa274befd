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

/// Looks at all keys, some at a time. The drain that follows publishes.
impl Change for PublishAgain {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        let database = &ledger.database;
        database.transaction(|| outbox::publish_tenant_again(database, self.since, clock::now()))?;
        let mut after = Some(String::new());
        while let Some(id) = after {
            after = database.transaction(|| {
                let now = clock::now();
                let after = outbox::publish_keys_again(database, self.since, &id, now)?;
                ledger.arm(now)?;
                Ok::<_, worker::Error>(after)
            })?;
            // Others get their turn in between.
            clock::sleep(0).await;
        }
        Ok(Done {})
    }
}
