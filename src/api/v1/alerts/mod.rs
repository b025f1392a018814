//! What operators are told, as they and those who look after services see it.

mod acknowledge_alert;
mod alert;
mod get_alert;
mod list_alert_rules;
mod list_alerts;
mod test_alerts;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::Role};

/// Who may see alerts.
const READERS: &[Role] = &[Role::Operator, Role::NodeOperator, Role::DataSteward];

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_alerts::list_alerts))
        .routes(routes!(list_alert_rules::list_alert_rules))
        .routes(routes!(test_alerts::test_alerts))
        .routes(routes!(get_alert::get_alert))
        .routes(routes!(acknowledge_alert::acknowledge_alert))
}
