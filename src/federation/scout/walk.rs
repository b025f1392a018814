//! Walks from an address to the services that a registry there lists: bounded in number, depth and time,
//! never twice to one address, and never to ourselves.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{Config, Error, Own};
use crate::{
    backend::{
        client::{Client, HttpError, as_home},
        discover::{self, Find, Listed, Sight},
    },
    domain::Credential,
};

/// Addresses that are looked at side by side.
const AT_ONCE: usize = 8;

/// Notes that are kept; a registry can have a thousand entries to say something about.
const MAX_NOTES: usize = 100;

/// Something that was found on the way.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) find: Find,
    /// The registry in which it was listed.
    pub(super) listed_in: Option<Url>,
    /// Its id there.
    pub(super) listed_id: Option<String>,
}

/// A walk under way, and what was seen on it.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    client: &'a Client,
    config: &'a Config,
    own: &'a Own,
    home: &'a Url,
    credential: &'a Credential,
    seen: HashSet<String>,
    pub(super) met: Vec<Met>,
    pub(super) notes: Vec<String>,
    pub(super) looked_at: usize,
    pub(super) complete: bool,
}

/// An address to go to.
#[derive(Debug, Clone)]
struct Stop {
    url: Url,
    listed: Option<(Url, Listed)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        client: &'a Client,
        config: &'a Config,
        own: &'a Own,
        home: &'a Url,
        credential: &'a Credential,
    ) -> Self {
        Self {
            client,
            config,
            own,
            home,
            credential,
            seen: HashSet::from([key(home)]),
            met: Vec::new(),
            notes: Vec::new(),
            looked_at: 0,
            complete: true,
        }
    }

    /// Walks until there is nothing left, or no time. Only if the first address cannot be asked is that an
    /// error.
    pub(super) async fn run(mut self) -> Result<Self, Error> {
        let deadline = Instant::now() + self.config.timeout;
        let mut level = vec![Stop { url: self.home.clone(), listed: None }];
        for depth in 0..=self.config.max_depth {
            let next = self.level(level, depth, deadline).await?;
            level = next;
            if level.is_empty() {
                break;
            }
        }
        if !level.is_empty() {
            self.complete = false;
            self.note(format!(
                "{} services of registries further on were not looked at",
                level.len()
            ));
        }
        Ok(self)
    }

    /// Looks at one level side by side, and says where to go from there.
    async fn level(
        &mut self,
        stops: Vec<Stop>,
        depth: usize,
        deadline: Instant,
    ) -> Result<Vec<Stop>, Error> {
        let count = stops.len();
        let (client, home, credential) = (self.client, self.home, self.credential);
        let looks = stops.into_iter().map(|stop| async move {
            // Shown to the origin of the given address alone, whatever a registry there lists.
            let shown = as_home(home, stop.url.clone()).map_or(&Credential::None, |_| credential);
            let sight = timeout_at(deadline, discover::look(client, shown, &stop.url)).await;
            (stop, sight)
        });
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut next = Vec::new();
        let mut late = 0;
        let mut seen = Vec::with_capacity(count);
        while let Some(look) = looks.next().await {
            seen.push(look);
        }
        drop(looks);
        for (stop, sight) in seen {
            self.looked_at += 1;
            match sight {
                Ok(Ok(sight)) => next.extend(self.take_in(&stop, sight)),
                Ok(Err(error)) if depth == 0 => return Err(unreachable(&stop.url, error)),
                Ok(Err(error)) => self.note(format!("{}: {error}", stop.url)),
                Err(_) => late += 1,
            }
        }
        if late > 0 {
            self.complete = false;
            self.note(format!(
                "time ran out before {late} of {count} addresses had been looked at"
            ));
        }
        Ok(next)
    }

    /// Keeps what was seen at a stop, and says where it leads.
    fn take_in(&mut self, stop: &Stop, sight: Sight) -> Vec<Stop> {
        let Sight { finds, list, notes } = sight;
        notes.into_iter().for_each(|note| self.note(note));
        if finds.is_empty() && list.is_none() {
            self.note(format!("{}: nothing there that the gateway speaks to", stop.url));
        }
        for find in finds {
            self.meet(find, stop);
        }
        let Some(list) = list else { return Vec::new() };
        self.note(format!("{} is a registry of {} services", list.url, list.services.len()));
        let mut next = Vec::new();
        for listed in list.services {
            let Some(url) = listed.url.clone() else {
                self.note(format!("`{}` has no address in the registry", listed.id));
                continue;
            };
            if !listed.is_of_use {
                let of = &listed.service_type;
                self.note(format!("`{}` is of type {of}, which takes no runs", listed.id));
            } else if self.is_own_url(&url) {
                self.note(format!("`{}` is this gateway itself", listed.id));
            } else if self.seen.len() > self.config.max_services {
                self.complete = false;
                self.note(format!(
                    "`{}` at {url} was not looked at: there are too many",
                    listed.id
                ));
            } else if self.seen.insert(key(&url)) {
                next.push(Stop { url, listed: Some((list.url.clone(), listed)) });
            }
        }
        next
    }

    fn meet(&mut self, mut find: Find, stop: &Stop) {
        if find.id.as_deref() == Some(self.own.id.as_str()) || self.is_own_url(&find.url) {
            let words =
                "this gateway itself, or another one with its id; each needs an id of its own";
            return self.note(format!("{} is {words}", find.url));
        }
        let place = key(&find.url);
        if self.met.iter().any(|met| key(&met.find.url) == place) {
            return;
        }
        let mut listed_id = None;
        if let Some((_, listed)) = &stop.listed {
            listed_id = Some(listed.id.clone());
            let (own, told) = (&mut find.about, listed.about.clone());
            own.name = own.name.take().or(told.name);
            own.description = own.description.take().or(told.description);
            own.organization = own.organization.take().or(told.organization);
            own.contact_url = own.contact_url.take().or(told.contact_url);
            if let Some(login) = &listed.login {
                find.open.push(("credential", login.clone()));
            }
        }
        let listed_in = stop.listed.as_ref().map(|(list, _)| list.clone());
        self.met.push(Met { find, listed_in, listed_id });
    }

    fn is_own_url(&self, url: &Url) -> bool {
        self.own.url.as_ref().is_some_and(|own| own.origin() == url.origin())
    }

    fn note(&mut self, note: String) {
        let note: String = note.chars().take(400).collect();
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// An address without what does not change where it leads.
fn key(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    plain.as_str().trim_end_matches('/').to_owned()
}

fn unreachable(url: &Url, error: HttpError) -> Error {
    match error {
        HttpError::Forbidden(refusal) => Error::Forbidden(refusal),
        other => Error::Unreachable { address: url.to_string(), why: other.to_string() },
    }
}
