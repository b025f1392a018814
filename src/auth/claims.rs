//! What a token must say before its bearer is believed. Pure.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Map, Value};

use super::{Error, Issuer};
use crate::domain::{Caller, CallerId, Role};

/// Longest subject or institution that is taken over, in bytes.
const MAX_TEXT: usize = 255;

/// Reads a claim of text that must be there.
pub(super) fn required<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<&'a str, Error> {
    match claims.get(name) {
        None | Some(Value::Null) => Err(Error::MissingClaim),
        Some(Value::String(text)) if text.is_empty() => Err(Error::MissingClaim),
        Some(Value::String(text)) if is_sane(text) => Ok(text),
        Some(_) => Err(Error::MalformedToken),
    }
}

/// The caller, and the second at which the token expires. The signature was checked before.
pub(super) fn caller(
    claims: Map<String, Value>,
    issuer: &Issuer,
    now: i64,
    leeway: Duration,
) -> Result<(Caller, i64), Error> {
    let expires = seconds(&claims, "exp")?.ok_or(Error::MissingClaim)?;
    if is_over(expires, now, leeway) {
        return Err(Error::TokenExpired);
    }
    let starts = seconds(&claims, "nbf")?;
    if starts.is_some_and(|starts| starts > now.saturating_add(whole_seconds(leeway))) {
        return Err(Error::TokenNotYetValid);
    }
    check_audience(claims.get("aud"), &issuer.audiences)?;
    let id = CallerId::new(&issuer.issuer, required(&claims, "sub")?);
    let claims = Value::Object(claims);
    let institution = find(&claims, &issuer.institution_claim).and_then(Value::as_str);
    let institution = institution.filter(|text| !text.is_empty() && is_sane(text));
    let roles = roles(find(&claims, &issuer.roles_claim));
    Ok((
        Caller { id, institution: institution.map(str::to_owned), roles, visas: Vec::new() },
        expires,
    ))
}

/// Whether a token's time is over, clocks being as they are.
pub(super) fn is_over(expires: i64, now: i64, leeway: Duration) -> bool {
    now >= expires.saturating_add(whole_seconds(leeway))
}

fn whole_seconds(leeway: Duration) -> i64 {
    i64::try_from(leeway.as_secs()).unwrap_or(i64::MAX)
}

/// A `NumericDate` (RFC 7519, section 2), which may have a fraction.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Error> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|seconds| seconds as i64))
            .map(Some)
            .ok_or(Error::MalformedToken),
        Some(_) => Err(Error::MalformedToken),
    }
}

/// RFC 7519, section 4.1.3: one audience or a list of them.
fn check_audience(claim: Option<&Value>, ours: &[String]) -> Result<(), Error> {
    let is_ours = |text: &Value| text.as_str().is_some_and(|text| ours.iter().any(|o| o == text));
    let meant = match claim {
        None | Some(Value::Null) => return Err(Error::MissingClaim),
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(one) => is_ours(one),
    };
    if meant { Ok(()) } else { Err(Error::WrongAudience) }
}

fn find<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) }
}

/// The roles that we know; whoever has none of them is a researcher.
fn roles(claim: Option<&Value>) -> BTreeSet<Role> {
    let roles: BTreeSet<Role> = match claim {
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).filter_map(Role::parse).collect()
        }
        Some(Value::String(words)) => words.split_whitespace().filter_map(Role::parse).collect(),
        _ => BTreeSet::new(),
    };
    if roles.is_empty() { BTreeSet::from([Role::Researcher]) } else { roles }
}

/// Text that may stand in a log line or a database column.
fn is_sane(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}
