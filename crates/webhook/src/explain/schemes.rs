//! Other schemes: the scheme with one part changed, and those of known providers.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use super::{
    case::Case,
    code::CauseCode,
    trial::{Edit, Trial, Try, What},
};
use crate::{
    algorithm::{Algorithm, Encoding, TimeUnit},
    registry,
    scheme::Scheme,
    template::{Part, Template},
};

/// Messages that senders sign. `{id}` stands for the place of the event's id.
const MESSAGES: [&str; 19] = [
    "{body}",
    "{timestamp}.{body}",
    "{timestamp}{body}",
    "{timestamp}:{body}",
    "v0:{timestamp}:{body}",
    "{timestamp}\n{body}",
    "{body}{timestamp}",
    "{body}.{timestamp}",
    "{body}:{timestamp}",
    "{id}.{timestamp}.{body}",
    "{id}{timestamp}{body}",
    "{id}.{body}",
    "{sha256hex:body}",
    "{timestamp}.{sha256hex:body}",
    "{url}{body}",
    "{body}{url}",
    "{method}{url}{body}",
    "{method}{url}{body}{timestamp}",
    "{timestamp}{method}{path}{body}",
];

/// The scheme with other units of time.
pub(super) fn units(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let Some(rule) = &trial.scheme.timestamp else { return ControlFlow::Continue(()) };
    for unit in TimeUnit::ALL.iter().filter(|unit| **unit != rule.unit) {
        let mut scheme = trial.scheme.as_ref().clone();
        if let Some(rule) = &mut scheme.timestamp {
            rule.unit = *unit;
        }
        let sentence =
            format!("The sender writes the timestamp in the unit `{unit}`; the scheme says `{}`.", rule.unit);
        attempt(Edit::new(CauseCode::TimestampUnit, sentence, What::Scheme(Box::new(scheme))))?;
    }
    ControlFlow::Continue(())
}

/// The scheme with another algorithm, encoding or message.
pub(super) fn own(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let scheme = trial.scheme.as_ref();
    if !trial.is_shared() || scheme.is_jws() {
        return ControlFlow::Continue(());
    }
    let id = scheme.event_id.as_ref().map(|place| format!("{{{place}}}"));
    let messages: Vec<Template> = MESSAGES
        .iter()
        .filter_map(|text| match &id {
            Some(id) => Some(text.replace("{id}", id)),
            None => (!text.contains("{id}")).then(|| text.to_string()),
        })
        .filter_map(|text| Template::parse(&text).ok())
        .filter(|template| scheme.timestamp.is_some() || !template.has(&Part::Timestamp))
        .collect();
    let own: Vec<String> = scheme.messages.iter().map(ToString::to_string).collect();
    let algorithms = [Algorithm::HmacSha256, Algorithm::HmacSha1, Algorithm::HmacSha512];
    for message in core::iter::once(None).chain(messages.iter().map(Some)) {
        for algorithm in core::iter::once(None).chain(algorithms.into_iter().map(Some)) {
            for encoding in [None, Some(Encoding::Hex), Some(Encoding::Base64), Some(Encoding::Base64Url)] {
                let mut changed = scheme.clone();
                let mut differs = Vec::new();
                if let Some(message) = message.filter(|message| !own.contains(&message.to_string())) {
                    changed.messages = alloc::vec![message.clone()];
                    differs.push(format!(
                        "signs `{}` and not `{}`",
                        shown(&message.to_string()),
                        shown(&own.join("` or `"))
                    ));
                }
                for (method, before) in changed.methods.iter_mut().zip(&scheme.methods) {
                    let shared = !before.algorithm.is_public_key();
                    if let Some(algorithm) = algorithm.filter(|algorithm| shared && *algorithm != before.algorithm) {
                        differs.push(format!("uses {algorithm} and not {}", before.algorithm));
                        method.algorithm = algorithm;
                    }
                    if let Some(encoding) = encoding.filter(|encoding| shared && *encoding != before.encoding) {
                        differs.push(format!("writes the signature in {encoding} and not in {}", before.encoding));
                        method.encoding = encoding;
                    }
                }
                differs.dedup();
                if !differs.is_empty() {
                    let sentence = format!("The sender {}.", differs.join(", and "));
                    attempt(Edit::new(CauseCode::OtherScheme, sentence, What::Scheme(Box::new(changed))))?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

fn shown(template: &str) -> String {
    template.replace('\n', "\\n")
}

/// The schemes of known providers.
pub(super) fn known(_: &Trial<'_>, case: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let mut groups: Vec<(&'static Scheme, Vec<&'static str>)> = Vec::new();
    for provider in registry::all() {
        let scheme = &provider.scheme;
        if is_equality(scheme) || scheme == case.scheme {
            continue;
        }
        match groups.iter_mut().find(|(other, _)| *other == scheme) {
            Some((_, names)) => names.push(&provider.name),
            None => groups.push((scheme, alloc::vec![&provider.name])),
        }
    }
    for (scheme, names) in groups {
        let place = scheme.signature.first().map(ToString::to_string).unwrap_or_default();
        let others = names.len().saturating_sub(3);
        let more = if others > 0 { format!(" and {others} others") } else { String::new() };
        let names = names.get(..3).unwrap_or(&names).join(", ");
        let sentence =
            format!("This delivery is signed as by {names}{more}, at `{place}`: it is another sender's scheme.");
        attempt(Edit::new(CauseCode::OtherScheme, sentence, What::Scheme(Box::new(scheme.clone()))))?;
    }
    ControlFlow::Continue(())
}

/// Whether every method compares a token as it is.
pub(super) fn is_equality(scheme: &Scheme) -> bool {
    scheme.methods.iter().all(|method| method.algorithm == Algorithm::Equality)
}
