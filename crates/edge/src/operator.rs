//! Operators at the edge: services that ask for verdicts.

use std::rc::Rc;

use keystile_core::{
    KeyDigest, KeyRecord, Timestamp,
    access::{
        operator::OperatorScope,
        record::{Reach, Subject},
        verdict::{self, Refusal},
    },
    base::problem::Problem,
    key::credential::Places,
};
use keystile_runtime::clock;

use crate::{
    failures,
    finder::{Finder, Found, Provenance},
    incoming::Incoming,
    isolate::Isolate,
    usage,
};

/// The operator that a caller presents: the root key, or an operator key with a valid tag.
///
/// Operators' keys are judged like tenants' keys: tag, feed and record. Only the root key is compared by itself, in
/// constant time.
pub(crate) enum Operator {
    Root,
    Key(KeyDigest),
}

impl Operator {
    /// The request's credential.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(crate) fn presented(isolate: &Isolate, incoming: &Incoming) -> Result<Self, Problem> {
        let forms = isolate.config.key_forms();
        let refused = |refusal: Refusal| {
            let problem = refusal.problem(&isolate.config.operator_challenge);
            failures::noted(isolate, incoming, incoming.now).unwrap_or(problem)
        };
        let text = incoming.carriers().credential(&Places::bearer(), forms);
        let text = text.map_err(|error| refused(error.into()))?;
        if isolate.root_keys.include(text) {
            return Ok(Self::Root);
        }
        let key = isolate.keyring.parse_operator_key(text, forms).map_err(|error| refused(error.into()))?;
        Ok(Self::Key(key.digest()))
    }

    /// The tenants that the caller may ask about, as of now. The first judgement precedes the reading of the body, so
    /// only operators' bodies are read. The second precedes the answer, since a caller may send its body slowly. The
    /// second is counted as a use.
    pub(crate) async fn judge(
        &self,
        isolate: &Rc<Isolate>,
        incoming: &Incoming,
        moment: Moment,
    ) -> (Result<Reach, Problem>, Provenance) {
        let Self::Key(digest) = self else { return (Ok(Reach::All), Provenance::default()) };
        let Found { known, provenance } = Finder::new(*digest, false).find(isolate, incoming).await;
        let reach = match known {
            Ok(known) => {
                let now = clock::now();
                let judged = judge(&known.record, now);
                if judged.is_err() || moment == Moment::Answer {
                    usage::count(isolate, incoming, &known.record, judged.as_ref().map(drop), now);
                }
                judged.map_err(|refusal| refusal.problem(&isolate.config.operator_challenge))
            }
            Err(unknown) => Err(unknown.problem(&isolate.config.operator_challenge)),
        };
        (reach, provenance)
    }
}

/// The moment in a request at which its caller is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the body is read.
    Arrival,
    /// Before the answer is given.
    Answer,
}

fn judge(record: &KeyRecord, now: Timestamp) -> Result<Reach, Refusal> {
    verdict::judge_operator(record, &OperatorScope::Verify.scope(), now)?;
    match &record.subject {
        Subject::Operator { reach } => Ok(reach.clone()),
        Subject::ApiKey { .. } => Err(Refusal::NotFound),
    }
}
