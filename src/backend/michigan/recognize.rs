//! Recognizes a Cloudgene server by what it tells everybody, and finds the app that imputes.

use serde_json::{Map, Value, json};
use url::Url;

use super::{MichiganBackend, Settings, app, wire};
use crate::{
    backend::{
        Backend, Error,
        client::{join, plain_text},
        discover::{About, Certainty, Find, Probe, Seen},
    },
    domain::Service,
};

/// Apps that are read to find the one that imputes.
const MAX_APPS: usize = 6;

/// Looks for a Cloudgene server at an address and above it.
pub(in crate::backend) async fn recognize(probe: &Probe<'_>) -> Option<Find> {
    let asked = probe.bases().into_iter().map(|base| async move {
        let url = join(&base, &["api", "v2", "server"]);
        match probe.ask(&url).await {
            Seen::Json(told) if is_cloudgene(&told) => Some((base, told)),
            Seen::Json(_) | Seen::Refused(..) | Seen::Nothing => None,
        }
    });
    let seen = futures_util::future::join_all(asked).await;
    let (base, told) = seen.into_iter().flatten().next()?;
    Some(describe(probe, base, &told).await)
}

/// Its own members, some of them misspelled, which nothing else has.
fn is_cloudgene(told: &Value) -> bool {
    let has = |name: &str| told.get(name).is_some();
    has("apps")
        && ["maintenace", "loggedIn", "emailRequired", "navigation"]
            .into_iter()
            .filter(|name| has(name))
            .count()
            >= 2
}

async fn describe(probe: &Probe<'_>, base: Url, told: &Value) -> Find {
    let mut find = Find {
        kind: "michigan",
        url: base.clone(),
        certainty: Certainty::Certain,
        software: "Cloudgene".to_owned(),
        id: None,
        about: About {
            name: told.get("name").and_then(Value::as_str).map(plain_text),
            ..About::default()
        },
        settings: Map::new(),
        offer: None,
        found: vec![format!("a Cloudgene server at {base}")],
        open: Vec::new(),
    };
    let Ok(backend) = adapter(probe, &base, &find.settings) else { return find };
    if let Some(version) = backend.api.badge().await.ok().and_then(|svg| app::badge_version(&svg)) {
        find.software = format!("Cloudgene {version}");
        find.found[0] = format!("a Cloudgene server, version {version}, at {base}");
        find.about.version = Some(version);
    }
    let server = match backend.api.server(probe.credential).await {
        Ok(server) if server.logged_in == Some(true) => server,
        Ok(_) | Err(_) => {
            let why = "the server shows its apps and panels only to a valid API token, as header \
                       X-Auth-Token";
            find.open.push(("credential", why.to_owned()));
            return find;
        }
    };
    if let Some(id) = choose_app(&backend, probe, &server, &mut find).await
        && id != Settings::default().app
    {
        find.settings.insert("app".to_owned(), json!(id));
    }
    read_offer(probe, &mut find).await;
    find
}

/// The app that imputes: one that asks for a panel and for files.
async fn choose_app(
    backend: &MichiganBackend,
    probe: &Probe<'_>,
    server: &wire::Server,
    find: &mut Find,
) -> Option<String> {
    let bare = |id: &str| id.split_once('@').map_or(id, |(bare, _)| bare).to_owned();
    let mut ids: Vec<String> = Vec::new();
    for app in server.all_apps() {
        let id = bare(&app.id);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    find.found.push(format!("apps {}", ids.join(", ")));
    let own = Settings::default().app;
    ids.sort_by_key(|id| (*id != own, !id.contains("imputation")));
    let mut imputing = Vec::new();
    for id in ids.into_iter().take(MAX_APPS) {
        let listed = app::choose(server, &id).unwrap_or(&id).to_owned();
        if let Ok(app) = backend.api.app(probe.credential, &listed).await
            && app.param("refpanel").is_some()
            && app.param(super::submit::FILES).is_some()
        {
            imputing.push(id);
        }
    }
    if imputing.len() > 1 {
        let why =
            format!("several apps impute: {}; one service is one of them", imputing.join(", "));
        find.open.push(("settings.app", why));
    }
    if imputing.is_empty() {
        let why = "none of the apps that the account sees imputes against panels";
        find.open.push(("settings.app", why.to_owned()));
    }
    imputing.into_iter().next()
}

async fn read_offer(probe: &Probe<'_>, find: &mut Find) {
    let Ok(backend) = adapter(probe, &find.url, &find.settings) else { return };
    match backend.describe(probe.credential).await {
        Ok(offer) => {
            let panels: Vec<_> = offer.panels.iter().map(|panel| panel.id.as_str()).collect();
            find.found.push(format!("{} reference panels: {}", panels.len(), panels.join(", ")));
            if let Some(why) = &offer.closed {
                find.found.push(format!("it takes no runs at the moment: {why}"));
            }
            find.offer = Some(offer);
        }
        Err(Error::Credential { message }) => find.open.push(("credential", message)),
        Err(error) => find.found.push(format!("its app could not be read: {error}")),
    }
}

fn adapter(
    probe: &Probe<'_>,
    base: &Url,
    settings: &Map<String, Value>,
) -> Result<MichiganBackend, String> {
    let service = Service { settings: settings.clone(), ..probe.service("michigan", base) };
    MichiganBackend::try_new(&service, probe.client.clone())
}
