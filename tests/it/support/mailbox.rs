//! A mail server on loopback that keeps what it is given. It knows as much of SMTP as a sender needs.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A mail that came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    /// Whom it goes to, as the envelope says.
    pub(crate) to: Vec<String>,
    /// Headers and text.
    pub(crate) text: String,
}

/// A mail server; dropping it ends it.
pub(crate) struct Mailbox {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    /// Guards what came; held for one change or one copy.
    mails: Arc<Mutex<Vec<Mail>>>,
    server: JoinHandle<()>,
}

impl Mailbox {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = mails.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test that started it")]
        let server = tokio::spawn(async move {
            // One sender at a time is enough for a gateway; one that breaks off harms no other.
            while let Ok((stream, _)) = listener.accept().await {
                drop(converse(stream, &kept).await);
            }
        });
        Self { port, mails, server }
    }

    /// The mails that came.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("no holder panics").clone()
    }

    /// The subject lines of the mails that came.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let subject = |mail: Mail| {
            let line = mail.text.lines().find(|line| line.starts_with("Subject: "));
            line.unwrap_or_default().trim_start_matches("Subject: ").to_owned()
        };
        self.mails().into_iter().map(subject).collect()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn converse(stream: TcpStream, mails: &Mutex<Vec<Mail>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Mail::default();
    write.write_all(b"220 mailbox\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-mailbox\r\n250 8BITMIME\r\n",
            "RCPT" => {
                mail.to.push(line.trim_start_matches("RCPT TO:").to_owned());
                b"250 yes\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.text.push_str(&line);
                    mail.text.push('\n');
                }
                mails.lock().expect("no holder panics").push(std::mem::take(&mut mail));
                b"250 taken\r\n"
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => b"250 yes\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}
