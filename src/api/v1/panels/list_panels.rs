//! `GET /api/v1/panels`: which panels there are.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{answer::Panel, put_terms::WRITERS};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::{Query, bad_query},
        json::Private,
        page::{page_size, page_token},
    },
    federation::PanelFilter,
    registry::StateWord,
};

/// Which panels are wanted. What is said about services must all be true of one service that holds the
/// panel.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PanelQuery {
    /// Words, each of which is in an id, a name, a population or the note.
    q: Option<String>,
    /// A service imputes input of this build against it: `hg19` or `hg38`.
    build: Option<String>,
    /// A service knows this population of it.
    population: Option<String>,
    /// This service holds it.
    service: Option<String>,
    /// A service in this country holds it: two upper-case letters.
    jurisdiction: Option<String>,
    /// A service in this state holds it: `up`, `degraded`, `down`, `maintenance`, `draining` or `unknown`.
    state: Option<String>,
    /// `true`: a service that can be used now holds it.
    available: Option<String>,
    /// How many panels at most; from 1 on.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A page of panels.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PanelList {
    /// The panels, by name.
    panels: Vec<Panel>,
    /// How many fit in all.
    total: usize,
    /// Where the next page begins; empty on the last one.
    next_page_token: String,
}

/// Lists the reference panels of all services, by name.
#[utoipa::path(
    get,
    path = "/panels",
    tag = "panels",
    params(PanelQuery),
    responses(
        (status = 200, description = "A page of panels", body = PanelList),
        (status = 400, description = "A bad filter, page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_panels(
    State(api): State<Api>,
    caller: Authenticated,
    Query(query): Query<PanelQuery>,
) -> Result<Private<PanelList>> {
    let size = page_size(query.page_size.as_deref(), &api.config)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let token = page_token(query.page_token.as_deref());
    let page = api.panels.list(&query.to_filter()?, size, token)?;
    let whose = caller.require(WRITERS).is_ok();
    Ok(Private(PanelList {
        panels: page.panels.into_iter().map(|entry| Panel::of_entry(entry, whose)).collect(),
        total: page.total,
        next_page_token: page.next_page_token.unwrap_or_default(),
    }))
}

/// Longest filter that is read.
const MAX_TEXT: usize = 500;

impl PanelQuery {
    fn to_filter(&self) -> Result<PanelFilter> {
        let state = self.state.as_deref().map(|word| {
            let known = StateWord::ALL.map(StateWord::as_str).join(", ");
            StateWord::parse(word).ok_or_else(|| bad_query(&format!("state is one of {known}")))
        });
        let state = state.transpose()?;
        let texts = [&self.q, &self.population];
        if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
            return Err(bad_query(&format!("a filter is at most {MAX_TEXT} bytes long")));
        }
        Ok(PanelFilter {
            q: self.q.clone(),
            build: parsed("build", self.build.as_ref())?,
            population: self.population.clone(),
            service: parsed("service", self.service.as_ref())?,
            jurisdiction: parsed("jurisdiction", self.jurisdiction.as_ref())?,
            state,
            available: parsed("available", self.available.as_ref())?.unwrap_or(false),
        })
    }
}

fn parsed<T>(name: &str, text: Option<&String>) -> Result<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.map(|text| text.parse().map_err(|error| bad_query(&format!("{name}: {error}"))))
        .transpose()
}
