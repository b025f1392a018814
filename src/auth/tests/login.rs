//! Logins that go wrong: the answers of an issuer, and of whoever pretends to be one.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};

use super::{Door, ISSUER, NOW, Signer, claims};
use crate::{
    auth::{Error, LoginAnswer, LoginBegun, LoginConfig, LoginError, build::Trusted},
    database::Database,
};

const BACK: &str = "https://gateway.example/api/v1/login/callback";
const DESCRIPTION: &str = "https://issuer.example/.well-known/openid-configuration";
const KEYS: &str = "https://issuer.example/jwks";
const TOKEN: &str = "https://issuer.example/token";

/// A door at which people log in. Sessions need a database, which most tests never reach.
fn door() -> Door {
    let door = Door::changed(|config| {
        config.issuers[0].jwks_file = None;
        config.issuers[0].discovery = true;
        config.issuers[0].login = Some(LoginConfig {
            client_id: "console".to_owned(),
            client_secret: None,
            scopes: vec!["openid".to_owned()],
            session_life: Duration::from_secs(3600),
        });
    });
    door.net.put(
        DESCRIPTION,
        &json!({
            "issuer": ISSUER, "jwks_uri": KEYS, "token_endpoint": TOKEN,
            "authorization_endpoint": "https://issuer.example/auth",
        }),
    );
    door.net.put_keys(KEYS, &[&door.signer]);
    door
}

/// A login that was begun, and what the issuer was told.
async fn begin(door: &Door) -> (LoginBegun, HashMap<String, String>) {
    let begun = door.authenticator.begin_login(None, BACK, "/console").await.unwrap();
    let told = begun.location.query_pairs().into_owned().collect();
    (begun, told)
}

fn answer(state: &str) -> LoginAnswer {
    LoginAnswer { code: "c".to_owned(), state: state.to_owned(), iss: None, error: None }
}

fn id_token(nonce: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": "console", "sub": "amina", "nonce": nonce,
        "exp": NOW + 600, "iat": NOW, "roles": ["operator"],
    })
}

#[tokio::test]
async fn somebody_logs_in_and_their_session_is_theirs() {
    let mut door = door();
    let database = Database::open_sqlite(&door.files.path().join("d.sqlite")).await.unwrap();
    door.authenticator.sessions = Some(crate::auth::login::Sessions(database));
    let (begun, told) = begin(&door).await;
    let token = door.signer.token(&id_token(&told["nonce"]));
    door.net.put(TOKEN, &json!({"id_token": token}));

    let done = door.authenticator.finish_login(&begun.sealed, &answer(&told["state"]), BACK).await;

    let done = done.unwrap();
    assert_eq!((done.return_to.as_str(), done.life), ("/console", Duration::from_secs(3600)));
    assert_eq!(told["redirect_uri"], BACK);
    assert_eq!(
        (told["code_challenge_method"].as_str(), told["scope"].as_str()),
        ("S256", "openid")
    );
    let secret = secrecy::ExposeSecret::expose_secret(&done.session).to_owned();
    let shown = |name: &'static str, value: String| {
        http::HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            http::HeaderValue::from_str(&value).unwrap(),
        )])
    };
    let cookie = shown("cookie", format!("a=b; ga4gh_session={secret}"));
    let caller = door.authenticator.authenticate(&cookie).await.unwrap();
    assert_eq!(caller.id.as_str(), format!("{ISSUER}#amina"));
    let bearer = shown("authorization", format!("Bearer {secret}"));
    assert!(door.authenticator.authenticate(&bearer).await.is_err(), "in its cookie alone");
    let forged = shown("cookie", "ga4gh_session=gags_AAAA".to_owned());
    assert_eq!(door.authenticator.authenticate(&forged).await, Err(Error::UnknownSession));
    let post = door.authenticator.authenticate_for(&http::Method::POST, &cookie).await;
    assert_eq!(post, Err(Error::CsrfToken));
    door.clock.advance(Duration::from_secs(3600));
    assert!(door.authenticator.authenticate(&cookie).await.is_err());
}

