//! Recognizes DNAstack Workbench by its user service, its error bodies, and its names in registries.

use serde_json::{Map, Value, json};
use url::Url;

use super::DnastackBackend;
use crate::{
    backend::{
        Backend, Error,
        client::join,
        discover::{About, Certainty, Find, Probe, Seen},
    },
    domain::Service,
};

/// Where EWES is below a base: right there, or behind the vendor's front door.
const PLACES: [&[&str]; 2] = [&[], &["services", "ewes-service"]];

/// Whether a registry's words for a type mean EWES.
pub(in crate::backend) fn is_listed_as(group: &str, artifact: &str) -> bool {
    group == "com.dnastack.workbench" && artifact == "ewes-service"
}

/// Looks for EWES at an address, above it, and behind a front door.
pub(in crate::backend) async fn recognize(probe: &Probe<'_>) -> Option<Find> {
    let named = namespace_in(&probe.home);
    let asked = probe.below(&PLACES).into_iter().filter(is_base).map(|base| async move {
        let me = probe.ask(&join(&users(&base), &["users", "me"])).await;
        (base, me)
    });
    let mut closed = None;
    for (base, me) in futures_util::future::join_all(asked).await {
        match me {
            Seen::Json(me) if is_account(&me) => {
                let own = me.get("default_namespace").and_then(Value::as_str).map(str::to_owned);
                return Some(describe(probe, base, named.or(own)).await);
            }
            // Its own error body: `error_code` and a trace, and no WES.
            Seen::Refused(_, body) if body.get("trace_id").is_some() => {
                closed = closed.or(Some(base));
            }
            Seen::Json(_) | Seen::Refused(..) | Seen::Nothing => {}
        }
    }
    closed.map(|base| behind_login(base, named))
}

fn is_base(base: &Url) -> bool {
    namespace_in(base).is_none() && !base.path().contains("/ga4gh/wes")
}

/// An account of Workbench: an address of mail and a namespace.
fn is_account(me: &Value) -> bool {
    me.get("default_namespace").is_some() && me.get("email").is_some()
}

/// The user service stands beside EWES behind the front door, and at the same base elsewhere.
fn users(ewes: &Url) -> Url {
    let mut url = ewes.clone();
    if let Some(door) = ewes.path().trim_end_matches('/').strip_suffix("/ewes-service") {
        url.set_path(&format!("{door}/workbench-user-service"));
    }
    url
}

/// A namespace in an address: a segment as long as a UUID.
fn namespace_in(url: &Url) -> Option<String> {
    let long = |word: &&str| {
        word.len() >= 36 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    url.path_segments()?.find(long).map(str::to_owned)
}

fn find(base: Url, namespace: Option<&str>, certainty: Certainty) -> Find {
    let settings = namespace.map(|name| ("namespace".to_owned(), json!(name)));
    Find {
        kind: "dnastack",
        certainty,
        software: "DNAstack Workbench".to_owned(),
        id: None,
        about: About::default(),
        settings: Map::from_iter(settings),
        offer: None,
        found: vec![format!("DNAstack Workbench (EWES) at {base}")],
        open: Vec::new(),
        url: base,
    }
}

fn behind_login(base: Url, namespace: Option<String>) -> Find {
    let mut find = find(base, namespace.as_deref(), Certainty::Likely);
    find.found.push("it answers with DNAstack's errors and asks for a token".to_owned());
    let why = "it tells nothing without a token; client credentials with the resource of its wallet \
               are usual";
    find.open.push(("credential", why.to_owned()));
    if namespace.is_none() {
        let why = "the namespace whose runs these are, a UUID; with a credential it is found";
        find.open.push(("settings.namespace", why.to_owned()));
    }
    find
}

async fn describe(probe: &Probe<'_>, base: Url, namespace: Option<String>) -> Find {
    let mut find = find(base, namespace.as_deref(), Certainty::Certain);
    let Some(namespace) = namespace else {
        let why = "the account has no default namespace; name the one whose runs these are";
        find.open.push(("settings.namespace", why.to_owned()));
        return find;
    };
    find.found.push(format!("namespace {namespace} of the account"));
    let service =
        Service { settings: find.settings.clone(), ..probe.service("dnastack", &find.url) };
    let Ok(backend) = DnastackBackend::try_new(&service, probe.client.clone()) else {
        return find;
    };
    let info = probe.ask(&backend.api(&["service-info"])).await;
    if let Seen::Json(info) = info {
        find.id = info.get("id").and_then(Value::as_str).map(str::to_owned);
        find.about = crate::backend::discover::about(&info);
    }
    match backend.describe(probe.credential).await {
        Ok(offer) => {
            let engines: Vec<_> = offer.engines.keys().cloned().collect();
            find.found.push(format!("engines {}", engines.join(", ")));
            find.offer = Some(offer);
        }
        Err(Error::Credential { message }) => find.open.push(("credential", message)),
        Err(error) => find.found.push(format!("what it offers could not be read: {error}")),
    }
    find
}
