//! `GET /api/v1/services`: the services of the federation, filtered and in pages.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{filter::Filter, sees_settings, view::ServiceView};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    extract::Query,
    json::Private,
};

/// A page of services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServicePage {
    /// The services, in the order of their ids.
    services: Vec<ServiceView>,
    /// How many services there are in all that the filters admit.
    total: usize,
    /// Where the next page starts; empty on the last one.
    next_page_token: String,
}

/// Lists services with how they are doing and what they offer.
#[utoipa::path(
    get,
    path = "/services",
    tag = "services",
    params(Filter),
    responses(
        (status = 200, description = "A page of services", body = ServicePage),
        (status = 400, description = "A filter cannot be read", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_services(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Private<ServicePage>> {
    let (size, after) = filter.page(&api)?;
    let fleet = api.federation.snapshot();
    let total = fleet.services().filter(|listing| filter.admits(listing)).count();
    let mut rest = fleet.after(after.as_ref()).filter(|listing| filter.admits(listing));
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let next_page_token = page.last().filter(|_| more).map(|last| last.id().to_string());
    let with_settings = sees_settings(&caller);
    Ok(Private(ServicePage {
        services: page.into_iter().map(|listing| ServiceView::of(listing, with_settings)).collect(),
        total,
        next_page_token: next_page_token.unwrap_or_default(),
    }))
}
