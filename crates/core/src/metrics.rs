//! The numbers that the objects have of the deployment, as `GET /metrics` tells it to Prometheus and its kind.
//!
//! [`families`] turns the objects' answers into metric families, and [`exposition`] writes those as text. No metric has a
//! tenant's name: a series for each would cost the reader more than all others together. What only isolates know, such as
//! latencies, isn't here: a scrape reaches one isolate of many.

pub mod exposition;
#[cfg(feature = "events")]
pub mod families;
