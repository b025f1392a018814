//! What a server tells about itself, its tokens, and those it refuses.

use serde_json::json;

use super::*;

#[tokio::test]
async fn servers_differ_in_panels_and_hide_the_restricted_one() {
    for (preset, expected) in [
        ("michigan", &["1000g-phase-3-v5", "hrc-r1.1", "1000g-phase3-deep"][..]),
        ("h3africa", &["h3africa-v6hc-s"]),
    ] {
        let sim = Sim::start("cloudgene3", &[("panels", preset)]).await;

        let app = sim.json("/api/v2/server/apps/imputationserver2").await;

        let param = |id: &str| {
            let params = app["params"].as_array().unwrap();
            params.iter().find(|param| param["id"] == id).cloned()
        };
        let keys = |id: &str| -> Vec<String> {
            let values = param(id).unwrap()["values"].as_array().unwrap().clone();
            let key = |value: &Value| value["key"].as_str().unwrap().to_owned();
            values.iter().map(|value| key(value).split('@').nth(1).unwrap().to_owned()).collect()
        };
        assert_eq!(keys("refpanel"), expected);
        assert_eq!(keys("population"), expected);
        assert!(param("password").is_none());
    }
}

#[tokio::test]
async fn the_hla_app_knows_neither_population_nor_mode_nor_filter() {
    let sim = Sim::start("cloudgene3", &[]).await;

    let app = sim.json("/api/v2/server/apps/imputationserver2-hla@2.0.12").await;

    let ids: Vec<&str> = app["params"]
        .as_array()
        .unwrap()
        .iter()
        .map(|param| param["id"].as_str().unwrap())
        .collect();
    let expected = ["refpanel", "files", "build", "phasing", "aesEncryption", "check1", "check2"];
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn anyone_may_ask_for_the_server_and_its_version() {
    let sim = Sim::start("cloudgene3", &[("listed_as", "experimental")]).await;

    let answer = sim.call("", Method::GET, "/api/v2/server").await.unwrap();
    let anonymous: Value = answer.json().await.unwrap();
    let known = sim.json("/api/v2/server").await;
    let version = sim.call("", Method::GET, "/api/v2/server/version.svg").await.unwrap();

    assert_eq!((&anonymous["loggedIn"], &anonymous["apps"]), (&json!(false), &json!([])));
    assert_eq!(known["apps"], json!([]));
    assert_eq!(known["experimentalApps"][0]["id"], "imputationserver2@2.0.12");
    assert!(String::from_utf8_lossy(&version.bytes().await.unwrap()).contains("3.1.3"));
}

#[tokio::test]
async fn bad_tokens_are_refused_in_the_manner_of_the_generation() {
    for (kind, state, path, status) in [
        ("cloudgene3", "expired", "/api/v2/jobs", 401),
        ("cloudgene3", "revoked", "/api/v2/jobs", 403),
        ("cloudgene3", "expired", "/api/v2/jobs/job-1/status", 401),
        ("cloudgene3", "expired", "/api/v2/server/apps/imputationserver2", 401),
        ("cloudgene3", "expired", "/api/v2/server", 200),
        ("cloudgene3", "expired", "/no/such/route", 401),
        ("cloudgene3", "valid", "/no/such/route", 404),
        ("cloudgene3", "valid", "/api/v2/server/apps", 403),
        ("cloudgene3", "valid", "/api/v2/jobs/job-1", 404),
        ("cloudgene2", "expired", "/api/v2/jobs", 401),
        ("cloudgene2", "revoked", "/api/v2/jobs", 401),
        ("cloudgene2", "expired", "/api/v2/jobs/job-1", 403),
        ("cloudgene2", "expired", "/api/v2/jobs/job-1/status", 403),
        ("cloudgene2", "expired", "/api/v2/server/apps/imputationserver2", 404),
    ] {
        let sim = Sim::start(kind, &[("token_state", state)]).await;
        assert_eq!(sim.status(path).await, status, "{kind} {state} {path}");
    }
}

#[tokio::test]
async fn the_framework_and_the_application_write_errors_differently() {
    let sim = Sim::start("cloudgene3", &[]).await;

    let answer = sim.call("", Method::GET, "/api/v2/jobs").await.unwrap();
    let framework: Value = answer.json().await.unwrap();
    let application = sim.json("/api/v2/jobs/job-1").await;

    assert_eq!(framework["_embedded"]["errors"][0]["message"], "Unauthorized");
    assert_eq!(framework["_links"]["self"][0]["href"], "/api/v2/jobs");
    assert!(framework.get("success").is_none());
    assert_eq!(application, json!({"success": false, "message": "Job job-1 not found."}));
}

#[tokio::test]
async fn maintenance_closes_jobs_except_to_the_status_of_the_older_generation() {
    for (kind, status) in [("cloudgene3", 503), ("cloudgene2", 200)] {
        let sim = Sim::start(kind, &[SLOW]).await;
        let id = sim.submit(&[]).await;

        sim.set("maintenance", "true");

        assert_eq!(sim.json("/api/v2/server").await["maintenace"], true);
        assert_eq!(sim.status(&format!("/api/v2/jobs/{id}")).await, 503);
        assert_eq!(sim.status(&format!("/api/v2/jobs/{id}/status")).await, status);
        assert_eq!(sim.status(&format!("/api/v2/jobs/{id}/cancel")).await, status);
    }
}

#[tokio::test]
async fn verifying_a_token_tells_its_worth_with_200() {
    for (kind, state, valid) in [
        ("cloudgene3", "valid", true),
        ("cloudgene3", "revoked", false),
        ("cloudgene2", "valid", true),
        ("cloudgene2", "expired", false),
    ] {
        let sim = Sim::start(kind, &[("token_state", state)]).await;

        let answer = sim.post("", "/api/v2/tokens/verify", &[("token", "sim-token")]).await;

        assert_eq!(answer.status(), StatusCode::OK);
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["valid"], valid, "{kind} {state}");
        assert_eq!(said["expire"].is_string(), kind == "cloudgene3");
    }
}

