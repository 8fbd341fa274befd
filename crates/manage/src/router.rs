//! Routing: finds the operation that a request asks for and checks that the caller may use it.
//!
//! Each answer carries `Keystile-Request-Id`, and each audit entry keeps the same id.

use keystile_core::{
    TenantId, Timestamp,
    base::{base62, code::Code, problem::Problem},
    metrics::points::{Kind, Label, Measured, Points},
};
use keystile_runtime::{clock, points, random};
use worker::{Context, Env, Method, Request, Response};

use crate::{
    api::{call::ApiCall, origin, path::Parameters, reply::ApiResult},
    deployment::{self, Deployment},
    operations::{Answers, OPERATIONS, Operation, Whose},
    pages,
};

/// Answers any request.
pub(crate) async fn handle(request: Request, env: &Env, context: &Context) -> worker::Result<Response> {
    let began = clock::now();
    let request_id = request_id()?;
    let path = request.path();
    if path == pages::PORTAL {
        return pages::portal(&request, env, &request_id).await;
    }
    let resource = Resource::find(&path);
    let result = match embedded_in(resource.as_ref(), &request)? {
        Some(Preflight(methods)) => Ok(origin::preflight(&methods)),
        None => dispatch(resource.clone(), &request, env, context, &request_id).await,
    };
    let response = result.or_else(|failure| failure.respond(&request_id))?;
    response.headers().set("Keystile-Request-Id", &request_id)?;
    count(env, resource.as_ref(), &request, response.status_code(), began);
    if resource.is_some_and(|resource| resource.is_portals()) {
        let allowed = deployment::config().map(|config| config.portal_origins.clone()).unwrap_or_default();
        if !allowed.is_empty() {
            origin::share(response.headers(), origin::embedding(&request, &allowed)?.as_deref())?;
        }
    }
    Ok(response)
}

/// Counts a request for Analytics Engine. Its tenant is that of its path, unless the caller may not know of any.
fn count(env: &Env, resource: Option<&Resource<'_>>, request: &Request, status: u16, began: Timestamp) {
    let Some(resource) = resource.filter(|_| points::are_bound(env)) else { return };
    let method = method(request);
    let tenant = resource.parameters.get("tenant").filter(|_| !matches!(status, 401 | 403)).and_then(TenantId::parse);
    let name = format!("{} {}", method.as_ref().map_or("other", AsRef::as_ref), resource.template);
    let outcome = status.to_string();
    let label = Label {
        kind: Kind::Request,
        tenant: tenant.as_ref().map_or("", TenantId::as_str),
        name: &name,
        outcome: &outcome,
        detail: "",
    };
    let mut points = Points::new(0);
    points.add(label, Measured { took_ms: Some(clock::now().millis_since(began)), age_ms: None });
    points::write(env, &mut points);
}

/// The methods that a page of another origin may use, for which it asks before its request.
struct Preflight(String);

/// Whether the request is the preflight of a page that may embed the customers' page.
fn embedded_in(resource: Option<&Resource<'_>>, request: &Request) -> worker::Result<Option<Preflight>> {
    let Some(resource) = resource.filter(|resource| resource.is_portals()) else { return Ok(None) };
    if request.method() != Method::Options || request.headers().get("Access-Control-Request-Method")?.is_none() {
        return Ok(None);
    }
    let embedding = origin::embedding(request, &deployment::config()?.portal_origins)?;
    Ok(embedding.map(|_| Preflight(resource.portals_methods())))
}

async fn dispatch(
    resource: Option<Resource<'_>>,
    request: &Request,
    env: &Env,
    context: &Context,
    request_id: &str,
) -> ApiResult {
    let resource = resource.ok_or_else(|| Problem::new(Code::NoSuchPath, "There is nothing at this path."))?;
    let operation = method(request).and_then(|method| resource.operation(&method)).ok_or_else(|| {
        let allow = resource.allow();
        Problem::new(Code::MethodNotAllowed, format!("This path takes {allow}.")).with_header("Allow", allow)
    })?;
    match operation.answers {
        Answers::Public(answer) => answer(request, env),
        Answers::Anyone(answer) => answer(request, env, request_id).await,
        Answers::AnyoneLater(answer) => answer(request, env, context, request_id).await,
        Answers::Portal(answer) => {
            let call = ApiCall::begin(request, resource.parameters, env, Deployment::load(env)?, request_id).await?;
            if call.caller().portal.is_none() {
                return Err(Problem::new(Code::PortalNotAllowed, "This is for portal sessions alone.").into());
            }
            answer(&call).await
        }
        Answers::Operators(access, answer) => {
            let deployment = Deployment::load(env)?;
            let call = ApiCall::begin(request, resource.parameters, env, deployment, request_id).await?;
            if call.caller().portal.is_some() && !operation.portal {
                return Err(Problem::new(Code::PortalNotAllowed, "A portal session can't do this.").into());
            }
            if let Some((scope, whose)) = access {
                let own = call.own_tenant();
                let tenant = match whose {
                    Whose::PathTenant => Some(call.tenant()?),
                    Whose::AllTenants => None,
                    Whose::OwnTenants => own.as_ref(),
                };
                call.caller().may(scope, tenant)?;
            }
            answer(&call).await
        }
    }
}

