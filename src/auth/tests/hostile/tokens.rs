//! Hostile access tokens: claims, headers, and texts that are no tokens.

use serde_json::{Value, json};

use super::{Attack, refused};
use crate::auth::{
    Error,
    tests::{Door, ISSUER, NOW, Signer, claims, claims_with, encode},
};

/// All of them.
pub(super) fn attacks(door: &Door) -> Vec<Attack> {
    let mut attacks = claim_attacks(door);
    attacks.extend(rfc_9068_attacks(door));
    attacks.extend(header_attacks(door));
    attacks.extend(text_attacks(door));
    attacks
}

/// One claim is wrong; null takes it away.
fn claim_attacks(door: &Door) -> Vec<Attack> {
    let rows = [
        (Error::TokenExpired, "exp", json!(NOW - 30)),
        (Error::TokenExpired, "exp", json!(0)),
        (Error::TokenExpired, "exp", json!(-1e300)),
        (Error::MissingClaim, "exp", Value::Null),
        (Error::MalformedToken, "exp", json!("2100-01-01")),
        (Error::MalformedToken, "exp", json!([NOW + 600])),
        (Error::TokenNotYetValid, "nbf", json!(NOW + 31)),
        (Error::MalformedToken, "nbf", json!(true)),
        (Error::TokenNotYetValid, "iat", json!(NOW + 31)),
        (Error::TokenNotYetValid, "iat", json!(1e300)),
        (Error::MalformedToken, "iat", json!("now")),
        (Error::MissingClaim, "aud", Value::Null),
        (Error::WrongAudience, "aud", json!("elsewhere")),
        (Error::WrongAudience, "aud", json!("Gateway")),
        (Error::WrongAudience, "aud", json!("gateway ")),
        (Error::WrongAudience, "aud", json!("gateway other-name")),
        (Error::WrongAudience, "aud", json!([])),
        (Error::WrongAudience, "aud", json!([["gateway"]])),
        (Error::WrongAudience, "aud", json!({ "gateway": true })),
        (Error::MissingClaim, "iss", Value::Null),
        (Error::UnknownIssuer, "iss", json!("https://issuer.example/")),
        (Error::UnknownIssuer, "iss", json!("https://ISSUER.example")),
        (Error::UnknownIssuer, "iss", json!("https://evil.example")),
        (Error::UnknownIssuer, "iss", json!("http://169.254.169.254/latest/meta-data")),
        (Error::UnknownIssuer, "iss", json!("file:///etc/passwd")),
        (Error::MalformedToken, "iss", json!([ISSUER])),
        (Error::MissingClaim, "sub", Value::Null),
        (Error::MissingClaim, "sub", json!("")),
        (Error::MalformedToken, "sub", json!(42)),
        (Error::MalformedToken, "sub", json!("a\nb")),
        (Error::MalformedToken, "sub", json!("x".repeat(256))),
        (Error::WrongTokenType, "nonce", json!("n-0S6_WzA2Mj")),
        (Error::WrongTokenType, "at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")),
        (Error::WrongTokenType, "typ", json!("ID")),
        (Error::WrongTokenType, "typ", json!("Refresh")),
        (Error::WrongTokenType, "token_use", json!("id")),
        (Error::WrongTokenType, "ga4gh_passport_v1", json!([])),
        (Error::WrongTokenType, "ga4gh_visa_v1", json!({ "type": "ResearcherStatus" })),
        (Error::BoundToken, "cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" })),
        (
            Error::BoundToken,
            "cnf",
            json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        ),
    ];
    let attack = |(expected, claim, value): (Error, &str, Value)| {
        let name = format!("{claim} = {value:.40}");
        refused(name, expected, door.signer.token(&claims_with(claim, value)))
    };
    rows.into_iter().map(attack).collect()
}

/// What calls itself `at+jwt` has to say what RFC 9068 requires.
fn rfc_9068_attacks(door: &Door) -> Vec<Attack> {
    let mut header = door.signer.header();
    header["typ"] = json!("at+jwt");
    let missing = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"].map(|claim| {
        let name = format!("at+jwt without {claim}");
        let token = door.signer.sign(&header, &claims_with(claim, Value::Null));
        refused(name, Error::MissingClaim, token)
    });
    missing.into()
}

