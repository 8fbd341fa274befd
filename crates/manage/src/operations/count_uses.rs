//! Uses that an edge has counted.

use keystile_core::{
    ledger::idempotency::Claim,
    objects::{Call, ledger::Counted},
    usage::batch::UsageBatch,
};
use keystile_runtime::clock;

use crate::{
    command::Command,
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger, outbox::Subject, usage},
};

impl Command for UsageBatch {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = Counted;

    /// The isolate's name, which is part of its requests' ids: a batch is no one request's.
    fn request_id(&self) -> &str {
        &self.isolate
    }
}

/// The first use of a successor may begin the overlap of its rotation.
impl Change for UsageBatch {
    /// Batches come from every busy isolate every few seconds, and leave nothing to
    /// the background but what they have set the alarm for.
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Counted, Failure> {
        let now = clock::now();
        let database = &ledger.database;
        let (first_used, ending) = database.transaction(|| {
            let due = usage::fold_due(database)?;
            let first_used = usage::take(database, &self, now)?;
            let begun = first_used.iter().map(|(id, at)| ledger.begin_overlap(id, *at, now));
            let ending = begun.collect::<worker::Result<Vec<_>>>()?.concat();
            // An alarm is a write too.
            if !ending.is_empty() || due != usage::fold_due(database)? {
                ledger.arm(now)?;
            }
            Ok::<_, worker::Error>((first_used, ending))
        })?;
        // What the feed did not take now, the outbox retries.
        let _ = ledger.publish_now(&ending.into_iter().map(Subject::Key).collect::<Vec<_>>()).await;
        Ok(Counted { first_used: first_used.into_iter().map(|(id, _)| id).collect() })
    }
}
