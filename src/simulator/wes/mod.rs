//! A plain WES server.

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{Knobs, Submissions, knobs_from};

/// What can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WesKnobs {}

/// Builds the routes.
pub(super) fn build(
    settings: &[(String, String)],
    _submissions: Submissions,
    _stop: CancellationToken,
) -> Result<(Router, Knobs), String> {
    let (_shared, knobs) = knobs_from(WesKnobs::default(), settings)?;
    Ok((Router::new(), knobs))
}
