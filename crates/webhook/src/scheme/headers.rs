//! Lists the headers that a [`Scheme`] reads, for callers that pass on no others.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::model::{AnswerBody, Scheme};
use crate::{
    place::Place,
    template::{Part, Template},
};

pub(super) fn read(scheme: &Scheme) -> Option<Vec<String>> {
    let answers = scheme.handshakes.iter().map(|handshake| &handshake.answer);
    let said = answers.flat_map(|answer| {
        let body: Vec<&Template> = match &answer.body {
            AnswerBody::Text(template) => [template].into(),
            AnswerBody::Json(members) => members.iter().map(|(_, template)| template).collect(),
        };
        body.into_iter().chain(answer.headers.iter().map(|(_, template)| template))
    });
    let handshakes = scheme.handshakes.iter();
    let computed = handshakes.clone().filter_map(|handshake| handshake.response.as_ref()).map(|rule| &rule.of);
    let tokens = handshakes.clone().filter_map(|handshake| handshake.token.as_ref());
    let templates: Vec<&Template> = (scheme.messages.iter())
        .chain(scheme.hashes.iter().map(|rule| &rule.of))
        .chain(scheme.claims.iter().map(|(_, template)| template))
        .chain(tokens.clone().map(|rule| &rule.is))
        .chain(computed)
        .chain(said)
        .collect();
    let lists = |part: &Part| matches!(part, Part::SignedHeaders(_) | Part::HeaderLines(_));
    if templates.iter().flat_map(|template| &template.0).any(lists) {
        return None;
    }
    let places = (scheme.signature.iter())
        .chain(scheme.timestamp.as_ref().map(|rule| &rule.at))
        .chain(&scheme.kid)
        .chain(&scheme.head)
        .chain(&scheme.event_id)
        .chain(&scheme.event_type)
        .chain(&scheme.document)
        .chain(scheme.hashes.iter().map(|rule| &rule.at))
        .chain(scheme.requires.iter().map(|rule| &rule.at))
        .chain(
            handshakes.flat_map(|handshake| [&handshake.when.at, &handshake.when.without, &handshake.tells]).flatten(),
        )
        .chain(tokens.map(|rule| &rule.at))
        .chain(templates.iter().flat_map(|template| template.places()));
    let mut headers = Vec::new();
    for place in places {
        match place {
            Place::Header(names) => headers.extend(names.iter().cloned()),
            Place::NumberedHeader(_) => return None,
            // This header says how the form is written.
            Place::Form(_) => headers.push("content-type".to_string()),
            _ => {}
        }
    }
    if templates.iter().any(|template| template.has(&Part::SortedForm) || template.has(&Part::SortedQueryAndForm)) {
        headers.push("content-type".to_string());
    }
    if scheme.unpacks() {
        headers.push("content-encoding".to_string());
    }
    headers.sort();
    headers.dedup();
    Some(headers)
}
