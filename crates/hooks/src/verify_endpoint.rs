//! `POST {base}/v1/webhooks/verify`: the verdict on a delivery, for services that receive webhooks themselves. The edge
//! has authenticated the caller.
//!
//! Nothing is remembered: a service that asks twice gets the same answer twice.

use keystile_core::{
    api::verify_webhook::{self, Chosen, Judge, VerifyDelivery},
    base::{code::Code, fields, problem::Problem},
};
use keystile_runtime::{clock, log};
use keystile_webhook::{Failure, Options, Secrets, Verified};

use crate::{
    glue,
    incoming::Incoming,
    receive,
    reply::Reply,
    source::{self, Hooks, Parts},
};

pub(crate) async fn answer(hooks: &Hooks, incoming: &Incoming) -> Result<Reply, Problem> {
    if !incoming.is_operator() {
        // The edge lets only operators through, so its header can't be missing.
        log::error("no_reach", &[("request_id", incoming.request_id.as_str().into())]);
        return Err(Problem::internal());
    }
    if incoming.method != "POST" {
        let problem = Problem::new(Code::MethodNotAllowed, "This endpoint does not take this method.");
        return Err(problem.with_header("Allow", "POST"));
    }
    // The buffer is free again before the text is taken apart.
    let text = incoming.json(verify_webhook::MAX_REQUEST_BYTES).await?.to_vec();
    let asked = VerifyDelivery::parse(text)?;
    // Deliveries that came meanwhile go first: to take a long question apart, and to judge by it, each takes its time.
    clock::sleep(0).await;
    let verdict = judge(hooks, incoming, asked).await?;
    if verdict == Err(Failure::TooMuchWork) {
        // This result says nothing about the delivery.
        return Err(fields::invalid(&verify_webhook::too_much_work()));
    }
    Ok(Reply::json(200, &verify_webhook::answer(verdict.as_ref())))
}

async fn judge(
    hooks: &Hooks,
    incoming: &Incoming,
    asked: VerifyDelivery,
) -> Result<Result<Verified, Failure>, Problem> {
    let parts = Parts { method: asked.method, url: asked.url, headers: asked.headers, body: asked.body };
    let now = asked.now.unwrap_or(incoming.now);
    match asked.by {
        Judge::Source(name) => {
            // A source belongs to the deployment. A tenant's operator may not test deliveries against its secrets.
            if !incoming.reaches_all() {
                let detail = "This operator key is for one tenant; sources belong to the whole deployment.";
                return Err(Problem::new(Code::TenantNotAllowed, detail));
            }
            let unknown = || Problem::new(Code::UnknownSource, "There is no source of this name.");
            let source = hooks.source(&name).ok_or_else(unknown)?;
            let secrets = match &source.secrets {
                Ok(secrets) => receive::secrets_of(secrets, source, incoming).await?,
                Err(reason) => return Ok(Err(Failure::Configuration(reason.clone().into()))),
            };
            // It costs no more than the delivery itself.
            let (headers, params) = (parts.headers(), source.params());
            let options = source::options(now, &params, source.config.max_body_bytes as usize);
            receive::verdict(source, incoming, &secrets, &parts.delivery(&headers), &unremembered(options)).await
        }
        Judge::Own { scheme, secrets, params } => {
            let scheme = match &scheme {
                Chosen::Scheme(scheme) => scheme,
                Chosen::Provider(id) => {
                    hooks.provider(id).ok_or_else(|| fields::invalid(&verify_webhook::unknown_provider()))?
                }
            };
            let texts: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let secrets = Secrets::parse_with(scheme, &texts, glue::nfkd);
            if secrets.is_empty() {
                let faults: Vec<String> = secrets.faults().iter().map(ToString::to_string).collect();
                return Ok(Err(Failure::Configuration(faults.join(" ").into())));
            }
            let params: Vec<(&str, &str)> =
                params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let headers = parts.headers();
            let options = Options {
                work_limit: verify_webhook::MAX_WORK_BYTES,
                ..unremembered(source::options(now, &params, usize::MAX))
            };
            Ok(receive::verify(scheme, &secrets, &parts.delivery(&headers), &options).await)
        }
    }
}

/// The options of a verdict. Nothing is remembered here.
const fn unremembered(options: Options<'_>) -> Options<'_> {
    Options { replay_keys: false, ..options }
}
