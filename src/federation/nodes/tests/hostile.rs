//! Registrations and heartbeats that are refused, and what their senders are told.

use serde_json::{Value, json};

use super::*;
use crate::federation::nodes::{Refusal, TYP};

/// The word of a refusal, without what may differ in it.
fn word(error: &Error) -> &'static str {
    match error {
        Error::Proof(Refusal::Malformed(_)) => "malformed",
        Error::Proof(Refusal::TooLarge) => "too large",
        Error::Proof(Refusal::Algorithm) => "algorithm",
        Error::Proof(Refusal::Key(_)) => "key",
        Error::Proof(Refusal::Forged) => "forged",
        Error::Proof(Refusal::Audience) => "audience",
        Error::Proof(Refusal::Purpose) => "purpose",
        Error::Proof(Refusal::Stale) => "stale",
        Error::Proof(Refusal::Future) => "future",
        Error::Proof(Refusal::TooLong) => "too long-lived",
        Error::Proof(Refusal::Replayed) => "replayed",
        Error::Proof(Refusal::UnknownKey) => "unknown key",
        Error::Invitation => "invitation",
        Error::OutsideInvitation(_) => "outside",
        Error::Flawed(_) => "flawed",
        Error::Forbidden(_) => "address",
        Error::IdTaken(_) => "taken",
        Error::Disabled => "disabled",
        Error::WrongStanding(_) => "standing",
        other => panic!("not a refusal: {other}"),
    }
}

/// An honest registration of a signer, with one claim set to a value, or taken away by null.
fn tampered(house: &House, signer: &Signer, secret: &str, claim: &str, value: &Value) -> String {
    let mut claims = json!(house.registration(secret));
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(claim);
    } else {
        claims[claim] = value.clone();
    }
    signer.sign_with_key(TYP, &claims)
}

#[tokio::test]
async fn hostile_claims_are_refused() {
    let house = House::new().await;
    let (icer, secret) = (signer(), house.invite().await);
    let us = |seconds: i64| json!((NOW + seconds) * 1_000_000);
    for (expected, claim, value) in [
        ("audience", "aud", json!("https://other.example")),
        ("audience", "aud", json!("https://gateway.example.evil")),
        ("audience", "aud", json!("")),
        ("malformed", "aud", Value::Null),
        ("malformed", "aud", json!([AUDIENCE])),
        ("purpose", "purpose", json!("heartbeat")),
        ("purpose", "purpose", json!("rotate")),
        ("malformed", "purpose", json!("approve")),
        ("malformed", "purpose", Value::Null),
        ("malformed", "iat", Value::Null),
        ("malformed", "iat", json!(NOW as f64 + 0.5)),
        ("malformed", "iat", json!(-1)),
        ("future", "iat", json!(NOW + 61)),
        ("malformed", "exp", Value::Null),
        ("malformed", "exp", json!("soon")),
        ("malformed", "exp", json!(NOW - 1)),
        ("too long-lived", "exp", json!(NOW + 301)),
        ("too long-lived", "exp", json!(i64::MAX)),
        ("too long-lived", "iat", json!(0)),
        ("malformed", "seq", Value::Null),
        ("malformed", "seq", json!(0)),
        ("malformed", "seq", json!(-5)),
        ("future", "seq", us(61)),
        ("future", "seq", json!(i64::MAX)),
        ("malformed", "node", json!("../operator")),
        ("flawed", "node", json!("types")),
        ("flawed", "node", json!("other")),
        ("invitation", "invitation", Value::Null),
        ("invitation", "invitation", json!("")),
        ("invitation", "invitation", json!(secret.replace("gni_", "gni-"))),
        ("invitation", "invitation", json!(secret.to_uppercase())),
        ("malformed", "invitation", json!(["' OR 1=1"])),
        ("flawed", "service", Value::Null),
        ("flawed", "service", json!("icer")),
        ("flawed", "service", document_with("jurisdiction", json!("Mali"))),
        ("flawed", "service", document_with("url", json!("file:///etc/passwd"))),
        ("flawed", "service", document_with("url", json!("https://me:secret@wes.icer.example"))),
        ("address", "service", document_with("url", json!("http://169.254.169.254/latest"))),
        ("address", "service", document_with("url", json!("http://127.0.0.1:8080/"))),
        ("address", "service", document_with("url", json!("http://[::1]/"))),
        ("address", "service", document_with("url", json!("https://inside.example/"))),
        ("address", "service", document_with("url", json!("https://wes.icer.example:22/"))),
        ("flawed", "service", document_with("kind", json!("fax"))),
        ("flawed", "service", document_with("weight", json!(1_000_000))),
        ("flawed", "service", document_with("depends_on", json!(["nowhere"]))),
        ("flawed", "service", document_with("stands_in_for", json!([{"service": "icer"}]))),
        ("flawed", "service", document_with("standing", json!("approved"))),
        ("unknown key", "previous", json!("a.b.c")),
    ] {
        // What is wrong is told to invited nodes only, so each has an invitation of its own.
        let secret = if claim == "invitation" { secret.clone() } else { house.invite().await };
        let text = tampered(&house, &icer, &secret, claim, &value);

        let refused = house.nodes.register(&text).await.unwrap_err();

        assert_eq!(word(&refused), expected, "{claim}: {value}");
        assert!(!refused.to_string().contains(&secret), "{refused}");
    }
    assert!(house.nodes.nodes(None, None, 10).await.unwrap().nodes.is_empty());
}

