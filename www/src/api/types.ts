// The API's types by the names that pages use.

import type { components } from "./schema";

type Schemas = components["schemas"];

/** The creator of a key: an operator, or a customer through a portal session. */
export type Creator = Schemas["Creator"];
export type Key = Schemas["Key"];
export type ChangedKey = Schemas["ChangedKey"];
export type CreatedKey = Schemas["CreatedKey"];
export type RotatedKey = Schemas["RotatedKey"];
export type KeyStatus = Schemas["KeyStatus"];
export type NewKey = Schemas["NewKey"];
export type KeyPatch = Schemas["KeyPatch"];
export type Rotation = Schemas["Rotation"];
export type Catalog = Schemas["Catalog"];
export type ScopeDefinition = Schemas["ScopeDefinition"];
export type Usage = Schemas["Usage"];
export type UsageByCode = Schemas["UsageByCode"];
export type UsageHour = Schemas["UsageHour"];
export type UsagePeriod = Schemas["UsagePeriod"];
export type LimitState = Schemas["LimitState"];
export type Limits = Schemas["Limits"];
export type ImportLine = Schemas["ImportLine"];
export type Imported = Schemas["Imported"];
export type Tenant = Schemas["Tenant"];
export type TenantPatch = Schemas["TenantPatch"];
export type Plan = Schemas["Plan"];
export type Plans = Schemas["Plans"];
export type OwnLimits = Schemas["OwnLimits"];
export type Operator = Schemas["Operator"];
export type OperatorScope = Schemas["OperatorScope"];
export type CreatedOperator = Schemas["CreatedOperator"];
export type RotatedOperator = Schemas["RotatedOperator"];
export type WebhookSource = Schemas["WebhookSource"];
export type Delivery = Schemas["Delivery"];
export type DeliveryOutcome = Schemas["DeliveryOutcome"];
export type DeadLetter = Schemas["DeadLetter"];
export type Handshake = Schemas["Handshake"];
export type RevealedHandshake = Schemas["RevealedHandshake"];
export type Overview = Schemas["Overview"];
export type NearCap = Schemas["NearCap"];
export type ListedKey = Schemas["ListedKey"];
export type ListedKeys = Schemas["ListedKeys"];
export type ListedTenant = Schemas["ListedTenant"];
export type AuditEntry = Schemas["AuditEntry"];
export type FieldError = Schemas["FieldError"];

/** Of `GET /v1/session`. */
export type OperatorSession = Schemas["Session"];
/** Of `GET /v1/portal-session`. */
export type PortalSession = Schemas["PortalSession"];
