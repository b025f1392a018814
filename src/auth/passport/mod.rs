//! GA4GH Passport 1.2: a passport is believed whole or the request is refused; a visa in it counts or is
//! passed over.

mod conditions;
mod identity;
mod visa;

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tracing::debug;

use self::{
    identity::Persons,
    visa::{Checked, LINKED_IDENTITIES},
};
use super::{
    Error, VisaIssuer,
    build::Trusted,
    claims::{self, Moment},
    keys::Keys,
};
use crate::{domain::Visa, jose::Jws};

pub(super) use self::identity::Identity;
#[cfg(test)]
pub(super) use self::visa::Ignored;

/// Longest passport. It holds visas, and they are long.
pub(super) const MAX_PASSPORT: usize = 24 * 1024;

/// Most visas in one passport that are looked at. One with more is refused.
const MAX_VISAS: usize = 64;

const TYPE: &str = "vnd.ga4gh.passport+jwt";

/// Issuers of visas by their names.
pub(super) type TrustedVisas = HashMap<String, TrustedVisaIssuer>;

/// An issuer whose visas are believed.
#[derive(Debug)]
pub(super) struct TrustedVisaIssuer {
    pub(super) config: VisaIssuer,
    pub(super) keys: Keys,
}

/// A passport whose signature, time and audience were checked.
#[derive(Debug)]
pub(super) struct Passport {
    pub(super) holder: Identity,
    pub(super) expires: i64,
    pub(super) visas: Vec<String>,
}

/// Whether a passport has to name this gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// It does: alone, it would let in whoever was ever shown it.
    Required,
    /// It does if it names anybody: beside a token it says only what its holder may do.
    Optional,
}

/// Whether a text calls itself a passport.
pub(super) fn is_passport(text: &str) -> bool {
    // The header of an honest one is short.
    let header = text.split('.').next().filter(|header| header.len() <= 1024).unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header = serde_json::from_slice::<Value>(&header).unwrap_or_default();
    header.get("typ").and_then(Value::as_str) == Some(TYPE)
}

/// Checks a passport. The issuer is looked up before any key is.
pub(super) async fn check(
    text: &str,
    issuers: &HashMap<String, Trusted>,
    audience: Audience,
    moment: Moment,
) -> Result<Passport, Error> {
    believe(text, issuers, audience, moment).await.map_err(|error| match error {
        Error::KeysUnavailable => error,
        error => Error::BadPassport(error.reason()),
    })
}

async fn believe(
    text: &str,
    issuers: &HashMap<String, Trusted>,
    audience: Audience,
    moment: Moment,
) -> Result<Passport, Error> {
    if text.len() > MAX_PASSPORT {
        return Err(Error::TokenTooLong);
    }
    let jws = Jws::parse(text).map_err(|_| Error::MalformedToken)?;
    if jws.header.typ.as_deref() != Some(TYPE) {
        return Err(Error::WrongTokenType);
    }
    let issuer = claims::required(&jws.claims, "iss")?;
    let Trusted { issuer, keys, .. } = issuers
        .get(issuer)
        .filter(|trusted| trusted.issuer.passports)
        .ok_or(Error::UnknownIssuer)?;
    let algorithm = visa::algorithm(&issuer.algorithms, &jws.header.alg);
    let algorithm = algorithm.ok_or(Error::AlgorithmNotAllowed)?;
    let key = keys.find(jws.header.kid.as_deref(), algorithm).await?;
    if !jws.is_signed_by(&key) {
        return Err(Error::BadSignature);
    }
    let expires = claims::check_times(&jws.claims, moment)?;
    if !claims::is_there(&jws.claims, "iat") {
        return Err(Error::MissingClaim);
    }
    if audience == Audience::Required || claims::is_there(&jws.claims, "aud") {
        claims::check_audience(jws.claims.get("aud"), &issuer.audiences)?;
    }
    let holder = Identity::new(&issuer.issuer, claims::required(&jws.claims, "sub")?);
    let visas = jws.claims.get("ga4gh_passport_v1").ok_or(Error::MissingClaim)?;
    Ok(Passport { holder, expires, visas: texts(visas)? })
}

/// The visas in `ga4gh_passport_v1`, not yet believed.
pub(super) fn texts(claim: &Value) -> Result<Vec<String>, Error> {
    let list = claim.as_array().filter(|list| list.len() <= MAX_VISAS);
    let text = |visa: &Value| visa.as_str().map(str::to_owned);
    let texts = list.and_then(|list| list.iter().map(text).collect::<Option<Vec<_>>>());
    texts.ok_or(Error::MalformedToken)
}

/// The visas that count for a holder, and whether `caller` is the same person as the holder.
pub(super) async fn clear(
    texts: &[String],
    trusted: &TrustedVisas,
    holder: &Identity,
    caller: &Identity,
    moment: Moment,
) -> (Vec<Visa>, bool) {
    let mut checked = Vec::new();
    for text in texts {
        match visa::check(text, trusted, moment).await {
            Ok(visa) => checked.push(visa),
            Err(why) => debug!(?why, "a visa is passed over"),
        }
    }
    combine(checked, holder, caller)
}

/// Visas of different identities count together only where trusted visas tie these to one person: the
/// holder. A passport that has none of the holder's own may speak of one other identity, but not of two.
fn combine(checked: Vec<Checked>, holder: &Identity, caller: &Identity) -> (Vec<Visa>, bool) {
    let mut persons = Persons::default();
    for Checked { visa, identity, conditions } in &checked {
        if visa.kind == LINKED_IDENTITIES && conditions.is_none() {
            for other in Identity::read_list(&visa.value) {
                persons.tie(identity, &other);
            }
        }
    }
    let (holder, caller) = (persons.person(holder), persons.person(caller));
    let whose: Vec<usize> = checked.iter().map(|visa| persons.person(&visa.identity)).collect();
    let person = if whose.contains(&holder) {
        Some(holder)
    } else {
        whose.first().copied().filter(|first| whose.iter().all(|other| other == first))
    };
    let own = checked.iter().zip(&whose).filter(|(_, whose)| Some(**whose) == person);
    let own: Vec<&Checked> = own.map(|(visa, _)| visa).collect();
    let plain: Vec<&Visa> =
        own.iter().filter(|own| own.conditions.is_none()).map(|own| &own.visa).collect();
    let counts = |own: &&&Checked| own.conditions.as_ref().is_none_or(|c| c.hold(&plain));
    let mut visas: Vec<Visa> = own.iter().filter(counts).map(|own| own.visa.clone()).collect();
    visas.sort();
    visas.dedup();
    (visas, holder == caller)
}

#[cfg(test)]
pub(super) async fn judge(
    text: &str,
    trusted: &TrustedVisas,
    moment: Moment,
) -> Result<Visa, Ignored> {
    visa::check(text, trusted, moment).await.map(|checked| checked.visa)
}
