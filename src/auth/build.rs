//! From the configuration to issuers that are trusted, once, at start.

use std::{path::PathBuf, sync::Arc, time::Duration};

use url::Url;

use super::{
    BuildError, Config, DevelopmentIssuer, Issuer, discovery,
    fetch::{Fetch, is_safe},
    keys::{Custody, Keys, Source, read_file},
    mapping::Mapping,
};
use crate::jose::KeySet;

/// An issuer whose tokens are believed.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) issuer: Issuer,
    pub(super) mapping: Mapping,
    pub(super) keys: Keys,
}

/// Where the keys of an issuer are, as the configuration says.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) issuer: &'a str,
    pub(super) discovery: bool,
    pub(super) jwks_file: Option<&'a PathBuf>,
    pub(super) jwks_url: Option<&'a Url>,
    pub(super) key_hosts: &'a [String],
}

/// All issuers of a configuration, and the development issuer.
pub(super) fn trusted(
    config: &Config,
    development: Option<&DevelopmentIssuer>,
    fetch: Option<&Arc<dyn Fetch>>,
    custody: &Custody,
) -> Result<Vec<Trusted>, BuildError> {
    let mut trusted = Vec::new();
    for issuer in &config.issuers {
        check(issuer)?;
        let place = Place {
            issuer: &issuer.issuer,
            discovery: issuer.discovery,
            jwks_file: issuer.jwks_file.as_ref(),
            jwks_url: issuer.jwks_url.as_ref(),
            key_hosts: &issuer.key_hosts,
        };
        let keys = place.keys(fetch, custody.clone())?;
        trusted.push(Trusted { issuer: issuer.clone(), mapping: mapping(issuer)?, keys });
    }
    if let Some(development) = development {
        let issuer = development.issuer();
        let known = Some(development.keys());
        let keys = Keys::new(&issuer.issuer, Source::Fixed, known, custody.clone());
        trusted.push(Trusted { mapping: mapping(&issuer)?, issuer, keys });
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

fn check(issuer: &Issuer) -> Result<(), BuildError> {
    let wrong =
        |wrong: &str| BuildError::Issuer { issuer: issuer.issuer.clone(), wrong: wrong.to_owned() };
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
    Ok(())
}

impl Place<'_> {
    /// The keys that are there. Files are read now, so that a bad one is noticed.
    pub(super) fn keys(
        &self,
        fetch: Option<&Arc<dyn Fetch>>,
        custody: Custody,
    ) -> Result<Keys, BuildError> {
        let (source, initial) = self.source(fetch)?;
        Ok(Keys::new(self.issuer, source, initial, custody))
    }

    fn source(
        &self,
        fetch: Option<&Arc<dyn Fetch>>,
    ) -> Result<(Source, Option<KeySet>), BuildError> {
        let wrong = |wrong: &str| BuildError::Issuer {
            issuer: self.issuer.to_owned(),
            wrong: wrong.to_owned(),
        };
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
            (None, Some(_), false) => Err(wrong("`jwks_url` must be https")),
            (None, None, true) => {
                let at = discovery::address(self.issuer)
                    .ok_or_else(|| wrong("its name must be an https URL to discover its keys"))?;
                Ok((
                    Source::Discovery { at, hosts: self.key_hosts.to_vec(), fetch: fetch()? },
                    None,
                ))
            }
            _ => Err(wrong("it needs one of `discovery`, `jwks_file` and `jwks_url`")),
        }
    }
}
