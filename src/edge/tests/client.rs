//! A client that writes its bytes itself.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything here takes; a test that reaches it has failed.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// One connection.
pub(super) struct Client(pub(super) TcpStream);

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends a GET with further header lines, each with its `\r\n`.
    pub(super) async fn get(&mut self, path: &str, headers: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        self.answer().await
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads one answer: its head and as many bytes as it says.
    pub(super) async fn answer(&mut self) -> String {
        let mut read = Vec::new();
        let whole = |read: &[u8]| {
            let text = String::from_utf8_lossy(read).to_lowercase();
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length = head.split("content-length: ").nth(1)?.lines().next()?;
            (body.len() >= length.parse::<usize>().unwrap()).then_some(())
        };
        while whole(&read).is_none() {
            let mut buffer = [0; 4096];
            match timeout(DEADLINE, self.0.read(&mut buffer)).await.expect("an answer in time") {
                Ok(0) | Err(_) => break,
                Ok(count) => read.extend_from_slice(&buffer[..count]),
            }
        }
        String::from_utf8(read).unwrap()
    }

    /// Waits until the server closes, and says what it still wrote.
    pub(super) async fn closed(&mut self) -> String {
        let mut rest = Vec::new();
        let end = timeout(DEADLINE, self.0.read_to_end(&mut rest)).await;
        let _ = end.expect("the server closes in time");
        String::from_utf8(rest).unwrap()
    }
}

/// The status of an answer.
pub(super) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}
