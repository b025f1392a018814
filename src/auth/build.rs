//! From the configuration to issuers that are trusted, once, at start.

use std::{path::PathBuf, sync::Arc, time::Duration};

use url::Url;

use super::{
    BuildError, Config, DevelopmentIssuer, Issuer, ReadSecret,
    discovery::Site,
    fetch::{Fetch, is_safe},
    keys::{Custody, Keys, Source, read_file},
    login::Client,
    mapping::Mapping,
    passport::{TrustedVisaIssuer, TrustedVisas},
};
use crate::jose::KeySet;

/// An issuer whose tokens are believed.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) issuer: Issuer,
    pub(super) mapping: Mapping,
    pub(super) keys: Keys,
    /// Its own description, where it is asked for one.
    pub(super) site: Option<Arc<Site>>,
    /// Who the gateway is to it, where people log in.
    pub(super) client: Option<Client>,
}

/// Where the keys of an issuer are, as the configuration says.
struct Place<'a> {
    issuer: &'a str,
    discovery: bool,
    jwks_file: Option<&'a PathBuf>,
    jwks_url: Option<&'a Url>,
    other_hosts: &'a [String],
}

/// All issuers of a configuration, and the development issuer.
pub(super) fn trusted(
    config: &Config,
    development: Option<&DevelopmentIssuer>,
    fetch: Option<&Arc<dyn Fetch>>,
    custody: &Custody,
    read_secret: ReadSecret,
) -> Result<Vec<Trusted>, BuildError> {
    let mut trusted = Vec::new();
    for issuer in &config.issuers {
        check(issuer)?;
        let place = Place {
            issuer: &issuer.issuer,
            discovery: issuer.discovery,
            jwks_file: issuer.jwks_file.as_ref(),
            jwks_url: issuer.jwks_url.as_ref(),
            other_hosts: &issuer.other_hosts,
        };
        let (keys, site) = place.keys(fetch, custody.clone())?;
        let (mapping, client) = (mapping(issuer)?, client(issuer, read_secret)?);
        trusted.push(Trusted { issuer: issuer.clone(), mapping, keys, site, client });
    }
    if let Some(development) = development {
        let issuer = development.issuer();
        let known = Some(development.keys());
        let keys = Keys::new(&issuer.issuer, Source::Fixed, known, custody.clone());
        let mapping = mapping(&issuer)?;
        trusted.push(Trusted { issuer, mapping, keys, site: None, client: None });
    }
    Ok(trusted)
}

/// All issuers of visas.
pub(super) fn trusted_visas(
    config: &Config,
    fetch: Option<&Arc<dyn Fetch>>,
    custody: &Custody,
) -> Result<TrustedVisas, BuildError> {
    let mut trusted = TrustedVisas::new();
    for issuer in &config.visa_issuers {
        if issuer.issuer.is_empty() || issuer.sources.is_empty() {
            return Err(flawed(&issuer.issuer, "an issuer of visas needs a name and `sources`"));
        }
        if issuer.jku.is_some() && issuer.jwks_url.is_some() {
            return Err(flawed(&issuer.issuer, "it needs one place of its keys, and not two"));
        }
        let place = Place {
            issuer: &issuer.issuer,
            discovery: issuer.discovery,
            jwks_file: issuer.jwks_file.as_ref(),
            jwks_url: issuer.jku.as_ref().or(issuer.jwks_url.as_ref()),
            other_hosts: &issuer.other_hosts,
        };
        let (keys, _) = place.keys(fetch, custody.clone())?;
        let known = TrustedVisaIssuer { config: issuer.clone(), keys };
        if trusted.insert(issuer.issuer.clone(), known).is_some() {
            return Err(BuildError::Twice(issuer.issuer.clone()));
        }
    }
    Ok(trusted)
}

