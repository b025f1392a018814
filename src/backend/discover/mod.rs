//! Finds out what lives at an address: every dialect looks side by side, and the surest is believed.
//!
//! A vendor's words stay in its folder: each adapter has one function `recognize`, and one line here.

mod listed;
mod probe;

use serde_json::{Map, Value};
use url::Url;

pub use self::listed::{Listed, ServiceList};
pub(super) use self::{
    listed::about,
    probe::{Probe, Seen},
};
use super::{
    client::{Client, HttpError, as_home},
    dnastack, michigan, wes,
};
use crate::domain::{Credential, Offer};

/// How sure a recognition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Something there looks like it, but it does not say so.
    Possible,
    /// It behaves so, but would not tell more.
    Likely,
    /// It says so itself.
    Certain,
}

/// Something that an adapter can speak to.
#[derive(Debug, Clone)]
pub struct Find {
    /// Which adapter speaks to it.
    pub kind: &'static str,
    /// The base URL for its record.
    pub url: Url,
    /// How sure that is.
    pub certainty: Certainty,
    /// What it is, in words for people, such as a product and its version.
    pub software: String,
    /// Its own id, where it has one.
    pub id: Option<String>,
    /// What it tells about itself.
    pub about: About,
    /// Settings for its adapter.
    pub settings: Map<String, Value>,
    /// What it offers, as far as it could be read.
    pub offer: Option<Offer>,
    /// What was found, in plain words.
    pub found: Vec<String>,
    /// What its operator must still say, by the member of the record, and why.
    pub open: Vec<(&'static str, String)>,
}

/// What a service tells about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Name for people.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Who runs it: name and home page.
    pub organization: Option<(String, String)>,
    /// Whom to ask.
    pub contact_url: Option<String>,
    /// Version of its software.
    pub version: Option<String>,
}

/// What lives at an address.
#[derive(Debug, Default)]
pub struct Sight {
    /// What an adapter can speak to, the surest first.
    pub finds: Vec<Find>,
    /// A registry of services, where there is one.
    pub list: Option<ServiceList>,
    /// What else was seen.
    pub notes: Vec<String>,
}

/// Looks at an address. The credential is shown only to its origin. The error means that nobody answers
/// there, or that nobody may be asked.
pub async fn look(client: &Client, credential: &Credential, url: &Url) -> Result<Sight, HttpError> {
    let settled = probe::settle(client, url).await?;
    let shown =
        if as_home(url, settled.clone()).is_some() { credential } else { &Credential::None };
    let probe = Probe::new(client, shown, settled.clone());
    let (michigan, dnastack, wes, list) = tokio::join!(
        michigan::recognize(&probe),
        dnastack::recognize(&probe),
        wes::recognize(&probe),
        listed::read(&probe),
    );
    let mut notes = probe.into_notes();
    if settled.origin() != url.origin() {
        notes.insert(0, format!("it sends visitors on to {settled}"));
    }
    // Those that know one product come first: some of them speak a general protocol too.
    let mut finds = Vec::new();
    for find in michigan.into_iter().chain(dnastack).chain(wes) {
        keep_surest(&mut finds, find);
    }
    finds.sort_by_key(|find| std::cmp::Reverse(find.certainty));
    Ok(Sight { finds, list, notes })
}

/// Adds a find, unless one that is at least as sure has the same place, or a place around it.
fn keep_surest(finds: &mut Vec<Find>, find: Find) {
    let covers = |outer: &Find, inner: &Find| {
        outer.url.origin() == inner.url.origin()
            && inner.url.path().starts_with(outer.url.path().trim_end_matches('/'))
            && outer.certainty >= inner.certainty
    };
    let beaten = |other: &Find| covers(other, &find) || other.certainty > find.certainty;
    let same_host = |other: &&Find| other.url.origin() == find.url.origin();
    if !finds.iter().filter(same_host).any(beaten) {
        finds.retain(|other| {
            other.url.origin() != find.url.origin() || other.certainty >= find.certainty
        });
        finds.push(find);
    }
}

#[cfg(test)]
mod tests;
