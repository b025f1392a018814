//! What claims say, one at a time. Pure.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Error;

/// Claims of a token whose signature was checked.
pub(super) type Claims = Map<String, Value>;

/// Longest subject or institution that is taken over, in bytes.
const MAX_TEXT: usize = 255;

/// The time at which a token is looked at, clocks being as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    now: i64,
    leeway: i64,
}

impl Moment {
    /// The second `now`, give or take `leeway`.
    pub(super) fn new(now: i64, leeway: Duration) -> Self {
        Self { now, leeway: i64::try_from(leeway.as_secs()).unwrap_or(i64::MAX) }
    }

    /// Whether something that ends then is over.
    pub(super) fn is_after(self, end: i64) -> bool {
        self.now >= end.saturating_add(self.leeway)
    }

    /// The end to state for something that ends then without leeway, since the clock is our own.
    pub(super) fn own_end(self, end: i64) -> i64 {
        end.saturating_sub(self.leeway)
    }

    /// Whether something that begins then is still to come.
    pub(super) fn is_before(self, start: i64) -> bool {
        start > self.now.saturating_add(self.leeway)
    }
}

/// Reads a claim of text that must be there.
pub(super) fn required<'a>(claims: &'a Claims, name: &str) -> Result<&'a str, Error> {
    match claims.get(name) {
        None | Some(Value::Null) => Err(Error::MissingClaim),
        Some(Value::String(text)) if text.is_empty() => Err(Error::MissingClaim),
        Some(Value::String(text)) if is_sane(text) => Ok(text),
        Some(_) => Err(Error::MalformedToken),
    }
}

/// Whether a claim says anything at all.
pub(super) fn is_there(claims: &Claims, name: &str) -> bool {
    claims.get(name).is_some_and(|claim| !claim.is_null())
}

/// Checks `exp`, which must be there, `nbf` and `iat`. The second at which the token expires.
pub(super) fn check_times(claims: &Claims, moment: Moment) -> Result<i64, Error> {
    let expires = seconds(claims, "exp")?.ok_or(Error::MissingClaim)?;
    if moment.is_after(expires) {
        return Err(Error::TokenExpired);
    }
    for start in ["nbf", "iat"] {
        if seconds(claims, start)?.is_some_and(|start| moment.is_before(start)) {
            return Err(Error::TokenNotYetValid);
        }
    }
    Ok(expires)
}

/// A `NumericDate` (RFC 7519, section 2), which may have a fraction.
pub(super) fn seconds(claims: &Claims, name: &str) -> Result<Option<i64>, Error> {
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
pub(super) fn check_audience(claim: Option<&Value>, ours: &[String]) -> Result<(), Error> {
    let is_ours = |text: &Value| text.as_str().is_some_and(|text| ours.iter().any(|o| o == text));
    let meant = match claim {
        None | Some(Value::Null) => return Err(Error::MissingClaim),
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(one) => is_ours(one),
    };
    if meant { Ok(()) } else { Err(Error::WrongAudience) }
}

/// A claim by its name, or by a JSON pointer.
pub(super) fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    let Some(below) = path.strip_prefix('/') else { return claims.get(path) };
    let (first, rest) = below.split_once('/').map_or((below, None), |(f, rest)| (f, Some(rest)));
    let first = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    rest.map_or(Some(first), |rest| first.pointer(&format!("/{rest}")))
}

/// The words of a claim: a list, or text parted by spaces.
pub(super) fn words(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(words)) => words.split_whitespace().collect(),
        _ => Vec::new(),
    }
}

/// Text that may stand in a log line or a database column.
pub(super) fn is_sane(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}
