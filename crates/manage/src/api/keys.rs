//! A tenant's keys.

use keystile_core::{
    KeyId, TenantId,
    access::operator::OperatorScope,
    api::{
        listing,
        management::{self, MAX_BODY_BYTES},
    },
    base::problem::Problem,
};
use keystile_runtime::clock;
use worker::Request;

use super::{
    Call, Outcome, body, query,
    route::{KeyAction, KeyEndpoint},
};
use crate::{
    command::{CancelRotation, Create, Disable, Enable, Get, List, Patch, Revoke, Rotate, Target, Usage},
    failure::Failure,
};

impl Call<'_> {
    pub(super) async fn keys(&self, request: &mut Request, tenant: TenantId, endpoint: KeyEndpoint<'_>) -> Outcome {
        let scope = match endpoint {
            KeyEndpoint::List | KeyEndpoint::Get(_) | KeyEndpoint::Usage(_) => OperatorScope::KeysRead,
            KeyEndpoint::Create | KeyEndpoint::Import | KeyEndpoint::Patch(_) | KeyEndpoint::Do(..) => {
                OperatorScope::KeysWrite
            }
        };
        self.caller().may(scope, Some(&tenant))?;
        match endpoint {
            KeyEndpoint::List => self.list_keys(request, &tenant).await,
            KeyEndpoint::Get(id) => self.get_key(request, &tenant, id).await,
            KeyEndpoint::Usage(id) => self.key_usage(request, &tenant, id).await,
            KeyEndpoint::Create => self.create_key(request, tenant).await,
            KeyEndpoint::Import => self.import_keys(request, tenant).await,
            KeyEndpoint::Patch(id) => self.patch_key(request, &tenant, id).await,
            KeyEndpoint::Do(id, action) => self.act_on_key(request, &tenant, id, action).await,
        }
    }

    async fn list_keys(&self, request: &Request, tenant: &TenantId) -> Outcome {
        let query = listing::parse_key_query(query::pairs(request)?)?;
        let command = List { request_id: self.request_id.into(), query, within: None };
        self.ledger(tenant.as_str(), &command).await
    }

    async fn get_key(&self, request: &Request, tenant: &TenantId, id: &str) -> Outcome {
        let include_usage = listing::parse_include(query::pairs(request)?)?;
        let command = Get { request_id: self.request_id.into(), target: target(id)?, include_usage };
        self.ledger(tenant.as_str(), &command).await
    }

    async fn key_usage(&self, request: &Request, tenant: &TenantId, id: &str) -> Outcome {
        let period = listing::parse_usage_query(query::pairs(request)?)?;
        let command = Usage { request_id: self.request_id.into(), target: target(id)?, period };
        self.ledger(tenant.as_str(), &command).await
    }

    async fn create_key(&self, request: &mut Request, tenant: TenantId) -> Outcome {
        query::none(request)?;
        let (body, origin) = self.asked(request, body::JSON, MAX_BODY_BYTES).await?;
        let new = management::parse_new_key(body, &tenant, &self.deployment.config, clock::now())?;
        self.ledger(tenant.as_str(), &Create { origin, new, granting: None }).await
    }

    async fn patch_key(&self, request: &mut Request, tenant: &TenantId, id: &str) -> Outcome {
        query::none(request)?;
        let target = target(id)?;
        let (body, origin) = self.asked(request, body::MERGE_PATCH, MAX_BODY_BYTES).await?;
        let patch = management::parse_patch(body, &self.deployment.config, clock::now())?;
        let if_match = request.headers().get("If-Match")?.as_deref().and_then(versions);
        let command = Patch { origin, target, patch, if_match };
        self.ledger(tenant.as_str(), &command).await
    }

    async fn act_on_key(&self, request: &mut Request, tenant: &TenantId, id: &str, action: KeyAction) -> Outcome {
        query::none(request)?;
        let target = target(id)?;
        let (body, origin) = self.asked(request, body::JSON, MAX_BODY_BYTES).await?;
        let ledger = tenant.as_str();
        match action {
            KeyAction::Revoke => {
                let reason = management::parse_revoke(body)?;
                self.ledger(ledger, &Revoke { origin, target, reason }).await
            }
            KeyAction::Rotate => {
                let rotation = management::parse_rotate(body, clock::now())?;
                self.ledger(ledger, &Rotate { origin, target, rotation, granting: None }).await
            }
            KeyAction::CancelRotation => {
                management::parse_empty(body)?;
                self.ledger(ledger, &CancelRotation { origin, target, granting: None }).await
            }
            KeyAction::Disable => {
                management::parse_empty(body)?;
                self.ledger(ledger, &Disable { origin, target }).await
            }
            KeyAction::Enable => {
                management::parse_empty(body)?;
                self.ledger(ledger, &Enable { origin, target }).await
            }
        }
    }
}

fn target(id: &str) -> Result<Target, Failure> {
    let id = KeyId::parse(id).filter(|id| id.as_str().starts_with("key_"));
    let id = id.ok_or_else(|| Problem::new(404, "KEY_NOT_FOUND", "There is no key with this id."))?;
    Ok(Target { id, within: None })
}

/// The versions that an `If-Match` names; `None` for `*`, which any key
/// matches. What is no ETag of ours matches none.
fn versions(if_match: &str) -> Option<Vec<u64>> {
    let tags: Vec<&str> = if_match.split(',').map(str::trim).collect();
    if tags.contains(&"*") {
        return None;
    }
    let version = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Some(tags.iter().filter_map(version).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_names_versions_and_what_is_none_matches_nothing() {
        assert_eq!(versions("\"3\""), Some(vec![3]));
        assert_eq!(versions("\"3\", \"4\""), Some(vec![3, 4]));
        assert_eq!(versions("*"), None);
        // A weak tag never matches (RFC 9110, strong comparison).
        for none in ["", "3", "W/\"3\"", "\"x\"", "\"-1\""] {
            assert_eq!(versions(none), Some(vec![]), "{none}");
        }
    }

    #[test]
    fn an_operators_id_is_no_keys() {
        assert!(target("key_4bTzV9cXk07Hq2mN1pRs").is_ok());
        assert!(target("op_4bTzV9cXk07Hq2mN1pRs").is_err());
    }
}
