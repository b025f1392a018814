//! What an operator may decide about the listeners. Every bound says what happens at it.

use std::{net::SocketAddr, path::PathBuf, thread, time::Duration};

use serde::Deserialize;

/// Listeners and their limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where callers are served. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where operators are served: health and metrics. Keep it off the public network.
    pub ops_listen: SocketAddr,
    /// Certificate for `listen`; without it the edge speaks plain HTTP/1.1.
    pub tls: Option<Tls>,
    /// Largest request head, in bytes. A larger one is answered with 431.
    pub max_header_bytes: usize,
    /// Most header fields of a request. More are answered with 431.
    pub max_headers: usize,
    /// How long a request head may take from its first byte, and a fresh connection until its first
    /// head, TLS included. Slower connections are closed.
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request. Then it is closed.
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    /// Most connections at once. Further ones get 503 (over TLS: are closed) at once.
    pub max_connections: usize,
    /// Largest request body, in bytes. A larger one is answered with 413.
    pub max_body_bytes: u64,
    /// How long a body may stand still: an upload without a byte is answered with 408, and a
    /// connection whose client does not read its answer is closed.
    #[serde(with = "humantime_serde")]
    pub body_stall_timeout: Duration,
    /// Threads that serve callers; by default one per core.
    pub threads: usize,
    /// How long requests in flight may take to finish after a stop. Then they are cut.
    #[serde(with = "humantime_serde")]
    pub grace_period: Duration,
    /// Most requests at once on one HTTP/2 connection. Further ones wait.
    pub h2_max_streams: u32,
}

/// Files of a certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, leaf first, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            ops_listen: SocketAddr::from(([127, 0, 0, 1], 9090)),
            tls: None,
            max_header_bytes: 32 * 1024,
            max_headers: 100,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            max_connections: 10_000,
            max_body_bytes: 100 * 1024 * 1024 * 1024,
            body_stall_timeout: Duration::from_secs(30),
            threads: thread::available_parallelism().map_or(1, usize::from),
            grace_period: Duration::from_secs(10),
            h2_max_streams: 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_says_only_what_differs() {
        let config: Config = toml::from_str(
            "listen = '[::]:443'\nidle_timeout = '2m'\n[tls]\ncertificate = 'a'\nkey = 'b'",
        )
        .unwrap();

        assert_eq!(config.listen, "[::]:443".parse().unwrap());
        assert_eq!(config.idle_timeout, Duration::from_secs(120));
        assert_eq!(config.max_body_bytes, Config::default().max_body_bytes);
        assert_eq!(config.tls.unwrap().key, PathBuf::from("b"));
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        for text in ["lisen = '[::]:443'", "[tls]\ncertificate = 'a'\nkey = 'b'\nca = 'c'"] {
            assert!(toml::from_str::<Config>(text).is_err(), "{text}");
        }
    }
}
