// Made of docs/reference/openapi.json by `node scripts/pages.mjs --schema`.

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the worker runs */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics, for Prometheus
         * @description What the objects know of the deployment, without a series for each tenant. OpenMetrics 1.0, or the text format 0.0.4 if `Accept` names `text/plain` and not OpenMetrics. An object that doesn't answer is told to be down by `keystile_object_up`, and its families are missing. Only for operators of all tenants.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the operators' audit log
         * @description What was done to operators, and to what webhooks left here: events that could not be delivered, and secrets that senders told. Newest first. Only for operators of all tenants.
         */
        get: operations["listOperatorAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export the operators' audit log
         * @description Streamed, oldest first, all that is retained.
         */
        get: operations["exportOperatorAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the endpoints of the deployment
         * @description They get the events of all tenants. The oldest first, each with its state. Only for operators of all tenants.
         */
        get: operations["listEventEndpoints"];
        put?: never;
        /**
         * Create an endpoint of the deployment
         * @description It gets the events of all tenants, as webhooks of Standard Webhooks. The answer has the secret, which is shown once. At most 20 endpoints. Only for operators of all tenants.
         */
        post: operations["createEventEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show an endpoint of the deployment
         * @description Its settings, and its state: whether it is sent to, what waits, and since when it fails. Only for operators of all tenants.
         */
        get: operations["getEventEndpoint"];
        put?: never;
        post?: never;
        /**
         * Delete an endpoint of the deployment
         * @description With whatever waits for it, its attempts and its dead letters. Only for operators of all tenants.
         */
        delete: operations["deleteEventEndpoint"];
        options?: never;
        head?: never;
        /**
         * Change an endpoint of the deployment
         * @description A merge patch (RFC 7396). `"status": "active"` also ends a pause, and makes an endpoint active again that was disabled since it failed for five days. Only for operators of all tenants.
         */
        patch: operations["updateEventEndpoint"];
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List attempts of an endpoint of the deployment
         * @description The newest first. Of the receiver's answers only the status is known. Only for operators of all tenants.
         */
        get: operations["listEventAttempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List dead letters of an endpoint of the deployment
         * @description Events that its receiver did not take in all their attempts, or that came while it was disabled. The newest first; each is kept for 30 days, and 10,000 at most. Only for operators of all tenants.
         */
        get: operations["listUnsentEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/dead-letters/{event}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard a dead letter of an endpoint of the deployment
         * @description Deletes the event. It is in the audit log. Only for operators of all tenants.
         */
        post: operations["discardUnsentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/dead-letters/{event}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a dead letter of an endpoint of the deployment again
         * @description It is tried as often as a new event. It is in the audit log. Only for operators of all tenants.
         */
        post: operations["redriveUnsentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/dead-letters/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send all dead letters of an endpoint of the deployment again
         * @description Each is tried as often as a new event. The audit log has how many they were. Only for operators of all tenants.
         */
        post: operations["redriveUnsentEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/secret/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate the secret of an endpoint of the deployment
         * @description Events are signed with the new secret and, for `overlap_seconds`, with the old one, too. The answer has the new secret, which is shown once. At most five secrets sign at a time; one more ends the oldest at once. Only for operators of all tenants.
         */
        post: operations["rotateEventSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/event-endpoints/{endpoint}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test an endpoint of the deployment
         * @description Sends an event of the type `endpoint.test` now, once, even if the endpoint is paused or disabled, and shows what came of it. Sending this again sends another one. Only for operators of all tenants.
         */
        post: operations["testEventEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export all ledgers
         * @description All that each ledger has, one export after the other: that of the operators, then those of all tenants by name. Of a tenant that was erased there is the name alone. Digests of keys, never keys. Only for operators of all tenants.
         */
        get: operations["exportDeployment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exposures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report leaked keys
         * @description Takes keys that were found where they don't belong, in the form in which GitHub's secret scanning sends them to its partners. `[exposure]` of `keystile.toml` says what a report does, by who sends it: GitHub, by its signature in the two headers; an operator, by their key; or anybody. A repeat of a key and a URL by the same kind of reporter does nothing. What can't be told now is a 503 for the whole report: send the same again.
         */
        post: operations["reportExposures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operators": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List operators
         * @description Newest first. An operator of one tenant sees that tenant's alone.
         */
        get: operations["listOperators"];
        put?: never;
        /**
         * Create an operator
         * @description The answer is the only one that ever has the operator key's text.
         */
        post: operations["createOperator"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operators/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read an operator */
        get: operations["getOperator"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operators/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke an operator
         * @description The management API refuses its key at once, the edge by `effective_by`.
         */
        post: operations["revokeOperator"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operators/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace an operator
         * @description By one that is the same but for its key's text.
         */
        post: operations["rotateOperator"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operators/{id}/rotate/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an operator's pending end
         * @description The old one lives on with the expiry that it had; so does its successor.
         */
        post: operations["cancelOperatorRotation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operators/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore the operators
         * @description Takes the operators' part of a deployment's export, as `restoreTenant` does a tenant's. Nobody may have signed in here before. Needs the root key.
         */
        post: operations["restoreOperators"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See what needs attention in all tenants
         * @description Living keys (neither revoked nor expired) that expire soon or are unused, tenants that are almost at their limit of active keys, and the number of keys. Each tenant reports two seconds after a change or a use, then once a minute at most; a report that can't be delivered is sent again until it is. The times in it are compared with the clock when it is read. Only for operators of all tenants.
         */
        get: operations["getOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Plans and limits of this deployment
         * @description As `keystile.toml` has them.
         */
        get: operations["listPlans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/portal-session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The portal session that asks */
        get: operations["getPortalSession"];
        put?: never;
        /**
         * Exchange the code of a link
         * @description Works once, within five minutes, and for a page of this origin alone.
         */
        post: operations["exchangePortalCode"];
        /**
         * End the portal session of the cookie
         * @description Ends the session in the cookie `__Host-keystile-portal`, if there is one.
         */
        delete: operations["endPortalSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scopes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Scopes, presets and environments of this deployment
         * @description As `keystile.toml` has them. Any operator may ask.
         */
        get: operations["getCatalog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in */
        get: operations["getSession"];
        put?: never;
        /**
         * Sign in at the dashboard
         * @description Exchanges the operator's key, or the root key, in `Authorization` for a cookie that lasts 12 hours at most and ends with that key. After 10 failed attempts of an address within a minute all of its attempts wait.
         */
        post: operations["beginSession"];
        /**
         * Sign out
         * @description Ends the session in the cookie `__Host-keystile`, if there is one.
         */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tenants
         * @description By name. Only for operators of all tenants.
         */
        get: operations["listTenants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a tenant
         * @description Its status, its plan and limits, how many keys it has, and on which secrets they depend.
         */
        get: operations["getTenant"];
        put?: never;
        post?: never;
        /**
         * Erase a tenant
         * @description Ends all keys of a suspended tenant, and erases everything that names people: names, addresses, metadata, uses, and the tenant's operators. What stays is which keys there were, as digests, and that it happened; the name is never used again. This can't be undone. `GET` on the tenant says how far it is; the same request again gets the same answer. Only for operators of all tenants.
         */
        delete: operations["eraseTenant"];
        options?: never;
        head?: never;
        /**
         * Change a tenant's plan and limits
         * @description Only for operators of all tenants.
         */
        patch: operations["updateTenant"];
        trace?: never;
    };
    "/v1/tenants/{tenant}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a tenant's audit log
         * @description Newest first.
         */
        get: operations["listTenantAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export a tenant's audit log
         * @description Streamed, oldest first, all that is retained.
         */
        get: operations["exportTenantAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the endpoints of a tenant
         * @description They get the tenant's events. The oldest first, each with its state.
         */
        get: operations["listTenantEventEndpoints"];
        put?: never;
        /**
         * Create an endpoint of a tenant
         * @description It gets the tenant's events, as webhooks of Standard Webhooks. The answer has the secret, which is shown once. At most 10 endpoints.
         */
        post: operations["createTenantEventEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show an endpoint of a tenant
         * @description Its settings, and its state: whether it is sent to, what waits, and since when it fails.
         */
        get: operations["getTenantEventEndpoint"];
        put?: never;
        post?: never;
        /**
         * Delete an endpoint of a tenant
         * @description With whatever waits for it, its attempts and its dead letters.
         */
        delete: operations["deleteTenantEventEndpoint"];
        options?: never;
        head?: never;
        /**
         * Change an endpoint of a tenant
         * @description A merge patch (RFC 7396). `"status": "active"` also ends a pause, and makes an endpoint active again that was disabled since it failed for five days.
         */
        patch: operations["updateTenantEventEndpoint"];
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List attempts of an endpoint of a tenant
         * @description The newest first. Of the receiver's answers only the status is known.
         */
        get: operations["listTenantEventAttempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List dead letters of an endpoint of a tenant
         * @description Events that its receiver did not take in all their attempts, or that came while it was disabled. The newest first; each is kept for 30 days, and 10,000 at most.
         */
        get: operations["listTenantUnsentEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/{event}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard a dead letter of an endpoint of a tenant
         * @description Deletes the event. It is in the audit log.
         */
        post: operations["discardTenantUnsentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/{event}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a dead letter of an endpoint of a tenant again
         * @description It is tried as often as a new event. It is in the audit log.
         */
        post: operations["redriveTenantUnsentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/dead-letters/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send all dead letters of an endpoint of a tenant again
         * @description Each is tried as often as a new event. The audit log has how many they were.
         */
        post: operations["redriveTenantUnsentEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/secret/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate the secret of an endpoint of a tenant
         * @description Events are signed with the new secret and, for `overlap_seconds`, with the old one, too. The answer has the new secret, which is shown once. At most five secrets sign at a time; one more ends the oldest at once.
         */
        post: operations["rotateTenantEventSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/event-endpoints/{endpoint}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test an endpoint of a tenant
         * @description Sends an event of the type `endpoint.test` now, once, even if the endpoint is paused or disabled, and shows what came of it. Sending this again sends another one.
         */
        post: operations["testTenantEventEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export a tenant
         * @description All that the tenant's ledger has and a restore needs: settings, keys, audit entries, endpoints for events and use. Digests of keys, never keys.
         */
        get: operations["exportTenant"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List keys
         * @description Newest first. Pages neither skip nor repeat while keys are added.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Create a key
         * @description The answer is the only one that ever has the key's text. The key works in the first request after it.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a key */
        get: operations["getKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a key
         * @description A merge patch (RFC 7396). Revoked and expired keys can't be changed.
         */
        patch: operations["updateKey"];
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable a key
         * @description Until it is enabled. A key that is disabled already stays as it is.
         */
        post: operations["disableKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable a key
         * @description A key that is enabled already stays as it is.
         */
        post: operations["enableKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what is left of a key's limits
         * @description All rate limits and quotas that the key is under, those that it shares with the tenant's other keys included. A key that was made by rotation counts together with the keys that it replaced.
         */
        get: operations["getKeyLimits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erase a key's metadata
         * @description Empties it, and erases its earlier values from the audit log, whose entries then say so. For revoked and expired keys, too.
         */
        delete: operations["eraseKeyMetadata"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/quotas/{name}/add": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add to a key's quota
         * @description Units for the present period of a quota that each key has for itself. Only for operators of all tenants.
         */
        post: operations["addToKeyQuota"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a key
         * @description Ends its life, for good. A key that is revoked already stays as it is, and the answer is that of then.
         */
        post: operations["revokeKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace a key
         * @description By one that is the same but for its text. The old one ends after the overlap.
         */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/rotate/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a key's pending end
         * @description The old key lives on with the expiry that it had; so does its successor.
         */
        post: operations["cancelKeyRotation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How often a key was used
         * @description As far as edges have reported: they do every `[usage] flush_seconds`.
         */
        get: operations["getKeyUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import keys of another system
         * @description By their digests. Lines are independent: what is wrong with one is told in its result, and the others are taken. Sending this again changes nothing.
         */
        post: operations["importKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/keys/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke many keys at once
         * @description Those of a list, the living ones with a scope, or all living ones: 1,000 at most, 50 in a transaction. Keys that are revoked already stay as they are, so a request that was cut short can be repeated. Each has an entry in the audit log.
         */
        post: operations["revokeKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what is left of a tenant's limits
         * @description The rate limits and quotas that its keys share. Those that each key has for itself are with the key.
         */
        get: operations["getTenantLimits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/limits/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take counts back to an earlier point
         * @description Orders the object that counts back to an earlier point of its storage. Nobody knows what was admitted since that point. So nothing is admitted under a rate limit for 20 seconds and its window, and a quota counts as used up until its period ends or something is added. It is in the audit log before it is ordered. Only for operators of all tenants.
         */
        post: operations["restoreLimits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/portal-sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mint a portal session
         * @description For a customer of the tenant, who manages its keys with it. Whoever mints it holds all that it may; it ends with their key.
         */
        post: operations["createPortalSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/quotas/{name}/add": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add to a tenant's quota
         * @description Units for the present period of a quota that its keys share. Only for operators of all tenants.
         */
        post: operations["addToTenantQuota"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a tenant
         * @description Takes an export into an empty ledger, part by part: its first and last line, then each page in its order. Each part may be sent again. Endpoints for events come back paused. Needs the root key.
         */
        post: operations["restoreTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a tenant
         * @description Puts its keys back into use. For operators of all tenants: a tenant's own can't lift its suspension.
         */
        post: operations["resumeTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Suspend a tenant
         * @description Puts all of its keys out of use, those to come included, until it is resumed. A tenant that isn't there, since it has no keys and no settings, is suspended only with `ahead`. For operators of all tenants.
         */
        post: operations["suspendTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How often a tenant's keys were used
         * @description All of its keys together, as far as edges have reported: they do every `[usage] flush_seconds`.
         */
        get: operations["getTenantUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/usage/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export a tenant's uses for billing
         * @description Streamed. Of closed hours alone: two hours after its end, an hour is closed, and no count of it changes any more. A use that is reported later counts in the hour in which it arrives, as `late`. So exports of all hours, one after the other, have each use once.
         */
        get: operations["exportTenantUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How often all tenants' keys were used
         * @description Each tenant reports two seconds after a change or a use, then once a minute at most; a report that can't be delivered is sent again until it is. Only for operators of all tenants.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export all tenants' uses for billing
         * @description Streamed. Of closed hours alone: two hours after its end, an hour is closed, and no count of it changes any more. A use that is reported later counts in the hour in which it arrives, as `late`. So exports of all hours, one after the other, have each use once. By tenant. Only for operators of all tenants.
         */
        get: operations["exportUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the sources of webhooks
         * @description As `keystile.toml` has them. Only for operators of all tenants.
         */
        get: operations["listWebhookSources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events that could not be delivered
         * @description Those of a source in mode `queue` that its upstream did not take in all their attempts. The newest first; each is kept for 30 days. Only for operators of all tenants.
         */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/dead-letters/{id}/body": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the body of an event
         * @description The body of an event that could not be delivered, in base64. It may be personal data, so it takes `webhooks:write`, and each reading is in the operators' audit log. Only for operators of all tenants.
         */
        get: operations["getDeadLetterBody"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/dead-letters/{id}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard an event
         * @description It and its body are deleted. After an answer of 500 or 503 the same request does it if the event is still here, and else is 404, `Idempotency-Key` or not. It is in the operators' audit log. Only for operators of all tenants.
         */
        post: operations["discardDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/dead-letters/{id}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send an event again
         * @description Puts it back into the queue: it is tried as often as a new one, and comes back here if that is in vain. The upstream may get an event twice, always with the same `webhook-id`. After an answer of 500 or 503 the same request does it if the event is still here, and else is 404, `Idempotency-Key` or not. It is in the operators' audit log. Only for operators of all tenants.
         */
        post: operations["redriveDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/dead-letters/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send all events of a source again
         * @description Puts the source's events that could not be delivered back into the queue, the newest first: 50 in one call, or as many as it can in a few seconds. Repeat it while `more` is true. Each is tried as often as a new one, and comes back here if that is in vain. The upstream may get an event twice, always with the same `webhook-id`. It stops if a queue or an object fails, and what it did before that stays done; 503 if that was nothing. Each event is in the operators' audit log. Only for operators of all tenants.
         */
        post: operations["redriveDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List recent deliveries
         * @description The genuine deliveries to a source, without their bodies, the newest first: at least the last 10,000 of each of its objects, for `remember_hours`. What was not genuine isn't listed. A sender's retry takes the place of the delivery that failed. Only for operators of all tenants.
         */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/deliveries/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliver an event once more
         * @description Puts a delivered event whose body is kept into the queue, in either mode. The upstream gets it with the same `webhook-id` and with `Keystile-Webhook-Replay: operator`; it is tried as often as any event in the queue, and is a dead letter of another id after that. It is in the operators' audit log. Only for operators of all tenants.
         */
        post: operations["replayDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/handshakes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List handshakes that told a secret
         * @description Some senders tell the secret that they will sign with in a handshake, before the source can have it. While the source has no secret that can be used, what was told is kept for 24 hours, ten secrets at most. Anybody can send such a handshake. The newest first. Only for operators of all tenants.
         */
        get: operations["listHandshakes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{source}/handshakes/{id}/reveal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Show a secret that a sender told
         * @description It is shown once and deleted. If the answer is lost, have the sender send its handshake again; an `Idempotency-Key` is of no use here. Nobody vouches for the secret: before you set it, compare it, or the time of its receipt, with what the sender shows. It is in the operators' audit log. Only for operators of all tenants.
         */
        post: operations["revealHandshake"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ActedOnDeadLetter: {
            id: components["schemas"]["DeliveryId"];
            replayed?: components["schemas"]["Replayed"];
            /** @enum {string} */
            status: "queued" | "discarded";
        };
        ActedOnEvent: {
            id: components["schemas"]["EventId"];
            replayed?: components["schemas"]["Replayed"];
            /** @enum {string} */
            status: "queued" | "discarded";
        };
        /** @description A person, in the words of the operator who minted the portal session. */
        Actor: {
            id: components["schemas"]["Name"];
            name: components["schemas"]["Name"];
        };
        /** @description A quota that was added to, and what is left of it. */
        AddedToLimit: {
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["LimitProperties"];
        Addition: {
            /** @description Units. A quota with all additions has 1000000000 at most. */
            amount: number;
        };
        /**
         * Format: ip-address-or-network
         * @description An IPv4 or IPv6 address, or a network such as `192.0.2.0/24`. An address within a network, with bits beyond the prefix, is refused.
         * @example 192.0.2.7
         * @example 2001:db8::/32
         */
        AddressOrNetwork: string;
        /**
         * Format: date-time
         * @description An instant: RFC 3339 with any offset.
         * @example 2026-11-26T18:00:00Z
         */
        AnyTime: string;
        /**
         * @description What was done. `adopted`: the tenant's storage was put back to a point before the key was created, and the key was taken over from the change feed. `suspended`, `resumed`, `limits_changed` and `limits_restored` concern the whole tenant. `metadata_erased`: the key's metadata was emptied, and its earlier values were erased from the entries about the key. `exposed`: the key was reported as found where it doesn't belong; in the operators' log it may be a root key, which has no id. `quota_added`: units were added to a quota's present period; it concerns a key, or the whole tenant. `limits_restored`: the object that counts was ordered back to an earlier point, whether or not it went there. `restored`: the whole ledger was restored from an export. `session_begun`: an operator signed in, in the operators' log. `overlap_begun`: the successor was first used, so the overlap of the rotation has begun. `dead_letter_redriven`, `dead_letter_discarded` and `dead_letter_read` (its body) concern an event that could not be delivered, and are in the operators' log. `handshake_revealed`: the secret that a sender of webhooks told was about to be shown, in the operators' log. `delivery_replayed`: a delivered event was put into the queue once more, in the operators' log. `endpoint_created`, `endpoint_changed`, `endpoint_deleted` and `endpoint_secret_rotated` concern an endpoint for events, `event_redriven` and `event_discarded` events that could not be sent to one; those of the deployment are in the operators' log.
         * @enum {string}
         */
        AuditAction: "created" | "changed" | "disabled" | "enabled" | "revoked" | "exposed" | "rotated" | "suspended" | "resumed" | "erased" | "imported" | "adopted" | "overlap_begun" | "rotation_cancelled" | "metadata_erased" | "limits_changed" | "quota_added" | "limits_restored" | "restored" | "session_begun" | "dead_letter_redriven" | "dead_letter_discarded" | "dead_letter_read" | "handshake_revealed" | "delivery_replayed" | "endpoint_created" | "endpoint_changed" | "endpoint_deleted" | "endpoint_secret_rotated" | "event_redriven" | "event_discarded";
        /** @description One change. Entries are never altered, but for metadata that is erased from them, and for what names people once their tenant is erased. */
        AuditEntry: {
            action: components["schemas"]["AuditAction"];
            /** @description Who did it. */
            actor: {
                /** @description An operator, `root` (who holds the root key), a key whose holder acted, `keystile` for what nobody asked for at that moment, `github` or `anonymous` for a report of a leaked key, or `operator` for any of them in a portal session. */
                id: components["schemas"]["HolderId"] | ("root" | "keystile" | "github" | "anonymous" | "operator");
                /** @description Its name at that time. */
                name: string;
            };
            at: components["schemas"]["Time"];
            /** @description The event that could not be delivered, if one is concerned. */
            dead_letter: {
                id: components["schemas"]["DeliveryId"];
                source: components["schemas"]["SourceName"];
            } | null;
            /** @description The delivered event that was put into the queue once more, if one is concerned. */
            delivery: {
                id: components["schemas"]["DeliveryId"];
                source: components["schemas"]["SourceName"];
            } | null;
            /** @description What changed. Of a key that was just made, everything that it has. `limits` are the own values of rate limits and quotas by name, null for no limit. Of an addition its `quota`, `amount` and the end of the period that gets it. Of an event that could not be delivered its `status`, from `dead` to `queued` or `discarded`, or to `unknown` if it was not heard whether that was done. Of a secret that was shown its `handshake` and `source`. Of a replayed delivery its `status`, from null. Of an endpoint for events its `endpoint` and what changed, and of its `url` the host alone; of events that could not be sent their `endpoint`, the `event` or how many were `redriven`, and their `status`. */
            detail: {
                [key: string]: components["schemas"]["Difference"];
            };
            /** @description The source address, as Cloudflare states it. */
            from: string | null;
            id: components["schemas"]["AuditId"];
            key_display: components["schemas"]["Display"] | null;
            /** @description Null where the whole tenant is concerned, or an event of a source of webhooks. */
            key_id: components["schemas"]["HolderId"] | null;
            /** @description The key's name after the change. */
            key_name: components["schemas"]["Name"] | null;
            /** @description The customer for whom a portal session acted that the actor had minted. */
            on_behalf_of: components["schemas"]["Actor"] | null;
            request_id: components["schemas"]["RequestId"];
        };
        /**
         * @description An audit entry's id.
         * @example aud_8ZsM2kq0XbT5vR1cLwPy
         */
        AuditId: string;
        /** @description A page of the audit log, newest first. */
        AuditPage: {
            entries: components["schemas"]["AuditEntry"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /** @description The uses of one key in one hour that had one outcome. */
        BilledUses: {
            /**
             * @description `VALID` if the key was let in; otherwise the code of the refusal.
             * @example VALID
             */
            code: string;
            /** @description When the hour began. */
            hour: components["schemas"]["Time"];
            /**
             * @description The same in each export: to count a line once.
             * @example acme/486111/key_4bTzV9cXk07Hq2mN1pRs/VALID
             */
            id: string;
            key_id: components["schemas"]["KeyId"];
            /** @description Those of the uses that were reported after their own hour was closed. */
            late: number;
            tenant: components["schemas"]["TenantId"];
            uses: number;
        };
        /** @description The body of the delivery isn't kept. */
        BodyNotKept: {
            /** @constant */
            code?: "BODY_NOT_KEPT";
            /** @constant */
            status?: 409;
        } & components["schemas"]["Problem"];
        /** @description This deployment's vocabulary. */
        Catalog: {
            /** @description A URL of the guarded API, for examples. */
            api_url: string | null;
            /**
             * @description What a key gets that is created without scopes: it is refused (`none`), or gets `all` that are available.
             * @enum {string}
             */
            default_scopes: "none" | "all";
            /** @description What keys can be created for. The first is used if a creation names none. */
            environments: components["schemas"]["Environment"][];
            /** @description How a key may be sent, as `[keys] headers` of `keystile.toml` says it: `bearer`, another scheme of `Authorization` (`scheme:token`), `basic:username`, `basic:password`, or a header's name. Examples use the first. */
            headers: string[];
            /** @description What keys begin with that are issued here, without the environment: that of new keys, then former ones. */
            prefixes: string[];
            presets: components["schemas"]["Preset"][];
            /** @description In the order of `keystile.toml`. */
            scopes: components["schemas"]["ScopeDefinition"][];
        };
        /** @description An API key after a change. */
        ChangedKey: {
            effective_by: components["schemas"]["EffectiveBy"];
            holds: components["schemas"]["Holds"];
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["KeyProperties"];
        /** @description An operator after a change. */
        ChangedOperator: {
            effective_by: components["schemas"]["EffectiveBy"];
            holds: components["schemas"]["Holds"];
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["OperatorProperties"];
        Count: number;
        /** @description An endpoint with a secret that was just made. */
        CreatedEventEndpoint: {
            replayed?: components["schemas"]["Replayed"];
            /** @description The secret, `whsec_…`, in this answer and in no other but a replay; null for `v1a`. */
            secret: string | null;
        } & components["schemas"]["EventEndpointProperties"];
        /** @description An API key that was just made, and its text. */
        CreatedKey: {
            effective_by: components["schemas"]["PendingEffectiveBy"];
            holds: components["schemas"]["Holds"];
            /**
             * @description Its text, in this answer and in no other; null in a replay.
             * @example demo_live_S2Ig3CFT4wpd0MXG5YS0xEAaQqGElJKVEv2hh1
             */
            key: string | null;
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["KeyProperties"];
        /** @description An operator that was just made, and its text. */
        CreatedOperator: {
            effective_by: components["schemas"]["PendingEffectiveBy"];
            holds: components["schemas"]["Holds"];
            /**
             * @description Its text, in this answer and in no other; null in a replay.
             * @example demo_live_S2Ig3CFT4wpd0MXG5YS0xEAaQqGElJKVEv2hh1
             */
            key: string | null;
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["OperatorProperties"];
        /** @description The caller who made a key, as they were named then. */
        Creator: {
            /** @description An operator's, or `root`; in a portal session the customer's. */
            id: string;
            name: string;
            /** @description The customer who made it through a portal session of theirs. */
            on_behalf_of: components["schemas"]["Actor"] | null;
        };
        /** @description Opaque: the place in the list that the next page begins after. */
        Cursor: string;
        Days: number;
        /** @description A verified event that its upstream did not take. Its body is kept, and not shown. */
        DeadLetter: {
            /** @description How often it was tried, in all. */
            attempts: number;
            body_bytes: number;
            dead_at: components["schemas"]["Time"];
            /** @description The sender's id for the event, if it has one. */
            event_id: string | null;
            /** @description The type of the event, if it has one. */
            event_type: string | null;
            /** @description What the upstream gets of the sender's headers. Keystile's own are made anew for each attempt. */
            headers: {
                [key: string]: string;
            };
            id: components["schemas"]["DeliveryId"];
            /** @description The same in words. */
            last_reason: string | null;
            /** @description What the upstream answered last, if it did. */
            last_status: number | null;
            /** @description The path at that upstream. */
            path: string | null;
            received_at: components["schemas"]["Time"];
            request_id: components["schemas"]["RequestId"];
            /** @description The upstream that it is for. Null for an event of an earlier version that named none. */
            upstream: string | null;
            /** @description The `webhook-id` that the upstream gets, at each attempt. */
            webhook_id: string;
        };
        DeadLetterBody: {
            /** @description The body, or its first 4 MiB. */
            body: string;
            /** @description The length of the whole body. */
            body_bytes: number;
            /** @description Whether `body` is the whole body. */
            complete: boolean;
            /** @description As the sender stated it. */
            content_type: string | null;
            id: components["schemas"]["DeliveryId"];
        };
        /** @description A page of events that could not be delivered, newest first. */
        DeadLetterPage: {
            dead_letters: components["schemas"]["DeadLetter"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        DeletedEventEndpoint: {
            /** @constant */
            deleted: true;
            id: components["schemas"]["EndpointId"];
        };
        /** @description A genuine delivery, without its body. */
        Delivery: {
            /** @description Until when it can be delivered once more; null if its body isn't kept. */
            body_kept_until: components["schemas"]["Time"] | null;
            /** @description The length of the body. */
            bytes: number;
            /** @description How often it came again and was refused as a repeat, counted up to 1000. */
            duplicates: number;
            /** @description The sender's id for the event, if it has one. */
            event_id: string | null;
            /** @description The type of the event, if it is known. */
            event_type: string | null;
            /** @description Of a source in mode `queue` its dead letter has the same. */
            id: components["schemas"]["DeliveryId"];
            outcome: components["schemas"]["DeliveryOutcome"];
            received_at: components["schemas"]["Time"];
            /** @description When an operator had it delivered once more the last time. */
            replayed_at: components["schemas"]["Time"] | null;
            request_id: components["schemas"]["RequestId"];
            /** @description Whether it was marked as having the same bytes as an earlier delivery, under another id or without any. */
            same_bytes: boolean;
            /** @description What the upstream answered last, if it did. */
            status: number | null;
            /** @description Of a source that lists upstreams, the one that this is for and the path there, such as `billing/events`. Each has a delivery of its own. */
            upstream: string | null;
            /** @description The `webhook-id` that the upstream gets, at each attempt. */
            webhook_id: string;
        };
        /**
         * @description The id of an event's delivery.
         * @example dlv_4bTzV9cXk07Hq2mN1pRs
         */
        DeliveryId: string;
        /**
         * @description How the last attempt to hand it on ended. `delivered`: the upstream took it. `queued`: it is in the queue. `failed`: it was not handed on, and the sender was told so. `dead`: all attempts of the queue failed.
         * @enum {string}
         */
        DeliveryOutcome: "delivered" | "queued" | "failed" | "dead";
        /** @description A page of deliveries, newest first. */
        DeliveryPage: {
            deliveries: components["schemas"]["Delivery"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Difference: {
            /**
             * @description Of metadata alone: its values were erased from this entry, so `from` and `to` are null.
             * @constant
             */
            erased?: true;
            /** @description The value before, null if there was none. */
            from: unknown;
            /** @description The value after, null if there is none. */
            to: unknown;
        };
        /**
         * @description What may be shown of the key: its prefix and four characters; of an imported one, what the import says.
         * @example demo_live_S2Ig
         */
        Display: string;
        /** @description No request that starts after this time is judged on the state before the change. */
        EffectiveBy: components["schemas"]["Time"];
        /**
         * @description The id of an endpoint that events are sent to.
         * @example ep_4bTzV9cXk07Hq2mN1pRs
         */
        EndpointId: string;
        /** @description There are as many endpoints as there may be. */
        EndpointLimitReached: {
            /** @constant */
            code?: "ENDPOINT_LIMIT_REACHED";
            limit: number;
            /** @constant */
            status?: 409;
        } & components["schemas"]["Problem"];
        /**
         * @description Live keys reach live data, test keys test data; which of them a deployment has is in `GET /v1/scopes`.
         * @enum {string}
         */
        Environment: "live" | "test";
        /** @description When all of it is gone from this deployment, unless the change feed or KV can't be reached for longer. The platform's own recovery of earlier points keeps them for 30 days. */
        ErasedBy: components["schemas"]["Time"];
        Erasure: {
            /** @description The tenant's name once more, so that nobody erases one by a slip. */
            confirm: components["schemas"]["TenantId"];
        };
        /** @description An attempt to send an event. */
        EventAttempt: {
            at: components["schemas"]["Time"];
            duration_ms: number;
            event: components["schemas"]["EventId"];
            next_attempt_at: components["schemas"]["Time"] | null;
            /**
             * @description `refused`: another status than 2xx. `gone`: 410, which disables the endpoint. `forbidden_address`: the URL is not one that events are sent to. `no_secret`: `KEYSTILE_SECRET` lacks the one that the endpoint's secret needs.
             * @enum {string}
             */
            outcome: "delivered" | "refused" | "redirected" | "gone" | "timeout" | "unreachable" | "forbidden_address" | "no_secret";
            /** @description Of the receiver's answer, if there was one. */
            status: number | null;
            /** @enum {string} */
            type: "key.created" | "key.updated" | "key.revoked" | "key.rotated" | "key.rotation_due" | "key.disabled" | "key.enabled" | "key.expiring" | "key.expired" | "key.unused" | "key.exposed" | "limit.reached" | "tenant.suspended" | "tenant.resumed" | "endpoint.disabled" | "endpoint.test";
        };
        EventAttempts: {
            attempts: components["schemas"]["EventAttempt"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /** @description An endpoint that events are sent to. */
        EventEndpoint: components["schemas"]["EventEndpointProperties"];
        /** @description A merge patch (RFC 7396): what is absent stays as it is, null removes it. */
        EventEndpointPatch: {
            description?: string | null;
            /** @enum {string} */
            status?: "active" | "paused";
            /** @description The types of events that it gets; an empty list for all. */
            types?: components["schemas"]["EventType"][] | null;
            /**
             * Format: uri
             * @description Where events are sent: `https`, a public host, port 443 or one from 1024 on.
             * @example https://example.com/events
             */
            url?: string;
        };
        /** @description What every answer with an endpoint has. */
        EventEndpointProperties: {
            created_at: components["schemas"]["Time"];
            /** @description Words of an operator. */
            description: string | null;
            id: components["schemas"]["EndpointId"];
            /** @description Whether the latest change of an endpoint of this list has yet to reach the worker that sends. It is told by itself. */
            pending: boolean;
            /** @description Until when events are signed with a secret that was replaced, too. */
            previous_secret_ends_at: components["schemas"]["Time"] | null;
            /** @description What receivers of `v1a` verify with, `whpk_…`; null for `v1`. */
            public_key: string | null;
            signature: components["schemas"]["EventSignature"];
            /** @description Null if the object can't be reached that sends to the endpoint. */
            state: components["schemas"]["EventEndpointState"] | null;
            /**
             * @description `disabled`: it failed for five days, or answered 410, so nothing is sent to it until it is made active.
             * @enum {string}
             */
            status: "active" | "paused" | "disabled";
            /** @description Whose events it gets; null for those of all tenants. */
            tenant: components["schemas"]["TenantId"] | null;
            /** @description The types of events that it gets; an empty list for all. */
            types: components["schemas"]["EventType"][];
            /**
             * Format: uri
             * @description Where events are sent: `https`, a public host, port 443 or one from 1024 on.
             * @example https://example.com/events
             */
            url: string;
            /** @description Grows with each change; it is the ETag. */
            version: number;
        };
        EventEndpoints: {
            endpoints: components["schemas"]["EventEndpoint"][];
        };
        EventEndpointState: {
            /** @description Events that could not be sent. */
            dead_letters: number;
            disabled_at: components["schemas"]["Time"] | null;
            /** @description The first failure since the last success, if everything has failed since. */
            failing_since: components["schemas"]["Time"] | null;
            last_success_at: components["schemas"]["Time"] | null;
            /** @description Events that wait, those between two attempts included. */
            waiting: number;
        };
        /**
         * @description The id of an event, its `webhook-id`.
         * @example evt_4bTzV9cXk07Hq2mN1pRs
         */
        EventId: string;
        /**
         * @description `v1`: HMAC-SHA256 with a shared secret. `v1a`: Ed25519, of which receivers have the public key.
         * @enum {string}
         */
        EventSignature: "v1" | "v1a";
        /** @enum {string} */
        EventType: "key.created" | "key.updated" | "key.revoked" | "key.rotated" | "key.rotation_due" | "key.disabled" | "key.enabled" | "key.expiring" | "key.expired" | "key.unused" | "key.exposed" | "limit.reached" | "tenant.suspended" | "tenant.resumed" | "endpoint.disabled";
        /** @description Nobody grants more than they hold. */
        ExceedsOwnRights: {
            /** @constant */
            code?: "EXCEEDS_OWN_RIGHTS";
            /** @description Empty where the tenant, an expiry or a limit is what exceeds. */
            lacking_scopes: components["schemas"]["OperatorScope"][];
            /** @constant */
            status?: 403;
        } & components["schemas"]["Problem"];
        /** @description The lines of an export, by kind. */
        ExportCounts: {
            audit: components["schemas"]["Count"];
            keys: components["schemas"]["Count"];
            rows: components["schemas"]["Count"];
        };
        /** @description A line of an export, which has one member: `header` at first; then `tenant`, `key`, `audit`, `event_endpoint` and rows of other tables, as the storage schema describes them; at the end of each page `page`, at the end of the export `end`. In the export of a deployment there are also `erased`, in place of the export of a tenant that was erased, and `complete`, which is last. */
        ExportLine: {
            audit?: {
                [key: string]: unknown;
            };
            /** @constant */
            complete?: true;
            end?: {
                at: components["schemas"]["Time"];
                counts: components["schemas"]["ExportCounts"];
                digest: components["schemas"]["Sha256"];
                mark: components["schemas"]["ExportMark"];
                number: number;
            };
            erased?: {
                mark: components["schemas"]["ExportMark"];
                tenant: components["schemas"]["TenantId"];
            };
            event_endpoint?: {
                [key: string]: unknown;
            };
            exposures?: {
                [key: string]: unknown;
            };
            header?: {
                [key: string]: unknown;
            };
            key?: {
                [key: string]: unknown;
            };
            page?: {
                digest: components["schemas"]["Sha256"];
                mark: components["schemas"]["ExportMark"];
                number: number;
            };
            quota_additions?: {
                [key: string]: unknown;
            };
            reminders?: {
                [key: string]: unknown;
            };
            tenant?: {
                [key: string]: unknown;
            };
            tenant_usage?: {
                [key: string]: unknown;
            };
            tenant_usage_folded?: {
                [key: string]: unknown;
            };
            unused_keys?: {
                [key: string]: unknown;
            };
            usage?: {
                [key: string]: unknown;
            };
            usage_closing?: {
                [key: string]: unknown;
            };
            usage_folded?: {
                [key: string]: unknown;
            };
            usage_late?: {
                [key: string]: unknown;
            };
        };
        /** @description The sealed state of an export behind a page. Opaque. */
        ExportMark: string;
        /** @description What became of each record, in their order. */
        Exposed: {
            results: components["schemas"]["ExposedKey"][];
        };
        ExposedKey: {
            /** @description When a key that this report ended is refused everywhere; null until the change feed has taken that, which is retried by itself. */
            effective_by: components["schemas"]["Time"] | null;
            /** @description Null if the text is no key, a root key, or one that the operator may not know of. */
            id: components["schemas"]["HolderId"] | null;
            /**
             * @description `revoked` and `disabled`: by this report. `recorded`: the key stays as it is. `repeat`: the same was reported before, and nothing was done. `already_revoked`: nothing was recorded. `not_found`: no key that the operator may know of.
             * @enum {string}
             */
            status: "revoked" | "disabled" | "recorded" | "repeat" | "already_revoked" | "not_found";
        };
        /** @description A report that a key was found where it doesn't belong. */
        Exposure: {
            at: components["schemas"]["Time"];
            /** @description What kind of place, such as `commit`; `unknown` if that wasn't said. */
            source: string;
            /** @description Where; null if that wasn't said or can't be shown. */
            url: string | null;
        };
        ExposureLabel: {
            /**
             * @description Whether it is, or was, a key of this deployment.
             * @enum {string}
             */
            label: "true_positive" | "false_positive";
            /** @description The SHA-256 of the token. */
            token_hash: string;
            /** @description The type, as it was sent. */
            token_type: string;
        };
        /** @description The label of each record, in their order. */
        ExposureLabels: components["schemas"]["ExposureLabel"][];
        ExposureRecord: {
            /** @description What kind of place, such as `commit`, in any case. */
            source?: string | null;
            /** @description The text that was found. */
            token: string;
            /** @description As which type of secret; it comes back in the label. */
            type?: string | null;
            /** @description Where. One that is longer than 2,000 characters, or holds the token, is not shown. */
            url?: string | null;
        } & {
            [key: string]: unknown;
        };
        /** @description What was found; members that are not known are ignored. */
        Exposures: components["schemas"]["ExposureRecord"][];
        FieldError: {
            /** @description What is wrong, and what is allowed. */
            detail: string;
            /** @description Its name: `scopes`, `limit`; empty if the body as a whole is wrong. */
            field: string;
        };
        /** @description Which secret; nothing of it can be worked out from this. */
        Fingerprint: string;
        /**
         * Format: date-time
         * @description An instant to come: RFC 3339 with any offset, kept to the millisecond.
         * @example 2027-01-31T12:00:00Z
         */
        FutureTime: string;
        /** @description One that a key can be given: `GET /v1/scopes` lists them, with `unavailable` null. */
        GrantableScope: components["schemas"]["Scope"];
        /** @description A handshake in which somebody told a secret. */
        Handshake: {
            /** @description The sender's address, as Cloudflare states it. */
            from: string | null;
            id: components["schemas"]["HandshakeId"];
            received_at: components["schemas"]["Time"];
            /** @description When its secret was shown and deleted. */
            revealed_at: components["schemas"]["Time"] | null;
        };
        /**
         * @description The id of a handshake in which a sender told its secret.
         * @example hsk_4bTzV9cXk07Hq2mN1pRs
         */
        HandshakeId: string;
        /** @description The handshakes of a source's last 24 hours, newest first. */
        Handshakes: {
            /** @description How many more were refused within 24 hours, since ten secrets were kept already. Their senders were told to come again. */
            dropped: number;
            handshakes: components["schemas"]["Handshake"][];
        };
        Health: {
            /** @constant */
            status: "ok";
            /** @description Of this worker. */
            version: string;
        };
        /**
         * @description The id of an API key or of an operator.
         * @example key_FbxyF0iVX0PHs2VogHNw
         */
        HolderId: string;
        /**
         * @description How far `effective_by` can be relied on: `always`, or, where edges that can't reach the change feed serve by KV (`when_feed_unreachable = "kv"`), `while_feed_reachable`.
         * @enum {string}
         */
        Holds: "always" | "while_feed_reachable";
        /** @description The first request with this `Idempotency-Key` is still running. */
        IdempotencyKeyInUse: {
            /** @constant */
            code?: "IDEMPOTENCY_KEY_IN_USE";
            /** @constant */
            status?: 409;
        } & components["schemas"]["Problem"];
        Import: {
            keys: components["schemas"]["ImportLine"][];
        };
        Imported: {
            existing: components["schemas"]["Count"];
            failed: components["schemas"]["Count"];
            imported: components["schemas"]["Count"];
            replayed?: components["schemas"]["Replayed"];
            results: components["schemas"]["ImportResult"][];
        };
        /** @description An import of which every line failed, with its report. */
        ImportFailed: {
            /** @constant */
            code?: "IMPORT_FAILED";
            /** @constant */
            existing: 0;
            failed: number;
            /** @constant */
            imported: 0;
            replayed?: components["schemas"]["Replayed"];
            results: components["schemas"]["ImportResult"][];
            /** @constant */
            status?: 422;
        } & components["schemas"]["Problem"];
        /** @description A key of another system. Lines are checked each by itself: one that is not like this fails alone, and its result says why. */
        ImportLine: {
            /** @description Where it may be used from; anywhere if there are none. */
            allowed_ips?: components["schemas"]["AddressOrNetwork"][] | null;
            /** @description When the other system created it; now if absent. Not in the future. */
            created_at?: components["schemas"]["PastTime"] | null;
            /** @description SHA-256 of the key's text: 64 hex digits, or base64 or base64url of the 32 bytes. */
            digest: string;
            /**
             * @description What may be shown of it. It begins as `allow_imported` of `keystile.toml` allows; of a key without a common beginning, 8 characters at most.
             * @example sk_live_ab12
             */
            display: string;
            /** @description One of this deployment's; its first if none is named. */
            environment?: components["schemas"]["Environment"] | null;
            /** @description From this instant on it is no longer valid. */
            expires_at?: components["schemas"]["FutureTime"] | null;
            metadata?: components["schemas"]["Metadata"] | null;
            name: components["schemas"]["Name"];
            /** @description In place of `scopes`: those of this preset. */
            preset?: components["schemas"]["PresetName"] | null;
            /** @description As `rate_limits`. A quota that the tenant's keys share is set on the tenant. */
            quotas?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description Its own values, which go before the plan's. Operators of one tenant set none that is higher than what would hold without it. */
            rate_limits?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description Of this deployment's vocabulary. Only where that has `default_scopes` `all` may they be left out. */
            scopes?: components["schemas"]["GrantableScope"][] | null;
            /**
             * @description `revoked`: it is stored as revoked, and never valid. Its `expires_at` may be over, and limits on keys don't count it.
             * @default active
             * @enum {unknown}
             */
            status?: "active" | "revoked" | null;
        };
        ImportResult: {
            /** @description Of an existing key: what the line says otherwise. */
            differs?: ("display" | "name" | "scopes" | "environment" | "expires_at" | "allowed_ips" | "metadata" | "rate_limits" | "quotas" | "created_at" | "status")[];
            /** @description Of a line that failed: all that is wrong. */
            errors?: components["schemas"]["FieldError"][];
            id: components["schemas"]["KeyId"] | null;
            /** @description Of `keys`, from 0. */
            line: number;
            /**
             * @description `existing`: this tenant has a key of this digest, and nothing was changed.
             * @enum {string}
             */
            status: "imported" | "existing" | "failed";
        };
        /** @description The operator key lacks a scope. */
        InsufficientScope: {
            /** @constant */
            code?: "INSUFFICIENT_SCOPE";
            required_scopes: components["schemas"]["OperatorScopes"];
            /** @constant */
            status?: 403;
        } & components["schemas"]["Problem"];
        /** @description All that is wrong with the body, the query or the tenant's name. */
        InvalidRequest: {
            /** @constant */
            code?: "INVALID_REQUEST";
            errors: components["schemas"]["FieldError"][];
            /** @constant */
            status?: 422;
        } & components["schemas"]["Problem"];
        /** @description An API key after its end was taken back. */
        KeptKey: {
            /** @description Null only in a replay, if the first answer was that the change is pending. */
            effective_by: components["schemas"]["PendingEffectiveBy"];
            holds: components["schemas"]["Holds"];
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["KeyProperties"];
        /** @description An operator after its end was taken back. */
        KeptOperator: {
            /** @description Null only in a replay, if the first answer was that the change is pending. */
            effective_by: components["schemas"]["PendingEffectiveBy"];
            holds: components["schemas"]["Holds"];
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["OperatorProperties"];
        /** @description An API key as it is shown. Its text is never among this. */
        Key: {
            /** @description Of a revoked one: when that is in effect everywhere; null until it is known. */
            effective_by?: components["schemas"]["PendingEffectiveBy"];
            /** @description Of a revoked one. */
            holds?: components["schemas"]["Holds"];
            usage?: components["schemas"]["UsageSummary"];
        } & components["schemas"]["KeyProperties"];
        /** @description The change is recorded, but not yet in effect: the change feed, or of a limit the object that counts, can't be reached. It is retried by itself. */
        KeyChangePending: {
            /** @constant */
            code?: "CHANGE_PENDING";
            key_id: components["schemas"]["HolderId"];
            /** @constant */
            status?: 503;
        } & components["schemas"]["Problem"];
        /** @description How many there are of each status. */
        KeyCounts: {
            active: components["schemas"]["Count"];
            disabled: components["schemas"]["Count"];
            expired: components["schemas"]["Count"];
            revoked: components["schemas"]["Count"];
        };
        /**
         * @description An API key's id, for good.
         * @example key_FbxyF0iVX0PHs2VogHNw
         */
        KeyId: string;
        /** @description The tenant has as many active keys as it may. */
        KeyLimitReached: {
            active: components["schemas"]["Count"];
            /** @constant */
            code?: "KEY_LIMIT_REACHED";
            limit: number;
            /** @constant */
            status?: 409;
        } & components["schemas"]["Problem"];
        /** @description A page of keys, newest first. */
        KeyPage: {
            keys: components["schemas"]["Key"][];
            next_cursor: components["schemas"]["NextCursor"];
            /** @description Those of the page whose records can't be read, if there are any: a fault, which the log has more of. */
            unreadable?: components["schemas"]["KeyId"][];
        };
        /** @description A merge patch (RFC 7396): what is absent stays as it is. */
        KeyPatch: {
            /** @description All of them, in place of those it has; null removes them. */
            allowed_ips?: components["schemas"]["AddressOrNetwork"][] | null;
            /** @description Null removes it. */
            expires_at?: components["schemas"]["FutureTime"] | null;
            /** @description Merged into what there is: a member that is null is removed, an object merged, anything else replaced. Null removes all. At most 4096 bytes of JSON are left. */
            metadata?: components["schemas"]["Metadata"] | null;
            name?: components["schemas"]["Name"];
            /** @description As `rate_limits`. A quota that the tenant's keys share is set on the tenant. */
            quotas?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description Its own values, which go before the plan's; null takes all of them back. Operators of one tenant may only lower what holds for the key. */
            rate_limits?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description All of them, in place of those it has. */
            scopes?: components["schemas"]["GrantableScope"][];
        };
        /** @description What every answer with an API key has. */
        KeyProperties: {
            environment: components["schemas"]["Environment"];
            id: components["schemas"]["KeyId"];
            /** @description Whether it came from another system, by its digest. */
            imported: boolean;
            quotas: components["schemas"]["OwnLimits"];
            rate_limits: components["schemas"]["OwnLimits"];
            /** @description As granted; what they imply is not worked out. */
            scopes: components["schemas"]["Scopes"];
            tenant: components["schemas"]["TenantId"];
        } & WithRequired<components["schemas"]["Shown"], "id">;
        /**
         * @description Whether it is of use. `revoked` and `expired` are for good; `revoked` is said even if it would have expired since.
         * @enum {string}
         */
        KeyStatus: "active" | "disabled" | "revoked" | "expired";
        /** @default 50 */
        Limit: number;
        /**
         * @description Of a rate limit or a quota, as `keystile.toml` names it.
         * @example per-second
         */
        LimitName: string;
        /** @description What every answer with a limit has. */
        LimitProperties: {
            /** @enum {string} */
            kind: "rate" | "quota";
            /** @description Units. */
            limit: number;
            name: components["schemas"]["LimitName"];
            /**
             * @description Whose requests are counted together: those of the key and of the keys that it replaced by rotation, or those of all keys of the tenant.
             * @enum {string}
             */
            per: "key" | "tenant";
            /**
             * @description Of a quota: each day or month, in UTC, admits so many units.
             * @enum {string}
             */
            period?: "day" | "month";
            /** @description Units that are neither used nor held by an isolate of the edge. Additions count, so a quota may have more than its `limit`. */
            remaining: components["schemas"]["Count"];
            /** @description When there is more; of a quota the end of its period. */
            resets_at: components["schemas"]["Time"];
            /** @description Of a rate limit: any interval of this length admits so many units. */
            window_seconds?: number;
        };
        Limits: {
            /** @description The expiry of a key that is created without one. */
            default_expiry_days: components["schemas"]["Days"] | null;
            /** @description Active keys, at most. */
            max_active_keys: number | null;
            /** @description No key may live longer. */
            max_expiry_days: components["schemas"]["Days"] | null;
        };
        /** @description A rate limit or a quota, and what is left of it. */
        LimitState: components["schemas"]["LimitProperties"];
        LimitStates: {
            /** @description Empty where `keystile.toml` has no limits, or none holds. */
            limits: components["schemas"]["LimitState"][];
        };
        /** @description Units; null is no limit. */
        LimitValue: number | null;
        ListedKey: {
            created_at: components["schemas"]["Time"];
            display: components["schemas"]["Display"];
            environment: components["schemas"]["Environment"];
            expires_at: components["schemas"]["Time"] | null;
            id: components["schemas"]["KeyId"];
            /** @description The hour in which it was last let through. */
            last_used_at: components["schemas"]["Time"] | null;
            name: components["schemas"]["Name"];
            tenant: components["schemas"]["TenantId"];
        };
        ListedKeys: {
            keys: components["schemas"]["ListedKey"][];
            /** @description Whether there are others. */
            more: boolean;
        };
        ListedTenant: {
            created_at: components["schemas"]["Time"];
            /** @description Whether it was erased, or is being erased. */
            erased: boolean;
            suspended: boolean;
            tenant: components["schemas"]["TenantId"];
        };
        /** @description The body is not JSON, or not UTF-8, from this place on, or has a member twice. */
        MalformedJson: {
            /** @constant */
            code?: "MALFORMED_JSON";
            column: number;
            line: number;
            /** @constant */
            status?: 400;
        } & components["schemas"]["Problem"];
        /**
         * @description The owner's own data, which `verify` hands out: at most 4096 bytes as JSON, nested 32 levels deep at most (`{}` is one). Numbers come back with the value that they had.
         * @example {
         *       "plan": "pro"
         *     }
         */
        Metadata: {
            [key: string]: unknown;
        };
        MintedPortalSession: {
            expires_at: components["schemas"]["Time"];
            id: components["schemas"]["PortalSessionId"];
            /** @description For `Authorization`, to embed the customers' page. */
            token: string;
            /** @description The customers' page, with a code that works once within five minutes. */
            url: string;
        };
        /**
         * @description For people. White space around it is removed; control characters, others that can't be seen or that change the direction of text, and keys are refused.
         * @example Zapier
         */
        Name: string;
        NearCap: {
            /** @description Keys that count: neither revoked, nor expired, nor to be ended by a rotation. */
            active_keys: components["schemas"]["Count"];
            max_active_keys: components["schemas"]["Count"];
            plan: components["schemas"]["PlanName"] | null;
            tenant: components["schemas"]["TenantId"];
        };
        /**
         * Format: ip-network
         * @description An IPv4 or IPv6 network with its prefix length; one address is a network of 32 or 128 bits.
         * @example 192.0.2.0/24
         * @example 2001:db8::1/128
         */
        Network: string;
        NewEventEndpoint: {
            description?: string | null;
            signature?: components["schemas"]["EventSignature"] | null;
            /** @description The types of events that it gets; an empty list for all. */
            types?: components["schemas"]["EventType"][] | null;
            /**
             * Format: uri
             * @description Where events are sent: `https`, a public host, port 443 or one from 1024 on.
             * @example https://example.com/events
             */
            url: string;
        };
        /** @description Null is as good as absent, but for `expires_at`. */
        NewKey: {
            /** @description Where it may be used from; anywhere if there are none. */
            allowed_ips?: components["schemas"]["AddressOrNetwork"][] | null;
            /** @description One of this deployment's; its first if none is named. */
            environment?: components["schemas"]["Environment"] | null;
            /** @description From this instant on it is no longer valid. If absent, as the tenant's `default_expiry_days` says; null is never, which `max_expiry_days` may refuse. */
            expires_at?: components["schemas"]["FutureTime"] | null;
            metadata?: components["schemas"]["Metadata"] | null;
            name: components["schemas"]["Name"];
            /** @description In place of `scopes`: those of this preset. */
            preset?: components["schemas"]["PresetName"] | null;
            /** @description As `rate_limits`. A quota that the tenant's keys share is set on the tenant. */
            quotas?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description Its own values, which go before the plan's. Operators of one tenant set none that is higher than what would hold without it. */
            rate_limits?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description Of this deployment's vocabulary. Only where that has `default_scopes` `all` may they be left out. */
            scopes?: components["schemas"]["GrantableScope"][] | null;
        };
        /** @description Nobody grants more than they hold. */
        NewOperator: {
            /** @description From this instant on it is no longer valid. */
            expires_at?: components["schemas"]["FutureTime"] | null;
            name: components["schemas"]["Name"];
            scopes: components["schemas"]["OperatorScope"][];
            tenant: components["schemas"]["Reach"];
        };
        NewPortalSession: {
            actor: components["schemas"]["Actor"];
            /** @default 900 */
            expires_in_seconds?: number | null;
            may: components["schemas"]["PortalRight"][];
            /** @description Those that its keys may get; `[]` is none. */
            scopes: components["schemas"]["GrantableScope"][];
        };
        /** @description The `cursor` of the next page; null on the last. A page that looks for something may have fewer entries than `limit`, or none, and still one. */
        NextCursor: components["schemas"]["Cursor"] | null;
        /** @description Not for this caller: another tenant, not in a portal session, or not from a page of another origin. */
        NotAllowed: {
            /** @enum {unknown} */
            code?: "TENANT_NOT_ALLOWED" | "PORTAL_NOT_ALLOWED" | "CROSS_ORIGIN";
            /** @constant */
            status?: 403;
        } & components["schemas"]["Problem"];
        /** @description No fields: `{}`, or no body at all. */
        Nothing: Record<string, never>;
        /** @description An OpenAPI document: this one. */
        OpenApi: {
            openapi: string;
        };
        /** @description An operator as it is shown. Its text is never among this. */
        Operator: {
            /** @description Of a revoked one: when that is in effect everywhere; null until it is known. */
            effective_by?: components["schemas"]["PendingEffectiveBy"];
            /** @description Of a revoked one. */
            holds?: components["schemas"]["Holds"];
            usage?: components["schemas"]["UsageSummary"];
        } & components["schemas"]["OperatorProperties"];
        /**
         * @description An operator's id, for good.
         * @example op_4bTzV9cXk07Hq2mN1pRs
         */
        OperatorId: string;
        /** @description A page of operators, newest first. */
        OperatorPage: {
            keys: components["schemas"]["Operator"][];
            next_cursor: components["schemas"]["NextCursor"];
            /** @description Those of the page whose records can't be read, if there are any: a fault, which the log has more of. */
            unreadable?: components["schemas"]["OperatorId"][];
        };
        /** @description What every answer with an operator has. */
        OperatorProperties: {
            id: components["schemas"]["OperatorId"];
            scopes: components["schemas"]["OperatorScopes"];
            tenant: components["schemas"]["Reach"];
        } & WithRequired<components["schemas"]["Shown"], "id">;
        /**
         * @description What an operator may do: `keys:read` lists and reads keys and tenants. `keys:write` creates, changes, rotates and revokes keys; of an operator of all tenants it also sets plans and limits, and suspends and resumes tenants. `audit:read` reads the audit log. `operators:write` lists, creates and revokes operators. `tenants:delete`, of an operator of all tenants, erases tenants. `verify` asks the edge for the verdict on a key. `webhooks:read` lists sources of webhooks and events that could not be delivered, `webhooks:write` sends those again, discards them or reads their bodies. `metrics:read` reads the metrics. `events:read` lists the endpoints that events are sent to, and what was sent to them; `events:write` creates, changes and deletes endpoints, and sends events again or discards them. `tenants:export` exports all that a ledger has. None implies another.
         * @enum {string}
         */
        OperatorScope: "keys:read" | "keys:write" | "audit:read" | "operators:write" | "tenants:delete" | "verify" | "webhooks:read" | "webhooks:write" | "metrics:read" | "events:read" | "events:write" | "tenants:export";
        OperatorScopes: components["schemas"]["OperatorScope"][];
        OrderedErasure: {
            erased_by: components["schemas"]["ErasedBy"];
            tenant: components["schemas"]["TenantId"];
        };
        /** @description All tenants whose ledgers have reported. */
        Overview: {
            /** @description The time of the answer. */
            as_of: components["schemas"]["Time"];
            /** @description The soonest first. */
            expiring: components["schemas"]["ListedKeys"];
            keys: components["schemas"]["KeyCounts"];
            near_caps: {
                /** @description Whether there are others. */
                more: boolean;
                /** @description The fullest first. */
                tenants: components["schemas"]["NearCap"][];
            };
            /** @description The configured secrets of `KEYSTILE_SECRET`, newest first, then those that keys still depend on and that are missing. */
            secrets: components["schemas"]["SharedSecret"][];
            /** @description Tenants whose keys are missing in `secrets`, since they last reported before these were counted; reading a tenant has it report. */
            secrets_unknown: components["schemas"]["Count"];
            /** @description How many of them are suspended. */
            suspended: components["schemas"]["Count"];
            tenants: components["schemas"]["Count"];
            /** @description The longest unused first. */
            unused: components["schemas"]["ListedKeys"];
        };
        /** @description Values by name. Own values go before the plan's. One that an operator of one tenant has set is a maximum: a lower one of the plan holds. */
        OwnLimits: {
            [key: string]: {
                limit: components["schemas"]["LimitValue"];
            };
        };
        /** @description The values to set, by name; null takes an own value back. What is absent stays as it is. */
        OwnLimitsPatch: {
            [key: string]: {
                limit: components["schemas"]["LimitValue"];
            } | null;
        };
        /**
         * Format: past-date-time
         * @description An instant of the last 30 days: RFC 3339 with any offset.
         */
        PastTime: string;
        /** @description As `EffectiveBy`; null while the change feed has yet to take the change, which is retried by itself. */
        PendingEffectiveBy: components["schemas"]["Time"] | null;
        PendingEnd: {
            /** @description When it ends at the latest. */
            at: components["schemas"]["Time"];
            /** @description The overlap has not begun, since the successor has not been used. */
            awaiting_first_use: boolean;
            overlap_seconds: number;
            /** @description Used since its successor's first use, or since the rotation if there was none yet: somebody has to change over. */
            still_in_use: boolean;
        };
        /** @description A plan of `keystile.toml`. */
        Plan: {
            /** @description The expiry of a key that is created without one. */
            default_expiry_days: components["schemas"]["Days"] | null;
            description: string;
            /** @description Active keys, at most. */
            max_active_keys: number | null;
            /** @description No key may live longer. */
            max_expiry_days: components["schemas"]["Days"] | null;
            name: components["schemas"]["PlanName"];
            /** @description Those that it lists. */
            quotas: components["schemas"]["OwnLimits"];
            /** @description Those that it lists. */
            rate_limits: components["schemas"]["OwnLimits"];
        };
        /** @example pro */
        PlanName: string;
        Plans: {
            /** @description What holds for tenants without a plan. */
            limits: components["schemas"]["Limits"];
            plans: components["schemas"]["Plan"][];
            /** @description Those of tenants without a plan. */
            quotas: components["schemas"]["OwnLimits"];
            /** @description Those of tenants without a plan. */
            rate_limits: components["schemas"]["OwnLimits"];
        };
        PortalCode: {
            /**
             * @description Of a link's fragment.
             * @example kscode_00000000000000000000000000000000
             */
            code: string;
        };
        /** @enum {string} */
        PortalRight: "keys:read" | "keys:write" | "audit:read";
        PortalSession: {
            actor: components["schemas"]["Actor"];
            expires_at: components["schemas"]["Time"];
            id: components["schemas"]["PortalSessionId"];
            keys: components["schemas"]["KeyCounts"];
            limits: components["schemas"]["Limits"];
            may: components["schemas"]["PortalRight"][];
            /** @description Those that its keys may get, with what they imply. */
            scopes: components["schemas"]["Scope"][];
            tenant: components["schemas"]["TenantId"];
        };
        /** @description Names a session; it gives no access. */
        PortalSessionId: string;
        /** @description A named set of scopes. */
        Preset: {
            /** @description For the person who chooses. */
            description: string;
            name: string;
            scopes: components["schemas"]["Scopes"];
        };
        /** @description One of `GET /v1/scopes`. */
        PresetName: string;
        /** @description What is wrong (RFC 9457). `code` is stable and to be told apart by; `detail` is for people and may change. */
        Problem: {
            code: string;
            /** @description What is wrong, and what to do. */
            detail: string;
            request_id: components["schemas"]["RequestId"];
            /** @description The HTTP status. */
            status: number;
            /** @description The status in words. */
            title: string;
            /** @constant */
            type: "about:blank";
        };
        /**
         * @description The one tenant that an operator may act for, or `*`: all of them, those to come included.
         * @example acme
         * @example *
         */
        Reach: string;
        /**
         * @description Why, in the words of whoever did it. White space around it is removed; control characters, others that can't be seen or that change the direction of text, and keys are refused.
         * @example leaked
         */
        Reason: string;
        RedrivenDeadLetters: {
            /** @description Whether more events may be here: ask again. */
            more: boolean;
            /** @description Events that were sent again or discarded by somebody else meanwhile. */
            not_found: number;
            /** @description Events that are in the queue again. */
            redriven: number;
            replayed?: components["schemas"]["Replayed"];
            /** @description Events of which it isn't known, because a queue or an object failed. They are still listed, or in the queue, or both. */
            unknown: number;
        };
        RedrivenEvents: {
            /** @description Events that wait again. */
            redriven: number;
            replayed?: components["schemas"]["Replayed"];
        };
        /**
         * @description Only in the answer to a repeated `Idempotency-Key`: this is the first request's answer, and nothing was done.
         * @constant
         */
        Replayed: true;
        /**
         * @description A request's id, by which it is found in the log and in the audit log.
         * @example req_c8tLQ7MtTzYSJVT7nFTE
         */
        RequestId: string;
        Restore: {
            to: components["schemas"]["PastTime"];
        };
        RestoredLimits: {
            replayed?: components["schemas"]["Replayed"];
            restored_to: components["schemas"]["Time"];
        };
        /** @description Lines of an export as they are: its first and its last one, one page with the line that ends it, or the one of a tenant that was erased. */
        RestorePart: {
            /** @description The last line of the export, with `header`. */
            end?: string | null;
            /** @description The line of a tenant that was erased. It is checked, and nothing is changed: 200 says that such a deployment exported it of this tenant, so that you may erase it. */
            erased?: string | null;
            /** @description The first line of the export, with `end`. */
            header?: string | null;
            /** @description A page: its lines, each with its line end. */
            page?: string | null;
        };
        RestoreProgress: {
            /** @description Whether all pages are here. */
            complete: boolean;
            export: components["schemas"]["Sha256"];
            pages: components["schemas"]["Count"];
            /** @description Keys of this page that were not taken. */
            refused: {
                detail: string;
                id: string;
                /** @description The line in the page, from 0. */
                line: number;
            }[];
            /** @description How many keys of the export were not taken so far. */
            refused_keys: components["schemas"]["Count"];
            /** @description Pages that are here. The next one to send is the one after them. */
            restored_pages: components["schemas"]["Count"];
        };
        /** @description This ledger doesn't take this export. */
        RestoreRefused: {
            /** @constant */
            code?: "RESTORE_REFUSED";
            /** @description What `allow_imported` in keystile.toml lacks. */
            missing_imported?: string[];
            /** @description Prefixes of keys that keystile.toml lacks. */
            missing_prefixes?: string[];
            /** @description Fingerprints of secrets that KEYSTILE_SECRET lacks. */
            missing_secrets?: string[];
            /** @description The number of the page that is next. */
            next_page?: number;
            /** @constant */
            status?: 409;
        } & components["schemas"]["Problem"];
        /** @description A secret that was told. Nobody vouches for it. */
        RevealedHandshake: {
            /** @description The sender's address, as Cloudflare states it. */
            from: string | null;
            id: components["schemas"]["HandshakeId"];
            /** @description What to do before you set it. */
            note: string;
            received_at: components["schemas"]["Time"];
            /** @description As it was told. */
            secret: string;
        };
        Revocation: {
            reason?: components["schemas"]["Reason"] | null;
        };
        /** @description The revocation is recorded, but not yet in effect: the change feed can't be reached. It is retried by itself. */
        RevocationPending: {
            /** @constant */
            code?: "REVOCATION_PENDING";
            key_id: components["schemas"]["HolderId"];
            /** @constant */
            status?: 503;
        } & components["schemas"]["Problem"];
        /** @description Which keys: those of `ids`, the living ones that were granted `scope` literally, or `all` living ones. */
        Revocations: {
            /** @constant */
            all?: true;
            ids?: components["schemas"]["KeyId"][];
            reason?: components["schemas"]["Reason"] | null;
            scope?: components["schemas"]["Scope"];
        } & (unknown | unknown | unknown);
        /** @description The revocations are recorded, but not all in effect yet: the change feed can't be reached. They are retried by themselves. */
        RevocationsPending: {
            already_revoked: components["schemas"]["Count"];
            /** @constant */
            code?: "REVOCATION_PENDING";
            /** @description Whether others are left to revoke. */
            more: boolean;
            revoked: components["schemas"]["Count"];
            /** @constant */
            status?: 503;
        } & components["schemas"]["Problem"];
        RevokedKey: {
            id: components["schemas"]["KeyId"];
            /**
             * @description `already_revoked`: it stays as it is. `not_found`: the tenant has no such key.
             * @enum {string}
             */
            status: "revoked" | "already_revoked" | "not_found";
        };
        /** @description 1,000 keys at most; where `more` says so, the same request goes on with the others. */
        RevokedKeys: {
            already_revoked: components["schemas"]["Count"];
            /** @description From this time on all keys of `results` are refused. */
            effective_by: components["schemas"]["EffectiveBy"];
            holds: components["schemas"]["Holds"];
            /** @description Whether others are left to revoke. */
            more: boolean;
            not_found: components["schemas"]["Count"];
            replayed?: components["schemas"]["Replayed"];
            /** @description The outcome for each key; of `ids` in their order. */
            results: components["schemas"]["RevokedKey"][];
            revoked: components["schemas"]["Count"];
        };
        /** @description A key that replaces another, and its text. */
        RotatedKey: {
            effective_by: components["schemas"]["PendingEffectiveBy"];
            holds: components["schemas"]["Holds"];
            /**
             * @description Its text, in this answer and in no other; null in a replay.
             * @example demo_live_S2Ig3CFT4wpd0MXG5YS0xEAaQqGElJKVEv2hh1
             */
            key: string | null;
            /** @description The key that it replaces. */
            replaces: components["schemas"]["Key"];
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["KeyProperties"];
        /** @description An operator that replaces another, and its text. */
        RotatedOperator: {
            effective_by: components["schemas"]["PendingEffectiveBy"];
            holds: components["schemas"]["Holds"];
            /**
             * @description Its text, in this answer and in no other; null in a replay.
             * @example demo_live_S2Ig3CFT4wpd0MXG5YS0xEAaQqGElJKVEv2hh1
             */
            key: string | null;
            /** @description The operator that it replaces. */
            replaces: components["schemas"]["Operator"];
            replayed?: components["schemas"]["Replayed"];
        } & components["schemas"]["OperatorProperties"];
        Rotation: {
            /**
             * @description Let the overlap begin with the successor's first use, as edges report it.
             * @default false
             */
            after_first_use?: boolean | null;
            /** @description The successor's expiry. If absent, it lives as long from now on as the old one was meant to from its creation, but no longer than the tenant's `max_expiry_days`, nor than an operator who rotates an operator. */
            expires_at?: components["schemas"]["FutureTime"] | null;
            /** @description Only with `after_first_use`, and no shorter than the overlap: the old one ends this long after the rotation in any case. If absent, 30 days. */
            latest_end_seconds?: number | null;
            /**
             * @description How long the old one works beside the new one; 0 ends it at once.
             * @default 0
             */
            overlap_seconds?: number | null;
        };
        /**
         * @description A scope of this deployment's vocabulary, or one that it had.
         * @example read:leads
         */
        Scope: string;
        ScopeDefinition: {
            /** @description For the person who chooses. */
            description: string;
            /** @description What it grants beside itself, and what that grants in turn; `*` for everything. */
            implies: (components["schemas"]["Scope"] | "*")[];
            name: components["schemas"]["Scope"];
            /** @description Why no key can have it; null if keys can. */
            unavailable: string | null;
        };
        Scopes: components["schemas"]["Scope"][];
        SecretRotation: {
            /**
             * @description How long the old secret signs, too; 0 ends it at once.
             * @default 86400
             */
            overlap_seconds?: number | null;
        };
        SecretUse: {
            /** @description False: these keys are refused as `MALFORMED`, since their secret was dropped too early. */
            configured: boolean;
            fingerprint: components["schemas"]["Fingerprint"];
            /** @description Living keys that were made with it. Only at 0 for every tenant may it be dropped. */
            keys: components["schemas"]["Count"];
        };
        Session: {
            /** @description Null for a key that never expires. */
            expires_at: components["schemas"]["Time"] | null;
            operator: {
                /** @description An operator's, or `root`. */
                id: string;
                name: string;
                scopes: components["schemas"]["OperatorScopes"];
                tenant: components["schemas"]["Reach"];
            };
        };
        /** @description 64 hexadecimal digits. */
        Sha256: string;
        SharedSecret: {
            /** @description False: these keys are refused as `MALFORMED`, since their secret was dropped too early. */
            configured: boolean;
            fingerprint: components["schemas"]["Fingerprint"];
            /** @description Living keys of all tenants that were made with it. */
            keys: components["schemas"]["Count"];
            /** @description Living operators' keys that were. */
            operators: components["schemas"]["Count"];
        };
        /** @description What keys and operators have in common. */
        Shown: {
            /** @description Where it may be used from; anywhere if empty. */
            allowed_ips: components["schemas"]["Network"][];
            created_at: components["schemas"]["Time"];
            /** @description Null if it isn't known: the audit log no longer had it when this was introduced. */
            created_by: components["schemas"]["Creator"] | null;
            display: components["schemas"]["Display"];
            /** @description From this instant on it is no longer valid. */
            expires_at: components["schemas"]["Time"] | null;
            /** @description The latest report that it was found where it doesn't belong; null if there is none. */
            exposure: components["schemas"]["Exposure"] | null;
            id: components["schemas"]["HolderId"];
            /** @description When it was last let in, as far as edges have reported: they do every `[usage] flush_seconds`. */
            last_used_at: components["schemas"]["Time"] | null;
            metadata: components["schemas"]["Metadata"];
            name: components["schemas"]["Name"];
            /** @description How a rotation will end it; null if none is under way. */
            pending_end: components["schemas"]["PendingEnd"] | null;
            /** @description Why it was revoked, if that was said. */
            revoke_reason: components["schemas"]["Reason"] | null;
            /** @description When its revocation was recorded. */
            revoked_at: components["schemas"]["Time"] | null;
            /** @description The one that it replaces. */
            rotated_from: components["schemas"]["HolderId"] | null;
            /** @description The one that replaces it. */
            rotated_to: components["schemas"]["HolderId"] | null;
            status: components["schemas"]["KeyStatus"];
            version: components["schemas"]["Version"];
        };
        /**
         * @description The name of a source of webhooks: the last part of the URL that its sender calls.
         * @example stripe-eu
         */
        SourceName: string;
        /** @description Whether a tenant is suspended, and from when on that holds. */
        Standing: {
            effective_by: components["schemas"]["EffectiveBy"];
            holds: components["schemas"]["Holds"];
            /** @description Active keys, which this concerns. */
            keys: components["schemas"]["Count"];
            replayed?: components["schemas"]["Replayed"];
            suspended: boolean;
            tenant: components["schemas"]["TenantId"];
            /** @description The tenant's, as `GET` shows it. */
            version: components["schemas"]["Version"];
        };
        Suspension: {
            /**
             * @description Suspend the tenant even if it isn't there yet: keys that it gets are out of use until it is resumed.
             * @default false
             */
            ahead?: boolean | null;
        };
        Tenant: {
            /** @description Only after a change of the plan, a rate limit or a quota, and only where there are any: from this time on no request is admitted by what held before. */
            effective_by?: components["schemas"]["EffectiveBy"];
            erasure?: components["schemas"]["TenantErasure"];
            keys: components["schemas"]["KeyCounts"];
            /** @description In force: its own, else its plan's, else everybody's; null is none. */
            limits: components["schemas"]["Limits"];
            /** @description Set for this tenant alone; null leaves it to the plan. */
            own_limits: components["schemas"]["Limits"];
            /** @description One of `GET /v1/plans`. */
            plan: components["schemas"]["PlanName"] | null;
            quotas: components["schemas"]["OwnLimits"];
            rate_limits: components["schemas"]["OwnLimits"];
            /** @description The configured secrets of `KEYSTILE_SECRET`, newest first, then those that keys still depend on and that are missing. */
            secrets: components["schemas"]["SecretUse"][];
            /** @description Whether all of its keys are out of use. */
            suspended: boolean;
            tenant: components["schemas"]["TenantId"];
            /** @description Of its status, plan and limits. Grows by one with each change of them; it is the ETag. */
            version: components["schemas"]["Version"];
        };
        /** @description Only of a tenant that was erased, or is being erased. */
        TenantErasure: {
            begun_at: components["schemas"]["Time"];
            /** @description When the last of it was gone. Absent until then. */
            erased_at?: components["schemas"]["Time"];
            erased_by: components["schemas"]["ErasedBy"];
            /** @description Keys whose names, addresses or metadata may still be in the ledger, the change feed or KV. None of them can be used. */
            keys_left: components["schemas"]["Count"];
        };
        /**
         * @description The deployment's own name for its customer. A tenant exists as soon as it is named.
         * @example acme
         */
        TenantId: string;
        /** @description A page of tenants, by name. */
        TenantPage: {
            next_cursor: components["schemas"]["NextCursor"];
            tenants: components["schemas"]["ListedTenant"][];
        };
        /** @description A merge patch (RFC 7396): what is absent stays as it is, null removes it. */
        TenantPatch: {
            /** @description The expiry of a key that is created without one. */
            default_expiry_days?: components["schemas"]["Days"] | null;
            /** @description Active keys, at most. */
            max_active_keys?: number | null;
            /** @description No key may live longer. */
            max_expiry_days?: components["schemas"]["Days"] | null;
            plan?: components["schemas"]["PlanName"] | null;
            /** @description As `rate_limits`. */
            quotas?: components["schemas"]["OwnLimitsPatch"] | null;
            /** @description Own values of the tenant, which go before the plan's; null takes all of them back. */
            rate_limits?: components["schemas"]["OwnLimitsPatch"] | null;
        };
        /** @description How often the keys of a tenant were used, by what came of it. */
        TenantUsage: {
            tenant: components["schemas"]["TenantId"];
        } & components["schemas"]["UsageProperties"];
        /**
         * Format: date-time
         * @description An instant: RFC 3339, in UTC, with milliseconds.
         * @example 2026-11-21T02:42:01.967Z
         */
        Time: string;
        /** @description How often the keys of all tenants were used, by what came of it. */
        TotalUsage: {
            /** @description The time of the answer. */
            as_of: components["schemas"]["Time"];
        } & components["schemas"]["UsageProperties"];
        /** @description Something that this depends on can't be reached. Whether a change was recorded is not known: look, or ask again. */
        Unavailable: {
            /** @constant */
            code?: "DEPENDENCY_UNAVAILABLE";
            /** @constant */
            status?: 503;
        } & components["schemas"]["Problem"];
        /** @description An event that could not be sent. */
        UnsentEvent: {
            attempts: number;
            created_at: components["schemas"]["Time"];
            event: components["schemas"]["EventId"];
            key: components["schemas"]["KeyId"] | null;
            last_attempt_at: components["schemas"]["Time"] | null;
            last_status: number | null;
            /** @enum {string} */
            reason: "attempts_failed" | "endpoint_disabled" | "too_many_waiting" | "paused_too_long";
            tenant: components["schemas"]["TenantId"] | null;
            /** @enum {string} */
            type: "key.created" | "key.updated" | "key.revoked" | "key.rotated" | "key.rotation_due" | "key.disabled" | "key.enabled" | "key.expiring" | "key.expired" | "key.unused" | "key.exposed" | "limit.reached" | "tenant.suspended" | "tenant.resumed" | "endpoint.disabled" | "endpoint.test";
        };
        UnsentEvents: {
            dead_letters: components["schemas"]["UnsentEvent"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /** @description How often a key was used, by what came of it. */
        Usage: {
            key_id: components["schemas"]["KeyId"];
            last_used_at: components["schemas"]["Time"] | null;
        } & components["schemas"]["UsageProperties"];
        UsageByCode: {
            allowed: components["schemas"]["Count"];
            codes: components["schemas"]["UsageCodes"];
            refused: components["schemas"]["Count"];
        };
        /** @description How many uses came to which verdict. */
        UsageCodes: {
            [key: string]: number;
        };
        UsageCounts: {
            allowed: components["schemas"]["Count"];
            refused: components["schemas"]["Count"];
        };
        /** @description The last line. */
        UsageExportEnd: {
            end: {
                /** @description `after` of this request; null if it had none. */
                after: string | null;
                from: components["schemas"]["Time"];
                /** @description The lines before this one. */
                lines: number;
                /** @description `after` of the request that goes on; null if this is all. */
                next: string | null;
                /** @description The fingerprint of the secret that signed. */
                secret: string;
                /** @description The tenant whose uses were asked for; null if it was those of all. */
                tenant: string | null;
                to: components["schemas"]["Time"];
                /** @description The uses in them. */
                uses: number;
            };
            /** @description HMAC-SHA256, in base64url, of everything in the body before `,"signature"` of this line. */
            signature: string;
        };
        UsageExportLine: components["schemas"]["BilledUses"] | components["schemas"]["UsageExportEnd"];
        UsageHour: {
            allowed: components["schemas"]["Count"];
            codes: components["schemas"]["UsageCodes"];
            /** @description When the hour began. */
            hour: components["schemas"]["Time"];
            refused: components["schemas"]["Count"];
        };
        /**
         * @description The current hour and the 23, 167 or 719 before.
         * @enum {string}
         */
        UsagePeriod: "24h" | "7d" | "30d";
        UsageProperties: {
            "7d": components["schemas"]["UsageByCode"];
            "24h": components["schemas"]["UsageByCode"];
            "30d": components["schemas"]["UsageByCode"];
            all: components["schemas"]["UsageByCode"];
            /** @description Every hour of the period, oldest first. */
            hourly: components["schemas"]["UsageHour"][];
            /** @description That of `hourly`. */
            period: components["schemas"]["UsagePeriod"];
        };
        /** @description Only with `include=usage`. */
        UsageSummary: {
            "7d": components["schemas"]["UsageCounts"];
            "24h": components["schemas"]["UsageCounts"];
            "30d": components["schemas"]["UsageCounts"];
        };
        /**
         * @description `RATE_LIMITED` and `QUOTA_EXCEEDED`: the key was good for the request, which was over a rate limit, or over a quota alone. Such requests are not charged.
         * @enum {string}
         */
        VerdictCode: "VALID" | "WRONG_ENVIRONMENT" | "NOT_FOUND" | "REVOKED" | "TENANT_SUSPENDED" | "DISABLED" | "EXPIRED" | "IP_NOT_ALLOWED" | "INSUFFICIENT_SCOPE" | "RATE_LIMITED" | "QUOTA_EXCEEDED";
        /** @description Grows by one with each change; it is the ETag. */
        Version: number;
        /** @description None of the versions in `If-Match` is the present one, which is told. */
        VersionMismatch: {
            /** @constant */
            code?: "VERSION_MISMATCH";
            /** @constant */
            status?: 412;
            version: components["schemas"]["Version"];
        } & components["schemas"]["Problem"];
        /**
         * @example {
         *       "source": "stripe-eu",
         *       "provider": "stripe",
         *       "mode": "queue",
         *       "body_authenticated": true,
         *       "event_type": "json:type",
         *       "event_type_authenticated": true,
         *       "verification": "enforce",
         *       "upstreams": [
         *         {
         *           "upstream": "billing",
         *           "path": "/events",
         *           "types": [
         *             "invoice.*"
         *           ]
         *         }
         *       ],
         *       "replays": "refuse-same-id",
         *       "told_apart_by": "signed_id",
         *       "keep_bodies_hours": 0,
         *       "notes": []
         *     }
         */
        WebhookSource: {
            /** @description Whether the sender's signature covers the whole body. */
            body_authenticated: boolean;
            /** @description The place of an event's type, such as `json:type` or `header:x-github-event`, if it is known. */
            event_type: string | null;
            /** @description Whether the event's type is a part of what the sender signs. */
            event_type_authenticated: boolean;
            /** @description How long the bodies of delivered events are kept, so that they can be delivered once more; 0 if they are not. */
            keep_bodies_hours: number;
            /**
             * @description `direct`: the sender waits for the upstream, and gets its status. `queue`: the sender is answered once the event is in the queue.
             * @enum {string}
             */
            mode: "direct" | "queue";
            /** @description What to know of this provider. */
            notes: string[];
            /** @description The registry's id of the provider; `own` for a scheme that `keystile.toml` describes. */
            provider: string;
            /**
             * @description What is refused as a repeat. `refuse-same-id`: the sender's id with the same bytes; the same bytes under another id are handed on, and marked. `refuse-same-bytes`: the same signed bytes under whatever id, too.
             * @enum {string}
             */
            replays: "refuse-same-id" | "refuse-same-bytes";
            source: components["schemas"]["SourceName"];
            /**
             * @description What tells the sender's events apart: an id that its signature covers, one that it doesn't cover, or nothing.
             * @enum {string}
             */
            told_apart_by: "signed_id" | "unsigned_id" | "nothing";
            /** @description Each of them that takes an event's type gets the event. */
            upstreams: components["schemas"]["WebhookUpstream"][];
            /**
             * @description `enforce`: a delivery that fails its verification is refused. `log-only`: it is logged, and handed on as it came.
             * @enum {string}
             */
            verification: "enforce" | "log-only";
        };
        WebhookSources: {
            sources: components["schemas"]["WebhookSource"][];
        };
        WebhookUpstream: {
            path: string;
            /** @description The types of the events that it gets, `invoice.*` for all below `invoice.`; all if there are none. */
            types: string[];
            /** @description The name in `keystile.toml`. */
            upstream: string;
        };
    };
    responses: {
        /** @description A key in the query string, or two different ones. */
        BadCredentials: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["Challenge"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "CREDENTIAL_IN_QUERY" | "CREDENTIAL_IN_PATH" | "CONFLICTING_CREDENTIALS";
                    /** @constant */
                    status?: 400;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description A body that is not JSON, an `Idempotency-Key` that is none, a key in the query string, or two different keys. */
        BadPost: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["BadRequestChallenge"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["MalformedJson"] | ({
                    /** @enum {unknown} */
                    code?: "CREDENTIAL_IN_QUERY" | "CREDENTIAL_IN_PATH" | "CONFLICTING_CREDENTIALS" | "INVALID_IDEMPOTENCY_KEY";
                    /** @constant */
                    status?: 400;
                } & components["schemas"]["Problem"]);
            };
        };
        /** @description A body that is not JSON, a key in the query string, or two different keys. */
        BadRequest: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["BadRequestChallenge"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["MalformedJson"] | ({
                    /** @enum {unknown} */
                    code?: "CREDENTIAL_IN_QUERY" | "CREDENTIAL_IN_PATH" | "CONFLICTING_CREDENTIALS";
                    /** @constant */
                    status?: 400;
                } & components["schemas"]["Problem"]);
            };
        };
        /** @description The body was not there whole after 30 seconds. Nothing was done. */
        BodyTimeout: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "BODY_TIMEOUT";
                    /** @constant */
                    status?: 408;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The body has more than 64 KiB. */
        BodyTooLarge: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "BODY_TOO_LARGE";
                    /** @constant */
                    status?: 413;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description Nothing ends the key that could be cancelled, its life is over, the tenant has as many active keys as it may, or the first request with this `Idempotency-Key` is still running. */
        CanNotCancel: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["KeyLimitReached"] | ({
                    /** @enum {unknown} */
                    code?: "KEY_REVOKED" | "KEY_EXPIRED" | "NO_PENDING_END" | "IDEMPOTENCY_KEY_IN_USE";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"]);
            };
        };
        /** @description The key's life is over, or `expires_at` is a pending rotation's to say. */
        CanNotChange: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "KEY_REVOKED" | "KEY_EXPIRED" | "ROTATION_PENDING";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The tenant has as many active keys as it may, or the first request with this `Idempotency-Key` is still running. */
        CanNotCreate: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["KeyLimitReached"] | components["schemas"]["IdempotencyKeyInUse"];
            };
        };
        /** @description There are as many endpoints as there may be, or the first request with this `Idempotency-Key` is still running. */
        CanNotCreateEndpoint: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["EndpointLimitReached"] | components["schemas"]["IdempotencyKeyInUse"];
            };
        };
        /** @description The key's life is over, or the first request with this `Idempotency-Key` is still running. */
        CanNotDisable: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "KEY_REVOKED" | "KEY_EXPIRED" | "IDEMPOTENCY_KEY_IN_USE";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The body of the delivery isn't kept, or the first request with this `Idempotency-Key` is still running. */
        CanNotReplay: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["BodyNotKept"] | components["schemas"]["IdempotencyKeyInUse"];
            };
        };
        /** @description The key's life is over, it was replaced before, it is disabled, as many keys of the tenant are still to end by rotation as it may have, or the first request with this `Idempotency-Key` is still running. */
        CanNotRotate: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["KeyLimitReached"] | ({
                    /** @enum {unknown} */
                    code?: "KEY_REVOKED" | "KEY_EXPIRED" | "ALREADY_ROTATED" | "KEY_DISABLED" | "IDEMPOTENCY_KEY_IN_USE";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"]);
            };
        };
        /** @description There is no such source, or no such event: it was sent again, discarded, or never here. */
        DeadLetterNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "SOURCE_NOT_FOUND" | "DEAD_LETTER_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description There is no such source, or no such delivery: it is too old, was never here, or the same event came again. */
        DeliveryNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "SOURCE_NOT_FOUND" | "DELIVERY_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description Recorded but not yet in effect, since the worker that sends events can't be reached; it is told by itself. Or a dependency can't be reached. */
        EndpointChangePending: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "CHANGE_PENDING" | "DEPENDENCY_UNAVAILABLE";
                    /** @constant */
                    status?: 503;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description There is no such endpoint, or not here. */
        EndpointNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "ENDPOINT_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The operator key lacks the scope, or is for another tenant. */
        Forbidden: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InsufficientScope"] | components["schemas"]["NotAllowed"];
            };
        };
        /** @description There is no such source, or no secret under this id: it was shown before, is older than 24 hours, or was never here. */
        HandshakeNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "SOURCE_NOT_FOUND" | "HANDSHAKE_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The body has more than 4 MiB. */
        ImportTooLarge: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "BODY_TOO_LARGE";
                    /** @constant */
                    status?: 413;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description A fault of Keystile's. The request's id finds the cause in the log. */
        Internal: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "INTERNAL";
                    /** @constant */
                    status?: 500;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The first request with this `Idempotency-Key` is still running. */
        InUse: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["IdempotencyKeyInUse"];
            };
        };
        /** @description Every line failed, fields, parameters or the tenant's name are wrong, this deployment imports no keys, or the `Idempotency-Key` was used for another request. */
        InvalidImport: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InvalidRequest"] | components["schemas"]["ImportFailed"] | ({
                    /** @enum {unknown} */
                    code?: "IDEMPOTENCY_KEY_REUSED" | "IMPORT_NOT_ALLOWED";
                    /** @constant */
                    status?: 422;
                } & components["schemas"]["Problem"]);
            };
        };
        /** @description Fields, parameters or the tenant's name are wrong, or the `Idempotency-Key` was used for another request. */
        InvalidPost: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InvalidRequest"] | ({
                    /** @constant */
                    code?: "IDEMPOTENCY_KEY_REUSED";
                    /** @constant */
                    status?: 422;
                } & components["schemas"]["Problem"]);
            };
        };
        /** @description Fields, parameters or the tenant's name are wrong: all of it at once. */
        InvalidRequest: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InvalidRequest"];
            };
        };
        /** @description Recorded but not yet in effect, or a dependency can't be reached. (`REVOCATION_PENDING`: the key was revoked meanwhile.) */
        KeyChangePending: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["KeyChangePending"] | components["schemas"]["RevocationPending"] | components["schemas"]["Unavailable"];
            };
        };
        /** @description The tenant has no such key. */
        KeyNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "KEY_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The tenant has no such key, or the key has no quota of this name for itself. If the tenant's keys share it, `detail` says so. */
        KeyOrQuotaNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "KEY_NOT_FOUND" | "QUOTA_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The operator key lacks the scope. */
        LacksScope: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InsufficientScope"] | components["schemas"]["NotAllowed"];
            };
        };
        /** @description Recorded but not yet in effect, since the object that counts can't be reached; it is told by itself. Or a dependency can't be reached. */
        LimitsNotTaken: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "CHANGE_PENDING" | "DEPENDENCY_UNAVAILABLE";
                    /** @constant */
                    status?: 503;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The operator key lacks the scope, or would grant more than it has. */
        MayNotGrant: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InsufficientScope"] | components["schemas"]["ExceedsOwnRights"] | components["schemas"]["NotAllowed"];
            };
        };
        /** @description The caller lacks the right, is for another tenant, or would go beyond what they hold: raise a limit for one tenant, or manage a key with scopes that are not theirs. */
        MayNotRaise: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InsufficientScope"] | components["schemas"]["ExceedsOwnRights"] | components["schemas"]["NotAllowed"];
            };
        };
        /** @description The operator key lacks the scope, or the other holds more than it. */
        MayNotRotate: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InsufficientScope"] | components["schemas"]["ExceedsOwnRights"] | components["schemas"]["NotAllowed"];
            };
        };
        /** @description A path of this document takes no such method. */
        MethodNotAllowed: {
            headers: {
                Allow: components["headers"]["Allow"];
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "METHOD_NOT_ALLOWED";
                    /** @constant */
                    status?: 405;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description There is nothing at a path that this document does not name. */
        NoSuchPath: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "NO_SUCH_PATH";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description A session of this sort can't do that, or not from that page. */
        NotFromThere: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["NotAllowed"];
            };
        };
        /** @description The tenant has none of the keys in `ids`; or, with `scope` or `all`, there is no such tenant. */
        NothingToRevoke: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "KEY_NOT_FOUND" | "TENANT_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description Nothing ends the operator's key that could be cancelled, its life is over, or the first request with this `Idempotency-Key` is still running. */
        OperatorCanNotCancel: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "KEY_REVOKED" | "KEY_EXPIRED" | "NO_PENDING_END" | "IDEMPOTENCY_KEY_IN_USE";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The operator's key's life is over, it was replaced before, it is disabled, or the first request with this `Idempotency-Key` is still running. */
        OperatorCanNotRotate: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "KEY_REVOKED" | "KEY_EXPIRED" | "ALREADY_ROTATED" | "KEY_DISABLED" | "IDEMPOTENCY_KEY_IN_USE";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description There is no such operator, or not for this caller. */
        OperatorNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "OPERATOR_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The tenant is under no quota of this name that its keys share. If each key has it for itself, `detail` says so. */
        QuotaNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "QUOTA_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description This ledger doesn't take this export: keys of it would not work here, something is here already, or another page is next. */
        RestoreRefused: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["RestoreRefused"];
            };
        };
        /** @description Recorded but not yet in effect, or a dependency can't be reached. */
        RevocationPending: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["RevocationPending"] | components["schemas"]["Unavailable"];
            };
        };
        /** @description Recorded but not yet in effect, or a dependency can't be reached. Send the same again to see when it is. */
        RevocationsPending: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["RevocationsPending"] | components["schemas"]["Unavailable"];
            };
        };
        /** @description Whoever asks isn't the holder of the root key, or asks from where a session doesn't count. */
        RootKeyOnly: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ExceedsOwnRights"] | components["schemas"]["NotAllowed"];
            };
        };
        /** @description There is no such source of webhooks. */
        SourceNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "SOURCE_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description Recorded but not yet in effect, or a dependency can't be reached. */
        TenantChangePending: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "CHANGE_PENDING" | "DEPENDENCY_UNAVAILABLE";
                    /** @constant */
                    status?: 503;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The tenant was erased. Its name is never used again. */
        TenantErased: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "TENANT_ERASED";
                    /** @constant */
                    status?: 410;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description There is no such tenant: it has no keys and no settings, nor had any. */
        TenantNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "TENANT_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The tenant is in use. Suspend it first. */
        TenantNotSuspended: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "TENANT_NOT_SUSPENDED";
                    /** @constant */
                    status?: 409;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description This address failed too often, or reported leaked keys anonymously too often; it waits. */
        TooManyFailures: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfterFailures"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "TOO_MANY_FAILURES";
                    /** @constant */
                    status?: 429;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description No operator key or session, or one that is of no use. */
        Unauthorized: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["Challenge"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "MISSING_CREDENTIAL" | "MALFORMED" | "NOT_FOUND" | "REVOKED" | "EXPIRED" | "SESSION_ENDED";
                    /** @constant */
                    status?: 401;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description Something that this depends on can't be reached. */
        Unavailable: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Unavailable"];
            };
        };
        /** @description An operator key or session that is of no use, or a signature that is not GitHub's over this body (`INVALID_SIGNATURE`). */
        UnknownReporter: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["Challenge"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "INVALID_SIGNATURE" | "MISSING_CREDENTIAL" | "MALFORMED" | "NOT_FOUND" | "REVOKED" | "EXPIRED" | "SESSION_ENDED";
                    /** @constant */
                    status?: 401;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description There is no such endpoint, or it has no such dead letter: it was sent again, discarded, or never here. */
        UnsentEventNotFound: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {unknown} */
                    code?: "ENDPOINT_NOT_FOUND" | "DEAD_LETTER_NOT_FOUND";
                    /** @constant */
                    status?: 404;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description The body is declared as something else, or is compressed. */
        UnsupportedMediaType: {
            headers: {
                "Accept-Encoding": components["headers"]["AcceptEncoding"];
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    code?: "UNSUPPORTED_MEDIA_TYPE";
                    /** @constant */
                    status?: 415;
                } & components["schemas"]["Problem"];
            };
        };
        /** @description It has changed meanwhile. */
        VersionMismatch: {
            headers: {
                "Keystile-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["VersionMismatch"];
            };
        };
    };
    parameters: {
        /** @description Only what came after the entry with this id, such as the last of an export before. */
        After: components["schemas"]["AuditId"];
        /** @description Only what comes behind the page with this `mark`. */
        AfterMark: components["schemas"]["ExportMark"];
        /** @description Only what was done to this one. */
        AuditKey: components["schemas"]["HolderId"];
        /** @description `next_cursor` of the page before. */
        Cursor: components["schemas"]["Cursor"];
        /** @description Which event. */
        DeliveryId: components["schemas"]["DeliveryId"];
        /** @description Which endpoint. */
        EndpointId: components["schemas"]["EndpointId"];
        /** @description Only those of this environment. */
        EnvironmentFilter: components["schemas"]["Environment"];
        /** @description Only those with this id of the sender. */
        EventId: string;
        /** @description Entries of a page, at most. */
        EventLimit: number;
        /** @description Only those of this type. */
        EventType: string;
        /** @description Only living ones (neither revoked nor expired) that expire within this many days. */
        ExpiresWithin: components["schemas"]["Days"];
        /** @description That of `expiring`. */
        ExpiringWithin: components["schemas"]["Days"];
        /** @description The `next` of the answer before, to go on after that, with the same `from` and `to`. */
        ExportAfter: string;
        /** @description The beginning of the first hour, at most 90 days ago. */
        ExportFrom: components["schemas"]["Time"];
        /** @description The end of the last hour, at least two hours ago. */
        ExportTo: components["schemas"]["Time"];
        /** @description Which handshake. */
        HandshakeId: components["schemas"]["HandshakeId"];
        /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
        IdempotencyKey: string;
        /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
        IfMatch: string;
        /** @description The ETag of the copy that the caller has. */
        IfNoneMatch: string;
        /** @description `usage` adds how often each was used. */
        Include: "usage";
        /** @description Which key. */
        KeyId: components["schemas"]["KeyId"];
        /** @description Entries of a page, at most. */
        Limit: components["schemas"]["Limit"];
        /** @description That of `near_caps`: at least so much of `max_active_keys`. */
        NearCap: number;
        /** @description Only attempts to send this event. */
        OneEvent: components["schemas"]["EventId"];
        /** @description Which operator. */
        OperatorId: components["schemas"]["OperatorId"];
        /** @description Only those that ended so. */
        Outcome: components["schemas"]["DeliveryOutcome"];
        /** @description That of `hourly`. */
        Period: components["schemas"]["UsagePeriod"];
        /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
        Prefer: string;
        /** @description Which quota of `keystile.toml`. */
        QuotaName: components["schemas"]["LimitName"];
        /** @description With `true` only living ones (neither revoked nor expired) that were created `[keys] rotate_after_days` ago or earlier, and weren't rotated. Without that setting it is a mistake. */
        RotationDue: "true";
        /** @description Only those that were granted this very scope. */
        ScopeFilter: components["schemas"]["Scope"];
        /** @description Only those with this text in name or display form, in upper or lower case. */
        Search: string;
        /** @description Only living ones (neither revoked nor expired) that depend on this secret of `KEYSTILE_SECRET`. */
        SecretFilter: components["schemas"]["Fingerprint"];
        /** @description Only those that were received at this time or later. */
        Since: components["schemas"]["AnyTime"];
        /** @description Which source of webhooks. */
        Source: components["schemas"]["SourceName"];
        /** @description Only those of this status. */
        Status: components["schemas"]["KeyStatus"];
        /** @description Whose keys. */
        Tenant: components["schemas"]["TenantId"];
        /** @description Only those with this text in their name. */
        TenantSearch: string;
        /** @description Which event. */
        UnsentEvent: components["schemas"]["EventId"];
        /** @description Only those that were received before this time. */
        Until: components["schemas"]["AnyTime"];
        /** @description Only living ones (neither revoked nor expired) that were created this many days ago or earlier, and not let through since. */
        UnusedFor: components["schemas"]["Days"];
        /** @description That of `unused`: created this many days ago or earlier, and not let through since. */
        UnusedForByDefault: components["schemas"]["Days"];
        /** @description Only the one with this `webhook-id` at the upstream. */
        WebhookId: string;
    };
    requestBodies: {
        Addition: {
            content: {
                "application/json": components["schemas"]["Addition"];
            };
        };
        Erasure: {
            content: {
                /**
                 * @example {
                 *       "confirm": "acme"
                 *     }
                 */
                "application/json": components["schemas"]["Erasure"];
            };
        };
        EventEndpointPatch: {
            content: {
                "application/json": components["schemas"]["EventEndpointPatch"];
                "application/merge-patch+json": components["schemas"]["EventEndpointPatch"];
            };
        };
        Exposures: {
            content: {
                "application/json": components["schemas"]["Exposures"];
            };
        };
        Import: {
            content: {
                "application/json": components["schemas"]["Import"];
            };
        };
        KeyPatch: {
            content: {
                "application/json": components["schemas"]["KeyPatch"];
                "application/merge-patch+json": components["schemas"]["KeyPatch"];
            };
        };
        NewEventEndpoint: {
            content: {
                "application/json": components["schemas"]["NewEventEndpoint"];
            };
        };
        NewKey: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        NewOperator: {
            content: {
                "application/json": components["schemas"]["NewOperator"];
            };
        };
        Nothing: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        Restore: {
            content: {
                "application/json": components["schemas"]["Restore"];
            };
        };
        Revocation: {
            content: {
                "application/json": components["schemas"]["Revocation"];
            };
        };
        Revocations: {
            content: {
                "application/json": components["schemas"]["Revocations"];
            };
        };
        Rotation: {
            content: {
                "application/json": components["schemas"]["Rotation"];
            };
        };
        SecretRotation: {
            content: {
                "application/json": components["schemas"]["SecretRotation"];
            };
        };
        Suspension: {
            content: {
                "application/json": components["schemas"]["Suspension"];
            };
        };
        TenantPatch: {
            content: {
                "application/json": components["schemas"]["TenantPatch"];
                "application/merge-patch+json": components["schemas"]["TenantPatch"];
            };
        };
    };
    headers: {
        /** @description That the body must not be compressed, if it was (RFC 7694). */
        AcceptEncoding: "identity";
        /** @description The methods that the path takes. */
        Allow: string;
        /** @description RFC 6750's challenge, where it is the credential that is bad. */
        BadRequestChallenge: string;
        /** @description The document may be kept for five minutes. */
        CacheControl: "public, max-age=300";
        /** @description RFC 6750's challenge. */
        Challenge: string;
        /** @description Which document this is, for `If-None-Match`. */
        DocumentETag: string;
        /** @description The version, for `If-Match`. */
        ETag: string;
        /** @description The answer waited, as `Prefer` asked: the change is in effect. */
        PreferenceApplied: "wait";
        /** @description This request's id. */
        RequestId: components["schemas"]["RequestId"];
        /** @description Seconds to wait before asking again. */
        RetryAfter: number;
        /** @description Seconds. */
        RetryAfterFailures: number;
        /** @description Seconds to wait before asking again, with `IDEMPOTENCY_KEY_IN_USE`. */
        RetryAfterInUse: number;
        /** @description The cookie of the session, `HttpOnly`, `Secure` and `SameSite=Strict`; or its removal. */
        SessionCookie: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            500: components["responses"]["Internal"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The families, each with its type and its meaning. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the copy that the caller has. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    ETag: components["headers"]["DocumentETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApi"];
                };
            };
            /** @description The caller has it. */
            304: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    ETag: components["headers"]["DocumentETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listOperatorAudit: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only what was done to this one. */
                key_id?: components["parameters"]["AuditKey"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportOperatorAudit: {
        parameters: {
            query?: {
                /** @description Only what came after the entry with this id, such as the last of an export before. */
                after?: components["parameters"]["After"];
                /** @description Only what was done to this one. */
                key_id?: components["parameters"]["AuditKey"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, oldest first, each an `AuditEntry`. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listEventEndpoints: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoints. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventEndpoints"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createEventEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["NewEventEndpoint"];
        responses: {
            /** @description The endpoint, and its secret. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedEventEndpoint"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotCreateEndpoint"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getEventEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoint. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventEndpoint"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteEventEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedEventEndpoint"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            412: components["responses"]["VersionMismatch"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["EndpointChangePending"];
        };
    };
    updateEventEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["EventEndpointPatch"];
        responses: {
            /** @description The endpoint as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventEndpoint"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["EndpointChangePending"];
        };
    };
    listEventAttempts: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only attempts to send this event. */
                event?: components["parameters"]["OneEvent"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["EventLimit"];
            };
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventAttempts"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUnsentEvents: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["EventLimit"];
            };
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnsentEvents"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    discardUnsentEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Which event. */
                event: components["parameters"]["UnsentEvent"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It is gone. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnEvent"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UnsentEventNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    redriveUnsentEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Which event. */
                event: components["parameters"]["UnsentEvent"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It waits again. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnEvent"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UnsentEventNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    redriveUnsentEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description They wait again. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedrivenEvents"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    rotateEventSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["SecretRotation"];
        responses: {
            /** @description The endpoint, and its new secret. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedEventEndpoint"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    testEventEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The attempt. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventAttempt"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportDeployment: {
        parameters: {
            query?: {
                /** @description Only what comes behind the page with this `mark`. */
                after?: components["parameters"]["AfterMark"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, each an `ExportLine`. If the last line is not `complete`, go on with the last `mark`. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reportExposures: {
        parameters: {
            query?: never;
            header?: {
                /** @description The key with which GitHub signed the body. */
                "Github-Public-Key-Identifier"?: string;
                /** @description ECDSA on P-256 over the SHA-256 of the body as it is sent, in DER and base64. */
                "Github-Public-Key-Signature"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Exposures"];
        responses: {
            /** @description To an operator the outcome of each record; to GitHub the label of each. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Exposed"] | components["schemas"]["ExposureLabels"];
                };
            };
            /** @description To anybody else, whatever the report holds. */
            202: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["UnknownReporter"];
            403: components["responses"]["LacksScope"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            429: components["responses"]["TooManyFailures"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listOperators: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only living ones (neither revoked nor expired) that expire within this many days. */
                expires_within_days?: components["parameters"]["ExpiresWithin"];
                /** @description `usage` adds how often each was used. */
                include?: components["parameters"]["Include"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Only those with this text in name or display form, in upper or lower case. */
                q?: components["parameters"]["Search"];
                /** @description Only those that were granted this very scope. */
                scope?: components["parameters"]["ScopeFilter"];
                /** @description Only living ones (neither revoked nor expired) that depend on this secret of `KEYSTILE_SECRET`. */
                secret?: components["parameters"]["SecretFilter"];
                /** @description Only those of this status. */
                status?: components["parameters"]["Status"];
                /** @description Only living ones (neither revoked nor expired) that were created this many days ago or earlier, and not let through since. */
                unused_for_days?: components["parameters"]["UnusedFor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperatorPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["LacksScope"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createOperator: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["NewOperator"];
        responses: {
            /** @description The operator, and its key's text. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedOperator"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotGrant"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOperator: {
        parameters: {
            query?: {
                /** @description `usage` adds how often each was used. */
                include?: components["parameters"]["Include"];
            };
            header?: never;
            path: {
                /** @description Which operator. */
                id: components["parameters"]["OperatorId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operator. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operator"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["LacksScope"];
            404: components["responses"]["OperatorNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeOperator: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which operator. */
                id: components["parameters"]["OperatorId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Revocation"];
        responses: {
            /** @description The operator as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedOperator"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["LacksScope"];
            404: components["responses"]["OperatorNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["RevocationPending"];
        };
    };
    rotateOperator: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which operator. */
                id: components["parameters"]["OperatorId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Rotation"];
        responses: {
            /** @description The successor, and its key's text. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedOperator"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRotate"];
            404: components["responses"]["OperatorNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["OperatorCanNotRotate"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    cancelOperatorRotation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which operator. */
                id: components["parameters"]["OperatorId"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The operator as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptOperator"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRotate"];
            404: components["responses"]["OperatorNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["OperatorCanNotCancel"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["KeyChangePending"];
        };
    };
    restoreOperators: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestorePart"];
            };
        };
        responses: {
            /** @description How far the restore is. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreProgress"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["RootKeyOnly"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["RestoreRefused"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOverview: {
        parameters: {
            query?: {
                /** @description That of `expiring`. */
                expiring_within_days?: components["parameters"]["ExpiringWithin"];
                /** @description That of `near_caps`: at least so much of `max_active_keys`. */
                near_cap_percent?: components["parameters"]["NearCap"];
                /** @description That of `unused`: created this many days ago or earlier, and not let through since. */
                unused_for_days?: components["parameters"]["UnusedForByDefault"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description At most 50 of each list. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listPlans: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Plans and limits. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plans"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["LacksScope"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getPortalSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What it may, and its tenant's limits. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PortalSession"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["NotFromThere"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exchangePortalCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PortalCode"];
            };
        };
        responses: {
            /** @description The session, whose cookie is set. */
            201: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Set-Cookie": components["headers"]["SessionCookie"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PortalSession"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["NotFromThere"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    endPortalSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is no session now. */
            204: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Set-Cookie": components["headers"]["SessionCookie"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["NotFromThere"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCatalog: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The vocabulary. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalog"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who asks, and until when they may. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["NotFromThere"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    beginSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description Who is signed in, and until when. */
            201: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Set-Cookie": components["headers"]["SessionCookie"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["NotFromThere"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            429: components["responses"]["TooManyFailures"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is no session now. */
            204: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Set-Cookie": components["headers"]["SessionCookie"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["NotFromThere"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTenants: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Only those with this text in their name. */
                q?: components["parameters"]["TenantSearch"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tenant. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    eraseTenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Erasure"];
        responses: {
            /** @description The erasure has begun, and goes on by itself. */
            202: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderedErasure"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TenantNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["TenantNotSuspended"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateTenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["TenantPatch"];
        responses: {
            /** @description The tenant as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["LimitsNotTaken"];
        };
    };
    listTenantAudit: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only what was done to this one. */
                key_id?: components["parameters"]["AuditKey"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
            };
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportTenantAudit: {
        parameters: {
            query?: {
                /** @description Only what came after the entry with this id, such as the last of an export before. */
                after?: components["parameters"]["After"];
                /** @description Only what was done to this one. */
                key_id?: components["parameters"]["AuditKey"];
            };
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, oldest first, each an `AuditEntry`. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTenantEventEndpoints: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoints. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventEndpoints"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createTenantEventEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["NewEventEndpoint"];
        responses: {
            /** @description The endpoint, and its secret. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedEventEndpoint"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotCreateEndpoint"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTenantEventEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoint. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventEndpoint"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteTenantEventEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedEventEndpoint"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["EndpointChangePending"];
        };
    };
    updateTenantEventEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["EventEndpointPatch"];
        responses: {
            /** @description The endpoint as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventEndpoint"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["EndpointChangePending"];
        };
    };
    listTenantEventAttempts: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only attempts to send this event. */
                event?: components["parameters"]["OneEvent"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["EventLimit"];
            };
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventAttempts"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTenantUnsentEvents: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["EventLimit"];
            };
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnsentEvents"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    discardTenantUnsentEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Which event. */
                event: components["parameters"]["UnsentEvent"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It is gone. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnEvent"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UnsentEventNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    redriveTenantUnsentEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Which event. */
                event: components["parameters"]["UnsentEvent"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It waits again. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnEvent"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UnsentEventNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    redriveTenantUnsentEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description They wait again. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedrivenEvents"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    rotateTenantEventSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["SecretRotation"];
        responses: {
            /** @description The endpoint, and its new secret. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedEventEndpoint"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    testTenantEventEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which endpoint. */
                endpoint: components["parameters"]["EndpointId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The attempt. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventAttempt"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["EndpointNotFound"];
            408: components["responses"]["BodyTimeout"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportTenant: {
        parameters: {
            query?: {
                /** @description Only what comes behind the page with this `mark`. */
                after?: components["parameters"]["AfterMark"];
            };
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, each an `ExportLine`. If the last line is not the `end`, go on with the last `mark`. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TenantNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only those of this environment. */
                environment?: components["parameters"]["EnvironmentFilter"];
                /** @description Only living ones (neither revoked nor expired) that expire within this many days. */
                expires_within_days?: components["parameters"]["ExpiresWithin"];
                /** @description `usage` adds how often each was used. */
                include?: components["parameters"]["Include"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Only those with this text in name or display form, in upper or lower case. */
                q?: components["parameters"]["Search"];
                /** @description With `true` only living ones (neither revoked nor expired) that were created `[keys] rotate_after_days` ago or earlier, and weren't rotated. Without that setting it is a mistake. */
                rotation_due?: components["parameters"]["RotationDue"];
                /** @description Only those that were granted this very scope. */
                scope?: components["parameters"]["ScopeFilter"];
                /** @description Only living ones (neither revoked nor expired) that depend on this secret of `KEYSTILE_SECRET`. */
                secret?: components["parameters"]["SecretFilter"];
                /** @description Only those of this status. */
                status?: components["parameters"]["Status"];
                /** @description Only living ones (neither revoked nor expired) that were created this many days ago or earlier, and not let through since. */
                unused_for_days?: components["parameters"]["UnusedFor"];
            };
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["NewKey"];
        responses: {
            /** @description The key, and its text. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRaise"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotCreate"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getKey: {
        parameters: {
            query?: {
                /** @description `usage` adds how often each was used. */
                include?: components["parameters"]["Include"];
            };
            header?: never;
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["KeyPatch"];
        responses: {
            /** @description The key as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRaise"];
            404: components["responses"]["KeyNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotChange"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["KeyChangePending"];
        };
    };
    disableKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The key as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedKey"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotDisable"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["KeyChangePending"];
        };
    };
    enableKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The key as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedKey"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRaise"];
            404: components["responses"]["KeyNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotDisable"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["KeyChangePending"];
        };
    };
    getKeyLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The limits, the rate limits first. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitStates"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    eraseKeyMetadata: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedKey"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyNotFound"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["KeyChangePending"];
        };
    };
    addToKeyQuota: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Which quota of `keystile.toml`. */
                name: components["parameters"]["QuotaName"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Addition"];
        responses: {
            /** @description The quota as it is now. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddedToLimit"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyOrQuotaNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["LimitsNotTaken"];
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Revocation"];
        responses: {
            /** @description The key as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedKey"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["RevocationPending"];
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Rotation"];
        responses: {
            /** @description The successor, and its text. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedKey"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRaise"];
            404: components["responses"]["KeyNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotRotate"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    cancelKeyRotation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The key as it is now. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptKey"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRaise"];
            404: components["responses"]["KeyNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotCancel"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["KeyChangePending"];
        };
    };
    getKeyUsage: {
        parameters: {
            query?: {
                /** @description That of `hourly`. */
                period?: components["parameters"]["Period"];
            };
            header?: never;
            path: {
                /** @description Which key. */
                id: components["parameters"]["KeyId"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Counts, and a series by hour. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["KeyNotFound"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    importKeys: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Import"];
        responses: {
            /** @description What became of each line. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Imported"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["ImportTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidImport"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeKeys: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Revocations"];
        responses: {
            /** @description What became of each key. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedKeys"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NothingToRevoke"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["RevocationsPending"];
        };
    };
    getTenantLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The limits, the rate limits first. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitStates"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    restoreLimits: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Restore"];
        responses: {
            /** @description It goes back now, and is out of reach for a moment. */
            202: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoredLimits"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createPortalSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPortalSession"];
            };
        };
        responses: {
            /** @description The session: a link that works once within five minutes, and a token. */
            201: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MintedPortalSession"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["MayNotRaise"];
            408: components["responses"]["BodyTimeout"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    addToTenantQuota: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Which quota of `keystile.toml`. */
                name: components["parameters"]["QuotaName"];
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Addition"];
        responses: {
            /** @description The quota as it is now. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddedToLimit"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["QuotaNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["LimitsNotTaken"];
        };
    };
    restoreTenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestorePart"];
            };
        };
        responses: {
            /** @description How far the restore is. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreProgress"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["RootKeyOnly"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["RestoreRefused"];
            410: components["responses"]["TenantErased"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resumeTenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The status, and from when on it holds. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Standing"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TenantNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["TenantChangePending"];
        };
    };
    suspendTenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Only if the key, operator, tenant or endpoint has the version of one of these ETags; `*` is any. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `wait=10` (RFC 7240): answer only when the change is in effect at every edge, if that is within so many seconds, 30 at most. Else the answer comes at once. Other preferences are ignored. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Suspension"];
        responses: {
            /** @description The status, and from when on it holds. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    "Preference-Applied": components["headers"]["PreferenceApplied"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Standing"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TenantNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            410: components["responses"]["TenantErased"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["TenantChangePending"];
        };
    };
    getTenantUsage: {
        parameters: {
            query?: {
                /** @description That of `hourly`. */
                period?: components["parameters"]["Period"];
            };
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Counts, and a series by hour. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUsage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportTenantUsage: {
        parameters: {
            query: {
                /** @description The `next` of the answer before, to go on after that, with the same `from` and `to`. */
                after?: components["parameters"]["ExportAfter"];
                /** @description The beginning of the first hour, at most 90 days ago. */
                from: components["parameters"]["ExportFrom"];
                /** @description The end of the last hour, at least two hours ago. */
                to: components["parameters"]["ExportTo"];
            };
            header?: never;
            path: {
                /** @description Whose keys. */
                tenant: components["parameters"]["Tenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line: `BilledUses` by hour, key and code, and last of all one `UsageExportEnd`. An answer without that was cut: ask for it again. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["TenantErased"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description That of `hourly`. */
                period?: components["parameters"]["Period"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Counts, and a series by hour. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TotalUsage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportUsage: {
        parameters: {
            query: {
                /** @description The `next` of the answer before, to go on after that, with the same `from` and `to`. */
                after?: components["parameters"]["ExportAfter"];
                /** @description The beginning of the first hour, at most 90 days ago. */
                from: components["parameters"]["ExportFrom"];
                /** @description The end of the last hour, at least two hours ago. */
                to: components["parameters"]["ExportTo"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line: `BilledUses` by hour, key and code, and last of all one `UsageExportEnd`. An answer without that was cut: ask for it again. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWebhookSources: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sources, in the order of the file. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSources"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
            };
            header?: never;
            path: {
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["SourceNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getDeadLetterBody: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which event. */
                id: components["parameters"]["DeliveryId"];
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The body. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterBody"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["DeadLetterNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    discardDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which event. */
                id: components["parameters"]["DeliveryId"];
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It is gone. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnDeadLetter"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["DeadLetterNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    redriveDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which event. */
                id: components["parameters"]["DeliveryId"];
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It is in the queue. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnDeadLetter"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["DeadLetterNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    redriveDeadLetters: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description They are in the queue. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedrivenDeadLetters"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["SourceNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["InUse"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only those with this id of the sender. */
                event_id?: components["parameters"]["EventId"];
                /** @description Only those of this type. */
                event_type?: components["parameters"]["EventType"];
                /** @description Entries of a page, at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Only those that ended so. */
                outcome?: components["parameters"]["Outcome"];
                /** @description Only those that were received at this time or later. */
                since?: components["parameters"]["Since"];
                /** @description Only those that were received before this time. */
                until?: components["parameters"]["Until"];
                /** @description Only the one with this `webhook-id` at the upstream. */
                webhook_id?: components["parameters"]["WebhookId"];
            };
            header?: never;
            path: {
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryPage"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["SourceNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replayDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send this again: for 24 hours the same request with this key answers as the first did, if that succeeded, and does nothing. The text of a key is not kept, so a replay has `"key": null`. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Which event. */
                id: components["parameters"]["DeliveryId"];
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description It is in the queue. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActedOnDeadLetter"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["DeliveryNotFound"];
            408: components["responses"]["BodyTimeout"];
            409: components["responses"]["CanNotReplay"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listHandshakes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The handshakes, without their secrets. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Handshakes"];
                };
            };
            400: components["responses"]["BadCredentials"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["SourceNotFound"];
            422: components["responses"]["InvalidRequest"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revealHandshake: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which handshake. */
                id: components["parameters"]["HandshakeId"];
                /** @description Which source of webhooks. */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Nothing"];
        responses: {
            /** @description The secret. It is gone here. */
            200: {
                headers: {
                    "Keystile-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevealedHandshake"];
                };
            };
            400: components["responses"]["BadPost"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["HandshakeNotFound"];
            408: components["responses"]["BodyTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidPost"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
}
type WithRequired<T, K extends keyof T> = T & {
    [P in K]-?: T[P];
};
