//! The engines of the account, and whether they are well.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Uri},
};
use serde_json::{Value, json};

use super::{
    DnastackKnobs, Problem, Server,
    list::{page, parse},
    time,
};

/// The engine that is the default one, if one is.
const FIRST: &str = "local-1";

/// Another engine.
const SECOND: &str = "aws-1";

/// The engine that runs a submission: the one that it names, or the default one.
pub(super) fn choose(knobs: &DnastackKnobs, named: Option<&str>) -> Result<String, Problem> {
    match named {
        Some(id) if id == FIRST || id == SECOND => Ok(id.to_owned()),
        Some(id) => Err(Problem::bad_request(format!("engine {id} does not exist"))),
        None if knobs.default_engine => Ok(FIRST.to_owned()),
        None => Err(Problem::bad_request("no engine is named, and there is no default one")),
    }
}

/// `GET engines`.
pub(super) async fn list_engines(
    State(server): State<Server>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    let engines = vec![engine(&look.knobs, FIRST), engine(&look.knobs, SECOND)];
    page(&look, &uri, &parse(query.as_deref()), "engines", engines).map(Json)
}

/// `GET engines/{engine_id}`.
pub(super) async fn get_engine(
    State(server): State<Server>,
    Path((_, engine_id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    known(&engine_id)?;
    Ok(Json(engine(&server.knobs(), &engine_id)))
}

/// `GET engines/{engine_id}/param-presets`.
pub(super) async fn list_presets(
    Path((_, engine_id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    known(&engine_id)?;
    let preset = json!({
        "id": "cached",
        "name": "Read from the cache",
        "preset_values": { "read_from_cache": true },
        "engine_id": engine_id,
        "default": false,
    });
    Ok(Json(json!({ "engine_param_presets": [preset] })))
}

/// `GET engines/{engine_id}/health-checks`.
pub(super) async fn health_checks(
    State(server): State<Server>,
    Path((_, engine_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    known(&engine_id)?;
    let look = server.look(&headers);
    let (outcome, error) = if look.knobs.engines_fail {
        ("FAILURE", Some("the storage cannot be reached"))
    } else {
        ("SUCCESS", None)
    };
    let check = json!({
        "created_at": time(look.now),
        "outcome": outcome,
        "checks": [
            { "type": "CONNECTIVITY", "outcome": "SUCCESS" },
            { "type": "STORAGE", "outcome": outcome, "error": error },
        ],
    });
    Ok(Json(json!({ "health_checks": [check], "pagination": { "total_elements": 1 } })))
}

fn known(engine_id: &str) -> Result<(), Problem> {
    let known = engine_id == FIRST || engine_id == SECOND;
    known.then_some(()).ok_or_else(|| Problem::not_found("the engine"))
}

fn engine(knobs: &DnastackKnobs, id: &str) -> Value {
    let provider = if id == FIRST { "LOCAL" } else { "AWS" };
    json!({
        "id": id,
        "name": format!("Engine {id}"),
        "provider": provider,
        "region": "local",
        "default": id == FIRST && knobs.default_engine,
        "state": "ACTIVE",
        "engine_adapter_configuration": { "type": "WES_ON_CROMWELL" },
    })
}
