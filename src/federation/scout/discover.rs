//! Finds out what lives at an address, and proposes records for it.

use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::{
    Error, Scout,
    draft::{OfferDocument, ServiceDraft},
    walk::{Met, Walk},
};
use crate::{
    backend::discover::{Certainty, Find},
    domain::{Credential, Flaw, ServiceId},
    registry::Snapshot,
};

/// What lives at an address.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Discovery {
    /// The address that was looked at.
    pub url: String,
    /// Records for what was found, the surest first.
    pub proposals: Vec<Proposal>,
    /// What else was seen, in plain words: what was left out and why.
    pub notes: Vec<String>,
    /// How many addresses were looked at.
    pub looked_at: usize,
    /// Whether everything was looked at within the time and the bounds.
    pub complete: bool,
}

/// A record for something that was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Proposal {
    /// The record, ready to be sent once its jurisdiction and what else is undecided is filled in.
    pub service: ServiceDraft,
    /// How sure that is.
    pub certainty: Surety,
    /// What it is: a product, and its version where that is known.
    pub software: String,
    /// The service that has this address already, if there is one.
    pub registered_as: Option<String>,
    /// The registry in which it was listed, if it was.
    pub listed_in: Option<String>,
    /// What it offers; `null` where it tells nothing without a credential.
    pub offer: Option<OfferDocument>,
    /// What was found, in plain words.
    pub found: Vec<String>,
    /// What its operator must still decide.
    pub undecided: Vec<Undecided>,
}

/// How sure a recognition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Surety {
    /// It says so itself.
    Certain,
    /// It behaves so, but would not tell more.
    Likely,
    /// Something there looks like it.
    Possible,
}

/// What its operator must still decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Undecided {
    /// The member of the record, such as `jurisdiction`, `credential` or `settings.app`.
    pub member: String,
    /// Why it cannot be known.
    pub why: String,
}

impl Scout {
    /// Finds out what lives at an address, and in the registry there. The credential is shown to the
    /// origin of that address alone.
    pub async fn discover(&self, url: &Url, credential: &Credential) -> Result<Discovery, Error> {
        check(url)?;
        let _place = self.begin()?;
        // A token of one trial is no business of another one.
        let client = self.guarded.apart();
        let walk = Walk::new(&client, &self.config, &self.own, url, credential);
        let walk = walk.run().await?;
        let fleet = self.registry.snapshot();
        let mut taken: Vec<String> = Vec::new();
        let mut met: Vec<Met> = walk.met;
        met.sort_by_key(|met| std::cmp::Reverse(met.find.certainty));
        let proposals = met.iter().map(|met| {
            let id = free_id(met, &fleet, &taken);
            taken.push(id.clone());
            propose(met, id, &fleet)
        });
        Ok(Discovery {
            url: url.to_string(),
            proposals: proposals.collect(),
            notes: walk.notes,
            looked_at: walk.looked_at,
            complete: walk.complete,
        })
    }
}

pub(super) fn check(url: &Url) -> Result<(), Flaw> {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Flaw::new("url", "a service is reached by http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Flaw::new("url", "a credential does not belong in a URL"));
    }
    Ok(())
}

fn propose(met: &Met, id: String, fleet: &Snapshot) -> Proposal {
    let find = &met.find;
    let mut undecided = vec![Undecided {
        member: "jurisdiction".to_owned(),
        why: "no service tells under whose law it stands; the country of its operator".to_owned(),
    }];
    undecided.extend(
        find.open
            .iter()
            .map(|(member, why)| Undecided { member: (*member).to_owned(), why: why.clone() }),
    );
    Proposal {
        service: ServiceDraft::of(find, id),
        certainty: match find.certainty {
            Certainty::Certain => Surety::Certain,
            Certainty::Likely => Surety::Likely,
            Certainty::Possible => Surety::Possible,
        },
        software: find.software.clone(),
        registered_as: registered_as(find, fleet),
        listed_in: met.listed_in.as_ref().map(ToString::to_string),
        offer: find.offer.as_ref().map(OfferDocument::of),
        found: find.found.clone(),
        undecided,
    }
}

