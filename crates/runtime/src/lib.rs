//! The platform, for all workers: the clock, randomness, bodies of requests, configuration and secrets, KV, Durable
//! Objects with their databases, alarms and calls, upstreams, logs and responses. Decisions are in `keystile-core`.

pub mod alarm;
pub mod body;
pub mod clock;
pub mod config;
pub mod crossing;
pub mod database;
#[cfg(feature = "events")]
pub mod event_outbox;
pub mod kv;
pub mod log;
pub mod object;
pub mod points;
pub mod random;
pub mod response;
pub mod secret;
pub mod upstream;
