//! The reasons why something was not done: a problem that the caller is told, or a fault of ours that is logged and
//! that the caller only hears of.

use keystile_core::base::{
    fields::{self, FieldError},
    problem::Problem,
};
use keystile_runtime::{log, response};
use worker::Response;

/// A problem or a fault. The code and the detail of a [`Problem`] are public; the text of a fault is not.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Told to the caller as it is.
    Problem(Problem),
    /// Logged; the caller hears `INTERNAL`.
    Fault(String),
}

impl Failure {
    /// Turns the failure into an answer, and logs a fault. No other code does either.
    pub(crate) fn respond(self, request_id: &str) -> worker::Result<Response> {
        let problem = match self {
            Self::Problem(problem) => problem,
            Self::Fault(reason) => {
                log::error("fault", &[("request_id", request_id.into()), ("reason", reason.into())]);
                Problem::internal()
            }
        };
        response::problem(&problem, request_id)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Vec<FieldError>> for Failure {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Problem(fields::invalid(&errors))
    }
}

impl From<worker::Error> for Failure {
    fn from(error: worker::Error) -> Self {
        Self::Fault(error.to_string())
    }
}
