//! Keys that change, and doors that cannot be built.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    Door, ISSUER, Net, Signer, bearer, build, claims, claims_with, clock, issuer, key_set,
    write_keys,
};
use crate::auth::{BuildError, Config, Error, Issuer};

const DESCRIPTION: &str = "https://issuer.example/.well-known/openid-configuration";
const KEYS: &str = "https://issuer.example/keys";

#[tokio::test]
async fn a_new_key_in_the_file_is_found_but_not_looked_for_too_often() {
    let door = Door::new();
    let (second, third) = (Signer::new("second"), Signer::new("third"));
    let path = door.files.path().join("jwks.json");
    write_keys(&path, &[&door.signer, &second]);

    assert!(door.bearer(&second.token(&claims())).await.is_ok());
    write_keys(&path, &[&third]);
    assert_eq!(door.bearer(&third.token(&claims())).await.unwrap_err(), Error::UnknownKey);
    door.clock.advance(Duration::from_secs(30));
    assert!(door.bearer(&third.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn the_last_good_keys_outlive_a_broken_file() {
    let door = Door::new();
    std::fs::write(door.files.path().join("jwks.json"), "{").unwrap();

    let unknown = door.bearer(&Signer::new("second").token(&claims())).await;
    let known = door.bearer(&door.signer.token(&claims())).await;

    assert_eq!(unknown.unwrap_err(), Error::UnknownKey);
    assert!(known.is_ok());
}

#[tokio::test]
async fn keys_are_fetched_once_however_many_ask() {
    let (signer, net) = (Signer::new("first"), Arc::<Net>::default());
    net.put_keys(KEYS, &[&signer]);
    let door = build(&at(KEYS), &net, &clock(), None).unwrap();

    for subject in ["amina", "ben", "chidi"] {
        let token = signer.token(&claims_with("sub", json!(subject)));
        assert!(door.authenticate(&bearer(&token)).await.is_ok());
    }
    for kid in ["a", "b", "c"] {
        let token = signer.sign(&json!({ "alg": "ES256", "kid": kid }), &claims());
        let refused = door.authenticate(&bearer(&token)).await.unwrap_err();
        assert_eq!(refused, Error::UnknownKey);
    }

    assert_eq!(net.asked(), [KEYS]);
}

#[tokio::test]
async fn keys_are_discovered_below_the_issuers_name() {
    let (signer, net) = (Signer::new("first"), Arc::<Net>::default());
    net.put(DESCRIPTION, &json!({ "issuer": ISSUER, "jwks_uri": KEYS }));
    net.put_keys(KEYS, &[&signer]);
    let door = build(&discovered(), &net, &clock(), None).unwrap();

    let caller = door.authenticate(&bearer(&signer.token(&claims()))).await;

    assert!(caller.is_ok());
    assert_eq!(net.asked(), [DESCRIPTION, KEYS]);
}

#[tokio::test]
async fn a_description_that_points_elsewhere_is_not_followed() {
    for jwks_uri in ["http://169.254.169.254/keys", "https://evil.example/keys"] {
        let (signer, net) = (Signer::new("first"), Arc::<Net>::default());
        net.put(DESCRIPTION, &json!({ "issuer": ISSUER, "jwks_uri": jwks_uri }));
        net.put_keys(jwks_uri, &[&signer]);
        let door = build(&discovered(), &net, &clock(), None).unwrap();

        let refused = door.authenticate(&bearer(&signer.token(&claims()))).await.unwrap_err();

        assert_eq!(refused, Error::KeysUnavailable, "{jwks_uri}");
        assert_eq!(net.asked(), [DESCRIPTION], "{jwks_uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_is_not_believed_longer_than_was_stated() {
    let (first, second) = (Signer::new("first"), Signer::new("second"));
    let (net, clock) = (Arc::<Net>::default(), clock());
    net.put_keys(KEYS, &[&first]);
    let config = at(KEYS);
    let door = Arc::new(build(&config, &net, &clock, None).unwrap());
    let stop = CancellationToken::new();
    let looks = tokio_util::task::TaskTracker::new();
    looks.spawn(Arc::clone(&door).run(stop.clone()));
    let old = first.token(&claims());
    assert!(door.authenticate(&bearer(&old)).await.is_ok());

    net.put_keys(KEYS, &[&second]);
    assert!(door.authenticate(&bearer(&old)).await.is_ok(), "nobody looked yet");
    pass(&clock, config.key_refresh + Duration::from_secs(1)).await;

    let refused = door.authenticate(&bearer(&old)).await;
    assert_eq!(refused.unwrap_err(), Error::UnknownKey);
    assert!(door.authenticate(&bearer(&second.token(&claims()))).await.is_ok());
    stop.cancel();
    looks.close();
    looks.wait().await;
}

#[tokio::test]
async fn an_issuer_may_withdraw_all_its_keys() {
    let (first, net, clock) = (Signer::new("first"), Arc::<Net>::default(), clock());
    net.put_keys(KEYS, &[&first]);
    let door = build(&at(KEYS), &net, &clock, None).unwrap();
    let token = first.token(&claims());
    assert!(door.authenticate(&bearer(&token)).await.is_ok());

    net.put_keys(KEYS, &[]);
    clock.advance(Duration::from_secs(30));
    assert!(door.authenticate(&bearer(&unknown(&first))).await.is_err());

    assert_eq!(door.authenticate(&bearer(&token)).await.unwrap_err(), Error::UnknownKey);
}

#[tokio::test]
async fn the_last_good_keys_outlive_the_process_but_not_for_ever() {
    let (signer, net, clock) = (Signer::new("first"), Arc::<Net>::default(), clock());
    let files = tempfile::tempdir().unwrap();
    net.put_keys(KEYS, &[&signer]);
    let config = at(KEYS);
    let start = |config: &Config| build(config, &net, &clock, Some(files.path())).unwrap();
    assert!(start(&config).authenticate(&bearer(&signer.token(&claims()))).await.is_ok());
    net.take_down();

    let long = signer.token(&claims_with("exp", json!(super::NOW + 1_000_000)));
    let elsewhere = start(&at("https://issuer.example/other"));
    let again = start(&config);

    assert!(again.authenticate(&bearer(&long)).await.is_ok());
    let refused = elsewhere.authenticate(&bearer(&long)).await;
    assert_eq!(refused.unwrap_err(), Error::KeysUnavailable, "those were another source's keys");
    clock.advance(config.keys_good_for);
    let other = signer.token(&claims_with("exp", json!(super::NOW + 1_000_001)));
    let refused = again.authenticate(&bearer(&other)).await;
    assert_eq!(refused.unwrap_err(), Error::KeysUnavailable);
    net.put_keys(KEYS, &[&signer]);
    clock.advance(Duration::from_secs(30));
    assert!(again.authenticate(&bearer(&long)).await.is_ok());
}

#[tokio::test]
async fn what_was_kept_on_disk_is_not_believed_blindly() {
    let (signer, net, clock) = (Signer::new("first"), Arc::<Net>::default(), clock());
    let files = tempfile::tempdir().unwrap();
    net.put_keys(KEYS, &[&signer]);
    let start = || build(&at(KEYS), &net, &clock, Some(files.path())).unwrap();
    let token = signer.token(&claims());
    assert!(start().authenticate(&bearer(&token)).await.is_ok());
    net.take_down();
    let kept = std::fs::read_dir(files.path().join("keys")).unwrap().next().unwrap().unwrap();
    let good = std::fs::read_to_string(kept.path()).unwrap();

    for (broken, why) in [
        (good[..good.len() / 2].to_owned(), "half a file"),
        (good.replace(ISSUER, "https://other.example"), "another issuer's"),
        (good.replace(&key_set(&[&signer]).to_string(), "[]"), "no key set"),
    ] {
        std::fs::write(kept.path(), broken).unwrap();
        let refused = start().authenticate(&bearer(&token)).await;
        assert_eq!(refused.unwrap_err(), Error::KeysUnavailable, "{why}");
    }
    std::fs::write(kept.path(), good).unwrap();
    assert!(start().authenticate(&bearer(&token)).await.is_ok());
}

#[test]
fn a_door_that_makes_no_sense_is_not_built() {
    let files = tempfile::tempdir().unwrap();
    let good = files.path().join("jwks.json");
    write_keys(&good, &[&Signer::new("first")]);
    let bad = files.path().join("bad.json");
    std::fs::write(&bad, "{}").unwrap();
    let url = |text: &str| Some(text.parse::<Url>().unwrap());
    let try_build = |config: Config| build(&config, &Arc::default(), &clock(), None);
    let build = |issuers: Vec<Issuer>| try_build(Config { issuers, ..Config::default() });

    assert!(build(vec![issuer(Some(&good))]).is_ok());
    assert!(matches!(build(vec![]), Err(BuildError::NoIssuer)));
    let twice = vec![issuer(Some(&good)), issuer(Some(&good))];
    assert!(matches!(build(twice), Err(BuildError::Twice(_))));
    assert!(matches!(build(vec![issuer(Some(&bad))]), Err(BuildError::Keys { .. })));
    let words = |value: &str| [("g".to_owned(), vec![value.to_owned()])].into();
    let named = |name: &str| Issuer { issuer: name.to_owned(), ..issuer(Some(&good)) };
    let discovered = |name: &str| Issuer { discovery: true, jwks_file: None, ..named(name) };
    for (why, wrong) in [
        ("no keys", issuer(None)),
        ("no audience", Issuer { audiences: vec![], ..issuer(Some(&good)) }),
        ("no algorithm", Issuer { algorithms: vec![], ..issuer(Some(&good)) }),
        ("no type", Issuer { token_types: vec![], ..issuer(Some(&good)) }),
        ("no name", named("")),
        ("an unclear name", named("a#b")),
        ("two sources", Issuer { jwks_url: url("https://a/k"), ..issuer(Some(&good)) }),
        ("two sources", Issuer { discovery: true, ..issuer(Some(&good)) }),
        ("plain http", Issuer { jwks_url: url("http://a/k"), ..issuer(None) }),
        ("no address", discovered("urn:a")),
        ("plain http", discovered("http://a.example")),
        ("no such role", Issuer { role_values: words("king"), ..issuer(Some(&good)) }),
        ("no such scope", Issuer { scope_values: words("all"), ..issuer(Some(&good)) }),
    ] {
        assert!(matches!(build(vec![wrong]), Err(BuildError::Issuer { .. })), "{why}");
    }
    let brief = Config {
        issuers: vec![issuer(Some(&good))],
        keys_good_for: Duration::from_secs(60),
        ..Config::default()
    };
    assert!(matches!(try_build(brief), Err(BuildError::Setting("keys_good_for", _))));
}

/// Trusts the issuer by keys at an address.
fn at(url: &str) -> Config {
    let jwks_url = Some(url.parse().unwrap());
    Config { issuers: vec![Issuer { jwks_url, ..issuer(None) }], ..Config::default() }
}

/// Trusts the issuer by discovery.
fn discovered() -> Config {
    Config { issuers: vec![Issuer { discovery: true, ..issuer(None) }], ..Config::default() }
}

/// A token that names a key of which nobody has heard.
fn unknown(signer: &Signer) -> String {
    signer.sign(&json!({ "alg": "ES256", "kid": "unknown" }), &claims())
}

/// Both clocks go on, and what waits for it happens.
async fn pass(clock: &Arc<crate::domain::ManualClock>, time: Duration) {
    clock.advance(time);
    tokio::time::sleep(time).await;
}
