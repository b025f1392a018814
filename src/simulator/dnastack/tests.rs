//! The simulated Workbench over a real socket, asked with the gateway's own client.

use std::{collections::BTreeSet, time::Duration};

use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};
use url::Url;

use crate::{
    backend::{
        Attachments,
        client::{Answer, Client, Config, Form, HttpError, full},
    },
    domain::Credential,
    simulator::Simulator,
};

const NAMESPACE: &str = "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11";
const QUICK: [(&str, &str); 3] = [("queue_ms", "0"), ("prepare_ms", "0"), ("run_ms", "0")];

struct Server {
    simulator: Simulator,
    client: Client,
    credential: Credential,
}

impl Server {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = Simulator::start("dnastack", listener, &settings).unwrap();
        let credential = Credential::ClientCredentials {
            token_url: simulator.url().join("/oauth/token").unwrap(),
            client_id: "simulated-client".into(),
            client_secret: "simulated-secret".into(),
            scope: Some("wes wes".into()),
            resource: Some("http://localhost/a/,http://localhost/b/".into()),
        };
        Self { simulator, client: Client::try_new(Config::default()).unwrap(), credential }
    }

    fn url(&self, path: &str) -> Url {
        let base = self.simulator.url();
        format!("{base}services/ewes-service/{NAMESPACE}{path}").parse().unwrap()
    }

    fn runs(&self, path: &str) -> Url {
        self.url(&format!("/ga4gh/wes/v1/runs{path}"))
    }

    async fn get(&self, url: &Url) -> Answer {
        self.client.get(&self.credential, url).await.unwrap()
    }

    async fn json(&self, url: &Url) -> Value {
        self.get(url).await.json().await.unwrap()
    }

    async fn post(&self, url: &Url, body: &Value) -> Result<Answer, HttpError> {
        let request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .body(full(body.to_string()))
            .unwrap();
        self.client.send(&self.credential, request, Duration::from_secs(5)).await
    }

    async fn submit(&self, study: &str) -> String {
        let request = json!({
            "workflow_url": "8a1c-demo/v2",
            "workflow_type": "WDL",
            "workflow_type_version": null,
            "workflow_params": { "n": 1 },
            "tags": { "ga4gh-gateway-run": study },
        });
        let answer = self.post(&self.runs(""), &request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let run: Value = answer.json().await.unwrap();
        run["run_id"].as_str().unwrap().to_owned()
    }

    async fn reaches(&self, run_id: &str, state: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let seen = self.json(&self.runs(&format!("/{run_id}/status"))).await;
            if seen["state"] == state {
                return;
            }
            assert!(Instant::now() < deadline, "still {seen}, not {state}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_run_goes_through_every_state_and_tells_of_it() {
    let server = Server::start(&[("queue_ms", "5"), ("prepare_ms", "10"), ("run_ms", "5")]).await;

    let run_id = server.submit("run-1").await;
    server.reaches(&run_id, "COMPLETE").await;

    let run = server.json(&server.runs(&format!("/{run_id}?exclude_tasks=True"))).await;
    assert_eq!(run["request"]["workflow_engine_parameters"], json!({ "engine_id": "local-1" }));
    assert_eq!(run["task_logs"], Value::Null);
    let events = run["events"].as_array().unwrap();
    let states: Vec<_> =
        events.iter().filter_map(|event| event["metadata"]["new_state"].as_str()).collect();
    assert_eq!(events[0]["event_type"], "RUN_SUBMITTED");
    assert_eq!(states, ["PREPROCESSING", "INITIALIZING", "RUNNING", "COMPLETE"]);
    let tasks = server.json(&server.runs(&format!("/{run_id}/tasks"))).await;
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 3);
    let accepted = server.simulator.submissions.all();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].tags["ga4gh-gateway-run"], "run-1");
}

