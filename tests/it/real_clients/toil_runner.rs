//! `toil-wes-cwl-runner`: a CWL runner to its user, a WES client to us.

use serde_json::Value;

use super::{curl, gateway_before, url_of};
use crate::support::real::{RealServer, clients::toil_wes_cwl_runner};

/// It spells the type `cwl`, and names no engine; sapporo takes neither.
#[tokio::test(flavor = "multi_thread")]
async fn the_runner_of_toil_exits_as_its_run_did() {
    let server = RealServer::sapporo().await;
    let gateway = gateway_before(&server).await;
    let (origin, token) = (gateway.base_url(), gateway.token("amina"));
    let login = Some(("amina", token.as_str()));

    let (ran, failed) = tokio::join!(
        toil_wes_cwl_runner(&origin, login, "echo.cwl", "echo.json"),
        toil_wes_cwl_runner(&origin, login, "fail.cwl", "empty.json"),
    );

    assert!(ran.status.success(), "{ran:?}");
    let outputs: Value = serde_json::from_slice(&ran.stdout).expect("it prints the outputs");
    let url = url_of(&outputs, "said.txt").unwrap_or_else(|| panic!("no file in {outputs}"));
    assert_eq!(curl(&token, &[&url]).await, "hello federation\n");
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let outputs: Value = serde_json::from_slice(&failed.stdout).expect("it prints the outputs");
    assert_eq!(url_of(&outputs, "said.txt"), None);
    gateway.stop().await;
}
