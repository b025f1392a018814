//! `POST /api/v1/services/test-connection` and `…/{id}/test-connection`: what a service can be relied
//! upon for.

use axum::extract::State;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{LOOKERS, discover::to_error};
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    domain::Role,
    federation::{CredentialDocument, Scorecard, ServiceDocument},
};

/// A service that does not take part yet, and what the gateway would show to it: the members of its
/// document, with `credential` beside them. The jurisdiction may be left out.
#[derive(Debug, ToSchema)]
pub(crate) struct CandidateBody {
    /// The service.
    #[schema(inline)]
    document: ServiceDocument,
    /// What is shown to it. It is not kept, and no answer repeats it.
    credential: Option<CredentialDocument>,
}

impl<'de> Deserialize<'de> for CandidateBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let credential = members.remove("credential").unwrap_or_default();
        let credential = super::credential(credential).map_err(|_| {
            // What stands there may be a secret in the wrong place.
            D::Error::custom("`credential` is no credential")
        })?;
        if members.get("jurisdiction").is_none_or(Value::is_null) {
            // A proposal has none yet, and a test does not look at it.
            members.insert("jurisdiction".to_owned(), NO_LAW.into());
        }
        let document = ServiceDocument::deserialize(Value::Object(members));
        Ok(Self { document: document.map_err(D::Error::custom)?, credential })
    }
}

/// The code that ISO 3166-1 leaves to its users.
const NO_LAW: &str = "ZZ";

/// Tests a service before it takes part. No run is left behind.
#[utoipa::path(
    post,
    path = "/services/test-connection",
    tag = "services",
    request_body = inline(CandidateBody),
    responses(
        (status = 200, description = "The scorecard, also of a service that fails", body = Scorecard),
        (status = 400, description = "The body is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator, or the address may not be asked", body = ErrorResponse),
        (status = 503, description = "Too many looks are under way", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn test_connection(
    State(api): State<Api>,
    caller: Authenticated,
    JsonBody(body): JsonBody<CandidateBody>,
) -> Result<Private<Scorecard>> {
    caller.require(LOOKERS)?;
    let credential = body.credential.unwrap_or_default().to_credential().map_err(to_error)?;
    Ok(Private(api.scout.test_document(&body.document, &credential).await?))
}

/// Tests a service that takes part, with the credential that is kept for it. No run is left behind.
#[utoipa::path(
    post,
    path = "/services/{service_id}/test-connection",
    tag = "services",
    params(("service_id" = String, Path, description = "Id of the service")),
    responses(
        (status = 200, description = "The scorecard, also of a service that fails", body = Scorecard),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
        (status = 503, description = "Too many looks are under way", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn test_service_connection(
    State(api): State<Api>,
    caller: Authenticated,
    Path(service_id): Path<String>,
) -> Result<Private<Scorecard>> {
    // The service is shown the gateway's credential for it.
    caller.require(&[Role::Operator])?;
    let id = service_id.parse().map_err(|_| {
        let msg = "there is no service of this id";
        ApiError::new(axum::http::StatusCode::NOT_FOUND, "unknown_service_id", msg)
    })?;
    Ok(Private(api.scout.test_service(&id).await?))
}
