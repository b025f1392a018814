//! Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4): fetched once, shared, renewed
//! before they expire.
//!
//! A token is given only to whoever shows the secret that it was fetched with.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, Request, header};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use super::{Client, HttpError, full};
use crate::domain::Credential;

/// The tokens in use.
#[derive(Default)]
pub(super) struct Tokens {
    /// Guards the map alone; each slot has a lock of its own that makes callers share one fetch.
    slots: Mutex<HashMap<Key, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Kept>>;

/// Tokens that are kept at most. Beyond that, those that nobody is using at the moment are dropped and
/// fetched again when they are needed.
const MAX_SLOTS: usize = 1024;

/// How long a failure is told to those who waited for the same token, instead of asking once for each.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    token_url: String,
    client_id: String,
    /// A digest: whoever knows all but the secret gets no token of another.
    secret: [u8; 32],
    scope: Option<String>,
    resource: Option<String>,
}

/// What is known of one token.
#[derive(Default)]
enum Kept {
    #[default]
    Nothing,
    Token(Token),
    Failure {
        message: String,
        until: Instant,
    },
}

struct Token {
    value: SecretString,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<f64>,
}

impl Tokens {
    /// The token for this credential; anything but client credentials has none.
    pub(super) async fn get(
        &self,
        client: &Client,
        credential: &Credential,
    ) -> Result<SecretString, HttpError> {
        let slot = self.slot(credential).ok_or(HttpError::BadCredential)?;
        let mut slot = slot.lock().await;
        match &*slot {
            Kept::Token(token) if Instant::now() < token.renew_at => {
                return Ok(token.value.clone());
            }
            Kept::Failure { message, until } if Instant::now() < *until => {
                return Err(HttpError::NoToken(message.clone()));
            }
            Kept::Nothing | Kept::Token(_) | Kept::Failure { .. } => {}
        }
        match fetch(client, credential).await {
            Ok(token) => {
                let value = token.value.clone();
                *slot = Kept::Token(token);
                Ok(value)
            }
            Err(error) => {
                let until = Instant::now() + FAILURE_HOLDS;
                *slot = Kept::Failure { message: words(&error), until };
                Err(error)
            }
        }
    }

    /// Forgets a token that was refused, unless a newer one is there already.
    pub(super) async fn forget(&self, credential: &Credential, refused: &SecretString) {
        let Some(slot) = self.slot(credential) else { return };
        let mut slot = slot.lock().await;
        if let Kept::Token(token) = &*slot
            && token.value.expose_secret() == refused.expose_secret()
        {
            *slot = Kept::Nothing;
        }
    }