#[expect(clippy::too_many_lines, reason = "one row for each trick; splitting hides the table")]
#[tokio::test]
async fn hostile_headers_and_signatures_are_refused() {
    let house = House::new().await;
    let (icer, evil) = (signer(), signer_of(Algorithm::Es256));
    let secret = house.invite().await;
    let claims = json!(house.registration(&secret));
    let (own, alg) = (icer.key().to_jwk(), "EdDSA");
    let good = icer.sign_with_key(TYP, &claims);
    let parts: Vec<_> = good.split('.').collect();
    let flipped = |at: usize| {
        let mut letters = good.clone().into_bytes();
        let at = good.len() - at;
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(letters).unwrap()
    };
    let mut private = own.clone();
    private["d"] = json!("AAAA");
    let weak = json!({"kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43)});
    let signed = |header: Value| icer.sign(&header, &claims);
    for (expected, why, text) in [
        ("malformed", "nothing", String::new()),
        ("malformed", "no parts", "registration".to_owned()),
        ("malformed", "two parts", parts[..2].join(".")),
        ("malformed", "four parts", format!("{good}.{}", parts[2])),
        ("malformed", "JSON", claims.to_string()),
        ("malformed", "padding", format!("{good}=")),
        ("malformed", "no type", signed(json!({"alg": alg, "jwk": own}))),
        ("malformed", "a token", signed(json!({"alg": alg, "typ": "JWT", "jwk": own}))),
        ("malformed", "crit", signed(json!({"alg": alg, "typ": TYP, "jwk": own, "crit": ["b64"]}))),
        ("algorithm", "none", signed(json!({"alg": "none", "typ": TYP, "jwk": own}))),
        ("algorithm", "HMAC", signed(json!({"alg": "HS256", "typ": TYP, "jwk": own}))),
        ("algorithm", "RSA", signed(json!({"alg": "RS256", "typ": TYP, "jwk": own}))),
        ("algorithm", "P-384", signed(json!({"alg": "ES384", "typ": TYP, "jwk": own}))),
        ("algorithm", "case", signed(json!({"alg": "eddsa", "typ": TYP, "jwk": own}))),
        ("key", "no key", signed(json!({"alg": alg, "typ": TYP}))),
        ("key", "no key but an id", icer.sign_with_id(TYP, &claims)),
        (
            "key",
            "by address",
            signed(json!({"alg": alg, "typ": TYP, "jku": "https://evil.example"})),
        ),
        ("key", "private half", signed(json!({"alg": alg, "typ": TYP, "jwk": private}))),
        ("key", "anybody's key", signed(json!({"alg": alg, "typ": TYP, "jwk": weak}))),
        (
            "key",
            "symmetric",
            signed(json!({"alg": alg, "typ": TYP, "jwk": {"kty": "oct", "k": "AA"}})),
        ),
        ("key", "other id", signed(json!({"alg": alg, "typ": TYP, "jwk": own, "kid": "x"}))),
        ("key", "other algorithm", signed(json!({"alg": "ES256", "typ": TYP, "jwk": own}))),
        (
            "forged",
            "another's key",
            evil.sign(&json!({"alg": alg, "typ": TYP, "jwk": own}), &claims),
        ),
        ("forged", "no signature", format!("{}.{}.", parts[0], parts[1])),
        ("forged", "signature changed", flipped(20)),
        ("forged", "claims of another", {
            let other = json!(house.registration(&house.invite().await));
            let other = icer.sign_with_key(TYP, &other);
            format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2])
        }),
        ("too large", "long", format!("{good}{}", "A".repeat(65_536))),
    ] {
        let refused = house.nodes.register(&text).await.unwrap_err();

        assert_eq!(word(&refused), expected, "{why}");
    }

    assert_eq!(house.nodes.register(&good).await.unwrap().standing, Standing::Pending);
}

