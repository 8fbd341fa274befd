//! A ledger's object: it opens the ledger at the first command or alarm.

use std::{cell::OnceCell, rc::Rc};

use keystile_runtime::{alarm, clock};
use worker::{Env, Response, Result, State};

use super::{drain::ALARM_RETRY_MS, open::OpenLedger};

/// The platform's handles, and the ledger once it is open.
pub(crate) struct Instance {
    state: State,
    env: Env,
    opened: OnceCell<Rc<OpenLedger>>,
}

impl Instance {
    /// Makes an instance whose ledger is not open yet.
    pub(crate) const fn new(state: State, env: Env) -> Self {
        Self { state, env, opened: OnceCell::new() }
    }

    /// Returns the ledger, and opens it if it isn't open yet.
    pub(crate) fn open(&self) -> Result<Rc<OpenLedger>> {
        if let Some(ledger) = self.opened.get() {
            return Ok(ledger.clone());
        }
        let ledger = Rc::new(OpenLedger::open(&self.state, &self.env, clock::now())?);
        Ok(self.opened.get_or_init(|| ledger).clone())
    }

    /// Starts a drain in the background, which carries out what a change left in the outbox.
    pub(crate) fn drain_later(&self, ledger: Rc<OpenLedger>) {
        self.state.wait_until(ledger.drain());
    }

    /// Asks the feed in the background whether the tenant was erased, unless this instance has asked before.
    pub(crate) fn ask_if_erased_later(&self, ledger: Rc<OpenLedger>) {
        if !ledger.has_asked_if_erased() {
            self.state.wait_until(ledger.ask_if_erased());
        }
    }

    /// Does what is due.
    pub(crate) async fn alarm(&self) -> Result<Response> {
        let drain = async |_| {
            self.open()?.drain().await;
            Ok(())
        };
        alarm::carry_out(self.state.storage(), "ledger", ALARM_RETRY_MS, drain).await
    }
}
