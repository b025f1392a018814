//! Lists: every run of the caller once, whatever happens meanwhile.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{RunForm, TestGateway, TestService, client::WesClient};

async fn start() -> (TestService, TestGateway, WesClient) {
    let ml = TestService::start("ml", "wes", "ML", &[]).await;
    // Nobody looks at the runs here, so nobody needs to follow them closely.
    let settings = json!({"gateway": {"poll_min": "10s", "poll_max": "60s"}});
    let gateway = TestGateway::start_with(&[&ml], settings).await;
    let amina = gateway.client("amina");
    (ml, gateway, amina)
}

async fn submit_many(client: &WesClient, count: usize) -> HashSet<String> {
    let mut runs = HashSet::new();
    while runs.len() < count {
        let some = (count - runs.len()).min(10);
        let batch = (0..some).map(|_| client.submit(RunForm::cwl()));
        runs.extend(futures_util::future::join_all(batch).await);
    }
    runs
}

fn ids(list: &Value) -> Vec<String> {
    let runs = list["runs"].as_array().expect("runs are a list").iter();
    runs.map(|run| run["run_id"].as_str().expect("an id is a text").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_run_once_while_new_ones_arrive() {
    let (_ml, gateway, amina) = start().await;
    let kofi = gateway.client("kofi");
    let old = submit_many(&amina, 250).await;
    submit_many(&kofi, 5).await;

    let mut seen = Vec::new();
    let mut token = String::new();
    let mut pages = 0;
    loop {
        let (status, list) = amina.get(&format!("/runs?page_size=7&page_token={token}")).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        let page = ids(&list);
        assert!(page.len() <= 7, "{list}");
        seen.extend(page);
        pages += 1;
        if pages % 9 == 0 {
            amina.submit(RunForm::cwl()).await;
            kofi.submit(RunForm::cwl()).await;
        }
        token = list["next_page_token"].as_str().expect("a token is a text").to_owned();
        if token.is_empty() {
            break;
        }
    }

    assert_eq!(pages, 36);
    assert_eq!(seen.len(), 250);
    assert_eq!(seen.iter().cloned().collect::<HashSet<_>>(), old);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_tells_what_a_status_tells_newest_first() {
    let (_ml, gateway, amina) = start().await;
    let first = amina.submit(RunForm::cwl().tags(&json!({"name": "first"}))).await;
    let second = amina.submit(RunForm::cwl()).await;

    let (_, list) = amina.get("/runs?page_size=1000000").await;

    assert_eq!(ids(&list), [second.clone(), first.clone()]);
    assert_eq!(list["runs"][1]["tags"], json!({"name": "first"}));
    assert_eq!(list["next_page_token"], "");
    for run in list["runs"].as_array().expect("runs are a list") {
        let run_id = run["run_id"].as_str().expect("an id is a text");
        assert_eq!(run["state"], amina.state(run_id).await);
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_size_that_makes_no_sense_is_refused() {
    let (_ml, gateway, amina) = start().await;
    let run_id = amina.submit(RunForm::cwl()).await;

    for list in ["/runs".to_owned(), format!("/runs/{run_id}/tasks")] {
        for size in ["", "0", "-1", "abc", "1.5", "9223372036854775807", "9223372036854775808"] {
            let (status, body) = amina.get(&format!("{list}?page_size={size}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{list} {size}: {body}");
            assert_eq!(body["reason"], "bad_page_size", "{list} {size}: {body}");
        }
        for query in ["page_size=1&page_token=", "unknown=1"] {
            let (status, body) = amina.get(&format!("{list}?{query}")).await;
            assert_eq!(status, StatusCode::OK, "{list} {query}: {body}");
        }
        let (status, body) = amina.get(&format!("{list}?page_size=1&page_size=2")).await;
        assert_eq!((status, &body["reason"]), (StatusCode::BAD_REQUEST, &json!("bad_query")));
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_is_good_for_its_list_and_its_caller_alone() {
    let (_ml, gateway, amina) = start().await;
    let runs: Vec<_> = submit_many(&amina, 3).await.into_iter().collect();
    let kofi = gateway.client("kofi");
    submit_many(&kofi, 3).await;
    let (_, list) = amina.get("/runs?page_size=1").await;
    let token = list["next_page_token"].as_str().expect("a token is a text");
    let (position, signature) = token.split_once('.').expect("a token is signed");
    let other = runs.iter().find(|run_id| *run_id != position).expect("there are three");

    for (client, path) in [
        (&kofi, format!("/runs?page_token={token}")),
        (&amina, format!("/runs?page_token={other}.{signature}")),
        (&amina, format!("/runs?page_token={position}.{}", signature.to_uppercase())),
        (&amina, format!("/runs?page_token={position}.")),
        (&amina, format!("/runs?page_token={position}")),
        (&amina, "/runs?page_token=1".to_owned()),
        (&amina, "/runs?page_token=%00.%ff".to_owned()),
        (&amina, format!("/runs/{other}/tasks?page_token={token}")),
    ] {
        let (status, body) = client.get(&path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
        assert_eq!(body["reason"], "bad_page_token", "{path}: {body}");
    }
    let (status, list) = amina.get(&format!("/runs?page_token={token}")).await;
    assert_eq!((status, ids(&list).len()), (StatusCode::OK, 2), "{list}");
    gateway.stop().await;
}
