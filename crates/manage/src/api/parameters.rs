//! Parsing of a path's parameters.

use keystile_core::{
    KeyId, TenantId,
    base::{code::Code, fields::FieldError, id::TENANT_FORM, problem::Problem},
};

use serde_json::json;

use crate::{command::Target, deployment::Deployment, failure::Failure};

/// Parses a tenant, whose name holds no key.
pub(super) fn tenant(text: &str, deployment: &Deployment) -> Result<TenantId, Failure> {
    deployment.secrets().check(&json!({ "tenant": text }))?;
    TenantId::parse(text).ok_or_else(|| vec![FieldError { field: "tenant".into(), detail: TENANT_FORM.into() }].into())
}

/// Parses the id of a tenant's key, which is in that tenant's ledger.
pub(super) fn key(id: &str) -> Result<Target, Failure> {
    let id = KeyId::parse(id).filter(|id| id.as_str().starts_with("key_"));
    let id = id.ok_or_else(|| Problem::new(Code::KeyNotFound, "There is no key with this id."))?;
    Ok(Target { id, within: None })
}

/// Parses the id of an operator, which is in the operators' ledger.
pub(super) fn operator(id: &str, within: Option<TenantId>) -> Result<Target, Failure> {
    let id = KeyId::parse(id).filter(KeyId::is_operators);
    let id = id.ok_or_else(|| Problem::new(Code::OperatorNotFound, "There is no operator with this id."))?;
    Ok(Target { id, within })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operators_id_is_no_keys() {
        let (key_id, operator_id) = ("key_4bTzV9cXk07Hq2mN1pRs", "op_4bTzV9cXk07Hq2mN1pRs");
        assert!(key(key_id).is_ok() && operator(operator_id, None).is_ok());
        assert!(key(operator_id).is_err() && operator(key_id, None).is_err());
    }
}
