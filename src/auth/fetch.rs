//! How the room reaches issuers. It has no client of its own.

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use super::BoxError;

/// Asks issuers. The composition root lends the HTTP client for it; redirects are not followed.
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync + 'static {
    /// The body that `url` answers to a GET, with a token or without; an answer that is no success is an
    /// error, and so is a body of more than a megabyte.
    async fn get(&self, url: &Url, bearer: Option<&SecretString>) -> Result<Vec<u8>, BoxError>;

    /// The body that `url` answers to a form, sent once, with the id and the secret of a client or without.
    async fn post_form(
        &self,
        url: &Url,
        form: String,
        client: Option<(&str, &SecretString)>,
    ) -> Result<Vec<u8>, BoxError>;
}

/// Whether an address may be asked at all: `https`, or plain `http` on this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_here(url))
}

fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
