//! Pingora's server in a thread of its own: it builds its own runtimes and must not run inside one.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::fd::IntoRawFd,
    thread,
    time::Duration,
};

use async_trait::async_trait;
use axum::Router;
use pingora_core::{
    listeners::{L4BufferSettings, ListenerConfig},
    server::{
        ListenFds, RunArgs, Server, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch,
        configuration::ServerConf,
    },
    services::{Service, listening},
};
use tokio::sync::watch;
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tracing::{info, warn};

use super::{Config, Error, Running, connection::Face, tls};

/// Operators' connections have their own bound, so that a full public face cannot hide the health.
const OPS_CONNECTIONS: usize = 128;

/// Pingora reads into a buffer of 64 KiB per connection by default; hyper has its own behind it.
const READ_BUFFER: usize = 16 * 1024;
const WRITE_BUFFER: usize = 4 * 1024;

pub(super) fn start(
    config: Config,
    api: Router,
    ops: Router,
    shutdown: CancellationToken,
) -> Result<Running, Error> {
    check(&config)?;
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let socket = bind(config.listen)?;
    let ops_socket = bind(config.ops_listen)?;
    let (address, ops_address) = (socket.1, ops_socket.1);

    let (closing, closed) = watch::channel(false);
    let connections = TaskTracker::new();
    let threads = config.threads;
    let grace_period = config.grace_period;
    let ops_config = Config { max_connections: OPS_CONNECTIONS, ..config.clone() };
    let api = Face::public(config, api, tls, connections.clone());
    let ops = Face::ops(ops_config, ops, connections.clone());

    let mut server = Server::new_with_opt_and_conf(None, conf(threads));
    let open = || connections.token();
    server.add_service(Listening::new("edge", api, socket, threads, closed.clone(), open()));
    server.add_service(Listening::new("edge ops", ops, ops_socket, 1, closed, open()));

    let ended = CancellationToken::new();
    let end = ended.clone().drop_guard();
    let stop = Stop { shutdown, closing, connections, grace_period };
    thread::Builder::new()
        .name("edge".to_owned())
        .spawn(move || {
            // Dropped last, and by a panic too: whoever waits must learn of the end.
            let _end = end;
            server.run(RunArgs { shutdown_signal: Box::new(stop) });
        })
        .map_err(Error::Thread)?;
    info!("serving on {address}, operators on {ops_address}");
    Ok(Running { address, ops_address, ended })
}

pub(super) fn check(config: &Config) -> Result<(), Error> {
    let wrong = match config {
        Config { threads: 0, .. } => "threads must be at least 1",
        Config { max_connections: 0, .. } => "max_connections must be at least 1",
        // hyper panics on a head smaller than this.
        Config { max_header_bytes: ..8192, .. } => "max_header_bytes must be at least 8192",
        Config { max_headers: 0, .. } => "max_headers must be at least 1",
        Config { h2_max_streams: 0, .. } => "h2_max_streams must be at least 1",
        _ => return Ok(()),
    };
    Err(Error::Setting(wrong))
}

/// Pingora cannot report the port it was given (its issue 988) and notices a taken one only while it
/// runs. So we bind, and hand the socket over the way a graceful upgrade does.
fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let bind = || -> io::Result<_> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    };
    bind().map_err(|source| Error::Bind { address, source })
}

fn conf(threads: usize) -> ServerConf {
    ServerConf {
        threads,
        // We wait for requests ourselves: Pingora would sleep the whole period even if idle.
        grace_period_seconds: Some(0),
        // For tasks to be dropped, not to finish: those that could have are done by then.
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

/// A Pingora service whose socket is bound already, and whose accept loop ends at our word.
struct Listening {
    inner: listening::Service<Face>,
    socket: Option<TcpListener>,
    address: String,
    closed: watch::Receiver<bool>,
    /// Held until the socket is closed, so that the end waits for it as for a connection.
    open: Option<TaskTrackerToken>,
}

impl Listening {
    fn new(
        name: &str,
        face: Face,
        (socket, address): (TcpListener, SocketAddr),
        threads: usize,
        closed: watch::Receiver<bool>,
        open: TaskTrackerToken,
    ) -> Self {
        let address = address.to_string();
        let mut inner = listening::Service::new(name.to_owned(), face);
        inner.threads = Some(threads);
        inner.add_listener(
            ListenerConfig::tcp(address.clone())
                .l4_buffer(L4BufferSettings::new(READ_BUFFER, WRITE_BUFFER)),
        );
        Self { inner, socket: Some(socket), address, closed, open: Some(open) }
    }
}

#[async_trait]
impl Service for Listening {
    async fn start_service(
        &mut self,
        fds: Option<ListenFds>,
        _shutdown: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        if let (Some(fds), Some(socket)) = (&fds, self.socket.take()) {
            // The table is where Pingora looks first; from here on it owns the descriptor.
            fds.lock().add(self.address.clone(), socket.into_raw_fd());
        }
        self.inner.start_service(fds, self.closed.clone(), listeners_per_fd).await;
        self.open = None;
    }

    fn name(&self) -> &str {
        Service::name(&self.inner)
    }

    fn threads(&self) -> Option<usize> {
        self.inner.threads
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Some(vec![self.address.clone()])
    }
}

/// The one owner of the end, in place of Pingora's signal handlers.
struct Stop {
    shutdown: CancellationToken,
    closing: watch::Sender<bool>,
    connections: TaskTracker,
    grace_period: Duration,
}

#[async_trait]
impl ShutdownSignalWatch for Stop {
    /// Returns only when the last connection is gone or the grace period over; Pingora then drops what
    /// is left.
    async fn recv(&self) -> ShutdownSignal {
        self.shutdown.cancelled().await;
        self.closing.send_replace(true);
        self.connections.close();
        if tokio::time::timeout(self.grace_period, self.connections.wait()).await.is_err() {
            warn!("{} connections were cut after the grace period", self.connections.len());
        }
        ShutdownSignal::GracefulTerminate
    }
}
