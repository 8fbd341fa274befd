//! The operations of the API and the commands of a ledger, with one row for each.
//!
//! A new operation needs a file here, a row in [`OPERATIONS`], a row in [`COMMANDS`] if it has a command, and a
//! description in `docs/reference/openapi.json`.

mod add_to_quota;
mod cancel_rotation;
mod count_uses;
mod create_key;
mod dead_letter;
mod disable_key;
mod erase_metadata;
mod erase_operators;
mod erase_tenant;
mod event_endpoints;
mod export_audit;
mod export_ledgers;
mod export_usage;
mod expose;
mod get_catalog;
mod get_key;
mod get_limits;
mod get_metrics;
mod get_overview;
mod get_tenant;
mod get_usage;
mod handshakes;
mod health;
mod import_keys;
mod list_audit;
mod list_dead_letters;
mod list_deliveries;
mod list_keys;
mod list_plans;
mod list_tenants;
mod list_webhook_sources;
mod openapi;
mod portal_session;
mod publish_again;
mod read_dead_letter;
mod redrive_all;
mod replay_delivery;
mod report_exposures;
mod restore_ledger;
mod restore_limits;
mod revoke_key;
mod revoke_keys;
mod rotate_key;
mod self_revoke;
mod session;
mod suspend_tenant;
mod tell_limits;
#[cfg(test)]
mod tests;
mod update_key;
mod update_tenant;

use keystile_core::{
    access::operator::OperatorScope::{self, *},
    objects::ledger::{EraseOperators, PublishAgain, SelfRevoke, TellLimits},
    usage::batch::UsageBatch,
};
use worker::{Context, Env, Method, Request};

use crate::{
    api::{
        call::ApiCall,
        reply::{Answering, ApiResult},
    },
    ledger::{authenticate::Authenticate, handler::Handler},
};

/// An operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// The template of its path.
    pub(crate) path: &'static str,
    /// Its `operationId` in the document.
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests find it in the document by this"))]
    pub(crate) id: &'static str,
    pub(crate) answers: Answers,
    /// Whether portal sessions may call it, for their tenant.
    pub(crate) portal: bool,
}

/// The callers of an operation, and the function that answers them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answers {
    /// Anyone.
    Public(fn(&Request, &Env) -> ApiResult),
    /// Anyone; the operation itself looks at what the request presents. The text is the request's id.
    Anyone(for<'a> fn(&'a Request, &'a Env, &'a str) -> Answering<'a>),
    /// The same; work may go on after the answer.
    AnyoneLater(for<'a> fn(&'a Request, &'a Env, &'a Context, &'a str) -> Answering<'a>),
    /// Portal sessions alone.
    Portal(for<'a> fn(&'a ApiCall<'a>) -> Answering<'a>),
    /// Operators who hold the scope, if one is needed.
    Operators(Option<(OperatorScope, Whose)>, for<'a> fn(&'a ApiCall<'a>) -> Answering<'a>),
}

/// The tenants that an operator must be able to act for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The tenant of the path.
    PathTenant,
    /// All tenants.
    AllTenants,
    /// The tenants that the operator acts for, whichever those are.
    OwnTenants,
}
use Whose::*;

macro_rules! operations {
    ($($method:ident $path:literal $id:ident, $($access:ident)+ => $function:path;)+) => {
        &[$(Operation {
            method: Method::$method,
            path: $path,
            id: stringify!($id),
            answers: operations!(@ $($access)+ => $function),
            portal: operations!(@portal $($access)+),
        }),+]
    };
    (@portal portal) => { true };
    (@portal any operator or portal) => { true };
    (@portal $scope:ident of $whose:ident or portal) => { true };
    (@portal $($others:ident)+) => { false };
    (@ public => $function:path) => { Answers::Public($function) };
    (@ anyone => $function:path) => { Answers::Anyone($function) };
    (@ anyone later => $function:path) => { Answers::AnyoneLater($function) };
    (@ portal => $function:path) => { Answers::Portal(|call| Box::pin($function(call))) };
    (@ any operator $(or portal)? => $function:path) => { Answers::Operators(None, |call| Box::pin($function(call))) };
    (@ $scope:ident of $whose:ident $(or portal)? => $function:path) => {
        Answers::Operators(Some(($scope, $whose)), |call| Box::pin($function(call)))
    };
}

