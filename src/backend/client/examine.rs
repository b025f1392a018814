//! Looks at the line to a service: how long a connection takes, and which certificate secures it.

use std::time::Duration;

use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};
use tower::{Service, ServiceExt};
use url::Url;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{BoxError, Client, HttpError, Refusal, error::causes};

/// An open line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How long it took to open: the name, the connection, and the handshake of TLS.
    pub opened_in: Duration,
    /// The certificate, where the line is secured.
    pub certificate: Option<Certificate>,
}

/// The facts of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names that it holds for.
    pub names: Vec<String>,
    /// Until when it holds.
    pub not_after: Timestamp,
}

/// Why there is no line, by how far it came.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The guard does not let the address through.
    #[error("{0}")]
    Forbidden(Refusal),
    /// The name has no address.
    #[error("the name cannot be found: {0}")]
    Name(String),
    /// Nobody answers at the address.
    #[error("no connection: {0}")]
    Connect(String),
    /// There is a connection, but it cannot be secured.
    #[error("{0}")]
    Tls(String),
}

impl Client {
    /// Opens a line and closes it again, without asking anything.
    pub async fn examine(&self, url: &Url) -> Result<Line, LineError> {
        let uri: Uri =
            url.as_str().parse().map_err(|_| LineError::Name("it is no URL".to_owned()))?;
        let mut connector = self.inner.connector.clone();
        // Name, connection and handshake, each within its own bound.
        let patience = self.inner.config.connect_timeout * 3;
        let began = Instant::now();
        let opening = async { connector.ready().await?.call(uri).await };
        let opened = timeout(patience, opening)
            .await
            .map_err(|_| LineError::Connect(format!("nothing within {patience:?}")))?;
        let certificate = match opened.map_err(explain)? {
            MaybeHttpsStream::Http(_) => None,
            MaybeHttpsStream::Https(stream) => {
                let (_, session) = stream.inner().get_ref();
                session.peer_certificates().and_then(|chain| facts(chain.first()?))
            }
        };
        Ok(Line { opened_in: began.elapsed(), certificate })
    }
}

fn explain(error: BoxError) -> LineError {
    let error = match HttpError::of_connect(error) {
        HttpError::Forbidden(refusal) => return LineError::Forbidden(refusal),
        HttpError::Connect(error) => error,
        other => return LineError::Connect(other.to_string()),
    };
    let all: Vec<_> = causes(error.as_ref()).collect();
    if let Some(tls) = all.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return LineError::Tls(tls_words(tls));
    }
    let last = all.last().map(ToString::to_string).unwrap_or_default();
    let is_name = all.iter().any(|cause| {
        let words = cause.to_string();
        // The system's resolver has no kind of its own for this.
        words.contains("dns error") || words.contains("lookup") || words.contains("no address")
    });
    if is_name { LineError::Name(last) } else { LineError::Connect(last) }
}

fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "its certificate has expired".to_owned()
        }
        rustls::Error::InvalidCertificate(
            C::NotValidForName | C::NotValidForNameContext { .. },
        ) => "its certificate is for another name".to_owned(),
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => {
            "its certificate is signed by nobody whom this machine trusts".to_owned()
        }
        rustls::Error::InvalidMessage(_) => "what answers there does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

fn facts(der: &[u8]) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    let names = alternatives.map(|names| names.value.general_names.iter().filter_map(dns_name));
    Some(Certificate {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        names: names.into_iter().flatten().take(20).collect(),
        not_after: Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()?,
    })
}

fn dns_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::client::scripted;

    #[test]
    fn the_facts_of_a_certificate_are_read() {
        let made = rcgen::generate_simple_self_signed(["wes.example.org".to_owned()]).unwrap();

        let facts = facts(made.cert.der()).unwrap();

        assert_eq!(facts.names, ["wes.example.org"]);
        assert!(facts.not_after > "2030-01-01T00:00:00Z".parse().unwrap());
    }

    #[tokio::test]
    async fn a_line_tells_how_far_it_came() {
        let server = scripted::Scripted::start(|_| scripted::page(200)).await;
        let client = scripted::client();
        let https: Url = server.url.as_str().replace("http", "https").parse().unwrap();
        let nobody: Url = "http://127.0.0.1:1".parse().unwrap();
        let no_name: Url = "http://nothing.invalid".parse().unwrap();

        assert_eq!(client.examine(&server.url).await.unwrap().certificate, None);
        assert!(matches!(client.examine(&https).await, Err(LineError::Tls(_))));
        assert!(matches!(client.examine(&nobody).await, Err(LineError::Connect(_))));
        assert!(matches!(client.examine(&no_name).await, Err(LineError::Name(_))));
        assert!(server.lines().is_empty());
    }
}
