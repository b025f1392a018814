//! Opens connections: straight to where a service is, or past the guard where strangers name the address.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::{net::TcpStream, time::timeout};
use tower::Service;

use super::{BoxError, guard::Guard};

/// Opens connections.
#[derive(Debug, Clone)]
pub(super) enum Connector {
    /// To services that operators wrote down.
    Plain(HttpConnector),
    /// To addresses that a guard lets through.
    Guarded {
        guard: Arc<Guard>,
        /// How long the look-up may take, and how long each address.
        patience: Duration,
    },
}

impl Connector {
    pub(super) fn new(guard: Option<Arc<Guard>>, patience: Duration) -> Self {
        match guard {
            Some(guard) => Self::Guarded { guard, patience },
            None => {
                let mut connector = HttpConnector::new();
                connector.set_connect_timeout(Some(patience));
                connector.set_nodelay(true);
                connector.enforce_http(false);
                Self::Plain(connector)
            }
        }
    }
}

type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, BoxError>> + Send>>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Plain(connector) => connector.poll_ready(ctx).map_err(Into::into),
            Self::Guarded { .. } => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        match self {
            Self::Plain(connector) => {
                let connecting = connector.call(uri);
                Box::pin(async move { connecting.await.map_err(Into::into) })
            }
            Self::Guarded { guard, patience } => {
                let (guard, patience) = (guard.clone(), *patience);
                Box::pin(async move {
                    let late = |_| {
                        io::Error::new(io::ErrorKind::TimedOut, "no answer of the name service")
                    };
                    let addresses = timeout(patience, guard.admit(&uri)).await.map_err(late)??;
                    Ok(TokioIo::new(first_of(&addresses, patience).await?))
                })
            }
        }
    }
}

/// Connects to the first address that answers.
async fn first_of(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let each = patience / u32::try_from(addresses.len().clamp(1, 4)).unwrap_or(1);
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}
