//! One visa: what it must be and say to count. Pure, apart from its issuer's keys.

use serde_json::Value;

use super::{TrustedVisas, conditions::Conditions, identity::Identity};
use crate::{
    auth::claims::{self, Moment},
    domain::Visa,
    jose::{Algorithm, Jws},
};

/// A visa that counts, if its conditions hold and it is the caller's.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) visa: Visa,
    pub(super) identity: Identity,
    pub(super) conditions: Option<Conditions>,
}

/// Why a visa is passed over. None of it is an error of whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Ignored {
    /// Not a signed visa, or larger than any honest one.
    Malformed,
    /// It is another kind of token, or a visa access token, which are deprecated.
    OtherKind,
    /// Nobody here trusts its issuer.
    UnknownIssuer,
    /// Its `jku` is not where its issuer's keys are.
    OtherKeys,
    /// Its algorithm is not one of its issuer's.
    Algorithm,
    /// Its key is not known.
    Key,
    /// It is forged.
    Signature,
    /// Something that must be there is not, or cannot be read.
    Claims,
    /// Its time is over, or has not come.
    Time,
    /// Its issuer does not speak for this source.
    Source,
    /// Its type is none that we know.
    Type,
}

/// The types of the standard, and those that need `by`.
const TYPES: [(&str, bool); 5] = [
    ("AffiliationAndRole", false),
    ("AcceptedTermsAndPolicies", true),
    ("ResearcherStatus", false),
    ("ControlledAccessGrants", true),
    (LINKED_IDENTITIES, false),
];

pub(super) const LINKED_IDENTITIES: &str = "LinkedIdentities";

/// Longest visa.
const MAX_VISA: usize = 8 * 1024;

/// Longest value of a visa that is no list of identities: URL claims end there (GA4GH Passport 1.2).
const MAX_VALUE: usize = 255;

/// Checks one visa. Its issuer is looked up before anything is fetched, and only that issuer's configured
/// address is ever asked.
pub(super) async fn check(
    text: &str,
    trusted: &TrustedVisas,
    moment: Moment,
) -> Result<Checked, Ignored> {
    if text.len() > MAX_VISA {
        return Err(Ignored::Malformed);
    }
    let jws = Jws::parse(text).map_err(|_| Ignored::Malformed)?;
    let typ = jws.header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    if !matches!(typ.as_str(), "jwt" | "vnd.ga4gh.visa+jwt") {
        return Err(Ignored::OtherKind);
    }
    let scope = claims::words(jws.claims.get("scope"));
    if scope.contains(&"openid") {
        return Err(Ignored::OtherKind);
    }
    let issuer = claims::required(&jws.claims, "iss").map_err(|_| Ignored::Claims)?;
    let issuer = trusted.get(issuer).ok_or(Ignored::UnknownIssuer)?;
    if let Some(jku) = &issuer.config.jku
        && jws.header.jku.as_deref() != Some(jku.as_str())
    {
        return Err(Ignored::OtherKeys);
    }
    let algorithm = algorithm(&issuer.config.algorithms, &jws.header.alg);
    let algorithm = algorithm.ok_or(Ignored::Algorithm)?;
    let key = issuer.keys.find(jws.header.kid.as_deref(), algorithm).await;
    if !jws.is_signed_by(&*key.map_err(|_| Ignored::Key)?) {
        return Err(Ignored::Signature);
    }
    read(&jws, &issuer.config, moment)
}

/// The algorithm of this name, if it is allowed here and in the profile.
pub(super) fn algorithm(allowed: &[Algorithm], name: &str) -> Option<Algorithm> {
    let in_profile = |known: &&Algorithm| matches!(known, Algorithm::Es256 | Algorithm::Rs256);
    allowed.iter().filter(in_profile).find(|known| known.as_str() == name).copied()
}

fn read(
    jws: &Jws<'_>,
    issuer: &crate::auth::VisaIssuer,
    moment: Moment,
) -> Result<Checked, Ignored> {
    let times = claims::check_times(&jws.claims, moment);
    let expires = times.map_err(|error| match error {
        crate::auth::Error::TokenExpired | crate::auth::Error::TokenNotYetValid => Ignored::Time,
        _ => Ignored::Claims,
    })?;
    if !claims::is_there(&jws.claims, "iat") {
        return Err(Ignored::Claims);
    }
    let subject = claims::required(&jws.claims, "sub").map_err(|_| Ignored::Claims)?;
    let said = jws.claims.get("ga4gh_visa_v1").and_then(Value::as_object).ok_or(Ignored::Claims)?;
    let text = |name: &str| {
        let text = said.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(Ignored::Claims)
    };
    let (kind, value, source) = (text("type")?, text("value")?, text("source")?);
    let asserted = claims::seconds(said, "asserted").ok().flatten().ok_or(Ignored::Claims)?;
    let by = said.get("by").and_then(Value::as_str).map(str::to_owned);
    let needs_by = match TYPES.iter().find(|(known, _)| *known == kind) {
        Some((_, needs_by)) => *needs_by,
        // Types of others are URLs; whether they mean anything is for policies to say.
        None if kind.starts_with("https://") => false,
        None => return Err(Ignored::Type),
    };
    let is_sane = |text: &str| text.len() <= MAX_VALUE && !text.chars().any(char::is_control);
    let is_list = kind == LINKED_IDENTITIES;
    if (needs_by && by.is_none())
        || ![&kind, &source].iter().all(|text| is_sane(text))
        || !(is_list || is_sane(&value))
        || by.as_deref().is_some_and(|by| !is_sane(by))
    {
        return Err(Ignored::Claims);
    }
    if !issuer.sources.iter().any(|known| known == "*" || *known == source) {
        return Err(Ignored::Source);
    }
    let max_age = i64::try_from(issuer.max_age.as_secs()).unwrap_or(i64::MAX);
    let expires = expires.min(asserted.saturating_add(max_age));
    if moment.is_before(asserted) || moment.is_after(expires) {
        return Err(Ignored::Time);
    }
    let (identity, issuer) = (Identity::new(&issuer.issuer, subject), issuer.issuer.clone());
    let conditions = Conditions::read(said.get("conditions"));
    let visa = Visa { kind, value, source, by, issuer, asserted, expires };
    Ok(Checked { visa, identity, conditions })
}
