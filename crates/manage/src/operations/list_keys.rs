//! Lists a tenant's keys, or the operators', by page.

use keystile_core::{
    TenantId,
    api::{listing, shown::ShownKey},
    ledger::query::{KeyPlace, KeyQuery},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::get_key::shown;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    failure::Failure,
    ledger::{handler::Consult, key_list, open::OpenLedger},
};

/// Lists a page of the tenant's keys.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let query = listing::parse_key_query(call.query()?, call.deployment.config.reminders.rotate_after_days)?;
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

/// The most parts of a page: a page looks at 100,000 keys.
const PARTS: usize = 25;

/// Lists keys. A key that can't be read is named, and doesn't keep the others from being listed. Other commands get
/// their turn between the parts of a page.
impl Consult for ListKeys {
    async fn consult(self, ledger: &OpenLedger) -> Result<KeyPage, Failure> {
        let Self { mut query, within, .. } = self;
        let mut page = KeyPage { keys: Vec::new(), next_cursor: None, unreadable: Vec::new() };
        for _ in 0..PARTS {
            let now = clock::now();
            let part = key_list::part(&ledger.database, &query, within.as_ref(), now)?;
            for row in &part.found.rows {
                page.keys.push(shown(ledger, &row.key, query.include_usage, now)?);
            }
            let found = part.found.rows.len() + part.found.unreadable.len();
            page.unreadable.extend(part.found.unreadable);
            page.next_cursor = part.next.as_ref().map(KeyPlace::cursor);
            query.limit = query.limit.saturating_sub(found as u32);
            if !part.cut || query.limit == 0 {
                break;
            }
            query.after = part.next;
            clock::sleep(0).await;
        }
        Ok(page)
    }
}
