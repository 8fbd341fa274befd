//! The account of a deployment, and the names and places there.

use std::collections::BTreeMap;

use serde::Serialize;

/// The table `[deploy]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// The beginning of the names of the workers, of the queues, and of the KV namespace.
    pub name: String,
    /// The account, if the file names one.
    pub account_id: Option<String>,
    /// The id of the KV namespace, if the file names one.
    pub kv_namespace: Option<String>,
    /// The dataset of Analytics Engine that the workers write to, if the file names one.
    pub metrics_dataset: Option<String>,
    /// Whether edge and management worker answer on workers.dev.
    pub workers_dev: bool,
    /// The hosts, or hosts and paths, at which the edge answers.
    pub routes: Vec<String>,
    /// The hosts at which the management worker answers.
    pub manage_routes: Vec<String>,
    /// The worker behind each service binding of an upstream.
    pub services: BTreeMap<String, Service>,
}

/// The worker behind a service binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A worker of the account, by its name.
    Worker(String),
    /// A worker beside `keystile.toml`, by the path of its wrangler file.
    Config(String),
}