/// The operations. If a path matches two templates, the first one counts.
pub(crate) const OPERATIONS: &[Operation] = operations! {
    Get "/healthz" getHealth, public => health::get;
    Get "/openapi.json" getOpenApi, public => openapi::get;
    Get "/metrics" getMetrics, MetricsRead of AllTenants => get_metrics::of_deployment;
    Post "/v1/session" beginSession, anyone => session::begin;
    Get "/v1/session" getSession, any operator => session::get;
    Delete "/v1/session" endSession, anyone => session::end;
    Post "/v1/portal-session" exchangePortalCode, anyone => portal_session::exchange;
    Get "/v1/portal-session" getPortalSession, portal => portal_session::get;
    Delete "/v1/portal-session" endPortalSession, anyone => portal_session::end;
    Post "/v1/exposures" reportExposures, anyone later => report_exposures::of_keys;
    Get "/v1/scopes" getCatalog, any operator or portal => get_catalog::of_deployment;
    Get "/v1/plans" listPlans, KeysRead of OwnTenants => list_plans::of_deployment;
    Get "/v1/overview" getOverview, KeysRead of AllTenants => get_overview::of_deployment;
    Get "/v1/usage" getUsage, KeysRead of AllTenants => get_usage::of_all_tenants;
    Get "/v1/usage/export" exportUsage, KeysRead of AllTenants => export_usage::of_all_tenants;

    Get "/v1/export" exportDeployment, TenantsExport of AllTenants => export_ledgers::of_deployment;

    Get "/v1/tenants" listTenants, KeysRead of AllTenants => list_tenants::of_deployment;
    Get "/v1/tenants/{tenant}" getTenant, KeysRead of PathTenant => get_tenant::of_path;
    Patch "/v1/tenants/{tenant}" updateTenant, KeysWrite of AllTenants => update_tenant::of_path;
    Delete "/v1/tenants/{tenant}" eraseTenant, TenantsDelete of AllTenants => erase_tenant::of_path;
    Post "/v1/tenants/{tenant}/suspend" suspendTenant, KeysWrite of AllTenants => suspend_tenant::suspend;
    Post "/v1/tenants/{tenant}/resume" resumeTenant, KeysWrite of AllTenants => suspend_tenant::resume;
    Get "/v1/tenants/{tenant}/export" exportTenant, TenantsExport of PathTenant => export_ledgers::of_tenant;
    Post "/v1/tenants/{tenant}/restore" restoreTenant, any operator => restore_ledger::of_tenant;
    Get "/v1/tenants/{tenant}/usage" getTenantUsage, KeysRead of PathTenant => get_usage::of_tenant;
    Get "/v1/tenants/{tenant}/usage/export" exportTenantUsage, KeysRead of PathTenant => export_usage::of_tenant;
    Get "/v1/tenants/{tenant}/limits" getTenantLimits, KeysRead of PathTenant or portal => get_limits::of_tenant;
    Post "/v1/tenants/{tenant}/limits/restore" restoreLimits, KeysWrite of AllTenants => restore_limits::of_tenant;
    Post "/v1/tenants/{tenant}/quotas/{name}/add" addToTenantQuota, KeysWrite of AllTenants => add_to_quota::of_tenant;
    Get "/v1/tenants/{tenant}/audit" listTenantAudit, AuditRead of PathTenant or portal => list_audit::of_tenant;
    Get "/v1/tenants/{tenant}/audit/export" exportTenantAudit, AuditRead of PathTenant => export_audit::of_tenant;

    Post "/v1/tenants/{tenant}/portal-sessions" createPortalSession,
        KeysWrite of PathTenant => portal_session::mint;
    Get "/v1/tenants/{tenant}/keys" listKeys, KeysRead of PathTenant or portal => list_keys::of_tenant;
    Post "/v1/tenants/{tenant}/keys" createKey, KeysWrite of PathTenant or portal => create_key::of_tenant;
    Post "/v1/tenants/{tenant}/keys/import" importKeys, KeysWrite of PathTenant => import_keys::of_tenant;
    Post "/v1/tenants/{tenant}/keys/revoke" revokeKeys, KeysWrite of PathTenant => revoke_keys::of_tenant;
    Get "/v1/tenants/{tenant}/keys/{id}" getKey, KeysRead of PathTenant or portal => get_key::of_tenant;
    Patch "/v1/tenants/{tenant}/keys/{id}" updateKey, KeysWrite of PathTenant or portal => update_key::of_tenant;
    Delete "/v1/tenants/{tenant}/keys/{id}/metadata" eraseKeyMetadata,
        KeysWrite of PathTenant => erase_metadata::of_tenant;
    Get "/v1/tenants/{tenant}/keys/{id}/usage" getKeyUsage, KeysRead of PathTenant or portal => get_usage::of_key;
    Get "/v1/tenants/{tenant}/keys/{id}/limits" getKeyLimits, KeysRead of PathTenant or portal => get_limits::of_key;
    Post "/v1/tenants/{tenant}/keys/{id}/quotas/{name}/add" addToKeyQuota,
        KeysWrite of AllTenants => add_to_quota::of_key;
    Post "/v1/tenants/{tenant}/keys/{id}/revoke" revokeKey, KeysWrite of PathTenant or portal => revoke_key::of_tenant;
    Post "/v1/tenants/{tenant}/keys/{id}/rotate" rotateKey, KeysWrite of PathTenant or portal => rotate_key::of_tenant;
    Post "/v1/tenants/{tenant}/keys/{id}/rotate/cancel" cancelKeyRotation,
        KeysWrite of PathTenant or portal => cancel_rotation::of_tenant;
    Post "/v1/tenants/{tenant}/keys/{id}/disable" disableKey, KeysWrite of PathTenant or portal => disable_key::disable;
    Post "/v1/tenants/{tenant}/keys/{id}/enable" enableKey, KeysWrite of PathTenant or portal => disable_key::enable;

    Get "/v1/operators" listOperators, OperatorsWrite of OwnTenants => list_keys::of_operators;
    Post "/v1/operators" createOperator, OperatorsWrite of OwnTenants => create_key::of_operators;
    Post "/v1/operators/restore" restoreOperators, any operator => restore_ledger::of_operators;
    Get "/v1/operators/{id}" getOperator, OperatorsWrite of OwnTenants => get_key::of_operators;
    Post "/v1/operators/{id}/revoke" revokeOperator, OperatorsWrite of OwnTenants => revoke_key::of_operators;
    Post "/v1/operators/{id}/rotate" rotateOperator, OperatorsWrite of OwnTenants => rotate_key::of_operators;
    Post "/v1/operators/{id}/rotate/cancel" cancelOperatorRotation,
        OperatorsWrite of OwnTenants => cancel_rotation::of_operators;
    Get "/v1/audit" listOperatorAudit, AuditRead of AllTenants => list_audit::of_operators;
    Get "/v1/audit/export" exportOperatorAudit, AuditRead of AllTenants => export_audit::of_operators;

    Get "/v1/webhooks" listWebhookSources, WebhooksRead of AllTenants => list_webhook_sources::of_deployment;
    Get "/v1/webhooks/{source}/dead-letters" listDeadLetters,
        WebhooksRead of AllTenants => list_dead_letters::of_source;
    Post "/v1/webhooks/{source}/dead-letters/redrive" redriveDeadLetters,
        WebhooksWrite of AllTenants => redrive_all::of_source;
    Get "/v1/webhooks/{source}/dead-letters/{id}/body" getDeadLetterBody,
        WebhooksWrite of AllTenants => read_dead_letter::body;
    Post "/v1/webhooks/{source}/dead-letters/{id}/redrive" redriveDeadLetter,
        WebhooksWrite of AllTenants => dead_letter::redrive;
    Post "/v1/webhooks/{source}/dead-letters/{id}/discard" discardDeadLetter,
        WebhooksWrite of AllTenants => dead_letter::discard;
    Get "/v1/webhooks/{source}/handshakes" listHandshakes, WebhooksRead of AllTenants => handshakes::of_source;
    Post "/v1/webhooks/{source}/handshakes/{id}/reveal" revealHandshake,
        WebhooksWrite of AllTenants => handshakes::reveal;
    Get "/v1/webhooks/{source}/deliveries" listDeliveries, WebhooksRead of AllTenants => list_deliveries::of_source;
    Post "/v1/webhooks/{source}/deliveries/{id}/replay" replayDelivery,
        WebhooksWrite of AllTenants => replay_delivery::of_path;

    Get "/v1/event-endpoints" listEventEndpoints, EventsRead of AllTenants => event_endpoints::get::list;
    Post "/v1/event-endpoints" createEventEndpoint, EventsWrite of AllTenants => event_endpoints::create::create;
    Get "/v1/event-endpoints/{endpoint}" getEventEndpoint, EventsRead of AllTenants => event_endpoints::get::one;
    Patch "/v1/event-endpoints/{endpoint}" updateEventEndpoint,
        EventsWrite of AllTenants => event_endpoints::update::update;
    Delete "/v1/event-endpoints/{endpoint}" deleteEventEndpoint,
        EventsWrite of AllTenants => event_endpoints::delete::delete;
    Post "/v1/event-endpoints/{endpoint}/secret/rotate" rotateEventSecret,
        EventsWrite of AllTenants => event_endpoints::rotate_secret::rotate;
    Post "/v1/event-endpoints/{endpoint}/test" testEventEndpoint,
        EventsWrite of AllTenants => event_endpoints::test::test;
    Get "/v1/event-endpoints/{endpoint}/attempts" listEventAttempts,
        EventsRead of AllTenants => event_endpoints::attempts::list;
    Get "/v1/event-endpoints/{endpoint}/dead-letters" listUnsentEvents,
        EventsRead of AllTenants => event_endpoints::dead_letters::list;
    Post "/v1/event-endpoints/{endpoint}/dead-letters/redrive" redriveUnsentEvents,
        EventsWrite of AllTenants => event_endpoints::dead_letters::redrive_all;
    Post "/v1/event-endpoints/{endpoint}/dead-letters/{event}/redrive" redriveUnsentEvent,
        EventsWrite of AllTenants => event_endpoints::dead_letters::redrive;
    Post "/v1/event-endpoints/{endpoint}/dead-letters/{event}/discard" discardUnsentEvent,
        EventsWrite of AllTenants => event_endpoints::dead_letters::discard;

    Get "/v1/tenants/{tenant}/event-endpoints" listTenantEventEndpoints,
        EventsRead of PathTenant => event_endpoints::get::list;
    Post "/v1/tenants/{tenant}/event-endpoints" createTenantEventEndpoint,
        EventsWrite of PathTenant => event_endpoints::create::create;
    Get "/v1/tenants/{tenant}/event-endpoints/{endpoint}" getTenantEventEndpoint,
        EventsRead of PathTenant => event_endpoints::get::one;
    Patch "/v1/tenants/{tenant}/event-endpoints/{endpoint}" updateTenantEventEndpoint,
        EventsWrite of PathTenant => event_endpoints::update::update;
    Delete "/v1/tenants/{tenant}/event-endpoints/{endpoint}" deleteTenantEventEndpoint,
        EventsWrite of PathTenant => event_endpoints::delete::delete;
    Post "/v1/tenants/{tenant}/event-endpoints/{endpoint}/secret/rotate" rotateTenantEventSecret,
        EventsWrite of PathTenant => event_endpoints::rotate_secret::rotate;
    Post "/v1/tenants/{tenant}/event-endpoints/{endpoint}/test" testTenantEventEndpoint,
        EventsWrite of PathTenant => event_endpoints::test::test;
    Get "/v1/tenants/{tenant}/event-endpoints/{endpoint}/attempts" listTenantEventAttempts,
        EventsRead of PathTenant => event_endpoints::attempts::list;
    Get "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters" listTenantUnsentEvents,
        EventsRead of PathTenant => event_endpoints::dead_letters::list;
    Post "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/redrive" redriveTenantUnsentEvents,
        EventsWrite of PathTenant => event_endpoints::dead_letters::redrive_all;
    Post "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/{event}/redrive" redriveTenantUnsentEvent,
        EventsWrite of PathTenant => event_endpoints::dead_letters::redrive;
    Post "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/{event}/discard" discardTenantUnsentEvent,
        EventsWrite of PathTenant => event_endpoints::dead_letters::discard;
};

