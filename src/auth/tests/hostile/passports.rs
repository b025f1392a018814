//! Hostile passports, beside a good token and in its place.

use serde_json::{Value, json};

use super::Attack;
use crate::auth::{
    Error,
    tests::{
        ISSUER, NOW, Signer, bearer, claims, encode,
        passports::{Clinic, passport_claims},
    },
};

/// All of them.
pub(super) fn attacks(clinic: &Clinic) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (name, expected, passport) in texts(clinic) {
        attacks.push(beside(clinic, name, expected, &passport));
    }
    let good = clinic.passport(&[]);
    attacks.push(alone("alone, and made out to nobody", "missing_claim", &good));
    let elsewhere = changed(clinic, "aud", json!("elsewhere"));
    attacks.push(alone("alone, and made out to another", "wrong_audience", &elsewhere));
    let forged = Signer::new("first").sign(&clinic.passport_header(), &passport_claims(&[]));
    attacks.push(alone("alone, and forged", "bad_signature", &forged));
    let mut twice = beside(clinic, "two passports", "malformed_token", &good);
    twice.headers.append("x-ga4gh-passport", good.parse().unwrap());
    attacks.push(twice);
    let mut both = alone("a passport beside a passport", "malformed_token", &good);
    both.headers.insert("x-ga4gh-passport", good.parse().unwrap());
    attacks.push(both);
    let stranger = changed(clinic, "sub", json!("ben"));
    let mut another = beside(clinic, "another's passport", "", &stranger);
    another.expected = Error::PassportOfAnother;
    attacks.push(another);
    attacks
}

fn texts(clinic: &Clinic) -> Vec<(&'static str, &'static str, String)> {
    let signer = &clinic.door.signer;
    let (stranger, good) = (Signer::new("first"), clinic.passport(&[]));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let claims_of = |name: &str, value: Value| changed(clinic, name, value);
    let headed = |name: &str, value: Value| {
        let mut header = clinic.passport_header();
        header[name] = value;
        signer.sign(&header, &passport_claims(&[]))
    };
    vec![
        ("empty", "malformed_token", String::new()),
        ("garbage", "malformed_token", "garbage".to_owned()),
        ("an access token", "wrong_token_type", signer.token(&claims())),
        ("typ JWT", "wrong_token_type", headed("typ", json!("JWT"))),
        ("no typ", "wrong_token_type", headed("typ", Value::Null)),
        (
            "typ of a media type",
            "wrong_token_type",
            headed("typ", json!("application/vnd.ga4gh.passport+jwt")),
        ),
        ("alg none", "algorithm_not_allowed", headed("alg", json!("none"))),
        ("alg HS256", "algorithm_not_allowed", headed("alg", json!("HS256"))),
        ("alg outside the profile", "algorithm_not_allowed", headed("alg", json!("EdDSA"))),
        ("unknown key", "unknown_key", headed("kid", json!("second"))),
        ("crit", "malformed_token", headed("crit", json!(["x"]))),
        (
            "forged",
            "bad_signature",
            stranger.sign(&clinic.passport_header(), &passport_claims(&[])),
        ),
        ("unsigned", "bad_signature", format!("{signed}.")),
        ("zeros", "bad_signature", format!("{signed}.{}", encode([0; 64]))),
        ("another broker", "unknown_issuer", claims_of("iss", json!("https://evil.example"))),
        (
            "an issuer of visas alone",
            "unknown_issuer",
            claims_of("iss", json!("https://visas.example")),
        ),
        ("a private address", "unknown_issuer", claims_of("iss", json!("http://169.254.169.254"))),
        ("a slash more", "unknown_issuer", claims_of("iss", json!(format!("{ISSUER}/")))),
        ("no iss", "missing_claim", claims_of("iss", Value::Null)),
        ("no sub", "missing_claim", claims_of("sub", Value::Null)),
        ("no iat", "missing_claim", claims_of("iat", Value::Null)),
        ("no exp", "missing_claim", claims_of("exp", Value::Null)),
        ("expired", "token_expired", claims_of("exp", json!(NOW - 30))),
        ("from the future", "token_not_yet_valid", claims_of("iat", json!(NOW + 31))),
        ("not yet", "token_not_yet_valid", claims_of("nbf", json!(NOW + 31))),
        ("for another", "wrong_audience", claims_of("aud", json!("elsewhere"))),
        ("no visas claim", "missing_claim", without_visas(clinic)),
        ("visas are text", "malformed_token", claims_of("ga4gh_passport_v1", json!("x"))),
        ("a visa is an object", "malformed_token", claims_of("ga4gh_passport_v1", json!([{}]))),
        ("too many visas", "malformed_token", claims_of("ga4gh_passport_v1", json!(vec!["x"; 65]))),
        ("too long", "token_too_long", claims_of("ga4gh_passport_v1", json!(["x".repeat(20_000)]))),
    ]
}

fn changed(clinic: &Clinic, name: &str, value: Value) -> String {
    let mut claims = passport_claims(&[]);
    claims[name] = value;
    clinic.door.signer.sign(&clinic.passport_header(), &claims)
}

fn without_visas(clinic: &Clinic) -> String {
    let mut claims = passport_claims(&[]);
    claims.as_object_mut().unwrap().remove("ga4gh_passport_v1");
    clinic.door.signer.sign(&clinic.passport_header(), &claims)
}

fn beside(clinic: &Clinic, name: &str, why: &'static str, passport: &str) -> Attack {
    let mut headers = bearer(&clinic.door.signer.token(&claims()));
    headers.insert("x-ga4gh-passport", passport.parse().unwrap());
    Attack { name: format!("passport: {name}"), expected: Error::BadPassport(why), headers }
}

fn alone(name: &str, why: &'static str, passport: &str) -> Attack {
    let (name, headers) = (format!("passport: {name}"), bearer(passport));
    Attack { name, expected: Error::BadPassport(why), headers }
}
