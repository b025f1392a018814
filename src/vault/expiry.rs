//! When a credential expires, where it says so itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::domain::Credential;

/// When a credential expires. Many tokens are JSON web tokens, Cloudgene's `X-Auth-Token` among them, and
/// tell it in `exp`; it is read and not believed for anything but a warning, so no signature is checked.
/// Client credentials fetch a new token by themselves.
pub fn expires_at(credential: &Credential) -> Option<Timestamp> {
    match credential {
        Credential::Header { value, .. } => of_token(value.expose_secret()),
        Credential::Bearer(token) => of_token(token.expose_secret()),
        Credential::None | Credential::Basic { .. } | Credential::ClientCredentials { .. } => None,
    }
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
}

fn of_token(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let token = text.split_once(' ').map_or(text, |(_, token)| token.trim());
    let mut parts = token.split('.');
    let (_head, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "a number beyond i64 is no time either")]
    Timestamp::from_second(claims.exp as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("eyJhbGciOiJIUzUxMiJ9.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_tells_when_it_expires_and_anything_else_does_not() {
        let dated = token(r#"{"sub":"amina","exp":1800000000,"api":true}"#);
        let at = Timestamp::from_second(1_800_000_000).ok();
        for (text, expected) in [
            (dated.clone(), at),
            (format!("Bearer {dated}"), at),
            (token(r#"{"exp":1800000000.5}"#), at),
            (token(r#"{"sub":"amina"}"#), None),
            (token(r#"{"exp":1e300}"#), None),
            ("a.b.c".to_owned(), None),
            (format!("{dated}.d"), None),
            ("simulated-token".to_owned(), None),
            (String::new(), None),
        ] {
            let header =
                Credential::Header { name: "X-Auth-Token".to_owned(), value: text.clone().into() };
            assert_eq!(expires_at(&header), expected, "{text}");
            assert_eq!(expires_at(&Credential::Bearer(text.clone().into())), expected, "{text}");
        }
        assert_eq!(expires_at(&Credential::None), None);
    }
}
