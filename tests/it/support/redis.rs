//! A private Redis.

use std::process::Command;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    ports::free_port,
    program::{Program, Stop},
};

/// A running `redis-server` that keeps nothing; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Redis {
    port: u16,
    // Declared before the folder, so that it ends before its folder goes.
    _program: Program,
    _folder: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("temporary folders can be made");
        let port = free_port();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.current_dir(folder.path());
        let mut program = Program::start(&command, Stop::Term, folder.path());
        program.ready(|| ping(port)).await;
        Self { port, _program: program, _folder: folder }
    }

    /// Where it listens, as `redis://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// Asks for a `PONG`, without a client library.
pub(super) async fn ping(port: u16) -> Result<(), String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
    stream.write_all(b"PING\r\n").await.map_err(|e| e.to_string())?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.map_err(|e| e.to_string())?;
    if &answer == b"+PONG\r\n" { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into()) }
}
