//! `POST /api/v1/alerts/test`: would anybody hear of an alert?

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    alerts::Tried,
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
    domain::Role,
};

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertTest {
    /// Every channel.
    channels: Vec<TestedChannel>,
}

/// What came of a test on one channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestedChannel {
    /// The name of a webhook, or `smtp`.
    channel: String,
    /// Whether the message was taken.
    delivered: bool,
    /// Why it was not.
    error: Option<String>,
}

/// Sends a test message on every channel, once, and tells what came of it.
#[utoipa::path(
    post,
    path = "/alerts/test",
    tag = "alerts",
    responses(
        (status = 200, description = "What came of it", body = AlertTest),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn test_alerts(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<AlertTest>> {
    caller.require(&[Role::Operator])?;
    let channels = api.alerts.test().await.into_iter().map(TestedChannel::from).collect();
    Ok(Private(AlertTest { channels }))
}

impl From<Tried> for TestedChannel {
    fn from(tried: Tried) -> Self {
        Self { channel: tried.channel, delivered: tried.error.is_none(), error: tried.error }
    }
}
