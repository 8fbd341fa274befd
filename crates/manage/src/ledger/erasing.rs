//! Erases a tenant. Its ledger refuses all further commands from the transaction on that begins the erasure. Then every
//! key becomes a stub, which is published and put into KV as any change is; audit entries lose what names people; the
//! other tables are emptied; and the operators' ledger, the limiter, the routers of events and the overview do the same.
//! Keys that the ledger has lost, and the feed hasn't, are taken over meanwhile, as stubs.
//!
//! The alarm does that, some rows at a time, and so goes on after any interruption.
//!
//! A ledger that was put back to a point before has the tenant again. It can't know that by itself, so a ledger that has
//! started asks the feed, which keeps the names of erased tenants for good. If it is the feed that was put back, it
//! has every ledger publish again, and an erased one begins with the name.

use std::rc::Rc;

use keystile_core::{
    TenantId, Timestamp,
    access::{operator::OperatorScope, record::Reach},
    base::{code::Code, problem::Problem},
    events::terms::DEPLOYMENT_ROUTER,
    feed::message::TenantStatus,
    ledger::{
        audit::Action,
        erasure::{self, Eraser, Step},
        lifecycle::Key,
    },
    objects::{
        event_router::{Erase, ForgetTenant},
        feed::{self, ErasedQuery, NoteErased},
        ledger::{EraseOperators, OPERATORS},
        limiter::Forget,
    },
};
use keystile_runtime::{clock, log, object};
use serde_json::{Map, json};
use worker::{Error, Result};

use super::{
    adoption, audit, dead_letter_acts,
    drain::FEED_TIMEOUT_MS,
    erasures::{self, Erasure},
    keys,
    open::OpenLedger,
    outbox::{self, Changed},
    refusals, reporting, suspension,
};
use crate::{
    command::{Origin, Target},
    failure::Failure,
};

/// The longest that the operators' ledger, the limiter and a router of events may take.
const TIMEOUT_MS: u64 = 2_000;
/// The time after which a drain leaves the rest to the next alarm: others get their turn.
const DRAIN_MS: i64 = 500;
/// The request id of calls that belong to no request.
const NO_REQUEST_ID: &str = "req_none";

impl OpenLedger {
    /// Whether the tenant whose ledger this is was erased. The operators' ledger never is.
    pub(crate) fn is_erased(&self) -> Result<bool> {
        Ok(self.eraser() == Eraser::Tenant && erasures::exist(&self.database)?)
    }

    /// Refuses what an erased tenant's ledger does no more.
    ///
    /// # Errors
    /// The 410.
    pub(crate) fn refuse_if_erased(&self) -> std::result::Result<(), Failure> {
        if self.is_erased()? { Err(refusals::tenant_erased().into()) } else { Ok(()) }
    }

    /// Refuses a new operator or session of a tenant that was erased, in the operators' ledger.
    ///
    /// # Errors
    /// The 410.
    pub(crate) fn refuse_for_erased(&self, tenant: &TenantId) -> std::result::Result<(), Failure> {
        match erasures::find(&self.database, tenant)? {
            Some(_) => Err(refusals::tenant_erased().into()),
            None => Ok(()),
        }
    }

    /// Begins the erasure of the tenant, which must be suspended, and returns the time by which it is done. An erasure
    /// that has begun stays as it is. Runs in the transaction of the caller.
    ///
    /// # Errors
    /// The problem that says why it can't begin.
    pub(crate) fn order_erasure(
        &self,
        origin: &Origin,
        tenant: &TenantId,
        now: Timestamp,
    ) -> std::result::Result<Timestamp, Failure> {
        if let Some(begun) = erasures::find(&self.database, tenant)? {
            return Ok(begun.erased_by);
        }
        if !self.has_tenant()? {
            return Err(refusals::no_such_tenant().into());
        }
        origin.check_tenant(self.tenants_version()?)?;
        if !suspension::find(&self.database)?.is_some_and(|suspension| suspension.stated.suspended) {
            let scope = OperatorScope::KeysWrite.as_str();
            let detail = format!(
                "Suspend the tenant first (POST …/suspend, scope {scope}): only a suspended tenant is erased, so that \
                 nobody erases one that is in use."
            );
            return Err(Problem::new(Code::TenantNotSuspended, detail).into());
        }
        Ok(self.begin_tenants_erasure(origin, tenant, now)?)
    }

