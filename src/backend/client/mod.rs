//! The HTTP client that all adapters share: deadlines, credentials, streaming, and no redirects.
//!
//! Nothing here retries a request that may have had an effect.

mod address;
mod answer;
mod away;
mod certificates;
mod connect;
mod error;
mod examine;
mod follow;
mod form;
mod guard;
pub mod lenient;
#[cfg(test)]
pub mod scripted;
mod sight;
mod token;
mod upload;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::Client as Legacy,
    rt::{TokioExecutor, TokioTimer},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use self::{away::Away, connect::Connector, token::Tokens, upload::Progress};
use crate::domain::Credential;

pub use self::{
    address::{Place, place},
    answer::{Answer, Problem, plain_text},
    certificates::Certificates,
    error::HttpError,
    examine::{Certificate, Line, LineError},
    follow::{as_home, slash_variant},
    form::Form,
    guard::{Guard, Refusal, Resolve, SystemResolver},
    sight::sight_each,
};

/// A request body on its way out.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Deadlines and bounds of outgoing calls.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a connection may take. Longer forgives far sites and notices dead ones later.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// How long an answer to a read may take, from the request to the last byte of JSON.
    #[serde(with = "humantime_serde")]
    pub answer_timeout: Duration,
    /// How long a service may think after the last byte of a submission; Cloudgene copies every file to
    /// its object store before it answers. Beyond it the run is uncertain and is looked for.
    #[serde(with = "humantime_serde")]
    pub submit_timeout: Duration,
    /// How long an upload or a download may stand still before it is given up.
    #[serde(with = "humantime_serde")]
    pub stall_timeout: Duration,
    /// The largest JSON answer that is read; a larger one is refused. Some servers put whole logs in it.
    pub max_answer_bytes: usize,
    /// Idle connections kept per service.
    pub idle_connections: usize,
    /// Certificate authorities, in PEM, that are trusted beside those of the machine, such as the private
    /// one of an institution.
    pub extra_ca_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(30),
            submit_timeout: Duration::from_secs(300),
            stall_timeout: Duration::from_secs(60),
            max_answer_bytes: 32 * 1024 * 1024,
            idle_connections: 32,
            extra_ca_file: None,
        }
    }
}

/// The client. Cheap to clone; clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

type Connections = Legacy<HttpsConnector<Connector>, Body>;

struct Inner {
    /// Opens the connections of both.
    connector: HttpsConnector<Connector>,
    /// For calls without a body, which may come in bursts.
    kept: Connections,
    /// For requests with a body. A connection that died unnoticed would make a submission uncertain.
    single: Connections,
    /// For where services send us. A guarded client needs no other guard.
    away: Option<Away>,
    tokens: Tokens,
    certificates: Certificates,
    config: Config,
}

impl Client {
    /// A client for addresses that operators wrote down. It trusts the certificate authorities of the
    /// machine, and those of the configuration.
    pub fn try_new(config: Config) -> std::io::Result<Self> {
        Self::try_build(config, None)
    }

    /// A client for addresses that strangers name: it connects only to what the guard lets through.
    pub fn try_guarded(config: Config, guard: Guard) -> std::io::Result<Self> {
        Self::try_build(config, Some(Arc::new(guard)))
    }

