//! Services come, change and go while the gateway runs.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{
    RunForm, TestGateway, TestService, client::WesClient, eventually::eventually,
};

const SERVICES: &str = "/api/v1/services";

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_joins_gets_runs_without_a_restart() {
    let service =
        TestService::start("joined", "wes", "ZA", &[("auth", "bearer"), ("token", "sim-token")])
            .await;
    let gateway = TestGateway::start(&[]).await;
    let operator = gateway.operator();
    let mut document = document(&service);
    document["credential"] = json!({"type": "bearer", "token": "sim-token"});

    let (status, headers, created) =
        operator.send(Method::POST, SERVICES, &[], Some(&document)).await;

    assert_eq!(status, StatusCode::CREATED, "{created}");
    assert_eq!(headers[header::ETAG], "\"1\"");
    assert!(!created.to_string().contains("sim-token"), "{created}");
    usable(&operator, "joined").await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");

    // What was written down survives a restart, and so does its credential.
    let gateway = gateway.restart().await;
    usable(&gateway.operator(), "joined").await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_lost_to_another_one() {
    let service = TestService::start("shared", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start(&[]).await;
    let operator = gateway.operator();
    let mut document = document(&service);
    operator.send(Method::POST, SERVICES, &[], Some(&document)).await;
    let path = format!("{SERVICES}/shared");
    document["name"] = json!("Shared by two");

    let put = async |tag: Option<&str>, path: &str| {
        let headers: Vec<_> = tag.map(|tag| ("If-Match", tag)).into_iter().collect();
        let (status, _, body) = operator.send(Method::PUT, path, &headers, Some(&document)).await;
        (status.as_u16(), body)
    };
    let without = put(None, &path).await;
    let odd = put(Some("new"), &path).await;
    let dry = put(Some("\"1\""), &format!("{path}?dry_run=true")).await;
    let first = put(Some("\"1\""), &path).await;
    let late = put(Some("\"1\""), &path).await;

    let reasons = [&without, &odd, &late].map(|(status, body)| (*status, reason(body)));
    assert_eq!(
        reasons,
        [(428, "precondition_required"), (400, "bad_if_match"), (412, "changed_meanwhile")]
    );
    assert_eq!((dry.0, &dry.1["version"]), (200, &json!(2)), "{}", dry.1);
    assert_eq!((first.0, &first.1["version"]), (200, &json!(2)), "{}", first.1);
    assert_eq!(first.1["name"], "Shared by two");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_leaves_takes_its_id_with_it() {
    let (first, second) = (
        TestService::start("gone", "wes", "ZA", &[]).await,
        TestService::start("gone", "wes", "ZA", &[]).await,
    );
    let gateway = TestGateway::start(&[]).await;
    let (operator, amina) = (gateway.operator(), gateway.client("amina"));
    operator.send(Method::POST, SERVICES, &[], Some(&document(&first))).await;
    usable(&operator, "gone").await;
    let run_id = amina.submit(RunForm::cwl()).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    let path = format!("{SERVICES}/gone");

    let (removed, _, _) =
        operator.send(Method::DELETE, &path, &[("If-Match", "\"1\"")], None).await;

    assert_eq!(removed, StatusCode::NO_CONTENT);
    assert_eq!(amina.state(&run_id).await, "COMPLETE");
    let (status, _, body) = operator.send(Method::GET, &path, &[], None).await;
    assert_eq!((status.as_u16(), reason(&body)), (404, "unknown_service_id"));
    let create = async |service: &TestService| {
        operator.send(Method::POST, SERVICES, &[], Some(&document(service))).await
    };
    let (status, _, body) = create(&second).await;
    assert_eq!((status.as_u16(), reason(&body)), (409, "service_id_retired"));
    assert_eq!(create(&first).await.0, StatusCode::CREATED);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_drains_gets_no_new_runs() {
    let service = TestService::start("configured", "wes", "ZA", &[("run_ms", "300")]).await;
    let gateway = TestGateway::start(&[&service]).await;
    let (operator, amina) = (gateway.operator(), gateway.client("amina"));
    let before = amina.submit(RunForm::cwl()).await;
    let mode = |mode: &str| json!({"mode": mode, "note": "new disks"});
    let path = format!("{SERVICES}/configured/mode");

    let (status, _, body) = operator.send(Method::PUT, &path, &[], Some(&mode("draining"))).await;

    assert_eq!((status, &body["mode"]), (StatusCode::OK, &json!("draining")), "{body}");
    let (status, refused) = amina.try_submit(RunForm::cwl()).await;
    assert_eq!((status.as_u16(), reason(&refused)), (503, "no_service_available"), "{refused}");
    assert!(refused["services"]["configured"].to_string().contains("new disks"), "{refused}");
    assert_eq!(amina.ended(&before).await, "COMPLETE");

    // The mode outlives a restart, and the rest of the record is kept by the configuration file.
    let gateway = gateway.restart().await;
    let operator = gateway.operator();
    let (_, headers, body) =
        operator.send(Method::GET, &format!("{SERVICES}/configured"), &[], None).await;
    assert_eq!((&body["mode"], &body["source"]), (&json!("draining"), &json!("configuration")));
    let tag = headers[header::ETAG].to_str().unwrap();
    let path = format!("{SERVICES}/configured");
    let replaced =
        operator.send(Method::PUT, &path, &[("If-Match", tag)], Some(&document(&service))).await;
    assert_eq!((replaced.0.as_u16(), reason(&replaced.2)), (409, "kept_elsewhere"));
    operator.send(Method::PUT, &format!("{path}/mode"), &[], Some(&mode("active"))).await;
    gateway.client("amina").submit(RunForm::cwl()).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_document_is_refused_with_its_member() {
    let service = TestService::start("good", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start(&[]).await;
    let operator = gateway.operator();
    let good = document(&service);
    for (member, value) in [
        ("id", json!("types")),
        ("kind", json!("fax")),
        ("jurisdiction", json!("Kenya")),
        ("url", json!("ftp://example.org")),
        ("url", json!("http://user:pass@example.org")),
        ("weight", json!(1_000_000)),
        ("max_in_flight", json!(0)),
        ("depends_on", json!(["nobody"])),
        ("depends_on", json!(["good"])),
        ("stands_in_for", json!([{"service": "nobody"}])),
        ("settings", json!({"imputatoin": {}})),
        ("credential.value", json!(null)),
    ] {
        let mut bad = good.clone();
        match member {
            "credential.value" => {
                bad["credential"] = json!({"type": "header", "name": "X", "value": "a\nsecret"});
            }
            member => bad[member] = value,
        }

        let (status, _, body) = operator.send(Method::POST, SERVICES, &[], Some(&bad)).await;

        assert_eq!((status.as_u16(), reason(&body)), (400, "bad_service"), "{member}: {body}");
        assert!(body["msg"].as_str().unwrap().contains(member), "{member}: {body}");
        assert!(!body.to_string().contains("secret"), "{body}");
    }
    let unknown = json!({"id": "a", "colour": "blue"});
    let (status, _, body) = operator.send(Method::POST, SERVICES, &[], Some(&unknown)).await;
    assert_eq!((status.as_u16(), reason(&body)), (400, "bad_json"), "{body}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_change_services() {
    let service = TestService::start("seen", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start(&[&service]).await;
    let (amina, stranger) = (gateway.client("amina"), gateway.stranger());
    for (method, path) in [
        (Method::POST, SERVICES.to_owned()),
        (Method::PUT, format!("{SERVICES}/seen")),
        (Method::DELETE, format!("{SERVICES}/seen")),
        (Method::PUT, format!("{SERVICES}/seen/mode")),
        (Method::POST, format!("{SERVICES}/import")),
        (Method::GET, format!("{SERVICES}/export")),
    ] {
        let body = match path.rsplit('/').next() {
            Some("mode") => json!({"mode": "draining"}),
            Some("import") => json!({"services": []}),
            _ => document(&service),
        };
        let headers = [("If-Match", "\"1\"")];
        let as_amina = amina.send(method.clone(), &path, &headers, Some(&body)).await;
        let as_stranger = stranger.send(method, &path, &headers, Some(&body)).await;

        assert_eq!((as_amina.0.as_u16(), reason(&as_amina.2)), (403, "role_required"), "{path}");
        assert_eq!(as_stranger.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let (status, _, seen) = amina.send(Method::GET, &format!("{SERVICES}/seen"), &[], None).await;
    assert_eq!((status, &seen["mode"]), (StatusCode::OK, &json!("active")), "{seen}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_filtered_and_come_in_pages() {
    let (wes, cloudgene) = (
        TestService::start("nairobi", "wes", "KE", &[]).await,
        TestService::start("cape-town", "cloudgene3", "ZA", &[]).await,
    );
    let gateway = TestGateway::start(&[&wes, &cloudgene]).await;
    let amina = gateway.client("amina");
    for (query, expected) in [
        ("", &["cape-town", "nairobi"][..]),
        ("?kind=michigan", &["cape-town"]),
        ("?jurisdiction=KE", &["nairobi"]),
        ("?workflow_type=cwl", &["nairobi"]),
        ("?panel=h3africa-v6hc-s", &["cape-town"]),
        ("?state=up", &["cape-town", "nairobi"]),
        ("?state=down", &[]),
        ("?q=NAIRO", &["nairobi"]),
        ("?q=nothing", &[]),
        ("?page_size=1", &["cape-town"]),
        ("?page_size=1&page_token=cape-town", &["nairobi"]),
    ] {
        let (status, _, page) =
            amina.send(Method::GET, &format!("{SERVICES}{query}"), &[], None).await;

        assert_eq!(status, StatusCode::OK, "{query}: {page}");
        let listed: Vec<_> = page["services"]
            .as_array()
            .unwrap()
            .iter()
            .map(|service| service["id"].as_str().unwrap())
            .collect();
        assert_eq!(listed, expected, "{query}");
    }
    let (status, _, body) =
        amina.send(Method::GET, &format!("{SERVICES}?colour=blue"), &[], None).await;
    assert_eq!((status.as_u16(), reason(&body)), (400, "bad_query"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_federation_moves_in_one_file() {
    let (one, other) = (
        TestService::start("one", "wes", "ZA", &[]).await,
        TestService::start("other", "wes", "KE", &[]).await,
    );
    let gateway = TestGateway::start(&[]).await;
    let operator = gateway.operator();
    let mut depends = document(&one);
    depends["depends_on"] = json!(["other"]);
    let file = json!({"services": [depends, document(&other)]});
    let import = async |path: &str, file: &Value| {
        let (status, _, report) = operator.send(Method::POST, path, &[], Some(file)).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        report
    };
    let path = format!("{SERVICES}/import");

    let dry = import(&format!("{path}?dry_run=true"), &file).await;
    let done = import(&path, &file).await;
    let toml = [("Accept", "application/toml")];
    let (_, headers, exported) =
        operator.send(Method::GET, &format!("{SERVICES}/export"), &toml, None).await;
    let again = [("Content-Type", "application/toml")];
    let (_, _, same) = operator.send(Method::POST, &path, &again, Some(&exported)).await;

    assert_eq!(dry, done);
    assert_eq!(done["added"], json!(["one", "other"]));
    assert_eq!(headers[header::CONTENT_TYPE], "application/toml");
    assert_eq!(same["unchanged"], json!(["one", "other"]), "{exported} {same}");

    // One that is wrong keeps all out.
    let mut bad = document(&one);
    bad["jurisdiction"] = json!("Kenya");
    let mut changed = document(&other);
    changed["name"] = json!("Another");
    let refused = import(&path, &json!({"services": [bad, changed]})).await;
    assert!(refused["problems"][0].as_str().unwrap().starts_with("services[0].jurisdiction"));
    let (_, _, other) = operator.send(Method::GET, &format!("{SERVICES}/other"), &[], None).await;
    assert_eq!((&other["name"], &other["version"]), (&json!("other"), &json!(1)));
    gateway.stop().await;
}

/// The document that an operator would send for a simulated service.
pub(crate) fn document(service: &TestService) -> Value {
    let mut document = service.config.clone();
    document.as_object_mut().expect("it is an object").remove("credential");
    document
}

/// Waits until a service can be used.
pub(crate) async fn usable(client: &WesClient, id: &str) {
    eventually("the service can be used", || async {
        let (_, _, seen) = client.send(Method::GET, &format!("{SERVICES}/{id}"), &[], None).await;
        if seen["condition"]["state"] == "up" { Ok(()) } else { Err(seen) }
    })
    .await;
}

pub(crate) fn reason(body: &Value) -> &str {
    body["reason"].as_str().unwrap_or_default()
}
