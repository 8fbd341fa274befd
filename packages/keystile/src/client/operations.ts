// The operations of the API, by their ids in its document. A missing one is an error of the types.

import type { operations, paths } from "./schema.ts";

export type OperationId = keyof operations;
type Verb = "GET" | "POST" | "PATCH" | "DELETE";

export const OPERATIONS = {
  getHealth: "GET /healthz",
  getOpenApi: "GET /openapi.json",
  getMetrics: "GET /metrics",
  beginSession: "POST /v1/session",
  getSession: "GET /v1/session",
  endSession: "DELETE /v1/session",
  exchangePortalCode: "POST /v1/portal-session",
  getPortalSession: "GET /v1/portal-session",
  endPortalSession: "DELETE /v1/portal-session",
  createPortalSession: "POST /v1/tenants/{tenant}/portal-sessions",
  reportExposures: "POST /v1/exposures",
  getCatalog: "GET /v1/scopes",
  listPlans: "GET /v1/plans",
  getOverview: "GET /v1/overview",
  getUsage: "GET /v1/usage",
  exportUsage: "GET /v1/usage/export",
  exportDeployment: "GET /v1/export",
  listTenants: "GET /v1/tenants",
  getTenant: "GET /v1/tenants/{tenant}",
  updateTenant: "PATCH /v1/tenants/{tenant}",
  eraseTenant: "DELETE /v1/tenants/{tenant}",
  suspendTenant: "POST /v1/tenants/{tenant}/suspend",
  resumeTenant: "POST /v1/tenants/{tenant}/resume",
  exportTenant: "GET /v1/tenants/{tenant}/export",
  restoreTenant: "POST /v1/tenants/{tenant}/restore",
  getTenantUsage: "GET /v1/tenants/{tenant}/usage",
  exportTenantUsage: "GET /v1/tenants/{tenant}/usage/export",
  getTenantLimits: "GET /v1/tenants/{tenant}/limits",
  restoreLimits: "POST /v1/tenants/{tenant}/limits/restore",
  addToTenantQuota: "POST /v1/tenants/{tenant}/quotas/{name}/add",
  listTenantAudit: "GET /v1/tenants/{tenant}/audit",
  exportTenantAudit: "GET /v1/tenants/{tenant}/audit/export",
  listKeys: "GET /v1/tenants/{tenant}/keys",
  createKey: "POST /v1/tenants/{tenant}/keys",
  importKeys: "POST /v1/tenants/{tenant}/keys/import",
  revokeKeys: "POST /v1/tenants/{tenant}/keys/revoke",
  getKey: "GET /v1/tenants/{tenant}/keys/{id}",
  updateKey: "PATCH /v1/tenants/{tenant}/keys/{id}",
  revokeKey: "POST /v1/tenants/{tenant}/keys/{id}/revoke",
  rotateKey: "POST /v1/tenants/{tenant}/keys/{id}/rotate",
  cancelKeyRotation: "POST /v1/tenants/{tenant}/keys/{id}/rotate/cancel",
  disableKey: "POST /v1/tenants/{tenant}/keys/{id}/disable",
  enableKey: "POST /v1/tenants/{tenant}/keys/{id}/enable",
  eraseKeyMetadata: "DELETE /v1/tenants/{tenant}/keys/{id}/metadata",
  getKeyUsage: "GET /v1/tenants/{tenant}/keys/{id}/usage",
  getKeyLimits: "GET /v1/tenants/{tenant}/keys/{id}/limits",
  addToKeyQuota: "POST /v1/tenants/{tenant}/keys/{id}/quotas/{name}/add",
  listOperators: "GET /v1/operators",
  createOperator: "POST /v1/operators",
  restoreOperators: "POST /v1/operators/restore",
  getOperator: "GET /v1/operators/{id}",
  revokeOperator: "POST /v1/operators/{id}/revoke",
  rotateOperator: "POST /v1/operators/{id}/rotate",
  cancelOperatorRotation: "POST /v1/operators/{id}/rotate/cancel",
  listOperatorAudit: "GET /v1/audit",
  exportOperatorAudit: "GET /v1/audit/export",
  listWebhookSources: "GET /v1/webhooks",
  listDeliveries: "GET /v1/webhooks/{source}/deliveries",
  replayDelivery: "POST /v1/webhooks/{source}/deliveries/{id}/replay",
  listDeadLetters: "GET /v1/webhooks/{source}/dead-letters",
  redriveDeadLetters: "POST /v1/webhooks/{source}/dead-letters/redrive",
  redriveDeadLetter: "POST /v1/webhooks/{source}/dead-letters/{id}/redrive",
  discardDeadLetter: "POST /v1/webhooks/{source}/dead-letters/{id}/discard",
  getDeadLetterBody: "GET /v1/webhooks/{source}/dead-letters/{id}/body",
  listHandshakes: "GET /v1/webhooks/{source}/handshakes",
  revealHandshake: "POST /v1/webhooks/{source}/handshakes/{id}/reveal",
  listEventEndpoints: "GET /v1/event-endpoints",
  createEventEndpoint: "POST /v1/event-endpoints",
  getEventEndpoint: "GET /v1/event-endpoints/{endpoint}",
  updateEventEndpoint: "PATCH /v1/event-endpoints/{endpoint}",
  deleteEventEndpoint: "DELETE /v1/event-endpoints/{endpoint}",
  rotateEventSecret: "POST /v1/event-endpoints/{endpoint}/secret/rotate",
  testEventEndpoint: "POST /v1/event-endpoints/{endpoint}/test",
  listEventAttempts: "GET /v1/event-endpoints/{endpoint}/attempts",
  listUnsentEvents: "GET /v1/event-endpoints/{endpoint}/dead-letters",
  redriveUnsentEvents: "POST /v1/event-endpoints/{endpoint}/dead-letters/redrive",
  redriveUnsentEvent: "POST /v1/event-endpoints/{endpoint}/dead-letters/{event}/redrive",
  discardUnsentEvent: "POST /v1/event-endpoints/{endpoint}/dead-letters/{event}/discard",
  listTenantEventEndpoints: "GET /v1/tenants/{tenant}/event-endpoints",
  createTenantEventEndpoint: "POST /v1/tenants/{tenant}/event-endpoints",
  getTenantEventEndpoint: "GET /v1/tenants/{tenant}/event-endpoints/{endpoint}",
  updateTenantEventEndpoint: "PATCH /v1/tenants/{tenant}/event-endpoints/{endpoint}",
  deleteTenantEventEndpoint: "DELETE /v1/tenants/{tenant}/event-endpoints/{endpoint}",
  rotateTenantEventSecret: "POST /v1/tenants/{tenant}/event-endpoints/{endpoint}/secret/rotate",
  testTenantEventEndpoint: "POST /v1/tenants/{tenant}/event-endpoints/{endpoint}/test",
  listTenantEventAttempts: "GET /v1/tenants/{tenant}/event-endpoints/{endpoint}/attempts",
  listTenantUnsentEvents: "GET /v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters",
  redriveTenantUnsentEvents: "POST /v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/redrive",
  redriveTenantUnsentEvent: "POST /v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/{event}/redrive",
  discardTenantUnsentEvent: "POST /v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/{event}/discard",
} as const satisfies Record<OperationId, `${Verb} ${keyof paths}`>;

