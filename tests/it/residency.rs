//! Where data may go: datasets on record, policies in a folder, and what is told of both.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, routing::get};
use ga4gh_gateway::domain::Role;
use http::{Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::{
    RunForm, TestGateway, TestService, client::WesClient, eventually::eventually,
};

const POLICIES: &str = r#"
@id("members") permit (principal, action, resource);
@id("certified") @reason("controlled data need a service that is certified for ISO 27001")
forbid (principal, action, resource)
when { context has dataset && context.dataset.class == "controlled" }
unless { resource.certifications.contains("ISO 27001") };
"#;

struct World {
    gateway: TestGateway,
    steward: WesClient,
    amina: WesClient,
    kenya: TestService,
    mali: TestService,
    folder: TempDir,
}

impl World {
    async fn start(settings: Value) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let file = folder.path().join("a.cedar");
        std::fs::write(file, POLICIES).expect("the temporary folder can be written");
        let kenya = TestService::start("kenya", "wes", "KE", &[("run_ms", "50")]).await;
        let mali = TestService::start("mali", "wes", "ML", &[("run_ms", "50")]).await;
        let kenya = kenya.with("certifications", json!(["ISO 27001"]));
        let mut policy = json!({"dir": folder.path(), "watch": "100ms"});
        for (key, value) in settings.as_object().into_iter().flatten() {
            policy[key] = value.clone();
        }
        let gateway = TestGateway::start_with(&[&kenya, &mali], json!({"policy": policy})).await;
        let steward = gateway.client_as("steward", &[Role::DataSteward]);
        let amina = gateway.client("amina");
        Self { gateway, steward, amina, kenya, mali, folder }
    }

    async fn dataset(&self, document: &Value) {
        let (status, body) = self.steward.post_v1("/datasets", document).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    async fn submit(&self, tags: &Value) -> (StatusCode, Value) {
        self.amina.try_submit(RunForm::cwl().tags(tags)).await
    }
}

#[tokio::test]
async fn a_run_goes_where_the_record_of_its_dataset_and_the_policies_let_it() {
    let world = World::start(json!({})).await;
    world.dataset(&json!({"id": "h3a", "origin": ["KE", "ML"]})).await;
    world.dataset(&json!({"id": "open", "origin": ["ML"], "class": "open"})).await;

    for (tags, kenya, mali) in
        [(json!({"dataset": "h3a"}), 1, 0), (json!({"dataset": "open"}), 1, 1)]
    {
        let (status, body) = world.submit(&tags).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let took = (world.kenya.submissions().len(), world.mali.submissions().len());
        assert_eq!(took, (kenya, mali), "{tags}");
        let run_id = body["run_id"].as_str().unwrap();
        let (_, decision) = world.amina.get_v1(&format!("/runs/{run_id}/decision")).await;
        assert_eq!(
            (&decision["policy_epoch"], &decision["dataset"]),
            (&json!(1), &tags["dataset"])
        );
    }
    let (status, body) = world.submit(&json!({"dataset": "h3a", "origin": "ML"})).await;
    assert_eq!((status, &body["reason"]), (StatusCode::FORBIDDEN, &json!("forbidden_by_policy")));
    assert!(body["msg"].as_str().unwrap().contains("certified for ISO 27001"), "{body}");
    let (status, body) = world.submit(&json!({"dataset": "none"})).await;
    assert_eq!(
        (status, &body["reason"]),
        (StatusCode::BAD_REQUEST, &json!("dataset_not_on_record"))
    );
    world.gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_that_wants_an_origin_refuses_data_without_one() {
    let institutions = json!({"Test University": ["KE"]});
    let world = World::start(json!({"require_origin": true})).await;
    let (status, body) = world.submit(&json!({"origin": "KE"})).await;
    assert_eq!((status, &body["reason"]), (StatusCode::FORBIDDEN, &json!("origin_required")));
    assert_eq!(world.kenya.submissions().len(), 0);

    let policy = json!({"require_origin": true, "institutions": institutions});
    let gateway = world.gateway.restart_with(json!({"policy": policy})).await;
    let (status, _) = gateway.client("amina").try_submit(RunForm::cwl()).await;
    assert_eq!((status, world.kenya.submissions().len()), (StatusCode::OK, 1));
    gateway.stop().await;
}

#[tokio::test]
async fn policies_are_replaced_as_a_whole_and_a_bad_set_is_refused() {
    let world = World::start(json!({"watch": "0s"})).await;
    let file = world.folder.path().join("a.cedar");
    let (_, before) = world.steward.get_v1("/policy").await;
    assert_eq!((&before["epoch"], &before["policies"]["members"]), (&json!(1), &json!("")));

    std::fs::write(&file, "permit (principal, action, resource);").unwrap();
    let (status, body) = world.steward.post_v1("/policy/reload", &json!({})).await;
    assert_eq!(
        (status, &body["reason"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_policies"))
    );
    let tests = "[[tests]]\nname = \"x\"\nexpect = \"allowed\"\nservice = { jurisdiction = \"K\" }";
    std::fs::write(&file, POLICIES).unwrap();
    std::fs::write(world.folder.path().join("a.tests.toml"), tests).unwrap();
    let (status, _) = world.steward.post_v1("/policy/reload", &json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let tests = tests.replace("\"K\"", "\"KE\"").replace("allowed", "refused");
    std::fs::write(world.folder.path().join("a.tests.toml"), tests).unwrap();
    let (status, body) = world.steward.post_v1("/policy/reload", &json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["reason"], "policy_tests_fail");
    assert_eq!(world.steward.get_v1("/policy").await.1["epoch"], 1);

    std::fs::remove_file(world.folder.path().join("a.tests.toml")).unwrap();
    let closed = "@id(\"no\") @reason(\"closed\") forbid (principal, action, resource);";
    std::fs::write(&file, closed).unwrap();
    let (status, body) = world.steward.post_v1("/policy/reload", &json!({})).await;
    assert_eq!((status, &body["epoch"]), (StatusCode::OK, &json!(2)));
    assert_eq!(world.submit(&json!({})).await.0, StatusCode::FORBIDDEN);

    std::fs::write(&file, "permit (").unwrap();
    let gateway = world.gateway.restart().await;
    let steward = gateway.client_as("steward", &[Role::DataSteward]);
    assert_eq!(steward.get_v1("/policy").await.1["epoch"], 2);
    gateway.stop().await;
}

#[tokio::test]
async fn a_change_of_the_files_is_noticed() {
    let world = World::start(json!({})).await;
    let more = "\n@id(\"no\") @reason(\"closed\") forbid (principal, action, resource);";
    std::fs::write(world.folder.path().join("b.cedar"), more).unwrap();

    eventually("the new policies are in force", || async {
        let (_, seen) = world.steward.get_v1("/policy").await;
        if seen["epoch"] == 2 { Ok(()) } else { Err(seen) }
    })
    .await;

    assert_eq!(world.submit(&json!({})).await.0, StatusCode::FORBIDDEN);
    world.gateway.stop().await;
}

#[tokio::test]
async fn a_steward_asks_what_would_become_of_a_run_and_others_ask_for_themselves() {
    let world = World::start(json!({})).await;
    world.dataset(&json!({"id": "h3a", "origin": ["KE", "ML"], "institutions": ["Univ"]})).await;
    let scenario = json!({"dataset": "h3a", "caller": {"id": "x#y", "institution": "Univ"}});

    let (status, body) = world.steward.post_v1("/policy/evaluate", &scenario).await;

    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!((&body["allowed"], &body["policy_epoch"]), (&json!(true), &json!(1)));
    let mali = &body["services"][1];
    assert_eq!((&mali["service"], &mali["rule"]), (&json!("mali"), &json!("certified")));
    assert!(mali["why"].as_str().unwrap().contains("controlled data need"), "{mali}");
    assert_eq!(world.amina.post_v1("/policy/evaluate", &scenario).await.0, StatusCode::FORBIDDEN);
    let own = json!({"dataset": "h3a"});
    let (status, body) = world.amina.post_v1("/policy/evaluate", &own).await;
    assert_eq!((status, &body["allowed"]), (StatusCode::OK, &json!(false)), "{body}");
    let (status, body) =
        world.steward.post_v1("/policy/evaluate", &json!({"origin": ["Kenya"]})).await;
    assert_eq!((status, &body["reason"]), (StatusCode::BAD_REQUEST, &json!("bad_scenario")));
    for path in ["/policy", "/datasets"] {
        let status = world.amina.get_v1(path).await.0;
        assert_eq!(status == StatusCode::OK, path == "/datasets", "{path}");
    }
    world.gateway.stop().await;
}

#[tokio::test]
async fn datasets_are_kept_by_their_stewards() {
    let world = World::start(json!({})).await;
    let document = json!({"id": "h3a", "origin": ["KE"], "institutions": ["Univ"]});
    let (status, body) = world.amina.post_v1("/datasets", &document).await;
    assert_eq!((status, &body["reason"]), (StatusCode::FORBIDDEN, &json!("role_required")));
    let operator = world.gateway.operator();
    assert_eq!(operator.post_v1("/datasets", &document).await.0, StatusCode::FORBIDDEN);
    world.dataset(&document).await;
    world.dataset(&json!({"id": "open", "origin": ["bloc:EAC"], "class": "open"})).await;

    let (status, body) = world.steward.post_v1("/datasets", &document).await;
    assert_eq!((status, &body["reason"]), (StatusCode::CONFLICT, &json!("dataset_id_taken")));
    let wrong = json!({"id": "x", "origin": []});
    let (status, body) = world.steward.post_v1("/datasets", &wrong).await;
    assert_eq!((status, &body["reason"]), (StatusCode::BAD_REQUEST, &json!("bad_dataset")));
    // Another's dataset is not there.
    assert_eq!(world.amina.get_v1("/datasets/h3a").await.0, StatusCode::NOT_FOUND);
    let (_, page) = world.amina.get_v1("/datasets").await;
    assert_eq!(page["datasets"].as_array().unwrap().len(), 1);
    assert_eq!(page["datasets"][0]["countries"].as_array().unwrap().len(), 8);
    let (_, page) = world.steward.get_v1("/datasets?page_size=1").await;
    assert_eq!(
        (&page["datasets"][0]["id"], &page["next_page_token"]),
        (&json!("h3a"), &json!("h3a"))
    );
    let (_, page) = world.steward.get_v1("/datasets?page_size=1&page_token=h3a").await;
    assert_eq!(
        (&page["datasets"][0]["id"], &page["next_page_token"]),
        (&json!("open"), &json!(""))
    );

    let change = async |method: Method, version: Option<&str>, body: Value| {
        let headers: Vec<_> = version.map(|tag| ("If-Match", tag)).into_iter().collect();
        world.steward.send(method, "/api/v1/datasets/h3a", &headers, Some(&body)).await.0.as_u16()
    };
    let wider = json!({"id": "h3a", "origin": ["KE", "ML"]});
    assert_eq!(change(Method::PUT, None, wider.clone()).await, 428);
    assert_eq!(change(Method::PUT, Some("\"7\""), wider.clone()).await, 412);
    assert_eq!(change(Method::PUT, Some("\"1\""), wider).await, 200);
    assert_eq!(change(Method::DELETE, Some("\"1\""), json!({})).await, 412);
    let gateway = world.gateway.restart().await;
    let steward = gateway.client_as("steward", &[Role::DataSteward]);
    let (_, kept) = steward.get_v1("/datasets/h3a").await;
    assert_eq!((&kept["version"], &kept["origin"]), (&json!(2), &json!(["KE", "ML"])));
    gateway.stop().await;
}

/// A submission that its service sends elsewhere stays where it was allowed to go.
#[tokio::test]
async fn a_submission_never_follows_its_service_to_another_host() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let seen = got.clone();
    let elsewhere = serve(Router::new().fallback(async move |uri: Uri| {
        seen.lock().unwrap().push(uri.to_string());
        StatusCode::OK
    }))
    .await;
    let info = json!({
        "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0", "v1.2"]}},
        "supported_wes_versions": ["1.1.0"],
    });
    let away = move || async move {
        let place = format!("{elsewhere}/ga4gh/wes/v1/runs/");
        (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)])
    };
    let routes = Router::new()
        .route("/ga4gh/wes/v1/service-info", get(async move || Json(info)))
        .route("/ga4gh/wes/v1/runs", get(StatusCode::OK).post(away));
    let sends_away = serve(routes).await;
    let service = json!({"id": "kenya", "kind": "wes", "url": sends_away, "jurisdiction": "KE"});
    let gateway = TestGateway::start_configured(vec![service], json!({})).await;
    let amina = gateway.client("amina");

    let form = || RunForm::cwl().tags(&json!({"origin": "KE"}));
    for form in [form(), form().file("reads.txt", "ACGT")] {
        let (status, body) = amina.try_submit(form).await;
        assert_eq!(body["reason"], "refused_by_service", "{status}: {body}");
    }

    assert_eq!(*got.lock().unwrap(), [""; 0]);
    gateway.stop().await;
}

#[expect(clippy::disallowed_methods, reason = "it ends with the test")]
async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}