    /// Whether the key's tenant was erased, or the tenant of an operator whose key it is.
    pub(super) fn is_of_erased(&self, key: &Key) -> Result<bool> {
        match key.reach() {
            Reach::Tenant(tenant) => Ok(erasures::find(&self.database, &tenant)?.is_some()),
            Reach::All => Ok(false),
        }
    }

    /// Begins the erasure in the tenant's own ledger.
    fn begin_tenants_erasure(&self, origin: &Origin, tenant: &TenantId, now: Timestamp) -> Result<Timestamp> {
        let keys = keys::count_by_status(&self.database, now)?.iter().map(|(_, keys)| keys).sum();
        let erased_by = erasure::erased_by(keys, now);
        erasures::begin(&self.database, tenant, Eraser::Tenant, erased_by, now)?;
        // The feed may have keys that this ledger has lost.
        adoption::begin_anew(&self.database, now)?;
        audit::tenant_changed(&self.database, origin, Action::Erased, Map::new(), now)?;
        reporting::note_erasure(&self.database)?;
        self.arm(now)?;
        log::warn("tenant_erasure_begun", &[("tenant", tenant.as_str().into()), ("keys", keys.into())]);
        Ok(erased_by)
    }

    /// Begins the erasure of a tenant's operators, unless it has begun, and returns whether it is done. Their keys are
    /// revoked at once, a hundred of them at least. Runs in the transaction of the caller.
    pub(crate) fn begin_operators_erasure(&self, tenant: &TenantId, now: Timestamp) -> Result<bool> {
        if let Some(begun) = erasures::find(&self.database, tenant)? {
            return Ok(begun.erased_at.is_some());
        }
        erasures::begin(&self.database, tenant, Eraser::Operators, now, now)?;
        adoption::begin_anew(&self.database, now)?;
        let detail = Map::from_iter([("tenant".into(), json!({ "from": tenant, "to": null }))]);
        audit::tenant_changed(&self.database, &Origin::keystile(), Action::Erased, detail, now)?;
        erasures::end_sessions(&self.database, tenant)?;
        if let Some(begun) = erasures::find(&self.database, tenant)? {
            self.stub_keys(&begun, now)?;
        }
        self.arm(now)?;
        Ok(false)
    }

    /// Has the erasure begin anew with what others keep, since the feed was put back. Runs in the transaction of the
    /// caller, who sets the alarm.
    pub(crate) fn tell_of_erasure_again(&self, now: Timestamp) -> Result<()> {
        match self.named()?.filter(|_| self.eraser() == Eraser::Tenant) {
            Some(tenant) => erasures::go_back(&self.database, &tenant, Step::Feed, now),
            None => Ok(()),
        }
    }

    /// Whether the feed has yet to be told the name.
    pub(crate) fn is_erasure_untold(&self) -> Result<bool> {
        let Some(tenant) = self.named()? else { return Ok(false) };
        Ok(erasures::find(&self.database, &tenant)?.is_some_and(|erasure| erasure.step == Step::Feed))
    }

    /// Carries out the steps that are due, for a while.
    pub(super) async fn erase_due(&self) -> Result<()> {
        let begun_at = clock::now();
        while clock::now().millis_since(begun_at) < DRAIN_MS && self.erase_step().await? {}
        Ok(())
    }

    /// Carries out a part of the step that is longest due. Returns whether there was any.
    pub(crate) async fn erase_step(&self) -> Result<bool> {
        let Some(erasure) = erasures::due(&self.database, clock::now())? else { return Ok(false) };
        let outcome = match erasure.step {
            Step::Feed => self.note_at_feed(&erasure).await,
            Step::Operators => self.erase_operators(&erasure).await.map(drop),
            Step::Limiter => self.forget_at_limiter(&erasure).await,
            Step::Events => self.forget_events(&erasure).await.map(drop),
            Step::Settling => return self.settle(&erasure).await.map(|()| true),
            Step::Finished => Ok(()),
            Step::Keys | Step::Audit | Step::Rest => return self.erase_own(&erasure).map(|()| true),
        };
        let (database, now) = (&self.database, clock::now());
        match outcome {
            Ok(()) => erasures::advance(database, &erasure, self.eraser(), now)?,
            Err(error) => {
                let step = erasure.step.as_str();
                log::warn("erasure_step_failed", &[("step", step.into()), ("reason", error.to_string().into())]);
                erasures::put_off(database, &erasure, now)?;
            }
        }
        Ok(true)
    }

