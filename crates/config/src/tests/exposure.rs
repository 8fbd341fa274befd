//! `[exposure]`.

use keystile_core::ledger::exposure::{Policies, Policy};

use super::*;

fn with(settings: &str) -> String {
    format!("{EXAMPLE}\n[exposure]\n{settings}\n")
}

#[test]
fn each_kind_of_reporter_has_its_policy() {
    let plain = read(EXAMPLE).unwrap();
    assert_eq!(plain.manage.exposure, Policies::default());
    assert_eq!(plain.manage.github_keys_url, "https://api.github.com/meta/public_keys/secret_scanning");
    let set =
        read(&with("github = \"disable\"\nanonymous = \"revoke\"\ngithub_keys_url = \"http://127.0.0.1:8080/keys\""));
    let set = set.unwrap();
    let expected = Policies { github: Policy::Disable, operator: Policy::Revoke, anonymous: Policy::Revoke };
    assert_eq!(set.manage.exposure, expected);
    assert_eq!(set.summary.github_keys_url, "http://127.0.0.1:8080/keys");
}

#[test]
fn a_mistake_has_its_line_and_says_what_to_write() {
    let line = EXAMPLE.lines().count() + 3;
    for (settings, expected) in [
        ("github = \"delete\"", "exposure.github: "),
        ("gitlab = \"revoke\"", "exposure"),
        ("github_keys_url = \"http://keys.example.com\"", "exposure.github_keys_url: leave it out for"),
    ] {
        let mistakes = read(&with(settings)).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].starts_with(&format!("{line}: {expected}")), "{line} {mistakes:?}");
    }
}
