//! Follows a read to where a service sends it, without ever showing the credential to another host.

use std::net::IpAddr;

use http::{HeaderValue, Method, header};
use url::{Host, Url};

use super::{Answer, Client, HttpError, Place, place};
use crate::{
    backend::{Error, Result},
    domain::Credential,
};

/// How many redirects one read may take.
const MAX_REDIRECTS: usize = 3;

impl Client {
    /// Reads `url` with GET and follows at most three redirects. The credential is shown only to the
    /// origin of `home`, the service's own base URL; `headers` go everywhere and must hold no secret.
    /// The status of the answer is for the caller to judge.
    pub async fn get_following(
        &self,
        credential: &Credential,
        home: &Url,
        url: &Url,
        headers: &[(header::HeaderName, HeaderValue)],
    ) -> Result<Answer> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let answer = match visit(home, &mut url)? {
                Visit::Home => self.call(credential, Method::GET, &url, headers).await,
                Visit::Elsewhere => self.get_away(home, &url, headers).await,
            };
            let answer = answer.map_err(HttpError::into_read_error)?;
            match redirect(&answer, &url) {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        Err(Error::Malformed("it redirects too often".to_owned()))
    }
}

/// Whether `url` lies at the same origin as `home`, or is the same host's move from `http` to `https`,
/// so that the credential may be shown there.
fn is_home(home: &Url, url: &Url) -> bool {
    let moved_to_tls = (home.scheme(), url.scheme()) == ("http", "https")
        && home.host() == url.host()
        && home.port().is_none()
        && url.port().is_none();
    matches!(home.scheme(), "http" | "https") && (home.origin() == url.origin() || moved_to_tls)
}

/// `url` as it may be read with the credential, if it lies at the same origin as `home`. A service
/// behind a TLS proxy names itself by `http`: that is lifted to `https`, never read in the clear.
pub fn as_home(home: &Url, mut url: Url) -> Option<Url> {
    let default_ports = home.port().is_none() && url.port().is_none();
    if (home.scheme(), url.scheme()) == ("https", "http")
        && default_ports
        && home.host() == url.host()
    {
        url.set_scheme("https").ok()?;
    }
    is_home(home, &url).then_some(url)
}

/// Where a redirect leads that only adds or removes a slash at the end of the path, at the same
/// origin. Such a redirect keeps method and body (307, 308); several WES servers send it.
pub fn slash_variant(answer: &Answer, url: &Url) -> Option<Url> {
    let next = url.join(answer.location()?).ok()?;
    let same_path = next.path().trim_end_matches('/') == url.path().trim_end_matches('/');
    (matches!(answer.status().as_u16(), 307 | 308)
        && is_home(url, &next)
        && same_path
        && next.path() != url.path())
    .then_some(next)
}

fn redirect(answer: &Answer, url: &Url) -> Option<Url> {
    matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| url.join(answer.location()?).ok())
        .flatten()
}

#[derive(Debug, PartialEq, Eq)]
enum Visit {
    Home,
    Elsewhere,
}

/// Decides whether `url` may be read, and with which standing.
fn visit(home: &Url, url: &mut Url) -> Result<Visit> {
    if let Some(own) = as_home(home, url.clone()) {
        *url = own;
        return Ok(Visit::Home);
    }
    if (home.scheme(), url.scheme()) == ("https", "http") {
        return Err(refused("would be read in the clear"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("is not on the web"));
    }
    match (reach(home), reach(url)) {
        (_, Reach::Never) | (Reach::Public, Reach::Private) => {
            Err(refused("lies in a private network"))
        }
        (_, Reach::Public) | (Reach::Private | Reach::Never, Reach::Private) => {
            Ok(Visit::Elsewhere)
        }
    }
}

fn refused(why: &str) -> Error {
    Error::Malformed(format!("it sends us to an address that {why}"))
}

#[derive(Debug, PartialEq, Eq)]
enum Reach {
    Public,
    Private,
    /// Link-local: where clouds serve the machine's own secrets.
    Never,
}

/// How far an address reaches, as far as its text tells. A public service has no business sending us
/// to our own machines.
fn reach(url: &Url) -> Reach {
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        Some(Host::Domain(name)) => {
            let local = name == "localhost" || name.ends_with(".localhost");
            return if local { Reach::Private } else { Reach::Public };
        }
        None => return Reach::Never,
    };
    match place(ip) {
        Place::Public => Reach::Public,
        Place::Private | Place::Loopback | Place::Reserved => Reach::Private,
        Place::LinkLocal | Place::Multicast | Place::Metadata => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credential_stays_at_home() {
        for (home, url, expected) in [
            ("https://wes.org/base", "https://wes.org/logs/1", Some(Visit::Home)),
            ("https://wes.org/base", "https://WES.org:443/logs/1", Some(Visit::Home)),
            ("https://wes.org", "http://wes.org/logs/1", Some(Visit::Home)),
            ("http://wes.org", "https://wes.org/logs/1", Some(Visit::Home)),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/a", Some(Visit::Home)),
            ("http://wes.org:8080", "https://wes.org/logs/1", Some(Visit::Elsewhere)),
            ("https://wes.org", "https://wes.org:8443/a", Some(Visit::Elsewhere)),
            ("https://wes.org", "https://wes.org.evil.example/a", Some(Visit::Elsewhere)),
            ("https://wes.org", "https://bucket.example/a", Some(Visit::Elsewhere)),
            ("http://127.0.0.1:1", "http://127.0.0.1:2/a", Some(Visit::Elsewhere)),
            ("https://wes.org", "http://bucket.example/a", None),
            ("https://wes.org", "https://10.0.0.1/a", None),
            ("https://wes.org", "https://[::ffff:127.0.0.1]/a", None),
            ("https://wes.org", "https://localhost/a", None),
            ("http://127.0.0.1:1", "http://169.254.169.254/latest", None),
            ("https://wes.org", "file:///etc/passwd", None),
        ] {
            let mut target: Url = url.parse().unwrap();

            let visited = visit(&home.parse().unwrap(), &mut target);

            assert_eq!(visited.ok(), expected, "{home} -> {url}");
            assert!(expected != Some(Visit::Home) || is_home(&home.parse().unwrap(), &target));
        }
    }
}
