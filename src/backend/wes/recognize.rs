//! Recognizes a WES server, whichever it is, by its service-info.

use http::StatusCode;
use serde_json::{Map, Value};
use url::Url;

use super::service_info;
use crate::backend::{
    client::{join, lenient::to_text},
    discover::{About, Certainty, Find, Probe, Seen, about},
};

/// Where servers keep WES below their base: right there, at the standard path, and where Cromwell has it.
const PLACES: [&[&str]; 4] =
    [&[], &["ga4gh", "wes", "v1"], &["api", "ga4gh", "wes", "v1"], &["wes", "v1"]];

/// Looks for WES at an address, around it and below it.
pub(in crate::backend) async fn recognize(probe: &Probe<'_>) -> Option<Find> {
    let asked = probe.below(&PLACES).into_iter().filter(is_base).map(|base| async move {
        let seen = probe.ask(&join(&base, &["service-info"])).await;
        (base, seen)
    });
    let mut finds: Vec<Find> = Vec::new();
    let mut closed: Option<Find> = None;
    for (base, seen) in futures_util::future::join_all(asked).await {
        match seen {
            Seen::Json(info) => finds.extend(found(base, &info)),
            Seen::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _)
                if base.path().ends_with("/ga4gh/wes/v1") =>
            {
                closed = closed.or(Some(behind_login(base)));
            }
            Seen::Refused(..) | Seen::Nothing => {}
        }
    }
    // The nearest to the given address is believed, and a server that answers above its own path, too, is
    // taken at that path.
    let Some(nearest) = finds.first() else { return closed };
    let own = join(&nearest.url, PLACES[1]);
    let at = finds.iter().position(|find| find.url == own).unwrap_or(0);
    Some(finds.swap_remove(at))
}

/// An address that already names an operation is no base.
fn is_base(base: &Url) -> bool {
    let last = base.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    !matches!(last, "service-info" | "runs")
}

fn found(base: Url, info: &Value) -> Option<Find> {
    let told = service_info::read(info)?;
    let About { name, version, .. } = about(info);
    let software = match (product(info), &version) {
        (Some(product), _) => product.to_owned(),
        (None, Some(version)) => format!("a WES server, version {version}"),
        (None, None) => "a WES server".to_owned(),
    };
    let types: Vec<_> = told.offer.workflow_types.keys().cloned().collect();
    let engines: Vec<_> = told.offer.engines.keys().cloned().collect();
    let mut found = vec![format!("service-info of WES at {base}")];
    if !types.is_empty() {
        found.push(format!("workflow types {}", types.join(", ")));
    }
    if !engines.is_empty() {
        found.push(format!("engines {}", engines.join(", ")));
    }
    let mut open = Vec::new();
    if told.is_bare {
        found.push("it does not say what it is: no id, name, type or organization".to_owned());
        open.push(("name", "the service does not tell its name".to_owned()));
    }
    let id = info.get("id").and_then(to_text);
    Some(Find {
        kind: "wes",
        url: base,
        certainty: Certainty::Certain,
        software,
        id,
        about: About { name, ..about(info) },
        settings: Map::new(),
        offer: Some(told.offer),
        found,
        open,
    })
}

fn behind_login(base: Url) -> Find {
    let why = "it tells nothing without a credential".to_owned();
    Find {
        kind: "wes",
        certainty: Certainty::Possible,
        software: "something behind a login, where WES servers are".to_owned(),
        id: None,
        about: About::default(),
        settings: Map::new(),
        offer: None,
        found: vec![format!("{base}/service-info asks for a credential")],
        open: vec![("credential", why)],
        url: base,
    }
}

/// The products that can be told by what they say, or by what they leave out.
fn product(info: &Value) -> Option<&'static str> {
    let text = info.to_string().to_ascii_lowercase();
    let engines = info.get("workflow_engine_versions").map(Value::to_string).unwrap_or_default();
    let says = |word: &str| text.contains(word);
    [
        (says("sapporo"), "Sapporo"),
        (says("gx_workflow"), "Galaxy"),
        (says("starterkit") || says("starter kit"), "the GA4GH starter kit"),
        (engines.contains("cwl-runner") && info.get("id").is_none(), "wes-service"),
        (engines.contains("toil") && info.get("id").is_none(), "Toil"),
        (engines.to_ascii_lowercase().contains("cromwell"), "Cromwell"),
    ]
    .into_iter()
    .find_map(|(is, name)| is.then_some(name))
}
