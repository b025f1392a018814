//! What operators ask.

use crate::support::{RunForm, TestGateway, TestService, eventually::eventually};

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_that_it_lives_is_ready_and_what_it_did() {
    let wes = TestService::start("ml", "wes", "ML", &[]).await;
    let gateway = TestGateway::start(&[&wes]).await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    amina.ended(&run_id).await;

    for (path, expected) in [("/livez", "ok"), ("/readyz", "ready")] {
        let (status, _, body) = amina.download(&format!("{}{path}", gateway.ops_url()), None).await;
        assert_eq!((status.as_u16(), body.trim_ascii()), (200, expected.as_bytes()), "{path}");
    }
    let metrics = eventually("the calls are counted", || async {
        let (_, _, body) = amina.download(&format!("{}/metrics", gateway.ops_url()), None).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        let wanted =
            ["operation=\"run_workflow\",outcome=\"ok\",service=\"ml\"", "state=\"COMPLETE\""];
        if wanted.iter().all(|part| text.contains(part)) { Ok(text) } else { Err(text) }
    })
    .await;
    assert!(!metrics.contains(&run_id) && !metrics.contains("amina"), "labels are bounded");
    gateway.stop().await;
}
