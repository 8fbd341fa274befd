//! The queries of what an endpoint for events has sent, and of what it could not send.

use alloc::{string::String, vec::Vec};

use super::{
    parameters::Parameters,
    values::{DEFAULT_LIMIT, foreign_cursor, whole},
};
use crate::{
    base::{fields::FieldError, id::EventId},
    ledger::query::EventPlace,
    objects::event_endpoint::{Attempts, DeadLetters, MAX_PAGE},
};

/// Parses the query of `GET event-endpoints/{endpoint}/attempts`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_attempt_query(pairs: Vec<(String, String)>) -> Result<Attempts, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["event", "limit", "cursor"]);
    let query = Attempts {
        event: parameters.take("event", |text| {
            EventId::parse(text).ok_or_else(|| "an event's id expected, such as evt_4bTzV9cXk07Hq2mN1pRs".into())
        }),
        limit: parameters.take("limit", event_limit).unwrap_or(DEFAULT_LIMIT),
        before: parameters.take("cursor", event_place),
    };
    parameters.finish()?;
    Ok(query)
}

/// Parses the query of `GET event-endpoints/{endpoint}/dead-letters`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_unsent_query(pairs: Vec<(String, String)>) -> Result<DeadLetters, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["limit", "cursor"]);
    let query = DeadLetters {
        limit: parameters.take("limit", event_limit).unwrap_or(DEFAULT_LIMIT),
        before: parameters.take("cursor", event_place),
    };
    parameters.finish()?;
    Ok(query)
}

fn event_limit(text: &str) -> Result<u32, String> {
    whole(text, MAX_PAGE)
}

fn event_place(text: &str) -> Result<i64, String> {
    EventPlace::parse(text).map(|EventPlace(place)| place).ok_or_else(foreign_cursor)
}
