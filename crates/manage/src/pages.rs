//! The pages are files that the platform serves before this worker is asked. The customers' page alone passes through
//! it: the configuration says which pages may frame that one.

use keystile_core::base::{code::Code, problem::Problem};
use worker::{Env, Request, Response, Result};

use crate::deployment;

/// The path of the customers' page.
pub(crate) const PORTAL: &str = "/portal";
/// The binding of the files.
const FILES: &str = "ASSETS";

/// Answers with the customers' page, which only the configured origins may frame.
pub(crate) async fn portal(request: &Request, env: &Env, request_id: &str) -> Result<Response> {
    let Ok(files) = env.assets(FILES) else {
        let problem = Problem::new(Code::NoSuchPath, "This worker was deployed without its pages.");
        return keystile_runtime::response::problem(&problem, request_id);
    };
    let file = files.fetch_request(request.clone()?).await?;
    // A second policy: both hold.
    let origins = deployment::config()?.portal_origins.join(" ");
    let ancestors = if origins.is_empty() { "'none'" } else { &origins };
    let headers = file.headers().clone();
    headers.append("Content-Security-Policy", &format!("frame-ancestors {ancestors}"))?;
    Ok(file.with_headers(headers))
}
