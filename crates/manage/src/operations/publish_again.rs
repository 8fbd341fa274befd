//! Publishes again what the feed has taken since a time. The feed asks for it, if it was put back to an earlier point.

use keystile_core::{
    ledger::idempotency::Claim,
    objects::{
        Call,
        ledger::{PublishAgain, PublishedAgain},
    },
};
use keystile_runtime::clock;

use crate::{
    command::Command,
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger, publishing_again},
};

impl Command for PublishAgain {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = PublishedAgain;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// The drain that follows publishes. If there are very many keys, the alarm enqueues the rest.
impl Change for PublishAgain {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<PublishedAgain, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        database.transaction(|| {
            if publishing_again::begin(database, self.since, self.round.as_deref(), now)? {
                ledger.tell_of_erasure_again(now)?;
            }
            ledger.arm(now)
        })?;
        publishing_again::go_on(database, now)?;
        Ok(PublishedAgain { is_finished: publishing_again::is_finished(database)? && !ledger.is_erasure_untold()? })
    }
}
