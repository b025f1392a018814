//! What an issuer says of itself (OpenID Connect Discovery 1.0).

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use serde::Deserialize;
use url::Url;

use super::{
    BoxError,
    fetch::{Fetch, is_safe},
};

/// An issuer that describes itself at an address below its name.
#[derive(Debug)]
pub(super) struct Site {
    issuer: String,
    /// Where the description is.
    pub(super) at: Url,
    /// Further hosts at which it may say that keys and endpoints are.
    hosts: Vec<String>,
    pub(super) fetch: Arc<dyn Fetch>,
    last: ArcSwapOption<Metadata>,
}

impl Site {
    /// The site of an issuer. `None` means that its name is no address that may be asked.
    pub(super) fn new(issuer: &str, hosts: &[String], fetch: Arc<dyn Fetch>) -> Option<Self> {
        let (issuer, at) = (issuer.to_owned(), address(issuer)?);
        Some(Self { issuer, at, hosts: hosts.to_vec(), fetch, last: ArcSwapOption::empty() })
    }

    /// Reads the description anew.
    pub(super) async fn read(&self) -> Result<Arc<Metadata>, BoxError> {
        let json = self.fetch.get(&self.at, None).await?;
        let metadata = Arc::new(read(&json, &self.issuer, &self.hosts)?);
        self.last.store(Some(Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// The description as it was read last.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, BoxError> {
        match self.last.load_full() {
            Some(metadata) => Ok(metadata),
            None => self.read().await,
        }
    }
}

/// What we read of an issuer's own description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    /// Where its keys are.
    pub(super) jwks_uri: Url,
    /// Where it tells who somebody is.
    pub(super) userinfo_endpoint: Option<Url>,
    /// Where people log in.
    pub(super) authorization_endpoint: Option<Url>,
    /// Where a code is swapped for tokens.
    pub(super) token_endpoint: Option<Url>,
}

/// Where an issuer describes itself. Names end in a slash or do not; the address has one either way.
fn address(issuer: &str) -> Option<Url> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let url: Url = format!("{base}/.well-known/openid-configuration").parse().ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (is_plain && is_safe(&url)).then_some(url)
}

/// Reads the description of `issuer`. It must name itself as it is known here, and its addresses must be
/// at its own host or at one of `hosts`: whoever can write the description must not choose freely whom
/// the gateway asks.
fn read(json: &[u8], issuer: &str, hosts: &[String]) -> Result<Metadata, BoxError> {
    let metadata: Metadata = serde_json::from_slice(json)?;
    if metadata.issuer != issuer {
        return Err("the description names another issuer".into());
    }
    let addresses = [
        Some(&metadata.jwks_uri),
        metadata.userinfo_endpoint.as_ref(),
        metadata.authorization_endpoint.as_ref(),
        metadata.token_endpoint.as_ref(),
    ];
    if !addresses.into_iter().flatten().all(|url| is_allowed(url, issuer, hosts)) {
        return Err("an address in the description is at a host that is not allowed".into());
    }
    Ok(metadata)
}

fn is_allowed(url: &Url, issuer: &str, hosts: &[String]) -> bool {
    let at_home = address(issuer).is_some_and(|home| home.origin() == url.origin());
    let listed = url.host_str().is_some_and(|host| hosts.iter().any(|known| known == host));
    is_safe(url) && (at_home || listed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_is_the_issuers_name_and_a_fixed_path() {
        for (issuer, expected) in [
            ("https://a.example", Some("https://a.example/.well-known/openid-configuration")),
            ("https://a.example/", Some("https://a.example/.well-known/openid-configuration")),
            (
                "https://a.example/r/x",
                Some("https://a.example/r/x/.well-known/openid-configuration"),
            ),
            ("http://127.0.0.1:1", Some("http://127.0.0.1:1/.well-known/openid-configuration")),
            ("http://a.example", None),
            ("https://a.example?x=", None),
            ("https://u@a.example", None),
            ("file:///etc", None),
            ("urn:a", None),
            ("a", None),
        ] {
            assert_eq!(address(issuer).as_ref().map(Url::as_str), expected, "{issuer}");
        }
    }

    #[test]
    fn a_description_cannot_point_elsewhere() {
        let issuer = "https://a.example/r";
        for (named, jwks_uri, believed) in [
            (issuer, "https://a.example/keys", true),
            (issuer, "https://keys.example/keys", true),
            ("https://a.example/r/", "https://a.example/keys", false),
            ("https://b.example/r", "https://a.example/keys", false),
            (issuer, "http://a.example/keys", false),
            (issuer, "https://a.example:8443/keys", false),
            (issuer, "https://evil.example/keys", false),
            (issuer, "https://169.254.169.254/latest", false),
            (issuer, "http://127.0.0.1/keys", false),
            (issuer, "file:///etc/passwd", false),
        ] {
            let json = json!({ "issuer": named, "jwks_uri": jwks_uri }).to_string();

            let read = read(json.as_bytes(), issuer, &["keys.example".to_owned()]);

            assert_eq!(read.is_ok(), believed, "{named} {jwks_uri}");
        }
    }
}