#[tokio::test]
async fn a_void_token_is_renewed_and_a_wrong_secret_gets_none() {
    let server = Server::start(&[]).await;
    assert_eq!(server.get(&server.runs("")).await.status(), 200);

    server.simulator.set("refuse_once", "true").unwrap();
    let renewed = server.get(&server.runs("")).await;
    let anonymous = server.client.get(&Credential::None, &server.runs("")).await.unwrap();
    server.simulator.set("client_secret", "other").unwrap();
    server.simulator.set("refuse_once", "true").unwrap();
    let refused = server.client.get(&server.credential, &server.runs("")).await;

    assert_eq!(renewed.status(), 200);
    assert_eq!(anonymous.status(), 401);
    let problem: Value = anonymous.json().await.unwrap();
    assert_eq!(problem["error_code"], 401);
    assert!(problem["trace_id"].is_string());
    assert!(matches!(refused, Err(HttpError::NoToken(_))), "{refused:?}");
}

#[tokio::test]
async fn another_namespace_is_forbidden() {
    let server = Server::start(&[]).await;
    let foreign = server.runs("").as_str().replace(NAMESPACE, &NAMESPACE.replace('5', "6"));

    let answer = server.get(&foreign.parse().unwrap()).await;

    assert_eq!(answer.status(), 403);
    let me = server.json(&server.simulator.url().join("/users/me").unwrap()).await;
    assert_eq!(me["default_namespace"], NAMESPACE);
}

#[tokio::test]
async fn a_batch_tells_of_each_element() {
    let server = Server::start(&QUICK).await;
    let batch = json!({
        "workflow_url": "8a1c-demo/v2",
        "engine_id": "aws-1",
        "default_workflow_params": { "greeting": "hi", "name": "nobody" },
        "default_tags": { "study": "A" },
        "run_requests": [
            { "workflow_params": { "name": "Ada" }, "tags": null },
            { "workflow_params": { "name": "" } },
        ],
    });

    let answer = server.post(&server.url("/ga4gh/wes/v1/batch"), &batch).await.unwrap();

    assert_eq!(answer.status(), 200);
    let runs = answer.json::<Value>().await.unwrap()["runs"].clone();
    assert_eq!(runs[1]["error_code"], 400);
    assert_eq!(runs[1]["msg"], "name must not be empty");
    let run_id = runs[0]["run_id"].as_str().unwrap();
    let run = server.json(&server.runs(&format!("/{run_id}"))).await;
    assert_eq!(run["request"]["workflow_params"], json!({ "greeting": "hi", "name": "Ada" }));
    assert_eq!(run["engine_id"], "aws-1");
    assert_eq!(server.simulator.submissions.all()[0].tags["study"], "A");
}

