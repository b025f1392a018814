//! `POST /api/v1/services`: a service joins the federation.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{OPERATORS, view::ServiceView, written};
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::DryRun,
    },
    domain::Credential,
    federation::{Change, CredentialDocument, ServiceDocument},
    registry::Source,
};

/// A service and what the gateway shows to it.
#[derive(Debug, ToSchema)]
pub(crate) struct ServiceBody {
    /// The service.
    pub(super) document: ServiceDocument,
    /// What the gateway shows to it. It is sealed, and no answer repeats it.
    pub(super) credential: Option<CredentialDocument>,
}

impl<'de> Deserialize<'de> for ServiceBody {
    /// One flat object: the members of the document, and `credential` beside them.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        let mut members = Map::deserialize(deserializer)?;
        let credential = members.remove("credential");
        let credential = credential.map(CredentialDocument::deserialize).transpose();
        // What stands there may be a secret in the wrong place, so the error does not show it.
        let credential = credential.map_err(|_| D::Error::custom("`credential` cannot be read"))?;
        let document = ServiceDocument::deserialize(Value::Object(members));
        Ok(Self { document: document.map_err(D::Error::custom)?, credential })
    }
}

impl ServiceBody {
    /// The credential, checked.
    pub(super) fn to_credential(&self) -> Result<Option<Credential>, ApiError> {
        let credential = self.credential.as_ref().map(CredentialDocument::to_credential);
        credential.transpose().map_err(|flaw| crate::federation::Error::from(flaw).into())
    }
}

/// Adds a service. It is probed at once, and gets runs as soon as it can be used.
#[utoipa::path(
    post,
    path = "/services",
    tag = "services",
    params(("dry_run" = Option<bool>, Query, description = "Check everything and change nothing")),
    request_body = inline(ServiceBody),
    responses(
        (status = 200, description = "What would be written, on a dry run", body = ServiceView),
        (status = 201, description = "The service takes part", body = ServiceView),
        (status = 400, description = "The document is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 409, description = "The id is taken", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn create_service(
    State(api): State<Api>,
    caller: Authenticated,
    dry_run: Result<DryRun>,
    body: Result<JsonBody<ServiceBody>>,
) -> Result<Response> {
    caller.require(OPERATORS)?;
    let (DryRun(dry_run), JsonBody(body)) = (dry_run?, body?);
    let change = Change { document: &body.document, credential: body.to_credential()?, dry_run };
    let record = api.federation.create(change, Source::Operator).await?;
    let status = if dry_run { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, written(&api, &record)).into_response())
}
