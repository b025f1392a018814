//! A service that knows no imputation protocol imputes by a workflow that its operator names.

use serde_json::json;

use crate::support::{RunForm, TestGateway, TestService};

#[tokio::test(flavor = "multi_thread")]
async fn an_imputation_becomes_the_workflow_of_the_operator() {
    let wes = TestService::start("ml", "wes", "ML", &[]).await.settings(json!({"imputation": {
        "workflow_url": "https://example.org/impute.cwl",
        "workflow_type": "CWL",
        "workflow_type_version": "v1.2",
        "params": {
            "reference": "{panel}",
            "build": "{build}",
            "genotypes": [{"class": "File", "path": "{file}"}],
        },
        "panels": [{"id": "mali-panel", "key": "/refs/mali", "build": "hg38", "populations": ["afr"]}],
    }}));
    let gateway = TestGateway::start(&[&wes]).await;
    let amina = gateway.client("amina");

    let params = json!({"panel": "mali-panel", "build": "hg38", "population": "afr"});
    let form = RunForm::imputation()
        .field("workflow_params", params.to_string())
        .file("chr20.vcf.gz", "genotypes");
    let run_id = amina.submit(form).await;

    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    let taken = &wes.submissions()[0];
    assert_eq!(taken.fields["workflow_url"], "https://example.org/impute.cwl");
    let sent: serde_json::Value = serde_json::from_str(&taken.fields["workflow_params"]).unwrap();
    let files = json!([{"class": "File", "path": "chr20.vcf.gz"}]);
    assert_eq!(sent, json!({"reference": "/refs/mali", "build": "hg38", "genotypes": files}));
    // Whoever asks about the run sees what they asked for, not what it became.
    assert_eq!(amina.run_log(&run_id).await["request"]["workflow_type"], "IMPUTATION");
    gateway.stop().await;
}