#[tokio::test]
async fn hostile_answers_let_nobody_in() {
    let door = door();
    let stranger = Signer::new("first");
    type Change = fn(&mut Value);
    let rows: Vec<(Error, Change)> = vec![
        (Error::WrongTokenType, |claims| claims["nonce"] = json!("another")),
        (Error::MissingClaim, |claims| claims["nonce"] = Value::Null),
        (Error::WrongAudience, |claims| claims["aud"] = json!("other-client")),
        (Error::WrongAudience, |claims| claims["azp"] = json!("other-client")),
        (Error::MissingClaim, |claims| claims["aud"] = Value::Null),
        (Error::UnknownIssuer, |claims| claims["iss"] = json!("https://evil.example")),
        (Error::MissingClaim, |claims| claims["sub"] = Value::Null),
        (Error::MissingClaim, |claims| claims["exp"] = Value::Null),
        (Error::TokenExpired, |claims| claims["exp"] = json!(NOW - 30)),
        (Error::TokenNotYetValid, |claims| claims["iat"] = json!(NOW + 31)),
    ];
    let mut attacks = Vec::new();
    for (expected, change) in rows {
        let (begun, told) = begin(&door).await;
        let mut claims = id_token(&told["nonce"]);
        change(&mut claims);
        attacks.push((expected, begun, told, door.signer.token(&claims)));
    }
    for expected in [Error::BadSignature, Error::AlgorithmNotAllowed, Error::MissingClaim] {
        let (begun, told) = begin(&door).await;
        let good = id_token(&told["nonce"]);
        let token = match expected {
            Error::BadSignature => stranger.token(&good),
            Error::AlgorithmNotAllowed => stranger.sign(&json!({"alg": "none"}), &good),
            _ => {
                let mut access_token = claims();
                access_token["aud"] = json!("console");
                door.signer.token(&access_token)
            }
        };
        attacks.push((expected, begun, told, token));
    }

    for (expected, begun, told, token) in attacks {
        door.net.put(TOKEN, &json!({"id_token": token}));
        let answer = answer(&told["state"]);
        let refused = door.authenticator.finish_login(&begun.sealed, &answer, BACK).await;

        let Err(LoginError::NotBelieved(why)) = refused else { panic!("{expected}: {refused:?}") };
        assert_eq!(why, expected);
    }
    let asked = door.net.asked();
    assert!(
        asked.iter().all(|url| [DESCRIPTION, KEYS, TOKEN].contains(&url.as_str())),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_login_that_was_not_begun_here_does_not_end_here() {
    let door = door();
    let (begun, told) = begin(&door).await;
    let (other, _) = begin(&door).await;
    let good = answer(&told["state"]);
    let from = |iss: &str| LoginAnswer { iss: Some(iss.to_owned()), ..good.clone() };
    let refused = LoginAnswer { error: Some("access_denied".to_owned()), ..good.clone() };
    let asked = door.net.asked();

    for (why, sealed, answer, expected) in [
        ("no cookie", "", good.clone(), "NotBegun"),
        ("a made one", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", good.clone(), "NotBegun"),
        ("another login's", &*other.sealed, good.clone(), "NotBegun"),
        ("no state", &*begun.sealed, answer(""), "NotBegun"),
        ("mixed up", &*begun.sealed, from("https://evil.example"), "NotBegun"),
        ("refused", &*begun.sealed, refused, "Refused"),
        ("no code", &*begun.sealed, LoginAnswer { code: String::new(), ..from(ISSUER) }, "Refused"),
    ] {
        let ended = door.authenticator.finish_login(sealed, &answer, BACK).await.unwrap_err();
        assert!(format!("{ended:?}").starts_with(expected), "{why}: {ended:?}");
    }
    door.clock.advance(Duration::from_secs(600));
    let late = door.authenticator.finish_login(&begun.sealed, &good, BACK).await;
    assert!(matches!(late, Err(LoginError::NotBegun)), "{late:?}");
    assert_eq!(door.net.asked(), asked, "none of it reached the issuer");
    let elsewhere = door.authenticator.begin_login(Some("https://evil.example"), BACK, "/").await;
    assert!(matches!(elsewhere, Err(LoginError::NoIssuer)), "{elsewhere:?}");
    let Trusted { client, .. } = &door.authenticator.issuers[ISSUER];
    assert!(client.as_ref().is_some_and(|client| client.secret.is_none()));
}
