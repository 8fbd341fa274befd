//! Operators at the edge: services that ask for verdicts.

use std::rc::Rc;

use keystile_core::{
    KeyDigest, KeyRecord,
    credential::CredentialHeader,
    management::OperatorScope,
    problem::Problem,
    record::{Reach, Subject},
    verdict::{self, Refusal},
};
use keystile_runtime::clock;
use subtle::ConstantTimeEq as _;

use crate::{
    finder::Finder,
    guard::{self, Unknown},
    incoming::Incoming,
    isolate::Isolate,
};

/// The tenants that whoever calls may ask about.
///
/// The same machinery as for customers' keys judges operators': tag, feed and
/// record. Only the root key is compared by itself, in constant time.
pub(crate) async fn authenticate(isolate: &Rc<Isolate>, incoming: &Incoming) -> Result<Reach, Problem> {
    let refused = |refusal: &Refusal| Problem::refusal(refusal, &isolate.config.name);
    let text = incoming
        .carriers()
        .credential(&[CredentialHeader::Bearer], &isolate.config.prefixes)
        .map_err(|error| refused(&error.into()))?;
    let is_root = |root: KeyDigest| bool::from(root.as_bytes().ct_eq(KeyDigest::of(text).as_bytes()));
    if isolate.root_key.is_some_and(is_root) {
        return Ok(Reach::All);
    }
    let key = isolate.keyring.parse_operator_key(text).map_err(|error| refused(&error.into()))?;
    let mut finder = Finder::new(key.digest(), false);
    let found = match finder.try_now(isolate, incoming) {
        Some(found) => found,
        None => finder.find(isolate, incoming).await,
    };
    match guard::known(&found.answer) {
        Ok((record, _)) => judge(record).map_err(|refusal| refused(&refusal)),
        Err(Unknown::Missing) => Err(refused(&Refusal::NotFound)),
        Err(Unknown::Unavailable(problem)) => Err(problem),
    }
}

fn judge(record: &KeyRecord) -> Result<Reach, Refusal> {
    verdict::judge_operator(record, &OperatorScope::Verify.scope(), clock::now())?;
    match &record.subject {
        Subject::Operator { reach } => Ok(reach.clone()),
        Subject::ApiKey { .. } => Err(Refusal::NotFound),
    }
}
