// The API's types by the names that programs use.

import type { components, operations } from "./schema.ts";

type Schemas = components["schemas"];

/** The creator of a key: an operator, or a customer through a portal session. */
export type Creator = Schemas["Creator"];
export type Key = Schemas["Key"];
export type ChangedKey = Schemas["ChangedKey"];
export type CreatedKey = Schemas["CreatedKey"];
export type RotatedKey = Schemas["RotatedKey"];
export type KeptKey = Schemas["KeptKey"];
export type KeyPage = Schemas["KeyPage"];
export type KeyStatus = Schemas["KeyStatus"];
export type Environment = Schemas["Environment"];
export type NewKey = Schemas["NewKey"];
export type KeyPatch = Schemas["KeyPatch"];
export type Rotation = Schemas["Rotation"];
export type Revocation = Schemas["Revocation"];
export type RevokedKeys = Schemas["RevokedKeys"];
/** The keys to revoke at once: those of `ids`, the living ones with a `scope`, or `all` living ones. */
export type Revocations = { reason?: string | null } & ({ ids: string[] } | { scope: string } | { all: true });
/** A text that was found where it doesn't belong. */
export type ExposureRecord = Pick<Schemas["ExposureRecord"], "token"> & Partial<Pick<Schemas["ExposureRecord"], "type" | "url" | "source">>;
export type Exposed = Schemas["Exposed"];
export type ExposedKey = Schemas["ExposedKey"];
export type Exposure = Schemas["Exposure"];
export type Catalog = Schemas["Catalog"];
export type ScopeDefinition = Schemas["ScopeDefinition"];
export type Usage = Schemas["Usage"];
export type TenantUsage = Schemas["TenantUsage"];
export type TotalUsage = Schemas["TotalUsage"];
export type BilledUses = Schemas["BilledUses"];
export type UsageExportEnd = Schemas["UsageExportEnd"];
export type UsageExportEntry = Schemas["UsageExportLine"];
export type UsageByCode = Schemas["UsageByCode"];
export type UsageHour = Schemas["UsageHour"];
export type UsagePeriod = Schemas["UsagePeriod"];
export type LimitState = Schemas["LimitState"];
export type LimitStates = Schemas["LimitStates"];
export type AddedToLimit = Schemas["AddedToLimit"];
export type ExportLine = Schemas["ExportLine"];
export type RestorePart = Schemas["RestorePart"];
export type RestoreProgress = Schemas["RestoreProgress"];
export type RestoredLimits = Schemas["RestoredLimits"];
export type Limits = Schemas["Limits"];
export type ImportLine = Schemas["ImportLine"];
export type ImportResult = Schemas["ImportResult"];
export type Imported = Schemas["Imported"];
export type Tenant = Schemas["Tenant"];
export type TenantPage = Schemas["TenantPage"];
export type TenantPatch = Schemas["TenantPatch"];
export type OrderedErasure = Schemas["OrderedErasure"];
export type Standing = Schemas["Standing"];
export type Plan = Schemas["Plan"];
export type Plans = Schemas["Plans"];
export type OwnLimits = Schemas["OwnLimits"];
export type OwnLimitsPatch = Schemas["OwnLimitsPatch"];
export type Operator = Schemas["Operator"];
export type OperatorPage = Schemas["OperatorPage"];
export type OperatorScope = Schemas["OperatorScope"];
export type NewOperator = Schemas["NewOperator"];
export type ChangedOperator = Schemas["ChangedOperator"];
export type CreatedOperator = Schemas["CreatedOperator"];
export type KeptOperator = Schemas["KeptOperator"];
export type RotatedOperator = Schemas["RotatedOperator"];
export type WebhookSource = Schemas["WebhookSource"];
export type WebhookSources = Schemas["WebhookSources"];
export type Delivery = Schemas["Delivery"];
export type DeliveryPage = Schemas["DeliveryPage"];
export type DeliveryOutcome = Schemas["DeliveryOutcome"];
export type DeadLetter = Schemas["DeadLetter"];
export type DeadLetterPage = Schemas["DeadLetterPage"];
export type DeadLetterBody = Schemas["DeadLetterBody"];
export type ActedOnDeadLetter = Schemas["ActedOnDeadLetter"];
export type RedrivenDeadLetters = Schemas["RedrivenDeadLetters"];
export type Handshake = Schemas["Handshake"];
export type Handshakes = Schemas["Handshakes"];
export type RevealedHandshake = Schemas["RevealedHandshake"];
export type EventEndpoint = Schemas["EventEndpoint"];
export type EventEndpoints = Schemas["EventEndpoints"];
export type EventEndpointState = Schemas["EventEndpointState"];
export type CreatedEventEndpoint = Schemas["CreatedEventEndpoint"];
export type DeletedEventEndpoint = Schemas["DeletedEventEndpoint"];
export type NewEventEndpoint = Schemas["NewEventEndpoint"];
export type EventEndpointPatch = Schemas["EventEndpointPatch"];
export type EventType = Schemas["EventType"];
export type SecretRotation = Schemas["SecretRotation"];
export type EventAttempt = Schemas["EventAttempt"];
export type EventAttempts = Schemas["EventAttempts"];
export type UnsentEvent = Schemas["UnsentEvent"];
export type UnsentEvents = Schemas["UnsentEvents"];
export type RedrivenEvents = Schemas["RedrivenEvents"];
export type ActedOnEvent = Schemas["ActedOnEvent"];
export type Overview = Schemas["Overview"];
export type NearCap = Schemas["NearCap"];
export type ListedKey = Schemas["ListedKey"];
export type ListedKeys = Schemas["ListedKeys"];
export type ListedTenant = Schemas["ListedTenant"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditPage = Schemas["AuditPage"];
export type FieldError = Schemas["FieldError"];
export type Health = Schemas["Health"];

/** Of `GET /v1/session`. */
export type OperatorSession = Schemas["Session"];
/** Of `GET /v1/portal-session`. */
export type PortalSession = Schemas["PortalSession"];
export type NewPortalSession = Schemas["NewPortalSession"];
export type MintedPortalSession = Schemas["MintedPortalSession"];

/** The parameters of an operation's query. */
export type QueryOf<Id extends keyof operations> = operations[Id] extends { parameters: { query?: infer Q } }
  ? NonNullable<Q>
  : Record<never, never>;
/** Those of a list; `limit` is the size of a page. */
export type FilterOf<Id extends keyof operations> = Omit<QueryOf<Id>, "cursor">;

type ProblemOf<R> = R extends { content: { "application/problem+json": infer P } } ? P : never;
type Literal<C> = C extends string ? (string extends C ? never : C) : never;
/** The codes of the problems that the document names. */
export type ProblemCode = Literal<ProblemOf<components["responses"][keyof components["responses"]]>["code"]>;