/// Durations with which the gateway would not work.
pub(super) fn check_times(config: &Config) -> Result<(), BuildError> {
    if config.key_refresh < Duration::from_secs(1) {
        return Err(BuildError::Setting("key_refresh", "it is shorter than a second"));
    }
    if config.keys_good_for < config.key_refresh {
        return Err(BuildError::Setting("keys_good_for", "it is shorter than key_refresh"));
    }
    Ok(())
}

fn mapping(issuer: &Issuer) -> Result<Mapping, BuildError> {
    Mapping::of(issuer).map_err(|wrong| BuildError::Issuer { issuer: issuer.issuer.clone(), wrong })
}

fn client(issuer: &Issuer, read_secret: ReadSecret) -> Result<Option<Client>, BuildError> {
    let Some(config) = issuer.login.clone() else { return Ok(None) };
    if config.client_id.is_empty() || !config.scopes.iter().any(|scope| scope == "openid") {
        return Err(flawed(&issuer.issuer, "a login needs a `client_id` and the scope `openid`"));
    }
    let secret = config.client_secret.as_deref().map(read_secret).transpose();
    let secret = secret.map_err(|why| flawed(&issuer.issuer, &why))?;
    Ok(Some(Client { config, secret }))
}

fn check(issuer: &Issuer) -> Result<(), BuildError> {
    let wrong = |wrong| flawed(&issuer.issuer, wrong);
    if issuer.issuer.is_empty() || issuer.audiences.is_empty() || issuer.algorithms.is_empty() {
        return Err(wrong("it needs a name, an audience and an algorithm"));
    }
    if issuer.issuer.contains('#') {
        // A caller's id is issuer, `#` and subject.
        return Err(wrong("its name must not contain `#`"));
    }
    if issuer.token_types.is_empty() {
        return Err(wrong("it needs one of the `token_types`"));
    }
    if (issuer.userinfo || issuer.login.is_some()) && !issuer.discovery {
        return Err(wrong("`userinfo` and `login` need `discovery`"));
    }
    Ok(())
}

impl Place<'_> {
    /// The keys that are there. Files are read now, so that a bad one is noticed.
    fn keys(
        &self,
        fetch: Option<&Arc<dyn Fetch>>,
        custody: Custody,
    ) -> Result<(Keys, Option<Arc<Site>>), BuildError> {
        let (source, initial) = self.source(fetch)?;
        let site = match &source {
            Source::Discovery(site) => Some(Arc::clone(site)),
            Source::Fixed | Source::File(_) | Source::Url(..) => None,
        };
        Ok((Keys::new(self.issuer, source, initial, custody), site))
    }

    fn source(
        &self,
        fetch: Option<&Arc<dyn Fetch>>,
    ) -> Result<(Source, Option<KeySet>), BuildError> {
        let wrong = |wrong| flawed(self.issuer, wrong);
        let fetch = || fetch.cloned().ok_or_else(|| wrong("its keys cannot be fetched here"));
        match (self.jwks_file, self.jwks_url, self.discovery) {
            (Some(path), None, false) => {
                let keys = read_file(path)
                    .map_err(|source| BuildError::Keys { path: path.clone(), source })?;
                Ok((Source::File(path.clone()), Some(keys)))
            }
            (None, Some(url), false) if is_safe(url) => {
                Ok((Source::Url(url.clone(), fetch()?), None))
            }
            (None, Some(_), false) => Err(wrong("its keys must be at an https URL")),
            (None, None, true) => {
                let site = Site::new(self.issuer, self.other_hosts, fetch()?)
                    .ok_or_else(|| wrong("its name must be an https URL to discover its keys"))?;
                Ok((Source::Discovery(Arc::new(site)), None))
            }
            _ => Err(wrong("it needs one place of its keys, and not two")),
        }
    }
}

fn flawed(issuer: &str, wrong: &str) -> BuildError {
    BuildError::Issuer { issuer: issuer.to_owned(), wrong: wrong.to_owned() }
}
