//! `POST /api/v1/policy/evaluate`: what would become of a run, at every service and by which rule.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::KEEPERS;
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
    policy::{Explained, Ruling, Scenario},
};

/// What would become of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Evaluation {
    /// Whether any service may have it.
    allowed: bool,
    /// The epoch of the policies that were asked; 0 for the floor alone.
    policy_epoch: u64,
    /// Where the data may be by where they come from, in words.
    rule: String,
    /// Every service, in the order of ids.
    services: Vec<ServiceRuling>,
}

/// What would become of a run at one service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceRuling {
    /// Which service.
    service: String,
    /// Whether the run may go there.
    allowed: bool,
    /// The rule that decided: `origin` for the floor, or the id of a policy.
    rule: String,
    /// The same in words.
    why: String,
}

/// Tells what would become of a run. Nothing is submitted. Without `caller`, whoever asks would submit it;
/// for others, one has to be a data steward or an operator.
#[utoipa::path(
    post,
    path = "/policy/evaluate",
    tag = "policy",
    request_body = Scenario,
    responses(
        (status = 200, description = "What would become of it", body = Evaluation),
        (status = 400, description = "The scenario cannot be understood", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "Others are asked about by data stewards and operators", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn evaluate_policy(
    State(api): State<Api>,
    caller: Authenticated,
    JsonBody(scenario): JsonBody<Scenario>,
) -> Result<Private<Evaluation>> {
    if scenario.caller.is_some() {
        caller.require(KEEPERS)?;
    }
    let explained = api.policies.evaluate(&scenario, &caller.0)?;
    Ok(Private(explained.into()))
}

impl From<Explained> for Evaluation {
    fn from(explained: Explained) -> Self {
        Self {
            allowed: explained.services.iter().any(|ruling| ruling.allowed),
            policy_epoch: explained.epoch,
            rule: explained.rule,
            services: explained.services.into_iter().map(ServiceRuling::from).collect(),
        }
    }
}

impl From<Ruling> for ServiceRuling {
    fn from(ruling: Ruling) -> Self {
        let Ruling { service, allowed, rule, words } = ruling;
        Self { service: service.to_string(), allowed, rule, why: words }
    }
}
