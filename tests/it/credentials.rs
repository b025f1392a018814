//! Credentials that callers enter for services: checked, pinned, used for their runs, and never seen again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::Request};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ga4gh_gateway::{
    domain::{Caller, CallerId, Clock, Role, SystemClock},
    events::{After, Ears, Next, Wanted},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    RunForm, TestGateway, TestService, client::WesClient, eventually::eventually, vcf,
};

const OWN: &str = "a-token-of-amina-alone";
const OTHER: &str = "a-token-of-kofi-alone";
const GATEWAYS: &str = "a-token-of-the-gateway";

/// A Cloudgene server with two users, to which callers show their own tokens.
async fn cloudgene(need: &str) -> TestService {
    let knobs = [("token", OWN), ("other_token", OTHER), ("queue_ms", "100"), ("run_ms", "300")];
    let service = TestService::start("kenya", "cloudgene3", "KE", &knobs).await;
    service.with("caller_credential", need).with("credential", json!({"type": "none"}))
}

async fn put(client: &WesClient, id: &str, credential: &Value) -> (StatusCode, Value) {
    let path = format!("/api/v1/credentials/{id}");
    let (status, _, body) = client.send(Method::PUT, &path, &[], Some(credential)).await;
    (status, body)
}

fn bearer(token: &str) -> Value {
    json!({"type": "bearer", "token": token})
}

fn imputation() -> RunForm {
    RunForm::imputation().file("a.vcf.gz", vcf::chromosome(20, 20))
}

