//! A run is submitted, watched, and its results are fetched.

use serde_json::json;

use crate::support::{RunForm, TestGateway, TestService};

#[tokio::test(flavor = "multi_thread")]
async fn an_imputation_goes_to_the_service_with_the_panel_and_comes_back() {
    let us = TestService::start("us", "cloudgene3", "US", &[("panels", "michigan")]).await;
    let za = TestService::start("za", "cloudgene3", "ZA", &[("panels", "h3africa")]).await;
    let gateway = TestGateway::start(&[&us, &za]).await;
    let amina = gateway.client("amina");

    let form =
        RunForm::imputation().tags(&json!({"name": "cohort"})).file("chr20.vcf.gz", "genotypes");
    let run_id = amina.submit(form).await;

    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    assert_eq!((us.submissions().len(), za.submissions().len()), (0, 1));
    let job_name = za.submissions()[0].job_name.clone().unwrap();
    assert!(job_name.contains(&run_id), "{job_name}");
    gateway.stop().await;
}
