//! Hostile visas in a good passport: each is passed over, and its caller is let in without it.

use serde_json::{Value, json};

use crate::auth::{
    passport::Ignored,
    tests::{
        NOW, Signer, encode,
        passports::{Clinic, visa_claims},
    },
};

/// All of them: a name, why it is passed over, and the visa.
pub(super) fn attacks(clinic: &Clinic) -> Vec<(&'static str, Ignored, String)> {
    let mut attacks = misled(clinic);
    attacks.extend(forged(clinic));
    attacks.extend(misstated(clinic));
    attacks
}

/// What is wrong is how they are signed.
fn forged(clinic: &Clinic) -> Vec<(&'static str, Ignored, String)> {
    let (stranger, good) = (Signer::new("visas"), clinic.visa(json!({})));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let header = signed.split('.').next().unwrap();
    let headed = |name: &str, value: Value| {
        let mut header = clinic.visa_header();
        header[name] = value;
        clinic.visas.sign(&header, &visa_claims(json!({})))
    };
    let other = encode(visa_claims(json!({"value": "https://data.example/2"})).to_string());
    vec![
        ("garbage", Ignored::Malformed, "garbage".to_owned()),
        ("too long", Ignored::Malformed, clinic.visa(json!({"x": "x".repeat(8000)}))),
        ("crit", Ignored::Malformed, headed("crit", json!(["x"]))),
        ("a passport", Ignored::OtherKind, clinic.passport(&[])),
        ("an access token", Ignored::OtherKind, headed("typ", json!("at+jwt"))),
        ("alg none", Ignored::Algorithm, headed("alg", json!("none"))),
        ("alg HS256", Ignored::Algorithm, headed("alg", json!("HS256"))),
        ("alg outside the profile", Ignored::Algorithm, headed("alg", json!("EdDSA"))),
        ("unknown key", Ignored::Key, headed("kid", json!("other"))),
        ("alg of another key", Ignored::Key, headed("alg", json!("RS256"))),
        (
            "forged",
            Ignored::Signature,
            stranger.sign(&clinic.visa_header(), &visa_claims(json!({}))),
        ),
        ("forged, with its key inside", Ignored::Signature, {
            let mut header = clinic.visa_header();
            header["jwk"] = stranger.jwk();
            stranger.sign(&header, &visa_claims(json!({})))
        }),
        (
            "signed by the broker",
            Ignored::Key,
            clinic.door.signer.sign(
                &{
                    let mut header = clinic.visa_header();
                    header["kid"] = json!("first");
                    header
                },
                &visa_claims(json!({})),
            ),
        ),
        ("other claims", Ignored::Signature, format!("{header}.{other}.{signature}")),
        ("unsigned", Ignored::Signature, format!("{signed}.")),
    ]
}

/// They say that their keys are elsewhere.
fn misled(clinic: &Clinic) -> Vec<(&'static str, Ignored, String)> {
    let headed = |name: &str, value: Value| {
        let mut header = clinic.visa_header();
        header[name] = value;
        clinic.visas.sign(&header, &visa_claims(json!({})))
    };
    let stranger = Signer::new("visas");
    let evil = "https://evil.example/jwks";
    let at_home = stranger
        .sign(&json!({"alg": "ES256", "kid": "visas", "jku": evil}), &visa_claims(json!({})));
    vec![
        ("jku of another", Ignored::OtherKeys, headed("jku", json!(evil))),
        ("jku inside", Ignored::OtherKeys, headed("jku", json!("http://169.254.169.254/jwks"))),
        ("jku of a file", Ignored::OtherKeys, headed("jku", json!("file:///etc/passwd"))),
        (
            "jku below the right one",
            Ignored::OtherKeys,
            headed("jku", json!("https://visas.example/jwks/../x")),
        ),
        (
            "jku with a user",
            Ignored::OtherKeys,
            headed("jku", json!("https://visas.example@evil.example/jwks")),
        ),
        ("jku as a list", Ignored::Malformed, headed("jku", json!([evil]))),
        ("no jku", Ignored::OtherKeys, headed("jku", Value::Null)),
        ("forged, with the forger's jku", Ignored::OtherKeys, at_home),
    ]
}

/// What is wrong is what they say.
fn misstated(clinic: &Clinic) -> Vec<(&'static str, Ignored, String)> {
    let rows = [
        ("another issuer", Ignored::UnknownIssuer, json!({"iss": "https://evil.example"})),
        ("a slash more", Ignored::UnknownIssuer, json!({"iss": "https://visas.example/"})),
        ("no iss", Ignored::Claims, json!({"iss": null})),
        ("no sub", Ignored::Claims, json!({"sub": null})),
        ("no iat", Ignored::Claims, json!({"iat": null})),
        ("no exp", Ignored::Claims, json!({"exp": null})),
        ("no visa", Ignored::Claims, json!({"ga4gh_visa_v1": null})),
        ("a list of visas", Ignored::Claims, json!({"ga4gh_visa_v1": []})),
        ("no type", Ignored::Claims, json!({"type": null})),
        ("no value", Ignored::Claims, json!({"value": null})),
        ("a list of values", Ignored::Claims, json!({"value": ["https://data.example/1"]})),
        ("no source", Ignored::Claims, json!({"source": null})),
        ("no asserted", Ignored::Claims, json!({"asserted": null})),
        ("asserted is text", Ignored::Claims, json!({"asserted": "now"})),
        ("a grant by nobody", Ignored::Claims, json!({"by": null})),
        ("a long value", Ignored::Claims, json!({"value": "x".repeat(256)})),
        ("a value of two lines", Ignored::Claims, json!({"value": "a\nb"})),
        ("expired", Ignored::Time, json!({"exp": NOW - 30})),
        ("not yet", Ignored::Time, json!({"nbf": NOW + 31})),
        ("issued tomorrow", Ignored::Time, json!({"iat": NOW + 86_400})),
        ("asserted tomorrow", Ignored::Time, json!({"asserted": NOW + 86_400})),
        ("asserted long ago", Ignored::Time, json!({"asserted": 0})),
        ("another source", Ignored::Source, json!({"source": "https://evil.example"})),
        ("a source below", Ignored::Source, json!({"source": "https://source.example/x"})),
        ("an access token", Ignored::OtherKind, json!({"scope": "openid ga4gh_passport_v1"})),
        ("an unknown type", Ignored::Type, json!({"type": "Superuser"})),
        ("another case", Ignored::Type, json!({"type": "controlledaccessgrants"})),
    ];
    rows.into_iter().map(|(name, why, changes)| (name, why, clinic.visa(changes))).collect()
}
