//! Services in the words of the registry.

use crate::{
    api::{Api, links::Links},
    backend,
    ga4gh::{
        registry::{Authentication, ExternalService},
        service_info::{Organization, Service, ServiceType},
        time,
    },
    registry::{Listing, Mode, Reach, Snapshot},
};

/// What the registry lists: the gateway's own WES first, then every live service.
pub(super) fn all(api: &Api, links: &Links, fleet: &Snapshot) -> Vec<ExternalService> {
    let live = fleet.services().filter(|listing| is_live(listing)).map(external);
    own(api, links).into_iter().chain(live).collect()
}

/// The gateway's own WES, once for those who compare the whole version of the specification, and once
/// for DNAstack's client, which knows `1.1` only and wants a slash at the end.
pub(super) fn own(api: &Api, links: &Links) -> [ExternalService; 2] {
    let entry = |id: String, version: &str, url: String| ExternalService {
        service: gateway(
            api,
            links,
            id,
            ServiceType {
                group: "org.ga4gh".to_owned(),
                artifact: "wes".to_owned(),
                version: version.to_owned(),
            },
        ),
        url,
        created_at: None,
        updated_at: None,
        authentication: login(api, links).into_iter().collect(),
    };
    [
        entry(api.config.id.clone(), "1.1.0", links.wes()),
        entry(format!("{}-1.1", api.config.id), "1.1", format!("{}/", links.wes())),
    ]
}

/// What the gateway tells about itself, as a service of some type.
pub(super) fn gateway(api: &Api, links: &Links, id: String, service_type: ServiceType) -> Service {
    let config = &api.config;
    Service {
        id,
        name: config.name.clone(),
        service_type,
        description: Some("One WES endpoint in front of a federation of services".to_owned()),
        organization: Organization {
            name: config.organization_name.clone(),
            url: config.organization_url.clone(),
        },
        contact_url: config.contact_url.clone(),
        documentation_url: Some(links.docs()),
        environment: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// One service of the federation.
pub(super) fn external(listing: &Listing) -> ExternalService {
    let service = listing.service();
    let [group, artifact, version] = backend::service_type(&service.kind);
    let (name, url) = service.organization.clone().unwrap_or_else(|| {
        // The specification wants an organization; of this one nothing is known but where it is.
        (service.name.clone(), service.url.origin().ascii_serialization())
    });
    ExternalService {
        service: Service {
            id: service.id.to_string(),
            name: service.name.clone(),
            service_type: ServiceType {
                group: group.to_owned(),
                artifact: artifact.to_owned(),
                version: version.to_owned(),
            },
            description: service.description.clone(),
            organization: Organization { name, url },
            contact_url: service.contact_url.clone(),
            documentation_url: None,
            environment: None,
            version: version_of(listing),
        },
        url: service.url.to_string(),
        created_at: Some(time::format(listing.record().created_at)),
        updated_at: Some(time::format(listing.record().updated_at)),
        authentication: Vec::new(),
    }
}

/// Version of the running service: what it says itself, or else the version of its record.
fn version_of(listing: &Listing) -> String {
    let own = listing.offer().and_then(|offer| offer.version.clone());
    own.unwrap_or_else(|| format!("record-{}", listing.record().version))
}

/// Whether a service answers, and is not in maintenance.
fn is_live(listing: &Listing) -> bool {
    let answers = matches!(listing.reach(), Reach::Usable | Reach::Unusable { .. });
    answers && listing.record().mode != Mode::Maintenance
}

fn login(api: &Api, links: &Links) -> Option<Authentication> {
    let login = api.config.registry_login.as_ref()?;
    Some(Authentication {
        kind: "oauth2".to_owned(),
        grant_type: login.grant_type.clone(),
        client_id: login.client_id.clone(),
        client_secret: login.client_secret.clone(),
        access_token_url: login.access_token_url.to_string(),
        device_code_url: login.device_code_url.as_ref().map(ToString::to_string),
        resource: format!("{}/", links.gateway()),
        scope: login.scope.clone(),
    })
}
