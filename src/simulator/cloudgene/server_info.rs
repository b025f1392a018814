//! What a server tells about itself: its state, its apps, and through their inputs its panels.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::{
    Answer, Server, Shared,
    access::{self, Access},
    answer,
    apps::{self, App, Param, ParamKind},
    failure::Failure,
    knobs::{CloudgeneKnobs, ListedAs},
    panels::{self, Category, Panel},
};

/// `GET /api/v2/server`. Answers without a token too, and with a bad one.
pub(super) async fn server(State(server): State<Shared>, headers: HeaderMap) -> Json<Value> {
    let knobs = server.knobs();
    let mut info = json!({
        "name": knobs.name, "background": "#343a40", "foreground": "navbar-dark", "footer": "!FOOTER",
        "emailRequired": true, "userEmailDescription": "!USER_EMAIL_DESCRIPTION",
        "userWithoutEmailDescription": "!USER_WITHOUT_EMAIL_DESCRIPTION", "oauth": [],
        "loggedIn": false, "apps": [],
        "navigation": [{"id": "help", "name": "Help", "link": "help", "items": []}],
        "maintenace": knobs.maintenance,
    });
    if knobs.maintenance {
        info["maintenaceMessage"] = json!("The server is under maintenance.");
    }
    if let Access::Known(caller) = access::access(&server, &headers) {
        info["loggedIn"] = json!(true);
        info["user"] = json!({
            "username": caller.user, "mail": format!("{}@example.org", caller.user),
            "admin": false, "name": caller.user,
        });
        info["deprecatedApps"] = json!([]);
        info["experimentalApps"] = json!([]);
        let list = match knobs.listed_as {
            ListedAs::Current => "apps",
            ListedAs::Experimental => "experimentalApps",
            ListedAs::Deprecated => "deprecatedApps",
        };
        info[list] = apps::installed(server.generation)
            .map(|app| match server.generation {
                2 => json!({"id": app.full_id(), "name": app.name}),
                _ => json!({"id": app.full_id(), "name": app.name, "version": app.version}),
            })
            .collect();
    }
    Json(info)
}

/// `GET /api/v2/server/version.svg`: the only place where anyone can read the version.
pub(super) async fn version(State(server): State<Shared>) -> Response {
    let version = if server.generation == 2 { "2.8.5" } else { "3.1.3" };
    let badge = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"20\">\
         <text x=\"10\" y=\"14\">cloudgene</text><text x=\"80\" y=\"14\">{version}</text></svg>"
    );
    ([(header::CONTENT_TYPE, "image/svg+xml")], badge).into_response()
}

/// `GET /api/v2/server/counters`.
pub(super) async fn counters(State(server): State<Shared>) -> Json<Value> {
    let now = server.now();
    let active = server.store(now).active_jobs(None, now);
    Json(match server.generation {
        2 => {
            json!({"complete": {}, "running": {}, "waiting": {}, "queue": {"size": active}, "users": 2})
        }
        _ => json!({"complete": {}, "queue": {"size": active}, "users": 2}),
    })
}

/// `GET /api/v2/server/apps`, which is for administrators.
pub(super) async fn installed_apps(
    State(server): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let refused =
        || Failure::new(StatusCode::UNAUTHORIZED, "The request requires user authentication.");
    let said = access::caller_or(&server, &headers, refused)
        .and_then(|_| Err(Failure::Framework(StatusCode::FORBIDDEN)));
    answer(&server, uri.path(), said)
}

/// `POST /api/v2/importer/files`: imports from URLs were removed.
pub(super) async fn importer(State(server): State<Shared>, uri: Uri) -> Response {
    let message =
        "URL-based uploads are no longer supported. Please use direct file uploads instead.";
    server.refuse(Failure::new(StatusCode::BAD_REQUEST, message), uri.path())
}

/// `GET /api/v2/server/apps/{app}`.
pub(super) async fn app(
    State(server): State<Shared>,
    Path(named): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    answer(&server, uri.path(), describe(&server, &named, &headers))
}