/// One member of the header is wrong, or lies about another key.
fn header_attacks(door: &Door) -> Vec<Attack> {
    let stranger = Signer::new("first");
    let with = |name: &str, value: Value| {
        let mut header = door.signer.header();
        header[name] = value;
        header
    };
    let evil = "https://evil.example/keys";
    let rows = [
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("none"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("NONE"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("HS256"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("ES384"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("PS256"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("es256"))),
        (Error::UnknownKey, &door.signer, with("alg", json!("RS256"))),
        (Error::UnknownKey, &door.signer, with("kid", json!("second"))),
        (Error::UnknownKey, &door.signer, with("kid", json!("../../etc/passwd"))),
        (Error::UnknownKey, &door.signer, with("kid", json!("' OR '1'='1"))),
        (Error::UnknownKey, &door.signer, with("kid", json!(evil))),
        (Error::MalformedToken, &door.signer, with("kid", json!(1))),
        (Error::MalformedToken, &door.signer, with("crit", json!(["exp"]))),
        (Error::MalformedToken, &door.signer, with("crit", json!(["b64"]))),
        (Error::WrongTokenType, &door.signer, with("typ", json!("dpop+jwt"))),
        (Error::WrongTokenType, &door.signer, with("typ", json!("logout+jwt"))),
        (Error::WrongTokenType, &door.signer, with("typ", json!("vnd.ga4gh.visa+jwt"))),
        (Error::WrongTokenType, &door.signer, with("typ", json!("application/application/jwt"))),
        (Error::MalformedToken, &door.signer, with("alg", Value::Null)),
        (Error::BadSignature, &stranger, stranger.header()),
        (Error::BadSignature, &stranger, with("jwk", stranger.jwk())),
        (Error::BadSignature, &stranger, with("jku", json!(evil))),
        (Error::BadSignature, &stranger, with("x5u", json!(evil))),
        (Error::BadSignature, &stranger, with("jku", json!("http://169.254.169.254/keys"))),
    ];
    let attack = |(expected, signer, header): (Error, &Signer, Value)| {
        refused(header.to_string(), expected, signer.sign(&header, &claims()))
    };
    rows.into_iter().map(attack).collect()
}

/// Texts that are no tokens, or not the one that was signed.
fn text_attacks(door: &Door) -> Vec<Attack> {
    let token = door.signer.token(&claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let admin = claims_with("roles", json!(["operator"])).to_string();
    let none = encode(r#"{"alg":"none"}"#);
    let [admin, list, number] = [encode(admin), encode("[]"), encode("7")];
    // The public key is no secret, so whoever takes it for one believes everybody.
    let hmac = {
        let key =
            ring::hmac::Key::new(ring::hmac::HMAC_SHA256, door.signer.jwk().to_string().as_bytes());
        let signed = format!("{}.{payload}", encode(r#"{"alg":"HS256","kid":"first"}"#));
        format!("{signed}.{}", encode(ring::hmac::sign(&key, signed.as_bytes())))
    };
    let rows = [
        (Error::MissingCredential, "empty", String::new()),
        (Error::MalformedToken, "opaque", "opaque".to_owned()),
        (Error::MalformedToken, "dots alone", "..".to_owned()),
        (Error::MalformedToken, "no signature", signed.to_owned()),
        (Error::MalformedToken, "two signatures", format!("{token}.{signature}")),
        (Error::MalformedToken, "padded", format!("{token}=")),
        (Error::MalformedToken, "encrypted", format!("{header}.a.b.c.{signature}")),
        (Error::MalformedToken, "claims are a list", format!("{header}.{list}.{signature}")),
        (Error::MalformedToken, "header is a number", format!("{number}.{payload}.{signature}")),
        (Error::MalformedToken, "no header", door.signer.sign_text("{}", &claims().to_string())),
        (Error::MalformedToken, "no JSON", door.signer.sign_text("{\"alg\":\"ES256\"}", "{")),
        (
            Error::MalformedToken,
            "deep",
            format!("{header}.{}.{signature}", encode("[".repeat(5000))),
        ),
        (Error::AlgorithmNotAllowed, "alg none", format!("{none}.{payload}.")),
        (Error::AlgorithmNotAllowed, "HMAC by the public key", hmac),
        (Error::BadSignature, "empty signature", format!("{signed}.")),
        (Error::BadSignature, "zeros (CVE-2022-21449)", format!("{signed}.{}", encode([0; 64]))),
        (Error::BadSignature, "other claims", format!("{header}.{admin}.{signature}")),
        (Error::TokenTooLong, "too long", format!("{signed}.{}", "A".repeat(8192))),
        (Error::TokenTooLong, "much too long", "A".repeat(30_000)),
    ];
    let attack = |(expected, name, token): (Error, &str, String)| refused(name, expected, token);
    rows.into_iter().map(attack).collect()
}
