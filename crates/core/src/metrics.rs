//! The numbers of the deployment: those that objects have, as `GET /metrics` tells them to Prometheus and its kind, and
//! those that only isolates have, as data [points] for Analytics Engine.
//!
//! [`families`] turns the objects' answers into metric families, and [`exposition`] writes those as text. No metric has a
//! tenant's name: a series for each would cost the reader more than all others together. What only isolates know, such as
//! latencies, isn't among them: a scrape reaches one isolate of many.

pub mod exposition;
#[cfg(feature = "events")]
pub mod families;
pub mod points;
