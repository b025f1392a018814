use serde_json::json;

use super::*;
use crate::backend::client::scripted::{
    self, Scripted, Seen as Request, json as answer, page, redirect,
};

async fn look_at(server: &Scripted, credential: &Credential) -> Sight {
    look(&scripted::client(), credential, &server.url).await.unwrap()
}

fn path(request: &Request) -> &str {
    request.line.split(' ').nth(1).unwrap()
}

#[tokio::test]
async fn a_wes_server_is_recognized_in_every_shape_of_its_service_info() {
    for (info, software, certainty) in [
        (
            json!({"type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}, "version": "3"}),
            Some("a WES server, version 3"),
            Some(Certainty::Certain),
        ),
        (
            json!({"workflow_type_version": {"WDL": ["1.0"]}, "workflow_engine_versions": {"Cromwell": "92"}}),
            Some("Cromwell"),
            Some(Certainty::Certain),
        ),
        (
            json!({"supported_wes_versions": ["1.0.0"], "workflow_engine_versions": {"toil": "9.6.0"}}),
            Some("Toil"),
            Some(Certainty::Certain),
        ),
        (json!({"type": {"artifact": "drs"}}), None, None),
        (json!(["workflow_type_versions"]), None, None),
        (json!("hello"), None, None),
    ] {
        let told = info.clone();
        let server = Scripted::start(move |request| match path(request) {
            "/api/ga4gh/wes/v1/service-info" => answer(200, told.clone()),
            _ => page(404),
        })
        .await;

        let sight = look_at(&server, &Credential::None).await;

        let find = sight.finds.first();
        assert_eq!(find.map(|find| find.software.as_str()), software, "{info}");
        assert_eq!(find.map(|find| find.certainty), certainty);
        let at = find.map(|find| find.url.path().to_owned());
        assert_eq!(at.as_deref(), software.map(|_| "/api/ga4gh/wes/v1"));
    }
}

#[tokio::test]
async fn cloudgene_is_recognized_by_its_own_members_alone() {
    for (told, expected) in [
        (json!({"name": "S", "apps": [], "loggedIn": false, "maintenace": false}), Some("S")),
        (json!({"apps": [], "navigation": [], "emailRequired": true}), None),
        (json!({"apps": [], "version": "1"}), None),
        (json!({"name": "S", "loggedIn": true, "maintenace": false}), None),
    ] {
        let is_cloudgene = told.get("apps").is_some() && told.get("version").is_none();
        let server = Scripted::start(move |request| match path(request) {
            "/api/v2/server" => answer(200, told.clone()),
            // A single-page application answers everything with its page.
            _ => page(200),
        })
        .await;

        let sight = look_at(&server, &Credential::None).await;

        let find = sight.finds.first();
        assert_eq!(find.map(|find| find.kind), is_cloudgene.then_some("michigan"));
        assert_eq!(find.and_then(|find| find.about.name.as_deref()), expected);
    }
}

#[tokio::test]
async fn the_app_that_imputes_is_chosen() {
    let server = Scripted::start(|request| match path(request) {
        "/api/v2/server" => answer(
            200,
            json!({"apps": [{"id": "pgs@1"}, {"id": "own-impute@1.0"}, {"id": "own-impute@1.2"}],
                   "loggedIn": true, "maintenace": false}),
        ),
        "/api/v2/server/apps/own-impute@1.2" => answer(
            200,
            json!({"params": [{"id": "files"}, {"id": "refpanel", "values":
                [{"key": "apps@demo@1", "value": "Demo (hg38)"}]}]}),
        ),
        "/api/v2/server/apps/pgs@1" => answer(200, json!({"params": [{"id": "files"}]})),
        _ => answer(404, json!({"success": false, "message": "no"})),
    })
    .await;

    let sight = look_at(&server, &Credential::Bearer("token".into())).await;

    let find = &sight.finds[0];
    assert_eq!(find.settings["app"], "own-impute");
    assert_eq!(find.offer.as_ref().unwrap().panels[0].id, "demo");
    // The token goes in the header that these servers read.
    let asked = server.seen();
    assert!(asked.iter().any(|request| request.header("x-auth-token") == Some("token")));
}

#[tokio::test]
async fn workbench_is_found_behind_its_front_door() {
    let namespace = "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11";
    let server = Scripted::start(move |request| match path(request) {
        "/services/workbench-user-service/users/me" => {
            answer(200, json!({"email": "a@b", "default_namespace": namespace}))
        }
        path if path.ends_with("/service-info") && path.contains(namespace) => {
            answer(200, json!({"id": "ewes", "name": "EWES"}))
        }
        path if path.contains("/engines") => answer(200, json!({"engines": [{"id": "e1"}]})),
        _ => page(404),
    })
    .await;

    let sight = look_at(&server, &Credential::Bearer("token".into())).await;

    let find = &sight.finds[0];
    assert_eq!((find.kind, find.url.path()), ("dnastack", "/services/ewes-service"));
    assert_eq!(find.settings["namespace"], namespace);
    assert!(find.offer.as_ref().unwrap().engines.contains_key("e1"));
}

#[tokio::test]
async fn a_move_to_another_origin_is_told_and_shows_no_credential() {
    let new = Scripted::start(|request| match path(request) {
        "/wes/service-info" => answer(200, json!({"supported_wes_versions": ["1.0.0"]})),
        _ => page(404),
    })
    .await;
    let target = new.url.join("/wes").unwrap().to_string();
    let old = Scripted::start(move |_| redirect(301, &target)).await;
    let url = old.url.join("/wes").unwrap();

    let client = scripted::client();
    let sight = look(&client, &Credential::Bearer("token".into()), &url).await.unwrap();

    assert_eq!(sight.finds[0].url.as_str(), new.url.join("/wes").unwrap().as_str());
    assert!(sight.notes[0].contains("sends visitors on"), "{:?}", sight.notes);
    let shown = |request: &Request| request.header("authorization").is_some();
    assert!(!new.seen().iter().any(shown) && !old.seen().iter().any(shown));
}
