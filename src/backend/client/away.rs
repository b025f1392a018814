//! Where a service sends us, other than to itself: a service on the internet has no business sending us to
//! our own machines, whatever name it gives them.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, Method};
use hyper_rustls::HttpsConnectorBuilder;
use ipnet::IpNet;
use rustls::ClientConfig;
use url::Url;

use super::{
    Answer, Client, Connections, Guard, HttpError, bare, connect::Connector, guard::Resolve, single,
};
use crate::domain::Credential;

/// What an institution calls its own. A service there may keep its files on the machine beside it.
const INSIDE: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "100.64.0.0/10",
    "fc00::/7",
    "::1/128",
];

/// The connections to where services send us.
#[derive(Clone)]
pub(super) struct Away {
    outside: Guard,
    from_outside: Connections,
    from_inside: Connections,
}

impl Away {
    pub(super) fn new(tls: &ClientConfig, patience: Duration, resolver: Arc<dyn Resolve>) -> Self {
        let [outside, inside] = guards(resolver);
        let connections = |guard: &Guard| {
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(tls.clone())
                .https_or_http()
                .enable_http1()
                .wrap_connector(Connector::new(Some(Arc::new(guard.clone())), patience));
            single(connector)
        };
        let (from_outside, from_inside) = (connections(&outside), connections(&inside));
        Self { outside, from_outside, from_inside }
    }

    /// Those that a service at `home` may cause.
    pub(super) async fn from(&self, home: &Url) -> &Connections {
        match self.outside.allows(home).await {
            Ok(()) => &self.from_outside,
            Err(_) => &self.from_inside,
        }
    }
}

impl Client {
    /// Asks with GET where a service at `home` sent us. No credential goes along.
    pub(super) async fn get_away(
        &self,
        home: &Url,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Answer, HttpError> {
        let Some(away) = &self.inner.away else {
            return self.call(&Credential::None, Method::GET, url, headers).await;
        };
        let (request, wait) = (bare(Method::GET, url, headers)?, self.config().answer_timeout);
        self.exchange(away.from(home).await, &Credential::None, request, wait).await
    }
}

/// What lets through the internet alone, and what lets through the institution's own networks as well.
fn guards(resolver: Arc<dyn Resolve>) -> [Guard; 2] {
    let inside = INSIDE.map(|network| network.parse::<IpNet>().expect("it is a network"));
    [Vec::new(), inside.to_vec()]
        .map(|networks| Guard::new(networks, Vec::new()).with_resolver(resolver.clone()))
}

#[cfg(test)]
mod tests {
    use std::{io, net::IpAddr};

    use async_trait::async_trait;

    use super::*;

    #[derive(Debug)]
    struct Names;

    #[async_trait]
    impl Resolve for Names {
        async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
            let ip = match name {
                "store.example.org" => "93.184.216.34",
                "vault.lab" => "10.0.0.7",
                "metadata.example.org" => "169.254.169.254",
                _ => return Err(io::ErrorKind::NotFound.into()),
            };
            Ok(vec![ip.parse().expect("it is an address")])
        }
    }

    #[tokio::test]
    async fn names_of_our_own_machines_are_for_those_who_stand_beside_them() {
        let [outside, inside] = guards(Arc::new(Names));
        for (url, from_outside, from_inside) in [
            ("https://store.example.org/file", true, true),
            ("http://vault.lab:8200/v1/secret", false, true),
            ("http://10.0.0.7/", false, true),
            ("http://metadata.example.org/latest", false, false),
            ("http://169.254.169.254/latest", false, false),
        ] {
            let url = url.parse().unwrap();
            assert_eq!(outside.allows(&url).await.is_ok(), from_outside, "{url}");
            assert_eq!(inside.allows(&url).await.is_ok(), from_inside, "{url}");
        }
    }
}
