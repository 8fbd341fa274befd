//! Takes the uses that an edge has counted.

use keystile_core::{
    ledger::idempotency::Claim,
    objects::{Call, ledger::Counted},
    usage::batch::UsageBatch,
};
use keystile_runtime::clock;

use crate::{
    command::Command,
    failure::Failure,
    ledger::{adoption, handler::Change, open::OpenLedger, outbox::Changed, reporting, usage},
};

impl Command for UsageBatch {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = Counted;

    /// The name of the isolate, which is part of its requests' ids. A batch belongs to no single request.
    fn request_id(&self) -> &str {
        &self.isolate
    }
}

/// Counts a batch. A successor's first use may begin the overlap of its rotation.
impl Change for UsageBatch {
    /// Every busy isolate sends a batch every few seconds, and what a batch leaves to be done later is covered by the
    /// alarm that it sets.
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Counted, Failure> {
        let now = clock::now();
        let database = &ledger.database;
        // Edges send for a while what their isolates have counted before.
        if ledger.is_erased()? {
            return Ok(Counted { first_used: Vec::new() });
        }
        let (first_used, ending) = database.transaction(|| {
            let due = || Ok::<_, worker::Error>((usage::fold_due(database)?, adoption::next_due(database)?));
            let due_before = due()?;
            if ledger.forgets_isolates(now) {
                usage::forget_isolates(database, now)?;
            }
            let first_used = usage::take(database, &self, now)?;
            let begun = first_used.iter().map(|(id, at)| ledger.begin_overlap(id, *at, now));
            let ending = begun.collect::<worker::Result<Vec<_>>>()?.concat();
            // Sets the alarm only if something has changed, since setting it is a write too.
            let reports_earlier = reporting::schedule(database, now)?;
            if !ending.is_empty() || reports_earlier || due_before != due()? {
                ledger.arm(now)?;
            }
            Ok::<_, worker::Error>((first_used, ending))
        })?;
        // A change that the feed doesn't take now is retried from the outbox.
        let _ = ledger.publish_now(&ending.into_iter().map(Changed::Key).collect::<Vec<_>>()).await;
        Ok(Counted { first_used: first_used.into_iter().map(|(id, _)| id).collect() })
    }
}