    /// Has the feed keep the tenant's name, with the suspension that keeps its keys from being used.
    async fn note_at_feed(&self, erasure: &Erasure) -> Result<()> {
        let note = NoteErased { tenant: erasure.tenant.clone() };
        object::call(&self.env, feed::NAME, &note, FEED_TIMEOUT_MS).await.map_err(|error| fault(error.0))?;
        Ok(())
    }

    /// Has the operators' ledger erase the tenant's operators. Returns whether that is done.
    async fn erase_operators(&self, erasure: &Erasure) -> Result<bool> {
        let command = EraseOperators { request_id: NO_REQUEST_ID.into(), tenant: erasure.tenant.clone() };
        let answer = object::call(&self.env, OPERATORS, &command, TIMEOUT_MS).await;
        answer.map(|answer| answer.is_finished).map_err(|error| fault(error.0))
    }

    async fn forget_at_limiter(&self, erasure: &Erasure) -> Result<()> {
        let answer = object::call(&self.env, erasure.tenant.as_str(), &Forget {}, TIMEOUT_MS).await;
        answer.map(drop).map_err(|error| fault(error.0))
    }

    /// Has the tenant's router of events forget the tenant, and the deployment's the tenant's events. Returns whether
    /// that is done.
    async fn forget_events(&self, erasure: &Erasure) -> Result<bool> {
        let tenant = &erasure.tenant;
        let own = object::call(&self.env, tenant.as_str(), &Erase {}, TIMEOUT_MS).await;
        let own = own.map_err(|error| fault(error.0))?;
        let forget = ForgetTenant { tenant: tenant.clone() };
        let deployments = object::call(&self.env, DEPLOYMENT_ROUTER, &forget, TIMEOUT_MS).await;
        let deployments = deployments.map_err(|error| fault(error.0))?;
        Ok(own.is_finished && deployments.is_finished)
    }

    /// Does the next part of what this ledger does by itself, in one transaction.
    fn erase_own(&self, erasure: &Erasure) -> Result<()> {
        let (of, now) = (self.eraser(), clock::now());
        self.database.transaction(|| {
            let goes_on = match erasure.step {
                Step::Keys => self.stub_keys(erasure, now)?,
                Step::Audit => erasures::scrub_audit(&self.database, erasure, of)?,
                _ => erasures::delete_rest(&self.database, erasure, of)?,
            };
            if goes_on { Ok(()) } else { erasures::advance(&self.database, erasure, of, now) }
        })
    }

    /// Makes the next keys stubs, and returns whether there were any. Each has a row in the outbox, so the feed and KV
    /// get it as they get any change.
    fn stub_keys(&self, erasure: &Erasure, now: Timestamp) -> Result<bool> {
        let ids = erasures::next_keys(&self.database, erasure)?;
        let Some(last) = ids.last() else { return Ok(false) };
        for id in &ids {
            let Some(row) = keys::find(&self.database, &Target { id: id.clone(), within: None })? else { continue };
            let stub = row.key.erased(now);
            if stub != row.key {
                keys::erase(&self.database, &stub, now)?;
                outbox::enqueue_at(&self.database, &Changed::Key(id.clone()), stub.record.version, now)?;
            }
        }
        erasures::stubbed(&self.database, erasure, last)?;
        Ok(true)
    }

