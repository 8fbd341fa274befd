//! `[events]`.

use super::*;

#[test]
fn events_go_to_this_machine_only_if_the_file_says_so() {
    let plain = read(EXAMPLE).unwrap();
    assert!(!plain.sender.allow_loopback && !plain.summary.allow_loopback);
    let set = read(&format!("{EXAMPLE}\n[events]\nallow_loopback = true\n")).unwrap();
    assert!(set.sender.allow_loopback && set.summary.allow_loopback);
    assert_eq!(set.manage.event_addresses, set.sender);
}

#[test]
fn the_hosts_of_the_deployment_are_refused() {
    let deploy = "routes = [\"API.example.com\", \"example.com/api/*\"]\nmanage_routes = [\"keys.example.com\"]";
    let portal = "api_url = \"https://portal.example.com:8443/v1\"";
    let set = read(&format!("{EXAMPLE}\n[deploy]\n{deploy}\n[portal]\n{portal}\n")).unwrap();
    let hosts = ["api.example.com", "example.com", "keys.example.com", "portal.example.com"];
    assert_eq!(set.sender.own_hosts, hosts);
}

#[test]
fn a_mistake_has_its_line() {
    let mistakes = read(&format!("{EXAMPLE}\n[events]\nloopback = true\n")).unwrap_err();
    assert!(
        mistakes.iter().all(|mistake| mistake.starts_with(&format!("{}: ", EXAMPLE.lines().count() + 3))),
        "{mistakes:?}"
    );
}
