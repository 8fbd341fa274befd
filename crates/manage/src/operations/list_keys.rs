//! Lists a tenant's keys, or the operators', by page.

use keystile_core::{
    TenantId,
    api::{listing, shown::ShownKey},
    ledger::query::KeyQuery,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::get_key::shown;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    failure::Failure,
    ledger::{handler::Read, key_list, open::OpenLedger},
};

/// Lists a page of the tenant's keys.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let query = listing::parse_key_query(call.query()?)?;
    call.tenants_ledger(&ListKeys { request_id: call.request_id.into(), query, within: None }).await
}

/// Lists a page of operators. An operator of a tenant gets only that tenant's operators.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    let query = listing::parse_operator_query(call.query()?)?;
    call.operators_ledger(&ListKeys { request_id: call.request_id.into(), query, within: call.own_tenant() }).await
}

/// The command to list keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListKeys {
    pub(crate) request_id: String,
    pub(crate) query: KeyQuery,
    pub(crate) within: Option<TenantId>,
}

/// A page of keys.
#[derive(Serialize)]
pub(crate) struct KeyPage {
    pub(super) keys: Vec<ShownKey>,
    pub(super) next_cursor: Option<String>,
    /// The ids of keys whose rows can't be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unreadable: Vec<String>,
}

impl Command for ListKeys {
    const PATH: &'static str = "/list";
    type Answer = KeyPage;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Lists keys. A key that can't be read is named, and doesn't keep the others from being listed.
impl Read for ListKeys {
    fn read(&self, ledger: &OpenLedger) -> Result<KeyPage, Failure> {
        let now = clock::now();
        let (found, next) = key_list::page(&ledger.database, &self.query, self.within.as_ref(), now)?;
        let keys = found.rows.iter().map(|row| shown(ledger, &row.key, self.query.include_usage, now));
        Ok(KeyPage {
            keys: keys.collect::<worker::Result<_>>()?,
            next_cursor: next.map(|place| place.cursor()),
            unreadable: found.unreadable,
        })
    }
}
