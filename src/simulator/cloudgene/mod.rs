//! A Cloudgene server, version 2 or 3.

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{Knobs, Submissions, knobs_from};

/// What can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudgeneKnobs {}

/// Builds the routes.
pub(super) fn build(
    _generation: u8,
    settings: &[(String, String)],
    _submissions: Submissions,
    _stop: CancellationToken,
) -> Result<(Router, Knobs), String> {
    let (_shared, knobs) = knobs_from(CloudgeneKnobs::default(), settings)?;
    Ok((Router::new(), knobs))
}