#[tokio::test]
async fn a_new_token_kills_the_old_one() {
    let sim = Sim::start("cloudgene3", &[]).await;
    let login = sim.log_in().await;

    let made = sim.post(&login, "/api/v2/users/gateway/api-token?expiration=1", &[]).await;

    let made: Value = made.json().await.unwrap();
    let token = made["token"].as_str().unwrap();
    let status = async |token| {
        sim.call(token, Method::GET, "/api/v2/users/x/profile").await.unwrap().status().as_u16()
    };
    assert_eq!((status(token).await, status("sim-token").await), (200, 403));
}

#[tokio::test]
async fn five_bad_logins_lock_the_account() {
    let sim = Sim::start("cloudgene3", &[]).await;
    for _ in 0..5 {
        let bad = [("username", "gateway"), ("password", "wrong")];
        assert_eq!(sim.post("", "/login", &bad).await.status(), StatusCode::UNAUTHORIZED);
    }

    let good = [("username", "gateway"), ("password", "sim-password")];
    let answer = sim.post("", "/login", &good).await;

    assert!(answer.problem().await.message.contains("locked"));
}

#[tokio::test]
async fn the_older_login_needs_its_cookie_and_its_header() {
    let sim = Sim::start("cloudgene2", &[]).await;
    let login = [("loginUsername", "gateway"), ("loginPassword", "sim-password")];
    let id = sim.submit(&[]).await;

    let answer = sim.post("", "/login", &login).await;

    let cookie = answer.headers()["set-cookie"].clone();
    let said: Value = answer.json().await.unwrap();
    let csrf = said["csrf"].as_str().unwrap().parse().unwrap();
    let url = sim.url(&format!("/api/v2/jobs/{id}"));
    for (csrf, status) in [("wrong".parse().unwrap(), 401), (csrf, 200)] {
        let headers = [(header::COOKIE, cookie.clone()), ("x-csrf-token".parse().unwrap(), csrf)];
        let answer = sim.client.call(&Credential::None, Method::DELETE, &url, &headers).await;
        assert_eq!(answer.unwrap().status().as_u16(), status);
    }
}

#[tokio::test]
async fn a_base_path_goes_before_everything() {
    let sim = Sim::start("cloudgene3", &[("base_path", "/cloudgene")]).await;

    assert_eq!(sim.status("/cloudgene/api/v2/server").await, 200);
    assert_eq!(sim.status("/api/v2/server").await, 404);
    assert_eq!(sim.status("/_sim/submissions").await, 200);
}

#[tokio::test]
async fn injected_failures_look_like_those_of_a_proxy() {
    let knobs = [("fail_reads_with", "503"), ("html_errors", "true"), ("retry_after_s", "7")];
    let sim = Sim::start("cloudgene3", &knobs).await;

    let answer = sim.get("/api/v2/server").await;

    assert_eq!(answer.headers()["retry-after"], "7");
    let body = answer.bytes().await.unwrap();
    assert!(body.starts_with(b"<html>"));
}

#[tokio::test]
async fn a_knob_that_does_not_exist_is_a_mistake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = [("panels".to_owned(), "no-such-panel".to_owned())];

    let refused = Simulator::start("cloudgene3", listener, &settings).unwrap_err();

    assert!(refused.contains("no-such-panel"), "{refused}");
}

#[tokio::test]
async fn a_hanging_server_answers_nothing() {
    let sim = Sim::start("cloudgene3", &[("hang", "true")]).await;

    let answer = sim.call("sim-token", Method::GET, "/api/v2/server").await;

    assert!(matches!(answer, Err(HttpError::Timeout { .. })), "{answer:?}");
}
