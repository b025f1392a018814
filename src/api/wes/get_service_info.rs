//! `GetServiceInfo`: what the federation can do. Public, as GA4GH counts service metadata.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};

use crate::{
    api::{
        Api,
        error::{ErrorResponse, Result},
        links::Links,
    },
    ga4gh::{
        service_info::{Organization, Service, ServiceType},
        wes::{ServiceInfo, WorkflowEngineVersion, WorkflowTypeVersion},
    },
    gateway::Abilities,
};

/// Tells what the gateway and the services behind it can do.
#[utoipa::path(
    get,
    path = "/service-info",
    tag = "wes",
    operation_id = "GetServiceInfo",
    responses(
        (status = 200, description = "What the federation can do", body = ServiceInfo),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
)]
pub(super) async fn get_service_info(
    State(api): State<Api>,
    links: Links,
) -> Result<Json<ServiceInfo>> {
    let abilities = api.gateway.abilities().await?;
    Ok(Json(render(&api, &links, abilities)))
}

fn render(api: &Api, links: &Links, abilities: Abilities) -> ServiceInfo {
    let config = &api.config;
    let list = |versions: BTreeSet<String>| versions.into_iter().collect::<Vec<_>>();
    let types = abilities.workflow_types.into_iter();
    let engines = abilities.engines.into_iter();
    ServiceInfo {
        service: Service {
            id: config.id.clone(),
            name: config.name.clone(),
            service_type: ServiceType {
                group: "org.ga4gh".to_owned(),
                artifact: "wes".to_owned(),
                version: "1.1.0".to_owned(),
            },
            description: Some("One WES endpoint in front of a federation of services".to_owned()),
            organization: Organization {
                name: config.organization_name.clone(),
                url: config.organization_url.clone(),
            },
            contact_url: config.contact_url.clone(),
            documentation_url: Some(links.docs()),
            environment: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        workflow_type_versions: types
            .map(|(name, versions)| {
                (name, WorkflowTypeVersion { workflow_type_version: list(versions) })
            })
            .collect(),
        supported_wes_versions: vec!["1.0.0".to_owned(), "1.0.1".to_owned(), "1.1.0".to_owned()],
        supported_filesystem_protocols: list(abilities.protocols),
        workflow_engine_versions: engines
            .map(|(name, versions)| {
                (name, WorkflowEngineVersion { workflow_engine_version: list(versions) })
            })
            .collect(),
        default_workflow_engine_parameters: Vec::new(),
        system_state_counts: abilities
            .state_counts
            .into_iter()
            .map(|(state, count)| (state.as_str().to_owned(), count))
            .collect(),
        auth_instructions_url: config.auth_instructions_url.clone().unwrap_or_else(|| links.docs()),
        tags: BTreeMap::from([("gateway_url".to_owned(), links.gateway())]),
    }
}
