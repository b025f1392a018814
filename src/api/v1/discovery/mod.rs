//! Looks at servers, before they take part and after.

mod discover;
mod test_connection;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::Role, federation::CredentialDocument};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(discover::discover))
        .routes(routes!(test_connection::test_connection))
        .routes(routes!(test_connection::test_service_connection))
}

/// Those who may look at servers through the gateway.
const LOOKERS: &[Role] = &[Role::Operator, Role::NodeOperator];

/// Reads a credential. What stands there may be a secret in the wrong place, so the error does not show
/// it.
fn credential<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<CredentialDocument>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    serde_json::from_value(value).map_err(|_| D::Error::custom("this is no credential"))
}
