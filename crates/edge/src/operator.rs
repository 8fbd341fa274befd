//! Operators at the edge: services that ask for verdicts.

use std::rc::Rc;

use keystile_core::{
    KeyRecord, PlainKey, Timestamp,
    credential::CredentialHeader,
    management::OperatorScope,
    problem::Problem,
    record::{Reach, Subject},
    verdict::{self, Refusal},
};
use keystile_runtime::clock;

use crate::{
    finder::{Finder, Found, Provenance},
    incoming::Incoming,
    isolate::Isolate,
    usage,
};

/// The tenants that whoever calls may ask about.
///
/// The same machinery as for customers' keys judges operators': tag, feed and
/// record. Only the root key is compared by itself, in constant time.
pub(crate) async fn authenticate(isolate: &Rc<Isolate>, incoming: &Incoming) -> (Result<Reach, Problem>, Provenance) {
    let refused = |refusal: &Refusal| Problem::refusal(refusal, &isolate.config.name);
    let key = match presented(isolate, incoming) {
        Ok(Presented::Root) => return (Ok(Reach::All), Provenance::default()),
        Ok(Presented::Operator(key)) => key,
        Err(refusal) => return (Err(refused(&refusal)), Provenance::default()),
    };
    let Found { known, provenance } = Finder::new(key.digest(), false).find(isolate, incoming).await;
    let reach = match known {
        Ok(known) => {
            let now = clock::now();
            let judged = judge(&known.record, now);
            usage::count(isolate, incoming, &known.record, judged.as_ref().map(drop), now);
            judged.map_err(|refusal| refused(&refusal))
        }
        Err(unknown) => Err(unknown.problem(&isolate.config.name)),
    };
    (reach, provenance)
}

enum Presented {
    Root,
    Operator(PlainKey),
}

fn presented(isolate: &Isolate, incoming: &Incoming) -> Result<Presented, Refusal> {
    let text = incoming.carriers().credential(&[CredentialHeader::Bearer], isolate.config.key_forms())?;
    if isolate.root_keys.include(text) {
        return Ok(Presented::Root);
    }
    Ok(Presented::Operator(isolate.keyring.parse_operator_key(text)?))
}

fn judge(record: &KeyRecord, now: Timestamp) -> Result<Reach, Refusal> {
    verdict::judge_operator(record, &OperatorScope::Verify.scope(), now)?;
    match &record.subject {
        Subject::Operator { reach } => Ok(reach.clone()),
        Subject::ApiKey { .. } => Err(Refusal::NotFound),
    }
}
