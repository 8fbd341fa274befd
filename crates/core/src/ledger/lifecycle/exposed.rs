//! What a report of a leaked key does to the key.

use super::{DisabledBy, Key};
use crate::{
    base::timestamp::Timestamp,
    ledger::exposure::{Policy, Reporter},
};

impl Key {
    /// The key after a report under this policy. A key for which there is nothing to do stays as it is.
    #[must_use]
    pub fn exposed(&self, policy: Policy, reporter: Reporter, now: Timestamp) -> Self {
        match policy {
            Policy::Revoke => {
                let reason = match reporter {
                    Reporter::Github => "exposed: found by GitHub secret scanning",
                    Reporter::Operator => "exposed: reported by an operator",
                    Reporter::Anonymous => "exposed: reported anonymously",
                };
                self.revoke(Some(reason.into()), now)
            }
            Policy::Disable => self.disable(DisabledBy::Operator, now).unwrap_or_else(|_| self.clone()),
            Policy::Notify => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::record::KeyState, ledger::lifecycle::tests::key};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    #[test]
    fn each_policy_does_what_it_says_and_nothing_to_a_dead_key() {
        let by = |policy| key().exposed(policy, Reporter::Github, NOW);
        assert_eq!(by(Policy::Revoke).record.state, KeyState::Revoked);
        assert_eq!(by(Policy::Disable).record.state, KeyState::Disabled);
        assert_eq!(by(Policy::Notify), key());
        let revoked = key().revoke(None, NOW);
        for policy in [Policy::Revoke, Policy::Disable, Policy::Notify] {
            assert_eq!(revoked.exposed(policy, Reporter::Github, NOW), revoked);
        }
    }

    #[test]
    fn a_customer_can_t_enable_what_a_report_disabled() {
        let by_customer = key().disable(DisabledBy::Customer, NOW).unwrap();
        assert!(!by_customer.exposed(Policy::Disable, Reporter::Anonymous, NOW).disabled_by_customer);
    }
}
