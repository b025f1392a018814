//! Inputs that are named by URL: fetched by the service where it can, else by the gateway, from listed hosts.

use axum::{Router, routing::get};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{RunForm, TestGateway, TestService};

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_fetches_for_a_service_that_cannot() {
    let (host, za) = (file_server().await, TestService::start("za", "cloudgene3", "ZA", &[]).await);
    let settings = json!({"gateway": {"fetch_hosts": [host]}});
    let gateway = TestGateway::start_with(&[&za], settings).await;
    let amina = gateway.client("amina");

    let run_id = amina.submit(imputation_of(&format!("http://{host}/chr20.vcf.gz"))).await;

    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    assert_eq!(za.submissions()[0].files, [("chr20.vcf.gz".to_owned(), GENOTYPES.len() as u64)]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_does_not_come_is_told_as_such_and_places_nothing() {
    let (host, za) = (file_server().await, TestService::start("za", "cloudgene3", "ZA", &[]).await);
    let settings = json!({"gateway": {"fetch_hosts": [host]}});
    let gateway = TestGateway::start_with(&[&za], settings).await;
    let amina = gateway.client("amina");

    for (url, reason) in [
        (format!("http://{host}/missing.vcf.gz"), "input_not_fetched"),
        ("http://127.0.0.1:1/chr20.vcf.gz".to_owned(), "fetch_not_allowed"),
    ] {
        let (status, body) = amina.try_submit(imputation_of(&url)).await;
        assert_eq!((status.as_u16(), &body["reason"]), (400, &json!(reason)), "{body}");
        assert_eq!(body["run_exists"], false, "{body}");
    }
    assert!(za.submissions().is_empty());
    gateway.stop().await;
}

const GENOTYPES: &str = "genotypes from elsewhere";

fn imputation_of(url: &str) -> RunForm {
    let params = json!({
        "panel": "h3africa-v6hc-s", "build": "hg38", "population": "afr", "files": [url],
    });
    RunForm::imputation().field("workflow_params", params.to_string())
}

/// A server of one file; its host and port.
#[expect(clippy::disallowed_methods, reason = "it ends with the runtime of its test")]
async fn file_server() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let files = Router::new().route("/chr20.vcf.gz", get(async || GENOTYPES));
    tokio::spawn(async move { axum::serve(listener, files).await });
    address.to_string()
}