#[tokio::test]
async fn next_pages_are_absolute_and_keep_the_filters() {
    let server = Server::start(&QUICK).await;
    for _ in 0..3 {
        server.submit("mine").await;
    }
    server.submit("other").await;

    let mut url =
        server.runs("?page_size=2&state=RUNNING&state=COMPLETE&tag=ga4gh-gateway-run:mine");
    let mut seen = BTreeSet::new();
    loop {
        let page = server.json(&url).await;
        assert_eq!(page["pagination"]["total_elements"], 3);
        for run in page["runs"].as_array().unwrap() {
            seen.insert(run["run_id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["pagination"]["next_page_url"].as_str() else { break };
        url = next.parse().unwrap();
    }

    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_cancel_stops_a_run_and_an_ended_one_is_refused() {
    let server = Server::start(&[("run_ms", "60000"), ("cancel_ms", "10")]).await;
    let run_id = server.submit("run-1").await;
    let url = server.runs(&format!("/{run_id}/cancel"));

    let first = server.client.call(&server.credential, Method::POST, &url, &[]).await.unwrap();
    server.reaches(&run_id, "CANCELED").await;
    let second = server.client.call(&server.credential, Method::POST, &url, &[]).await.unwrap();
    let many = server.post(&server.runs("/cancel"), &json!([run_id, "nobody"])).await.unwrap();
    let deleted = server.post(&server.runs("/delete"), &json!([run_id])).await.unwrap();

    assert_eq!((first.status(), second.status()), (StatusCode::OK, StatusCode::CONFLICT));
    let many: Value = many.json().await.unwrap();
    assert_eq!(many["results"][0]["exception"]["error_code"], 409);
    assert_eq!(many["results"][1]["exception"]["error_code"], 404);
    assert_eq!(deleted.json::<Value>().await.unwrap()["results"][0]["outcome"], "SUCCESS");
    assert_eq!(server.get(&server.runs(&format!("/{run_id}"))).await.status(), 404);
}

#[tokio::test]
async fn logs_come_in_parts_and_an_empty_one_says_so() {
    let server = Server::start(&QUICK).await;
    let run_id = server.submit("run-1").await;

    let part = server.runs(&format!("/{run_id}/logs/stderr?max=4&offset=5"));
    let part = server.get(&part).await.bytes().await.unwrap();
    let empty = server.get(&server.runs(&format!("/{run_id}/logs/LogType.STDOUT"))).await;

    assert_eq!(part, "run ");
    assert_eq!(empty.headers()["content-length"], "0");
}

#[tokio::test]
async fn files_become_a_workflow_that_a_run_names() {
    let server = Server::start(&QUICK).await;
    let form = Form::new().text("name", "impute").text("entrypoint", "main.wdl");
    let files = vec![("main.wdl".to_owned(), "workflow main {}".into())];
    let request = Request::post(server.url("/workflows").as_str())
        .header(header::CONTENT_TYPE, form.content_type())
        .body(form.into_body_with("workflow_file", Attachments::in_memory(files), str::to_owned))
        .unwrap();

    let answer = server.client.send(&server.credential, request, Duration::from_secs(5)).await;
    let answer = answer.unwrap();
    assert!(answer.headers().contains_key(header::ETAG));
    let workflow: Value = answer.json().await.unwrap();
    let (id, version) = (&workflow["internalId"], &workflow["latestVersion"]);
    let url = format!("{}/{}", id.as_str().unwrap(), version.as_str().unwrap());
    server.post(&server.runs(""), &json!({ "workflow_url": url })).await.unwrap();

    let accepted = server.simulator.submissions.all();
    assert_eq!(accepted[0].files, [("main.wdl".to_owned(), 16)]);
}

#[tokio::test]
async fn a_misbehaving_submission_makes_a_run_or_not() {
    for (knob, value, status, runs) in [
        ("fail_submit_with", "500", Some(500), 0),
        ("submissions_refused", "true", Some(400), 0),
        ("default_engine", "false", Some(400), 0),
        ("max_runs", "0", Some(429), 0),
        ("lose_run", "true", Some(200), 0),
        ("create_then_fail_with", "502", Some(502), 1),
        ("reset_after_upload", "true", None, 1),
    ] {
        let server = Server::start(&[(knob, value)]).await;

        let answer = server.post(&server.runs(""), &json!({ "workflow_url": "a/1" })).await;

        match (answer, status) {
            (Ok(answer), Some(status)) => assert_eq!(answer.status(), status, "{knob}"),
            (Err(HttpError::Broken(_)), None) => {}
            (other, _) => panic!("{knob}: {other:?}"),
        }
        assert_eq!(server.simulator.submissions.all().len(), runs, "{knob}");
        let listed = server.json(&server.runs("")).await;
        assert_eq!(listed["pagination"]["total_elements"], runs, "{knob}");
    }
}

#[tokio::test]
async fn any_state_can_be_shown_and_engines_can_be_unwell() {
    let server = Server::start(&QUICK).await;
    let run_id = server.submit("run-1").await;

    server.simulator.set("show_state", "COMPLETE_WITH_ERRORS").unwrap();
    server.simulator.set("engines_fail", "true").unwrap();

    server.reaches(&run_id, "COMPLETE_WITH_ERRORS").await;
    let checks = server.json(&server.url("/engines/local-1/health-checks")).await;
    assert_eq!(checks["health_checks"][0]["outcome"], "FAILURE");
    assert!(checks["health_checks"][0]["checks"][1]["error"].is_string());
    let engines = server.json(&server.url("/engines")).await;
    assert_eq!(engines["engines"][0]["default"], true);
}
