//! What an issuer says of itself (OpenID Connect Discovery 1.0). Pure.

use serde::Deserialize;
use url::Url;

use super::{BoxError, fetch::is_safe};

/// What we read of an issuer's own description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    /// Where its keys are.
    pub(super) jwks_uri: Url,
}

/// Where an issuer describes itself. Names end in a slash or do not; the address has one either way.
pub(super) fn address(issuer: &str) -> Option<Url> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let url: Url = format!("{base}/.well-known/openid-configuration").parse().ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (is_plain && is_safe(&url)).then_some(url)
}

/// Reads the description of `issuer`. It must name itself as it is known here, and its addresses must be
/// at its own host or at one of `hosts`: whoever can write the description must not choose freely whom
/// the gateway asks.
pub(super) fn read(json: &[u8], issuer: &str, hosts: &[String]) -> Result<Metadata, BoxError> {
    let metadata: Metadata = serde_json::from_slice(json)?;
    if metadata.issuer != issuer {
        return Err("the description names another issuer".into());
    }
    if !is_allowed(&metadata.jwks_uri, issuer, hosts) {
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
