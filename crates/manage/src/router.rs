//! Routing: finds the operation that a request asks for and checks that the caller may use it.
//!
//! Each answer carries `Keystile-Request-Id`, and each audit entry keeps the same id.

use keystile_core::base::{base62, code::Code, problem::Problem};
use keystile_runtime::random;
use worker::{Env, Method, Request, Response};

use crate::{
    api::{call::ApiCall, path::Parameters, reply::ApiResult},
    deployment::Deployment,
    operations::{Answers, OPERATIONS, Operation, Whose},
};

/// Answers any request.
pub(crate) async fn handle(request: Request, env: &Env) -> worker::Result<Response> {
    let request_id = request_id()?;
    let result = dispatch(&request, env, &request_id).await;
    let response = result.or_else(|failure| failure.respond(&request_id))?;
    response.headers().set("Keystile-Request-Id", &request_id)?;
    Ok(response)
}

async fn dispatch(request: &Request, env: &Env, request_id: &str) -> ApiResult {
    let path = request.path();
    let resource =
        Resource::find(&path).ok_or_else(|| Problem::new(Code::NoSuchPath, "There is nothing at this path."))?;
    let operation = method(request).and_then(|method| resource.operation(&method)).ok_or_else(|| {
        let allow = resource.allow();
        Problem::new(Code::MethodNotAllowed, format!("This path takes {allow}.")).with_header("Allow", allow)
    })?;
    match operation.answers {
        Answers::Public(answer) => answer(request, env),
        Answers::Operators(access, answer) => {
            let deployment = Deployment::load(env)?;
            let call = ApiCall::begin(request, resource.parameters, env, deployment, request_id).await?;
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
#[derive(Debug)]
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
            _ => "",
        });
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
            ("/v1/tenants/acme", "GET, HEAD, PATCH"),
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
