//! Paths and methods to endpoints. No I/O.

use worker::Method;

/// A path that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Health,
    OpenApi,
    Scopes,
    Plans,
    Tenants,
    Tenant(&'a str),
    Suspend(&'a str),
    Resume(&'a str),
    Audit(&'a str),
    AuditExport(&'a str),
    Keys(&'a str),
    KeysImport(&'a str),
    Key(&'a str, &'a str),
    KeyUsage(&'a str, &'a str),
    KeyAction(&'a str, &'a str, KeyAction),
    Operators,
    Operator(&'a str),
    OperatorAction(&'a str, OperatorAction),
    OperatorsAudit,
    OperatorsAuditExport,
    Webhooks,
    DeadLetters(&'a str),
    LetterAction(&'a str, &'a str, LetterAction),
}

/// What `POST dead-letters/{id}/…` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LetterAction {
    Redrive,
    Discard,
}

/// What `POST keys/{id}/…` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyAction {
    Revoke,
    Rotate,
    CancelRotation,
    Disable,
    Enable,
}

/// What `POST operators/{id}/…` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperatorAction {
    Revoke,
    Rotate,
    CancelRotation,
}

/// A path and a method that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    Health,
    OpenApi,
    Scopes,
    Plans,
    Tenants,
    Tenant(&'a str, TenantEndpoint),
    Keys(&'a str, KeyEndpoint<'a>),
    Operators(OperatorEndpoint<'a>),
    Webhooks(WebhookEndpoint<'a>),
}

/// What can be asked of webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WebhookEndpoint<'a> {
    List,
    DeadLetters(&'a str),
    Do(&'a str, &'a str, LetterAction),
}

/// What can be asked of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TenantEndpoint {
    Show,
    Patch,
    Suspend,
    Resume,
    Audit,
    AuditExport,
}

/// What can be asked of a tenant's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyEndpoint<'a> {
    Create,
    Import,
    List,
    Get(&'a str),
    Usage(&'a str),
    Patch(&'a str),
    Do(&'a str, KeyAction),
}

/// What can be asked of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperatorEndpoint<'a> {
    Create,
    List,
    Get(&'a str),
    Do(&'a str, OperatorAction),
    Audit,
    AuditExport,
}

impl<'a> Resource<'a> {
    /// The resource at a path.
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if segments.contains(&"") {
            return None;
        }
        Some(match segments.as_slice() {
            ["healthz"] => Self::Health,
            ["openapi.json"] => Self::OpenApi,
            ["v1", "scopes"] => Self::Scopes,
            ["v1", "plans"] => Self::Plans,
            ["v1", "audit"] => Self::OperatorsAudit,
            ["v1", "audit", "export"] => Self::OperatorsAuditExport,
            ["v1", "operators"] => Self::Operators,
            ["v1", "operators", id] => Self::Operator(id),
            ["v1", "operators", id, action @ ..] => Self::OperatorAction(id, OperatorAction::parse(action)?),
            ["v1", "tenants"] => Self::Tenants,
            ["v1", "tenants", tenant] => Self::Tenant(tenant),
            ["v1", "tenants", tenant, "suspend"] => Self::Suspend(tenant),
            ["v1", "tenants", tenant, "resume"] => Self::Resume(tenant),
            ["v1", "tenants", tenant, "audit"] => Self::Audit(tenant),
            ["v1", "tenants", tenant, "audit", "export"] => Self::AuditExport(tenant),
            ["v1", "tenants", tenant, "keys"] => Self::Keys(tenant),
            ["v1", "tenants", tenant, "keys", "import"] => Self::KeysImport(tenant),
            ["v1", "tenants", tenant, "keys", id] => Self::Key(tenant, id),
            ["v1", "tenants", tenant, "keys", id, "usage"] => Self::KeyUsage(tenant, id),
            ["v1", "tenants", tenant, "keys", id, action @ ..] => {
                Self::KeyAction(tenant, id, KeyAction::parse(action)?)
            }
            ["v1", "webhooks"] => Self::Webhooks,
            ["v1", "webhooks", source, "dead-letters"] => Self::DeadLetters(source),
            ["v1", "webhooks", source, "dead-letters", id, "redrive"] => {
                Self::LetterAction(source, id, LetterAction::Redrive)
            }
            ["v1", "webhooks", source, "dead-letters", id, "discard"] => {
                Self::LetterAction(source, id, LetterAction::Discard)
            }
            _ => return None,
        })
    }

    /// What a method does there; `None` if it is not allowed.
    pub(super) fn endpoint(self, method: &Method) -> Option<Endpoint<'a>> {
        use {Endpoint as E, Method as M};
        Some(match (super::effective(method), self) {
            (M::Get, Self::Health) => E::Health,
            (M::Get, Self::OpenApi) => E::OpenApi,
            (M::Get, Self::Scopes) => E::Scopes,
            (M::Get, Self::Plans) => E::Plans,
            (M::Get, Self::Tenants) => E::Tenants,
            (M::Patch, Self::Tenant(tenant)) => E::Tenant(tenant, TenantEndpoint::Patch),
            (M::Get, Self::Tenant(tenant)) => E::Tenant(tenant, TenantEndpoint::Show),
            (M::Post, Self::Suspend(tenant)) => E::Tenant(tenant, TenantEndpoint::Suspend),
            (M::Post, Self::Resume(tenant)) => E::Tenant(tenant, TenantEndpoint::Resume),
            (M::Get, Self::Audit(tenant)) => E::Tenant(tenant, TenantEndpoint::Audit),
            (M::Get, Self::AuditExport(tenant)) => E::Tenant(tenant, TenantEndpoint::AuditExport),
            (M::Post, Self::Keys(tenant)) => E::Keys(tenant, KeyEndpoint::Create),
            (M::Post, Self::KeysImport(tenant)) => E::Keys(tenant, KeyEndpoint::Import),
            (M::Get, Self::Keys(tenant)) => E::Keys(tenant, KeyEndpoint::List),
            (M::Get, Self::Key(tenant, id)) => E::Keys(tenant, KeyEndpoint::Get(id)),
            (M::Get, Self::KeyUsage(tenant, id)) => E::Keys(tenant, KeyEndpoint::Usage(id)),
            (M::Patch, Self::Key(tenant, id)) => E::Keys(tenant, KeyEndpoint::Patch(id)),
            (M::Post, Self::KeyAction(tenant, id, action)) => E::Keys(tenant, KeyEndpoint::Do(id, action)),
            (M::Post, Self::Operators) => E::Operators(OperatorEndpoint::Create),
            (M::Get, Self::Operators) => E::Operators(OperatorEndpoint::List),
            (M::Get, Self::Operator(id)) => E::Operators(OperatorEndpoint::Get(id)),
            (M::Post, Self::OperatorAction(id, action)) => E::Operators(OperatorEndpoint::Do(id, action)),
            (M::Get, Self::OperatorsAudit) => E::Operators(OperatorEndpoint::Audit),
            (M::Get, Self::Webhooks) => E::Webhooks(WebhookEndpoint::List),
            (M::Get, Self::DeadLetters(source)) => E::Webhooks(WebhookEndpoint::DeadLetters(source)),
            (M::Post, Self::LetterAction(source, id, action)) => E::Webhooks(WebhookEndpoint::Do(source, id, action)),
            (M::Get, Self::OperatorsAuditExport) => E::Operators(OperatorEndpoint::AuditExport),
            _ => return None,
        })
    }

    /// The methods that are allowed there, for `Allow`.
    pub(super) const fn allow(self) -> &'static str {
        match self {
            Self::Health
            | Self::OpenApi
            | Self::Scopes
            | Self::Plans
            | Self::Tenants
            | Self::Audit(_)
            | Self::AuditExport(_)
            | Self::KeyUsage(..)
            | Self::Operator(_)
            | Self::OperatorsAudit
            | Self::OperatorsAuditExport
            | Self::Webhooks
            | Self::DeadLetters(_) => "GET, HEAD",
            Self::Suspend(_)
            | Self::Resume(_)
            | Self::KeysImport(_)
            | Self::KeyAction(..)
            | Self::OperatorAction(..)
            | Self::LetterAction(..) => "POST",
            Self::Keys(_) | Self::Operators => "GET, HEAD, POST",
            Self::Tenant(_) | Self::Key(..) => "GET, HEAD, PATCH",
        }
    }
}

impl KeyAction {
    fn parse(segments: &[&str]) -> Option<Self> {
        match segments {
            ["revoke"] => Some(Self::Revoke),
            ["rotate"] => Some(Self::Rotate),
            ["rotate", "cancel"] => Some(Self::CancelRotation),
            ["disable"] => Some(Self::Disable),
            ["enable"] => Some(Self::Enable),
            _ => None,
        }
    }
}

impl OperatorAction {
    fn parse(segments: &[&str]) -> Option<Self> {
        match segments {
            ["revoke"] => Some(Self::Revoke),
            ["rotate"] => Some(Self::Rotate),
            ["rotate", "cancel"] => Some(Self::CancelRotation),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 30] = [
        "/healthz",
        "/openapi.json",
        "/v1/scopes",
        "/v1/audit",
        "/v1/audit/export",
        "/v1/operators",
        "/v1/operators/op_1",
        "/v1/operators/op_1/revoke",
        "/v1/operators/op_1/rotate",
        "/v1/operators/op_1/rotate/cancel",
        "/v1/plans",
        "/v1/tenants",
        "/v1/tenants/acme",
        "/v1/tenants/acme/suspend",
        "/v1/tenants/acme/resume",
        "/v1/tenants/acme/audit",
        "/v1/tenants/acme/audit/export",
        "/v1/tenants/acme/keys",
        "/v1/tenants/acme/keys/import",
        "/v1/tenants/acme/keys/key_1",
        "/v1/tenants/acme/keys/key_1/usage",
        "/v1/tenants/acme/keys/key_1/revoke",
        "/v1/tenants/acme/keys/key_1/rotate",
        "/v1/tenants/acme/keys/key_1/rotate/cancel",
        "/v1/tenants/acme/keys/key_1/disable",
        "/v1/tenants/acme/keys/key_1/enable",
        "/v1/webhooks",
        "/v1/webhooks/stripe-eu/dead-letters",
        "/v1/webhooks/stripe-eu/dead-letters/dlv_1/redrive",
        "/v1/webhooks/stripe-eu/dead-letters/dlv_1/discard",
    ];

    #[test]
    fn a_path_allows_what_it_says_and_nothing_else() {
        for path in PATHS {
            let resource = Resource::parse(path).unwrap();
            for method in [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete] {
                let allowed = resource.allow().split(", ").any(|allowed| allowed == method.as_ref());
                assert_eq!(resource.endpoint(&method).is_some(), allowed, "{} {path}", method.as_ref());
            }
        }
    }

    #[test]
    fn what_is_no_path_is_none() {
        for path in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v1/tenants/",
            "/v1/operators/op_1/enable",
            "/v1/tenants/a/keys/",
            "/v2/scopes",
            "/V1/scopes",
            "//healthz",
        ] {
            assert_eq!(Resource::parse(path), None, "{path}");
        }
    }
}
