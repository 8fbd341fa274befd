use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A request for a key whose version 4 the isolate has heard of, and of which KV has version 3.
fn behind(change: Told) -> Trial {
    let mut trial = Trial::with_record(3, vec![change], 100);
    trial.client = {
        let mut client = FeedClient::new(Settings { relays: true, ..SETTINGS });
        let poll = client.begin_poll(at(0), None).unwrap();
        client.poll_answered(poll.ticket, reset(vec![change]), at(0));
        client
    };
    assert!(trial.needs(100).read_kv);
    trial.kv(Ok(Some(active(3))), 100);
    trial
}

#[test]
fn a_record_that_kv_lags_behind_with_is_asked_of_the_relay_and_then_of_the_feed() {
    let change = change(&version(4, KeyState::Active));
    let mut trial = behind(change);
    let needs = trial.needs(110);
    assert!(needs.read_record == Some(4) && !needs.read_current && !needs.read_kv);
    assert_eq!(trial.lookup.waited(), Waited { kv: 1, feed: 1 });
    trial.lookup.record_answered(&mut trial.client, Some(active(4)), at(110));
    assert_eq!(trial.found(120), (4, KeyState::Active, false, Basis::Feed));
    assert_eq!(trial.then(130).found(130).0, 4, "and it is remembered");
    for useless in [None, Some(active(3))] {
        let mut trial = behind(change);
        trial.needs(110);
        trial.lookup.record_answered(&mut trial.client, useless, at(110));
        assert!(only_current(&trial.needs(120)), "a relay never says that there is no such record");
    }
}

#[test]
fn a_shared_record_is_judged_under_the_overlay() {
    let mut trial = behind(change(&version(4, KeyState::Active)));
    trial.needs(110);
    let poll = trial.client.begin_poll(at(110), None).unwrap();
    trial.polled(&poll, news(2, vec![change(&version(5, KeyState::Disabled))]), 120);
    trial.lookup.record_answered(&mut trial.client, Some(active(4)), at(110));
    assert_eq!(trial.found(130), (5, KeyState::Disabled, false, Basis::Feed));
}

#[test]
fn a_key_that_nobody_knows_is_asked_of_the_feed_alone() {
    let mut trial = Trial::of(FeedClient::new(Settings { relays: true, ..SETTINGS }), false, 0);
    let needs = trial.needs(0);
    trial.kv(Ok(None), 0);
    trial.polled(&needs.poll.unwrap(), reset(vec![]), 10);
    assert!(only_current(&trial.needs(20)));
}