#[tokio::test]
async fn every_invitation_that_cannot_be_used_gets_the_same_answer() {
    let house = House::with(Config { max_attempts: 2, ..Config::default() }).await;
    let icer = signer();
    let used = house.registration(&house.invite().await);
    house.nodes.register(&used.sign_with_key(&icer)).await.unwrap();
    let revoked = house.invited(NewInvitation::default()).await;
    house.nodes.revoke_invitation(&revoked.invitation.id).await.unwrap();
    let exhausted = house.invite().await;
    for _ in 0..2 {
        let text = tampered(&house, &signer(), &exhausted, "service", &json!({}));
        let failed = house.nodes.register(&text).await.unwrap_err();
        assert_eq!(word(&failed), "flawed");
    }
    let life = Some(Duration::from_secs(60));
    let expired = house.invited(NewInvitation { life, ..NewInvitation::default() }).await;
    house.clock.advance(Duration::from_secs(60));

    let mut answers = Vec::new();
    for secret in [
        used.invitation.unwrap(),
        revoked.secret.expose_secret().to_owned(),
        exhausted,
        expired.secret.expose_secret().to_owned(),
        "gni_never".to_owned(),
    ] {
        let text = house.registration(&secret).sign_with_key(&signer());
        answers.push(house.nodes.register(&text).await.unwrap_err().to_string());
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn an_invitation_binds_what_comes_with_it() {
    let house = House::new().await;
    let bounds = crate::nodes::Bounds {
        service_id: Some("icer".parse().unwrap()),
        host: Some("wes.icer.example".to_owned()),
        jurisdiction: Some("ML".parse().unwrap()),
    };
    let invited = house.invited(NewInvitation { bounds, ..NewInvitation::default() }).await;
    let secret = invited.secret.expose_secret();
    let icer = signer();
    for (member, value) in [
        ("url", json!("https://wes.icer.example.evil/")),
        ("url", json!("https://127.0.0.1/")),
        ("jurisdiction", json!("KE")),
    ] {
        let mut claims = house.registration(secret);
        claims.service = Some(document_with(member, value.clone()));

        let refused = house.nodes.register(&claims.sign_with_key(&icer)).await.unwrap_err();

        assert_eq!(word(&refused), "outside", "{value}");
    }
    let mut other = house.registration(secret);
    other.node = "other".to_owned();
    other.service = Some(document_with("id", json!("other")));
    let refused = house.nodes.register(&other.sign_with_key(&icer)).await.unwrap_err();
    assert_eq!(word(&refused), "outside");

    // The failed ones did not use it up, and what is pending cannot slip out of it.
    let claims = house.registration(secret);
    house.nodes.register(&claims.sign_with_key(&icer)).await.unwrap();
    let moved = document_with("url", json!("https://evil.example/"));
    let refused = house.change(&icer, moved).await.unwrap_err();
    assert_eq!(word(&refused), "outside");
}

#[tokio::test]
async fn what_was_signed_is_good_once_and_for_a_short_time() {
    let house = House::new().await;
    let icer = signer();
    let registration = house.registration(&house.invite().await).sign_with_key(&icer);
    house.nodes.register(&registration).await.unwrap();
    house.approve().await;
    let early = house.claims(Purpose::Heartbeat).sign_with_id(&icer);
    let late = house.claims(Purpose::Heartbeat).sign_with_id(&icer);

    house.nodes.heartbeat("icer", &late).await.unwrap();

    let refused = |done: Result<Node, Error>| word(&done.unwrap_err());
    assert_eq!(refused(house.nodes.register(&registration).await), "replayed");
    assert_eq!(refused(house.nodes.heartbeat("icer", &late).await), "replayed");
    assert_eq!(refused(house.nodes.heartbeat("icer", &early).await), "replayed");
    let kept_back = house.claims(Purpose::Heartbeat).sign_with_id(&icer);
    house.clock.advance(Duration::from_secs(121));
    assert_eq!(refused(house.nodes.heartbeat("icer", &kept_back).await), "stale");
    assert_eq!(house.node().await.heartbeats, 1);
}

#[tokio::test]
async fn one_of_two_that_race_for_an_invitation_gets_it() {
    let house = House::new().await;
    let secret = house.invite().await;
    let register = |id: &str| {
        let mut claims = house.registration(&secret);
        claims.node = id.to_owned();
        claims.service = Some(document_with("id", json!(id)));
        claims.sign_with_key(&signer())
    };
    let (one, other) = (register("one"), register("other"));

    let (one, other) = tokio::join!(house.nodes.register(&one), house.nodes.register(&other));

    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(house.roster.count_live().await.unwrap(), 1);
}

#[tokio::test]
async fn a_heartbeat_speaks_for_its_own_node_and_purpose_alone() {
    let house = House::new().await;
    let (icer, evil) = (signer(), signer_of(Algorithm::Es256));
    house.approved(&icer).await;
    let other = Claims { node: "other".to_owned(), ..house.claims(Purpose::Heartbeat) };
    let borrowed_id = json!({"alg": "EdDSA", "typ": TYP, "kid": icer.key().thumbprint()});
    let beat = json!(house.claims(Purpose::Heartbeat));
    for (expected, why, id, text) in [
        ("unknown key", "another's key", "icer", evil.sign_with_id(TYP, &beat)),
        ("unknown key", "no such node", "ilifu", icer.sign_with_id(TYP, &beat)),
        ("unknown key", "no id at all", "../icer", icer.sign_with_id(TYP, &beat)),
        ("forged", "another's id", "icer", evil.sign(&borrowed_id, &beat)),
        ("purpose", "another node", "icer", other.sign_with_id(&icer)),
        ("purpose", "a status", "icer", house.claims(Purpose::Status).sign_with_id(&icer)),
        ("purpose", "a goodbye", "icer", house.claims(Purpose::Withdraw).sign_with_id(&icer)),
        ("key", "a registration", "icer", icer.sign_with_key(TYP, &beat)),
    ] {
        let refused = house.nodes.heartbeat(id, &text).await.unwrap_err();

        assert_eq!(word(&refused), expected, "{why}");
    }
    assert_eq!(house.node().await.heartbeats, 0);
}

#[tokio::test]
async fn an_id_that_is_in_use_is_nobody_elses() {
    let house = House::new().await;
    house.approved(&signer()).await;
    let operators: federation::ServiceDocument =
        serde_json::from_value(document_with("id", json!("ilifu"))).unwrap();
    let change = federation::Change { document: &operators, credential: None, dry_run: false };
    house.federation.create(change, registry::Source::Operator).await.unwrap();
    for id in ["icer", "ilifu"] {
        let mut claims = house.registration(&house.invite().await);
        claims.node = id.to_owned();
        claims.service = Some(document_with("id", json!(id)));

        let refused = house.nodes.register(&claims.sign_with_key(&signer())).await.unwrap_err();

        assert_eq!(word(&refused), "taken", "{id}");
    }
}

#[tokio::test]
async fn a_gateway_that_takes_no_registrations_says_so() {
    let house = House::with(Config { enabled: false, ..Config::default() }).await;
    let text = house.registration("gni_any").sign_with_key(&signer());

    assert_eq!(word(&house.nodes.register(&text).await.unwrap_err()), "disabled");
    assert_eq!(word(&house.nodes.heartbeat("icer", &text).await.unwrap_err()), "disabled");
}
