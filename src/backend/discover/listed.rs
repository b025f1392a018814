//! Reads a GA4GH Service Registry, so that the services in it can be looked at in turn.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{About, Probe, Seen};
use crate::backend::client::lenient::{or_default, text};

/// Where registries keep their list.
const PLACES: [&[&str]; 5] = [
    &["services"],
    &["service-registry", "services"],
    &["api", "service-registry", "services"],
    &["ga4gh", "registry", "v1", "services"],
    &["v1", "services"],
];

/// Entries that are read.
const MAX_ENTRIES: usize = 1000;

/// A registry of services.
#[derive(Debug, Clone)]
pub struct ServiceList {
    /// Where it is.
    pub url: Url,
    /// What it lists.
    pub services: Vec<Listed>,
}

/// One service of a registry.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id there.
    pub id: String,
    /// What it is: group, artifact and version.
    pub service_type: String,
    /// Where it is, if that is told.
    pub url: Option<Url>,
    /// What is told about it.
    pub about: About,
    /// Whether it is of a type that an adapter may speak to.
    pub is_of_use: bool,
    /// How a token for it is got, in words.
    pub login: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(deserialize_with = "text")]
    id: Option<String>,
    #[serde(rename = "type", deserialize_with = "or_default")]
    service_type: Type,
    #[serde(deserialize_with = "text")]
    url: Option<String>,
    #[serde(flatten)]
    told: Told,
    authentication: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Type {
    #[serde(deserialize_with = "text")]
    group: Option<String>,
    #[serde(deserialize_with = "text")]
    artifact: Option<String>,
    #[serde(deserialize_with = "text")]
    version: Option<String>,
}

/// The members by which every GA4GH service tells about itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    description: Option<String>,
    #[serde(deserialize_with = "or_default")]
    organization: Organization,
    #[serde(deserialize_with = "text")]
    contact_url: Option<String>,
    #[serde(deserialize_with = "text")]
    version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Organization {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    url: Option<String>,
}

/// The list of services at an address, if there is one.
pub(super) async fn read(probe: &Probe<'_>) -> Option<ServiceList> {
    let mut places = probe.below(&PLACES);
    if probe.home.path().trim_end_matches('/').ends_with("/services") {
        places.insert(0, probe.home.clone());
    }
    let asked = places.into_iter().map(|url| async move {
        let services = match probe.ask(&url).await {
            Seen::Json(json) => entries(&json, &url)?,
            Seen::Refused(..) | Seen::Nothing => return None,
        };
        Some(ServiceList { url, services })
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().next()
}

/// What a service tells about itself, in the members of Service Info.
pub(in crate::backend) fn about(info: &Value) -> About {
    serde_json::from_value::<Told>(info.clone()).map(Told::into_about).unwrap_or_default()
}

fn entries(json: &Value, base: &Url) -> Option<Vec<Listed>> {
    let list = json.as_array()?;
    let services: Vec<Listed> = list
        .iter()
        .take(MAX_ENTRIES)
        .filter_map(|entry| serde_json::from_value::<Entry>(entry.clone()).ok()?.into_listed(base))
        .collect();
    // An array of something else is no registry; an empty one is.
    (list.is_empty() || !services.is_empty()).then_some(services)
}

impl Entry {
    fn into_listed(self, base: &Url) -> Option<Listed> {
        let Type { group, artifact, version } = self.service_type;
        let (group, artifact) = (group.unwrap_or_default(), artifact.unwrap_or_default());
        if artifact.is_empty() {
            return None;
        }
        let is_of_use = artifact.eq_ignore_ascii_case("wes")
            || artifact.eq_ignore_ascii_case("service-registry")
            || crate::backend::dnastack::is_listed_as(&group, &artifact);
        let login = self.authentication.as_array().and_then(|all| login(all.first()?));
        Some(Listed {
            id: self.id?,
            service_type: format!("{group}:{artifact}:{}", version.unwrap_or_default()),
            url: self.url.and_then(|url| base.join(&url).ok()),
            about: self.told.into_about(),
            is_of_use,
            login,
        })
    }
}

impl Told {
    fn into_about(self) -> About {
        let Organization { name, url } = self.organization;
        About {
            name: self.name,
            description: self.description,
            organization: name.zip(url),
            contact_url: self.contact_url,
            version: self.version,
        }
    }
}

/// How a registry says that tokens are got, a habit of its own that some have.
fn login(block: &Value) -> Option<String> {
    let member = |name: &str| block.get(name).and_then(Value::as_str);
    let url = member("accessTokenUrl")?;
    let resource = member("resource").map(|resource| format!(", resource {resource}"));
    let scope = member("scope").map(|scope| format!(", scope {scope}"));
    Some(format!(
        "tokens are given out at {url}{}{}",
        resource.unwrap_or_default(),
        scope.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_registry_is_told_from_other_lists() {
        let base: Url = "https://reg.example/services".parse().unwrap();
        let entry = json!({"id": "a", "name": "A", "url": "/wes", "organization": {"name": "O"},
            "type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}});
        for (body, expected) in [
            (json!([entry]), Some(1)),
            (json!([entry, {"id": 7}, null, {"id": "b", "type": "x"}]), Some(1)),
            (json!([]), Some(0)),
            (json!(["a", "b"]), None),
            (json!({"services": [entry]}), None),
        ] {
            assert_eq!(entries(&body, &base).map(|all| all.len()), expected, "{body}");
        }
        let listed = &entries(&json!([entry]), &base).unwrap()[0];
        assert_eq!(listed.url.as_ref().unwrap().as_str(), "https://reg.example/wes");
        assert_eq!((listed.is_of_use, listed.about.organization.clone()), (true, None));
    }
}
