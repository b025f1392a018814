//! A client that writes its bytes itself: what no library would send.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::TestGateway;

/// The media type of forms that are written by hand.
pub(crate) const FORM: &str = "multipart/form-data; boundary=b";

/// What ends such a form.
pub(crate) const END: &str = "--b--\r\n";

/// A part of a form: the rest of its `Content-Disposition`, and what it holds.
pub(crate) fn part(disposition: &str, content: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
}

/// A plain field.
pub(crate) fn field(name: &str, content: &str) -> String {
    part(&format!("name=\"{name}\""), content)
}

/// An attachment.
pub(crate) fn file(name: &str, content: &str) -> String {
    part(&format!("name=\"workflow_attachment\"; filename=\"{name}\""), content)
}

/// One connection that submits a run.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Sends the head of a submission of so many bytes.
    pub(crate) async fn submit(
        gateway: &TestGateway,
        subject: &str,
        length: usize,
        headers: &str,
    ) -> Self {
        let address = gateway.base_url().replace("http://", "");
        let stream = TcpStream::connect(&address).await.expect("the gateway listens");
        let mut raw = Self(stream);
        let token = gateway.token(subject);
        raw.send(&format!(
            "POST /ga4gh/wes/v1/runs HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: {FORM}\r\nContent-Length: {length}\r\n\
             {headers}\r\n"
        ))
        .await;
        raw
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("the gateway reads");
    }

    /// Says that nothing more will come, and still listens.
    pub(crate) async fn stop_sending(&mut self) {
        self.0.shutdown().await.expect("the connection is open");
    }

    /// The answer: its status, its head in lower case, its body.
    pub(crate) async fn answer(mut self) -> (StatusCode, String, Value) {
        let mut bytes = Vec::new();
        let read = timeout(Duration::from_secs(30), self.0.read_to_end(&mut bytes)).await;
        // A reset after the answer does not take the answer back.
        let _ = read.expect("an answer in time");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {text}"));
        (status.expect("an answer has a status"), head.to_lowercase(), body)
    }
}
