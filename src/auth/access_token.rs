//! What a token must be and say before its bearer is believed. Pure.

use super::{
    Error, Issuer, TokenType,
    claims::{self, Claims, Moment},
    mapping::Mapping,
};
use crate::{
    domain::{Caller, CallerId},
    jose::Header,
};

/// What RFC 9068, section 2.2, requires beside what every token must have.
const RFC_9068: [&str; 3] = ["client_id", "iat", "jti"];

/// Claims that mark a token as made for another purpose, though its issuer, its key and maybe its
/// audience are right: ID tokens, GA4GH passports and visas, logout tokens.
const OTHER_PURPOSES: [&str; 6] =
    ["at_hash", "c_hash", "events", "ga4gh_passport_v1", "ga4gh_visa_v1", "passport_jwt_v11"];

/// What a token says of its own type.
pub(super) fn token_type(header: &Header) -> Result<TokenType, Error> {
    let typ = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "at+jwt" => Ok(TokenType::AccessToken),
        "jwt" => Ok(TokenType::Plain),
        _ => Err(Error::WrongTokenType),
    }
}

/// The caller, and the second at which the token expires. The signature was checked before.
pub(super) fn caller(
    claims: &Claims,
    typ: TokenType,
    issuer: &Issuer,
    mapping: &Mapping,
    moment: Moment,
) -> Result<(Caller, i64), Error> {
    let expires = claims::check_times(claims, moment)?;
    claims::check_audience(claims.get("aud"), &issuer.audiences)?;
    let subject = claims::required(claims, "sub")?;
    if is_for_another_purpose(claims) {
        return Err(Error::WrongTokenType);
    }
    if claims::is_there(claims, "cnf") {
        // Bound to a key or a certificate of its owner (RFC 8705, RFC 9449): shown alone it was stolen.
        return Err(Error::BoundToken);
    }
    let rfc_9068 = RFC_9068.iter().filter(|_| typ == TokenType::AccessToken).copied();
    let further = issuer.required_claims.iter().map(String::as_str);
    for name in rfc_9068.chain(further) {
        if claims::find(claims, name).is_none_or(serde_json::Value::is_null) {
            return Err(Error::MissingClaim);
        }
    }
    Ok((mapping.caller(CallerId::new(&issuer.issuer, subject), claims), expires))
}

fn is_for_another_purpose(claims: &Claims) -> bool {
    // Keycloak says `typ: ID` or `Refresh` in the claims, Cognito `token_use: id`. Keycloak before 25
    // also puts the `nonce` of an ID token into access tokens, which say `typ: Bearer`.
    let says = |name: &str, words: &[&str]| {
        let said = claims.get(name).and_then(serde_json::Value::as_str);
        said.is_some_and(|said| words.iter().any(|word| said.eq_ignore_ascii_case(word)))
    };
    OTHER_PURPOSES.iter().any(|name| claims::is_there(claims, name))
        || (claims::is_there(claims, "nonce") && !says("typ", &["bearer"]))
        || says("typ", &["id", "refresh", "offline", "logout"])
        || says("token_use", &["id", "refresh"])
}