/// A path that exists, with its parameters.
#[derive(Clone, Debug)]
struct Resource<'a> {
    template: &'static str,
    parameters: Parameters<'a>,
}

impl<'a> Resource<'a> {
    fn find(path: &'a str) -> Option<Self> {
        OPERATIONS.iter().find_map(|operation| {
            let parameters = Parameters::of(operation.path, path)?;
            Some(Self { template: operation.path, parameters })
        })
    }

    fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        let template = self.template;
        OPERATIONS.iter().filter(move |operation| operation.path == template)
    }

    /// The operation for a method. HEAD is answered like GET, and the platform leaves the body out.
    fn operation(&self, method: &Method) -> Option<&'static Operation> {
        let effective = if *method == Method::Head { &Method::Get } else { method };
        self.operations().find(|operation| operation.method == *effective)
    }

    /// The methods that the path allows, for the header `Allow`.
    fn allow(&self) -> String {
        let methods = self.operations().map(|operation| match operation.method {
            Method::Get => "GET, HEAD",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            _ => "",
        });
        methods.collect::<Vec<_>>().join(", ")
    }

    /// Whether portal sessions may call any of its operations.
    fn is_portals(&self) -> bool {
        self.operations().any(|operation| operation.portal)
    }

    /// The methods of the operations that portal sessions may call, for `Access-Control-Allow-Methods`.
    fn portals_methods(&self) -> String {
        let methods =
            self.operations().filter(|operation| operation.portal).map(|operation| operation.method.to_string());
        methods.collect::<Vec<_>>().join(", ")
    }
}

/// The method; `None` if the `worker` crate doesn't know it, in which case the crate would take it for GET.
fn method(request: &Request) -> Option<Method> {
    let method = request.method();
    (method.as_ref() == request.inner().method()).then_some(method)
}

fn request_id() -> worker::Result<String> {
    let drawn = base62::draw::<20>(&random::bytes::<40>()?);
    let drawn = drawn.ok_or_else(|| worker::Error::RustError("too few random bytes for a request's id".into()))?;
    Ok(format!("req_{}", drawn.map(char::from).iter().collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An example path that matches the template.
    fn example(template: &str) -> String {
        let segments = template.split('/').map(|segment| if segment.starts_with('{') { "x_1" } else { segment });
        segments.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn a_path_allows_what_it_says_and_nothing_else() {
        for operation in OPERATIONS {
            let path = example(operation.path);
            let resource = Resource::find(&path).unwrap();
            assert_eq!(resource.template, operation.path, "another operation's path hides this one's");
            for method in [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete] {
                let allowed = resource.allow().split(", ").any(|allowed| allowed == method.as_ref());
                assert_eq!(resource.operation(&method).is_some(), allowed, "{} {path}", method.as_ref());
            }
        }
    }

    #[test]
    fn allow_names_get_with_head_first() {
        for (path, allow) in [
            ("/healthz", "GET, HEAD"),
            ("/v1/operators", "GET, HEAD, POST"),
            ("/v1/tenants/acme", "GET, HEAD, PATCH, DELETE"),
            ("/v1/tenants/acme/keys", "GET, HEAD, POST"),
            ("/v1/tenants/acme/keys/import", "POST"),
            ("/v1/tenants/acme/keys/key_1", "GET, HEAD, PATCH"),
            ("/v1/tenants/acme/keys/key_1/rotate/cancel", "POST"),
        ] {
            assert_eq!(Resource::find(path).unwrap().allow(), allow, "{path}");
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
            assert!(Resource::find(path).is_none(), "{path}");
        }
    }
}