/// The service whose record means the same place: the same base, or one with the path of WES behind it.
fn registered_as(find: &Find, fleet: &Snapshot) -> Option<String> {
    let path = |url: &Url| {
        let path = url.path().trim_end_matches('/');
        path.strip_suffix("/ga4gh/wes/v1").unwrap_or(path).to_owned()
    };
    let same = |url: &Url| url.origin() == find.url.origin() && path(url) == path(&find.url);
    let known = fleet.services().find(|listing| same(&listing.service().url));
    known.map(|listing| listing.id().to_string())
}

/// An id out of the name in a registry, or out of the host, that nobody has.
fn free_id(met: &Met, fleet: &Snapshot, taken: &[String]) -> String {
    let host = met.find.url.host_str().unwrap_or_default().trim_start_matches("www.");
    let base = slug(met.listed_id.as_deref().unwrap_or(host));
    let is_free = |id: &String| {
        let free = |id: ServiceId| !id.is_reserved() && fleet.get(&id).is_none();
        id.parse().is_ok_and(free) && !taken.contains(id)
    };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut candidates = std::iter::once(base.clone()).chain(numbered);
    candidates.find(is_free).unwrap_or(base)
}

/// Letters, digits and single dashes, short enough to be numbered.
fn slug(text: &str) -> String {
    let plain: String = text
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<_> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let joined: String = words.join("-").chars().take(56).collect();
    let joined = joined.trim_matches('-');
    if joined.is_empty() { "service".to_owned() } else { joined.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::discover::About, domain::Service, registry::Registry};

    fn met(url: &str, listed_id: Option<&str>) -> Met {
        let find = Find {
            kind: "wes",
            url: url.parse().unwrap(),
            certainty: Certainty::Certain,
            software: "WES".to_owned(),
            id: None,
            about: About::default(),
            settings: serde_json::Map::new(),
            offer: None,
            found: Vec::new(),
            open: Vec::new(),
        };
        Met { find, listed_in: None, listed_id: listed_id.map(str::to_owned) }
    }

    #[test]
    fn an_id_is_free_and_tells_the_host() {
        let (id, law) = ("wes-ilifu-ac-za".parse().unwrap(), "ZA".parse().unwrap());
        let known = Service::new(id, "wes", "https://wes.ilifu.ac.za".parse().unwrap(), law);
        let fleet = Registry::of([known]).snapshot();
        for (url, listed, expected) in [
            ("https://wes.icermali.org/x", None, "wes-icermali-org"),
            ("https://www.icermali.org", None, "icermali-org"),
            ("https://wes.ilifu.ac.za", None, "wes-ilifu-ac-za-2"),
            ("http://[::1]:80", None, "1"),
            ("https://a.example", Some("org.ga4gh.WES_1"), "org-ga4gh-wes-1"),
            ("https://a.example", Some("types"), "types-2"),
            ("https://a.example", Some("..."), "service"),
        ] {
            assert_eq!(free_id(&met(url, listed), &fleet, &[]), expected, "{url}");
        }
    }

    #[test]
    fn what_is_registered_already_is_told() {
        let (id, law) = ("ilifu".parse().unwrap(), "ZA".parse().unwrap());
        let known = Service::new(id, "wes", "https://wes.ilifu.ac.za".parse().unwrap(), law);
        let fleet = Registry::of([known]).snapshot();
        for (url, expected) in [
            ("https://wes.ilifu.ac.za/ga4gh/wes/v1", Some("ilifu")),
            ("https://wes.ilifu.ac.za/", Some("ilifu")),
            ("https://wes.ilifu.ac.za/other", None),
            ("https://wes.ilifu.ac.za:8443/", None),
        ] {
            assert_eq!(registered_as(&met(url, None).find, &fleet).as_deref(), expected, "{url}");
        }
    }
}
