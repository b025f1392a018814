//! The way in: listeners, TLS, limits on connections and requests. Knows HTTP and no run.
//!
//! Pingora owns sockets, threads and the end; hyper speaks HTTP on the streams that Pingora accepts.

mod activity;
mod answer;
mod config;
mod connection;
mod deadlines;
mod metered;
mod refusal;
mod request;
mod server;
mod tls;
mod upload;

#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, path::PathBuf};

use axum::Router;
use tokio_util::sync::CancellationToken;

pub use self::{
    config::{Config, Tls},
    metered::metered,
};

/// Serves routers to the network.
#[derive(Debug)]
pub struct Edge;

impl Edge {
    /// Binds both listeners and serves until `shutdown` fires: then no connection is accepted,
    /// requests in flight finish within the grace period, and the rest is cut.
    ///
    /// When this returns, both addresses already take connections.
    pub fn start(
        config: Config,
        api: Router,
        ops: Router,
        shutdown: CancellationToken,
    ) -> Result<Running, Error> {
        server::start(config, api, ops, shutdown)
    }
}

/// Checks settings and certificate, without opening a port.
pub fn check(config: &Config) -> Result<(), Error> {
    server::check(config)?;
    config.tls.as_ref().map(tls::acceptor).transpose().map(drop)
}

/// An edge that serves.
#[derive(Debug)]
pub struct Running {
    /// Where callers are served, with the real port.
    pub address: SocketAddr,
    /// Where operators are served, with the real port.
    pub ops_address: SocketAddr,
    ended: CancellationToken,
}

impl Running {
    /// Waits until the edge has ended, for whatever reason. May be awaited more than once.
    pub async fn stopped(&self) {
        self.ended.cancelled().await;
    }
}

/// Why the edge did not start. Nothing was served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, not ours, or needs a privilege.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address as configured.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of the certificate is missing, unreadable or not PEM.
    #[error("cannot read {}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit each other, or are of no kind that is known.
    #[error("the certificate in {} cannot be used", path.display())]
    Certificate {
        /// The file of the certificate.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(&'static str),
    /// The system gave no thread.
    #[error("cannot start the server's thread")]
    Thread(#[source] io::Error),
}
