//! Login of people with a browser: the code flow of OpenID Connect with PKCE, and a session afterwards.
//!
//! Small and our own, since the check of signed tokens is here already; a library for it would bring a
//! second one.

mod sessions;
mod state;

use std::{sync::atomic::Ordering, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;
use tracing::{info, warn};
use url::{Url, form_urlencoded};

use self::state::Pending;
use super::{
    Authenticator, Error, LoginConfig,
    build::Trusted,
    claims::{self, Claims},
};
use crate::{
    domain::{Caller, CallerId, Scope},
    jose::Jws,
};

pub(super) use self::{
    sessions::{Sessions, csrf_token},
    state::Envelope,
};

/// How long somebody may take to log in.
const PATIENCE: i64 = 600;

/// How long the exchange of the code may take.
const EXCHANGE: Duration = Duration::from_secs(10);

/// Where people log in: an issuer, and the client that the gateway is to it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) config: LoginConfig,
    pub(super) secret: Option<SecretString>,
}

/// A login that begins.
#[derive(Debug)]
pub struct LoginBegun {
    /// Where the browser goes.
    pub location: Url,
    /// What it keeps meanwhile.
    pub sealed: String,
}

/// A login that succeeded.
#[derive(Debug)]
pub struct LoginDone {
    /// What the browser shows from now on.
    pub session: SecretString,
    /// For how long.
    pub life: Duration,
    /// Where it goes.
    pub return_to: String,
}

