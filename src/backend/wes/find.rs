//! Looks for a run by the tag that its submission carried.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Site, WesBackend, wire};
use crate::{
    backend::{
        Error, RUN_TAG, Result,
        client::{HttpError, join},
    },
    domain::{BackendRunId, Credential, RunId},
    ga4gh::time::parse_lenient,
};

/// Pages of a list that are read, at [`PAGE_SIZE`] runs each.
const MAX_PAGES: usize = 50;

/// Galaxy refuses more than 100 runs in a page.
const PAGE_SIZE: &str = "100";

/// Runs whose log is read for its tags, where the list has none.
const MAX_LOGS: usize = 200;

/// Logs that are read at a time.
const AT_ONCE: usize = 8;

/// How wrong the clock of a server may be.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// The outcome of a search.
#[derive(Debug)]
pub(super) enum Found {
    /// There it is.
    Run(BackendRunId),
    /// The server has no such run.
    Absent,
    /// No run shows the tag, but the server may not show tags at all (Galaxy repeats none), or not all
    /// its runs (the starter kit lists ended ones only, and tells no next page).
    Untold,
    /// The server has more runs than can be looked through, and it was not among those.
    TooMany,
}

impl WesBackend {
    /// Looks through the server's own list. Only ids out of that list are asked about: wes-service
    /// creates every run that it is asked for.
    pub(super) async fn look_for(
        &self,
        credential: &Credential,
        site: &Site,
        run_id: RunId,
        since: Option<Timestamp>,
        known: &HashSet<BackendRunId>,
    ) -> Result<Found> {
        let wanted = run_id.to_string();
        let mut untagged = Vec::new();
        let mut list_has_tags = false;
        let mut page_token = None;
        let mut whole = false;
        let mut paged = true;
        for _ in 0..MAX_PAGES {
            let page = self.list_page(credential, site, page_token.as_deref()).await?;
            paged &= page.paged;
            for run in page.runs.into_iter().chain(page.workflows) {
                let Some(id) = run.run_id.map(BackendRunId::new) else { continue };
                match tag(&run.tags) {
                    Tag::Is(value) if value == wanted => return Ok(Found::Run(id)),
                    Tag::Is(_) | Tag::Other => list_has_tags = true,
                    Tag::None if known.contains(&id) => {}
                    Tag::None if is_older(run.start_time.as_deref(), since) => {}
                    Tag::None => untagged.push(id),
                }
            }
            if page.next_page_token.is_none() || page.next_page_token == page_token {
                whole = true;
                break;
            }
            page_token = page.next_page_token;
        }
        let mut shows_tags = list_has_tags || untagged.is_empty();
        if !list_has_tags {
            whole &= untagged.len() <= MAX_LOGS;
            untagged.truncate(MAX_LOGS);
            let (found, some_tagged) = self.read_tags(credential, site, untagged, &wanted).await?;
            if let Some(id) = found {
                return Ok(Found::Run(id));
            }
            shows_tags |= some_tagged;
        }
        Ok(match (whole, shows_tags && paged) {
            (true, true) => Found::Absent,
            (true, false) => Found::Untold,
            (false, _) => Found::TooMany,
        })
    }

    async fn list_page(
        &self,
        credential: &Credential,
        site: &Site,
        page_token: Option<&str>,
    ) -> Result<wire::RunList> {
        let mut url = join(&site.base, &["runs"]);
        url.query_pairs_mut().append_pair("page_size", PAGE_SIZE);
        if let Some(token) = page_token {
            url.query_pairs_mut().append_pair("page_token", token);
        }
        let page: Value = match self.read(credential, site, &url).await {
            // A list is there or the service is not: this is not about a run.
            Err(Error::UnknownRun) => Err(Error::Malformed("it has no list of runs".to_owned())),
            answer => answer,
        }?;
        let paged = page.get("next_page_token").is_some();
        let page: wire::RunList =
            serde_json::from_value(page).map_err(|error| Error::Malformed(error.to_string()))?;
        Ok(wire::RunList { paged, ..page })
    }

    /// The run that carries the tag, and whether any of them shows tags.
    async fn read_tags(
        &self,
        credential: &Credential,
        site: &Site,
        ids: Vec<BackendRunId>,
        wanted: &str,
    ) -> Result<(Option<BackendRunId>, bool)> {
        let logs = stream::iter(ids).map(|id| async move {
            let url = join(&site.base, &["runs", id.as_str()]);
            (self.read::<wire::RunLog>(credential, site, &url).await, id)
        });
        let mut logs = std::pin::pin!(logs.buffered(AT_ONCE));
        let mut any_read = false;
        let mut some_tagged = false;
        let mut failure = None;
        while let Some((log, id)) = logs.next().await {
            match log {
                Ok(log) => {
                    any_read = true;
                    match tag(&log.request.tags) {
                        Tag::Is(value) if value == wanted => {
                            return Ok((Some(id), true));
                        }
                        Tag::Is(_) | Tag::Other => some_tagged = true,
                        Tag::None => {}
                    }
                }
                // Deleted meanwhile, say.
                Err(Error::UnknownRun | Error::Malformed(_) | Error::Refused { .. }) => {
                    any_read = true;
                }
                // wes-service answers 500 for runs that it made up when it was asked for them.
                Err(
                    error @ Error::Unavailable { source: None | Some(HttpError::Status(_)), .. },
                ) => {
                    failure = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match failure {
            Some(error) if !any_read => Err(error),
            Some(_) | None => Ok((None, some_tagged)),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Tag {
    /// The gateway's tag, with this value.
    Is(String),
    /// Tags, but not the gateway's.
    Other,
    /// No tags told.
    None,
}

/// The gateway's tag among tags that are an object, or an object written as text (genpei).
fn tag(tags: &Value) -> Tag {
    let parsed = tags.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    match parsed.as_ref().unwrap_or(tags).as_object() {
        Some(tags) if !tags.is_empty() => match tags.get(RUN_TAG).and_then(Value::as_str) {
            Some(value) => Tag::Is(value.to_owned()),
            None => Tag::Other,
        },
        Some(_) | None => Tag::None,
    }
}

fn is_older(start_time: Option<&str>, since: Option<Timestamp>) -> bool {
    match (start_time.and_then(parse_lenient), since) {
        (Some(start), Some(since)) => start.saturating_add(CLOCK_SLACK).is_ok_and(|at| at < since),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tag_is_read_in_every_shape() {
        for (tags, expected) in [
            (json!({RUN_TAG: "1", "a": "b"}), Tag::Is("1".to_owned())),
            (json!(format!("{{\"{RUN_TAG}\":\"1\"}}")), Tag::Is("1".to_owned())),
            (json!({"a": "b"}), Tag::Other),
            (json!({}), Tag::None),
            (json!(null), Tag::None),
            (json!("free text"), Tag::None),
        ] {
            assert_eq!(tag(&tags), expected, "{tags}");
        }
    }
}
