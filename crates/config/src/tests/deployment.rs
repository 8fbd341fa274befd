//! `[deploy]`.

use super::*;

const DEPLOY: &str = r#"
[deploy]
name = "gate"
account_id = "0123456789abcdef0123456789abcdef"
kv_namespace = "fedcba9876543210fedcba9876543210"
metrics_dataset = "gate_metrics"
workers_dev = false
routes = ["api.example.com", "example.com/api/*", "*.example.com/v1/*"]
manage_routes = ["keys.example.com"]
[deploy.services]
UPSTREAM = "orders"
"#;

#[test]
fn the_summary_has_the_deployment_and_workers_read_its_hosts_alone() {
    let plain = read(EXAMPLE).unwrap();
    assert_eq!(plain.summary.deploy.name, "keystile");
    assert!(plain.summary.deploy.workers_dev);
    let deployed = read(&format!("{EXAMPLE}{DEPLOY}")).unwrap();
    let hosts = ["api.example.com", "example.com", "keys.example.com"];
    assert_eq!(deployed.sender.own_hosts, hosts, "no event may go to them");
    assert_eq!(deployed.manage.event_addresses, deployed.sender);
    let mut without = Configuration { sender: plain.sender.clone(), ..deployed.clone() };
    without.manage.event_addresses = plain.manage.event_addresses.clone();
    assert_eq!(without.to_blobs(), plain.to_blobs());
    let deploy = serde_json::to_value(&deployed.summary.deploy).unwrap();
    assert_eq!(deploy["routes"][1], "example.com/api/*");
    assert_eq!(deploy["services"], serde_json::json!({ "UPSTREAM": { "worker": "orders" } }));
    assert_eq!((plain.summary.deploy.metrics_dataset, &deploy["metrics_dataset"]), (None, &"gate_metrics".into()));
    let beside = DEPLOY.replace("\"orders\"", "{ config = \"upstream/wrangler.jsonc\" }");
    let deploy = serde_json::to_value(read(&format!("{EXAMPLE}{beside}")).unwrap().summary.deploy).unwrap();
    assert_eq!(deploy["services"], serde_json::json!({ "UPSTREAM": { "config": "upstream/wrangler.jsonc" } }));
}

#[test]
fn a_mistake_in_the_deployment_has_its_line_and_says_what_to_write() {
    let line = |part: &str| 1 + format!("{EXAMPLE}{DEPLOY}").split(part).next().unwrap().lines().count();
    for (from, to, at, expected) in [
        ("\"gate\"", "\"Gate\"", "name = \"gate\"", "deploy.name: write 1 to 49 lower-case letters"),
        ("\"0123456789", "\"012345678", "account_id", "deploy.account_id: write the id that Cloudflare shows"),
        ("\"fedc", "\"FEDC", "kv_namespace", "deploy.kv_namespace: write the id that Cloudflare shows"),
        ("\"gate_metrics\"", "\"gate-metrics\"", "metrics_dataset", "deploy.metrics_dataset: write 1 to 64 letters"),
        ("\"api.example.com\"", "\"https://api.example.com\"", "routes = [", "deploy.routes.0: write a host such as"),
        ("/api/*", "/*/api", "routes = [", "deploy.routes.1: write a host such as"),
        ("keys.example.com", "example.com/keys/*", "manage_routes", "deploy.manage_routes.0: write a whole host"),
        ("\"orders\"", "7", "UPSTREAM = \"o", "deploy.services.UPSTREAM: write the worker's name in your account"),
        ("\"orders\"", "{ config = \"x\" }", "UPSTREAM = \"o", "deploy.services.UPSTREAM: write the worker's name"),
        ("workers_dev = false", "workers_dev = \"no\"", "workers_dev", "deploy.workers_dev: write true or false"),
        ("[deploy]", "[[deploy]]", "[deploy]", "deploy: write [deploy], in single brackets"),
        ("routes = [\"api", "rotues = [\"api", "routes = [", "deploy.rotues: there is no setting \"rotues\" here"),
    ] {
        let found = read(&format!("{EXAMPLE}{}", replaced(DEPLOY, from, to))).unwrap_err();
        let expected = format!("{}: {expected}", line(at));
        assert!(found[0].starts_with(&expected), "{found:?} should begin with {expected}");
    }
}

#[test]
fn a_service_that_no_upstream_names_is_a_warning() {
    let warnings = read(&format!("{EXAMPLE}{}", replaced(DEPLOY, "UPSTREAM =", "ORDERS ="))).unwrap().warnings;
    assert!(warnings[0].contains("deploy.services.ORDERS: no [[upstreams]] has service = \"ORDERS\""), "{warnings:?}");
}
