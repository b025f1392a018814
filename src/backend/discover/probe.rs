//! Asks around at an address, and keeps what is worth telling.

use std::sync::Mutex;

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::{
    backend::{
        Error,
        client::{Client, HttpError, join},
    },
    domain::{Credential, Service},
};

/// Redirects of the given address that are followed.
const MAX_HOPS: usize = 3;

/// Folders above the given address that are looked at.
const MAX_PARENTS: usize = 4;

/// Asks around at one address.
#[derive(Debug)]
pub(in crate::backend) struct Probe<'a> {
    pub(in crate::backend) client: &'a Client,
    pub(in crate::backend) credential: &'a Credential,
    pub(in crate::backend) home: Url,
    /// What is worth telling. Held for one push.
    notes: Mutex<Vec<String>>,
}

/// What came of one question.
#[derive(Debug)]
pub(in crate::backend) enum Seen {
    /// JSON.
    Json(Value),
    /// A refusal: its status, and what JSON came with it.
    Refused(StatusCode, Value),
    /// Anything else: a page, a redirect too many, nothing.
    Nothing,
}

impl<'a> Probe<'a> {
    pub(super) fn new(client: &'a Client, credential: &'a Credential, home: Url) -> Self {
        Self { client, credential, home, notes: Mutex::default() }
    }

    /// Asks for JSON with the credential, which stays at its origin.
    pub(in crate::backend) async fn ask(&self, url: &Url) -> Seen {
        let accept = [(header::ACCEPT, HeaderValue::from_static("application/json"))];
        let asked = self.client.get_following(self.credential, &self.home, url, &accept).await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                self.note_failure(url, &error);
                return Seen::Nothing;
            }
        };
        let (status, is_page) = (answer.status(), answer.is_page());
        let json = match answer.json().await {
            Ok(json) => json,
            Err(Error::Malformed(why)) if status.is_success() && !is_page => {
                // Too long, or cut short; a page for people is nothing to tell.
                if why.contains("longer than") {
                    self.note(format!("{url} answers more than is read: {why}"));
                }
                return Seen::Nothing;
            }
            Err(error) => {
                self.note_failure(url, &error);
                Value::Null
            }
        };
        match (status.is_success(), json) {
            (true, Value::Null) => Seen::Nothing,
            (true, json) => Seen::Json(json),
            (false, json) => Seen::Refused(status, json),
        }
    }

    /// The given address and the folders above it, nearest first.
    pub(in crate::backend) fn bases(&self) -> Vec<Url> {
        let mut base = self.home.clone();
        base.set_query(None);
        base.set_fragment(None);
        let mut bases = vec![base.clone()];
        for _ in 0..MAX_PARENTS {
            let path = base.path().trim_end_matches('/').to_owned();
            let Some((parent, _)) = path.rsplit_once('/') else { break };
            base.set_path(parent);
            bases.push(base.clone());
        }
        if !base.path().trim_matches('/').is_empty() {
            base.set_path("");
            bases.push(base);
        }
        bases
    }

    /// The places below each base, each once.
    pub(in crate::backend) fn below(&self, paths: &[&[&str]]) -> Vec<Url> {
        let mut places: Vec<Url> = Vec::new();
        for base in self.bases() {
            for path in paths {
                let place = join(&base, path);
                let same = |other: &&Url| {
                    other.path().trim_end_matches('/') == place.path().trim_end_matches('/')
                };
                if places.iter().find(same).is_none() {
                    places.push(place);
                }
            }
        }
        places
    }

    /// A record for an adapter that is made for one look. Its law does not matter to adapters.
    pub(in crate::backend) fn service(&self, kind: &str, url: &Url) -> Service {
        let id = "discovered".parse().expect("letters are an id");
        let law = "ZZ".parse().expect("two letters are a jurisdiction");
        Service::new(id, kind, url.clone(), law)
    }

    pub(in crate::backend) fn note(&self, note: String) {
        let mut notes = self.notes.lock().expect("no holder panics");
        if notes.len() < 20 && !notes.contains(&note) {
            notes.push(note);
        }
    }

    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes.into_inner().expect("no holder panics")
    }

    fn note_failure(&self, url: &Url, error: &Error) {
        match error {
            Error::Unavailable { source: Some(HttpError::Forbidden(refusal)), .. } => {
                self.note(format!(
                    "{url} was not asked, or sends us where we do not go: {refusal}"
                ));
            }
            Error::Unavailable { why, source: Some(HttpError::Timeout { .. }), .. } => {
                self.note(format!("{url}: {why}"));
            }
            Error::Malformed(why) if why.contains("sends us") || why.contains("redirects") => {
                self.note(format!("{url}: {why}"));
            }
            _ => {}
        }
    }
}

/// Where an address leads: servers send visitors from `http` to `https`, or to another name. A path that
/// is added on the same server is not taken for a part of the address.
pub(super) async fn settle(client: &Client, given: &Url) -> Result<Url, HttpError> {
    let mut url = given.clone();
    url.set_fragment(None);
    for _ in 0..MAX_HOPS {
        let answer = client.call(&Credential::None, Method::GET, &url, &[]).await?;
        let next = answer.location().and_then(|location| url.join(location).ok());
        match next {
            Some(next) if answer.status().is_redirection() => {
                let path = url.path().to_owned();
                let elsewhere = next.origin() != url.origin();
                if !elsewhere {
                    return Ok(url);
                }
                url = next;
                url.set_path(&path);
                url.set_query(None);
            }
            _ => return Ok(url),
        }
    }
    Ok(url)
}