/// What came back from an issuer.
#[derive(Debug, Clone, Deserialize)]
pub struct LoginAnswer {
    /// The code, where somebody logged in.
    #[serde(default)]
    pub code: String,
    /// What was sent along.
    #[serde(default)]
    pub state: String,
    /// Who answers (RFC 9207).
    #[serde(default)]
    pub iss: Option<String>,
    /// Why nobody logged in.
    #[serde(default)]
    pub error: Option<String>,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no such issuer to log in at.
    #[error("nobody logs in here, or not at that issuer")]
    NoIssuer,
    /// The issuer does not answer, or not as it should.
    #[error("the issuer cannot be asked now")]
    Unavailable,
    /// It was begun by another browser, too long ago, or before a restart.
    #[error("this login was not begun here, or too long ago; begin again")]
    NotBegun,
    /// The issuer says no.
    #[error("the issuer let nobody in")]
    Refused,
    /// What the issuer says of who logged in is not believed.
    #[error("the issuer's answer is not believed: {0}")]
    NotBelieved(#[source] Error),
    /// The session cannot be written down.
    #[error("the session cannot be kept")]
    Database(#[from] sqlx::Error),
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Authenticator {
    /// Begins a login at this issuer; without a name, at the first one where people log in.
    pub async fn begin_login(
        &self,
        issuer: Option<&str>,
        redirect_uri: &str,
        return_to: &str,
    ) -> Result<LoginBegun, LoginError> {
        let (trusted, client) = self.at(issuer)?;
        let site = trusted.site.as_ref().ok_or(LoginError::NoIssuer)?;
        let metadata = site.metadata().await.map_err(|error| unavailable(&*error))?;
        let endpoint = metadata.authorization_endpoint.as_ref();
        let mut location = endpoint.ok_or(LoginError::Unavailable)?.clone();
        let expires = self.clock.now().as_second().saturating_add(PATIENCE);
        let pending = Pending::new(&trusted.issuer.issuer, return_to, expires);
        location
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &client.config.scopes.join(" "))
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &pending.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(LoginBegun { location, sealed: self.envelope.seal(&pending) })
    }

    /// Ends a login: what the browser kept, and what the issuer answered through it.
    pub async fn finish_login(
        &self,
        sealed: &str,
        answer: &LoginAnswer,
        redirect_uri: &str,
    ) -> Result<LoginDone, LoginError> {
        let pending = self.envelope.open(sealed).ok_or(LoginError::NotBegun)?;
        let now = self.clock.now();
        let is_ours = pending.state == answer.state && now.as_second() < pending.expires;
        let is_theirs = answer.iss.as_ref().is_none_or(|iss| *iss == pending.issuer);
        if !is_ours || !is_theirs {
            return Err(LoginError::NotBegun);
        }
        if answer.error.is_some() || answer.code.is_empty() {
            return Err(LoginError::Refused);
        }
        let (trusted, client) = self.at(Some(&pending.issuer))?;
        let id_token = exchange(trusted, client, &answer.code, &pending.verifier, redirect_uri);
        let id_token = tokio::time::timeout(EXCHANGE, id_token).await;
        let id_token = id_token.map_err(|late| unavailable(&late))??;
        let caller = self.by_id_token(&id_token, trusted, client, &pending.nonce).await;
        let caller = caller.map_err(LoginError::NotBelieved)?;
        let life = client.config.session_life;
        let expires = now.saturating_add(life).unwrap_or(now);
        let sessions = self.sessions.as_ref().ok_or(LoginError::NoIssuer)?;
        let session = sessions.begin(&caller, now, expires).await?.into();
        info!(caller.id = %caller.id, "{} has logged in", caller.id);
        Ok(LoginDone { session, life, return_to: pending.return_to })
    }

    /// Ends a session, at once.
    pub async fn end_login(&self, session: &str) -> Result<(), LoginError> {
        if let Some(sessions) = &self.sessions {
            sessions.end(session).await?;
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    fn at(&self, issuer: Option<&str>) -> Result<(&Trusted, &Client), LoginError> {
        let name = issuer.or(self.first_login.as_deref()).ok_or(LoginError::NoIssuer)?;
        let trusted = self.issuers.get(name).ok_or(LoginError::NoIssuer)?;
        Ok((trusted, trusted.client.as_ref().ok_or(LoginError::NoIssuer)?))
    }

    /// Who logged in (OpenID Connect Core 1.0, section 3.1.3.7).
    async fn by_id_token(
        &self,
        token: &str,
        trusted: &Trusted,
        client: &Client,
        nonce: &str,
    ) -> Result<Caller, Error> {
        let jws = Jws::parse(token).map_err(|_| Error::MalformedToken)?;
        let issuer = &trusted.issuer;
        let algorithm = issuer.algorithms.iter().find(|known| known.as_str() == jws.header.alg);
        let algorithm = *algorithm.ok_or(Error::AlgorithmNotAllowed)?;
        let key = trusted.keys.find(jws.header.kid.as_deref(), algorithm).await?;
        if !jws.is_signed_by(&key) {
            return Err(Error::BadSignature);
        }
        if claims::required(&jws.claims, "iss")? != issuer.issuer {
            return Err(Error::UnknownIssuer);
        }
        claims::check_times(&jws.claims, self.moment())?;
        check_client(&jws.claims, &client.config.client_id)?;
        if claims::required(&jws.claims, "nonce")? != nonce {
            return Err(Error::WrongTokenType);
        }
        let id = CallerId::new(&issuer.issuer, claims::required(&jws.claims, "sub")?);
        // An ID token has no scopes of ours: its session is as good as the person.
        let caller = trusted.mapping.caller(id, &jws.claims);
        Ok(Caller { scopes: Scope::ALL.into(), ..caller })
    }
}

fn check_client(claims: &Claims, client_id: &str) -> Result<(), Error> {
    claims::check_audience(claims.get("aud"), &[client_id.to_owned()])?;
    let azp = claims.get("azp").and_then(serde_json::Value::as_str);
    if azp.is_some_and(|azp| azp != client_id) {
        return Err(Error::WrongAudience);
    }
    Ok(())
}

/// Swaps the code for an ID token.
async fn exchange(
    trusted: &Trusted,
    client: &Client,
    code: &str,
    verifier: &str,
    redirect_uri: &str,
) -> Result<String, LoginError> {
    let site = trusted.site.as_ref().ok_or(LoginError::NoIssuer)?;
    let metadata = site.metadata().await.map_err(|error| unavailable(&*error))?;
    let url = metadata.token_endpoint.as_ref().ok_or(LoginError::Unavailable)?;
    let client_id = &client.config.client_id;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    if client.secret.is_none() {
        pairs.push(("client_id", client_id));
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let basic = client.secret.as_ref().map(|secret| (client_id.as_str(), secret));
    let answer = site.fetch.post_form(url, form, basic).await;
    let answer = answer.map_err(|error| unavailable(&*error))?;
    // What is wrong with it stays unsaid: the words of the parser may repeat a token.
    let tokens: Tokens = serde_json::from_slice(&answer).map_err(|_| LoginError::Unavailable)?;
    Ok(tokens.id_token)
}

fn unavailable(error: &(dyn std::error::Error + 'static)) -> LoginError {
    warn!(error, "an issuer does not let people log in");
    LoginError::Unavailable
}
