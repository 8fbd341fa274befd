//! Erases the operators of a tenant, in the operators' ledger. The ledger of the tenant asks for it, which is erased.

use keystile_core::{
    ledger::idempotency::Claim,
    objects::{
        Call,
        ledger::{EraseOperators, OperatorsErased},
    },
};
use keystile_runtime::clock;

use crate::{
    command::Command,
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger},
};

impl Command for EraseOperators {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = OperatorsErased;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// The drain that follows publishes the revocations.
impl Change for EraseOperators {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<OperatorsErased, Failure> {
        let now = clock::now();
        let is_finished = ledger.database.transaction(|| ledger.begin_operators_erasure(&self.tenant, now))?;
        Ok(OperatorsErased { is_finished })
    }
}
