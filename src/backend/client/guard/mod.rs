//! Keeps a client that is given addresses by strangers away from our own networks.
//!
//! A name is looked up once, every address that it has is checked, and the connection goes to one of
//! exactly those: a name that answers differently a moment later changes nothing. Since the check is made
//! for each connection, it holds for redirects, next pages and token endpoints alike.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use http::Uri;
use ipnet::IpNet;
use url::Url;

use super::address::{Place, contains, place};

/// Looks names up.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a name.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Looks names up as this machine does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// What a client may connect to.
///
/// Ports below 1024 other than 80 and 443 are those of mail, shells and directories, and are never asked.
/// Above that every port goes, since WES servers listen anywhere.
#[derive(Debug, Clone)]
pub struct Guard {
    networks: Vec<IpNet>,
    hosts: Vec<String>,
    resolver: Arc<dyn Resolve>,
}

/// Why an address is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It, or one of the addresses of a name, is not on the internet.
    #[error("{host} is an address {} ({ip})", place.words())]
    Address {
        /// The host as it was written.
        host: String,
        /// The address.
        ip: IpAddr,
        /// What kind of place that is.
        place: Place,
    },
    /// The port belongs to another protocol.
    #[error("port {0} belongs to another protocol than HTTP")]
    Port(u16),
    /// It is no address of the web.
    #[error("only http and https are asked")]
    Scheme,
}

/// The most addresses of one name that are tried; a name with more is odd.
const MAX_ADDRESSES: usize = 16;

impl Guard {
    /// A guard that lets through the internet, these networks, and whatever these names stand for.
    /// Addresses where clouds keep secrets are let through only by a network of that one address.
    pub fn new(networks: Vec<IpNet>, hosts: Vec<String>) -> Self {
        let hosts = hosts.iter().map(|host| plain(host)).collect();
        Self { networks, hosts, resolver: Arc::new(SystemResolver) }
    }

    /// The same guard with another way to look names up.
    #[must_use]
    pub fn with_resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Whether the host of `url` may be connected to, as far as can be told now. A name that cannot be
    /// looked up is no refusal: each connection is checked again.
    pub async fn allows(&self, url: &Url) -> Result<(), Refusal> {
        let Ok(uri) = url.as_str().parse::<Uri>() else { return Err(Refusal::Scheme) };
        match self.admit(&uri).await {
            Ok(_) => Ok(()),
            Err(error) => match error.into_inner().map(|inner| inner.downcast::<Refusal>()) {
                Some(Ok(refusal)) => Err(*refusal),
                Some(Err(_)) | None => Ok(()),
            },
        }
    }

    /// The addresses of the host of `uri` that may be connected to. If one of them is refused, all are.
    pub(super) async fn admit(&self, uri: &Uri) -> io::Result<Vec<SocketAddr>> {
        let port = checked_port(uri).map_err(refused)?;
        let host = plain(uri.host().unwrap_or_default());
        let ips = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.resolver.resolve(&host).await?,
        };
        if ips.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        for ip in &ips {
            self.check(&host, *ip).map_err(refused)?;
        }
        Ok(ips.into_iter().take(MAX_ADDRESSES).map(|ip| SocketAddr::new(ip, port)).collect())
    }

    fn check(&self, host: &str, ip: IpAddr) -> Result<(), Refusal> {
        let place = place(ip);
        let alone = |network: &IpNet| network.prefix_len() == network.max_prefix_len();
        let listed = self.networks.iter().filter(|network| contains(network, ip));
        let allowed = match place {
            Place::Public => true,
            Place::Metadata => listed.clone().any(alone),
            Place::Private
            | Place::Loopback
            | Place::LinkLocal
            | Place::Multicast
            | Place::Reserved => {
                listed.clone().next().is_some() || self.hosts.iter().any(|own| own == host)
            }
        };
        if allowed { Ok(()) } else { Err(Refusal::Address { host: host.to_owned(), ip, place }) }
    }
}

fn checked_port(uri: &Uri) -> Result<u16, Refusal> {
    let port = match uri.scheme_str() {
        Some("http") => uri.port_u16().unwrap_or(80),
        Some("https") => uri.port_u16().unwrap_or(443),
        _ => return Err(Refusal::Scheme),
    };
    if matches!(port, 80 | 443 | 1024..) { Ok(port) } else { Err(Refusal::Port(port)) }
}

fn refused(refusal: Refusal) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, refusal)
}

/// A host without regard to case and to the dot that ends a full name.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