/// The commands that a ledger carries out. The ledger of a tenant that was erased refuses those that don't say otherwise.
pub(crate) const COMMANDS: &[Handler] = &[
    Handler::read::<Authenticate>(),
    Handler::read::<event_endpoints::test::FindEndpoint>(),
    Handler::read::<export_audit::ExportAudit>().once_erased(),
    Handler::read::<export_ledgers::ExportLedger>(),
    Handler::read::<get_key::GetKey>(),
    Handler::read::<get_overview::CountSecrets>(),
    Handler::read::<get_tenant::GetTenant>().once_erased(),
    Handler::read::<get_usage::GetKeyUsage>(),
    Handler::read::<get_usage::GetTenantUsage>(),
    Handler::read::<list_audit::ListAudit>().once_erased(),
    Handler::consult::<event_endpoints::attempts::ListAttempts>(),
    Handler::consult::<event_endpoints::dead_letters::ListUnsent>(),
    Handler::consult::<event_endpoints::get::GetEndpoint>(),
    Handler::consult::<event_endpoints::get::ListEndpoints>(),
    Handler::consult::<get_limits::GetLimits>(),
    Handler::consult::<list_keys::ListKeys>(),
    Handler::consult::<TellLimits>().of_edges(),
    Handler::change::<add_to_quota::AddToQuota>(),
    Handler::change::<portal_session::ExchangeCode>(),
    Handler::change::<portal_session::MintSession>(),
    Handler::change::<session::BeginSession>(),
    Handler::change::<session::EndSession>(),
    Handler::change::<cancel_rotation::CancelRotation>(),
    Handler::change::<create_key::CreateKey>(),
    Handler::change::<dead_letter::Discard>(),
    Handler::change::<dead_letter::Redrive>(),
    Handler::change::<event_endpoints::create::CreateEndpoint>(),
    Handler::change::<event_endpoints::dead_letters::DiscardEvent>(),
    Handler::change::<event_endpoints::dead_letters::RedriveEvent>(),
    Handler::change::<event_endpoints::dead_letters::RedriveUnsent>(),
    Handler::change::<event_endpoints::delete::DeleteEndpoint>(),
    Handler::change::<event_endpoints::rotate_secret::RotateSecret>(),
    Handler::change::<event_endpoints::update::UpdateEndpoint>(),
    Handler::change::<handshakes::NoteReveal>(),
    Handler::change::<disable_key::Disable>(),
    Handler::change::<disable_key::Enable>(),
    Handler::change::<erase_metadata::EraseMetadata>(),
    Handler::change::<EraseOperators>(),
    Handler::change::<erase_tenant::EraseTenant>().once_erased(),
    Handler::change::<export_usage::ExportUsage>(),
    Handler::change::<expose::Expose>(),
    Handler::change::<import_keys::ImportKeys>(),
    Handler::change::<PublishAgain>().once_erased(),
    Handler::change::<read_dead_letter::NoteRead>(),
    Handler::change::<redrive_all::RedriveAll>(),
    Handler::change::<replay_delivery::ReplayDelivery>(),
    Handler::change::<restore_ledger::RestoreLedger>(),
    Handler::change::<restore_limits::RestoreLimits>(),
    Handler::change::<revoke_key::Revoke>(),
    Handler::change::<revoke_keys::RevokeKeys>(),
    Handler::change::<rotate_key::Rotate>(),
    Handler::change::<SelfRevoke>().of_edges(),
    Handler::change::<suspend_tenant::Resume>(),
    Handler::change::<suspend_tenant::Suspend>(),
    Handler::change::<update_key::UpdateKey>(),
    Handler::change::<update_tenant::UpdateTenant>(),
    Handler::change::<UsageBatch>().once_erased().of_edges(),
];
