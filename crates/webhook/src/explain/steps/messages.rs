//! The messages that may have been signed, in labelled parts.

use alloc::{string::ToString, vec::Vec};

use crate::{
    explain::report::{Bytes, MessagePart, MessageStep, Problem},
    jws,
    lookup::Lookup,
    message,
    template::{Part, Template},
};

pub(super) fn messages(lookup: &Lookup<'_>) -> Vec<MessageStep> {
    lookup.scheme.messages.iter().map(|template| message(template, lookup)).collect()
}

fn message(template: &Template, lookup: &Lookup<'_>) -> MessageStep {
    let filled = message::fill(template, lookup, &[]);
    let problem = filled.as_ref().err().map(Problem::of);
    let parts: Vec<MessagePart> = match &filled {
        Ok(pieces) => template.0.iter().zip(pieces).map(|(label, bytes)| part(label, bytes)).collect(),
        // Those that can be filled in are shown all the same.
        Err(_) => template.0.iter().filter_map(|label| alone(label, lookup)).collect(),
    };
    MessageStep { template: template.to_string(), length: parts.iter().map(|part| part.length).sum(), parts, problem }
}

fn alone(label: &Part, lookup: &Lookup<'_>) -> Option<MessagePart> {
    let template = Template(alloc::vec![label.clone()]);
    let pieces = message::fill(&template, lookup, &[]).ok()?;
    Some(part(label, pieces.first()?))
}

fn part(label: &Part, bytes: &[u8]) -> MessagePart {
    let public =
        |name: &str| name.contains("public") || !["key", "secret", "token"].iter().any(|word| name.contains(word));
    let shown = match label {
        Part::Secret => false,
        Part::Param(name) => public(name),
        _ => true,
    };
    let name = if matches!(label, Part::Literal(_)) { "text".into() } else { label.to_string() };
    MessagePart { label: name, bytes: shown.then(|| Bytes::of(bytes)), length: bytes.len() }
}

/// The signed part of a JWT.
pub(super) fn token(token: &jws::Token<'_>) -> MessageStep {
    let (head, claims) = token.signed.split_once('.').unwrap_or((token.signed, ""));
    let part = |label: &str, text: &str| MessagePart {
        label: label.into(),
        bytes: Some(Bytes::of(text.as_bytes())),
        length: text.len(),
    };
    MessageStep {
        template: "head.claims".into(),
        parts: alloc::vec![part("head", head), part("text", "."), part("claims", claims)],
        length: token.signed.len(),
        problem: None,
    }
}
