//! Events for the outside: a change of a key, as a webhook to endpoints that asked for it.
//!
//! An [`Event`](event::Event) is recorded in the transaction of its change. The router of its tenant
//! [numbers](event::NumberedEvent) it, and gives it to each endpoint whose [terms](terms::EndpointTerms) ask for its
//! [type](event_type::EventType). The endpoint's [address] is judged before each [attempt] to deliver it. Its [health] says
//! when it is disabled, the [bounds] how much waits for it, and its [figures] go to metrics.

pub mod address;
pub mod attempt;
pub mod bounds;
pub mod event;
pub mod event_type;
pub mod figures;
pub mod health;
pub mod recording;
pub mod sealing;
pub mod secret;
pub mod settings;
pub mod terms;

#[cfg(test)]
mod simulation;
