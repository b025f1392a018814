//! Which events a listener wants, and since when.

use axum::http::{HeaderMap, HeaderName};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        error::{ApiError, Result},
        extract::bad_query,
    },
    domain::NotAnId,
    events::{After, Wanted},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Which events a listener wants, and since when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Kinds of events, parted by commas, such as `run.state,service.state`; all, unless set.
    types: Option<String>,
    /// Ids of services, parted by commas: only events about them.
    service: Option<String>,
    /// Ids of runs, parted by commas: only events about them.
    run_id: Option<String>,
    /// Begin after the event with this id, as the header `Last-Event-ID` does, which goes before it.
    last_event_id: Option<String>,
}

impl EventQuery {
    pub(super) fn wanted(&self) -> Result<Wanted> {
        let kind = |word: &str| {
            Wanted::kind(word).ok_or_else(|| {
                let msg = format!("there is no type of event called `{word}`");
                ApiError::bad_request("unknown_event_type", msg)
            })
        };
        Ok(Wanted {
            types: words(self.types.as_deref()).map(kind).collect::<Result<_>>()?,
            services: ids("service", self.service.as_deref())?,
            run_ids: ids("run_id", self.run_id.as_deref())?,
        })
    }

    /// Where to begin. What is no id of ours is not refused: its listener is told to resync, which is
    /// what it has to do.
    pub(super) fn after(&self, headers: &HeaderMap) -> After {
        let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
        let header = header.filter(|text| !text.is_empty());
        let query = self.last_event_id.as_deref().filter(|text| !text.is_empty());
        match header.or(query).map(str::parse) {
            None => After::Now,
            Some(Ok(id)) => After::Id(id),
            Some(Err(NotAnId)) => After::Unknown,
        }
    }
}

fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn ids<T: std::str::FromStr<Err = NotAnId>>(name: &str, text: Option<&str>) -> Result<Vec<T>> {
    let parse =
        |word: &str| word.parse().map_err(|NotAnId| bad_query(&format!("`{name}` holds no id")));
    words(text).map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_says_what_it_wants() {
        let query = EventQuery {
            types: Some("run.state, alert,".to_owned()),
            service: Some("ilifu".to_owned()),
            ..EventQuery::default()
        };

        let wanted = query.wanted().unwrap();

        assert_eq!(wanted.types, ["run.state", "alert"]);
        assert_eq!((wanted.services.len(), wanted.run_ids.len()), (1, 0));
        assert_eq!(EventQuery::default().wanted().unwrap(), Wanted::default());
    }

    #[test]
    fn the_header_goes_before_the_query() {
        let mut headers = HeaderMap::new();
        let query = EventQuery { last_event_id: Some("1-2".to_owned()), ..EventQuery::default() };

        assert_eq!(EventQuery::default().after(&headers), After::Now);
        assert_eq!(query.after(&headers), After::Id("1-2".parse().unwrap()));
        headers.insert(LAST_EVENT_ID, "1-3".parse().unwrap());
        assert_eq!(query.after(&headers), After::Id("1-3".parse().unwrap()));
        headers.insert(LAST_EVENT_ID, "yesterday".parse().unwrap());
        assert_eq!(query.after(&headers), After::Unknown);
    }
}
