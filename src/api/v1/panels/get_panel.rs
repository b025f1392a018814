//! `GET /api/v1/panels/{panel_id}`: one panel, and who holds it.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{answer::PanelDetails, put_terms::WRITERS};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    etag::etag,
    extract::Path,
    json::Private,
};

/// Tells everything about one panel: who holds it since when, who once did, and under which terms it may
/// be used.
#[utoipa::path(
    get,
    path = "/panels/{panel_id}",
    tag = "panels",
    params(("panel_id" = String, Path, description = "Id of the panel, or an alias of it")),
    responses(
        (status = 200, description = "The panel; the `ETag` is that of its terms", body = PanelDetails),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "No service has or had this panel", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_panel(
    State(api): State<Api>,
    caller: Authenticated,
    Path(panel_id): Path<String>,
) -> Result<Response> {
    let view = api.panels.panel(&panel_id)?;
    let version = view.terms.as_ref().map_or(0, |record| record.version);
    let panel = PanelDetails::of(view, caller.require(WRITERS).is_ok());
    Ok(([(header::ETAG, etag(version))], Private(panel)).into_response())
}