/** The POSTs that take no `Idempotency-Key`: to send one of them again is to do it again, or changes nothing. */
const NOT_REPEATABLE: ReadonlySet<OperationId> = new Set<OperationId>([
  "beginSession",
  "exchangePortalCode",
  "createPortalSession",
  "revealHandshake",
  "reportExposures",
  "testEventEndpoint",
  "testTenantEventEndpoint",
]);

/** Whether the operation is a change that an `Idempotency-Key` makes safe to send again. */
export const takesIdempotencyKey = (id: OperationId): boolean =>
  OPERATIONS[id].startsWith("POST ") && !NOT_REPEATABLE.has(id);

/** Whether the operation's success is 204. */
export const answersNothing = (id: OperationId): boolean => id === "endSession" || id === "endPortalSession";

type PathOf<Id extends OperationId> = operations[Id] extends { parameters: { path: infer P extends object } } ? P : object;
type BodyOf<Id extends OperationId> = operations[Id] extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer T } }
    ? T
    : undefined
  : undefined;
type QueryIn<Id extends OperationId> = operations[Id] extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;

/** The members of an operation's request. */
export interface RequestOf<Id extends OperationId> {
  path?: PathOf<Id>;
  query?: { [K in keyof QueryIn<Id>]?: QueryIn<Id>[K] | undefined } | undefined;
  body?: BodyOf<Id>;
}

type Success = 200 | 201 | 202;
/** The body of an operation's success. */
export type AnswerOf<Id extends OperationId> = operations[Id] extends { responses: infer R }
  ? { [S in keyof R & Success]: R[S] extends { content: { "application/json": infer T } } ? T : never }[keyof R & Success]
  : never;
