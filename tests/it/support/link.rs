//! A way to a service that can be cut and mended: the service lives on behind it.

use std::net::SocketAddr;

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A relay in front of a service. It ends when it is dropped.
pub(crate) struct Link {
    /// Where the service is reached.
    pub(crate) address: SocketAddr,
    up: watch::Sender<bool>,
    _relay: JoinSet<()>,
}

impl Link {
    /// A way to the service at `target`.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (up, seen) = watch::channel(true);
        let mut relay = JoinSet::new();
        relay.spawn(run(listener, address, target, seen));
        Self { address, up, _relay: relay }
    }

    /// Breaks every connection, and refuses new ones.
    pub(crate) fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Takes connections again.
    pub(crate) fn mend(&self) {
        self.up.send_replace(true);
    }
}

async fn run(
    listener: TcpListener,
    address: SocketAddr,
    target: SocketAddr,
    mut up: watch::Receiver<bool>,
) {
    let mut listener = Some(listener);
    loop {
        let open = match listener.take() {
            Some(open) => open,
            None => TcpListener::bind(address).await.expect("nobody else takes the port"),
        };
        relay(&open, target, &mut up).await;
        drop(open);
        if up.wait_for(|up| *up).await.is_err() {
            return;
        }
    }
}

/// Relays connections until the link is cut; then all of them break.
async fn relay(listener: &TcpListener, target: SocketAddr, up: &mut watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut near, _)) = accepted else { continue };
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
            _ = up.wait_for(|up| !*up) => return,
        }
    }
}
