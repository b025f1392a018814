//! A private Redis.

use std::process::Command;

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
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
    program: Option<Program>,
    folder: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("temporary folders can be made");
        let mut redis = Self { port: free_port(), program: None, folder };
        redis.revive().await;
        redis
    }

    /// Starts it again, empty, where it was.
    pub(crate) async fn revive(&mut self) {
        let (port, folder) = (self.port, self.folder.path());
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.arg("--pidfile").arg(folder.join("pid"));
        command.current_dir(folder);
        let mut program = Program::start(&command, Stop::Term, folder);
        program.ready(|| ping(port)).await;
        self.program = Some(program);
    }

    /// Kills it without a warning.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.program = None;
    }

    /// Stops it where it is: connections stay open, and nothing is answered.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// Takes all its memory.
    pub(crate) async fn flush(&self) {
        assert_eq!(self.ask("FLUSHALL").await, "+OK");
    }

    /// The first line of its answer to a command.
    pub(crate) async fn ask(&self, command: &str) -> String {
        ask(self.port, command).await.expect("it answers")
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).expect("it told its id");
        let sent = Command::new("kill").args(["-s", signal, pid.trim()]).status();
        assert!(sent.expect("signals can be sent").success(), "{signal} to {pid}");
    }

    /// Where it listens, as `redis://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// Asks for a `PONG`.
pub(super) async fn ping(port: u16) -> Result<(), String> {
    let answer = ask(port, "PING").await?;
    if answer == "+PONG" { Ok(()) } else { Err(answer) }
}

/// The first line of an answer, without a client library.
async fn ask(port: u16, command: &str) -> Result<String, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
    let mut stream = BufReader::new(stream);
    let line = format!("{command}\r\n");
    stream.write_all(line.as_bytes()).await.map_err(|e| e.to_string())?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await.map_err(|e| e.to_string())?;
    Ok(answer.trim_end().to_owned())
}