fn has_log(log: &Value, words: &str) -> bool {
    log["run_log"]["system_logs"].to_string().contains(words)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_runs_under_an_account_of_their_own() {
    let service = cloudgene("required").await;
    let gateway = TestGateway::start(&[&service]).await;
    let (amina, kofi) = (gateway.client("amina"), gateway.client("kofi"));
    let (status, refused) = amina.try_submit(imputation()).await;
    assert_ne!(status, StatusCode::OK, "{refused}");
    assert!(
        refused["services"]["kenya"].to_string().contains("PUT /api/v1/credentials/kenya"),
        "{refused}"
    );
    assert_eq!(refused["reason"], "credential_required", "{refused}");

    let header = json!({"type": "header", "name": "X-Auth-Token", "value": OTHER});
    let entered = [
        put(&amina, "kenya", &bearer("no-token-of-anybody")).await,
        put(&amina, "kenya", &bearer(OWN)).await,
        put(&kofi, "kenya", &header).await,
    ];

    let [(_, refused), (_, of_amina), (_, of_kofi)] = &entered;
    assert_eq!(refused["reason"], "credential_refused", "{refused}");
    assert_eq!((&of_amina["state"], &of_amina["proven"]), (&json!("usable"), &json!(true)));
    assert_eq!((&of_kofi["type"], &of_kofi["expires_at"]), (&json!("header"), &Value::Null));
    let runs = [amina.submit(imputation()).await, kofi.submit(imputation()).await];
    assert_eq!(amina.ended(&runs[0]).await, "COMPLETE");
    assert_eq!(kofi.ended(&runs[1]).await, "COMPLETE");
    for (client, run_id) in [(&amina, &runs[0]), (&kofi, &runs[1])] {
        let log = eventually("the results are told", || async {
            let log = client.run_log(run_id).await;
            if log["outputs"].to_string().contains("http") { Ok(log) } else { Err(log) }
        })
        .await;
        let url = first_url(&log["outputs"]).expect("a run has results");
        assert_eq!(client.download(&url, None).await.0, StatusCode::OK, "{url}");
    }
    // What was entered survives a restart.
    let gateway = gateway.restart().await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(imputation()).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    // A caller sees their own, and nothing of what was entered.
    let (_, list) = amina.get_v1("/credentials").await;
    assert_eq!(list["credentials"].as_array().map(Vec::len), Some(1), "{list}");
    let told = format!("{list}{entered:?}");
    assert!(!told.contains(OWN) && !told.contains(OTHER), "{told}");
    let (status, _, _) = amina.send(Method::DELETE, "/api/v1/credentials/kenya", &[], None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (_, list) = amina.get_v1("/credentials").await;
    assert_eq!(list["wanted"], json!([{"service": "kenya", "need": "required"}]), "{list}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_credential_goes_before_the_gateways_and_a_run_stays_with_its_own() {
    let knobs = [("token", GATEWAYS), ("other_token", OTHER), ("block_queue", "true")];
    let service = TestService::start("kenya", "cloudgene3", "KE", &knobs).await;
    let service = service.with("caller_credential", "optional").with(
        "credential",
        json!({"type": "bearer", "token": crate::support::services::secret_file(GATEWAYS)}),
    );
    let gateway = TestGateway::start(&[&service]).await;
    let kofi = gateway.client("kofi");

    let with_gateways = kofi.submit(imputation()).await;
    let (status, body) = put(&kofi, "kenya", &bearer(OTHER)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let with_own = kofi.submit(imputation()).await;

    // Neither account sees the run of the other one, and both are followed to their end.
    service.set("block_queue", "false");
    assert_eq!(kofi.ended(&with_gateways).await, "COMPLETE");
    assert_eq!(kofi.ended(&with_own).await, "COMPLETE");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_ends_mid_run_never_ends_the_run() {
    let service = cloudgene("required").await;
    service.set("block_queue", "true");
    let gateway = TestGateway::start(&[&service]).await;
    let amina = gateway.client("amina");
    put(&amina, "kenya", &bearer(OWN)).await;
    let run_id = amina.submit(imputation()).await;
    amina.reaches(&run_id, "QUEUED").await;

    service.set("token_state", "expired");

    let log = eventually("the caller is told", || async {
        let log = amina.run_log(&run_id).await;
        if has_log(&log, "renew it with PUT /api/v1/credentials/kenya. Until") {
            Ok(log)
        } else {
            Err(log)
        }
    })
    .await;
    assert_eq!(log["state"], "QUEUED", "{log}");
    let (status, output) = amina.get(&format!("/runs/{run_id}/outputs/x")).await;
    assert_eq!(
        (status.as_u16(), &output["reason"]),
        (403, &json!("credential_required")),
        "{output}"
    );
    let (_, refused) = amina.try_submit(imputation()).await;
    assert_eq!(refused["reason"], "credential_required", "{refused}");
    service.set("token_state", "valid");
    service.set("block_queue", "false");
    let (status, body) = put(&amina, "kenya", &bearer(OWN)).await;
    assert_eq!(status, StatusCode::OK, "{body}");

    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    assert!(has_log(&amina.run_log(&run_id).await, "accepts your credential again"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_the_account_that_it_was_sent_with() {
    let service = cloudgene("required").await;
    service.set("block_queue", "true");
    let gateway = TestGateway::start(&[&service]).await;
    let amina = gateway.client("amina");
    put(&amina, "kenya", &bearer(OWN)).await;
    let run_id = amina.submit(imputation()).await;

    put(&amina, "kenya", &bearer(OTHER)).await;

    eventually("the caller is told", || async {
        let log = amina.run_log(&run_id).await;
        if has_log(&log, "did not accept your credential (Access denied.)") {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await;
    assert_eq!(amina.state(&run_id).await, "QUEUED");
    service.set("block_queue", "false");
    put(&amina, "kenya", &bearer(OWN)).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_not_sent_to_where_its_service_moves() {
    let home = cloudgene("required").await;
    home.set("block_queue", "true");
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let elsewhere = recorder(seen.clone()).await;
    let gateway = TestGateway::start(&[]).await;
    let (operator, amina) = (gateway.operator(), gateway.client("amina"));
    let mut document = home.config.clone();
    operator.send(Method::POST, "/api/v1/services", &[], Some(&document)).await;
    put(&amina, "kenya", &bearer(OWN)).await;
    let run_id = eventually("the service takes runs", || async {
        let (status, body) = amina.try_submit(imputation()).await;
        if status == StatusCode::OK {
            Ok(body["run_id"].as_str().unwrap_or_default().to_owned())
        } else {
            Err(body)
        }
    })
    .await;

    document["url"] = json!(elsewhere);
    let headers = [("If-Match", "\"1\"")];
    let (status, _, body) =
        operator.send(Method::PUT, "/api/v1/services/kenya", &headers, Some(&document)).await;

    assert_eq!(status, StatusCode::OK, "{body}");
    let log = eventually("the caller is told", || async {
        let log = amina.run_log(&run_id).await;
        if has_log(&log, "has moved") { Ok(log) } else { Err(log) }
    })
    .await;
    assert_ne!(log["state"], "SYSTEM_ERROR");
    let (_, list) = amina.get_v1("/credentials").await;
    assert_eq!(list["credentials"][0]["state"], "moved", "{list}");
    assert_ne!(amina.try_submit(imputation()).await.0, StatusCode::OK);
    amina.cancel(&run_id).await;
    // The gateway asks the new place what it offers, and shows it nothing.
    eventually("the new place is asked", || async {
        let asked = seen.lock().unwrap().len();
        if asked > 0 { Ok(()) } else { Err(asked) }
    })
    .await;
    let shown = seen.lock().unwrap().join("\n");
    assert!(!shown.is_empty() && !shown.contains(OWN), "{shown:?}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_behind_a_redirect_are_fetched_without_the_credential() {
    let service = cloudgene("required").await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let store = recorder(seen.clone()).await;
    let host = store.trim_start_matches("http://").trim_end_matches('/');
    service.set("s3_redirect", "true");
    service.set("s3_host", host);
    let gateway = TestGateway::start(&[&service]).await;
    let amina = gateway.client("amina");
    put(&amina, "kenya", &bearer(OWN)).await;
    let run_id = amina.submit(imputation()).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    let url = eventually("the results are told", || async {
        let log = amina.run_log(&run_id).await;
        first_url(&log["outputs"]).ok_or(log)
    })
    .await;

    amina.download(&url, None).await;

    let shown = seen.lock().unwrap().join("\n");
    assert!(!shown.is_empty() && !shown.contains(OWN), "{shown:?}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_caller_may_enter_is_taken() {
    let (service, open) =
        (cloudgene("required").await, TestService::start("open", "wes", "ZA", &[]).await);
    let never = TestService::start("never", "wes", "ZA", &[]).await;
    let open = open.with("caller_credential", "optional");
    let gateway = TestGateway::start(&[&service, &open, &never]).await;
    let amina = gateway.client("amina");
    let dead = jwt(SystemClock.now().as_second() - 5);

    for (id, credential, reason) in [
        ("kenya", json!({"type": "none"}), "bad_credential"),
        (
            "kenya",
            json!({"type": "header", "name": "X-Remote-User", "value": OWN}),
            "bad_credential",
        ),
        ("kenya", json!({"type": "bearer", "token": "a\nb"}), "bad_credential"),
        ("kenya", json!({"type": "bearer", "tokn": OWN}), "bad_json"),
        ("kenya", json!({"type": "bearer", "token": 12_345_678}), "bad_json"),
        ("kenya", bearer(&dead), "credential_expired"),
        (
            "kenya",
            json!({"type": "client_credentials", "token_url": "http://127.0.0.1:1/", "client_id": "a", "client_secret": OWN}),
            "bad_credential",
        ),
        ("never", bearer(OWN), "credential_not_wanted"),
        ("nobody", bearer(OWN), "unknown_service_id"),
    ] {
        let (status, body) = put(&amina, id, &credential).await;
        assert_eq!(body["reason"], reason, "{credential}: {status} {body}");
        assert!(
            !body.to_string().contains("12345678") && !body.to_string().contains(OWN),
            "{body}"
        );
    }
    service.set("fail_reads_with", "503");
    let (_, body) = put(&amina, "kenya", &bearer(OWN)).await;
    assert_eq!(body["reason"], "credential_not_checked", "{body}");
    // A service that asks nobody for a credential proves none.
    let (status, body) = put(&amina, "open", &bearer(OWN)).await;
    assert_eq!((status, &body["proven"]), (StatusCode::OK, &json!(false)), "{body}");
    let stranger = gateway.client_as("olu", &[Role::NodeOperator]);
    assert_eq!(put(&stranger, "kenya", &bearer(OWN)).await.1["reason"], "role_required");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_credential_is_told_to_its_caller_and_to_operators_before() {
    let token = jwt(SystemClock.now().as_second() + 2 * 24 * 3600);
    let knobs = [("auth", "bearer"), ("token", token.as_str())];
    let service = TestService::start("kenya", "wes", "KE", &knobs).await;
    let service = service.with("caller_credential", "required");
    let settings = json!({"vault": {"warn_interval": "100ms"}, "alerts": {"interval": "100ms"}});
    let gateway = TestGateway::start_with(&[&service], settings).await;
    let (amina, operator) = (gateway.client("amina"), gateway.operator());
    let listen = |name: &str| {
        let caller = Caller::new(CallerId::new("urn:ga4gh-gateway:development", name));
        let types = vec!["credential.expiring"];
        let ears = Ears::new(&caller, Wanted { types, ..Wanted::default() });
        gateway.events().subscribe(ears, After::Now).expect("there is a place")
    };
    let (mut ears_of_amina, mut ears_of_kofi) = (listen("amina"), listen("kofi"));

    let (status, body) = put(&amina, "kenya", &bearer(&token)).await;

    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(body["expires_at"].is_string(), "{body}");
    let told = tokio::time::timeout(Duration::from_secs(20), ears_of_amina.next()).await;
    let Ok(Next::Event(event)) = told else { panic!("{told:?}") };
    let event: Value = serde_json::from_slice(&event.json()).unwrap();
    assert_eq!(event["data"]["service"], "kenya", "{event}");
    assert_eq!(event["data"]["renew"], "PUT /api/v1/credentials/kenya");
    let alert = eventually("operators are told", || async {
        let (_, list) = operator.get_v1("/alerts").await;
        let found = list["alerts"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|alert| alert["rule"] == "caller-credential-expiring");
        found.cloned().ok_or(list.clone())
    })
    .await;
    assert_eq!(alert["subject"], "caller-credentials/kenya", "{alert}");
    assert!(!alert.to_string().contains("amina") && !alert.to_string().contains("eyJ"), "{alert}");
    // Once, and to nobody else; a restart tells nobody anew.
    let again = tokio::time::timeout(Duration::from_millis(500), ears_of_amina.next()).await;
    let others = tokio::time::timeout(Duration::from_millis(10), ears_of_kofi.next()).await;
    assert!(again.is_err() && others.is_err(), "{again:?} {others:?}");
    gateway.stop().await;
}

/// A token that says when it expires, signed by nobody.
fn jwt(expires_at: i64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(json!({"sub": "amina", "exp": expires_at}).to_string());
    format!("eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl")
}

/// The first URL in some outputs.
fn first_url(outputs: &Value) -> Option<String> {
    match outputs {
        Value::String(text) => text.starts_with("http").then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(first_url),
        Value::Object(members) => members.values().find_map(first_url),
        _ => None,
    }
}

/// A server that takes every request and keeps all its headers; its base URL.
async fn recorder(seen: Arc<Mutex<Vec<String>>>) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback serves");
    let url = format!("http://{}/", listener.local_addr().expect("loopback serves"));
    let router = Router::new().fallback(move |request: Request| {
        let shown = format!("{} {:?}", request.uri(), request.headers());
        seen.lock().expect("loopback serves").push(shown);
        async { Json(json!({"loggedIn": true, "user": {"username": "x"}, "apps": []})) }
    });
    #[expect(clippy::disallowed_methods, reason = "it ends with the test that started it")]
    tokio::spawn(async move { axum::serve(listener, router).await.expect("loopback serves") });
    url
}