    fn slot(&self, credential: &Credential) -> Option<Slot> {
        let key = Key::of(credential)?;
        let mut slots = self.slots.lock().expect("no holder panics");
        if slots.len() >= MAX_SLOTS && !slots.contains_key(&key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Some(slots.entry(key).or_default().clone())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Key {
    fn of(credential: &Credential) -> Option<Self> {
        match credential {
            Credential::ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scope,
                resource,
            } => {
                let digest = digest(&SHA256, client_secret.expose_secret().as_bytes());
                Some(Self {
                    token_url: token_url.to_string(),
                    client_id: client_id.clone(),
                    secret: digest.as_ref().try_into().expect("SHA-256 gives 32 bytes"),
                    scope: scope.clone(),
                    resource: resource.clone(),
                })
            }
            Credential::None
            | Credential::Header { .. }
            | Credential::Bearer(_)
            | Credential::Basic { .. } => None,
        }
    }
}

/// A failure in the words in which it is told to others.
fn words(error: &HttpError) -> String {
    match error {
        HttpError::NoToken(message) => message.clone(),
        other => format!("the token endpoint did not answer: {other}"),
    }
}

async fn fetch(client: &Client, credential: &Credential) -> Result<Token, HttpError> {
    let Credential::ClientCredentials { token_url, client_id, client_secret, scope, resource } =
        credential
    else {
        return Err(HttpError::BadCredential);
    };
    let body = {
        // The serializer cannot be sent across threads, so it must not live across the call.
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", client_id);
        form.append_pair("client_secret", client_secret.expose_secret());
        if let Some(scope) = scope {
            form.append_pair("scope", scope);
        }
        if let Some(resource) = resource {
            form.append_pair("resource", resource);
        }
        form.finish()
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(token_url.as_str())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(full(body))
        .map_err(|_| HttpError::BadUrl)?;
    let answer = client.send(&Credential::None, request, client.config().answer_timeout).await?;
    if !answer.status().is_success() {
        let message = answer.hiding(client_secret).problem().await.message;
        return Err(HttpError::NoToken(message));
    }
    // What stands in the answer is not repeated: it is about a token.
    let token: TokenAnswer = answer.json().await.map_err(|_| {
        HttpError::NoToken("the answer of the token endpoint holds none".to_owned())
    })?;
    // Renewed at four fifths of its life, so that no call goes out with a token about to die.
    let life = token.expires_in.unwrap_or(300.0).clamp(1.0, 86_400.0);
    Ok(Token {
        value: token.access_token,
        renew_at: Instant::now() + Duration::from_secs_f64(life * 0.8),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;
    use url::Url;

    use super::{
        super::scripted::{self, Scripted},
        *,
    };

    fn credential(server: &Url, secret: &str) -> Credential {
        Credential::ClientCredentials {
            token_url: server.join("token").unwrap(),
            client_id: "gateway".to_owned(),
            client_secret: secret.to_owned().into(),
            scope: None,
            resource: None,
        }
    }

    /// Gives a token to whoever shows the secret `right`, and says what it was shown.
    async fn provider() -> Scripted {
        let given = AtomicUsize::new(0);
        Scripted::start(move |seen| match seen.line.as_str() {
            "POST /token" if seen.body.contains("client_secret=right") => {
                let number = given.fetch_add(1, Ordering::Relaxed);
                scripted::json(200, json!({"access_token": format!("token-{number}")}))
            }
            "POST /token" => {
                let said = format!("{} is not the secret", seen.body);
                scripted::json(401, json!({"error_description": said}))
            }
            _ => scripted::json(200, json!({"shown": seen.header("authorization")})),
        })
        .await
    }

    #[tokio::test]
    async fn whoever_knows_all_but_the_secret_gets_no_token_of_another() {
        let (provider, elsewhere) = (provider().await, provider().await);
        let client = scripted::client();
        client.get(&credential(&provider.url, "right"), &provider.url).await.unwrap();

        let tried = client.get(&credential(&provider.url, "guessed-secret"), &elsewhere.url).await;

        assert!(matches!(&tried, Err(HttpError::NoToken(_))), "{tried:?}");
        assert_eq!(elsewhere.lines(), [""; 0]);
        let said = tried.unwrap_err().to_string();
        assert!(!said.contains("guessed-secret") && said.contains("is not the secret"), "{said}");
    }

    #[tokio::test]
    async fn a_client_apart_shares_no_token() {
        let provider = provider().await;
        let client = scripted::client();
        let credential = credential(&provider.url, "right");
        client.get(&credential, &provider.url).await.unwrap();

        client.apart().get(&credential, &provider.url).await.unwrap();

        assert_eq!(provider.lines(), ["POST /token", "GET /", "POST /token", "GET /"]);
    }

    #[tokio::test]
    async fn many_who_need_a_token_at_once_ask_for_it_once() {
        let provider = provider().await;
        let client = scripted::client();
        for (secret, calls) in [("right", 9), ("wrong", 1)] {
            let before = provider.lines().len();
            let credential = credential(&provider.url, secret);

            let all = (0..8).map(|_| client.get(&credential, &provider.url));
            futures_util::future::join_all(all).await;

            assert_eq!(provider.lines().len() - before, calls, "{secret}");
        }
    }
}
