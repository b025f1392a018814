//! One connection: a place among the others, TLS, then hyper until the end.

use std::{fmt, net::SocketAddr, pin::pin, sync::Arc};

use async_trait::async_trait;
use axum::Router;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use pingora_core::{
    apps::ServerApp,
    listeners::tls::Acceptor,
    protocols::{ALPN, Stream, l4::stream::Stream as Tcp},
    server::ShutdownWatch,
};
use tokio::{io::AsyncWriteExt, sync::Semaphore, time::Instant};
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::{
    Config,
    activity::Activity,
    deadlines::{Deadlines, Limits, Place},
    request::Requests,
};
use crate::telemetry::PeerAddress;

/// hyper gives up on a head at this many times our bound, without a word; below it we answer in JSON.
const HEAD_MARGIN: usize = 2;

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

/// One listener's application: what Pingora hands its connections to.
pub(super) struct Face {
    requests: Arc<Requests>,
    tls: Option<Acceptor>,
    places: Arc<Semaphore>,
    connections: TaskTracker,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Face {
    /// The face for callers.
    pub(super) fn public(
        config: Config,
        router: Router,
        tls: Option<Acceptor>,
        connections: TaskTracker,
    ) -> Self {
        Self::new(Requests::public(config, router), tls, connections)
    }

    /// The face for operators.
    pub(super) fn ops(config: Config, router: Router, connections: TaskTracker) -> Self {
        Self::new(Requests::ops(config, router), None, connections)
    }

    fn new(requests: Requests, tls: Option<Acceptor>, connections: TaskTracker) -> Self {
        let config = &requests.config;
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_headers(config.max_headers)
            .max_header_size(config.max_header_bytes * HEAD_MARGIN);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(config.h2_max_streams)
            .max_header_list_size(64 * KIB)
            .initial_stream_window_size(MIB)
            .initial_connection_window_size(4 * MIB)
            .keep_alive_interval(config.idle_timeout)
            .keep_alive_timeout(config.header_timeout);
        let places = Arc::new(Semaphore::new(config.max_connections));
        Self { requests: Arc::new(requests), tls, places, connections, http1, http2 }
    }

    /// Serves requests until the client leaves, a deadline passes or the edge closes.
    async fn serve(
        &self,
        stream: Stream,
        place: Place,
        accepted: Instant,
        closing: &ShutdownWatch,
    ) {
        let h2 = matches!(stream.selected_alpn_proto(), Some(ALPN::H2));
        let peer = PeerAddress { address: peer_address(&stream), tls: self.tls.is_some() };
        let activity = Activity::new();
        let service = service_fn(|request: Request<Incoming>| {
            let (requests, activity) = (Arc::clone(&self.requests), Arc::clone(&activity));
            async move { requests.answer(request, peer, activity).await }
        });
        let limits = Limits::new(&self.requests.config, h2);
        let stream = Deadlines::new(stream, place, Arc::clone(&activity), limits, accepted);
        let stream = TokioIo::new(stream);

        // Both arms are the same words over two types that share no trait.
        let served = if h2 {
            let mut connection = pin!(self.http2.serve_connection(stream, service));
            tokio::select! {
                served = connection.as_mut() => served,
                () = closed(closing) => {
                    activity.closes();
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        } else {
            let connection = self.http1.serve_connection(stream, service);
            let mut connection = pin!(connection.with_upgrades());
            tokio::select! {
                served = connection.as_mut() => served,
                () = closed(closing) => {
                    activity.closes();
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = served {
            debug!(peer = ?peer.address, error = &error as &dyn std::error::Error, "connection ended");
        }
    }

    /// The stream after its TLS handshake, which has the same deadline as a request head.
    async fn secured(&self, stream: Stream) -> Option<Stream> {
        let Some(acceptor) = &self.tls else { return Some(stream) };
        let tcp = stream.into_any().downcast::<Tcp>().ok()?;
        let limit = self.requests.config.header_timeout;
        match tokio::time::timeout(limit, acceptor.tls_handshake(*tcp)).await {
            Ok(Ok(stream)) => Some(Box::new(stream)),
            Ok(Err(error)) => {
                debug!(%error, "handshake failed");
                None
            }
            Err(_) => {
                debug!("handshake took too long");
                None
            }
        }
    }
}

#[async_trait]
impl ServerApp for Face {
    async fn process_new(
        self: &Arc<Self>,
        mut stream: Stream,
        closing: &ShutdownWatch,
    ) -> Option<Stream> {
        let open = self.connections.token();
        let accepted = Instant::now();
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            if self.tls.is_none() {
                // The socket's own buffer takes these few bytes: no waiting, so no deadline.
                let _ = stream.write_all(FULL).await;
                let _ = stream.shutdown().await;
            }
            return None;
        };
        if let Some(stream) = self.secured(stream).await {
            self.serve(stream, Place { _permit: permit, _open: open }, accepted, closing).await;
        }
        // Never given back to Pingora: hyper has served all its requests.
        None
    }
}

impl fmt::Debug for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Face").field("requests", &self.requests).finish_non_exhaustive()
    }
}

/// The answer to a connection that has no place.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
    {\"msg\":\"too many connections\",\"status_code\":503,\"reason\":\"too_many_connections\"}\r\n";

async fn closed(closing: &ShutdownWatch) {
    // An error means that the sender is gone, and with it the edge.
    let _ = closing.clone().wait_for(|closing| *closing).await;
}

fn peer_address(stream: &Stream) -> Option<SocketAddr> {
    stream.get_socket_digest()?.peer_addr()?.as_inet().copied()
}