fn describe(server: &Server, named: &str, headers: &HeaderMap) -> Answer {
    let missing = || match server.generation {
        2 => Failure::new(
            StatusCode::NOT_FOUND,
            format!("Application '{named}' not found or the request requires user authentication."),
        ),
        _ => Failure::new(StatusCode::NOT_FOUND, format!("Application '{named}' not found")),
    };
    access::caller_or(server, headers, missing)?;
    let knobs = server.knobs();
    if knobs.maintenance {
        return Err(Failure::maintenance());
    }
    let app = apps::find(server.generation, named).ok_or_else(missing)?;
    let params: Vec<Value> = app
        .params
        .iter()
        .filter(|param| !matches!(param.kind, ParamKind::Hidden))
        .map(|param| param_json(param, app, &knobs))
        .collect();
    Ok(Json(json!({
        "id": app.id, "name": app.name, "version": app.version,
        "description": format!("<b>{}</b> against reference panels", app.name),
        "author": "The simulator", "website": "https://example.org", "logo": "",
        "submitButton": "Submit Job", "params": params, "s3Workspace": knobs.s3_redirect, "footer": "",
    }))
    .into_response())
}

fn param_json(param: &Param, app: &App, knobs: &CloudgeneKnobs) -> Value {
    let choice = |key: &str, value: &str| json!({"key": key, "value": value, "label": null, "values": null, "enabled": false});
    let mut json = json!({
        "id": param.id, "description": param.description, "value": param.default, "visible": true,
        "required": false, "adminOnly": false,
    });
    match param.kind {
        ParamKind::Panels(category) => {
            json["type"] = json!("app_list");
            json["required"] = json!(true);
            json["emptySelection"] = json!(true);
            json["values"] =
                offered(knobs, category).map(|panel| choice(&panel.key(), panel.name)).collect();
        }
        ParamKind::Populations => {
            json["type"] = json!("binded_list");
            json["bind"] = json!("refpanel");
            json["values"] = offered(knobs, category_of(app)).map(populations).collect();
        }
        ParamKind::Choice(options) => {
            json["type"] = json!("list");
            json["values"] = options.iter().map(|(key, value)| choice(key, value)).collect();
        }
        ParamKind::Checkbox(on, off) => {
            json["type"] = json!("checkbox");
            json["values"] = json!([choice("false", off), choice("true", on)]);
        }
        ParamKind::Folder => {
            json["type"] = json!("local_folder");
            json["required"] = json!(true);
            json["source"] = json!("upload");
            json["accept"] = json!(".vcf.gz");
        }
        ParamKind::Hidden => json["type"] = json!("text"),
        ParamKind::Terms => {
            json["type"] = json!("terms_checkbox");
            json["required"] = json!(true);
        }
    }
    json
}

fn populations(panel: &Panel) -> Value {
    let populations: Vec<Value> =
        panel.populations.iter().map(|(id, name)| json!({"key": id, "value": name})).collect();
    json!({
        "key": panel.key(), "label": panel.name, "value": null, "values": populations, "enabled": false,
    })
}

fn category_of(app: &App) -> Category {
    let category = app.params.iter().find_map(|param| match param.kind {
        ParamKind::Panels(category) => Some(category),
        ParamKind::Populations
        | ParamKind::Choice(_)
        | ParamKind::Checkbox(..)
        | ParamKind::Folder
        | ParamKind::Hidden
        | ParamKind::Terms => None,
    });
    category.unwrap_or(Category::Genome)
}

/// The panels that the user may use.
fn offered(knobs: &CloudgeneKnobs, category: Category) -> impl Iterator<Item = &'static Panel> {
    let installed = knobs.panels.iter().filter_map(|id| panels::find(id));
    installed.filter(move |panel| panel.category == category && is_offered(knobs, panel))
}

/// Whether the user may use a panel.
pub(super) fn is_offered(knobs: &CloudgeneKnobs, panel: &Panel) -> bool {
    let is_in = |ids: &[String]| ids.iter().any(|id| id == panel.id);
    is_in(&knobs.panels) && !is_in(&knobs.restricted_panels)
}
