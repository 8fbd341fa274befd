//! Answers.

use keystile_core::base::{problem, problem::Problem};
use keystile_webhook::handshake;
use serde_json::Value;
use wasm_bindgen::JsValue;

use crate::glue;

/// An answer in the making.
pub(crate) enum Reply {
    /// An answer that this worker makes.
    Own { status: u16, headers: Vec<(String, String)>, body: String },
    /// The upstream's answer.
    Upstream(JsValue),
    /// A refusal, or a fault.
    Problem(Box<Problem>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self::Own { status, headers, body: body.to_string() }
    }

    /// The `Response`.
    pub(crate) fn send(self, request_id: &str) -> JsValue {
        let always = [("Cache-Control", "private, no-store"), ("Keystile-Request-Id", request_id)];
        match self {
            Self::Own { status, headers, body } => {
                let own = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                glue::respond(status, &glue::join(own.chain(always)), Some(&body))
            }
            Self::Upstream(response) => glue::pass_on(&response, &glue::join(always)),
            Self::Problem(problem) => {
                let own = problem.headers.iter().map(|(name, value)| (*name, value.as_str()));
                let headers = own.chain([("Content-Type", problem::CONTENT_TYPE)]).chain(always);
                glue::respond(problem.status(), &glue::join(headers), Some(&problem.body(request_id)))
            }
        }
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<handshake::Answer> for Reply {
    fn from(answer: handshake::Answer) -> Self {
        Self::Own { status: answer.status, headers: answer.headers, body: answer.body }
    }
}