    fn try_build(config: Config, guard: Option<Arc<Guard>>) -> std::io::Result<Self> {
        let certificates = Certificates::default();
        let tls = certificates::tls(config.extra_ca_file.as_deref(), certificates.clone())?;
        let away = guard
            .is_none()
            .then(|| Away::new(&tls, config.connect_timeout, Arc::new(SystemResolver)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector::new(guard, config.connect_timeout));
        let kept = Legacy::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(config.idle_connections)
            .build(connector.clone());
        let single = single(connector.clone());
        let tokens = Tokens::default();
        let inner = Inner { connector, kept, single, away, tokens, certificates, config };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A client that shares connections and nothing that was learned with a credential: for trials of what
    /// somebody proposes.
    #[must_use]
    pub fn apart(&self) -> Self {
        let Inner { connector, kept, single, away, certificates, config, .. } = &*self.inner;
        let inner = Inner {
            connector: connector.clone(),
            kept: kept.clone(),
            single: single.clone(),
            away: away.clone(),
            tokens: Tokens::default(),
            certificates: certificates.clone(),
            config: config.clone(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The deadlines and bounds in force.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The certificates that servers showed.
    pub fn certificates(&self) -> &Certificates {
        &self.inner.certificates
    }

    /// Asks with GET. The answer's head must come within the answer time-out.
    pub async fn get(&self, credential: &Credential, url: &Url) -> Result<Answer, HttpError> {
        self.call(credential, Method::GET, url, &[]).await
    }

    /// Asks without a body, with further headers. A token from client credentials that is refused with
    /// 401 is renewed and the call repeated once: a refused call had no effect. A GET whose connection
    /// broke is repeated once on a new one.
    pub async fn call(
        &self,
        credential: &Credential,
        method: Method,
        url: &Url,
        headers: &[(header::HeaderName, HeaderValue)],
    ) -> Result<Answer, HttpError> {
        let build = || bare(method.clone(), url, headers);
        let wait = self.inner.config.answer_timeout;
        let answer = match self.exchange(&self.inner.kept, credential, build()?, wait).await {
            Err(HttpError::Broken(_)) if method == Method::GET => {
                self.send(credential, build()?, wait).await?
            }
            answer => answer?,
        };
        if answer.status() == StatusCode::UNAUTHORIZED
            && matches!(credential, Credential::ClientCredentials { .. })
        {
            return self.send(credential, build()?, wait).await;
        }
        Ok(answer)
    }

    /// Sends a request once, on a connection of its own. `wait` is how long the answer's head may take after the last byte of the
    /// body; while the body goes out, only a stall ends the call.
    pub async fn send(
        &self,
        credential: &Credential,
        request: Request<Body>,
        wait: Duration,
    ) -> Result<Answer, HttpError> {
        self.exchange(&self.inner.single, credential, request, wait).await
    }

    async fn exchange(
        &self,
        connections: &Connections,
        credential: &Credential,
        mut request: Request<Body>,
        wait: Duration,
    ) -> Result<Answer, HttpError> {
        let shown = self.authorize(credential, &mut request).await?;
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));

        let progress = Progress::new(self.inner.config.stall_timeout, wait);
        let request = request.map(|body| upload::watched(body, progress.clone()));
        let answer = tokio::select! {
            answer = connections.request(request) => answer,
            after = progress.expired() => return Err(HttpError::Timeout { after }),
        };
        match answer {
            Ok(answer) => {
                if let (StatusCode::UNAUTHORIZED, Some(token)) = (answer.status(), &shown.token) {
                    self.inner.tokens.forget(credential, token).await;
                }
                let answer = Answer::new(answer, &self.inner.config);
                Ok(shown.secrets.iter().fold(answer, Answer::hiding))
            }
            Err(error) => Err(match progress.broke_off() {
                Some(source) => HttpError::Upload(source),
                None if error.is_connect() => HttpError::of_connect(Box::new(error)),
                None => HttpError::Broken(Box::new(error)),
            }),
        }
    }

    /// Puts the credential into the request, and says what secrets it shows by that.
    async fn authorize(
        &self,
        credential: &Credential,
        request: &mut Request<Body>,
    ) -> Result<Shown, HttpError> {
        let mut shown = Shown::default();
        let (name, text) = match credential {
            Credential::None => return Ok(shown),
            Credential::Header { name, value } => {
                shown.secrets.push(value.clone());
                (
                    name.parse().map_err(|_| HttpError::BadCredential)?,
                    value.expose_secret().to_owned(),
                )
            }
            Credential::Bearer(token) => {
                shown.secrets.push(token.clone());
                (header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            }
            Credential::Basic { username, password } => {
                use base64::Engine as _;
                let pair = format!("{username}:{}", password.expose_secret());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                shown.secrets.extend([password.clone(), pair.clone().into()]);
                (header::AUTHORIZATION, format!("Basic {pair}"))
            }
            Credential::ClientCredentials { .. } => {
                let token = Box::pin(self.inner.tokens.get(self, credential)).await?;
                shown.secrets.push(token.clone());
                let text = format!("Bearer {}", token.expose_secret());
                shown.token = Some(token);
                (header::AUTHORIZATION, text)
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| HttpError::BadCredential)?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(shown)
    }
}

/// What a request shows.
#[derive(Default)]
struct Shown {
    /// The token that client credentials were exchanged for.
    token: Option<SecretString>,
    /// Everything that must not come back in an answer.
    secrets: Vec<SecretString>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

/// Connections of which each is used once.
fn single(connector: HttpsConnector<Connector>) -> Connections {
    Legacy::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

/// A request without a body.
fn bare(
    method: Method,
    url: &Url,
    headers: &[(header::HeaderName, HeaderValue)],
) -> Result<Request<Body>, HttpError> {
    let mut request = Request::builder().method(method).uri(url.as_str());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(empty()).map_err(|_| HttpError::BadUrl)
}

/// No body.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Appends path segments to a base URL, each percent-encoded, whether or not the base ends in `/`.
pub fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// How long an idle connection is used again. Shorter than the 2 s after which gunicorn closes its
/// own: Toil hands its open connections down to each run that it starts, so that a closed one looks
/// open to us, and a call on it hangs until that run ends.
const IDLE_TIMEOUT: Duration = Duration::from_millis(1500);

const USER_AGENT: &str = concat!("ga4gh-gateway/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn only_a_read_is_repeated_when_its_connection_breaks() {
        let broke = AtomicBool::new(false);
        let server =
            scripted::Scripted::start(move |_| match broke.swap(true, Ordering::Relaxed) {
                false => panic!("a handler that panics takes its connection with it"),
                true => scripted::page(200),
            })
            .await;
        let client = scripted::client();

        let read = client.get(&Credential::None, &server.url).await;

        assert_eq!(read.unwrap().status(), StatusCode::OK);
        assert_eq!(server.lines(), ["GET /", "GET /"]);
        let server = scripted::Scripted::start(|_| panic!("likewise")).await;
        let posted = client.call(&Credential::None, Method::POST, &server.url, &[]).await;
        assert!(matches!(posted, Err(HttpError::Broken(_))), "{posted:?}");
        assert_eq!(server.lines(), ["POST /"]);
    }

    #[test]
    fn paths_are_joined_and_encoded() {
        for (base, expected) in [
            ("http://h/base", "http://h/base/runs/a%2Fb"),
            ("http://h/base/", "http://h/base/runs/a%2Fb"),
            ("http://h", "http://h/runs/a%2Fb"),
        ] {
            let base: Url = base.parse().unwrap();
            assert_eq!(join(&base, &["runs", "a/b"]).as_str(), expected);
        }
    }
}
