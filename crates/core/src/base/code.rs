//! The codes of problems.

macro_rules! codes {
    ($($name:ident $status:literal $text:literal;)+) => {
        /// The stable code of a problem, and of a refusal. Each has one HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Code {
            $($name,)+
            /// A code about webhooks, with its status: one of their engine's, or one that the edge never sends.
            Webhook(&'static str, u16),
        }

        impl Code {
            /// The code as JSON and logs have it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Webhook(code, _) => code,
                }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                    Self::Webhook(_, status) => status,
                }
            }

            /// The codes, but for those of the webhook engine.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

codes! {
    AlreadyRotated 409 "ALREADY_ROTATED";
    BadPath 400 "BAD_PATH";
    BodyNotKept 409 "BODY_NOT_KEPT";
    BodyTimeout 408 "BODY_TIMEOUT";
    BodyTooLarge 413 "BODY_TOO_LARGE";
    ChangePending 503 "CHANGE_PENDING";
    Configuration 500 "CONFIGURATION";
    ConflictingCredentials 400 "CONFLICTING_CREDENTIALS";
    CorruptRecord 400 "CORRUPT_RECORD";
    CredentialInPath 400 "CREDENTIAL_IN_PATH";
    CredentialInQuery 400 "CREDENTIAL_IN_QUERY";
    CrossOrigin 403 "CROSS_ORIGIN";
    DeadLetterNotFound 404 "DEAD_LETTER_NOT_FOUND";
    DeliveryNotFound 404 "DELIVERY_NOT_FOUND";
    DependencyUnavailable 503 "DEPENDENCY_UNAVAILABLE";
    Disabled 401 "DISABLED";
    EndpointDisabled 409 "ENDPOINT_DISABLED";
    EndpointLimitReached 409 "ENDPOINT_LIMIT_REACHED";
    EndpointNotFound 404 "ENDPOINT_NOT_FOUND";
    ExceedsOwnRights 403 "EXCEEDS_OWN_RIGHTS";
    Expired 401 "EXPIRED";
    IdempotencyKeyInUse 409 "IDEMPOTENCY_KEY_IN_USE";
    IdempotencyKeyReused 422 "IDEMPOTENCY_KEY_REUSED";
    ImportFailed 422 "IMPORT_FAILED";
    ImportNotAllowed 422 "IMPORT_NOT_ALLOWED";
    InProgress 409 "IN_PROGRESS";
    InsufficientScope 403 "INSUFFICIENT_SCOPE";
    Internal 500 "INTERNAL";
    InvalidIdempotencyKey 400 "INVALID_IDEMPOTENCY_KEY";
    InvalidRequest 422 "INVALID_REQUEST";
    InvalidSignature 401 "INVALID_SIGNATURE";
    IpNotAllowed 403 "IP_NOT_ALLOWED";
    KeyDisabled 409 "KEY_DISABLED";
    KeyExpired 409 "KEY_EXPIRED";
    KeyLimitReached 409 "KEY_LIMIT_REACHED";
    KeyNotFound 404 "KEY_NOT_FOUND";
    KeyRevoked 409 "KEY_REVOKED";
    Malformed 401 "MALFORMED";
    MalformedBody 400 "MALFORMED_BODY";
    MalformedJson 400 "MALFORMED_JSON";
    MethodNotAllowed 405 "METHOD_NOT_ALLOWED";
    MissingCredential 401 "MISSING_CREDENTIAL";
    NoPendingEnd 409 "NO_PENDING_END";
    NoSuchPath 404 "NO_SUCH_PATH";
    NotFound 401 "NOT_FOUND";
    NotRouted 404 "NOT_ROUTED";
    OperatorNotFound 404 "OPERATOR_NOT_FOUND";
    PortalNotAllowed 403 "PORTAL_NOT_ALLOWED";
    QuotaExceeded 429 "QUOTA_EXCEEDED";
    QuotaNotFound 404 "QUOTA_NOT_FOUND";
    RateLimited 429 "RATE_LIMITED";
    RestoreRefused 409 "RESTORE_REFUSED";
    RevocationPending 503 "REVOCATION_PENDING";
    Revoked 401 "REVOKED";
    RotationPending 409 "ROTATION_PENDING";
    SessionEnded 401 "SESSION_ENDED";
    SourceNotFound 404 "SOURCE_NOT_FOUND";
    TenantErased 410 "TENANT_ERASED";
    TenantNotAllowed 403 "TENANT_NOT_ALLOWED";
    TenantNotFound 404 "TENANT_NOT_FOUND";
    TenantNotSuspended 409 "TENANT_NOT_SUSPENDED";
    TenantSuspended 401 "TENANT_SUSPENDED";
    TooManyFailures 429 "TOO_MANY_FAILURES";
    UnknownSource 404 "UNKNOWN_SOURCE";
    UnsupportedMediaType 415 "UNSUPPORTED_MEDIA_TYPE";
    UpstreamTimeout 504 "UPSTREAM_TIMEOUT";
    UpstreamUnreachable 502 "UPSTREAM_UNREACHABLE";
    VersionMismatch 412 "VERSION_MISMATCH";
    WrongEnvironment 403 "WRONG_ENVIRONMENT";
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_code_is_its_name_in_capitals() {
        for code in Code::ALL {
            let name: alloc::string::String = code.as_str().chars().filter(|c| *c != '_').collect();
            assert_eq!(name.to_lowercase(), alloc::format!("{code:?}").to_lowercase());
            assert!(code.status() >= 400, "{code:?}");
        }
    }
}