    /// Ends the erasure once nothing is left anywhere; otherwise it looks again in a while.
    async fn settle(&self, erasure: &Erasure) -> Result<()> {
        let (database, of) = (&self.database, self.eraser());
        // A key that was taken over meanwhile comes first: the feed takes it as a stub alone, so it would wait for ever.
        if self.has_got_others(erasure)? {
            return database.transaction(|| erasures::go_back(database, &erasure.tenant, Step::Keys, clock::now()));
        }
        // An act on the tenant's events that was under way names its operator until its entry has lost the name.
        let waits = erasures::is_untold(database, &erasure.tenant)?
            || of == Eraser::Tenant && dead_letter_acts::next_due(database)?.is_some()
            || adoption::next_due(database)?.is_some()
            || of == Eraser::Tenant
                && (reporting::is_pending(database)?
                    || !self.erase_operators(erasure).await.unwrap_or(false)
                    || !self.forget_events(erasure).await.unwrap_or(false));
        let now = clock::now();
        if waits {
            return erasures::look_again(database, erasure, now);
        }
        database.transaction(|| {
            if self.has_got_others(erasure)? {
                return erasures::go_back(database, &erasure.tenant, Step::Keys, now);
            }
            if erasures::has_later_entries(database, erasure, of)? {
                return erasures::go_back_to_audit(database, &erasure.tenant, now);
            }
            if of == Eraser::Tenant {
                erasures::delete_counted(database)?;
            }
            log::info("tenant_erased", &[("tenant", erasure.tenant.as_str().into())]);
            erasures::advance(database, erasure, of, now)
        })
    }

    /// Whether there are keys that aren't stubs.
    fn has_got_others(&self, erasure: &Erasure) -> Result<bool> {
        let stub = Key::ERASED;
        erasures::has_got_others(&self.database, &erasure.tenant, &keys::search_text(stub, stub))
    }

    /// Whether this instance has asked the feed, or is asking.
    pub(super) fn has_asked_if_erased(&self) -> bool {
        self.asked_if_erased.get()
    }

    /// Asks the feed, once in the life of this instance, whether the tenant was erased, in the operators' ledger which
    /// ones were. If this ledger doesn't know, it was put back to a point before, and erases again.
    pub(crate) async fn ask_if_erased(self: Rc<Self>) {
        if self.asked_if_erased.replace(true) {
            return;
        }
        if let Err(error) = self.learn_of_erasures().await {
            self.asked_if_erased.set(false);
            log::warn("erasures_not_asked", &[("reason", error.to_string().into())]);
        }
    }

    async fn learn_of_erasures(&self) -> Result<()> {
        let of = self.eraser();
        let tenant = self.named()?;
        if of == Eraser::Operators && self.name.is_none() {
            return Ok(());
        }
        if of == Eraser::Tenant && (tenant.is_none() || erasures::exist(&self.database)?) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let query = ErasedQuery { tenant: tenant.clone(), after: after.take() };
            let page = object::call(&self.env, feed::NAME, &query, FEED_TIMEOUT_MS).await;
            let page = page.map_err(|error| fault(error.0))?;
            let now = clock::now();
            for tenant in &page.tenants {
                self.database.transaction(|| match of {
                    Eraser::Tenant => self.erase_again(tenant, now),
                    Eraser::Operators => self.begin_operators_erasure(tenant, now).map(drop),
                })?;
            }
            match page.tenants.last().filter(|_| page.more) {
                Some(last) => after = Some(last.clone()),
                None => return Ok(()),
            }
        }
    }

    /// Erases the tenant again, which this ledger has as it was before.
    fn erase_again(&self, tenant: &TenantId, now: Timestamp) -> Result<()> {
        if erasures::exist(&self.database)? {
            return Ok(());
        }
        log::error("ledger_was_put_back", &[("tenant", tenant.as_str().into())]);
        let known = suspension::find(&self.database)?.map(|known| known.stated);
        if !known.as_ref().is_some_and(|known| known.suspended) {
            let version = known.map_or(0, |known| known.version) + 1;
            suspension::write(&self.database, &TenantStatus { tenant: tenant.clone(), version, suspended: true })?;
            outbox::enqueue(&self.database, &Changed::Tenant, version, now)?;
        }
        self.begin_tenants_erasure(&Origin::keystile(), tenant, now).map(drop)
    }

    /// The eraser that this ledger is.
    fn eraser(&self) -> Eraser {
        let has_standing = || matches!(suspension::find(&self.database), Ok(Some(_)));
        let named_operators = self.name.as_deref().map(|name| name == OPERATORS);
        Eraser::of_ledger(named_operators, named_operators.is_none() && has_standing())
    }

    /// The tenant after which this ledger is named.
    fn named(&self) -> Result<Option<TenantId>> {
        match self.name.as_deref().filter(|name| *name != OPERATORS) {
            Some(name) => Ok(TenantId::parse(name)),
            None if self.name.is_some() => Ok(None),
            None => self.tenant(),
        }
    }
}

fn fault(reason: String) -> Error {
    Error::RustError(reason)
}
