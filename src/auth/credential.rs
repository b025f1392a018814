//! Where a caller may show a token: three headers, since WES clients know different ones, and for
//! websockets one more. A passport may stand beside it.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use subtle::ConstantTimeEq;

use super::{
    Error,
    login::csrf_token,
    passport::{MAX_PASSPORT, is_passport},
};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Where a passport stands beside a token. WES 1.x names no place for it; that of a header is the same
/// for every request, with a body or without.
const PASSPORT: HeaderName = HeaderName::from_static("x-ga4gh-passport");

/// The cookie of a session, where the gateway is reached by https and where it is not.
pub const SECURE_SESSION_COOKIE: &str = "__Host-ga4gh_session";
/// The cookie of a session where the gateway is reached by plain http.
pub const SESSION_COOKIE: &str = "ga4gh_session";

/// What a page of ours repeats.
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// The subprotocol of a websocket that is followed by a token. The answer names this one alone.
pub const SUBPROTOCOL: &str = "bearer";

/// Longest token. Real ones are below 4 KiB, since proxies cut headers there.
pub(super) const MAX_TOKEN: usize = 8 * 1024;

/// What a request shows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Shown<'a> {
    /// A token of an issuer, or a passport in its place.
    pub(super) token: Cow<'a, str>,
    /// A passport beside the token.
    pub(super) passport: Option<Cow<'a, str>>,
    /// Whether the token is that of a session, which a browser shows by itself.
    pub(super) is_session: bool,
}

impl Shown<'_> {
    /// The same, for longer than the request.
    pub(super) fn into_owned(self) -> Shown<'static> {
        Shown {
            token: Cow::Owned(self.token.into_owned()),
            passport: self.passport.map(|passport| Cow::Owned(passport.into_owned())),
            is_session: self.is_session,
        }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

/// What a request shows. More than one credential is refused: it would be open which one counts.
pub(super) fn shown(headers: &HeaderMap) -> Result<Shown<'_>, Error> {
    let token = match (single(headers, &header::AUTHORIZATION)?, single(headers, &API_KEY)?) {
        (Some(_), Some(_)) => return Err(Error::MalformedToken),
        (Some(value), None) => from_authorization(value)?,
        (None, Some(value)) => Cow::Borrowed(value.trim()),
        (None, None) => {
            let token = session(headers).ok_or(Error::MissingCredential)?;
            return Ok(Shown { is_session: true, ..with_passport(headers, token)? });
        }
    };
    with_passport(headers, token)
}

/// The session in a cookie. Where the gateway is reached by https its name says that no other host set it.
fn session(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let is_from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
        && headers.get("sec-fetch-mode").is_none_or(|mode| mode != "navigate");
    if is_from_elsewhere {
        return None;
    }
    let found = cookie(headers, SECURE_SESSION_COOKIE).or_else(|| cookie(headers, SESSION_COOKIE));
    found.map(Cow::Borrowed)
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|c| c.split(';')).filter_map(|c| c.trim().split_once('='));
    cookies.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Refuses a session whose page did not repeat its token: another's page may have sent the request.
pub(super) fn check_csrf(shown: &Shown<'_>, headers: &HeaderMap) -> Result<(), Error> {
    let repeated = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    let wanted = csrf_token(&shown.token);
    if shown.is_session && !bool::from(wanted.as_bytes().ct_eq(repeated)) {
        return Err(Error::CsrfToken);
    }
    Ok(())
}

/// What a request shows that may open a websocket: as in [`shown`], or the token in the two subprotocols
/// `bearer, <token>`. A query would do for browsers too, but queries are logged on the way.
pub(super) fn shown_in_session(headers: &HeaderMap) -> Result<Shown<'_>, Error> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    if !offered.any(|protocol| protocol.trim().eq_ignore_ascii_case(SUBPROTOCOL)) {
        return shown(headers);
    }
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key(&API_KEY) {
        return Err(Error::MalformedToken);
    }
    let token = offered.next().map(str::trim).unwrap_or_default();
    with_passport(headers, Cow::Borrowed(token))
}

fn with_passport<'a>(headers: &'a HeaderMap, token: Cow<'a, str>) -> Result<Shown<'a>, Error> {
    match token.len() {
        0 => return Err(Error::MissingCredential),
        1..=MAX_TOKEN => {}
        ..=MAX_PASSPORT if is_passport(&token) => {}
        _ => return Err(Error::TokenTooLong),
    }
    let passport = single(headers, &PASSPORT)
        .map_err(|error| Error::BadPassport(error.reason()))?
        .map(|passport| Cow::Borrowed(passport.trim()));
    if passport.is_some() && is_passport(&token) {
        // Two passports: which one would count?
        return Err(Error::BadPassport(Error::MalformedToken.reason()));
    }
    Ok(Shown { token, passport, is_session: false })
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (first, None) => {
            first.map(HeaderValue::to_str).transpose().map_err(|_| Error::MalformedToken)
        }
        (_, Some(_)) => Err(Error::MalformedToken),
    }
}

fn from_authorization(value: &str) -> Result<Cow<'_, str>, Error> {
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value, ""));
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Cow::Borrowed(rest))
    } else if scheme.eq_ignore_ascii_case("basic") {
        password(rest).map(Cow::Owned)
    } else {
        Err(Error::MissingCredential)
    }
}

/// Clients that know only user and password send the token as the password; the user is ignored.
fn password(encoded: &str) -> Result<String, Error> {
    if encoded.len() > 2 * MAX_PASSPORT {
        return Err(Error::TokenTooLong);
    }
    let pair = STANDARD.decode(encoded).map_err(|_| Error::MalformedToken)?;
    let pair = String::from_utf8(pair).map_err(|_| Error::MalformedToken)?;
    let (_, password) = pair.split_once(':').ok_or(Error::MalformedToken)?;
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_websocket_may_show_its_token_as_a_subprotocol() {
        let protocol = |text: &'static str| ("sec-websocket-protocol", text);
        for (pairs, expected) in [
            (vec![protocol("bearer, t")], Ok("t")),
            (vec![protocol("events, Bearer,t, other")], Ok("t")),
            (vec![protocol("bearer"), protocol("t")], Ok("t")),
            (vec![protocol("events"), ("authorization", "Bearer u")], Ok("u")),
            (vec![("authorization", "Bearer u")], Ok("u")),
            (vec![protocol("bearer")], Err(Error::MissingCredential)),
            (vec![protocol("events")], Err(Error::MissingCredential)),
            (
                vec![protocol("bearer, t"), ("authorization", "Bearer u")],
                Err(Error::MalformedToken),
            ),
            (vec![protocol("bearer, t"), ("x-api-key", "u")], Err(Error::MalformedToken)),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &pairs {
                headers.append(*name, value.parse().unwrap());
            }

            let found = shown_in_session(&headers).map(|shown| shown.token);
            assert_eq!(found.as_deref(), expected.as_deref(), "{pairs:?}");
        }
    }

    #[test]
    fn a_token_is_found_in_three_places() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let long = "x".repeat(MAX_TOKEN + 1);
        type Case<'a> = (Vec<(&'a str, String)>, Result<&'a str, Error>);
        let cases: Vec<Case<'_>> = vec![
            (vec![("authorization", "Bearer t".into())], Ok("t")),
            (vec![("authorization", "bearer  t".into())], Ok("t")),
            (vec![("x-api-key", "t".into())], Ok("t")),
            (vec![("authorization", basic("me:t"))], Ok("t")),
            (vec![("authorization", basic(":t:u"))], Ok("t:u")),
            (vec![], Err(Error::MissingCredential)),
            (vec![("authorization", "Bearer ".into())], Err(Error::MissingCredential)),
            (vec![("authorization", "Digest t".into())], Err(Error::MissingCredential)),
            (vec![("authorization", basic("me:"))], Err(Error::MissingCredential)),
            (vec![("x-api-key", String::new())], Err(Error::MissingCredential)),
            (vec![("authorization", basic("t"))], Err(Error::MalformedToken)),
            (vec![("authorization", "Basic ???".into())], Err(Error::MalformedToken)),
            (
                vec![("authorization", "Bearer t".into()), ("x-api-key", "t".into())],
                Err(Error::MalformedToken),
            ),
            (
                vec![("authorization", "Bearer t".into()), ("authorization", "Bearer u".into())],
                Err(Error::MalformedToken),
            ),
            (vec![("x-api-key", long.clone())], Err(Error::TokenTooLong)),
            (vec![("authorization", basic(&format!("me:{long}")))], Err(Error::TokenTooLong)),
        ];
        for (pairs, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in &pairs {
                headers.append(*name, value.parse().unwrap());
            }

            let found = shown(&headers).map(|shown| shown.token);
            assert_eq!(found.as_deref(), expected.as_deref(), "{pairs:.60?}");
        }
    }
}
